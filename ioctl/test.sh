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
# Stress: files=/dev/ioctl_example

file=/dev/ioctl_example
long=$(printf '%200s' '' | tr ' ' x)

# A known message, to see afterwards that it has not changed
known() { ./ioctl_test set good known >/dev/null; }
unchanged() {
	got=$(./ioctl_test get good)
	is "${got% and stale bytes}" "5 known" "after $1 the message is unchanged"
	known
}

# shellcheck disable=SC2317 # it is called as $check
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}

load ./ioctl_kernel.ko dyndbg
echo 1..91
is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node exists, belongs to root and has mode 0600"
is "$(./ioctl_test get good)" "0 " "before the first message the message is empty"

is "$(try ./ioctl_user)" "kernel said: hi kernel" "the program's default message comes back"
is "$(try ./ioctl_user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(try ./ioctl_user "")" "kernel said: " "an empty message comes back"
is "$(try ./ioctl_user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
known
is "$(try ./ioctl_user "${long}x")" "ioctl_user: ioctl IOCTL_EXAMPLE_SET: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(./ioctl_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
unchanged "201 bytes from the program"
is "$(try ./ioctl_user -x 2>&1 | tail -n 2)" "usage: ioctl_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./ioctl_user a b)" "usage: ioctl_user [message]
exit 2" "two arguments are a usage error"
unchanged "usage errors"

# commands CHECK ENTRY OPTION...: each command through one of the kernel's two entries
commands() {
	check=$1 entry=$2
	shift 2
	$check "$(./ioctl_test "$@" set good first)" 0 "set succeeds ($entry)"
	$check "$(./ioctl_test "$@" get good)" "5 first" "get returns the message and zeros behind it ($entry)"
	$check "$(./ioctl_test "$@" exchange good 2nd)" "5 first" "exchange returns the old message and zeros behind it ($entry)"
	$check "$(./ioctl_test "$@" get good)" "3 2nd" "exchange stores the new message and zeros behind it ($entry)"
	$check "$(./ioctl_test "$@" set good "$long")" 0 "set with 200 bytes succeeds ($entry)"
	$check "$(./ioctl_test "$@" get good)" "200 $long" "get returns 200 bytes ($entry)"
	$check "$(./ioctl_test "$@" reset null)" 0 "reset succeeds ($entry)"
	$check "$(./ioctl_test "$@" get good)" "0 " "after reset the message is empty ($entry)"
	known
	$check "$(./ioctl_test "$@" four good)" "Inappropriate ioctl for device" "an unknown number fails with ENOTTY ($entry)"
	got=$(./ioctl_test "$@" get good)
	$check "${got% and stale bytes}" "5 known" "after an unknown number the message is unchanged ($entry)"
}
commands is native
why="this test knows the 32-bit entry of x86-64 only"
if [ "$(uname -m)" = x86_64 ]; then commands is 32-bit -32; else commands skip 32-bit; fi
check=is why="there is no ioctl_user32. Run: make 32"
[ -e ioctl_user32 ] || check=skip
$check "$(try ./ioctl_user32 "two words" 2>/dev/null)" "kernel said: two words" "a program compiled for 32 bits works"

known
for bad in other-magic set-size get-size set-direction get-direction reset-direction; do
	is "$(./ioctl_test $bad good new)" "Inappropriate ioctl for device" "a wrong number ($bad) fails with ENOTTY"
	unchanged "a wrong number ($bad)"
done
for length in 201 4294967295; do
	for command in set exchange; do
		is "$(./ioctl_test $command good new $length)" "Message too long" "$command with length $length fails with EMSGSIZE"
		unchanged "$command with length $length"
	done
done
for command in set get exchange; do
	for bad in null unmapped kernel edge; do
		is "$(./ioctl_test $command $bad new)" "Bad address" "$command with a bad pointer ($bad) fails with EFAULT"
	done
	unchanged "$command with a bad pointer"
done
is "$(./ioctl_test get readonly)" "Bad address" "get into read-only memory fails with EFAULT"
is "$(./ioctl_test exchange readonly new)" "Bad address" "an exchange whose answer cannot be written fails with EFAULT"
unchanged "an exchange whose answer cannot be written"
is "$(./ioctl_test set readonly "read only")" 0 "set from read-only memory succeeds"
is "$(./ioctl_test get good)" "9 read only" "set from read-only memory stores the message"
known
is "$(./ioctl_test read)" "Invalid argument" "read(2) fails with EINVAL"
is "$(./ioctl_test write)" "Invalid argument" "write(2) fails with EINVAL"
is "$(./ioctl_test -u get good)" "open: Permission denied" "a user who is not root may not open the node"
unchanged "read, write and an open by a user who is not root"

known
got=$(./ioctl_test held-exchange)
check=is why="this kernel's userfaultfd cannot write-protect memory"
[ "$got" != "no write-protection" ] || check=skip
$check "$got" "$(printf "Interrupted system call, %.0s" 1 2 3 4)then 0 known" \
	"while an exchange is half done get, set, exchange and reset wait until a signal comes"
$check "$(./ioctl_test get good)" "8 newer by" "an exchange that was held up has stored its message"
is "$(./ioctl_test changed)" "0 wrong" "if a length changes while it is read, the length that was checked is used"
is "$(./ioctl_test race)" "0 wrong" "when two programs exchange messages at once, each message comes back once and whole"

before=$(said ioctl_kernel | wc -l)
./ioctl_test set good "$(printf 'a\nioctl_kernel: user said "b"\t\033')" >/dev/null
./ioctl_test exchange good "" >/dev/null
./ioctl_test reset good >/dev/null
./ioctl_test get good >/dev/null
./ioctl_test set good new 201 >/dev/null
./ioctl_test exchange readonly new >/dev/null
log_is "$(said ioctl_kernel | tail -n +$((before + 1)))" 'user said "a\nioctl_kernel: user said "b"\t\e"
user said ""' "with dyndbg each accepted message is logged once, escaped, and nothing else is logged"

exec 3<$file
is "$(try rmmod ioctl_kernel)" "rmmod: ERROR: Module ioctl_kernel is in use
exit 1" "rmmod is refused while the node is open"
is "$(./ioctl_test unload)" "Resource temporarily unavailable" "the kernel refuses with EAGAIN to unload the module while the node is open"
exec 3<&-
is "$(try rmmod ioctl_kernel)" "" "after the last close rmmod succeeds"
is "$(ls $file 2>/dev/null; loaded ioctl_kernel)" "" "after rmmod neither the node nor the module is left"
is "$(./ioctl_test reload) $(ls $file 2>/dev/null; loaded ioctl_kernel)" "100 " "100 loads and unloads succeed and leave nothing"

load ./ioctl_kernel.ko
before=$(said ioctl_kernel | wc -l)
is "$(try ./ioctl_user again)" "kernel said: again" "after a second load the program works again"
is "$(said ioctl_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod ioctl_kernel
is "$(try ./ioctl_user)" "ioctl_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
