#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: 100 writes without a pause make few events, and the last one has the last number
# Caught-by: a refused write makes no event
# Caught-by: a write makes one event, a fifth of a second later
# Caught-by: a write of "" fails with EINVAL
# Caught-by: a write of "-1" fails with EINVAL
# Caught-by: a write of "101" fails with EINVAL
# Caught-by: a write of "5 x" fails with EINVAL
# Caught-by: a write of "x" fails with EINVAL
# Caught-by: after refused writes level is unchanged
# Caught-by: level begins at 100
# Caught-by: level shows what was written
# Caught-by: rmmod succeeds while a program writes, and the last event is remove
# Caught-by: rmmod succeeds while an event is due, and the last event is remove
# Caught-by: the file level belongs to root and has mode 0644
# Caught-by: while a program writes without a pause an event comes
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

level=/sys/class/misc/uevent_example/level
# store TEXT: writes it by one call, and prints the error
store() { [ -e $level ] && printf '%s\n' "$1" | dd of=$level bs=200 2>&1 | sed -n 's/^dd: .*: //p'; }

load ./uevent_kernel.ko
echo 1..18
is "$(stat -c '%A %U' $level 2>&1)" "-rw-r--r-- root" "the file level belongs to root and has mode 0644"
is "$(cat $level 2>&1)" 100 "level begins at 100"
is "$(try ./uevent_check one)" "later, 1 came: LEVEL=37" "a write makes one event, a fifth of a second later"
is "$(cat $level 2>&1)" 37 "level shows what was written"
is "$(try ./uevent_check burst)" "few came, the last: LEVEL=1" \
	"100 writes without a pause make few events, and the last one has the last number"
is "$(try ./uevent_check steady)" "LEVEL=50" "while a program writes without a pause an event comes"
for text in -1 101 x "5 x" ""; do
	is "$(store "$text")" "Invalid argument" "a write of \"$text\" fails with EINVAL"
done
is "$(cat $level 2>&1)" 50 "after refused writes level is unchanged"
is "$(try ./uevent_check bad)" "Invalid argument, 0 came" "a refused write makes no event"
is "$(try ./uevent_user)" "kernel said: hi kernel" "a message is announced as before"
is "$(try ./uevent_check unload)" "the last: remove" "rmmod succeeds while an event is due, and the last event is remove"
rmmod uevent_kernel 2>/dev/null # if it is still there
load ./uevent_kernel.ko
is "$(try ./uevent_check storm)" "the last: remove" "rmmod succeeds while a program writes, and the last event is remove"
rmmod uevent_kernel 2>/dev/null
is "$(loaded uevent_kernel)" "" "after rmmod nothing is left"
no_warnings
finish
