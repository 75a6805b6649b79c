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
# Stress: runs="./eventfd_user -s 2" more="./eventfd_user 1001" files=/dev/eventfd_example
# Trace: also=eventfd_read hide='openat|exit_group'

file=/dev/eventfd_example
usage="usage: eventfd_user [-s] [rings]
exit 2"
no_bell="Transport endpoint is not connected"

# No check may wait forever. eventfd_test ends itself, and eventfd_user gets a timeout.
user() { try timeout 10 ./eventfd_user "$@"; }
# steps STEPS WANTED NAME: one check; the head of eventfd_test.c explains the steps
steps() { is "$(./eventfd_test $1 2>&1)" "$2" "$3"; }

# shellcheck disable=SC2317 # it is called as $check
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}

load ./eventfd_kernel.ko dyndbg
# If the bell does not ring at all, everything that follows would wait for it in vain.
got=$(user)
if [ "$got" != "kernel rang: 1" ]; then
	is "$got" "kernel rang: 1" "the program hears one ring"
	rmmod eventfd_kernel
	echo 1..1
	finish
fi
echo 1..86
is "$got" "kernel rang: 1" "the program hears one ring"
is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node exists, belongs to root and has mode 0600"
is "$(user 3)" "kernel rang: 3" "the program hears three rings, and adds them up"
is "$(user -s 3)" "kernel rang: 1
kernel rang: 1
kernel rang: 1" "with -s the program hears three rings one by one"
for rings in 0 1001 2147483647; do
	is "$(user $rings)" "eventfd_user: ioctl EVENTFD_EXAMPLE_RING: Invalid argument
exit 1" "the program reports that $rings rings are refused"
done
is "$(timeout 10 ./eventfd_user 1001 2>/dev/null)" "" "a program that fails prints nothing on standard output"
for wrong in -x -1 "" x 1x 2147483648; do
	is "$(user "$wrong" | tail -n 2)" "$usage" "the argument '$wrong' is a usage error"
done
is "$(user 1 2)" "$usage" "two arguments are a usage error"
is "$(timeout 10 ./eventfd_user 2>&1 >/dev/full || echo "exit $?")" "eventfd_user: write standard output: No space left on device
exit 1" "the program reports that it cannot print its answer"

# commands CHECK ENTRY OPTION: both commands through one of the kernel's two entries
commands() {
	$1 "$(./eventfd_test $3 open eventfd bell ring=5 rung=5 pause read read)" "5, Resource temporarily unavailable" \
		"five rings make the counter 5, and one read takes them all ($2)"
	$1 "$(./eventfd_test $3 open eventfd bell bell=-1 ring)" "$no_bell" "BELL with -1 takes the bell back ($2)"
	$1 "$(./eventfd_test $3 open call=two)" "Inappropriate ioctl for device" "an unknown number fails with ENOTTY ($2)"
}
commands is native
why="this test knows the 32-bit entry of x86-64 only"
if [ "$(uname -m)" = x86_64 ]; then commands is 32-bit -32; else commands skip 32-bit; fi
check=is why="there is no eventfd_user32. Run: make 32"
[ -e eventfd_user32 ] || check=skip
$check "$(try timeout 10 ./eventfd_user32 3 2>/dev/null)" "kernel rang: 3" "a program compiled for 32 bits works"

# What the program gets from the bell
steps "open eventfd=s bell ring=3 rung=3 pause read read read read" "1, 1, 1, Resource temporarily unavailable" \
	"from a semaphore each read takes one ring"
steps "open eventfd bell poll ring rung=1 poll read poll" "- out, in out, 1, - out" "poll reports the eventfd as readable after a ring, until it is read"
steps "open eventfd bell watch no-event ring event no-event ring event no-event read no-event" "-, in, -, in, -, 2, -" \
	"an edge-triggered epoll reports each ring once, without a read in between"
steps "open eventfd=b bell fork c:hear pause ring" 1 "a ring wakes a program that waits in read"
steps "open eventfd=b bell fork c:listen pause ring" in "a ring wakes a program that waits in poll"
steps "open eventfd=b bell fork c:hear pause signal pause ring rung=1 read" "Interrupted system call, 1" \
	"after a signal has ended the wait of a read with EINTR, the next ring is not lost"
steps "open eventfd bell write=2 ring=3 rung=5 pause read" 5 "rings and what programs write add up in one counter"
max=0xfffffffffffffffe
steps "open eventfd bell write=$max write=1 poll ring rung=0xffffffffffffffff poll ring=3 pause read read" \
	"Resource temporarily unavailable, in, in err, 18446744073709551615, Resource temporarily unavailable" \
	"only the kernel can fill the counter to the end, which poll reports as an error, and more rings change nothing"
steps "open eventfd=s bell write=$max ring rung=0xffffffffffffffff poll read poll" "in err, 1, in" \
	"a read from a full semaphore takes one ring, and poll reports no error any more"

# Which bell, and whose
steps "open ring" "$no_bell" "RING without a bell fails with ENOTCONN"
steps "open bell=-1" "" "BELL with -1 without a bell succeeds"
for bad in 999 -2 closed path; do
	steps "open eventfd bell ring=20 bell=$bad rung=20 pause read" "Bad file descriptor, 20" \
		"BELL with a descriptor that is none ($bad) fails with EBADF, and the bell before it rings on"
done
for bad in device pipe; do
	steps "open eventfd bell ring=20 bell=$bad rung=20 pause read" "Invalid argument, 20" \
		"BELL with a file that is no eventfd ($bad) fails with EINVAL, and the bell before it rings on"
done
for rings in 0 1001 4294967295; do
	steps "open eventfd bell ring=$rings ring rung=1 pause read" "Invalid argument, 1" "RING with $rings fails with EINVAL and rings nothing"
done
steps "open eventfd bell ring=1000 bell=-1" "" "RING with 1000 succeeds"
steps "open eventfd bell ring=100 ring=7 rung=100 pause read" "Device or resource busy, 100" \
	"RING while the bell rings fails with EBUSY, and the bell rings as often as before"
for bad in null unmapped kernel edge; do
	steps "open eventfd bell bell-at=$bad ring rung=1" "Bad address" "BELL with a bad pointer ($bad) fails with EFAULT, and the bell stays"
	steps "open eventfd bell ring-at=$bad growth" "Bad address, 0" "RING with a bad pointer ($bad) fails with EFAULT and rings nothing"
done
for bad in other-magic bell-size bell-direction ring-size ring-direction; do
	steps "open eventfd bell call=$bad growth ring rung=1" "Inappropriate ioctl for device, 0" \
		"a wrong number ($bad) fails with ENOTTY, and the bell stays"
done
steps "open rd wr" "Invalid argument, Invalid argument" "read(2) and write(2) of the device fail with EINVAL"

steps "open eventfd bell ring=1000 rung=1 bell=-1 growth ring" "0, $no_bell" "after BELL with -1 the bell does not ring any more"
steps "open eventfd bell ring=1000 rung=1 2:eventfd bell=other growth 2:growth ring 2:rung=1 2:pause 2:read growth" "0, 0, 1, 0" \
	"a new bell ends the ringing of the old one, and is rung from then on"
steps "open eventfd bell ring=1000 rung=1 bell growth ring" 0 "the same bell handed over again does not ring on"
steps "open eventfd bell ring=1000 rung=1 close growth" 0 "after close(2) of the device the bell does not ring any more"
steps "open eventfd bell drop ring=3 ring-later" "" "after close(2) of the eventfd RING still succeeds, and nobody hears it"
steps "open eventfd bell drop eventfd growth ring=3 growth" "0, 0" "after close(2) of the eventfd a new eventfd with the same number is not rung"
steps "open eventfd bell 2:open 2:ring 2:eventfd 2:bell 2:ring=2 2:rung=2 growth ring rung=1 2:growth read" "$no_bell, 0, 0, 1" \
	"two opens have bells of their own"
steps "open eventfd bell 2:open 2:bell=other ring=2 2:ring=3 rung=5 pause read" 5 "two opens can have the same bell"

# Other processes
steps "open eventfd bell fork c:ring=2 rung=2 pause read" 2 "a child has the bell of its parent rung, by the device that it inherited"
steps "open eventfd fork c:at=100 c:bell ring=2 rung=2 pause read" 2 \
	"a bell that a child hands over is found by the number that it has in the child"
steps "open fork c:eventfd c:bell c:send c:kill wait receive ring=2 rung=2 pause read" 2 \
	"a bell that a child made and handed over rings after the end of the child, and its parent hears it"
steps "open eventfd bell ring=1000 fork close rung=5 c:close growth" 0 "the bell rings until the last process has closed the device"
steps "eventfd fork c:open c:bell c:ring=1000 rung=1 c:kill wait growth" 0 "when a program is killed its bell does not ring any more"
steps "nobody open" "Permission denied" "a user who is not root may not open the node"
steps "open nobody eventfd bell ring=2 rung=2 pause read" 2 "a user who got the open device may hand over a bell and have it rung"
is "$(./eventfd_test race)" "0 wrong" "when two processes call RING at once, one of them succeeds and the other fails with EBUSY"
is "$(./eventfd_test storm)" "0 left, 1" "after four processes have handed over, taken back and rung bells at once, no eventfd is left, and a new bell rings"
is "$(./eventfd_test leak)" "0 0 0 0 0 0" "no eventfd is left, whether the device or the eventfd is closed first, or the bell is replaced or taken back"

log_is "$(said eventfd_kernel | grep -v taint)" "" "even with dyndbg nothing is logged"
exec 3<$file
is "$(try rmmod eventfd_kernel)" "rmmod: ERROR: Module eventfd_kernel is in use
exit 1" "rmmod is refused while the node is open"
exec 3<&-
steps "open eventfd bell ring=3 rung=3 rmmod close rmmod read" "Resource temporarily unavailable, 3" \
	"the kernel refuses with EAGAIN to unload the module while the device is open, and the eventfd alone does not prevent it"
is "$(ls $file 2>/dev/null; loaded eventfd_kernel)" "" "after the unload neither the node nor the module is left"
is "$(./eventfd_test reload) $(ls $file 2>/dev/null; loaded eventfd_kernel)" "100 " "100 loads and unloads succeed and leave nothing"

load ./eventfd_kernel.ko
before=$(said eventfd_kernel | wc -l)
is "$(user 2)" "kernel rang: 2" "after a second load the program works again"
is "$(said eventfd_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod eventfd_kernel
is "$(user)" "eventfd_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
