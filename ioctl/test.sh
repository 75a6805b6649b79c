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

load ./ioctl_kernel.ko
echo 1..75
file=/dev/ioctl_example
long=$(printf '%200s' '' | tr ' ' x)

# A known message, to see afterwards that it still stands
known() { ./ioctl_test set good known >/dev/null; }
stands() { is "$(./ioctl_test get good)" "5 known" "$1: the message still stands"; }

is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node appears, 0600"
is "$(./ioctl_test get good)" "0 " "before the first message it is empty"

is "$(try ./ioctl_user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(try ./ioctl_user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(try ./ioctl_user "")" "kernel said: " "an empty message comes back"
is "$(try ./ioctl_user "$long")" "kernel said: $long" "200 bytes come back"
known
is "$(try ./ioctl_user "${long}x")" "ioctl_user: ioctl IOCTL_EXAMPLE_SET: Message too long
exit 1" "the program reports a message of 201 bytes"
is "$(./ioctl_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./ioctl_user -x 2>&1 | tail -n 2)" "usage: ioctl_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./ioctl_user a b)" "usage: ioctl_user [message]
exit 2" "two messages are a usage error"
stands "after usage errors"

for entry in "" -32; do
	if [ "$entry" ] && [ "$(uname -m)" != x86_64 ]; then
		for count in $(seq $((count + 1)) $((count + 10))); do
			echo "ok $count - the 32-bit entry # SKIP tried on x86-64 only"
		done
		break
	fi
	how=${entry:-native}
	is "$(./ioctl_test $entry set good first)" 0 "a message is set ($how)"
	is "$(./ioctl_test $entry get good)" "5 first" "zeros behind the message ($how)"
	is "$(./ioctl_test $entry exchange good 2nd)" "5 first" "an exchange, zeros behind the answer ($how)"
	is "$(./ioctl_test $entry get good)" "3 2nd" "and it has exchanged ($how)"
	is "$(./ioctl_test $entry set good "$long")" 0 "200 bytes are taken ($how)"
	is "$(./ioctl_test $entry get good)" "200 $long" "and stand there ($how)"
	is "$(./ioctl_test $entry reset null)" 0 "reset ($how)"
	is "$(./ioctl_test $entry get good)" "0 " "empties the message ($how)"
	known
	is "$(./ioctl_test $entry four good)" "Inappropriate ioctl for device" "an unknown number ($how)"
done

if [ -e ioctl_user32 ]; then
	is "$(try ./ioctl_user32 "two words")" "kernel said: two words" "a program compiled for 32 bits"
else
	count=$((count + 1))
	echo "ok $count - a program compiled for 32 bits # SKIP make 32 builds it"
fi
known

for bad in foreign set-size get-size set-direction get-direction reset-direction; do
	is "$(./ioctl_test $bad good new)" "Inappropriate ioctl for device" "a wrong number: $bad"
done
stands "wrong numbers"

for length in 201 4294967295; do
	for command in set exchange; do
		is "$(./ioctl_test $command good new $length)" "Message too long" "$command with length $length"
	done
done
stands "wrong lengths"
for command in set get exchange; do
	for bad in null unmapped kernel edge; do
		is "$(./ioctl_test $command $bad new)" "Bad address" "$command with a bad pointer: $bad"
	done
done
is "$(./ioctl_test get readonly)" "Bad address" "get into read-only memory"
is "$(./ioctl_test exchange readonly new)" "Bad address" "an exchange whose answer cannot be delivered"
stands "bad pointers"
is "$(./ioctl_test set readonly "read only")" 0 "set from read-only memory"
is "$(./ioctl_test get good)" "9 read only" "works"
is "$(./ioctl_test read)" "Invalid argument" "read(2) is refused"
is "$(./ioctl_test write)" "Invalid argument" "write(2) is refused"

known
is "$(./ioctl_test -u get good)" "open: Permission denied" "only root may open"
is "$(./ioctl_test held-exchange)" "$(printf "Interrupted system call, %.0s" 1 2 3 4)then 0 known" \
	"while an exchange is held half way others wait, and a signal ends that"
is "$(./ioctl_test get good)" "8 newer by" "the held exchange has exchanged"

before=$(said ioctl_kernel | wc -l)
./ioctl_test set good "$(printf 'a\nioctl_kernel: user said "b"\t\033')" >/dev/null
./ioctl_test exchange good "" >/dev/null
./ioctl_test reset good >/dev/null
./ioctl_test get good >/dev/null
./ioctl_test set good new 201 >/dev/null
./ioctl_test exchange readonly new >/dev/null
is "$(said ioctl_kernel | tail -n +$((before + 1)))" 'user said "a\nioctl_kernel: user said "b"\t\e"
user said ""' "each accepted message is logged once, escaped, and nothing else"

is "$(./ioctl_test changed)" "0 wrong" "the length changes while it is read: the one checked is the one used"
is "$(./ioctl_test race)" "0 wrong" "two callers exchange: each message comes out once, whole"

exec 3<$file
is "$(try rmmod ioctl_kernel)" "rmmod: ERROR: Module ioctl_kernel is in use
exit 1" "rmmod is refused while the node is open"
is "$(./ioctl_test unload)" "Resource temporarily unavailable" "by the kernel too"
exec 3<&-
is "$(try rmmod ioctl_kernel)" "" "after the last close the module goes"
is "$(ls $file 2>/dev/null; loaded ioctl_kernel)" "" "nothing is left behind"
is "$(./ioctl_test reload) $(ls $file 2>/dev/null; loaded ioctl_kernel)" "100 " "nor after 100 loads and unloads"
load ./ioctl_kernel.ko
is "$(try ./ioctl_user again)" "kernel said: again" "and it works again"
rmmod ioctl_kernel
is "$(try ./ioctl_user)" "ioctl_user: open $file: No such file or directory
exit 1" "without the module the program says so"

quiet
finish
