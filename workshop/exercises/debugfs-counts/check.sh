#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a read does not count
# Caught-by: a write from a bad pointer counts as refused
# Caught-by: a write that is too long counts as refused
# Caught-by: an accepted write counts once
# Caught-by: both counts start at 0
# Caught-by: the file counts exists and has mode 0444
# Caught-by: two writers at once lose no count
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

dir=/sys/kernel/debug/debugfs_example
file=$dir/message
grep -q ' /sys/kernel/debug debugfs ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug
counts() { cat $dir/counts 2>/dev/null; }

load ./debugfs_kernel.ko
echo 1..9
is "$(stat -c %A $dir/counts 2>/dev/null)" "-r--r--r--" "the file counts exists and has mode 0444"
is "$(counts)" "0 0" "both counts start at 0"
echo hi >$file
is "$(counts)" "1 0" "an accepted write counts once"
printf '%201s' '' | dd of=$file bs=201 2>/dev/null
is "$(counts)" "1 1" "a write that is too long counts as refused"
./debugfs_test write null 10 >/dev/null
is "$(counts)" "1 2" "a write from a bad pointer counts as refused"
cat $file >/dev/null
is "$(counts)" "1 2" "a read does not count"
for _ in 1 2; do
	(for _ in $(seq 500); do echo x >$file; done) &
done
wait
is "$(counts)" "1001 2" "two writers at once lose no count"
rmmod debugfs_kernel
is "$(ls -d $dir 2>/dev/null; loaded debugfs_kernel)" "" "after rmmod nothing is left"
no_warnings
finish
