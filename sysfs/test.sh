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
# Logs: .*: Using fanotify permission checks may lead to deadlock; tainting kernel
# Stress: modules=sysfs_param_kernel; add modules sysfs_fs_kernel; add modules sysfs_bus_kernel
# Stress: runs="./sysfs_user 4" more="./sysfs_user 9"
# Stress: least=0 # all memory is the kernel's own
# Stress: files="/sys/fs/myfs/first /sys/fs/myfs/second /sys/bus/my_pseudo_bus/value"
# Stress: add files /sys/module/sysfs_param_kernel/parameters/level; add files /sys/module/sysfs_param_kernel/parameters/checked_level

parameters=/sys/module/sysfs_param_kernel/parameters
level=$parameters/level
checked=$parameters/checked_level
first=/sys/fs/myfs/first
second=/sys/fs/myfs/second
value=/sys/bus/my_pseudo_bus/value

# A known number in each file, to see afterwards that it has not changed
known() {
	echo 123456 | tee $level $first $second >$value
	echo 6 >$checked
}
unchanged() {
	is "$(cat $level $checked $first $second $value | tr '\n' ' ')" "123456 6 123456 123456 123456 " \
		"after $1 the numbers are unchanged"
	known
}

left() {
	ls -d /sys/fs/myfs /sys/bus/my_pseudo_bus 2>/dev/null
	loaded sysfs_param_kernel sysfs_fs_kernel sysfs_bus_kernel
}

load ./sysfs_param_kernel.ko dyndbg
load ./sysfs_fs_kernel.ko
load ./sysfs_bus_kernel.ko
echo 1..127
is "$(stat -c '%A %U %G %n' $level $checked $first $second $value)" "-rw-r--r-- root root $level
-rw-r--r-- root root $checked
-rw-r--r-- root root $first
-rw-r--r-- root root $second
-rw-r--r-- root root $value" "the files exist, belong to root and have mode 0644"
is "$(ls $parameters /sys/fs/myfs)" "/sys/fs/myfs:
first
second

$parameters:
checked_level
level" "the directories contain no other files"
is "$(cat $level $checked $first $second $value | tr '\n' ' ')" "0 0 0 0 0 " "every number starts at 0"

is "$(try ./sysfs_user)" "$level: 3
$checked: 3
$first: 3
$second: 3
$value: 3" "the program writes its default number to each file and reads it back"
is "$(try ./sysfs_user 0x7)" "$level: 7
$checked: 7
$first: 7
$second: 7
$value: 7" "the program writes a number given to it to each file and reads it back"
known
is "$(try ./sysfs_user -8)" "$level: -8
sysfs_user: write $checked: Invalid argument
exit 1" "the program reports that a file refuses its number"
is "$(cat $checked $first $second $value | tr '\n' ' ')" "6 123456 123456 123456 " \
	"after a refused number the program writes to no other file"
is "$(try ./sysfs_user -- -8 2>&1 | head -n 1)" "$level: -8" "the program takes a negative number behind --"
known
is "$(try ./sysfs_user "")" "sysfs_user: write $level: Invalid argument
exit 1" "the program reports that a file refuses an empty number"
is "$(./sysfs_user "" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
unchanged "an empty number from the program"
is "$(try ./sysfs_user -x 2>&1 | tail -n 2)" "usage: sysfs_user [n]
exit 2" "an unknown option is a usage error"
is "$(try ./sysfs_user 1 2)" "usage: sysfs_user [n]
exit 2" "two numbers are a usage error"
unchanged "usage errors"

# Our files take a number whole or not at all. Other files in their place show what else a program
# can meet: one that may not grow beyond 512 bytes, and /dev/null, which returns nothing.
half=$(mktemp)
mount --bind "$half" $level
is "$(ulimit -f 1 && try ./sysfs_user "$(printf '%0600d' 1)")" "sysfs_user: write $level: 512 of 601 bytes written
exit 1" "the program reports a short write"
umount $level
rm "$half"
mount --bind /dev/null $level
is "$(try ./sysfs_user)" "sysfs_user: pread $level: the file is empty
exit 1" "the program reports that its number did not come back"
umount $level

# sysfs_test prints for each text the error, if there is one, and the number that the file then has.
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
7: 7" "${file##*/} takes any int, with a sign, in base 8, 10 or 16, with a newline"
	is "$(./sysfs_test numbers $file 2147483648 -2147483649 4294967303 0x100000007 99999999999999999999)" \
		"2147483648: Numerical result out of range, 7
-2147483649: Numerical result out of range, 7
4294967303: Numerical result out of range, 7
0x100000007: Numerical result out of range, 7
99999999999999999999: Numerical result out of range, 7" "${file##*/} refuses what does not fit an int, and is then unchanged"
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
-2147483648: Invalid argument, 3" "checked_level refuses other numbers, and is then unchanged"
echo 3 >$checked
is "$(./sysfs_test numbers $checked 2147483648 -2147483649 4294967303 7)" "2147483648: Numerical result out of range, 3
-2147483649: Numerical result out of range, 3
4294967303: Numerical result out of range, 3
7: 7" "checked_level refuses what does not fit an int, and is then unchanged"
for file in $level $checked $first $second $value; do
	echo 7 >$file
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
\0: Invalid argument, 7" "${file##*/} refuses text that is not a number, and is then unchanged"
	echo 7 >$file
	is "$(./sysfs_test numbers $file '')" ": 7" "a write of 0 bytes to ${file##*/} succeeds and changes nothing"
	is "$(./sysfs_test numbers $file '5\0junk')" "5\0junk: 5" "${file##*/} ignores what follows a NUL"
done
echo 1 >$first
echo 2 >$second
echo 3 >$value
is "$(cat $first $second $value | tr '\n' ' ')" "1 2 3 " "each file has its own number"

known
for bad in null unmapped kernel; do
	is "$(./sysfs_test write $first $bad 3)" "Bad address" "a write from a bad pointer ($bad) fails with EFAULT"
	unchanged "a write from a bad pointer ($bad)"
done
is "$(./sysfs_test write $first edge 10)" "Bad address" "a write that runs into a bad pointer fails with EFAULT"
unchanged "a write that runs into a bad pointer"
is "$(./sysfs_test write $first readonly 0)" 0 "a write of 0 bytes from read-only memory succeeds"
for bad in null unmapped kernel readonly; do
	is "$(./sysfs_test read $first $bad 9)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
# Four bytes fit. Where a processor copies more than a byte at a time, fewer may arrive.
got=$(./sysfs_test read $first edge 9)
case $got in "1 1" | "2 12" | "3 123") got="4 1234" ;; esac
is "$got" "4 1234" "a read that runs into a bad pointer returns what fitted"
is "$(./sysfs_test read $first good 1)" "1 1" "a read of 1 byte returns 1 byte"
is "$(./sysfs_test read $first good 0)" "0" "a read of 0 bytes returns 0"
is "$(./sysfs_test read $first good 9 2)" '5 3456\n' "a read at offset 2 returns the bytes from there on"
is "$(./sysfs_test read $first good 9 7)" "0" "a read at the end returns 0"
is "$(./sysfs_test read $first good 9 99)" "0" "a read beyond the end returns 0"
is "$(./sysfs_test read $first good 9 -1)" "Invalid argument" "a read at a negative offset fails with EINVAL"
is "$(dd bs=1 <$first 2>/dev/null)" "123456" "reads of one byte each return the whole number"
is "$(./sysfs_test write $first good 3 5)" "3" "a write at offset 5 succeeds"
is "$(cat $first)" "777" "a write at offset 5 replaces the whole number"
is "$(./sysfs_test writev)" "2" "a writev of two segments succeeds"
is "$(cat $first)" "12" "a writev of two segments writes one number"

known
is "$(./sysfs_test -u read $first good 9)" '7 123456\n' "a user who is not root may read"
is "$(for file in $level $checked $first $second $value; do ./sysfs_test -u write $file good 1; done)" \
	"open: Permission denied
open: Permission denied
open: Permission denied
open: Permission denied
open: Permission denied" "a user who is not root may not write"
unchanged "writes by a user who is not root"

is "$(./sysfs_test poll $first $first 5 5 +6)" "nothing, 5: woken woken, 5: woken woken, +6: woken woken" \
	"poll reports each accepted write of first, until first is read again"
is "$(./sysfs_test poll $first $first x '' 2147483648 ' 5')" \
	"nothing, x: nothing nothing, : nothing nothing, 2147483648: nothing nothing,  5: nothing nothing" \
	"poll does not report a refused write"
is "$(./sysfs_test poll $first $second 5)" "nothing, 5: nothing nothing" "poll of first does not report a write to second"
is "$(./sysfs_test asleep $second)" "woken" "an accepted write wakes a program that sleeps in poll"
for file in $level $checked $value; do
	is "$(./sysfs_test poll $file $file 5)" "nothing, 5: nothing nothing" "poll does not report a write to ${file##*/}"
done
is "$(for file in $level $checked $first $second $value; do ./sysfs_test unread $file; done)" "woken
woken
woken
woken
woken" "before the first read poll returns at once"
for file in $level $checked $first $second $value; do
	is "$(./sysfs_test inotify $file $file 5 x '' 5)" "5: reported
x: nothing
: nothing
5: reported" "inotify reports each accepted write to ${file##*/}, and no other"
done

# What inotify and fanotify tell of files that the kernel shows, also elsewhere
# shellcheck disable=SC2317 # it is called by a variable
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}
control=/sys/kernel/debug/dynamic_debug/control
debugfs=is fanotify=is both=is why="this kernel has no fanotify, or no debugfs that we may write to"
echo "module sysfs_bus_kernel -p" 2>/dev/null >$control || debugfs=skip both=skip
./sysfs_test ask /dev/null >/dev/null 2>&1 || fanotify=skip both=skip
host=/proc/sys/kernel/hostname
is "$(./sysfs_test watch $host "name=\$(cat $host); echo \"\$name\" >$host")" reported "inotify reports a write of a program in /proc"
is "$(./sysfs_test watch /dev/null "echo x >/dev/null")" reported "inotify reports a write of a program in /dev"
$debugfs "$(./sysfs_test watch $control "echo module sysfs_bus_kernel -p >$control")" reported "inotify reports a write of a program in debugfs"
again="rmmod sysfs_bus_kernel; insmod ./sysfs_bus_kernel.ko"
is "$(./sysfs_test watch $value "$again")" nothing "inotify does not report that rmmod removes a file of sysfs"
is "$(./sysfs_test watch /proc/modules "$again")" nothing "inotify does not report what the kernel changes in /proc"
is "$(./sysfs_test watch /sys/kernel/uevent_seqnum "$again")" nothing "inotify does not report what the kernel changes in /sys without sysfs_notify()"
is "$(./sysfs_test watch /dev/kmsg "$again; echo 3 >$checked")" nothing "inotify does not report what the kernel changes in /dev"
$debugfs "$(./sysfs_test watch $control "$again")" nothing "inotify does not report what the kernel changes in debugfs"

asked="asked, open: Operation not permitted"
$both "$(./sysfs_test ask $control)" "$asked" "fanotify asks who may open a file of debugfs"
$fanotify "$(for file in $first $second $level $value; do ./sysfs_test unseen $file 5; done | xargs)" "reported reported nothing nothing" \
	"sysfs_notify() has inotify report a change that no write(2) reports"
$fanotify "$(./sysfs_test ask $first)" "$asked" "fanotify asks who may open a file of sysfs"
$fanotify "$(./sysfs_test ask /proc/modules)" "no mark: Invalid argument" "fanotify cannot ask who may open a file of /proc"
$fanotify "$(./sysfs_test ask /dev/null)" opened "fanotify can be told to ask about a node in /dev, and asks nobody"

is "$(./sysfs_test held-read)" "meanwhile 1234, 5678, then 4 1234" "while a read is half done others can read and write"
is "$(./sysfs_test held-write)" "meanwhile 1234, 5678, then 4 4444" "while a write is half done others can read and write"
is "$(./sysfs_test held-unload)" "meanwhile 1234, 5678, then No such device" \
	"rmmod succeeds while a write is half done, and the write then fails with ENODEV"
load ./sysfs_fs_kernel.ko
is "$(./sysfs_test race)" "0 wrong" "while two processes write at once each reads back what it wrote"

echo 5 >$checked
before=$(said sysfs_param_kernel | wc -l)
echo 3 >$checked
./sysfs_test numbers $checked 8 x 2147483648 '' >/dev/null
echo 5 >$checked
echo 5 >$checked
echo 9 >$level
cat $level $checked >/dev/null
log_is "$(said sysfs_param_kernel | tail -n +$((before + 1)))" "checked_level 5 -> 3
checked_level 3 -> 5
checked_level 5 -> 5" "with dyndbg each number that checked_level takes is logged, and nothing else is"
is "$(said sysfs_fs_kernel; said sysfs_bus_kernel)" "" "sysfs_fs_kernel and sysfs_bus_kernel log nothing"

rmmod sysfs_param_kernel
before=$(said sysfs_param_kernel | wc -l)
for bad in level=x level= level 'level=" 5"' checked_level=8 checked_level=-1 checked_level= "checked_level=3 checked_level=9"; do
	is "$(./sysfs_test load sysfs_param_kernel "$bad") $(loaded sysfs_param_kernel)" "Invalid argument " "a load with $bad fails: Invalid argument"
done
for bad in level=2147483648 checked_level=-99999999999; do
	is "$(./sysfs_test load sysfs_param_kernel "$bad") $(loaded sysfs_param_kernel)" "Numerical result out of range " \
		"a load with $bad fails: Numerical result out of range"
done
load ./sysfs_param_kernel.ko level=-0x10 checked_level=+5
is "$(cat $level $checked | tr '\n' ' ')" "-16 5 " "a load with good numbers sets the parameters"
echo 4 >$checked
is "$(said sysfs_param_kernel | tail -n +$((before + 1)))" "\`x' invalid for parameter \`level'
\`' invalid for parameter \`level'
\`' invalid for parameter \`level'
\` 5' invalid for parameter \`level'
\`8' invalid for parameter \`checked_level'
\`-1' invalid for parameter \`checked_level'
\`' invalid for parameter \`checked_level'
\`9' invalid for parameter \`checked_level'
\`2147483648' invalid for parameter \`level'
\`-99999999999' invalid for parameter \`checked_level'" "without dyndbg each refused load is logged once, and nothing else is"

exec 3<>$level 4<>$checked 5<>$first 6<>$second 7<>$value
for module in sysfs_param_kernel sysfs_fs_kernel sysfs_bus_kernel; do
	is "$(try rmmod $module)" "" "rmmod $module succeeds while its files are open"
done
is "$(for fd in 3 4 5 6 7; do cat 2>&1 <&$fd; done | sed 's/.*: //')" "No such device
No such device
No such device
No such device
No such device" "after rmmod reads from the open files fail with ENODEV"
is "$(for fd in 3 4 5 6 7; do echo 1 | cat 2>&1 >&$fd; done | sed 's/.*: //')" "No such device
No such device
No such device
No such device
No such device" "after rmmod writes to the open files fail with ENODEV"
is "$(left)" "" "after rmmod neither directories nor modules are left"
is "$(./sysfs_test reload) $(left)" "100 " "100 loads and unloads of sysfs_fs_kernel succeed and leave nothing"
for _ in 1 2 3 4 5 6 7 8 9 10; do
	insmod ./sysfs_param_kernel.ko && rmmod sysfs_param_kernel
	insmod ./sysfs_bus_kernel.ko && rmmod sysfs_bus_kernel
done
is "$(left)" "" "10 loads and unloads of sysfs_param_kernel and of sysfs_bus_kernel leave nothing"
is "$(./sysfs_test busy-unload) $(left)" "0 wrong " "rmmod succeeds while two processes write, and leaves nothing"
exec 3<&- 4<&- 5<&- 6<&- 7<&-

load ./sysfs_bus_kernel.ko
is "$(try ./sysfs_user 8)" "$value: 8" "after a second load the program works again, also with one module alone"
rmmod sysfs_bus_kernel
is "$(try ./sysfs_user)" "sysfs_user: open $level: No such file or directory
exit 1" "without any module the program reports that there is no such file"

no_warnings
finish
