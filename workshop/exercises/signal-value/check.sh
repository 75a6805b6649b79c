#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: not yet known
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

grep -q ' /sys/kernel/debug debugfs ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug
file=/sys/kernel/debug/signalconfpid
# send TEXT: writes it, with PID in it replaced by that of a program which prints the value that it gets
send() { ./signal_check "$1"; }
long=$(printf '%60s' '' | tr ' ' 0)

load ./signal_kernel.ko
echo 1..19
is "$(send PID)" 1234 "a PID alone sends 1234"
is "$(send 'PID
')" 1234 "so does a PID with a newline"
is "$(send 'PID 5')" 5 "a value behind the PID is sent"
is "$(send 'PID 5
')" 5 "so is a value with a newline"
is "$(send 'PID -2147483648')" -2147483648 "the smallest int is sent"
is "$(send 'PID 0x10')" 16 "the value may be hexadecimal"
is "$(send 'PID 0')" 0 "the value may be 0"
is "$(send 'PID  5')" "Invalid argument" "two blanks fail with EINVAL"
is "$(send 'PID ')" "Invalid argument" "a blank without a value fails with EINVAL"
is "$(send ' PID 5')" "Invalid argument" "a blank before the PID fails with EINVAL"
is "$(send 'PID 5 6')" "Invalid argument" "a third word fails with EINVAL"
is "$(send 'PID 5x')" "Invalid argument" "junk behind the value fails with EINVAL"
is "$(send 'PID
 5')" "Invalid argument" "a newline before the blank fails with EINVAL"
is "$(send 'PID 2147483648')" "Numerical result out of range" "a value that does not fit an int fails with ERANGE"
is "$(send "PID 0x$long")" "Invalid argument" "a text of more than 64 bytes fails with EINVAL"
is "$(send '0 5')" "Invalid argument" "the PID 0 fails with EINVAL"
is "$(send '2147483647 5')" "No such process" "a PID that does not exist fails with ESRCH"
is "$(try rmmod signal_kernel)" "" "the module can be removed"
no_warnings
finish
