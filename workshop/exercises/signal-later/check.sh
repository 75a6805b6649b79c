#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a number that nobody has fails with ESRCH
# Caught-by: after a second load the signal comes again
# Caught-by: after that a write succeeds again
# Caught-by: after these failures a write succeeds
# Caught-by: if the process has ended a new process with its number gets no signal
# Caught-by: rmmod succeeds while a signal is due
# Caught-by: the file signallater exists and has mode 0200
# Caught-by: the number 0 fails with EINVAL
# Caught-by: the signal comes with its value, and not at once
# Caught-by: what is not a number fails with EINVAL
# Caught-by: while a signal is due a second write fails with EBUSY, and the first process gets its signal
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

file=/sys/kernel/debug/signallater
grep -q ' /sys/kernel/debug debugfs ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug
load ./signal_kernel.ko
echo 1..13
is "$(stat -c %A $file 2>/dev/null)" "--w-------" "the file signallater exists and has mode 0200"
is "$(./signal_check write self)" "ok, at once 0, later 1234" "the signal comes with its value, and not at once"
is "$(./signal_check busy)" "ok, Device or resource busy, the first 1, the second 0" "while a signal is due a second write fails with EBUSY, and the first process gets its signal"
is "$(./signal_check write self)" "ok, at once 0, later 1234" "after that a write succeeds again"
is "$(./signal_check reused)" "ok, the first 0, the second 0" "if the process has ended a new process with its number gets no signal"
is "$(./signal_check write 4000000)" "No such process" "a number that nobody has fails with ESRCH"
is "$(./signal_check write 0)" "Invalid argument" "the number 0 fails with EINVAL"
is "$(./signal_check write x)" "Invalid argument" "what is not a number fails with EINVAL"
is "$(./signal_check write self)" "ok, at once 0, later 1234" "after these failures a write succeeds"
is "$(./signal_check due)$(try rmmod signal_kernel; loaded signal_kernel)" ok "rmmod succeeds while a signal is due"
sleep 1.5 # a work that was left behind would run now
insmod ./signal_kernel.ko
is "$(./signal_check write self)" "ok, at once 0, later 1234" "after a second load the signal comes again"
rmmod signal_kernel
is "$(ls $file 2>/dev/null)" "" "after rmmod the file is gone"
no_warnings
finish
