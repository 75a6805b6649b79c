#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests this page on the running kernel: make && sudo ./test.sh
# Prints TAP: one line "ok" or "not ok" for each check. Exit status: 0 all checks passed, 1 some
# failed, 4 the test could not run on this machine.
# Debian's kernel logs this when a program asks for permission events, once:
# Logs: opens \([0-9]*\): Using fanotify permission checks may lead to deadlock
cd "$(dirname "$0")" || exit 1
export LC_ALL=C
count=0 failed=0

# is GOT WANTED NAME: one check
is() {
	count=$((count + 1))
	[ "$1" != "$2" ] || { echo "ok $count - $3" && return; }
	failed=$((failed + 1))
	echo "not ok $count - $3"
	printf 'got:    %s\nwanted: %s\n' "$1" "$2" | sed 's/^/# /'
}
# try COMMAND: prints what the command prints, and its exit status unless that is 0
try() { timeout 20 "$@" 2>&1 || echo "exit $?"; }
# fault WHAT COMMAND: runs the command, while strace does that to it. Its child may go on for a second. Then what
# is left of them is ended, and what they have said is printed.
fault() {
	what=$1
	shift
	setsid timeout 20 strace -o /dev/null -e "trace=${what%%:*}" -e "inject=$what" "$@" >said 2>&1 &
	wait $! 2>/dev/null # the shell says how it ended
	sleep 1
	kill -s KILL -- -$! 2>/dev/null
	cat said
}
# made: prints which of the directories there are, and removes them
made() { ls -d /tmp/asks-good /tmp/asks-bad 2>/dev/null; rmdir /tmp/asks-good /tmp/asks-bad 2>/dev/null; }
cannot() {
	echo "1..0 # SKIP $1"
	exit 4
}

[ "$(id -u)" = 0 ] || cannot "only root may use fanotify. Run: sudo ./test.sh"
for f in asks opens waits; do [ -x $f ] || cannot "$f is missing. Run: make"; done
command -v strace >/dev/null || cannot "strace is missing. Install it: apt install strace"
for f in /tmp/asks-good /tmp/asks-bad; do [ ! -e $f ] || cannot "there is $f already. Remove it first"; done
trap 'rm -rf said plain plain.d' EXIT

# seccomp
is "$(try ./asks /tmp/asks-good && made)" "the kernel asks: mkdirat /tmp/asks-good
/tmp/asks-good" "the call that the parent lets go on makes the directory"
is "$(try ./asks /tmp/asks-bad && made)" "the kernel asks: mkdirat /tmp/asks-bad
asks: child: mkdirat /tmp/asks-bad: Operation not permitted
exit 1" "the call that the parent refuses fails with EPERM and makes nothing"
is "$(try ./asks /tmp/asks-good /tmp/asks-bad && made)" "the kernel asks: mkdirat /tmp/asks-good
/tmp/asks-bad" "a path that changes after the look gets round the rule"
is "$(try su -s /bin/sh nobody -c './asks /tmp/asks-bad')" "the kernel asks: mkdirat /tmp/asks-bad
asks: child: mkdirat /tmp/asks-bad: Operation not permitted
exit 1" "no privilege is needed"
# The first ioctl is NOTIF_RECV, the second NOTIF_ID_VALID. The child makes none.
is "$(fault ioctl:signal=SIGKILL:when=1 ./asks /tmp/asks-good && made)" \
	"asks: child: mkdirat /tmp/asks-good: Function not implemented" "if the parent ends, the call fails with ENOSYS"
# The child is the younger of the two, and so the last.
{ sleep 1.5 && kill -KILL "$(grep -slx asks /proc/[0-9]*/comm | cut -d / -f 3 | sort -n | tail -n 1)"; } &
is "$(fault ioctl:delay_enter=3000000:when=2 ./asks /tmp/asks-good)" "" "the parent does not believe what it read from a process that has ended"

# fanotify
echo plain >plain
is "$(try ./opens plain)" "the kernel asks: open plain
opens: child: open plain: Operation not permitted
exit 1" "the kernel asks about a regular file, and the answer no is EPERM"
is "$(try ./opens /sys/kernel/uevent_seqnum)" "the kernel asks: open /sys/kernel/uevent_seqnum
opens: child: open /sys/kernel/uevent_seqnum: Operation not permitted
exit 1" "the kernel asks about a file of sysfs"
file=$(find /sys/kernel/debug -maxdepth 1 -type f 2>/dev/null | head -n 1)
if [ -n "$file" ]; then
	is "$(try ./opens "$file")" "the kernel asks: open $file
opens: child: open $file: Operation not permitted
exit 1" "the kernel asks about a file of debugfs"
else
	count=$((count + 1))
	echo "ok $count - the kernel asks about a file of debugfs # SKIP debugfs has no file here"
fi
mkdir plain.d
is "$(try ./opens plain.d)" "the kernel asks: open plain.d
opens: child: open plain.d: Operation not permitted
exit 1" "the kernel asks about a directory"
is "$(try ./opens /dev/null)" "child: opened /dev/null" "the kernel does not ask about a device"
is "$(try ./opens /proc/version)" "opens: fanotify_mark /proc/version: Invalid argument
exit 1" "fanotify takes no file of procfs"
is "$(try su -s /bin/sh nobody -c './opens /tmp')" "opens: fanotify_init: Operation not permitted
exit 1" "only root may answer"
is "$(fault '?poll,?ppoll:signal=SIGKILL:when=1' ./opens plain)" "child: opened plain" \
	"if the program ends, every open succeeds"

# LSM
[ -e /sys/kernel/security/lsm ] || mount -t securityfs securityfs /sys/kernel/security
echo "# $(cat /sys/kernel/security/lsm)"
is "$(tr ',' '\n' </sys/kernel/security/lsm | grep -x capability)" capability "/sys/kernel/security/lsm lists the LSMs"

# The ways to wait
is "$(try ./waits timer)" "the timer has expired 1 time" "a timerfd becomes readable when the timer expires"
is "$(try ./waits signal)" "signal 15 has arrived" "a signalfd returns the signal, which ends nobody"
is "$(try ./waits file)" "the directory is removed" "inotify reports that a directory is removed"
is "$(try ./waits word)" "the word is 42" "futex(2) returns when the other process has changed the word"
is "$(try ./waits)" "usage: waits timer|signal|file|word
exit 2" "without a word the usage is printed"

echo "1..$count"
[ $failed = 0 ]
