#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a bad pointer fails with EFAULT
# Caught-by: a get of less than 8 bytes fails with EINVAL
# Caught-by: a larger struct with other bytes behind fails with E2BIG
# Caught-by: a larger struct with zeros behind is taken
# Caught-by: a program of today sets its options
# Caught-by: a program of tomorrow gets zeros for what the module does not know
# Caught-by: a struct of less than 8 bytes fails with EINVAL
# Caught-by: after all these failures the options are unchanged
# Caught-by: an old program gets the first 8 bytes, and nothing is written behind them
# Caught-by: an old program sets its options
# Caught-by: an unknown flag fails with EINVAL
# Caught-by: and gets them back
# Caught-by: and its known part is stored
# Caught-by: the options start at 0
# Caught-by: then cookie is 0
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

check() { ./ioctl_check "$@"; }

load ./ioctl_kernel.ko
echo 1..17
is "$(check get 16)" "0 0 0" "the options start at 0"
is "$(check set 16 0 7 99)" "ok" "a program of today sets its options"
is "$(check get 16)" "0 7 99" "and gets them back"
is "$(check get 8)" "0 7, nothing behind" "an old program gets the first 8 bytes, and nothing is written behind them"
is "$(check set 8 0 5)" "ok" "an old program sets its options"
is "$(check get 16)" "0 5 0" "then cookie is 0"
is "$(check get 32)" "0 5 0, zeros behind" "a program of tomorrow gets zeros for what the module does not know"
is "$(check set 32 0 6 1)" "ok" "a larger struct with zeros behind is taken"
is "$(check get 16)" "0 6 1" "and its known part is stored"
is "$(check set-more 0 8 8)" "Argument list too long" "a larger struct with other bytes behind fails with E2BIG"
is "$(check set 16 1 9 9)" "Invalid argument" "an unknown flag fails with EINVAL"
is "$(check set 4 0)" "Invalid argument" "a struct of less than 8 bytes fails with EINVAL"
is "$(check get 4)" "Invalid argument" "a get of less than 8 bytes fails with EINVAL"
is "$(check bad)" "Bad address Bad address" "a bad pointer fails with EFAULT"
is "$(check get 16)" "0 6 1" "after all these failures the options are unchanged"
is "$(try rmmod ioctl_kernel)" "" "the module can be removed"
no_warnings
finish
