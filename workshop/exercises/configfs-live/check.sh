#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: after a write of 1 live is 1
# Caught-by: after that message is unchanged
# Caught-by: after that value is unchanged
# Caught-by: each item has a file live of mode 0644
# Caught-by: each item has a live of its own
# Caught-by: live starts at 0
# Caught-by: what is not a bool fails with EINVAL
# Caught-by: while live is 1 a write to message fails with EBUSY
# Caught-by: while live is 1 a write to value fails with EBUSY
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

dir=/sys/kernel/config/configfs_example
modprobe -q configfs
grep -q ' /sys/kernel/config ' /proc/mounts || mount -t configfs configfs /sys/kernel/config
# set FILE TEXT: writes it, and prints the error, if there is one
set_() { printf %s "$2" | cat 2>&1 >"$dir/one/$1" | sed 's/.*: //'; }

load ./configfs_kernel.ko
echo 1..16
mkdir $dir/one
is "$(stat -c %A $dir/one/live 2>/dev/null)" "-rw-r--r--" "each item has a file live of mode 0644"
is "$(cat $dir/one/live 2>/dev/null)" 0 "live starts at 0"
set_ value 7
set_ message known
is "$(cat $dir/one/value $dir/one/message | xargs)" "7 known" "while live is 0 value and message can be written"
[ ! -e $dir/one/live ] || set_ live 1
is "$(cat $dir/one/live 2>/dev/null)" 1 "after a write of 1 live is 1"
is "$(set_ value 8)" "Device or resource busy" "while live is 1 a write to value fails with EBUSY"
is "$(cat $dir/one/value)" 7 "after that value is unchanged"
is "$(set_ message other)" "Device or resource busy" "while live is 1 a write to message fails with EBUSY"
is "$(cat $dir/one/message)" known "after that message is unchanged"
is "$(set_ value x)" "Invalid argument" "while live is 1 what is not a number still fails with EINVAL"
is "$([ -e $dir/one/live ] && set_ live maybe)" "Invalid argument" "what is not a bool fails with EINVAL"
mkdir $dir/two
is "$(cat $dir/two/live 2>/dev/null)" 0 "each item has a live of its own"
rmdir $dir/two
[ ! -e $dir/one/live ] || set_ live 0
is "$(set_ value 9)$(set_ message more)" "" "after live is 0 again both can be written"
is "$(cat $dir/one/value $dir/one/message | xargs)" "9 more" "and they keep what was written"
[ ! -e $dir/one/live ] || set_ live 1
is "$(try rmdir $dir/one)" "" "an item that is live can be removed"
is "$(try rmmod configfs_kernel)" "" "then the module can be removed"
no_warnings
finish
