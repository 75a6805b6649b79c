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

dir=/proc/sys/net/test
file=$dir/value1

# Known numbers, to see afterwards that they still stand
known() { echo 11 >$file && echo 12 >$dir/value2; }
values() { paste -d ' ' $dir/value1 $dir/value2; }
stands() { is "$(values)" "11 12" "$1: the numbers still stand"; }

load ./sysctl_kernel.ko
echo 1..84
before=$(said sysctl_kernel | wc -l)
is "$(stat -c '%A %U %G' $dir/value1 $dir/value2)" "-rw-r--r-- root root
-rw-r--r-- root root" "the files appear, 0644"
is "$(values)" "10 10" "both start at 10"

is "$(try ./sysctl_user)" "$file: 15
$dir/value2: 15" "the program's own number comes back"
is "$(try ./sysctl_user 20)" "$file: 20
$dir/value2: 20" "a number of one's own comes back"
known
is "$(try ./sysctl_user "")" "$file: 11
$dir/value2: 12" "writing nothing changes nothing"
for number in 9 21 x -1; do
	is "$(try ./sysctl_user $number)" "sysctl_user: write $file: Invalid argument
exit 1" "the program reports that $number is refused"
done
is "$(./sysctl_user 21 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./sysctl_user -x 2>&1 | tail -n 2)" "usage: sysctl_user [n]
exit 2" "an unknown option is a usage error"
is "$(try ./sysctl_user 12 13)" "usage: sysctl_user [n]
exit 2" "two numbers are a usage error"
stands "after refusals and usage errors"

# sysctl_test tells what write(2) returned, and then both numbers; before it they are 11 and 12.
is "$(./sysctl_test text 10)" "2, 10 12" "the smallest number"
is "$(./sysctl_test text 20)" "2, 20 12" "the largest number"
is "$(./sysctl_test text "$(printf '\n \t15')")" "5, 15 12" "blanks before the number"
is "$(./sysctl_test text "$(printf '15 \n\t ')")" "6, 15 12" "blanks behind the number"
is "$(./sysctl_test text 0x10)" "4, 16 12" "hexadecimal"
is "$(./sysctl_test text 012)" "3, 10 12" "octal"
is "$(./sysctl_test text "15 junk")" "3, 15 12" "15 junk sets 15, and takes the text up to the junk"
is "$(./sysctl_test text "13 14")" "3, 13 12" "of several numbers the first counts"
is "$(./sysctl_test text "13 99")" "3, 13 12" "of several numbers the first counts, even if the next is out of range"
is "$(./sysctl_test text "")" "0, 11 12" "a write of no bytes changes nothing"
is "$(./sysctl_test refuse 9)" "" "refused, with nothing changed: 9"
is "$(./sysctl_test refuse 21)" "" "refused, with nothing changed: 21"
is "$(./sysctl_test refuse 0 -1 -15 010 025 0x9 0x15 "21 15")" "" "refused, with nothing changed: other numbers out of range"
is "$(./sysctl_test refuse x 15x 15,16 15.0 1e1 +15 "- 15" 08 0xg "x 15" " " "
")" "" "refused, with nothing changed: what is not a number"
is "$(./sysctl_test refuse 4294967306 -4294967281 18446744073709551626 "$(printf '%040d' 15)")" "" \
	"refused, with nothing changed: numbers in range only if cut to 32 or 64 bits, and 40 digits"
is "$(./sysctl_test write good 3)" "Invalid argument, 11 12" "refused, with nothing changed: a NUL behind the number"
known
is "$(echo "15 junk" 2>&1 >$file && values)" "15 12" "the shell's echo of 15 junk sets 15 and succeeds"
known
is "$(echo 16 2>&1 >$dir/value2 && values)" "11 16" "each file has a number of its own"

for bad in null unmapped kernel edge; do
	is "$(./sysctl_test write $bad 10)" "Bad address, 11 12" "write from a bad pointer: $bad"
done
is "$(./sysctl_test write null 2147483647)" "Cannot allocate memory, 11 12" "write of 2 GiB"
is "$(./sysctl_test write readonly 2)" "2, 15 12" "write from read-only memory"

for bad in null unmapped kernel readonly edge; do
	is "$(./sysctl_test read $bad 10)" "Bad address" "read into a bad pointer: $bad"
done
is "$(./sysctl_test read null 2147483647)" "Cannot allocate memory" "read of 2 GiB"
echo 15 >$file
is "$(./sysctl_test read edge 2)" "2 15" "read of what fits"
is "$(./sysctl_test read good 0)" "0" "read of 0 bytes"
is "$(./sysctl_test read good 1)" "1 1" "read of 1 byte"
is "$(./sysctl_test read good 10)" "3 15/" "read of all, newline included"
is "$(./sysctl_test read good 10 1)" "0" "read at an offset finds the end"
is "$(./sysctl_test read good 10 3)" "0" "read at the end"
is "$(./sysctl_test read good 10 0x7fffffffffffff00)" "0" "read at a huge offset"
is "$(./sysctl_test read good 10 -1)" "Invalid argument" "read at a negative offset"
is "$(dd bs=1 <$file 2>/dev/null)" "1" "read byte by byte ends after the first"
is "$(./sysctl_test seek 0)" "3 15/" "lseek to 0, and a read from there"
is "$(./sysctl_test seek 1)" "0" "lseek to 1, and a read from there"
is "$(./sysctl_test seek -1)" "Invalid argument" "lseek to a negative offset"

if [ "$(cat /proc/sys/kernel/sysctl_writes_strict)" = 1 ]; then
	is "$(./sysctl_test text 15 1)" "2, 11 12" "pwrite at an offset succeeds and changes nothing"
	is "$({ echo 11 && echo 15 && echo x; } 2>&1 >$file && values)" "11 12" "a second write on a descriptor succeeds and changes nothing"
else
	for count in $(seq $((count + 1)) $((count + 2))); do
		echo "ok $count - writes at an offset # SKIP kernel.sysctl_writes_strict is not 1"
	done
fi
is "$(./sysctl_test text 15 -1)" "Invalid argument, 11 12" "pwrite at a negative offset"

known
is "$(./sysctl_test -u read good 10)" "3 11/" "anybody may read"
is "$(./sysctl_test -u text 15)" "open: Permission denied, 11 12" "only root may write"
is "$(./sysctl_test -p text 15)" "Operation not permitted, 11 12" "nobody may not write to a descriptor that root has opened"
is "$(./sysctl_test -a text 15)" "2, 15 12" "CAP_NET_ADMIN is enough to write"

known
is "$(sysctl net.test)" "net.test.value1 = 11
net.test.value2 = 12" "sysctl shows them"
is "$(try sysctl -w net.test.value1=21 | grep -oE 'Invalid argument|exit 1')" "Invalid argument
exit 1" "sysctl -w reports a refusal"
stands "sysctl -w of 21"
is "$(try sysctl -w net.test.value1=15), $(values)" "net.test.value1 = 15, 15 12" "sysctl -w sets one"
conf=$(mktemp) || cannot "no place for temporary files"
trap 'rm -f "$conf"' EXIT
printf '# a drop-in\nnet.test.value1 = 17\nnet/test/value2=18\n' >"$conf"
is "$(sysctl -p "$conf" >/dev/null && values)" "17 18" "sysctl -p applies a drop-in"

known
is "$(unshare -n ls /proc/sys/net | grep -xE 'core|test')" core "another network namespace has no such directory"
is "$(try unshare -n ./sysctl_user)" "sysctl_user: open $file: No such file or directory
exit 1" "the program says so there"
stands "another network namespace"
known
is "$(unshare -n cat <$file)" 11 "a descriptor that is open works there too"

is "$(./sysctl_test held-write)" "meanwhile 11, then 64 16" "a write held half way does not show"
known
is "$(./sysctl_test held-read)" "meanwhile 17, then 3 11" "a read held half way holds nobody up"
is "$(./sysctl_test race)" "0 failed, 0 mixed" "two writers at once: a reader sees one number or the other"
is "$(said sysctl_kernel | tail -n +$((before + 1)))" "" "nothing of all this was logged"

exec 3<>$file
is "$(try rmmod sysctl_kernel)" "" "the module goes while a file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "No such file or directory" "the old descriptor then refuses to read"
is "$(echo 15 | cat 2>&1 >&3 | sed 's/.*: //')" "No such file or directory" "and to write"
is "$(ls -d $dir 2>/dev/null; loaded sysctl_kernel)" "" "nothing is left behind"
is "$(./sysctl_test reload) $(ls -d $dir 2>/dev/null; loaded sysctl_kernel)" "100 " "nor after 100 loads and unloads"
exec 3<&-
load ./sysctl_kernel.ko
is "$(try ./sysctl_user 13)" "$file: 13
$dir/value2: 13" "and it works again"
is "$(./sysctl_test held-unload) $(loaded sysctl_kernel)" "meanwhile unload waits, then 3 13 " "unload waits for a read held half way"
is "$(try ./sysctl_user)" "sysctl_user: open $file: No such file or directory
exit 1" "without the module the program says so"

quiet
finish
