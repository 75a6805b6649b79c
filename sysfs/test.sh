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

parameters=/sys/module/sysfs_param_kernel/parameters
level=$parameters/level
checked=$parameters/checked_level
first=/sys/fs/myfs/first
second=/sys/fs/myfs/second
value=/sys/bus/my_pseudo_bus/value

# A known number, to see afterwards that it still stands
known() { echo 123456 >$first; }
stands() { now= && read -r now <$first; is "$now" 123456 "$1: the number still stands"; }

left() {
	ls -d /sys/fs/myfs /sys/bus/my_pseudo_bus 2>/dev/null
	loaded sysfs_param_kernel sysfs_fs_kernel sysfs_bus_kernel
}

load ./sysfs_param_kernel.ko
load ./sysfs_fs_kernel.ko
load ./sysfs_bus_kernel.ko
echo 1..95
is "$(stat -c '%A %U %G %n' $level $checked $first $second $value)" "-rw-r--r-- root root $level
-rw-r--r-- root root $checked
-rw-r--r-- root root $first
-rw-r--r-- root root $second
-rw-r--r-- root root $value" "the files appear, 0644"
is "$(ls $parameters; ls /sys/fs/myfs)" "checked_level
level
first
second" "and no others beside them"
is "$(cat $level $checked $first $second $value)" "0
0
0
0
0" "all of them start at 0"

is "$(try ./sysfs_user)" "$level: 3
$checked: 3
$first: 3
$second: 3
$value: 3" "the program's own number stands in each file"
is "$(try ./sysfs_user 0x7)" "$level: 7
$checked: 7
$first: 7
$second: 7
$value: 7" "so does a number of one's own"
is "$(try ./sysfs_user -8)" "$level: -8
sysfs_user: write $checked: Invalid argument
exit 1" "the program reports a number that a file refuses"
is "$(cat $checked $first $second $value)" "7
7
7
7" "after -8 from the program: the other numbers still stand"
is "$(try ./sysfs_user -- -8 2>&1 | head -n 1)" "$level: -8" "a negative number may also stand behind --"
is "$(try ./sysfs_user "")" "sysfs_user: write $level: Invalid argument
exit 1" "an empty number is one that is refused"
is "$(./sysfs_user "" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./sysfs_user -x 2>&1 | tail -n 2)" "usage: sysfs_user [n]
exit 2" "an unknown option is a usage error"
is "$(try ./sysfs_user 1 2)" "usage: sysfs_user [n]
exit 2" "two numbers are a usage error"
is "$(cat $level $checked)" "-8
7" "after usage errors: the numbers still stand"

# sysfs_test tells of each text what came of it, and the number that then stands.
for file in $level $first $second $value; do
	is "$(./sysfs_test numbers $file 5 +5 -5 0x10 0X1f 010 '6\n' 2147483647 -2147483648 -0 7)" "5: 5
+5: 5
-5: -5
0x10: 16
0X1f: 31
010: 8
6\n: 6
2147483647: 2147483647
-2147483648: -2147483648
-0: 0
7: 7" "${file##*/} takes an int, signed, in any base, with a newline"
	is "$(./sysfs_test numbers $file 2147483648 -2147483649 4294967303 0x100000007 99999999999999999999)" \
		"2147483648: Numerical result out of range, 7
-2147483649: Numerical result out of range, 7
4294967303: Numerical result out of range, 7
0x100000007: Numerical result out of range, 7
99999999999999999999: Numerical result out of range, 7" "${file##*/} refuses what does not fit an int, and keeps its number"
done
is "$(./sysfs_test numbers $checked 0 7 +5 0x6 01 '3\n')" "0: 0
7: 7
+5: 5
0x6: 6
01: 1
3\n: 3" "checked_level takes 0 to 7"
is "$(./sysfs_test numbers $checked 8 -1 0x10 010 2147483647 -2147483648)" "8: Invalid argument, 3
-1: Invalid argument, 3
0x10: Invalid argument, 3
010: Invalid argument, 3
2147483647: Invalid argument, 3
-2147483648: Invalid argument, 3" "checked_level refuses other numbers, and keeps its own"
is "$(./sysfs_test numbers $checked 2147483648 -2147483649 4294967303 7)" "2147483648: Numerical result out of range, 3
-2147483649: Numerical result out of range, 3
4294967303: Numerical result out of range, 3
7: 7" "checked_level refuses what does not fit an int, and keeps its number"
for file in $level $checked $first $second $value; do
	is "$(./sysfs_test numbers $file x '\n' ' 7' '7 ' '7\t' '\n7' '7\n\n' '7 junk' 7x 7.0 0x 08 -+7 +-7 - + '\0')" "x: Invalid argument, 7
\n: Invalid argument, 7
 7: Invalid argument, 7
7 : Invalid argument, 7
7\t: Invalid argument, 7
\n7: Invalid argument, 7
7\n\n: Invalid argument, 7
7 junk: Invalid argument, 7
7x: Invalid argument, 7
7.0: Invalid argument, 7
0x: Invalid argument, 7
08: Invalid argument, 7
-+7: Invalid argument, 7
+-7: Invalid argument, 7
-: Invalid argument, 7
+: Invalid argument, 7
\0: Invalid argument, 7" "${file##*/} refuses what is not a number, and keeps its own"
	is "$(./sysfs_test numbers $file '' '5\0junk')" ": 7
5\0junk: 5" "${file##*/} is not told of an empty write, nor of what follows a NUL"
done
echo 1 >$first
echo 2 >$second
is "$(cat $first $second $value)" "1
2
5" "each file has a number of its own"

known
for bad in null unmapped kernel; do
	is "$(./sysfs_test write $first $bad 3)" "Bad address" "write from a bad pointer: $bad"
	stands "write from a bad pointer: $bad"
done
is "$(./sysfs_test write $first edge 10)" "Bad address" "write that runs into a bad pointer"
stands "write that runs into a bad pointer"
is "$(./sysfs_test write $first readonly 0)" 0 "write of nothing from read-only memory"
for bad in null unmapped kernel readonly; do
	is "$(./sysfs_test read $first $bad 9)" "Bad address" "read into a bad pointer: $bad"
done
is "$(./sysfs_test read $first edge 9)" "4 1234" "read that runs into a bad pointer gives what fitted"
is "$(./sysfs_test read $first good 1)" "1 1" "read of 1 byte"
is "$(./sysfs_test read $first good 0)" "0" "read of 0 bytes"
is "$(./sysfs_test read $first good 9 2)" '5 3456\n' "read at an offset"
is "$(./sysfs_test read $first good 9 7)" "0" "read at the end"
is "$(./sysfs_test read $first good 9 99)" "0" "read beyond the end"
is "$(./sysfs_test read $first good 9 -1)" "Invalid argument" "read at a negative offset"
is "$(dd bs=1 <$first 2>/dev/null)" "123456" "read byte by byte"
is "$(./sysfs_test write $first good 3 5)" "3" "pwrite at an offset"
is "$(cat $first)" "777" "pwrite replaces the whole number"

known
is "$(./sysfs_test -u read $first good 9)" '7 123456\n' "anybody may read"
is "$(for file in $level $checked $first $second $value; do ./sysfs_test -u write $file good 1; done)" \
	"open: Permission denied
open: Permission denied
open: Permission denied
open: Permission denied
open: Permission denied" "only root may write"
stands "write by nobody"

is "$(./sysfs_test poll $first $first 5 5 +6)" "quiet, 5: told told, 5: told told, +6: told told" \
	"poll tells of each accepted write until it has been read"
is "$(./sysfs_test poll $first $first x '' 2147483648 ' 5')" "quiet, x: quiet quiet, : quiet quiet, 2147483648: quiet quiet,  5: quiet quiet" \
	"poll does not tell of a refused write"
is "$(./sysfs_test poll $first $second 5)" "quiet, 5: quiet quiet" "nor of a write to another file"
is "$(./sysfs_test asleep $first)" "told" "poll wakes up who sleeps"

is "$(./sysfs_test held-read)" "meanwhile 1234, 5678, then 4 1234" "a read held half way holds nobody up"
is "$(./sysfs_test held-write)" "meanwhile 1234, 5678, then 4 4444" "a write held half way does not show, and holds nobody up"
is "$(./sysfs_test held-unload)" "meanwhile 1234, 5678, then No such device" "nor does it keep the module"
load ./sysfs_fs_kernel.ko
is "$(./sysfs_test race)" "0 wrong" "two callers at once: each reads what it wrote to its own file"

before=$(said sysfs_param_kernel | wc -l)
echo 3 >$checked
./sysfs_test numbers $checked 8 x 2147483648 '' >/dev/null
echo 5 >$checked
echo 5 >$checked
echo 9 >$level
cat $level $checked >/dev/null
is "$(said sysfs_param_kernel | tail -n +$((before + 1)))" "checked_level 5 -> 3
checked_level 3 -> 5
checked_level 5 -> 5" "checked_level logs each number it takes, and nothing else"
is "$(said sysfs_fs_kernel; said sysfs_bus_kernel)" "" "the other modules log nothing"

rmmod sysfs_param_kernel
before=$(said sysfs_param_kernel | wc -l)
for bad in level=x level= level 'level=" 5"' checked_level=8 checked_level=-1 checked_level= "checked_level=3 checked_level=9"; do
	is "$(./sysfs_test load sysfs_param_kernel "$bad") $(loaded sysfs_param_kernel)" "Invalid argument " "load with $bad"
done
for bad in level=2147483648 checked_level=-99999999999; do
	is "$(./sysfs_test load sysfs_param_kernel "$bad") $(loaded sysfs_param_kernel)" "Numerical result out of range " "load with $bad"
done
load ./sysfs_param_kernel.ko level=-0x10 checked_level=+5
is "$(cat $level $checked)" "-16
5" "load with good numbers"
is "$(said sysfs_param_kernel | tail -n +$((before + 1)))" "\`x' invalid for parameter \`level'
\`' invalid for parameter \`level'
\`' invalid for parameter \`level'
\` 5' invalid for parameter \`level'
\`8' invalid for parameter \`checked_level'
\`-1' invalid for parameter \`checked_level'
\`' invalid for parameter \`checked_level'
checked_level 0 -> 3
\`9' invalid for parameter \`checked_level'
\`2147483648' invalid for parameter \`level'
\`-99999999999' invalid for parameter \`checked_level'
checked_level 0 -> 5" "the core logs each refused load once, checked_level what it takes"

exec 3<>$level 4<>$checked 5<>$first 6<>$second 7<>$value
for module in sysfs_param_kernel sysfs_fs_kernel sysfs_bus_kernel; do
	is "$(try rmmod $module)" "" "$module goes while its files are open"
done
is "$(for fd in 3 4 5 6 7; do cat 2>&1 <&$fd; done | sed 's/.*: //')" "No such device
No such device
No such device
No such device
No such device" "the old descriptors then refuse to read"
is "$(for fd in 3 4 5 6 7; do echo 1 | cat 2>&1 >&$fd; done | sed 's/.*: //')" "No such device
No such device
No such device
No such device
No such device" "and to write"
is "$(left)" "" "nothing is left behind"
is "$(./sysfs_test reload) $(left)" "100 " "nor after 100 loads and unloads"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	insmod ./sysfs_param_kernel.ko && rmmod sysfs_param_kernel
	insmod ./sysfs_bus_kernel.ko && rmmod sysfs_bus_kernel
done
is "$(left)" "" "nor after 10 of the other modules"
is "$(./sysfs_test busy-unload) $(left)" "0 wrong " "nor when others call meanwhile"
exec 3<&- 4<&- 5<&- 6<&- 7<&-

load ./sysfs_bus_kernel.ko
is "$(try ./sysfs_user 8)" "$value: 8" "and it works again; one module will do for the program"
rmmod sysfs_bus_kernel
is "$(try ./sysfs_user)" "sysfs_user: open $level: No such file or directory
exit 1" "without any of them the program says so"

quiet
finish
