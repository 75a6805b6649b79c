#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: 8000 opens and closes leave no memory allocated
# Caught-by: a message of 200 bytes is stored
# Caught-by: a new open file has an empty message
# Caught-by: a write of 201 bytes fails with EMSGSIZE
# Caught-by: after a write of 201 bytes the message is unchanged
# Caught-by: after rmmod a read from the open file fails with EIO
# Caught-by: an open file reads what it has written
# Caught-by: another open file has a message of its own
# Caught-by: bytes of any value are stored unchanged
# Caught-by: the file own exists, belongs to root and has mode 0644
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

# Each open file has a message. The memory of 8000 of them, 2 MB, is large enough to be seen in MemFree.
file=/proc/procfs_example/own
unreclaimable() { sed -n 's/^SUnreclaim: *\([0-9]*\).*/\1/p' /proc/meminfo; }

load ./procfs_kernel.ko dyndbg
echo 1..15
is "$(stat -c '%A %U' $file 2>&1)" "-rw-r--r-- root" "the file own exists, belongs to root and has mode 0644"
# Without the file the rest would write to a file that the shell makes.
[ -e $file ] || file=/dev/null
exec 3<>$file 4<>$file
printf first >&3
printf second >&4
is "$(cat <&3)" first "an open file reads what it has written"
is "$(cat <&4)" second "another open file has a message of its own"
is "$(cat <&4)" "" "a read moves the file position"
is "$([ -e /proc/procfs_example/own ] && wc -c <$file)" 0 "a new open file has an empty message"
is "$(wc -c </proc/procfs_example/message)" 0 "a write to own does not touch message"
exec 3<&- 4<&-
exec 3<>$file
printf 'a\0b' >&3
is "$(od -An -tx1 <&3)" " 61 00 62" "bytes of any value are stored unchanged"
exec 3<&-
exec 3<>$file
printf known >&3
is "$(printf '%201s' '' | cat 2>&1 >&3 | sed 's/.*: //')" "Message too long" "a write of 201 bytes fails with EMSGSIZE"
is "$(cat <&3)" known "after a write of 201 bytes the message is unchanged"
exec 3<&-
exec 3<>$file
printf '%200s' '' >&3
is "$(wc -c <&3)" 200 "a message of 200 bytes is stored"
exec 3<&-

before=$(unreclaimable)
for _ in $(seq 8000); do : <$file; done
is "$([ -e /proc/procfs_example/own ] && echo $((($(unreclaimable) - before) / 1024)))" 0 "8000 opens and closes leave no memory allocated"

exec 3<>$file
printf x >&3
is "$(try rmmod procfs_kernel)" "" "rmmod succeeds while own is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "after rmmod a read from the open file fails with EIO"
exec 3<&-
is "$(ls -d /proc/procfs_example 2>/dev/null; loaded procfs_kernel)" "" "after rmmod nothing is left"
no_warnings
finish
