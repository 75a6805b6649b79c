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

# Again with: debugfs=off

file=/sys/kernel/debug/signalconfpid
usage="usage: signal_user [-n] [count]
exit 2"

# Mounted as long as the test runs. Where that cannot be, a test of its own.
if ! grep -q ' /sys/kernel/debug debugfs ' /proc/mounts; then
	if mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; then
		trap 'umount /sys/kernel/debug' EXIT
	elif grep -qw debugfs /proc/filesystems; then
		cannot "debugfs cannot be mounted"
	else
		# Not load(), which takes this errno for Secure Boot; that would keep the module from speaking.
		why=$(try insmod ./signal_kernel.ko)
		[ -n "$(said signal_kernel | grep -v taint; loaded signal_kernel)" ] || cannot "$why"
		echo 1..6
		is "$why" "insmod: ERROR: could not insert module ./signal_kernel.ko: Operation not permitted
exit 1" "without debugfs the module does not load"
		is "$(said signal_kernel | grep -v taint)" "debugfs is missing or switched off, and this module lives there" \
			"and says why"
		is "$(loaded signal_kernel)" "" "nothing is left behind"
		is "$(try insmod ./signal_kernel.ko | tail -n 1; loaded signal_kernel)" "exit 1" "nor the second time"
		is "$(try ./signal_user)" "signal_user: open $file: No such file or directory
exit 1" "the program says so"
		quiet
		finish
	fi
fi

load ./signal_kernel.ko
case $(try sh -c ": >$file") in
*"not permitted"*) rmmod signal_kernel && cannot "kernel lockdown closes debugfs" ;;
esac
echo 1..73
is "$(stat -c '%A %U %G' $file)" "--w------- root root" "the file appears, 0200"

answer="kernel said: 1234"
is "$(try ./signal_user)" "$answer" "the program gets a signal"
is "$(try ./signal_user 3)" "$answer
$answer
$answer" "and three"
is "$(./signal_user 1000 | uniq -c | tr -s ' ')" " 1000 $answer" "and a thousand, one after the other"
is "$(try ./signal_user -n 10)" "signal 44: sent 10, arrived 10
signal 10: sent 10, arrived 1" "ten that wait all arrive, of ten normal ones one does"
is "$(try ./signal_test blocked ./signal_user)" "$answer" "also with the signal blocked from birth"
is "$(try ./signal_test limited ./signal_user -n 10)" "signal_user: write $file: Resource temporarily unavailable
exit 1" "ten where three may wait: the program says so"
for wrong in -x 0 -1 "" 1x x; do
	is "$(try ./signal_user "$wrong" | tail -n 2)" "$usage" "a usage error: '$wrong'"
done
is "$(try ./signal_user 1 2)" "$usage" "a usage error: two counts"

for format in %lld %lld@ 0x%llx 0X%llX 0%llo +%lld 0x%029llx 0x%028llx@; do
	is "$(./signal_test write "$format")" "taken, 1 came" "a number: '$format'"
done
for format in "" @ x %lldx " %lld" "%lld " %lld@@ "%lld 1" 0x 0 -0 -1 -%lld 09 1.5 \
	"0x%032llx and more" %0100lld; do
	is "$(./signal_test write "$format")" "Invalid argument, 0 came" "no number of a process: '$format'"
done
for offset in 4294967296 -4294967296 2147483648; do
	is "$(./signal_test write %lld $offset)" "Numerical result out of range, 0 came" "no int: the PID and $offset"
done
is "$(./signal_test write 99999999999999999999999999999999999999999999%lld)" "Numerical result out of range, 0 came" \
	"no int: 44 digits before it"
is "$(./signal_test write 2147483647)" "No such process, 0 came" "the largest int is no process"
for bad in null unmapped kernel; do
	is "$(./signal_test pointer $bad)" "Bad address, 0 came" "a write from a bad pointer: $bad"
done
is "$(./signal_test pointer edge)" "Bad address, 0 came" "a write that runs into a bad pointer"
is "$(./signal_test pointer good)" "taken, 1 came" "a write from a good one"

is "$(./signal_test waitinfo)" "signal 44, code -1, int 1234, from 0, by 0" \
	"sigwaitinfo() gives SI_QUEUE, the number, and no sender"
is "$(./signal_test signalfd)" "poll 0 then 1, read 2, signal 44, code -1, int 1234" "so does a signalfd, to poll and to read"
is "$(./signal_test queue)" "3 taken, then Resource temporarily unavailable, 3 came, then 0, 1 came" \
	"a full queue refuses, root's too, and takes again when there is room"
is "$(./signal_test threads)" "a thread's number: No such process, 0 came to it, 0 to the main thread
the process's number: 10 came to the main thread, 0 to another" "the main thread gets it, and no other"
is "$(./signal_test leader)" "the main thread has ended: 0, 0 came to another" "nor when the main thread has ended"
is "$(./signal_test zombie)" "ended: 0, reaped: No such process" "a zombie takes it, as from kill(2)"
is "$(./signal_test namespace)" "inside: own number 2: 0, 1 came, outer number: No such process
outside: 0 came, number of the one inside: 0, 1 came there" "a number means what it means in the writer's PID namespace"
is "$(./signal_test reused)" "the first: 0, 1 came, nobody: No such process, the second: 0, 1 came" \
	"a number that passes to another process means that one"
is "$(./signal_test held)" "No such process" "a process that ends while the write is under way"
is "$(./signal_test exits)" "taken: some, gone: some, otherwise: 0" "processes that come and go under a writer's hands"
is "$(./signal_test race)" "0 failed, 200 came" "two writers at once: none is lost"
is "$(./signal_test leak)" 12 "no process is held when the write is over"
is "$(try sh -c "echo \$\$ >$file; echo still here" 2>&1 | tail -n 1)" "exit 172" \
	"who is not prepared is killed, by signal 44"

is "$(./signal_test nobody)" "open: Permission denied" "only root may write"
is "$(./signal_test read)" "Invalid argument" "nobody reads, not even root"
is "$(said signal_kernel | grep -v taint)" "" "nothing of that is logged"

exec 3>$file
is "$(try rmmod signal_kernel)" "rmmod: ERROR: Module signal_kernel is in use
exit 1" "rmmod is refused while the file is open"
is "$(./signal_test unload)" "Resource temporarily unavailable" "by the kernel too"
exec 3>&-
is "$(try rmmod signal_kernel; ls $file 2>/dev/null; loaded signal_kernel)" "" "when it is closed the module goes and leaves nothing"
is "$(try ./signal_user)" "signal_user: open $file: No such file or directory
exit 1" "without the module the program says so"
is "$(./signal_user 2>/dev/null)" "" "and prints nothing on standard output"
is "$(./signal_test reload) $(ls $file 2>/dev/null; loaded signal_kernel)" "100 " "nothing is left after 100 loads and unloads"
load ./signal_kernel.ko
is "$(try ./signal_user)" "$answer" "and it works again"
rmmod signal_kernel

quiet
finish
