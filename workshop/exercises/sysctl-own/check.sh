#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a number in the range is stored
# Caught-by: a number out of range fails with EINVAL
# Caught-by: after a second load the number starts at 10 again
# Caught-by: after that the number is unchanged
# Caught-by: another network namespace has the file, and its number starts at 10
# Caught-by: it can be set there
# Caught-by: the file exists and has mode 0644
# Caught-by: the number starts at 10
# Caught-by: then the number of the first namespace is unchanged
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

file=/proc/sys/net/own/value
memory() { sed -n 's/^SUnreclaim: *\([0-9]*\).*/\1/p' /proc/meminfo; }

load ./sysctl_kernel.ko
echo 1..13
is "$(stat -c %A $file 2>/dev/null)" "-rw-r--r--" "the file exists and has mode 0644"
is "$(cat $file 2>/dev/null)" 10 "the number starts at 10"
[ ! -e $file ] || echo 15 >$file
is "$(cat $file 2>/dev/null)" 15 "a number in the range is stored"
is "$([ -e $file ] && echo 21 | cat 2>&1 >$file | sed 's/.*: //')" "Invalid argument" "a number out of range fails with EINVAL"
is "$(cat $file 2>/dev/null)" 15 "after that the number is unchanged"
is "$(unshare -n cat $file 2>/dev/null)" 10 "another network namespace has the file, and its number starts at 10"
is "$(unshare -n sh -c "[ ! -e $file ] || echo 12 >$file; cat $file" 2>/dev/null)" 12 "it can be set there"
is "$(cat $file 2>/dev/null)" 15 "then the number of the first namespace is unchanged"
is "$(unshare -n ls /proc/sys/net | grep -xE 'core|test')" core "net/test is still in the first namespace only"
unshare -n sh -c "touch /tmp/there; for _ in \$(seq 100); do [ ! -e /tmp/over ] || break; sleep 0.05; done; ls $file 2>/dev/null; rm /tmp/over" >/tmp/left &
for _ in $(seq 100); do [ ! -e /tmp/there ] || break; sleep 0.05; done
is "$(try rmmod sysctl_kernel)" "" "rmmod succeeds while another namespace exists"
touch /tmp/over
wait
is "$(cat /tmp/left; ls $file 2>/dev/null)" "" "after rmmod the file is gone in every namespace"
rm -f /tmp/there /tmp/left
insmod ./sysctl_kernel.ko
is "$(cat $file 2>/dev/null)" 10 "after a second load the number starts at 10 again"
rmmod sysctl_kernel
no_warnings
finish
