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
# Stress: runs="./signal_user 2" more="./signal_user 0" files=$debugfs/signalconfpid options=-q
# Logs: signal_kernel: 
# Trace: also=get_signal

# Again with: debugfs=off

file=/sys/kernel/debug/signalconfpid
usage="usage: signal_user [-n] [count]
exit 2"
no_file="signal_user: open $file: No such file or directory
exit 1"

# The test mounts debugfs and unmounts it at its end. A kernel without debugfs has a test of its own.
if ! grep -q ' /sys/kernel/debug debugfs ' /proc/mounts; then
	if mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; then
		trap 'umount /sys/kernel/debug' EXIT
	elif grep -qw debugfs /proc/filesystems; then
		cannot "debugfs cannot be mounted"
	else
		# Not load(): it would take this errno for Secure Boot, where the module does not even start.
		why=$(try insmod ./signal_kernel.ko)
		[ -n "$(said signal_kernel | grep -v taint; loaded signal_kernel)" ] || cannot "$why"
		echo 1..6
		is "$why" "insmod: ERROR: could not insert module ./signal_kernel.ko: Operation not permitted
exit 1" "without debugfs the load fails with EPERM"
		is "$(said signal_kernel | grep -v taint)" "debugfs is missing or switched off, and this module needs it" \
			"without debugfs the module logs why it does not load"
		is "$(loaded signal_kernel)" "" "after the failed load the module is not left"
		is "$(try insmod ./signal_kernel.ko | tail -n 1; loaded signal_kernel)" "exit 1" \
			"without debugfs a second load fails, too"
		is "$(try ./signal_user)" "$no_file" "without the module the program reports that there is no such file"
		no_warnings
		finish
	fi
fi

load ./signal_kernel.ko dyndbg
case $(try sh -c ": >$file") in
*"not permitted"*) rmmod signal_kernel && cannot "kernel lockdown lets nobody open this file" ;;
esac
echo 1..78
is "$(stat -c '%A %U %G' $file)" "--w------- root root" "the file exists, belongs to root and has mode 0200"

answer="kernel said: 1234"
is "$(try ./signal_user)" "$answer" "the program gets one signal and prints its value"
is "$(try ./signal_user 3)" "$answer
$answer
$answer" "the program gets three signals"
is "$(./signal_user 1000 | uniq -c | tr -s ' ')" " 1000 $answer" "the program gets a thousand signals, one after the other"
is "$(try ./signal_user -n 5)" "signal 44: sent 5, arrived 5
SIGUSR1: sent 5, arrived 1" "of five waiting real-time signals all arrive, of five normal ones only one"
is "$(try ./signal_test blocked ./signal_user)" "$answer" "a program that starts with the signal blocked gets it too"
is "$(try ./signal_test limited ./signal_user -n 5)" "signal_user: write $file: Resource temporarily unavailable
exit 1" "the program reports that no more signals may wait"
for wrong in -x 0 -1 "" 1x x; do
	is "$(try ./signal_user "$wrong" | tail -n 2)" "$usage" "the argument '$wrong' is a usage error"
done
is "$(try ./signal_user 1 2)" "$usage" "two arguments are a usage error"
# A file that may not grow beyond one byte shows what the program does after a short write.
half=$(mktemp)
mount --bind "$half" $file
is "$(try ./signal_test one-byte ./signal_user -n | sed 's/of [0-9]* bytes/of all bytes/')" "signal_user: write $file: 1 of all bytes written
exit 1" "the program reports a short write"
umount $file
rm "$half"

for format in %lld %lld@ 0x%llx 0X%llX 0%llo +%lld 0x%032llx 0x%031llx@; do
	is "$(./signal_test write "$format")" "taken, 1 came" "a PID in the format '$format' is accepted (@ is a newline)"
done
for format in "" @ x %lldx " %lld" "%lld " %lld@@ "%lld 1" 0x 0 -0 -1 -%lld 09 1.5 \
	"0x%032llx and more" 0x%032llx@ %0100lld; do
	is "$(./signal_test write "$format")" "Invalid argument, 0 came" \
		"a text in the format '$format' fails with EINVAL and sends nothing (@ is a newline)"
done
for offset in 4294967296 -4294967296 2147483648; do
	is "$(./signal_test write %lld $offset)" "Numerical result out of range, 0 came" \
		"the PID plus $offset does not fit an int, fails with ERANGE and sends nothing"
done
is "$(./signal_test write 99999999999999999999999999999999999999999999%lld)" "Numerical result out of range, 0 came" \
	"a number of more than 40 digits fails with ERANGE and sends nothing"
is "$(./signal_test write 2147483647)" "No such process, 0 came" "the largest int is no PID and fails with ESRCH"
for bad in null unmapped kernel; do
	is "$(./signal_test pointer $bad)" "Bad address, 0 came" "a write from a bad pointer ($bad) fails with EFAULT and sends nothing"
done
is "$(./signal_test pointer edge)" "Bad address, 0 came" "a write that runs into a bad pointer fails with EFAULT and sends nothing"
is "$(./signal_test pointer good)" "taken, 1 came" "a write from a good pointer sends one signal"

is "$(./signal_test waitinfo)" "signal 44, code -1, int 1234, from 0, by 0" \
	"sigwaitinfo() returns SI_QUEUE, the value 1234 and no sender"
is "$(./signal_test signalfd)" "poll 0 then 1, read 2, signal 44, code -1, int 1234" \
	"a signalfd becomes readable and returns the signals with SI_QUEUE and 1234"
is "$(./signal_test queue)" "3 taken, then Resource temporarily unavailable, 3 came, then 0, 1 came" \
	"while the queue is full a write by root fails with EAGAIN"
is "$(./signal_test threads)" "a thread's number: No such process, 0 came to it, 0 to the main thread
the process's number: 10 came to the main thread, 0 to another" \
	"only the main thread gets the signal, and the number of another thread fails with ESRCH"
is "$(./signal_test waiter)" "a waiting thread: 0 came, signalfd 0, the main thread: 5 came" \
	"a thread that waits for the signal does not get it, neither by sigtimedwait() nor by a signalfd"
is "$(./signal_test leader)" "the main thread has ended: 0, 0 came to another" \
	"after the main thread has ended a write succeeds and no other thread gets the signal"
is "$(./signal_test zombie)" "ended: 0, reaped: No such process" \
	"a write to a zombie succeeds, and fails with ESRCH once its parent has waited for it"
is "$(try sh -c "echo 2 >$file")$(grep -E '^(Name|SigPnd|ShdPnd)' /proc/2/status)" "Name:	kthreadd
SigPnd:	0000000000000000
ShdPnd:	0000000000000000" \
	"a write to a kernel thread succeeds, and the thread ignores the signal"
is "$(./signal_test namespace)" "inside: own number 2: 0, 1 came, outer number: No such process
outside: 0 came, number of the one inside: 0, 1 came there" "a number counts in the PID namespace of the writer"
is "$(./signal_test reused)" "the first: 0, 1 came, nobody: No such process, the second: 0, 1 came" \
	"when a number passes to a new process, that process gets the signal"
is "$(./signal_test held)" "No such process" "a write fails with ESRCH if the process ends while the write is half done"
is "$(./signal_test exits)" "taken: some, gone: some, otherwise: 0" \
	"while processes start and end each write succeeds or fails with ESRCH"
is "$(./signal_test race)" "0 failed, 200 came" "two processes that write at once lose no signal"
is "$(./signal_test leak)" 12 "after a write the module holds neither the process nor its number"
is "$(try sh -c "echo \$\$ >$file; echo still here" 2>&1 | tail -n 1)" "exit 172" \
	"a program without a handler is killed by signal 44"

is "$(./signal_test nobody)" "open: Permission denied" "a user who is not root may not open the file"
is "$(./signal_test read)" "Invalid argument" "a read by root fails with EINVAL"
log_is "$(said signal_kernel | grep -v taint)" "" "even with dyndbg nothing is logged"

exec 3>$file
is "$(try rmmod signal_kernel)" "rmmod: ERROR: Module signal_kernel is in use
exit 1" "rmmod is refused while the file is open"
is "$(./signal_test unload)" "Resource temporarily unavailable" "while the file is open delete_module(2) fails with EAGAIN"
exec 3>&-
is "$(try rmmod signal_kernel; ls $file 2>/dev/null; loaded signal_kernel)" "" \
	"after the file is closed rmmod succeeds and leaves neither file nor module"
is "$(try ./signal_user)" "$no_file" "without the module the program reports that there is no such file"
is "$(./signal_user 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(./signal_test reload) $(ls $file 2>/dev/null; loaded signal_kernel)" "100 " "100 loads and unloads succeed and leave nothing"
load ./signal_kernel.ko
before=$(said signal_kernel | wc -l)
is "$(try ./signal_user)" "$answer" "after a second load the program works again"
is "$(said signal_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod signal_kernel

no_warnings
finish
