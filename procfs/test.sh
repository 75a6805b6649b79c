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
# Stress: files=/proc/procfs_example/message

file=/proc/procfs_example/message
long=$(printf '%200s' '' | tr ' ' x)

# A known message, to see afterwards that it has not changed
known() { printf known >$file; }
unchanged() {
	is "$(cat $file)" known "after $1 the message is unchanged"
	known
}

load ./procfs_kernel.ko dyndbg
echo 1..72
is "$(stat -c '%A %U %G' $file)" "-rw-r--r-- root root" "the file exists, belongs to root and has mode 0644"
is "$(wc -c <$file)" 0 "before the first message the file is empty"

is "$(try ./procfs_user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(try ./procfs_user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(try ./procfs_user "")" "kernel said: " "an empty message comes back"
is "$(try ./procfs_user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
known
is "$(try ./procfs_user "${long}x")" "procfs_user: write $file: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(./procfs_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
unchanged "201 bytes from the program"
is "$(try ./procfs_user -x 2>&1 | tail -n 2)" "usage: procfs_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./procfs_user a b)" "usage: procfs_user [message]
exit 2" "two arguments are a usage error"
unchanged "usage errors"

# Our file takes a message whole or not at all. Other files in its place show what else a program
# can meet: one that may not grow beyond 512 bytes, and /dev/null, which returns nothing.
half=$(mktemp)
mount --bind "$half" $file
is "$(ulimit -f 1 && try ./procfs_user "$long$long$long")" "procfs_user: write $file: 512 of 600 bytes written
exit 1" "the program reports a short write"
umount $file
rm "$half"
mount --bind /dev/null $file
is "$(try ./procfs_user)" "procfs_user: pread $file: the file is empty
exit 1" "the program reports that its message did not come back"
umount $file

echo hi >$file
is "$(wc -c <$file)" 3 "echo hi stores 3 bytes"
printf '\0\1\n\t\033\177\200\240\377\0' | dd of=$file bs=200 2>/dev/null
is "$(od -An -tx1 $file)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "bytes of any value are stored unchanged"
is "$(./procfs_test write good 0)" "0" "a write of 0 bytes succeeds"
is "$(wc -c <$file)" 0 "after a write of 0 bytes the file is empty"
is "$(./procfs_test write good 200)" "200" "a write of 200 bytes succeeds"
is "$(wc -c <$file)" 200 "after a write of 200 bytes the file has 200 bytes"

known
is "$(./procfs_test write good 201)" "Message too long" "a write of 201 bytes fails with EMSGSIZE"
unchanged "a write of 201 bytes"
is "$(./procfs_test write null 2147483647)" "Message too long" "a write of 2 GiB fails with EMSGSIZE"
unchanged "a write of 2 GiB"
for bad in null unmapped kernel; do
	is "$(./procfs_test write $bad 10)" "Bad address" "a write from a bad pointer ($bad) fails with EFAULT"
	unchanged "a write from a bad pointer ($bad)"
done
is "$(./procfs_test write edge 10)" "Bad address" "a write that runs into a bad pointer fails with EFAULT"
unchanged "a write that runs into a bad pointer"
is "$(./procfs_test write readonly 0)" 0 "a write of 0 bytes from read-only memory succeeds"

printf 0123456789 >$file
for bad in null unmapped kernel readonly; do
	is "$(./procfs_test read $bad 10)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
# Four bytes fit. Where a processor copies more than a byte at a time, fewer may arrive.
got=$(./procfs_test read edge 10)
case $got in "1 0" | "2 01" | "3 012") got="4 0123" ;; esac
is "$got" "4 0123" "a read that runs into a bad pointer returns what fitted"
is "$(./procfs_test read good 1)" "1 0" "a read of 1 byte returns 1 byte"
is "$(./procfs_test read good 0)" "0" "a read of 0 bytes returns 0"
is "$(./procfs_test read good 4 3)" "4 3456" "a read at offset 3 returns the bytes from there on"
is "$(./procfs_test read good 99 9)" "1 9" "a read at the last byte returns 1 byte"
is "$(./procfs_test read good 99 10)" "0" "a read at the end returns 0"
is "$(./procfs_test read good 99 11)" "0" "a read beyond the end returns 0"
is "$(./procfs_test read good 99 0x7fffffffffffff00)" "0" "a read at a huge offset returns 0"
is "$(./procfs_test read good 99 -1)" "Invalid argument" "a read at a negative offset fails with EINVAL"
is "$(dd bs=1 <$file 2>/dev/null)" "0123456789" "reads of one byte each return the whole message"
is "$(./procfs_test seek 3)" "2 34" "after lseek to offset 3 a read begins there"
is "$(./procfs_test seek -1)" "Invalid argument" "lseek to a negative offset fails with EINVAL"
is "$(./procfs_test write good 3 7)" "3" "a write at offset 7 succeeds"
is "$(cat $file)" "xxx" "a write at offset 7 replaces the whole message"
exec 3<>$file
printf first >&3
is "$(cat <&3)" "" "a write moves the file position behind the message"
printf second >&3
is "$(cat $file)" "second" "a second write to the open file replaces the whole message"
exec 3<&-

known
is "$(./procfs_test -u read good 10)" "5 known" "a user who is not root may read"
is "$(./procfs_test -u write good 3)" "open: Permission denied" "a user who is not root may not write"
unchanged "a write by a user who is not root"

known
is "$(./procfs_test held-write)" "meanwhile known, then 64 xxyy" "while a write is half done others read the old message"
printf '%200s' '' | tr ' ' a | dd of=$file bs=200 2>/dev/null
is "$(./procfs_test held-read)" "meanwhile bbbbbbbb, then 64 aaaa" \
	"while a read is half done others can write, and the read still returns the old message"
printf '%200s' '' | tr ' ' a | dd of=$file bs=200 2>/dev/null
is "$(./procfs_test held-readv)" "meanwhile bbbbbbbb, then 68 aaaabbbb" \
	"a readv reads once for each segment, and can return parts of two messages"
is "$(./procfs_test race)" "0 failed, 0 mixed" "while two processes write at once each read returns one whole message"

before=$(said procfs_kernel | wc -l)
is "$(./procfs_test writev)" 4 "a writev of two segments succeeds"
is "$(cat $file)" "cd" "a writev writes one message for each segment, and the last one stays"
printf 'a\nprocfs_kernel: user said "b"\t\033\200\0' | dd of=$file bs=200 2>/dev/null
./procfs_test write good 0 >/dev/null
./procfs_test write good 201 >/dev/null
./procfs_test write edge 10 >/dev/null
cat $file >/dev/null
log_is "$(said procfs_kernel | tail -n +$((before + 1)))" 'user said "ab"
user said "cd"
user said "a\nprocfs_kernel: user said "b"\t\e\200\0"
user said ""' "with dyndbg each accepted message is logged once, escaped, and nothing else is logged"

exec 3<>$file
is "$(try rmmod procfs_kernel)" "" "rmmod succeeds while the file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "after rmmod a read from the open file fails with EIO"
is "$(echo x | cat 2>&1 >&3 | sed 's/.*: //')" "Input/output error" "after rmmod a write to the open file fails with EIO"
is "$(ls -d /proc/procfs_example 2>/dev/null; loaded procfs_kernel)" "" "after rmmod neither the directory nor the module is left"
is "$(./procfs_test reload) $(ls -d /proc/procfs_example 2>/dev/null; loaded procfs_kernel)" "100 " \
	"100 loads and unloads succeed and leave nothing"
exec 3<&-

load ./procfs_kernel.ko
before=$(said procfs_kernel | wc -l)
is "$(try ./procfs_user again)" "kernel said: again" "after a second load the program works again"
is "$(said procfs_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod procfs_kernel
is "$(try ./procfs_user)" "procfs_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
