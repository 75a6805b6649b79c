#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests this directory on the running kernel: make && sudo ./test.sh
# TAP (a line "ok" or "not ok" for each check) on standard output; exit 0 if all is well, 1 if not, 4 if it could not run.

# ---- the same lines in every directory ----
cd "$(dirname "$0")" || exit 1
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
count=0 failed=0

# is GOT WANTED WHAT
is() {
	count=$((count + 1))
	[ "$1" != "$2" ] || { echo "ok $count - $3" && return; }
	failed=$((failed + 1))
	echo "not ok $count - $3"
	printf 'got:    %s\nwanted: %s\n' "$1" "$2" | sed 's/^/# /'
}

# try COMMAND: what it prints, and its exit status unless 0
try() { "$@" 2>&1 || echo "exit $?"; }

# load MODULE [PARAMETER...]: tells what the machine does not allow from what is broken
load() {
	[ -z "$(loaded "$(basename "$1" .ko)")" ] || cannot "$1 is loaded already: rmmod it first"
	why=$(insmod "$@" 2>&1) && return
	case $why in
	*"not permitted"* | *"Key was rejected"*) cannot "$why: Secure Boot or lockdown wants it signed" ;;
	*"nvalid module format"*) cannot "$why: built for another kernel, run make clean all" ;;
	*"not implemented"*) cannot "$why: this kernel takes no modules" ;;
	esac
	is "$why" "" "$1 loads"
	[ $count -gt 1 ] || echo 1..1
	exit 1
}
cannot() {
	[ $count = 0 ] || { is "$1" "" "the test can go on" && exit 1; }
	echo "1..0 # SKIP $1"
	exit 4
}

# loaded MODULE...: those that are
loaded() { for m; do [ ! -e "/sys/module/$m" ] || echo "$m"; done; }

# What the kernel logs from here on is ours: said MODULE, and the check at the end.
mark="$0 $$ begins"
since() { { echo && dmesg; } | sed "1,\\|$mark|d"; }
said() { since | sed -n "s/^\(\[[^]]*\]\)* *$1: //p"; }
quiet() {
	is "$(dmesg | grep -qF "$mark" || echo "the log has lost its beginning"
	since | grep -E 'BUG|WARNING|Oops|UBSAN|KASAN|ODEBUG|Call Trace|general protection|refcount_t|usercopy|list_|kobject:|proc_dir_entry|sysfs: cannot|INFO: |suspicious')" \
		"" "the kernel log is quiet"
}
finish() { [ $count -gt 0 ] && [ $failed = 0 ]; exit; }

[ "$(id -u)" = 0 ] || cannot "only root may load modules: sudo ./test.sh"
for f in *_kernel.c; do [ -e "${f%.c}.ko" ] || cannot "${f%.c}.ko is missing: run make"; done
echo "<6>$mark" >/dev/kmsg
# ---- from here on it is this directory's own ----

load ./netlink_kernel.ko
echo 1..45
long=$(printf '%200s' '' | tr ' ' x)
work=$(mktemp -d) || cannot "no place for temporary files"
trap 'rm -rf "$work"' EXIT

# await FILE TEXT: until a line is there, 5 seconds at most
await() {
	for _ in $(seq 100); do
		if grep -qs "$2" "$1"; then return; fi
		sleep 0.05
	done
}

is "$(try ./netlink_user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(try ./netlink_user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(try ./netlink_user "")" "kernel said: " "an empty message comes back"
is "$(try ./netlink_user "$long")" "kernel said: $long" "200 bytes come back"
is "$(try ./netlink_user "${long}x")" "netlink_user: echo: Attribute failed policy validation: Invalid argument
exit 1" "the program reports a message of 201 bytes, with the kernel's sentence"
is "$(./netlink_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
for usage in -x "a b" "-l x" "-l 0" "-l 1 2"; do
	is "$(try ./netlink_user $usage | tail -n 3)" "usage: netlink_user [message]
       netlink_user -l [count]
exit 2" "a usage error: $usage"
done

is "$(./netlink_test text "$long")" "answer $long" "200 bytes are echoed"
is "$(./netlink_test text "$(printf 'a\n\t\033\200\377')")" "$(printf 'answer a\n\t\033\200\377')" \
	"any byte but NUL is kept"
is "$(./netlink_test nul-inside)" "answer up" "the string ends at its first NUL"

before=$(said netlink_kernel | wc -l)
is "$(./netlink_test no-attribute)" "Invalid argument: echo needs the attribute DOC_EXMPL_A_MSG" \
	"no attribute, and our sentence"
policy="Invalid argument: Attribute failed policy validation"
is "$(./netlink_test text "${long}x")" "$policy" "201 bytes"
is "$(./netlink_test unterminated)" "$policy" "an unterminated string"
is "$(./netlink_test unterminated "$long")" "$policy" "an unterminated string of 200 bytes"
is "$(./netlink_test long-behind-nul)" "Numerical result out of range: Attribute failed policy validation" \
	"300 bytes with a NUL among the first 200"
is "$(./netlink_test nothing)" "$policy" "an attribute without a byte"
is "$(./netlink_test nested)" "Invalid argument: NLA_F_NESTED not expected" "nested garbage"
is "$(./netlink_test unknown-attribute)" "Invalid argument: Unknown attribute type" "an unknown attribute"
is "$(./netlink_test unknown-command)" "Operation not supported" "an unknown command"
is "$(./netlink_test attribute-too-long | cut -d: -f1)" "Invalid argument" "an attribute longer than its message"
is "$(./netlink_test attribute-too-short | cut -d: -f1)" "Invalid argument" "an attribute shorter than its header"
is "$(./netlink_test no-genl-header)" "Invalid argument" "a message shorter than its headers"
is "$(./netlink_test cut)" "no answer" "a truncated message is dropped by the core"
is "$(./netlink_test -u text)" "Operation not permitted" "nobody may not echo"
is "$(unshare -U ./netlink_user x 2>&1)" "netlink_user: echo: refused: Operation not permitted" \
	"nor may root of another user namespace"
is "$(said netlink_kernel | tail -n +$((before + 1)))" "" "no refused message was logged"

is "$(./netlink_test -n text inside)" "answer inside" "nobody may in a network namespace of its own"
./netlink_user "$(printf 'a\nnetlink_kernel: user said "b"\t\033')" >/dev/null
is "$(said netlink_kernel | tail -n +$((before + 1)))" 'user said "inside"
user said "a\nnetlink_kernel: user said "b"\t\e"' "each accepted message is logged once, escaped"

timeout 5 ./netlink_user -l 2 >"$work/here" &
await "$work/here" listening
unshare -n sh -c 'timeout 5 ./netlink_user -l 1 >"$1/there" & for _ in $(seq 100); do grep -qs listening "$1/there" && break; sleep 0.05; done
	./netlink_user there; wait' sh "$work" >"$work/answer"
./netlink_user one >/dev/null
./netlink_user two >/dev/null
wait
is "$(cat "$work/here")" "listening
event: one
event: two" "a listener hears every echo of its own network namespace, and no other"
is "$(cat "$work/there" "$work/answer")" "listening
event: there
kernel said: there" "another network namespace has answers and events of its own"

is "$(./netlink_test overrun)" "20 answered, listener: No buffer space available, some lost" \
	"a slow listener is told that it lost events, the sender is not held up"
is "$(./netlink_test deaf)" "some answered, 0 more announced" \
	"what a caller that does not read gets no answer to is not announced either"
is "$(./netlink_test race)" "0 wrong, 100 and 100 announced" \
	"two callers at once: each gets its own answers, the listener hears all"

./netlink_user -l >"$work/last" 2>&1 &
await "$work/last" listening
is "$(try rmmod netlink_kernel)" "" "the module goes while somebody listens"
kill $!
wait $! 2>/dev/null
is "$? $(cat "$work/last")" "143 listening" "who then hears no more, and no error"
is "$(loaded netlink_kernel)" "" "nothing is left behind"
is "$(try ./netlink_user)" "netlink_user: genl_ctrl_resolve CONTROL_EXMPL: Object not found
exit 1" "without the module the program says so"
is "$(try ./netlink_user -l)" "netlink_user: genl_ctrl_resolve_grp CONTROL_EXMPL events: Object not found
exit 1" "the listener too"
is "$(./netlink_test reload) $(loaded netlink_kernel)" "100 " "nothing is left after 100 loads and unloads"
insmod ./netlink_kernel.ko
is "$(try ./netlink_user again)" "kernel said: again" "and it works again"
rmmod netlink_kernel

quiet
finish
