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
# Stress: files="/dev/cdev_example0 /dev/cdev_example1"
# Trace: hide=openat

first=/dev/cdev_example0
second=/dev/cdev_example1
node=/dev/cdev_example_by_hand
modprobe=$(cat /proc/sys/kernel/modprobe)
trap 'rm -f $node; echo "$modprobe" >/proc/sys/kernel/modprobe' EXIT
long=$(printf '%200s' '' | tr ' ' x)
empty="Resource temporarily unavailable"

# No call may wait forever: cdev_test ends itself after 5 seconds.
user() { try timeout 5 ./cdev_user "$@"; }
# queue: takes all bytes of the first queue. known: puts known bytes there, to see afterwards that
# they have not changed. size: takes all bytes, and prints how many there were.
queue() { ./cdev_test -n read good 2000; }
known() { ./cdev_test only known; }
unchanged() { is "$(queue)" "5 known" "after $1 the queue is unchanged"; }
size() { queue | cut -d ' ' -f 1; }
# fitted GOT WANTED: where a processor copies more than a byte at a time, fewer than four bytes may
# have arrived before a bad pointer. Prints WANTED for these.
fitted() { case $1 in "1 k" | "2 kn" | "3 kno" | 1 | 2 | 3) echo "$2" ;; *) echo "$1" ;; esac; }

load ./cdev_kernel.ko dyndbg
echo 1..123
major=$(sed -n 's/ cdev_example$//p' /proc/devices)
is "$(stat -c '%n %A %U %G' /dev/cdev_example[0-9])" "$first crw------- root root
$second crw------- root root" "there are two nodes, which belong to root and have mode 0600"
is "$(cat /sys/class/cdev_example/cdev_example[01]/dev)" "$major:0
$major:1" "the nodes have the major number of /proc/devices and the minor numbers 0 and 1"
is "$(queue)" "$empty" "before the first message the queue is empty"

is "$(user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(user "")" "kernel said: " "an empty message comes back"
is "$(user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(queue)" "$empty" "the program reads all that it wrote"
known
is "$(user "${long}x")" "cdev_user: message of 201 bytes: Message too long
exit 1" "the program refuses a message of 201 bytes"
is "$(timeout 5 ./cdev_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(user -x 2>&1 | tail -n 2)" "usage: cdev_user [message]
exit 2" "an unknown option is a usage error"
is "$(user a b)" "usage: cdev_user [message]
exit 2" "two arguments are a usage error"
unchanged "usage errors"

# The program meets a system call that returns 0: a filter for system calls (seccomp) does that.
is "$(try timeout 5 ./cdev_test nothing write ./cdev_user)" "cdev_user: write $first: 0 of 9 bytes written
exit 1" "the program reports a write of 0 bytes"
is "$(try timeout 5 ./cdev_test nothing read ./cdev_user)" "cdev_user: read $first: 0 of 9 bytes read
exit 1" "the program reports a read of 0 bytes"
is "$(queue)" "9 hi kernel" "a message that the program wrote but did not read stays in the queue"
./cdev_test say first
is "$(user later)" "kernel said: first" "bytes are read in the order in which they were written"
is "$(queue)" "5 later" "the bytes that were written later stay in the queue"

printf '\0\1\n\t\033\177\200\240\377\0' | timeout 5 dd of=$first bs=200 2>/dev/null
is "$(timeout 5 dd if=$first bs=200 count=1 2>/dev/null | od -An -tx1)" " 00 01 0a 09 1b 7f 80 a0 ff 00" \
	"bytes of any value come back unchanged"
./cdev_test say abc
./cdev_test say def
is "$(./cdev_test read good 4)" "4 abcd" "a read of 4 bytes takes 4 bytes, also across two writes"
is "$(./cdev_test read good 4)" "2 ef" "a read takes the bytes that are there, and does not wait for more"
is "$(./cdev_test -n read good 4)" "$empty" "with O_NONBLOCK a read from an empty queue fails with EAGAIN"
is "$(./cdev_test read good 0)" 0 "a read of 0 bytes from an empty queue does not wait"
is "$(./cdev_test poll)" "poll out, epoll out, out" "poll and epoll report an empty queue as writable only"
./cdev_test say abc
is "$(./cdev_test poll)" "poll in out, epoll in out, in out" \
	"poll and epoll report a queue with some bytes as readable and writable"
is "$(./cdev_test write good 16777216)" 1021 "a write of 16 MiB adds the bytes that fit"
is "$(./cdev_test poll)" "poll in, epoll in, in" "poll and epoll report a full queue as readable only"
is "$(./cdev_test -n write good 4)" "$empty" "with O_NONBLOCK a write to a full queue fails with EAGAIN"
is "$(./cdev_test write good 0)" 0 "a write of 0 bytes to a full queue does not wait"
is "$(size)" 1024 "a full queue holds 1024 bytes"
is "$(./cdev_test pieces)" "0 wrong" "a stream of pieces of many sizes comes back unchanged, with bad pointers between"
for call in seek pread pwrite; do
	known
	is "$(./cdev_test $call)" "Illegal seek" "the device has no position: $call fails with ESPIPE"
	unchanged $call
done
for call in splice sendfile; do
	known
	is "$(./cdev_test $call)" "Invalid argument" "$call fails with EINVAL"
	unchanged $call
done

known
is "$(./cdev_test readv 5 3)" "5 known" "a readv does not wait for its second buffer after the first is full"
is "$(./cdev_test writev 2 3)" 5 "a writev of two buffers succeeds"
is "$(./cdev_test readv 1 9)" "5 aabbb" "one readv fills both buffers with what one writev wrote"
is "$(./cdev_test writev 1024 3)" 1024 "a writev does not wait to add its second buffer after the queue is full"
is "$(size)" 1024 "a writev adds the bytes that fit"

for bad in null unmapped kernel; do
	known
	is "$(./cdev_test write $bad 10)" "Bad address" "a write from a bad pointer ($bad) fails with EFAULT"
	unchanged "a write from a bad pointer ($bad)"
done
for bad in null unmapped kernel readonly; do
	known
	is "$(./cdev_test read $bad 10)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
	unchanged "a read into a bad pointer ($bad)"
done
is "$(./cdev_test write readonly 4)" 4 "a write from read-only memory succeeds"
is "$(size)" 4 "the bytes from read-only memory are in the queue"
got=$(./cdev_test write edge 10)
is "$(fitted "$got" 4)" 4 "a write that runs into a bad pointer returns how many bytes came before it"
is "$(size)" "$got" "a write that runs into a bad pointer has added so many bytes"
known
got=$(./cdev_test read edge 10)
is "$(fitted "$got" "4 know")" "4 know" "a read that runs into a bad pointer returns what fitted"
is "${got#* }$(queue | cut -d ' ' -f 2)" known "a read that runs into a bad pointer leaves the rest in the queue"
./cdev_test say abc
is "$(./cdev_test read edge 10)" "3 abc" "a read whose bytes all fit before a bad pointer succeeds"
./cdev_test write good 1020 >/dev/null
is "$(./cdev_test write edge 10)" 4 "a write whose bytes up to a bad pointer fill the queue succeeds"
is "$(size)" 1024 "the queue is full after that"

is "$(./cdev_test waiting read served)" "3 abc" "a read waits while the queue is empty"
is "$(./cdev_test waiting read signal)" "Interrupted system call" "a signal ends the wait of a read with EINTR"
is "$(./cdev_test waiting read restart)" "3 abc" "after a signal with SA_RESTART the read starts again"
is "$(queue)" "$empty" "a read that started again has taken all bytes"
is "$(./cdev_test waiting write served)" 10 "a write waits while the queue is full"
is "$(size)" 1024 "a write that waited has added its bytes"
is "$(./cdev_test waiting write signal)" "Interrupted system call" "a signal ends the wait of a write with EINTR"
is "$(size)" 1024 "a write that failed with EINTR has added nothing"
is "$(./cdev_test waiting write restart)" 10 "after a signal with SA_RESTART the write starts again"
is "$(./cdev_test waiting poll-in served)" 1 "a poll for reading waits while the queue is empty"
is "$(./cdev_test waiting poll-in signal)" "Interrupted system call" "a signal ends the wait of a poll with EINTR"
is "$(./cdev_test waiting poll-out served)" 1 "a poll for writing waits while the queue is full"
is "$(./cdev_test edge)" "empty out, again, write in, again, read out, write refused, read refused, \
write in, write refused, read out, again, read out, read refused, end" \
	"an edge-triggered epoll reports each change once, and nothing else"

waits="second device other, read Interrupted system call, write Interrupted system call"
is "$(./cdev_test held-write)" "poll out, $waits, then 64, left xxyyyyyyy" \
	"while a write is half done others wait until a signal comes, and neither poll nor the second device waits"
is "$(./cdev_test held-read)" "poll in out, $waits, then 5 first, left $empty" \
	"while a read is half done others wait until a signal comes, and neither poll nor the second device waits"
is "$(./cdev_test stress)" "0 strange, 0 lost, 0 doubled, 0 mixed" \
	"with eight writers and four readers each byte arrives once, and the bytes of one write stay together"

known
is "$(./cdev_test -1 -n read good 10)" "$empty" "the second device has a queue of its own"
./cdev_test -1 only other
is "$(./cdev_test -1 read good 10)" "5 other" "bytes written to the second device are read there"
unchanged "a write to and a read from the second device"
known
is "$(./cdev_test -u read good 10)" "open: Permission denied" "a user who is not root may not open the node"
unchanged "an open by a user who is not root"
known
exec 3<$first
exec 3<&-
unchanged "the last close"
mknod $node c "$major" 0
printf "by hand" | timeout 5 dd of=$node bs=200 2>/dev/null
is "$(queue)" "7 by hand" "a node made by hand with minor number 0 is the first device"
rm $node
for minor in 2 8 255; do
	mknod $node c "$major" $minor
	is "$(try sh -c ": <$node" | sed -n '1s/.*: //p')" "No such device or address" \
		"open fails with ENXIO for minor number $minor, which has no device"
	rm $node
done

exec 3<$first
is "$(try rmmod cdev_kernel)" "rmmod: ERROR: Module cdev_kernel is in use
exit 1" "rmmod is refused while a node is open"
is "$(./cdev_test unload)" "Resource temporarily unavailable" "the kernel refuses with EAGAIN to unload the module while a node is open"
exec 3<&-
known
# Linux 5.10 does not show it: there dyndbg comes too late for an init function.
log_is "$(said cdev_kernel | grep -v -e taint -e "^major $major$")" "" "with dyndbg nothing but the major number is logged"
is "$(try rmmod cdev_kernel)" "" "after the last close rmmod succeeds"
left() { ls -d /dev/cdev_example[0-9] /sys/class/cdev_example 2>/dev/null; grep cdev_example /proc/devices; loaded cdev_kernel; }
is "$(left)" "" "after rmmod no node, no class, no major number and no module is left"
is "$(./cdev_test reload) $(left)" "100 " "100 loads and unloads succeed and leave nothing"

# Each open of a number that has no driver starts modprobe, which takes longer than the load.
echo >/proc/sys/kernel/modprobe
mknod $node c "$major" 0
is "$(./cdev_test early $node)" 10 "nobody can open a device before all nodes exist"
echo "$modprobe" >/proc/sys/kernel/modprobe
rm $node
[ -z "$(loaded cdev_kernel)" ] || rmmod cdev_kernel

# refused VALUE ERROR
refused() {
	is "$(./cdev_test load devices="$1")" "$2" "a load with devices=$1 fails"
	is "$(left)" "" "a load with devices=$1 leaves nothing"
}
before=$(said cdev_kernel | wc -l)
for value in 0 9 -1 x ""; do refused "$value" "Invalid argument"; done
refused 4294967296 "Numerical result out of range"
is "$(said cdev_kernel | tail -n +$((before + 1)))" "$(
	for value in 0 9 -1 x "" 4294967296; do echo "\`$value' invalid for parameter \`devices'"; done
)" "each load that was refused logs one line, with the value"
for value in 1 0x8; do
	load ./cdev_kernel.ko devices=$value
	is "$(stat -c %n /dev/cdev_example[0-9] | wc -l) $(cat /sys/module/cdev_kernel/parameters/devices)" "$((value)) $((value))" \
		"with devices=$value there are so many nodes"
	rmmod cdev_kernel
done

before=$(said cdev_kernel | wc -l)
load ./cdev_kernel.ko
is "$(queue)" "$empty" "after a second load the queue is empty"
is "$(user again)" "kernel said: again" "after a second load the program works again"
is "$(said cdev_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod cdev_kernel
is "$(user)" "cdev_user: open $first: No such file or directory
exit 1" "without the module the program reports that there is no such file"
is "$(user "${long}x")" "cdev_user: message of 201 bytes: Message too long
exit 1" "without the module the program refuses a message of 201 bytes all the same"

no_warnings
finish
