#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: 200 bytes are answered
# Caught-by: 201 bytes are dropped
# Caught-by: a datagram over IPv6 is answered
# Caught-by: a sender with another port gets one
# Caught-by: a sender with the module's own port gets no answer
# Caught-by: address6=1::2::3 fails the load with EINVAL
# Caught-by: address6=::1%lo fails the load with EINVAL
# Caught-by: address6=::1x fails the load with EINVAL
# Caught-by: address6=[::1] fails the load with EINVAL
# Caught-by: an address that no interface has fails the load
# Caught-by: kernel log
# Caught-by: the parameter reads as ::1
# Caught-by: the parameter that was not given reads as nothing
# Caught-by: with address6=::1 nobody listens on 127.0.0.1
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

# A module without the parameter loads all the same, and only logs that it does not know it.
load() { insmod ./udp_kernel.ko "$@" 2>&1 | sed 's/.*: //'; }
unload() { [ -z "$(loaded udp_kernel)" ] || rmmod udp_kernel; }
long=$(printf '%200s' '' | tr ' ' x)
ip addr add fd00::1/128 dev lo
trap 'ip addr del fd00::1/128 dev lo' EXIT

echo 1..16
is "$(load address6=::1)" "" "the module loads with address6=::1"
is "$(cat /sys/module/udp_kernel/parameters/address6 2>&1)" "::1" "the parameter reads as ::1"
is "$(./udp_check ::1 "two words")" "two words" "a datagram over IPv6 is answered"
is "$(./udp_check ::1 "$long")" "$long" "200 bytes are answered"
is "$(./udp_check ::1 "${long}x")" "Resource temporarily unavailable" "201 bytes are dropped"
is "$(./udp_check ::1 hi fd00::1 5555)" "Resource temporarily unavailable" "a sender with the module's own port gets no answer"
is "$(./udp_check ::1 hi fd00::1 5556)" hi "a sender with another port gets one"
is "$(./udp_check 127.0.0.1 hi)" "Connection refused" "with address6=::1 nobody listens on 127.0.0.1"
unload
for text in ::1x ::1%lo '[::1]' 1::2::3; do
	is "$(load "address6=$text")" "Invalid parameters" "address6=$text fails the load with EINVAL"
	unload
done
is "$(load address6=2001:db8::1)" "Cannot assign requested address" "an address that no interface has fails the load"
unload
load
is "$(./udp_check 127.0.0.1 hi) $(cat /sys/module/udp_kernel/parameters/address)" "hi 127.0.0.1" "without the parameter the module listens on 127.0.0.1"
is "$(cat /sys/module/udp_kernel/parameters/address6 2>&1)" "" "the parameter that was not given reads as nothing"
unload
no_warnings
finish
