#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a full queue shows 1024
# Caught-by: after a read it shows what is left
# Caught-by: an emptied queue shows 0
# Caught-by: and so does that of the other device
# Caught-by: both queues are empty at first
# Caught-by: each device has a file queued of mode 0444
# Caught-by: the file shows the queue of its own device
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

sys=/sys/class/cdev_example
dev=/dev/cdev_example
queued() { cat $sys/cdev_example$1/queued 2>&1 | sed 's/.*: //'; }

load ./cdev_kernel.ko
echo 1..9
is "$(stat -c %A $sys/cdev_example0/queued $sys/cdev_example1/queued 2>/dev/null | xargs)" "-r--r--r-- -r--r--r--" "each device has a file queued of mode 0444"
is "$(queued 0) $(queued 1)" "0 0" "both queues are empty at first"
printf hello >${dev}0
is "$(queued 0) $(queued 1)" "5 0" "the file shows the queue of its own device"
printf abc >${dev}1
is "$(queued 0) $(queued 1)" "5 3" "and so does that of the other device"
dd if=${dev}0 of=/dev/null bs=2 count=1 status=none # head(1) may read more than it prints
is "$(queued 0)" 3 "after a read it shows what is left"
printf '%1021s' '' >${dev}0
is "$(queued 0)" 1024 "a full queue shows 1024"
dd if=${dev}0 of=/dev/null bs=1024 count=1 status=none
is "$(queued 0)" 0 "an emptied queue shows 0"
rmmod cdev_kernel
is "$(ls -d $sys ${dev}0 2>/dev/null; loaded cdev_kernel)" "" "after rmmod nothing is left"
no_warnings
finish
