#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a dump has an entry for each length, in order
# Caught-by: a message that is refused is not counted
# Caught-by: a user who is not root gets EPERM
# Caught-by: after a second load nothing is counted
# Caught-by: at first nothing is counted
# Caught-by: the empty message and the longest one are counted
# Caught-by: two dumps at the same time are both whole
# Caught-by: two messages of 5 bytes are counted
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

check() { ./netlink_check "$@" 2>&1; }

load ./netlink_kernel.ko
echo 1..11
is "$(check dump)" "201 entries, 0 wrong" "a dump has an entry for each length, in order"
is "$(check count 5)" 0 "at first nothing is counted"
./netlink_user hello >/dev/null
./netlink_user world >/dev/null
is "$(check count 5)" 2 "two messages of 5 bytes are counted"
./netlink_user "" >/dev/null
./netlink_user "$(printf '%200s' '')" >/dev/null
is "$(check count 0) $(check count 200)" "1 1" "the empty message and the longest one are counted"
./netlink_user "$(printf '%201s' '')" >/dev/null 2>&1
is "$(check count 200)" 1 "a message that is refused is not counted"
is "$(check two)" "402 entries, 0 wrong" "two dumps at the same time are both whole"
is "$(check nobody)" "netlink_check: Operation not permitted" "a user who is not root gets EPERM"
is "$(check plain)" "netlink_check: Operation not supported" "without NLM_F_DUMP the command fails with EOPNOTSUPP"
is "$(try rmmod netlink_kernel; loaded netlink_kernel)" "" "the module can be removed"
insmod ./netlink_kernel.ko
is "$(check count 5)" 0 "after a second load nothing is counted"
rmmod netlink_kernel
no_warnings
finish
