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
# Processors: 1
# Stress: files=/dev/bpf_example
# Stress: add more './bpf_user_raw again'; add more './bpf_test open write@edge=known writev=known'
# Trace: beyond=copy_from_kernel_nofault hide=exit_group

file=/dev/bpf_example
long=$(printf '%200s' '' | tr ' ' x)
[ -e bpf_user ] || cannot "bpf_user is missing. Run: make"

# steps STEPS WANTED NAME: one check; the head of bpf_test.c explains the steps
# shellcheck disable=SC2086 # the steps are words
steps() { is "$(./bpf_test $1 2>&1)" "$2" "$3"; }

# What passes the tracepoint, seen by the kernel's own tracer: length and bytes of each message
tracing=/sys/kernel/tracing
trace=$tracing/instances/bpf_test
trap 'rmdir $trace 2>/dev/null; rm -rf "$place"' EXIT
place=$(mktemp -d)
passed() { sed -n 's/.* bpf_example_message: //p' $trace/trace; }
# traced STEPS WANTED PASSED NAME: what the steps print, and what passes the tracepoint meanwhile
# shellcheck disable=SC2086
traced() {
	: >$trace/trace
	result=$(./bpf_test $1 2>&1)
	is "$result: $(passed)" "$2: $3" "$4"
}
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }

# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
# shellcheck disable=SC2317 # it is called as $check
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}

case $(./bpf_test map) in
*"not implemented"*) cannot "this kernel has no BPF (CONFIG_BPF_SYSCALL)" ;;
esac
load ./bpf_kernel.ko
echo 1..77
is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node exists, belongs to root and has mode 0600"

# One check below is about the limit of locked memory. The others do not depend on that of this machine.
# shellcheck disable=SC3045 # dash and bash have this limit
ulimit -l unlimited

# The two forms are tested alike.
for program in bpf_user bpf_user_raw; do
	name=$program
	# Without clang or libbpf bpf_user is a copy of the other.
	! cmp -s bpf_user bpf_user_raw || name=bpf_user_raw
	is "$(try ./$program)" "kernel said: hi kernel" "$program: the default message comes back"
	is "$(try ./$program "two words")" "kernel said: two words" "$program: a message given to the program comes back"
	is "$(try ./$program "")" "kernel said: " "$program: an empty message comes back"
	is "$(try ./$program "$long")" "kernel said: $long" "$program: a message of 200 bytes comes back"
	is "$(try ./$program "${long}x")" "$program: write $file: Message too long
exit 1" "$program reports that a message of 201 bytes is too long"
	is "$(./$program "${long}x" 2>/dev/null)" "" "$program prints nothing on standard output when it fails"
	is "$(try ./$program -m 9)" "kernel said: hi kernel" "$program: with -m 9 a message of 9 bytes comes back"
	is "$(try ./$program -m 10)" "kernel said: nothing" "$program: with -m 10 a message of 9 bytes is held back"
	is "$(try ./$program -m 1 "")" "kernel said: nothing" "$program: with -m 1 an empty message is held back"
	for option in "-m x" "-m -1" "-m 3x" "-m 2147483648" "-x" "a b"; do
		# shellcheck disable=SC2086 # the option is words
		is "$(try ./$program $option 2>&1 | tail -n 2)" "usage: $name [-m least] [message]
exit 2" "$program $option is a usage error"
	done

	steps "run=./$program to-write open many=10 close end" "kernel said: hi kernel" \
		"$program finds its message behind 10 messages of another program"
	steps "run=./$program to-write open same close end" "kernel said: hi kernel" \
		"$program prints its message once, also if another program writes the same"
	steps "run=./$program to-write open many=17 close end" "kernel said: hi kernel" \
		"$program: the ring buffer has space for 18 messages"
	steps "run=./$program to-write open many=25 close end" "$program: the ring buffer was full, messages lost: 8" \
		"$program reports how many messages were lost when the ring buffer was full"
	steps "run=./$program to-write least=10 end" "kernel said: nothing" \
		"$program: the number in the map can be changed while the BPF program is attached"
	steps "run=./$program to-answer rmmod end" "Resource temporarily unavailable, kernel said: hi kernel" \
		"$program: the kernel refuses to unload the module while the BPF program is attached"
	steps "run=./$program to-answer rmmod kill rmmod" "Resource temporarily unavailable" \
		"$program: when the program is killed its BPF program is detached, and the unload succeeds"
	load ./bpf_kernel.ko
	# shellcheck disable=SC3045 # dash and bash have this limit
	is "$(ulimit -l 4; try ./$program)" "kernel said: hi kernel" "$program works under a limit of 4 KiB of locked memory"
	steps "caps run=./$program end" "kernel said: hi kernel" "$program needs no more rights than CAP_BPF, CAP_PERFMON and CAP_SYS_RESOURCE"

	# The licence is inside the object, or the program itself: the verifier wants a free one.
	case $name in
	bpf_user) ./bpf_test without-licence bpf_prog.o "$place/bpf_prog.o" && cp bpf_user "$place" ;;
	bpf_user_raw) ./bpf_test without-licence bpf_user_raw "$place/$program" ;;
	esac
	is "$(cd "$place" && try "./$program" 2>&1 | grep -oE 'cannot call GPL-restricted function|Invalid argument|exit 1' | sort -u)" \
		"Invalid argument
cannot call GPL-restricted function
exit 1" "$program prints the verifier's reason when the kernel refuses the BPF program"
done

steps "nobody open" "open: Permission denied" "a user who is not root may not open the node"
steps "nobody map" "Operation not permitted" "a user who is not root may not make a BPF map of this kind"

# heard COMMAND...: on Linux 7.2 and later a process that interrupts a BPF program does not run it, and hears nothing.
case $(uname -r) in [1-6].*) tries=1 ;; *) tries="1 2 3 4 5" ;; esac
heard() {
	for _ in $tries; do
		said=$("$@" 2>&1)
		[ "$said" = "kernel said: nothing" ] || break
	done
	echo "$said"
}
is "$(for i in 1 2 3 4 5 6 7 8 9; do
	for message in first second; do
		heard ./bpf_user $message$i >"$place/$message" &
		heard ./bpf_user_raw raw-$message$i >"$place/raw-$message" &
	done
	wait
	cat "$place/first" "$place/second" "$place/raw-first" "$place/raw-second" | tr '\n' ' '
done)" "$(for i in 1 2 3 4 5 6 7 8 9; do
	for message in first second raw-first raw-second; do printf 'kernel said: %s%d ' $message $i; done
done)" "four programs at once each get their own message"

# The tracepoint itself. The kernel's tracer is attached to it too, in an instance of its own.
if mkdir $trace 2>/dev/null && echo 1 2>/dev/null >$trace/events/bpf_example/enable; then
	check=traced
else
	check=skip why="the kernel's tracer cannot be used here"
fi
$check "open write=known" "" "length=5 message=$(hex known)" "a message passes the tracepoint once, with length and bytes"
$check "open write=$long" "" "length=200 message=$(hex "$long")" "a message of 200 bytes passes the tracepoint"
$check "open none" "" "length=0 message=" "a message of no bytes passes the tracepoint"
$check "open values" "" "length=200 message=$(i=56
while [ $i -lt 256 ]; do printf '%02x' $((i == 156 ? 0 : i)); i=$((i + 1)); done)" "bytes of any value pass the tracepoint unchanged"
$check "open write@readonly=known" "" "length=5 message=$(hex known)" "a message from read-only memory passes the tracepoint"
$check "open writev=known" "" "length=5 message=$(hex known)" "one writev of two buffers is one message"
$check "open write=${long}x" "Message too long" "" "a write of 201 bytes fails with EMSGSIZE and does not pass the tracepoint"
$check "open writev=${long}x" "Message too long" "" "a writev of 201 bytes fails with EMSGSIZE and does not pass the tracepoint"
for bad in null unmapped kernel edge; do
	$check "open write@$bad=known" "Bad address" "" "a write from a bad pointer ($bad) fails with EFAULT and does not pass the tracepoint"
done
$check "run=./bpf_user to-write least=10 end" "kernel said: nothing" "length=9 message=$(hex "hi kernel")" \
	"what one BPF program holds back the kernel's tracer still sees"
rmdir $trace 2>/dev/null
steps "open node-read node-ioctl" "Invalid argument, Inappropriate ioctl for device" "read(2) of the node fails with EINVAL, ioctl(2) with ENOTTY"

exec 3>$file
is "$(try rmmod bpf_kernel)" "rmmod: ERROR: Module bpf_kernel is in use
exit 1" "rmmod is refused while the node is open"
exec 3>&-
is "$(try rmmod bpf_kernel)$(ls $file 2>/dev/null; loaded bpf_kernel)" "" "rmmod succeeds, and neither the node nor the module is left"
is "$(./bpf_test reload) $(ls $file 2>/dev/null; loaded bpf_kernel)" "100 " "100 loads and unloads succeed and leave nothing"
for program in bpf_user bpf_user_raw; do
	is "$(try ./$program)" "$program: open $file: No such file or directory
exit 1" "without the module $program reports that there is no such file"
done
before=$(said bpf_kernel | wc -l)
load ./bpf_kernel.ko dyndbg
is "$(try ./bpf_user again)" "kernel said: again" "after a second load the program works again"
is "$(said bpf_kernel | tail -n +$((before + 1)))" "" "nothing is logged, not even with dyndbg"
is "$(try rmmod bpf_kernel)" "" "after the program has ended rmmod succeeds"

no_warnings
finish
