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
# Stress: modprobe configfs; mount -t configfs configfs /sys/kernel/config 2>/dev/null
# Stress: files=/sys/kernel/config/configfs_example after="rmdir /sys/kernel/config/configfs_example/*"
# Trace: load='modprobe configfs; mount -t configfs configfs /sys/kernel/config; insmod ./configfs_kernel.ko'

config=/sys/kernel/config
dir=$config/configfs_example
file=$dir/one/message
long=$(printf '%200s' '' | tr ' ' x)
newline='
'

# Linux 5.10 returns 0 for an empty call, stores nothing of a write that fails half way, and turns
# writev(2) into one write for each segment.
case $(uname -r) in
5.10.*)
	empty=0 edge="Bad address" stored=known number=7 segments=cd program="kernel said: "
	ends="returns 0" half="a write that runs into a bad pointer fails with EFAULT"
	joined="a writev writes one message for each segment, and the last one stays"
	;;
*)
	empty="Bad address" edge=4 stored=1234 number=1234 segments=abcd
	program="configfs_user: write $dir/user-PID/message: Bad address
exit 1"
	ends="fails with EFAULT" half="a write that runs into a bad pointer returns what fitted"
	joined="a writev writes one message made of all segments"
	;;
esac

# A known message and a known value, to see afterwards that they have not changed
known() { printf known >$file && echo 7 >$dir/one/value; }
unchanged() {
	is "$(cat $file $dir/one/value)" known7 "after $1 message and value are unchanged"
	known
}
user() { try ./configfs_user "$@" | sed 's/-[0-9][0-9]*/-PID/'; }
set_value() { echo "$(./configfs_test text one/value "$1") $(cat $dir/one/value)"; }
# others: the names beside the item one, unescaped (ls may escape them)
others() { (cd $dir && for n in * .[!.]*; do [ "$n" = one ] || [ ! -e "./$n" ] || printf %s "$n"; done); }
mounted() { grep -q " $config " /proc/mounts; }

modprobe -q configfs
mounted || mount -t configfs configfs $config 2>/dev/null
mounted || cannot "configfs cannot be mounted at $config. Does this kernel have it (CONFIG_CONFIGFS_FS)?"

load ./configfs_kernel.ko dyndbg
echo 1..122
is "$(stat -c '%A %U %G' $dir)" "drwxr-xr-x root root" "the directory exists, belongs to root and has mode 0755"
is "$(ls $dir)" "" "the directory is empty at first"
mkdir $dir/one
is "$(stat -c '%n %A %U %G' $dir/one/message $dir/one/value | sed 's/.*\///')" "message -rw-r--r-- root root
value -rw-r--r-- root root" "mkdir makes an item with its files, which belong to root and have mode 0644"
is "$(cat $file | wc -c) $(cat $dir/one/value)" "0 0" "in a new item message is empty and value is 0"

is "$(user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(user "${long}x")" "configfs_user: write $dir/user-PID/message: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(./configfs_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(user -x 2>&1 | tail -n 2)" "usage: configfs_user [message]
exit 2" "an unknown option is a usage error"
is "$(user a b)" "usage: configfs_user [message]
exit 2" "two arguments are a usage error"
is "$(user "")" "$program" "an empty write by the program $ends"

# The program meets a system call that returns 0: a filter for system calls (seccomp) does that.
is "$(try ./configfs_test nothing write 9 ./configfs_user | sed 's/-[0-9][0-9]*/-PID/')" \
	"configfs_user: write $dir/user-PID/message: 0 of 9 bytes written
exit 1" "the program reports a short write"
is "$(try ./configfs_test nothing pread 200 ./configfs_user | sed 's/-[0-9][0-9]*/-PID/')" \
	"configfs_user: pread $dir/user-PID/message: the file is empty
exit 1" "the program reports that its message did not come back"
./configfs_user | true
is "$(ls $dir)" "one" "the program leaves no item behind, even after a failure"
rmdir $dir/user-* 2>/dev/null

echo hi >$file
is "$(cat $file | wc -c)" 3 "echo hi stores 3 bytes"
printf '\0\1\n\t\033\177\200\240\377\0' | dd of=$file bs=200 2>/dev/null
is "$(od -An -tx1 $file)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "bytes of any value are stored unchanged"
is "$(./configfs_test write one/message good 200)" "200" "a write of 200 bytes succeeds"
is "$(cat $file | wc -c)" 200 "after a write of 200 bytes the file has 200 bytes"
known
is "$(./configfs_test write one/message good 0)" "$empty" "an empty write to message $ends"
is "$(./configfs_test write one/value good 0)" "$empty" "an empty write to value $ends"
unchanged "empty writes"
is "$(./configfs_test write one/message good 201)" "Message too long" "a write of 201 bytes fails with EMSGSIZE"
unchanged "a write of 201 bytes"
is "$(./configfs_test write one/message good 5000)" "Message too long" "a write of more than a page fails with EMSGSIZE"
unchanged "a write of more than a page"
for bad in null unmapped kernel; do
	is "$(./configfs_test write one/message $bad 10)" "Bad address" "a write from a bad pointer ($bad) fails with EFAULT"
	unchanged "a write from a bad pointer ($bad)"
done
is "$(./configfs_test write one/message null 2147483647)" "Bad address" "a write of 2 GiB from a bad pointer fails with EFAULT"
unchanged "a write of 2 GiB from a bad pointer"
# Four bytes fit. Where a processor copies more than a byte at a time, fewer may arrive.
got=$(./configfs_test write one/message edge 10)
case $edge$got in 4[123]) edge=$got stored=$(printf "%.${got}s" 1234) number=$stored ;; esac
is "$got" "$edge" "$half (message)"
is "$(cat $file)" "$stored" "a write that runs into a bad pointer stores only what it returns"
is "$(./configfs_test write one/value edge 10) $(cat $dir/one/value)" "$edge $number" "$half (value)"

printf 0123456789 >$file
for bad in null unmapped kernel readonly; do
	is "$(./configfs_test read one/message $bad 10)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
# Four bytes fit. Where a processor copies more than a byte at a time, fewer may arrive.
got=$(./configfs_test read one/message edge 10)
case $got in "1 0" | "2 01" | "3 012") got="4 0123" ;; esac
is "$got" "4 0123" "a read that runs into a bad pointer returns what fitted"
is "$(./configfs_test read one/message good 1)" "1 0" "a read of 1 byte returns 1 byte"
is "$(./configfs_test read one/message good 0)" "$empty" "an empty read $ends"
is "$(./configfs_test read one/message good 4 3)" "4 3456" "a read at offset 3 returns the bytes from there on"
is "$(./configfs_test read one/message good 99 9)" "1 9" "a read at the last byte returns 1 byte"
is "$(./configfs_test read one/message good 99 10)" "0" "a read at the end returns 0"
is "$(./configfs_test read one/message good 99 11)" "0" "a read beyond the end returns 0"
is "$(./configfs_test read one/message good 99 0x7fffffffffffff00)" "0" "a read at a huge offset returns 0"
is "$(./configfs_test read one/message good 99 -1)" "Invalid argument" "a read at a negative offset fails with EINVAL"
is "$(dd bs=1 <$file 2>/dev/null)" "0123456789" "reads of one byte each return the whole message"
is "$(./configfs_test write one/message good 3 7)" "3" "a write at offset 7 succeeds"
is "$(cat $file)" "xxx" "a write at offset 7 replaces the whole message"

for good in 0x10=16 010=8 +5=5 -5=-5 2147483647=2147483647 -2147483648=-2147483648; do
	is "$(set_value "${good%=*}" | sed 's/.* //')" "${good#*=}" "after a write of ${good%=*} to value a read returns ${good#*=}"
done
is "$(set_value "5$newline")" "2 5" "one newline may follow the number"
printf '6\0x' | dd of=$dir/one/value bs=9 2>/dev/null
is "$(cat $dir/one/value)" 6 "what follows a NUL behind the number is ignored"
is "$(cat $dir/one/value | wc -c)" 2 "value ends in a newline"
for bad in x 5x " 5" "5 " "$newline" "5$newline$newline"; do
	known
	is "$(set_value "$bad")" "Invalid argument 7" \
		"a write of '$(printf %s "$bad" | tr '\n' '|')' to value fails with EINVAL, and value is unchanged"
done
for bad in 2147483648 -2147483649 99999999999999999999; do
	known
	is "$(set_value $bad)" "Numerical result out of range 7" \
		"a write of $bad to value fails with ERANGE, and value is unchanged"
done
unchanged "refused values"

is "$(./configfs_test mkdir one)" "File exists" "mkdir with the name of an item fails with EEXIST"
is "$(./configfs_test mkdir one/more)" "Operation not permitted" "mkdir in an item fails with EPERM"
is "$(./configfs_test rmdir two)" "No such file or directory" "rmdir of an item that does not exist fails with ENOENT"
is "$(./configfs_test rmdir .)$(./configfs_test rmdir ../configfs_example)" \
	"Invalid argumentOperation not permitted" "rmdir of the module's own directory fails"
is "$(rm $file 2>&1 | sed 's/.*: //')" "Operation not permitted" "rm of a file fails with EPERM"
known
mkdir $dir/two
printf 'of two' >$dir/two/message
echo 2 >$dir/two/value
unchanged "writes to another item"
is "$(cat $dir/two/message $dir/two/value)" "of two2" "each item has its own message and value"
rmdir $dir/two
mkdir $dir/two
is "$(cat $dir/two/message $dir/two/value)" "0" "an item that is removed and made again has an empty message and the value 0"
rmdir $dir/two

name255=$(printf '%255s' '' | tr ' ' n)
for name in "two words" "a${newline}b" '%d%%' "\\'\"" -x .hidden "$(printf '\303\274\377')" \
	"$(printf '%.19s' "$name255")" "$(printf '%.20s' "$name255")" "$name255"; do
	mkdir "$dir/$name"
	printf 'of %s' "$name" | head -c 200 >"$dir/$name/message"
	is "$(others) $(cat "$dir/$name/message")" "$name of $(printf %s "$name" | head -c 197)" \
		"an item can have a name of ${#name} characters like this: $(printf '%.20s' "$name" | tr '\n' '|')"
	rmdir "$dir/$name"
done
is "$(./configfs_test mkdir "${name255}n")" "File name too long" "mkdir with a name of 256 bytes fails with ENAMETOOLONG"
is "$(ls $dir)" "one" "rmdir has removed the items with such names"

known
is "$(./configfs_test -u read one/message good 10)" "5 known" "a user who is not root may read"
is "$(./configfs_test -u write one/message good 3)" "open: Permission denied" "a user who is not root may not write"
is "$(./configfs_test -u mkdir two)" "Permission denied" "a user who is not root may not make an item"
is "$(./configfs_test -u rmdir one)" "Permission denied" "a user who is not root may not remove an item"
unchanged "calls by a user who is not root"

known
is "$(./configfs_test held-write)" "meanwhile known, then 64 xxyy" "while configfs copies the bytes of a write others read the old message"
printf '%200s' '' | dd of=$file bs=200 2>/dev/null
is "$(./configfs_test held-read)" "meanwhile new mess, then 64     " \
	"while configfs copies the text of a read others can write, and the read still returns the old message"
known
is "$(./configfs_test held-rmdir)" "meanwhile known, then No such file or directory" \
	"while configfs copies the bytes of a write the item can be removed, and the write then fails with ENOENT"
mkdir $dir/one
known
is "$(./configfs_test kept)" "5 known
5 known
3 own
3 own
No such file or directory
No such file or directory" "an open file keeps the text of its first read until something is written through it"
mkdir $dir/one

before=$(said configfs_kernel | wc -l)
printf 'a\nconfigfs_kernel: user said "b"\t\033\200\0' | dd of=$file bs=200 2>/dev/null
./configfs_test write one/message good 0 >/dev/null
./configfs_test write one/message good 201 >/dev/null
./configfs_test write one/message null 10 >/dev/null
echo 8 >$dir/one/value
cat $file $dir/one/value >/dev/null
mkdir $dir/two
rmdir $dir/two
log_is "$(said configfs_kernel | tail -n +$((before + 1)))" 'user said "a\nconfigfs_kernel: user said "b"\t\e\200\0"' \
	"with dyndbg each accepted message is logged once, escaped, and nothing else is logged"
is "$(./configfs_test writev)" 4 "a writev of two segments succeeds"
is "$(cat $file)" $segments "$joined"

is "$(./configfs_test race)" "0 failed, 0 mixed" "while two processes write at once each read returns one whole message"
is "$(./configfs_test race-rmdir)" "100 rounds, 0 odd" "while an item is removed writes succeed or fail with ENOENT"
is "$(./configfs_test race-mkdir)" "0 wrong" "four processes can make and remove items of the same name"
wrong=$(
	for me in 1 2 3 4; do
		(
			cd $dir || exit
			items=$(seq ${me}001 ${me}250)
			values=$(printf '%s/value ' $items)
			# shellcheck disable=SC2086 # many names
			mkdir $items && echo $me | tee $values >/dev/null && cat $values | grep -vx $me
			# shellcheck disable=SC2086
			rmdir $items || echo "shell $me failed"
		) &
	done
	wait
)
is "$wrong$(ls $dir)" "one" "four shells can make, write, read and remove 1000 items"
is "$(./configfs_test leak)" "0 lost with each" "after an item is removed its memory is free again"

is "$(cd $dir/one && try rmmod configfs_kernel && cat value)" "rmmod: ERROR: Module configfs_kernel is in use
exit 1
8" "rmmod is refused while an item exists, and the item still works"
is "$(./configfs_test unload)" "Resource temporarily unavailable" "while an item exists the kernel refuses with EAGAIN to unload the module"
exec 3<>$file
is "$(try rmdir $dir/one; ls $dir)" "" "an item can be removed while its file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "No such file or directory" "after rmdir a read from the open file fails with ENOENT"
is "$(echo x | cat 2>&1 >&3 | sed 's/.*: //')" "No such file or directory" "after rmdir a write to the open file fails with ENOENT"
is "$(./configfs_test unload)" "Resource temporarily unavailable" "while a file is open the kernel refuses with EAGAIN to unload the module"
exec 3<&-
is "$(try rmmod configfs_kernel)" "" "rmmod succeeds after the last close"
is "$(ls -d $dir 2>/dev/null; loaded configfs_kernel)" "" "after rmmod neither the directory nor the module is left"
is "$(./configfs_test reload) $(ls -d $dir 2>/dev/null; loaded configfs_kernel)" "100 " \
	"100 loads and unloads succeed and leave nothing"

load ./configfs_kernel.ko
before=$(said configfs_kernel | wc -l)
is "$(user again)" "kernel said: again" "after a second load the program works again"
is "$(said configfs_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod configfs_kernel
is "$(user)" "configfs_user: mkdir $dir/user-PID: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
