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

file=/proc/procfs_example/message
long=$(printf '%200s' '' | tr ' ' x)

# A known message, to see afterwards that it still stands
known() { printf known >$file; }
stands() { now= && read -r now <$file; is "$now" known "$1: the message still stands"; }

load ./procfs_kernel.ko
echo 1..64
is "$(stat -c '%A %U %G' $file)" "-rw-r--r-- root root" "the file appears, 0644"
is "$(wc -c <$file)" 0 "before the first message it is empty"

is "$(try ./procfs_user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(try ./procfs_user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(try ./procfs_user "")" "kernel said: " "an empty message comes back"
is "$(try ./procfs_user "$long")" "kernel said: $long" "200 bytes come back"
known
is "$(try ./procfs_user "${long}x")" "procfs_user: write $file: Message too long
exit 1" "the program reports a message of 201 bytes"
stands "201 bytes from the program"
is "$(./procfs_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./procfs_user -x 2>&1 | tail -n 2)" "usage: procfs_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./procfs_user a b)" "usage: procfs_user [message]
exit 2" "two messages are a usage error"
stands "after usage errors"

echo hi >$file
is "$(wc -c <$file)" 3 "echo hi stores 3 bytes"
printf '\0\1\n\t\033\177\200\240\377\0' | dd of=$file bs=200 2>/dev/null
is "$(od -An -tx1 $file)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "any byte value is kept"
is "$(./procfs_test write good 0)" "0" "an empty write is taken"
is "$(wc -c <$file)" 0 "and empties the message"
is "$(./procfs_test write good 200)" "200" "200 bytes are taken"
is "$(wc -c <$file)" 200 "and stand there"

known
is "$(./procfs_test write good 201)" "Message too long" "201 bytes are refused"
stands "201 bytes"
is "$(./procfs_test write null 2147483647)" "Message too long" "2 GiB are refused"
stands "2 GiB"
for bad in null unmapped kernel; do
	is "$(./procfs_test write $bad 10)" "Bad address" "write from a bad pointer: $bad"
	stands "write from a bad pointer: $bad"
done
is "$(./procfs_test write edge 10)" "Bad address" "write that runs into a bad pointer"
stands "write that runs into a bad pointer"
is "$(./procfs_test write readonly 0)" 0 "write of nothing from read-only memory"

printf 0123456789 >$file
for bad in null unmapped kernel readonly; do
	is "$(./procfs_test read $bad 10)" "Bad address" "read into a bad pointer: $bad"
done
is "$(./procfs_test read edge 10)" "4 0123" "read that runs into a bad pointer gives what fitted"
is "$(./procfs_test read good 1)" "1 0" "read of 1 byte"
is "$(./procfs_test read good 0)" "0" "read of 0 bytes"
is "$(./procfs_test read good 4 3)" "4 3456" "read at an offset"
is "$(./procfs_test read good 99 9)" "1 9" "read of the last byte"
is "$(./procfs_test read good 99 10)" "0" "read at the end"
is "$(./procfs_test read good 99 11)" "0" "read beyond the end"
is "$(./procfs_test read good 99 0x7fffffffffffff00)" "0" "read at a huge offset"
is "$(./procfs_test read good 99 -1)" "Invalid argument" "read at a negative offset"
is "$(dd bs=1 <$file 2>/dev/null)" "0123456789" "read byte by byte"
is "$(./procfs_test seek 3)" "2 34" "lseek, and a read from there"
is "$(./procfs_test seek -1)" "Invalid argument" "lseek to a negative offset"
is "$(./procfs_test write good 3 7)" "3" "pwrite at an offset"
is "$(cat $file)" "xxx" "pwrite replaces the whole message"

known
is "$(./procfs_test -u read good 10)" "5 known" "anybody may read"
is "$(./procfs_test -u write good 3)" "open: Permission denied" "only root may write"
stands "write by nobody"

known
is "$(./procfs_test held-write)" "meanwhile known, then 64 xxyy" "a write held half way does not show"
printf '%200s' '' | dd of=$file bs=200 2>/dev/null
is "$(./procfs_test held-read)" "meanwhile new mess, then 64     " "a read held half way holds nobody up"

before=$(said procfs_kernel | wc -l)
printf 'a\nprocfs_kernel: user said "b"\t\033\200\0' | dd of=$file bs=200 2>/dev/null
./procfs_test write good 0 >/dev/null
./procfs_test write good 201 >/dev/null
./procfs_test write edge 10 >/dev/null
cat $file >/dev/null
is "$(said procfs_kernel | tail -n +$((before + 1)))" 'user said "a\nprocfs_kernel: user said "b"\t\e\200\0"
user said ""' "each accepted message is logged once, escaped, and nothing else"

is "$(./procfs_test race)" "0 failed, 0 mixed" "two writers at once: a reader sees one message or the other"

exec 3<>$file
is "$(try rmmod procfs_kernel)" "" "the module goes while the file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "the old descriptor then refuses to read"
is "$(echo x | cat 2>&1 >&3 | sed 's/.*: //')" "Input/output error" "and to write"
is "$(ls -d /proc/procfs_example 2>/dev/null; loaded procfs_kernel)" "" "nothing is left behind"
is "$(./procfs_test reload) $(ls -d /proc/procfs_example 2>/dev/null; loaded procfs_kernel)" "100 " "nor after 100 loads and unloads"
exec 3<&-
load ./procfs_kernel.ko
is "$(try ./procfs_user again)" "kernel said: again" "and it works again"
rmmod procfs_kernel
is "$(try ./procfs_user)" "procfs_user: open $file: No such file or directory
exit 1" "without the module the program says so"

quiet
finish
