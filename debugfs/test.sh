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
# Stress: files="$debugfs/debugfs_example/value $debugfs/debugfs_example/message $debugfs/debugfs_example/history"
# Stress: options=-u # without its files it does nothing, and that is meant

# Again with: debugfs=off

dir=/sys/kernel/debug/debugfs_example
file=$dir/message
long=$(printf '%200s' '' | tr ' ' x)

# What the module and debugfs log, without the line for every module that is not part of the kernel
words() { since | grep debugfs | grep -v taint; }

# debugfs is mounted while the test runs. Where that is impossible, a shorter test runs.
if ! grep -q ' /sys/kernel/debug debugfs ' /proc/mounts; then
	if mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; then
		trap 'umount /sys/kernel/debug' EXIT
	else
		load ./debugfs_kernel.ko
		echo 1..7
		is "$(loaded debugfs_kernel)" debugfs_kernel "without debugfs the module loads"
		is "$(ls -d $dir 2>/dev/null)" "" "without debugfs there is no directory"
		is "$(try ./debugfs_user)" "debugfs_user: open $file: No such file or directory
exit 1" "without debugfs the program reports that there is no such file"
		is "$(try rmmod debugfs_kernel; loaded debugfs_kernel)" "" "without debugfs the module can be removed"
		is "$(words)" "" "without debugfs the module logs nothing"
		is "$(./debugfs_test reload) $(loaded debugfs_kernel)" "100 " "without debugfs 100 loads and unloads succeed"
		no_warnings
		finish
	fi
fi

# A known message, to see afterwards that it has not changed
known() { printf known >$file; }
unchanged() {
	is "$(cat $file) $(tail -n 1 $dir/history)" "known known" "after $1 message and history are unchanged"
	known
}

load ./debugfs_kernel.ko dyndbg
# Under lockdown, which often comes with Secure Boot, a shorter test runs.
case $(cat $file 2>&1) in
*"not permitted"*)
	echo 1..6
	is "$(stat -c '%A %U %G' $dir/history)" "-r--r--r-- root root" "the file history exists, belongs to root and has mode 0444"
	is "$(try cat $dir/history)" "" "under lockdown history can be read"
	is "$(try cat $dir/value | sed 's/.*: //')" "Operation not permitted
exit 1" "under lockdown value cannot be opened"
	is "$(try ./debugfs_user)" "debugfs_user: open $file: Operation not permitted
exit 1" "under lockdown the program reports that message cannot be opened"
	is "$(try rmmod debugfs_kernel; ls -d $dir 2>/dev/null; loaded debugfs_kernel)" "" "after rmmod neither the directory nor the module is left"
	no_warnings
	finish
	;;
esac
echo 1..109
for name in value message; do
	is "$(stat -c '%A %U %G' $dir/$name)" "-rw-r--r-- root root" "the file $name exists, belongs to root and has mode 0644"
done
is "$(stat -c '%A %U %G' $dir/history)" "-r--r--r-- root root" "the file history exists, belongs to root and has mode 0444"
is "$(cat $dir/value)" 0 "value starts at 0"
is "$(cat $file $dir/history | wc -c)" 0 "before the first message, message and history are empty"

is "$(try ./debugfs_user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(try ./debugfs_user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(try ./debugfs_user "")" "kernel said: " "an empty message comes back"
is "$(try ./debugfs_user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(cat $dir/history)" "hi kernel
two words

$long" "history has the program's messages, oldest first, one per line"
known
is "$(try ./debugfs_user "${long}x")" "debugfs_user: write $file: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(./debugfs_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
unchanged "201 bytes from the program"
is "$(try ./debugfs_user -x 2>&1 | tail -n 2)" "usage: debugfs_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./debugfs_user a b)" "usage: debugfs_user [message]
exit 2" "two arguments are a usage error"
unchanged "usage errors"

# Our file takes a message whole or not at all. Other files in its place show what else a program
# can meet: one that may not grow beyond 512 bytes, and /dev/null, which returns nothing.
half=$(mktemp)
mount --bind "$half" $file
is "$(ulimit -f 1 && try ./debugfs_user "$long$long$long")" "debugfs_user: write $file: 512 of 600 bytes written
exit 1" "the program reports a short write"
umount $file
rm "$half"
mount --bind /dev/null $file
is "$(try ./debugfs_user)" "debugfs_user: pread $file: the file is empty
exit 1" "the program reports that its message did not come back"
umount $file

# The last one: debugfs looks at the first 23 bytes of a longer write only.
zeros=0000000000000000000000
for pair in 5=5 255=255 256=0 300=44 18446744073709551615=255 0x10=16 010=8 +7=7 ${zeros}59=5; do
	echo ${pair%=*} >$dir/value
	is "$(cat $dir/value)" ${pair#*=} "after a write of ${pair%=*} to value a read returns ${pair#*=}"
done
for bad in "" x -1 " 5" "15 junk"; do
	is "$(./debugfs_test -f value put "$bad")" "Invalid argument" "a write of '$bad' to value fails with EINVAL"
done
is "$(./debugfs_test -f value put 18446744073709551616)" "Numerical result out of range" \
	"a write of more than 64 bits to value fails with ERANGE"
is "$(cat $dir/value)" 5 "after writes that failed value is unchanged"

echo hi >$file
is "$(wc -c <$file)" 3 "echo hi stores 3 bytes"
printf '\0\1\n\t\033\177\200\240\377\0' | dd of=$file bs=200 2>/dev/null
is "$(od -An -tx1 $file)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "bytes of any value are stored unchanged"
is "$(tail -n 1 $dir/history)" "$(printf '\\0\\001\\n\\t\\e\\177\\200\240\377\\0')" "history shows control bytes escaped"
is "$(./debugfs_test write good 0)" "0" "a write of 0 bytes succeeds"
is "$(wc -c <$file)" 0 "after a write of 0 bytes the file is empty"
is "$(./debugfs_test write good 200)" "200" "a write of 200 bytes succeeds"
is "$(wc -c <$file)" 200 "after a write of 200 bytes the file has 200 bytes"

known
is "$(./debugfs_test write good 201)" "Message too long" "a write of 201 bytes fails with EMSGSIZE"
unchanged "a write of 201 bytes"
is "$(./debugfs_test write null 2147483647)" "Message too long" "a write of 2 GiB fails with EMSGSIZE"
unchanged "a write of 2 GiB"
for bad in null unmapped kernel; do
	is "$(./debugfs_test write $bad 10)" "Bad address" "a write from a bad pointer ($bad) fails with EFAULT"
	unchanged "a write from a bad pointer ($bad)"
done
is "$(./debugfs_test write edge 10)" "Bad address" "a write that runs into a bad pointer fails with EFAULT"
unchanged "a write that runs into a bad pointer"
is "$(./debugfs_test write readonly 0)" 0 "a write of 0 bytes from read-only memory succeeds"

printf 0123456789 >$file
for bad in null unmapped kernel readonly; do
	is "$(./debugfs_test read $bad 10)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
# Four bytes fit. Where a processor copies more than a byte at a time, fewer may arrive.
got=$(./debugfs_test read edge 10)
case $got in "1 0" | "2 01" | "3 012") got="4 0123" ;; esac
is "$got" "4 0123" "a read that runs into a bad pointer returns what fitted"
is "$(./debugfs_test read good 1)" "1 0" "a read of 1 byte returns 1 byte"
is "$(./debugfs_test read good 0)" "0" "a read of 0 bytes returns 0"
is "$(./debugfs_test read good 4 3)" "4 3456" "a read at offset 3 returns the bytes from there on"
is "$(./debugfs_test read good 99 9)" "1 9" "a read at the last byte returns 1 byte"
is "$(./debugfs_test read good 99 10)" "0" "a read at the end returns 0"
is "$(./debugfs_test read good 99 11)" "0" "a read beyond the end returns 0"
is "$(./debugfs_test read good 99 0x7fffffffffffff00)" "0" "a read at a huge offset returns 0"
is "$(./debugfs_test read good 99 -1)" "Invalid argument" "a read at a negative offset fails with EINVAL"
is "$(dd bs=1 <$file 2>/dev/null)" "0123456789" "reads of one byte each return the whole message"
is "$(./debugfs_test seek 3)" "2 34" "after lseek to offset 3 a read begins there"
is "$(./debugfs_test seek -1)" "Invalid argument" "lseek to a negative offset fails with EINVAL"
is "$(./debugfs_test write good 3 7)" "3" "a write at offset 7 succeeds"
is "$(cat $file)" "xxx" "a write at offset 7 replaces the whole message"
exec 3<>$file
printf first >&3
is "$(cat <&3)" "" "a write moves the file position behind the message"
printf second >&3
is "$(cat $file)" "second" "a second write to the open file replaces the whole message"
exec 3<&-

for message in zero one two three four five six seven eight; do printf %s $message >$file; done
all="one
two
three
four
five
six
seven
eight"
is "$(cat $dir/history)" "$all" "history keeps the last 8 messages, oldest first"
is "$(dd bs=7 <$dir/history 2>/dev/null)" "$all" "small reads return the whole history"
is "$(./debugfs_test -f history read good 3 5)" "3 wo" "a read of history at offset 5 returns the bytes from there on"
is "$(./debugfs_test -f history seek 4)" "2 tw" "after lseek to offset 4 a read of history begins there"
got=$(./debugfs_test -f history read edge 10)
case $got in "1 o" | "2 on" | "3 one") got="4 one" ;; esac
is "$got" "4 one" "a read of history that runs into a bad pointer returns what fitted"
is "$(./debugfs_test -f history read null 10)" "Bad address" "a read of history into a bad pointer fails with EFAULT"
is "$(./debugfs_test -f history put x)" "Invalid argument" "a write to history fails with EINVAL, for root too"
exec 3<$dir/history
half=$(dd bs=5 count=1 <&3 2>/dev/null)
printf nine >$file
is "$half$(cat <&3)" "$all" "a reader of history that pauses half way sees the history of one moment"
exec 3<&-
is "$(tail -n 1 $dir/history)" nine "after a new message the next reader of history sees it"
message=$(printf '%200s' '' | tr ' ' '\1')
for _ in 1 2 3 4 5 6 7 8; do printf %s "$message" >$file; done
is "$(wc -c <$dir/history) $(uniq $dir/history)" "6408 $(printf '%200s' '' | sed 's/ /\\001/g')" \
	"a history of more than a page is shown whole"

known
is "$(./debugfs_test -u read good 10)" "5 known" "a user who is not root may read message, if the directory lets the user in"
is "$(./debugfs_test -u write good 3)" "open: Permission denied" "a user who is not root may not write message"
is "$(./debugfs_test -u -f value put 3)" "open: Permission denied" "a user who is not root may not write value"
unchanged "writes by a user who is not root"

known
is "$(./debugfs_test held-write)" "meanwhile known, then 64 xxyy" "while a write is half done others read the old message"
printf '%200s' '' | tr ' ' a | dd of=$file bs=200 2>/dev/null
is "$(./debugfs_test held-read)" "meanwhile bbbbbbbb, then 64 aaaa" \
	"while a read is half done others can write, and the read still returns the old message"
printf '%200s' '' | tr ' ' a | dd of=$file bs=200 2>/dev/null
is "$(./debugfs_test held-readv)" "meanwhile bbbbbbbb, then 68 aaaabbbb" \
	"a readv reads once for each segment, and can return parts of two messages"
is "$(./debugfs_test race)" "0 wrong" \
	"while two processes write at once each message stays whole, and history is in order"

before=$(said debugfs_kernel | wc -l)
is "$(./debugfs_test writev)" 4 "a writev of two segments succeeds"
is "$(cat $file)" "cd" "a writev writes one message for each segment, and the last one stays"
printf 'a\ndebugfs_kernel: user said "b"\t\033\200\0' | dd of=$file bs=200 2>/dev/null
./debugfs_test write good 0 >/dev/null
./debugfs_test write good 201 >/dev/null
./debugfs_test write edge 10 >/dev/null
echo 300 >$dir/value
cat $dir/* >/dev/null
log_is "$(said debugfs_kernel | tail -n +$((before + 1)))" 'user said "ab"
user said "cd"
user said "a\ndebugfs_kernel: user said "b"\t\e\200\0"
user said ""' "with dyndbg each accepted message is logged once, escaped, and nothing else is logged"

for name in message history; do
	exec 3<$dir/$name
	is "$(try rmmod debugfs_kernel)" "rmmod: ERROR: Module debugfs_kernel is in use
exit 1" "rmmod is refused while $name is open"
	is "$(./debugfs_test unload)" "Resource temporarily unavailable" "while $name is open the kernel refuses with EAGAIN to unload the module"
	exec 3<&-
done
exec 3<>$dir/value
is "$(try rmmod debugfs_kernel)" "" "rmmod succeeds while value is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "after rmmod a read from the open value fails with EIO"
is "$(echo 1 | cat 2>&1 >&3 | sed 's/.*: //')" "Input/output error" "after rmmod a write to the open value fails with EIO"
is "$(ls -d $dir 2>/dev/null; loaded debugfs_kernel)" "" "after rmmod neither the directory nor the module is left"
is "$(./debugfs_test reload) $(ls -d $dir 2>/dev/null; loaded debugfs_kernel)" "100 " \
	"100 loads and unloads succeed and leave nothing"
exec 3<&-

before=$(words | wc -l)
is "$(unshare -m sh -c 'umount -l /sys/kernel/debug && insmod ./debugfs_kernel.ko && ls /sys/kernel/debug')" "" \
	"where debugfs is not mounted the module loads"
is "$(try ./debugfs_user again)" "kernel said: again" "after a second load the program works where debugfs is mounted"
is "$(words | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod debugfs_kernel
is "$(try ./debugfs_user)" "debugfs_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
