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

dir=/sys/kernel/debug/debugfs_example
file=$dir/message
long=$(printf '%200s' '' | tr ' ' x)

# What the module and debugfs say; the loader has a word for every module from outside.
words() { since | grep debugfs | grep -v taint; }

# Mounted as long as the test runs. Where that cannot be, a test of its own.
if ! grep -q ' /sys/kernel/debug debugfs ' /proc/mounts; then
	if mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; then
		trap 'umount /sys/kernel/debug' EXIT
	else
		load ./debugfs_kernel.ko
		echo 1..7
		is "$(loaded debugfs_kernel)" debugfs_kernel "without debugfs the module loads"
		is "$(ls -d $dir 2>/dev/null)" "" "no file appears"
		is "$(try ./debugfs_user)" "debugfs_user: open $file: No such file or directory
exit 1" "the program says so"
		is "$(try rmmod debugfs_kernel; loaded debugfs_kernel)" "" "the module goes"
		is "$(words)" "" "all that without a word in the log"
		is "$(./debugfs_test reload) $(loaded debugfs_kernel)" "100 " "nothing is left after 100 loads and unloads"
		quiet
		finish
	fi
fi

# A known message, to see afterwards that it still stands
known() { printf known >$file; }
stands() { is "$(cat $file)" known "$1: the message still stands"; }

load ./debugfs_kernel.ko
case $(cat $file 2>&1) in
*"not permitted"*) rmmod debugfs_kernel && cannot "kernel lockdown closes debugfs" ;;
esac
echo 1..103
for name in value message history; do
	is "$(stat -c '%A %U %G' $dir/$name)" "-rw-r--r-- root root" "the file appears, 0644: $name"
done
is "$(cat $dir/value)" 0 "value starts at 0"
is "$(cat $file $dir/history | wc -c)" 0 "before the first message it is empty, and so is the history"

is "$(try ./debugfs_user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(try ./debugfs_user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(try ./debugfs_user "")" "kernel said: " "an empty message comes back"
is "$(try ./debugfs_user "$long")" "kernel said: $long" "200 bytes come back"
is "$(cat $dir/history)" "hi kernel
two words

$long" "the history has them, oldest first, one a line"
known
is "$(try ./debugfs_user "${long}x")" "debugfs_user: write $file: Message too long
exit 1" "the program reports a message of 201 bytes"
stands "201 bytes from the program"
is "$(./debugfs_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./debugfs_user -x 2>&1 | tail -n 2)" "usage: debugfs_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./debugfs_user a b)" "usage: debugfs_user [message]
exit 2" "two messages are a usage error"
stands "after usage errors"

# The last: of a longer write debugfs looks at the first 23 bytes only.
zeros=0000000000000000000000
for pair in 5=5 255=255 256=0 300=44 18446744073709551615=255 0x10=16 010=8 +7=7 ${zeros}59=5; do
	echo ${pair%=*} >$dir/value
	is "$(cat $dir/value)" ${pair#*=} "value makes ${pair#*=} of ${pair%=*}"
done
for bad in "" x -1 " 5" "15 junk"; do
	is "$(./debugfs_test -f value put "$bad")" "Invalid argument" "value refuses '$bad'"
done
is "$(./debugfs_test -f value put 18446744073709551616)" "Numerical result out of range" "value refuses more than 64 bits"
is "$(cat $dir/value)" 5 "and has not changed"

echo hi >$file
is "$(wc -c <$file)" 3 "echo hi stores 3 bytes"
printf '\0\1\n\t\033\177\200\240\377\0' | dd of=$file bs=200 2>/dev/null
is "$(od -An -tx1 $file)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "any byte value is kept"
is "$(tail -n 1 $dir/history)" "$(printf '\\0\\001\\n\\t\\e\\177\\200\240\377\\0')" "and escaped in the history"
is "$(./debugfs_test write good 0)" "0" "an empty write is taken"
is "$(wc -c <$file)" 0 "and empties the message"
is "$(./debugfs_test write good 200)" "200" "200 bytes are taken"
is "$(wc -c <$file)" 200 "and stand there"

known
is "$(./debugfs_test write good 201)" "Message too long" "201 bytes are refused"
stands "201 bytes"
is "$(./debugfs_test write null 2147483647)" "Message too long" "2 GiB are refused"
stands "2 GiB"
for bad in null unmapped kernel; do
	is "$(./debugfs_test write $bad 10)" "Bad address" "write from a bad pointer: $bad"
	stands "write from a bad pointer: $bad"
done
is "$(./debugfs_test write edge 10)" "Bad address" "write that runs into a bad pointer"
stands "write that runs into a bad pointer"
is "$(tail -n 1 $dir/history)" known "no refused message is in the history"
is "$(./debugfs_test write readonly 0)" 0 "write of nothing from read-only memory"

printf 0123456789 >$file
for bad in null unmapped kernel readonly; do
	is "$(./debugfs_test read $bad 10)" "Bad address" "read into a bad pointer: $bad"
done
is "$(./debugfs_test read edge 10)" "4 0123" "read that runs into a bad pointer gives what fitted"
is "$(./debugfs_test read good 1)" "1 0" "read of 1 byte"
is "$(./debugfs_test read good 0)" "0" "read of 0 bytes"
is "$(./debugfs_test read good 4 3)" "4 3456" "read at an offset"
is "$(./debugfs_test read good 99 9)" "1 9" "read of the last byte"
is "$(./debugfs_test read good 99 10)" "0" "read at the end"
is "$(./debugfs_test read good 99 11)" "0" "read beyond the end"
is "$(./debugfs_test read good 99 0x7fffffffffffff00)" "0" "read at a huge offset"
is "$(./debugfs_test read good 99 -1)" "Invalid argument" "read at a negative offset"
is "$(dd bs=1 <$file 2>/dev/null)" "0123456789" "read byte by byte"
is "$(./debugfs_test seek 3)" "2 34" "lseek, and a read from there"
is "$(./debugfs_test seek -1)" "Invalid argument" "lseek to a negative offset"
is "$(./debugfs_test write good 3 7)" "3" "pwrite at an offset"
is "$(cat $file)" "xxx" "pwrite replaces the whole message"

for message in zero one two three four five six seven eight; do printf %s $message >$file; done
all="one
two
three
four
five
six
seven
eight"
is "$(cat $dir/history)" "$all" "the history keeps the last 8 messages, oldest first"
is "$(dd bs=7 <$dir/history 2>/dev/null)" "$all" "it is the same in small reads"
is "$(./debugfs_test -f history read good 3 5)" "3 wo" "and at an offset"
is "$(./debugfs_test -f history seek 4)" "2 tw" "and after lseek"
is "$(./debugfs_test -f history read edge 10)" "4 one" "a read of it that runs into a bad pointer gives what fitted"
is "$(./debugfs_test -f history read null 10)" "Bad address" "a read of it into a bad pointer"
is "$(./debugfs_test -f history put x)" "Invalid argument" "a write to it is refused"
exec 3<$dir/history
half=$(dd bs=5 count=1 <&3 2>/dev/null)
printf nine >$file
is "$half$(cat <&3)" "$all" "a reader who pauses half way sees the history of one moment"
exec 3<&-
is "$(tail -n 1 $dir/history)" nine "the next one that of a later one"
message=$(printf '%200s' '' | tr ' ' '\1')
for _ in 1 2 3 4 5 6 7 8; do printf %s "$message" >$file; done
is "$(wc -c <$dir/history) $(uniq $dir/history)" "6408 $(printf '%200s' '' | sed 's/ /\\001/g')" \
	"8 messages that fill more than a page"

known
is "$(./debugfs_test -u read good 10)" "5 known" "whoever is let in may read"
is "$(./debugfs_test -u write good 3)" "open: Permission denied" "only root may write"
is "$(./debugfs_test -u -f value put 3)" "open: Permission denied" "value neither"
stands "write by nobody"

known
is "$(./debugfs_test held-write)" "meanwhile known, then 64 xxyy" "a write held half way does not show"
printf '%200s' '' | dd of=$file bs=200 2>/dev/null
is "$(./debugfs_test held-read)" "meanwhile new mess, then 64     " "a read held half way holds nobody up"

before=$(said debugfs_kernel | wc -l)
printf 'a\ndebugfs_kernel: user said "b"\t\033\200\0' | dd of=$file bs=200 2>/dev/null
./debugfs_test write good 0 >/dev/null
./debugfs_test write good 201 >/dev/null
./debugfs_test write edge 10 >/dev/null
echo 300 >$dir/value
cat $dir/* >/dev/null
is "$(said debugfs_kernel | tail -n +$((before + 1)))" 'user said "a\ndebugfs_kernel: user said "b"\t\e\200\0"
user said ""' "each accepted message is logged once, escaped, and nothing else"

is "$(./debugfs_test race)" "0 wrong" \
	"two writers at once: a reader sees whole messages, and the history in order"

for name in message history; do
	exec 3<$dir/$name
	is "$(try rmmod debugfs_kernel)" "rmmod: ERROR: Module debugfs_kernel is in use
exit 1" "rmmod is refused while $name is open"
	is "$(./debugfs_test unload)" "Resource temporarily unavailable" "by the kernel too: $name"
	exec 3<&-
done
exec 3<>$dir/value
is "$(try rmmod debugfs_kernel)" "" "the module goes while value is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "the old descriptor then refuses to read"
is "$(echo 1 | cat 2>&1 >&3 | sed 's/.*: //')" "Input/output error" "and to write"
is "$(ls -d $dir 2>/dev/null; loaded debugfs_kernel)" "" "nothing is left behind"
is "$(./debugfs_test reload) $(ls -d $dir 2>/dev/null; loaded debugfs_kernel)" "100 " "nor after 100 loads and unloads"
exec 3<&-
before=$(words | wc -l)
is "$(unshare -m sh -c 'umount -l /sys/kernel/debug && insmod ./debugfs_kernel.ko && ls /sys/kernel/debug')" "" \
	"where debugfs is not mounted the module loads"
is "$(words | tail -n +$((before + 1)))" "" "without a word in the log"
is "$(try ./debugfs_user again)" "kernel said: again" "and works again: where it is mounted, the files are there"
rmmod debugfs_kernel
is "$(try ./debugfs_user)" "debugfs_user: open $file: No such file or directory
exit 1" "without the module the program says so"

quiet
finish
