#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests this directory on the running kernel: make && sudo ./test.sh
# Prints TAP: one line "ok" or "not ok" for each check. Exit status: 0 all checks passed, 1 some
# failed, 4 the test could not run on this machine.

# ---- the same lines in every directory ----
cd "$(dirname "$0")" || exit 1
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
count=0 failed=0
# Ctrl-C ends the test by an exit, so that what it has changed is put back (trap … EXIT).
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# is GOT WANTED NAME: one check
is() {
	count=$((count + 1))
	[ "$1" != "$2" ] || { echo "ok $count - $3" && return; }
	failed=$((failed + 1))
	echo "not ok $count - $3"
	printf 'got:    %s\nwanted: %s\n' "$1" "$2" | sed 's/^/# /'
}

# log_is GOT WANTED NAME: the same, for lines of pr_debug(), which not every kernel can show
log_is() {
	[ ! -e /proc/dynamic_debug/control ] || { is "$@" && return; }
	count=$((count + 1))
	echo "ok $count - $3 # SKIP this kernel has no dynamic debug"
}

# try COMMAND: prints what the command prints, and its exit status unless that is 0
try() { "$@" 2>&1 || echo "exit $?"; }

# load MODULE [PARAMETER...]: loads a module. If that fails, the test ends: as skipped if this
# machine does not allow it, else as failed.
load() {
	[ -z "$(loaded "$(basename "$1" .ko)")" ] || cannot "$1 is loaded already. Remove it first: sudo rmmod $1"
	why=$(insmod "$@" 2>&1) && return
	case $why in
	*"not permitted"* | *"Key was rejected"*) cannot "$why. This kernel loads only signed modules (Secure Boot or lockdown)" ;;
	*"nvalid module format"*) cannot "$why. The module was built for another kernel. Run: make clean all" ;;
	*"not implemented"*) cannot "$why. This kernel cannot load modules" ;;
	esac
	is "$why" "" "$1 loads"
	[ $count -gt 1 ] || echo 1..1
	exit 1
}

# cannot REASON: ends the test: as skipped if no check has run yet, else as failed.
cannot() {
	[ $count = 0 ] || { is "$1" "" "the test can go on" && exit 1; }
	echo "1..0 # SKIP $1"
	exit 4
}

# loaded MODULE...: prints those that are loaded
loaded() { for m; do [ ! -e "/sys/module/$m" ] || echo "$m"; done; }

# The kernel log since the test began, all of it or the lines of one module.
mark="$0 $$ begins"
since() { { echo && dmesg; } | sed "1,\\|$mark|d"; }
said() { since | sed -n "s/^\(\[[^]]*\]\)* *$1: //p"; }
no_warnings() {
	is "$(dmesg | grep -qF "$mark" || echo "the log no longer holds the beginning of the test"
	since | grep -E 'BUG|WARNING|Oops|UBSAN|KASAN|ODEBUG|Call Trace|general protection|refcount_t|usercopy|list_|kobject:|proc_dir_entry|sysfs: cannot|INFO: |suspicious')" \
		"" "the kernel has logged no warning"
}
finish() { [ $count -gt 0 ] && [ $failed = 0 ]; exit; }

[ "$(id -u)" = 0 ] || cannot "only root may load modules. Run: sudo ./test.sh"
built=$(sed -n 's/\.o\b/.ko/g; s/^\(obj-m\|PROGRAMS\) := //p' Makefile)
for f in $built; do [ -e "$f" ] || cannot "$f is missing. Run: make"; done
echo "<6>$mark" >/dev/kmsg
# ---- from here on it is this directory's own ----
# Comments such as "# Logs: " are for the throwaway machine: CONTRIBUTING.md in the repository explains them.
# Stress: add more 'timeout 1 ./netlink_user -l 3'
# Stress: add more './netlink_test unterminated'; add more './netlink_test no-attribute'; add more './netlink_test -n text'
# Trace: run='./netlink_user -l 1 >events & until grep -qs listening events; do sleep 0.1; done; ./netlink_user; wait'
# Trace: also=netlink_recvmsg

long=$(printf '%200s' '' | tr ' ' x)
work=$(mktemp -d) || cannot "there is no place for temporary files"
trap 'rm -rf "$work"' EXIT

# await FILE TEXT: waits until the file has such a line, 5 seconds at most
await() {
	for _ in $(seq 100); do
		if grep -qs "$2" "$1"; then return; fi
		sleep 0.05
	done
}

load ./netlink_kernel.ko dyndbg
echo 1..52
is "$(try ./netlink_user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(try ./netlink_user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(try ./netlink_user "")" "kernel said: " "an empty message comes back"
is "$(try ./netlink_user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(try ./netlink_user "${long}x")" "netlink_user: echo: Attribute failed policy validation: Invalid argument
exit 1" "the program reports that a message of 201 bytes is refused, with the kernel's sentence"
is "$(./netlink_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
for usage in -x "a b" "-l x" "-l 0" "-l 1 2"; do
	is "$(try ./netlink_user $usage | tail -n 3)" "usage: netlink_user [message]
       netlink_user -l [count]
exit 2" "the arguments '$usage' are a usage error"
done

is "$(./netlink_test text "$long")" "answer $long" "a message of 200 bytes is answered, with the request's sequence number"
is "$(./netlink_test text "$(printf 'a\n\t\033\200\377')")" "$(printf 'answer a\n\t\033\200\377')" \
	"bytes of any value but NUL come back unchanged"
is "$(./netlink_test nul-inside)" "answer up" "a message ends at its first NUL"

before=$(said netlink_kernel | wc -l)
is "$(./netlink_test no-attribute)" "Invalid argument: echo needs the attribute DOC_EXMPL_A_MSG" \
	"a request without the attribute fails with EINVAL and the module's own sentence"
policy="Invalid argument: Attribute failed policy validation"
is "$(./netlink_test text "${long}x")" "$policy" "a message of 201 bytes and a NUL fails with EINVAL"
is "$(./netlink_test unterminated)" "$policy" "an attribute without a NUL fails with EINVAL"
is "$(./netlink_test unterminated "$long")" "$policy" "an attribute of 200 bytes without a NUL fails with EINVAL"
is "$(./netlink_test long-behind-nul)" "Numerical result out of range: Attribute failed policy validation" \
	"an attribute of 300 bytes with a NUL in the first 201 fails with ERANGE"
is "$(./netlink_test nothing)" "$policy" "an attribute of no bytes fails with EINVAL"
is "$(./netlink_test nested)" "Invalid argument: NLA_F_NESTED not expected" "a nested attribute fails with EINVAL"
is "$(./netlink_test unknown-attribute)" "Invalid argument: Unknown attribute type" \
	"a request with an unknown attribute fails with EINVAL"
is "$(./netlink_test unknown-command)" "Operation not supported" "an unknown command fails with EOPNOTSUPP"
is "$(./netlink_test event-command)" "Operation not supported" "a request with the event's command fails with EOPNOTSUPP"
is "$(./netlink_test attribute-too-long | cut -d: -f1)" "Invalid argument" \
	"an attribute that is longer than its message fails with EINVAL"
is "$(./netlink_test attribute-too-short | cut -d: -f1)" "Invalid argument" \
	"an attribute that is shorter than its header fails with EINVAL"
is "$(./netlink_test no-genl-header)" "Invalid argument" "a message that is shorter than its headers fails with EINVAL"
is "$(./netlink_test cut)" "no answer" "a message that is shorter than it says gets no answer"
is "$(./netlink_test -u text)" "Operation not permitted" "a user who is not root may not echo"
is "$(unshare -U ./netlink_user x 2>&1)" "netlink_user: echo: refused: Operation not permitted" \
	"root of another user namespace may not echo"
log_is "$(said netlink_kernel | tail -n +$((before + 1)))" "" "with dyndbg no refused message is logged"

before=$(said netlink_kernel | wc -l)
is "$(./netlink_test -n text inside)" "answer inside" "a user who is not root may echo in a network namespace that belongs to him"
./netlink_user "$(printf 'a\nnetlink_kernel: user said "b"\t\033')" >/dev/null
log_is "$(said netlink_kernel | tail -n +$((before + 1)))" 'user said "inside"
user said "a\nnetlink_kernel: user said "b"\t\e"' "with dyndbg each accepted message is logged once, escaped"

is "$(./netlink_test -m text)" "answer hi
event hi" "a socket that asks and is in the group gets the answer, then the event with its own command"
is "$(./netlink_test -e text)" "answer hi
event hi" "a socket that asks with NLM_F_ECHO gets the answer, then the event"
is "$(./netlink_test -e -m text)" "answer hi
event hi" "a socket in the group that asks with NLM_F_ECHO gets the event only once"

timeout 5 ./netlink_user -l 2 >"$work/here" &
await "$work/here" listening
unshare -n sh -c 'timeout 5 ./netlink_user -l 1 >"$1/there" & for _ in $(seq 100); do grep -qs listening "$1/there" && break; sleep 0.05; done
	./netlink_user there; wait' sh "$work" >"$work/answer"
./netlink_user one >/dev/null
./netlink_user two >/dev/null
wait
is "$(cat "$work/here")" "listening
event: one
event: two" "a listener gets every event of its own network namespace, and no other"
is "$(cat "$work/there" "$work/answer")" "listening
event: there
kernel said: there" "another network namespace gets its own answers and events"

timeout 5 ./netlink_user -l 1 >"$work/unknown" &
await "$work/unknown" listening
is "$(try ./netlink_test announce 3 unknown)" "" "root can send a message with another command to the group"
./netlink_user known >/dev/null
wait
is "$(cat "$work/unknown")" "listening
event: known" "a listener ignores commands that it does not know, and does not count them"

is "$(./netlink_test overrun)" "20 answered, listener: No buffer space available, some lost" \
	"a listener that does not read loses events and gets ENOBUFS, and each request is answered all the same"
is "$(./netlink_test deaf)" "some answered, 0 more announced" \
	"a request is not announced if its sender's receive buffer is too full for the answer"
is "$(./netlink_test race)" "0 wrong, 100 and 100 announced" \
	"two callers at once get the answers to their own requests, and a listener gets all events"

./netlink_user -l >"$work/last" 2>&1 &
await "$work/last" listening
is "$(try rmmod netlink_kernel)" "" "rmmod succeeds while a program listens"
kill $!
wait $! 2>/dev/null
is "$? $(cat "$work/last")" "143 listening" "after rmmod the listener still waits, without an error"
is "$(loaded netlink_kernel)" "" "after rmmod the module is not left"
is "$(try ./netlink_user)" "netlink_user: genl_ctrl_resolve CONTROL_EXMPL: Object not found
exit 1" "without the module the program reports that there is no such family"
is "$(try ./netlink_user -l)" "netlink_user: genl_ctrl_resolve_grp CONTROL_EXMPL events: Object not found
exit 1" "without the module the listener reports that there is no such family"
is "$(./netlink_test reload) $(loaded netlink_kernel)" "100 " "100 loads and unloads succeed and leave nothing"

load ./netlink_kernel.ko
before=$(said netlink_kernel | wc -l)
is "$(try ./netlink_user again)" "kernel said: again" "after a second load the program works again"
is "$(said netlink_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod netlink_kernel

no_warnings
finish
