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

load ./cdev_kernel.ko
echo 1..92
file=/dev/cdev_example
node=/dev/cdev_example_by_hand
trap 'rm -f $node' EXIT
long=$(printf '%200s' '' | tr ' ' x)
empty="Resource temporarily unavailable"
major=$(sed -n 's/ cdev_example$//p' /proc/devices)

# Nothing here may wait for ever: cdev_test ends itself after 5 seconds.
user() { try timeout 5 ./cdev_user "$@"; }
# queue: takes all that is there. known: known bytes, to see afterwards that they still stand
queue() { ./cdev_test -n read good 2000; }
known() { ./cdev_test only known; }
stands() { is "$(queue)" "5 known" "$1: the queue is as it was"; }
# size: of what was in the queue
size() { queue | cut -d ' ' -f 1; }

is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node appears, 0600"
is "$(cat /sys/class/cdev_example/cdev_example/dev)" "$major:0" "with the major number of /proc/devices"
is "$(queue)" "$empty" "before the first message the queue is empty"

is "$(user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(user "")" "kernel said: " "an empty message comes back"
is "$(user "$long")" "kernel said: $long" "200 bytes come back"
is "$(queue)" "$empty" "the program takes back all that it wrote"
known
is "$(user "${long}x")" "cdev_user: message of 201 bytes: Message too long
exit 1" "the program refuses a message of 201 bytes"
is "$(timeout 5 ./cdev_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(user -x 2>&1 | tail -n 2)" "usage: cdev_user [message]
exit 2" "an unknown option is a usage error"
is "$(user a b)" "usage: cdev_user [message]
exit 2" "two messages are a usage error"
stands "after usage errors"
./cdev_test say first
is "$(user later)" "kernel said: first" "what was written first is read first"
is "$(queue)" "5 later" "and what came later is left"

printf '\0\1\n\t\033\177\200\240\377\0' | timeout 5 dd of=$file bs=200 2>/dev/null
is "$(timeout 5 dd if=$file bs=200 count=1 2>/dev/null | od -An -tx1)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "any byte value is kept"
./cdev_test say abc
./cdev_test say def
is "$(./cdev_test read good 4)" "4 abcd" "a read takes no more than it asks for, across two writes"
is "$(./cdev_test read good 4)" "2 ef" "and what is there, without waiting for more"
is "$(./cdev_test -n read good 4)" "$empty" "an empty queue with O_NONBLOCK"
is "$(./cdev_test read good 0)" 0 "a read of nothing does not wait"
is "$(./cdev_test poll)" "poll out, epoll out, out" "an empty queue polls as writable"
./cdev_test say abc
is "$(./cdev_test poll)" "poll in out, epoll in out, in out" "a queue with something in it polls as both"
is "$(./cdev_test write good 16777216)" 1021 "of 16 MiB a write takes what fits"
is "$(./cdev_test poll)" "poll in, epoll in, in" "a full queue polls as readable"
is "$(./cdev_test -n write good 4)" "$empty" "a full queue with O_NONBLOCK"
is "$(./cdev_test write good 0)" 0 "a write of nothing does not wait"
is "$(size)" 1024 "1024 bytes were in it"
is "$(./cdev_test ring)" "0 wrong" "pieces of any size go round and round"
for call in seek pread pwrite; do
	known
	is "$(./cdev_test $call)" "Illegal seek" "a stream has no position: $call"
	stands $call
done

for bad in null unmapped kernel; do
	known
	is "$(./cdev_test write $bad 10)" "Bad address" "write from a bad pointer: $bad"
	stands "write from a bad pointer: $bad"
done
known
is "$(./cdev_test write edge 5)" "Bad address" "write that runs into a bad pointer"
stands "write that runs into a bad pointer"
is "$(./cdev_test write readonly 4)" 4 "write from read-only memory"
for bad in null unmapped kernel readonly; do
	known
	is "$(./cdev_test read $bad 10)" "Bad address" "read into a bad pointer: $bad"
	stands "read into a bad pointer: $bad"
done
known
is "$(./cdev_test read edge 10)" "Bad address" "read that runs into a bad pointer"
stands "read that runs into a bad pointer"
known
is "$(./cdev_test read edge 4)" "4 know" "read up to a bad pointer"
is "$(queue)" "1 n" "leaves the rest"
./cdev_test say abc
is "$(./cdev_test read edge 10)" "3 abc" "read of what fits before a bad pointer"
./cdev_test write good 1020 >/dev/null
is "$(./cdev_test write edge 10)" 4 "write of what the queue has room for, before a bad pointer"
./cdev_test read good 5 >/dev/null
is "$(./cdev_test write edge 10)" "Bad address" "and with more room than that"
is "$(size)" 1019 "of which nothing is queued"

is "$(./cdev_test waiting read served)" "3 abc" "a read waits for bytes"
is "$(./cdev_test waiting read signal)" "Interrupted system call" "a signal interrupts it"
is "$(./cdev_test waiting read restart)" "3 abc" "or starts it again, with SA_RESTART"
is "$(queue)" "$empty" "and it took nothing twice"
is "$(./cdev_test waiting write served)" 10 "a write waits for room"
is "$(size)" 1024 "and takes it"
is "$(./cdev_test waiting write signal)" "Interrupted system call" "a signal interrupts it too"
is "$(size)" 1024 "and it has queued nothing"
is "$(./cdev_test waiting write restart)" 10 "or starts it again too"
is "$(./cdev_test waiting poll-in served)" 1 "a poll waits for bytes"
is "$(./cdev_test waiting poll-in signal)" "Interrupted system call" "a signal interrupts a poll"
is "$(./cdev_test waiting poll-out served)" 1 "a poll waits for room"
is "$(./cdev_test edge)" "empty out, again, write in, again, read out, write refused, read refused, \
write in, write refused, read out, again, read out, read refused, end" \
	"edge-triggered epoll: an event for each change, and no other"

is "$(./cdev_test held-write)" "meanwhile $empty, then 64, left secondxxy" \
	"a write held half way does not show, and holds nobody up"
is "$(./cdev_test outrun-write)" "meanwhile $empty, then 6, left xxxxxxxxx" \
	"a write that others outran waits for room again"
is "$(./cdev_test held-read)" "meanwhile first, then 6 second, left $empty" \
	"a read held half way holds nobody up: who is first has the bytes, the other the next"
is "$(./cdev_test stress)" "0 strange, 0 lost, 0 doubled, 0 mixed" \
	"eight writers of 1 MiB each, four readers: every byte is there once, each write whole"

known
is "$(./cdev_test -u read good 10)" "open: Permission denied" "only root may open"
stands "open by nobody"
known
exec 3<$file
exec 3<&-
stands "after the last close"
mknod $node c "$major" 0
printf "by hand" | timeout 5 dd of=$node bs=200 2>/dev/null
is "$(queue)" "7 by hand" "a node made by hand is the same device"
rm $node
mknod $node c "$major" 1
is "$(timeout 5 head -c 1 $node 2>&1 | sed -n '1s/.*: //p')" "No such device or address" "there is no second one"
rm $node

exec 3<$file
is "$(try rmmod cdev_kernel)" "rmmod: ERROR: Module cdev_kernel is in use
exit 1" "rmmod is refused while the node is open"
is "$(./cdev_test unload)" "Resource temporarily unavailable" "by the kernel too"
exec 3<&-
known
is "$(said cdev_kernel | grep -v taint)" "major $major" "the major number is logged, and nothing else"
is "$(try rmmod cdev_kernel)" "" "after the last close the module goes"
left() { ls -d $file /sys/class/cdev_example 2>/dev/null; grep cdev_example /proc/devices; loaded cdev_kernel; }
is "$(left)" "" "nothing is left behind"
is "$(./cdev_test reload) $(left)" "100 " "nor after 100 loads and unloads"
load ./cdev_kernel.ko
is "$(queue)" "$empty" "a new load begins with an empty queue"
is "$(user again)" "kernel said: again" "and it works again"
rmmod cdev_kernel
is "$(user)" "cdev_user: open $file: No such file or directory
exit 1" "without the module the program says so"
is "$(user "${long}x")" "cdev_user: message of 201 bytes: Message too long
exit 1" "its own limit comes before that"

quiet
finish
