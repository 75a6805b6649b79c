#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a dump has an entry for each byte, in order
# Caught-by: a message that begins with the byte 255 is counted
# Caught-by: a message that is refused is not counted
# Caught-by: a user who is not root gets EPERM
# Caught-by: after a second load nothing is counted
# Caught-by: an empty message counts for 0
# Caught-by: at first nothing is counted
# Caught-by: two dumps at the same time are both whole
# Caught-by: two messages that begin with h are counted
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

check() { ./netlink_check "$@" 2>&1; }

load ./netlink_kernel.ko
echo 1..12
is "$(check dump)" "256 entries, 0 wrong" "a dump has an entry for each byte, in order"
is "$(check count h)" 0 "at first nothing is counted"
./netlink_user hello >/dev/null
./netlink_user hi >/dev/null
./netlink_user world >/dev/null
is "$(check count h)" 2 "two messages that begin with h are counted"
./netlink_user "" >/dev/null
is "$(check count "")" 1 "an empty message counts for 0"
./netlink_user "$(printf '\377')" >/dev/null
is "$(check count "$(printf '\377')")" 1 "a message that begins with the byte 255 is counted"
./netlink_user "$(printf 'h%200s' '')" >/dev/null 2>&1
is "$(check count h)" 2 "a message that is refused is not counted"
is "$(check two)" "512 entries, 0 wrong" "two dumps at the same time are both whole"
is "$(check nobody)" "netlink_check: Operation not permitted" "a user who is not root gets EPERM"
is "$(check plain)" "netlink_check: Operation not supported" "without NLM_F_DUMP the command fails with EOPNOTSUPP"
is "$(try rmmod netlink_kernel; loaded netlink_kernel)" "" "the module can be removed"
insmod ./netlink_kernel.ko
is "$(check count h)" 0 "after a second load nothing is counted"
rmmod netlink_kernel
no_warnings
finish
