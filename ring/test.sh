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
# Stress: files=/dev/ring_example
# Stress: add more './ring_test open map ring head=17 ring'; add more './ring_test changed'
# Trace: hide='openat|exit_group'

file=/dev/ring_example
long=$(printf '%200s' '' | tr ' ' x)

# steps STEPS WANTED NAME: one check; the head of ring_test.c explains the steps
steps() { is "$(./ring_test $1 2>&1)" "$2" "$3"; }
# Nothing here may wait forever; ring_test has its own limit.
user() { try timeout 5 ./ring_user "$@"; }
# answers MESSAGE...: prints what the program prints for these messages
answers() { printf 'kernel said: %s\n' "$@"; }
# turns: prints how many messages the worker takes a turn, when it never runs out of them
turns() {
	for trace in /sys/kernel/tracing /sys/kernel/debug/tracing; do
		trace=$trace/instances/ring_example
		mkdir $trace 2>/dev/null || continue
		echo 1 >$trace/events/workqueue/workqueue_execute_start/enable
		said="16 at most"
		# Many short runs: in a long one, the turns in which the program was too slow hide the others.
		for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
			echo >$trace/trace
			messages=$(./ring_test spin 500)
			turns=$(grep -c ring_example_answer $trace/trace)
			[ "$messages" -le $((turns * 16)) ] || { said="$messages messages in $turns turns" && break; }
		done
		rmdir $trace
		echo "$said"
		return
	done
	echo "cannot count turns"
}
# is_or_skip GOT WANTED NAME: like is, but skips what this machine cannot do
is_or_skip() {
	case $1 in
	"cannot "*) count=$((count + 1)) && echo "ok $count - $3 # SKIP $1" ;;
	*) is "$@" ;;
	esac
}

load ./ring_kernel.ko dyndbg
case $(./ring_test open map clean 2>&1) in
0) ;;
*)
	steps "open map" "" "the memory can be mapped"
	rmmod ring_kernel
	echo 1..$count
	finish
	;;
esac
echo 1..73
is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node exists, belongs to root and has mode 0600"

is "$(user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(user "")" "kernel said: " "an empty message comes back"
is "$(user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(user one "two words" "" four)" "$(answers one "two words" "" four)" "four messages come back in order"
is "$(user $(seq 100))" "$(answers $(seq 100))" "100 messages, more than the queues hold, come back in order"
is "$(user "${long}x")" "ring_user: message of 201 bytes: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(timeout 5 ./ring_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(user one "${long}x" three)" "ring_user: message of 201 bytes: Message too long
$(answers one three)
exit 1" "a message that is too long does not hold up the others"
is "$(user -x | tail -n 2)" "usage: ring_user [message]...
exit 2" "an unknown option is a usage error"
is "$(timeout 5 ./ring_user 2>&1 >/dev/full || echo "exit $?")" "ring_user: write standard output: No space left on device
exit 1" "the program reports that it cannot print its answer"
mount --bind /dev/null $file
is "$(user)" "ring_user: mmap $file: No such device
exit 1" "the program reports that the node cannot be mapped"
umount $file

# Eight times, because the kernel may not take the memory that was freed last.
is "$(for _ in 1 2 3 4 5 6 7 8; do ./ring_test open map=2p dirt unmap close 2:open 2:map=2p 2:clean; done | sort -u)" "0" \
	"new memory contains only zeros"
for size in 0 2p+1 3p 0x40000000; do
	steps "open map=$size map ready" "Invalid argument, out ready" "a mapping of length $size fails with EINVAL, and the memory can still be mapped"
done
for where in 1p@1 1p@2p 2p@1p 1p@0x40000000; do
	steps "open map=$where map ready" "Invalid argument, out ready" "a mapping of ${where%@*} at offset ${where#*@} fails with EINVAL, and the memory can still be mapped"
done
steps "open private privater map ready" "Invalid argument, Invalid argument, out ready" "a private mapping fails with EINVAL, for reading too"
steps "open=r map mapr peek head=1 writable peek" "Permission denied, 0, SIGSEGV, Permission denied, 0" \
	"a node opened for reading can be mapped only for reading"
steps "open=r ring" "" "a node opened for reading can ring"
steps "open=w map mapr" "Permission denied, Permission denied" "a node opened for writing only cannot be mapped"
steps "open map grow=3p put=x ring wait take" "Bad address, x" "mremap(2) cannot enlarge the mapping, which stays as it was"
steps "open map move put=x ring wait take" x "mremap(2) moves the mapping, and the memory with it"
is "$(./ring_test mappings 2>&1)" "0 wrong" "five mappings, which go one by one, and a child share the memory"
steps "open map put=a 2:open 2:map 2:ring 2:pause 2:take ring wait take" "no answer, a" "two opens have memory and a worker of their own"
steps "open map put=a 2:same 2:map 2:ring 2:wait 2:take" a "a duplicate of the descriptor has the same memory"
steps "open map fork put=a c:ring c:wait c:take put=b ring wait take" "a, b" "after fork(2) parent and child share the memory"
steps "open map fork c:put=a c:kill ring wait take" a "of a child that was killed the messages stay"
steps "nobody open" "Permission denied" "a user who is not root may not open the node"
steps "open read write" "Invalid argument, Invalid argument" "read(2) and write(2) fail with EINVAL"
for number in 0xdc01 0xdd00 0x4004dc00 0xc0ccdc00; do
	steps "open ioctl=$number" "Inappropriate ioctl for device" "an ioctl with another number ($number) fails with ENOTTY"
done
if [ "$(uname -m)" = x86_64 ]; then
	steps "open map put=x compat_ring wait take" x "a 32-bit program can ring"
else
	count=$((count + 1))
	echo "ok $count - a 32-bit program can ring # SKIP this test knows the 32-bit entry of x86-64 only"
fi

steps "open map ready fill ready ring wait ready drain=16 ready" "out ready, not ready, in out ready, 16 answers, out ready" \
	"poll(2) reports space for messages, and answers"
steps "open map fill=17" "full after 16" "16 messages fill the queue"
steps "open map ring pause ready take put=x ring wait take" "out ready, no answer, x" "to ring without a message does nothing"
steps "open map put=x pause ready take ring wait take" "out ready, no answer, x" "without a ring the module does not answer"
# The worker has to read all 16 before the queue can be filled again: hence the pause after wait, which waits for one.
steps "open map fill ring wait pause fill ring pause ready drain ring drain" "in ready, 16 answers, 16 answers" \
	"when both queues are full the module waits, and after the next ring goes on"
steps "open map fill ring wait pause fill drain=3 ring pause ready drain=20 ring drain=20" "3 answers, in out ready, 16 answers, 13 answers" \
	"the module answers as many messages as there is space for"
is "$(./ring_test lengths 2>&1)" "12 answers" "a length outside 0 to 200 is answered with EMSGSIZE, any other with the same bytes and nothing beside them"
is "$(./ring_test many 2>&1)" "20000 answers, 0 wrong" "of 20000 messages each comes back once, whole and in order, read as soon as its index moves"
is "$(./ring_test changed 2>&1)" "0 wrong" "if a length changes while it is read, the length that was checked is used"
is "$(./ring_test woken 2>&1)" "in ready, 1 answers, out ready, error ready" \
	"the module wakes those who wait in poll(2), for an answer, for space and for an error"
is_or_skip "$(turns)" "16 at most" "the worker takes at most 16 messages a turn, however many there are"

# impossible STEP NAME: an index that the module must not believe
impossible() {
	steps "open map fill=2 ring drain=2 $1 ring pause ready ring" "2 answers, error ready, Protocol error" \
		"after an impossible index ($2) poll(2) reports an error and the ioctl fails with EPROTO"
}
impossible head=17 "17 messages in to_kernel"
impossible head=-1 "fewer than none in to_kernel"
impossible head=0x80000000 "2147483648 messages in to_kernel"
impossible tail=1 "fewer than none in to_user"
impossible tail=-17 "17 answers in to_user"
steps "open map head=17 ring pause head=-17 put=x ring pause ready take" "Protocol error, error ready, no answer" \
	"after an impossible index has been mended the module still does not answer"
steps "open map head=17 ring pause 2:open 2:map 2:put=x 2:ring 2:wait 2:take" x "an impossible index does not disturb another open file"
steps "open map fill=5 ring drain=5 own=0x7fffffff fill=1 ring wait take" "5 answers, 6" \
	"the module does not read its own index in the shared memory"

steps "open map futex" "Bad address" "a futex that processes share fails with EFAULT in the memory"
steps "open map private-futex" "Resource temporarily unavailable" "a futex within one process works in the memory"
is "$(./ring_test unwoken 2>&1)" "Connection timed out, 1" "the module's change of an index wakes nobody in futex(2)"

steps "open rmmod map close rmmod put=x unmap rmmod" "Resource temporarily unavailable, Resource temporarily unavailable" \
	"delete_module(2) fails with EAGAIN while the node is open or mapped, then succeeds"
load ./ring_kernel.ko dyndbg
steps "open map close fork unmap rmmod c:peek c:unmap rmmod" "Resource temporarily unavailable, 0" \
	"delete_module(2) fails with EAGAIN while a child has the memory mapped, then succeeds"
load ./ring_kernel.ko dyndbg
exec 3<>$file
is "$(try rmmod ring_kernel)" "rmmod: ERROR: Module ring_kernel is in use
exit 1" "rmmod is refused while the node is open"
exec 3<&-
is "$(for _ in 1 2 3 4; do ./ring_test open map fill urgent ring; done; try rmmod ring_kernel)" "" \
	"a program may end before the module answers, and rmmod succeeds at once"
load ./ring_kernel.ko dyndbg
timeout -s KILL 1 ./ring_test spin 0 >/dev/null 2>&1
is "$(try rmmod ring_kernel)" "" "rmmod succeeds after a program that never stops to fill the queue was killed"
is "$(ls $file 2>/dev/null; loaded ring_kernel)" "" "after rmmod neither the node nor the module is left"
is "$(./ring_test reload) $(ls $file 2>/dev/null; loaded ring_kernel)" "100 " "100 loads and unloads succeed and leave nothing"
load ./ring_kernel.ko dyndbg
is "$(user again)" "kernel said: again" "after another load the program works again"
rmmod ring_kernel
is "$(said ring_kernel | grep -v taint)" "" "the module logs nothing, with dyndbg neither"
is "$(user)" "ring_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
