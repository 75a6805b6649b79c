#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a file that has cleared O_ASYNC gets no more signals
# Caught-by: a file that is closed gets no more signals
# Caught-by: a read sends a signal that says writable
# Caught-by: a write sends a signal that says readable
# Caught-by: each of two open files gets a signal
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

empty() { for node in /dev/cdev_example?; do dd if=$node of=/dev/null bs=1024 count=1 iflag=nonblock 2>/dev/null; done; }

load ./cdev_kernel.ko
echo 1..10
is "$(./cdev_check on write)" "-, in" "a write sends a signal that says readable"
is "$(./cdev_check on read)" "-, out" "a read sends a signal that says writable"
is "$(./cdev_check on read)" "-, failed -" "a read that finds nothing sends no signal"
is "$(./cdev_check on bad)" "-, failed -" "a write from a bad pointer sends no signal"
is "$(./cdev_check on other; empty)" "-, -" "a write to the other device sends no signal"
is "$(./cdev_check on twin write read)" "-, -, in in, out out" "each of two open files gets a signal"
is "$(./cdev_check on twin close-twin write)" "-, -, -, in" "a file that is closed gets no more signals"
empty
is "$(./cdev_check on write off read)" "-, in, -, -" "a file that has cleared O_ASYNC gets no more signals"
is "$(try rmmod cdev_kernel; loaded cdev_kernel)" "" "rmmod succeeds after the last close"
no_warnings
finish
