#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: after a refused write the number is unchanged
# Caught-by: all files have mode 0644
# Caught-by: the parameter cannot be changed after the load
# Caught-by: the parameter is off by default
# Caught-by: third keeps what is written to it
# Caught-by: what is not a number fails with EINVAL
# Caught-by: with the parameter there are three files
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

dir=/sys/fs/myfs
files() { (cd $dir && echo *); }

load ./sysfs_fs_kernel.ko
echo 1..11
is "$(files)" "first second" "without the parameter there are two files"
is "$(cat /sys/module/sysfs_fs_kernel/parameters/third 2>&1)" N "the parameter is off by default"
rmmod sysfs_fs_kernel
# A module without the parameter loads too, and the kernel logs a warning that would only distract.
if modinfo sysfs_fs_kernel.ko | grep -q '^parm: *third:'; then
	load ./sysfs_fs_kernel.ko third=1
else
	load ./sysfs_fs_kernel.ko
fi
is "$(files)" "first second third" "with the parameter there are three files"
is "$(stat -c %A /sys/module/sysfs_fs_kernel/parameters/third 2>/dev/null)" "-r--r--r--" "the parameter cannot be changed after the load"
is "$(stat -c %A $dir/* 2>/dev/null | xargs)" "-rw-r--r-- -rw-r--r-- -rw-r--r--" "all files have mode 0644"
[ -e $dir/third ] && echo 5 >$dir/third
is "$(cat $dir/third 2>/dev/null)" 5 "third keeps what is written to it"
is "$(cat $dir/first $dir/second | xargs)" "0 0" "the other files keep their own numbers"
is "$([ -e $dir/third ] && echo x | cat 2>&1 >$dir/third | sed 's/.*: //')" "Invalid argument" "what is not a number fails with EINVAL"
is "$(cat $dir/third 2>/dev/null)" 5 "after a refused write the number is unchanged"
rmmod sysfs_fs_kernel
is "$(ls -d $dir 2>/dev/null; loaded sysfs_fs_kernel)" "" "after rmmod nothing is left"
no_warnings
finish
