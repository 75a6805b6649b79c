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

config=/sys/kernel/config
dir=$config/configfs_example
file=$dir/one/message
long=$(printf '%200s' '' | tr ' ' x)
newline='
'

# Linux 5.10 answers an empty call with 0, and stores nothing of a write that fails half way.
case $(uname -r) in
5.10.*) empty=0 edge="Bad address" stored=known number=7 program="kernel said: " ;;
*) empty="Bad address" edge=4 stored=1234 number=1234 program="configfs_user: write $dir/user-PID/message: Bad address
exit 1" ;;
esac

# A known message and value, to see afterwards that they still stand
known() { printf known >$file && echo 7 >$dir/one/value; }
stands() { is "$(cat $file $dir/one/value)" "known7" "$1: message and value still stand"; }
value() { echo "$(./configfs_test text one/value "$1") $(cat $dir/one/value)"; }
# others: the names beside the item one, as they are (ls may not show them so)
others() { (cd $dir && for n in * .[!.]*; do [ "$n" = one ] || [ ! -e "./$n" ] || printf %s "$n"; done); }
mounted() { grep -q " $config " /proc/mounts; }

modprobe -q configfs
mounted || mount -t configfs configfs $config 2>/dev/null
mounted || cannot "configfs cannot be mounted at $config: does this kernel have it (CONFIG_CONFIGFS_FS)?"

load ./configfs_kernel.ko
echo 1..110
is "$(stat -c '%A %U %G' $dir)" "drwxr-xr-x root root" "the directory appears, 0755"
is "$(ls $dir)" "" "it is empty"
mkdir $dir/one
is "$(stat -c '%n %A %U %G' $dir/one/* | sed 's/.*\///')" "message -rw-r--r-- root root
value -rw-r--r-- root root" "mkdir makes an item with its files, 0644"
is "$(cat $file | wc -c) $(cat $dir/one/value)" "0 0" "before the first write message is empty and value 0"

is "$(try ./configfs_user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(try ./configfs_user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(try ./configfs_user "$long")" "kernel said: $long" "200 bytes come back"
is "$(try ./configfs_user "${long}x" | sed 's/-[0-9]*/-PID/')" "configfs_user: write $dir/user-PID/message: Message too long
exit 1" "the program reports a message of 201 bytes"
is "$(try ./configfs_user -x 2>&1 | tail -n 2)" "usage: configfs_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./configfs_user a b)" "usage: configfs_user [message]
exit 2" "two messages are a usage error"
is "$(./configfs_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./configfs_user "" | sed 's/-[0-9]*/-PID/')" "$program" "an empty message does not reach the module"
./configfs_user | true
is "$(ls $dir)" "one" "the program leaves no item behind, whatever happened"
rmdir $dir/user-* 2>/dev/null

echo hi >$file
is "$(cat $file | wc -c)" 3 "echo hi stores 3 bytes"
printf '\0\1\n\t\033\177\200\240\377\0' | dd of=$file bs=200 2>/dev/null
is "$(od -An -tx1 $file)" " 00 01 0a 09 1b 7f 80 a0 ff 00" "any byte value is kept"
is "$(./configfs_test write one/message good 200)" "200" "200 bytes are taken"
is "$(cat $file | wc -c)" 200 "and stand there"
known
is "$(./configfs_test write one/message good 0)" "$empty" "an empty write is answered by the core"
is "$(./configfs_test write one/value good 0)" "$empty" "the same with value"
stands "empty writes"
is "$(./configfs_test write one/message good 201)" "Message too long" "201 bytes are refused"
is "$(./configfs_test write one/message good 5000)" "Message too long" "more than a page is refused"
for bad in null unmapped kernel; do
	is "$(./configfs_test write one/message $bad 10)" "Bad address" "write from a bad pointer: $bad"
done
is "$(./configfs_test write one/message null 2147483647)" "Bad address" "2 GiB from a bad pointer"
stands "refused messages"
is "$(./configfs_test write one/message edge 10)" "$edge" "write that runs into a bad pointer"
is "$(cat $file)" "$stored" "stores what the core could copy"
is "$(./configfs_test write one/value edge 10) $(cat $dir/one/value)" "$edge $number" "and what it could copy of a number"

printf 0123456789 >$file
for bad in null unmapped kernel readonly; do
	is "$(./configfs_test read one/message $bad 10)" "Bad address" "read into a bad pointer: $bad"
done
is "$(./configfs_test read one/message edge 10)" "4 0123" "read that runs into a bad pointer gives what fitted"
is "$(./configfs_test read one/message good 1)" "1 0" "read of 1 byte"
is "$(./configfs_test read one/message good 0)" "$empty" "read of 0 bytes"
is "$(./configfs_test read one/message good 4 3)" "4 3456" "read at an offset"
is "$(./configfs_test read one/message good 99 9)" "1 9" "read of the last byte"
is "$(./configfs_test read one/message good 99 10)" "0" "read at the end"
is "$(./configfs_test read one/message good 99 11)" "0" "read beyond the end"
is "$(./configfs_test read one/message good 99 0x7fffffffffffff00)" "0" "read at a huge offset"
is "$(./configfs_test read one/message good 99 -1)" "Invalid argument" "read at a negative offset"
is "$(dd bs=1 <$file 2>/dev/null)" "0123456789" "read byte by byte"
is "$(./configfs_test write one/message good 3 7)" "3" "pwrite at an offset"
is "$(cat $file)" "xxx" "pwrite replaces the whole message"

for good in 0x10=16 010=8 +5=5 -5=-5 2147483647=2147483647 -2147483648=-2147483648; do
	is "$(value "${good%=*}" | sed 's/.* //')" "${good#*=}" "value takes ${good%=*}"
done
is "$(value "5$newline")" "2 5" "value takes one newline"
printf '6\0x' | dd of=$dir/one/value bs=9 2>/dev/null
is "$(cat $dir/one/value)" 6 "what follows a NUL is not looked at"
is "$(cat $dir/one/value | wc -c)" 2 "value ends in a newline"
for bad in x 5x " 5" "5 " "$newline" "5$newline$newline"; do
	known
	is "$(value "$bad")" "Invalid argument 7" "value refuses '$(printf %s "$bad" | tr '\n' '|')'"
done
for bad in 2147483648 -2147483649 99999999999999999999; do
	known
	is "$(value $bad)" "Numerical result out of range 7" "value refuses $bad"
done
stands "refused values"

is "$(./configfs_test mkdir one)" "File exists" "a second item of that name is refused"
is "$(./configfs_test mkdir one/more)" "Operation not permitted" "an item in an item too"
is "$(./configfs_test rmdir two)" "No such file or directory" "rmdir of what is not there too"
is "$(./configfs_test rmdir .)$(./configfs_test rmdir ../configfs_example)" \
	"Invalid argumentOperation not permitted" "rmdir of the directory itself too"
is "$(rm $file 2>&1 | sed 's/.*: //')" "Operation not permitted" "rm of an attribute too"
known
mkdir $dir/two
printf 'of two' >$dir/two/message
echo 2 >$dir/two/value
stands "another item has been written"
is "$(cat $dir/two/*)" "of two2" "each item has a message and a value of its own"
rmdir $dir/two
mkdir $dir/two
is "$(cat $dir/two/*)" "0" "an item made again begins anew"
rmdir $dir/two

name255=$(printf '%255s' '' | tr ' ' n)
for name in "two words" "a${newline}b" '%d%%' "\\'\"" -x .hidden "$(printf '\303\274\377')" "$name255"; do
	mkdir "$dir/$name"
	printf 'of %s' "$name" | head -c 200 >"$dir/$name/message"
	is "$(others) $(cat "$dir/$name/message")" "$name of $(printf %s "$name" | head -c 197)" \
		"a name of odd characters: $(printf '%.20s' "$name" | tr '\n' '|')"
	rmdir "$dir/$name"
done
is "$(./configfs_test mkdir "${name255}n")" "File name too long" "a name of 256 bytes is refused"
is "$(ls $dir)" "one" "and these have all gone"

known
is "$(./configfs_test -u read one/message good 10)" "5 known" "anybody may read"
is "$(./configfs_test -u write one/message good 3)" "open: Permission denied" "only root may write"
is "$(./configfs_test -u mkdir two)" "Permission denied" "only root may make an item"
is "$(./configfs_test -u rmdir one)" "Permission denied" "only root may remove one"
stands "calls by nobody"

known
is "$(./configfs_test held-write)" "meanwhile known, then 64 xxyy" "a write held half way does not show"
printf '%200s' '' | dd of=$file bs=200 2>/dev/null
is "$(./configfs_test held-read)" "meanwhile new mess, then 64     " "a read held half way holds nobody up"
known
is "$(./configfs_test held-rmdir)" "meanwhile known, then No such file or directory" \
	"nor does a held write hold rmdir up"
mkdir $dir/one
known
is "$(./configfs_test kept)" "5 known
5 known
3 own
3 own
No such file or directory
No such file or directory" "a descriptor keeps what it has read until it writes"
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
is "$(said configfs_kernel | tail -n +$((before + 1)))" 'user said "a\nconfigfs_kernel: user said "b"\t\e\200\0"' \
	"each accepted message is logged once, escaped, and nothing else"

is "$(./configfs_test race)" "0 failed, 0 mixed" "two writers at once: a reader sees one message or the other"
is "$(./configfs_test race-rmdir)" "100 rounds, 0 odd" "writes while the item is removed succeed or give ENOENT"
is "$(./configfs_test race-mkdir)" "0 wrong" "four callers make and remove one name"
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
is "$wrong$(ls $dir)" "one" "four shells make, write, read and remove 1000 items"
is "$(./configfs_test leak)" "0 lost with each" "an item removed leaves no memory behind"

is "$(cd $dir/one && try rmmod configfs_kernel && cat value)" "rmmod: ERROR: Module configfs_kernel is in use
exit 1
8" "rmmod is refused while there is an item, which still answers"
is "$(./configfs_test unload)" "Resource temporarily unavailable" "by the kernel too"
exec 3<>$file
is "$(try rmdir $dir/one; ls $dir)" "" "an item goes while its attribute is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "No such file or directory" "the old descriptor then refuses to read"
is "$(echo x | cat 2>&1 >&3 | sed 's/.*: //')" "No such file or directory" "and to write"
is "$(./configfs_test unload)" "Resource temporarily unavailable" "and keeps the module in"
exec 3<&-
is "$(try rmmod configfs_kernel)" "" "after the last close the module goes"
is "$(ls -d $dir 2>/dev/null; loaded configfs_kernel)" "" "nothing is left behind"
is "$(./configfs_test reload) $(ls -d $dir 2>/dev/null; loaded configfs_kernel)" "100 " "nor after 100 loads and unloads"
load ./configfs_kernel.ko
is "$(try ./configfs_user again)" "kernel said: again" "and it works again"
rmmod configfs_kernel
is "$(try ./configfs_user | sed 's/-[0-9]*/-PID/')" "configfs_user: mkdir $dir/user-PID: No such file or directory
exit 1" "without the module the program says so"

quiet
finish
