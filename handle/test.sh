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
# Stress: files=/dev/handle_example
# Stress: add more './handle_test open full=3 many read@edge=4 write@edge=known'; add more './handle_test mixed'
# Trace: hide=exit_group

file=/dev/handle_example
long=$(printf '%200s' '' | tr ' ' x)

# steps STEPS WANTED NAME: one check; the head of handle_test.c explains the steps
# shellcheck disable=SC2086 # the steps are words
steps() { is "$(./handle_test $1 2>&1)" "$2" "$3"; }
# unchanged STEP ERROR WHAT: what fails leaves the box unchanged
unchanged() {
	steps "open create write=known $1 read" "$2, 5 known" "$3, and the box is unchanged"
}

# shellcheck disable=SC2317 # it is called as $check
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}

load ./handle_kernel.ko dyndbg
echo 1..86
is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node exists, belongs to root and has mode 0600"

is "$(try ./handle_user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(try ./handle_user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(try ./handle_user "")" "kernel said: " "an empty message comes back"
is "$(try ./handle_user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(try ./handle_user "${long}x")" "handle_user: write box: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(./handle_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(try ./handle_user -x 2>&1 | tail -n 2)" "usage: handle_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./handle_user a b)" "usage: handle_user [message]
exit 2" "two arguments are a usage error"
check=is why="there is no handle_user32. Run: make 32"
[ -e handle_user32 ] || check=skip
$check "$(try ./handle_user32 "two words" 2>/dev/null)" "kernel said: two words" "a program compiled for 32 bits works"
check=is why="this test knows the 32-bit entry of x86-64 only"
[ "$(uname -m)" = x86_64 ] || check=skip
$check "$(./handle_test -32 open create write=x read)" "1 x" "the kernel's entry for 32-bit programs gives a box"
$check "$(./handle_test -32 open create=1)" "Invalid argument" "the kernel's entry for 32-bit programs refuses an argument with EINVAL"

steps "open create link cloexec" "anon_inode:[handle_example], close-on-exec" \
	"a box has no name but the module's, and its descriptor is close-on-exec"
is "$(./handle_test open create 2:same "sh=ls -l /proc/self/fd 2>&1" | grep -c 'anon_inode:\[handle_example\]')" 1 \
	"a program that is started gets only a descriptor without close-on-exec"
steps "open create read" 0 "a read from a new box returns 0"
steps "open create write=known read read" "5 known, 0" "a read takes the message out of the box"
steps "open create write=first write=2nd read read" "3 2nd, 0" "a write replaces the message"
steps "open create write=known none read" "0, 0" "a write of no bytes makes the box empty"
steps "open create values" unchanged "bytes of any value come back unchanged"
steps "open create write=$long read" "200 $long" "a box keeps 200 bytes"
steps "open create write=known read=5 read" "5 known, 0" "a read into a buffer of just the right size succeeds"
steps "open create 2:create write=mine 2:write=other read 2:read" "4 mine, 5 other" "two boxes have two messages"
steps "open create 2:same write=known 2:read read" "5 known, 0" "a duplicate of the descriptor is the same box"
steps "open create 2:same write=known drop 2:read" "5 known" "a box lives until its last descriptor is closed"
steps "open create write=known drop create read" 0 "a box made after another was closed is empty"

unchanged "write=${long}x" "Message too long" "a write of 201 bytes fails with EMSGSIZE"
for size in 4 1 0; do
	unchanged read=$size "Message too long" "a read of 5 bytes into a buffer of $size fails with EMSGSIZE"
done
for bad in null unmapped kernel edge; do
	unchanged write@$bad=newer "Bad address" "a write from a bad pointer ($bad) fails with EFAULT"
done
for bad in null unmapped kernel edge readonly; do
	unchanged read@$bad=5 "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
steps "open create read@null=5 read@edge=5" "0, 0" "a read from an empty box never uses the pointer"
steps "open create write=known read@edge=6" "5 known" "a read whose bytes all fit before a bad pointer succeeds"
steps "open create write@readonly=known read" "5 known" "a write from read-only memory succeeds"
steps "open create writev=known read" "5 known" "one writev of two buffers is one message"
steps "open create write=known readv=8 read" "5 known, 0" "one readv fills two buffers with one message"
unchanged readv=4 "Message too long" "a readv into two buffers that are too small fails with EMSGSIZE"
unchanged "writev=${long}x" "Message too long" "a writev of 201 bytes from two buffers fails with EMSGSIZE"
for call in pread pwrite seek; do
	unchanged $call "Illegal seek" "a box has no position: $call fails with ESPIPE"
done
unchanged reopen "No such device or address" "to open a box by its name in /proc fails with ENXIO"
unchanged on-box "Inappropriate ioctl for device" "the command CREATE on a box fails with ENOTTY"
steps "open create poll write=x poll" "in out, in out" "poll always reports a box as readable and writable"

for bad in other-number other-magic other-size other-direction; do
	steps "open command=$bad" "Inappropriate ioctl for device" "a wrong command ($bad) fails with ENOTTY"
done
steps "open create=1" "Invalid argument" "CREATE with an argument that is not 0 fails with EINVAL and leaves no descriptor"
steps "open create=0x100000000" "Invalid argument" "CREATE with an argument of high bits only fails with EINVAL and leaves no descriptor"
steps "open node-read node-write" "Invalid argument, Invalid argument" "read(2) and write(2) of the node fail with EINVAL"

steps "nobody open" "open: Permission denied" "a user who is not root may not open the node"
steps "open create write=x close nobody read write=y read" "1 x, 1 y" "a user who is not root can use a box"
steps "open create close fork nobody write=child wait read" "5 child" "a child as nobody writes, and the parent reads"
steps "fork open create write=child send wait receive read" "5 child" "a box outlives the process that made it"
steps "open create write=known send drop close fork nobody open receive read write=new" "open: Permission denied, 5 known" \
	"nobody gets a box through a socket, and can use it"

is "$(./handle_test held-read)" "create succeeds, other 1, read Interrupted system call, write Interrupted system call, 5 first, left 0" \
	"while a read is half done others wait for this box until a signal comes, and other boxes do not wait"
is "$(./handle_test held-write)" "5 first, 6, 5, 5 later" \
	"while a write is half done others use the box, and at the end its message replaces theirs"
is "$(./handle_test race)" "0 wrong" "when two programs read at once each message comes once and whole"
is "$(./handle_test mixed)" "0 wrong" "when two programs write at once each message comes whole"

before=$(said handle_kernel | wc -l)
./handle_test open create "write=$(printf 'a\nhandle_kernel: user said "b"\t\033')" none "write=${long}x" write@edge=known read >/dev/null
log_is "$(said handle_kernel | tail -n +$((before + 1)))" 'user said "a\nhandle_kernel: user said "b"\t\e"
user said ""' "with dyndbg each accepted message is logged once, escaped, and nothing else is logged"

exec 3<$file
is "$(try rmmod handle_kernel)" "rmmod: ERROR: Module handle_kernel is in use
exit 1" "rmmod is refused while the node is open"
exec 3<&-
steps "open rmmod create close rmmod 2:same drop rmmod 2:write=x 2:read" "Resource temporarily unavailable, \
Resource temporarily unavailable, Resource temporarily unavailable, 1 x" "the kernel refuses with EAGAIN to unload the module while the node or a box is open"
steps "open create write=x send drop close rmmod receive read" "Resource temporarily unavailable, 1 x" \
	"a box on its way through a socket prevents the unload too"
is "$(./handle_test closed-read)" "Resource temporarily unavailable, 5 first, 0" \
	"a read that is half done keeps its box and the module after the last close"
is "$(ls $file 2>/dev/null; loaded handle_kernel)" "" "after the last close the unload succeeds, and neither the node nor the module is left"
is "$(./handle_test reload) $(ls $file 2>/dev/null; loaded handle_kernel)" "100 " "100 loads and unloads succeed and leave nothing"

load ./handle_kernel.ko
before=$(said handle_kernel | wc -l)
is "$(try ./handle_user again)" "kernel said: again" "after a second load the program works again"
is "$(said handle_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
steps "open many" "100, No space left on device" "there are at most 100 boxes, then CREATE fails with ENOSPC"
steps "open many drop create create" "100, No space left on device, No space left on device" \
	"after one of 100 boxes is closed there can be one more"
steps "open many fork open create wait" "100, No space left on device, No space left on device" "the limit is for all programs together"
steps "open many full=1" "100, No space left on device, No space left on device" "with 100 boxes and a full table CREATE fails with ENOSPC"
steps "open full=1" "Too many open files" "CREATE fails with EMFILE if the table of descriptors is full, and leaves no descriptor"
steps "open full=200 many" "Too many open files, 100, No space left on device" \
	"after 200 times EMFILE there can still be 100 boxes, and not more"
is "$(try rmmod handle_kernel)" "" "after the program has ended rmmod succeeds"
is "$(try ./handle_user)" "handle_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

# The same idea for memory, which needs no module of ours. README.md shows it.
check=is why="this kernel has no dma-buf heap"
[ -e /dev/dma_heap/system ] || check=skip
$check "$(./handle_test dma-buf)" "/dmabuf: of 4096 bytes: written by nobody" "memory of a dma-buf heap can be used by who may not open the heap"

no_warnings
finish
