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
# Stress: runs="./sysctl_user 12" more="./sysctl_user 21" files="/proc/sys/net/test/value1 /proc/sys/net/test/value2"
# Stress: least=0 # all memory is the kernel's own
# Trace: also=proc_dointvec_minmax # the module itself is only a table

dir=/proc/sys/net/test
file=$dir/value1

# Known numbers, to see afterwards that they have not changed
known() { echo 11 >$file && echo 12 >$dir/value2; }
values() { paste -d ' ' $dir/value1 $dir/value2; }
unchanged() {
	is "$(values)" "11 12" "after $1 the numbers are unchanged"
	known
}

load ./sysctl_kernel.ko dyndbg
echo 1..88
before=$(said sysctl_kernel | wc -l)
is "$(stat -c '%A %U %G' $dir/value1 $dir/value2)" "-rw-r--r-- root root
-rw-r--r-- root root" "the files exist, belong to root and have mode 0644"
is "$(ls $dir)" "$(sed -n 's/.*\.procname = "\(.*\)",/\1/p' sysctl_kernel.c)" "each entry of the table has its file"
is "$(values)" "10 10" "both numbers start at 10"

is "$(try ./sysctl_user)" "$file: 15
$dir/value2: 15" "the program's default number comes back"
is "$(try ./sysctl_user 20)" "$file: 20
$dir/value2: 20" "a number given to the program comes back"
known
is "$(try ./sysctl_user "")" "$file: 11
$dir/value2: 12" "an empty text from the program changes nothing"
for number in 9 21 x -1; do
	is "$(try ./sysctl_user $number)" "sysctl_user: write $file: Invalid argument
exit 1" "the program reports that $number is refused"
done
is "$(./sysctl_user 21 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(try ./sysctl_user -x 2>&1 | tail -n 2)" "usage: sysctl_user [n]
exit 2" "an unknown option is a usage error"
is "$(try ./sysctl_user 12 13)" "usage: sysctl_user [n]
exit 2" "two arguments are a usage error"
unchanged "refused numbers and usage errors"
is "$(try ./sysctl_user "15 junk")" "sysctl_user: write $file: 3 of 7 bytes written
exit 1" "the program reports a short write"
mount --bind /dev/null $file
is "$(try ./sysctl_user)" "sysctl_user: pread $file: the file is empty
exit 1" "the program reports that no number came back"
umount $file

# sysctl_test prints what write(2) returned, and both numbers. Before the write they are 11 and 12.
is "$(./sysctl_test text 10)" "2, 10 12" "the smallest number is accepted"
is "$(./sysctl_test text 20)" "2, 20 12" "the largest number is accepted"
is "$(./sysctl_test text "$(printf '\n \t15')")" "5, 15 12" "blanks before the number are accepted"
is "$(./sysctl_test text "$(printf '15 \n\t ')")" "6, 15 12" "blanks behind the number are accepted"
is "$(./sysctl_test text 0x10)" "4, 16 12" "a write of 0x10 sets 16"
is "$(./sysctl_test text 012)" "3, 10 12" "a write of 012 sets 10"
is "$(./sysctl_test text "15 junk")" "3, 15 12" "a write of '15 junk' sets 15, and returns 3"
is "$(./sysctl_test text "13 14")" "3, 13 12" "a write of '13 14' sets 13, and returns 3"
is "$(./sysctl_test text "13 99")" "3, 13 12" "a write of '13 99' sets 13, although 99 is out of range"
is "$(./sysctl_test text "")" "0, 11 12" "a write of 0 bytes changes nothing"
is "$(./sysctl_test refuse 9)" "" "a write of 9 fails with EINVAL and changes nothing"
is "$(./sysctl_test refuse 21)" "" "a write of 21 fails with EINVAL and changes nothing"
is "$(./sysctl_test refuse 0 -1 -15 010 025 0x9 0x15 "21 15")" "" \
	"writes of other numbers out of range fail with EINVAL and change nothing"
is "$(./sysctl_test refuse x 15x 15,16 15.0 1e1 +15 "- 15" 08 0xg "x 15" " " "
")" "" "writes of text that is not a number fail with EINVAL and change nothing"
is "$(./sysctl_test refuse 4294967306 -4294967281 18446744073709551626 "$(printf '%040d' 15)")" "" \
	"writes of numbers too big for an int, or of 40 digits, fail with EINVAL and change nothing"
is "$(./sysctl_test write good 3)" "Invalid argument, 11 12" "a write with a NUL behind the number fails with EINVAL and changes nothing"
known
is "$(echo "15 junk" 2>&1 >$file && values)" "15 12" "in a shell 'echo 15 junk' sets 15 and succeeds"
known
is "$(echo 16 2>&1 >$dir/value2 && values)" "11 16" "each file has its own number"
known
is "$(./sysctl_test writev)" "2, 15" "a writev of the segments 1 and 5 is one write of 15"

for bad in null unmapped kernel edge; do
	is "$(./sysctl_test write $bad 10)" "Bad address, 11 12" "a write from a bad pointer ($bad) fails with EFAULT and changes nothing"
done
is "$(./sysctl_test write null 2147483647)" "Cannot allocate memory, 11 12" "a write of 2 GiB fails with ENOMEM and changes nothing"
is "$(./sysctl_test write readonly 2)" "2, 15 12" "a write from read-only memory succeeds"

for bad in null unmapped kernel readonly edge; do
	is "$(./sysctl_test read $bad 10)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
is "$(./sysctl_test read null 2147483647)" "Cannot allocate memory" "a read of 2 GiB fails with ENOMEM"
echo 15 >$file
is "$(./sysctl_test read edge 2)" "2 15" "a read that ends before a bad pointer succeeds"
is "$(./sysctl_test read good 0)" "0" "a read of 0 bytes returns 0"
is "$(./sysctl_test read good 1)" "1 1" "a read of 1 byte returns 1 byte"
is "$(./sysctl_test read good 10)" "3 15/" "a read of 10 bytes returns the number and a newline"
is "$(./sysctl_test read good 10 1)" "0" "a read at offset 1 returns 0"
is "$(./sysctl_test read good 10 3)" "0" "a read at the end returns 0"
is "$(./sysctl_test read good 10 0x7fffffffffffff00)" "0" "a read at a huge offset returns 0"
is "$(./sysctl_test read good 10 -1)" "Invalid argument" "a read at a negative offset fails with EINVAL"
is "$(dd bs=1 <$file 2>/dev/null)" "1" "reads of one byte each return the first digit only"
is "$(./sysctl_test seek 0)" "3 15/" "after lseek to offset 0 a read returns the number"
is "$(./sysctl_test seek 1)" "0" "after lseek to offset 1 a read returns 0"
is "$(./sysctl_test seek -1)" "Invalid argument" "lseek to a negative offset fails with EINVAL"

if [ "$(cat /proc/sys/kernel/sysctl_writes_strict)" = 1 ]; then
	is "$(./sysctl_test text 15 1)" "2, 11 12" "a write at offset 1 reports success and changes nothing"
	is "$({ echo 11 && echo 15 && echo x; } 2>&1 >$file && values)" "11 12" \
		"a second write to the same open file reports success and changes nothing"
else
	for count in $(seq $((count + 1)) $((count + 2))); do
		echo "ok $count - writes at an offset # SKIP kernel.sysctl_writes_strict is not 1"
	done
fi
is "$(./sysctl_test text 15 -1)" "Invalid argument, 11 12" "a write at a negative offset fails with EINVAL"

known
is "$(./sysctl_test -u read good 10)" "3 11/" "a user who is not root may read"
is "$(./sysctl_test -u text 15)" "open: Permission denied, 11 12" "a user who is not root may not write"
is "$(./sysctl_test -p text 15)" "Operation not permitted, 11 12" \
	"a user who is not root may not write to a file that root has opened: EPERM"
is "$(./sysctl_test -a text 15)" "2, 15 12" "a user who is not root may write with CAP_NET_ADMIN"

known
is "$(sysctl net.test)" "net.test.value1 = 11
net.test.value2 = 12" "sysctl shows both numbers"
is "$(try sysctl -w net.test.value1=21 | grep -oE 'Invalid argument|exit 1')" "Invalid argument
exit 1" "sysctl -w reports that 21 is refused"
unchanged "sysctl -w of 21"
is "$(try sysctl -w net.test.value1=15), $(values)" "net.test.value1 = 15, 15 12" "sysctl -w sets one number"
conf=$(mktemp) || cannot "there is no place for temporary files"
trap 'rm -f "$conf"' EXIT
printf '# a drop-in\nnet.test.value1 = 17\nnet/test/value2=18\n' >"$conf"
is "$(sysctl -p "$conf" >/dev/null && values)" "17 18" "sysctl -p applies a file like those in /etc/sysctl.d"

known
is "$(unshare -n ls /proc/sys/net | grep -xE 'core|test')" core "another network namespace does not have the directory"
is "$(try unshare -n ./sysctl_user)" "sysctl_user: open $file: No such file or directory
exit 1" "in another network namespace the program reports that there is no such file"
unchanged "a try from another network namespace"
is "$(unshare -n cat <$file)" 11 "a file that is open can be read in another network namespace"

is "$(./sysctl_test held-write)" "meanwhile 11, then 64 16" "while a write is half done others read the old number"
known
is "$(./sysctl_test held-read)" "meanwhile 17, then 3 11" \
	"while a read is half done others can write, and the read still returns the old number"
is "$(./sysctl_test race)" "0 failed, 0 mixed" "while two processes write at once each read returns one of their numbers"
log_is "$(said sysctl_kernel | tail -n +$((before + 1)))" "" "nothing is logged, not even with dyndbg"

exec 3<>$file
is "$(try rmmod sysctl_kernel)" "" "rmmod succeeds while a file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "No such file or directory" "after rmmod a read from the open file fails with ENOENT"
is "$(echo 15 | cat 2>&1 >&3 | sed 's/.*: //')" "No such file or directory" "after rmmod a write to the open file fails with ENOENT"
is "$(ls -d $dir 2>/dev/null; loaded sysctl_kernel)" "" "after rmmod neither the directory nor the module is left"
is "$(./sysctl_test reload) $(ls -d $dir 2>/dev/null; loaded sysctl_kernel)" "100 " \
	"100 loads and unloads succeed and leave nothing"
exec 3<&-

load ./sysctl_kernel.ko
is "$(try ./sysctl_user 13)" "$file: 13
$dir/value2: 13" "after a second load the program works again"
is "$(./sysctl_test held-unload) $(loaded sysctl_kernel)" "meanwhile unload waits, then 3 13 " \
	"while a read is half done the removal of the module waits"
is "$(try ./sysctl_user)" "sysctl_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
