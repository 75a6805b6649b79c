#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the call on the running kernel: make && sudo ./test.sh (in "make boot": ./test.sh)
# Prints TAP: one line "ok" or "not ok" for each check. Exit status: 0 all checks passed, 1 some
# failed, 4 the test could not run on this machine.

# ---- the same lines in every directory, but for those that load modules ----
cd "$(dirname "$0")" || exit 1
export PATH=$PATH:/usr/sbin:/sbin LC_ALL=C
count=0 failed=0

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

# cannot REASON: ends the test: as skipped if no check has run yet, else as failed.
cannot() {
	[ $count = 0 ] || { is "$1" "" "the test can go on" && exit 1; }
	echo "1..0 # SKIP $1"
	exit 4
}

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

[ "$(id -u)" = 0 ] || cannot "only root may write to the kernel log. Run: sudo ./test.sh"
[ -x ./mysyscall_test ] || cannot "the programs are missing. Run: make"
case $(./mysyscall_user 2>&1) in
*"no such call"*) cannot "this kernel has no mysyscall, or the programs were built without its headers. Run: make boot, and there ./test.sh" ;;
esac
echo "<6>$mark" >/dev/kmsg
# ---- from here on it is this directory's own ----
# Comments such as "# Logs: " are for the throwaway machine: CONTRIBUTING.md in the repository explains them.
# Stress: modules= runs="./mysyscall_user again" more="./mysyscall_test call edge 13"
# Stress: add more './mysyscall_test racers'
# Trace: own=__x64_sys_mysyscall run=./mysyscall_user

long=$(printf '%200s' '' | tr ' ' x)

# debug +p switches the log lines of the call on, debug -p off
debug() { [ ! -e /proc/dynamic_debug/control ] || echo "file mysyscall.c $1" >/proc/dynamic_debug/control; }
debug -p
trap 'debug -p' EXIT

echo 1..62
./mysyscall_user >/dev/null
is "$(said mysyscall)" "" "without dynamic debug nothing is logged"
before=$(said mysyscall | wc -l)
debug +p

is "$(try ./mysyscall_user)" "kernel said: hello world" "the kernel answers the program's default message"
is "$(try ./mysyscall_user "two words")" "kernel said: hello world" "the kernel answers a message given to the program"
is "$(try ./mysyscall_user "")" "kernel said: hello world" "the kernel answers an empty message"
is "$(try ./mysyscall_user "$long")" "kernel said: hello world" "the kernel answers a message of 200 bytes"
log_is "$(said mysyscall | tail -n +$((before + 1)))" "user said \"hi kernel\"
user said \"two words\"
user said \"\"
user said \"$long\"" "with dynamic debug each accepted message is logged once"
is "$(try ./mysyscall_user "${long}x")" "mysyscall_user: mysyscall: Invalid argument
exit 1" "the program reports that a message of 201 bytes is refused"
is "$(./mysyscall_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(try ./mysyscall_user -x 2>&1 | tail -n 2)" "usage: mysyscall_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./mysyscall_user a b)" "usage: mysyscall_user [message]
exit 2" "two arguments are a usage error"
is "$(try sh -c './mysyscall_user >/dev/full')" "mysyscall_user: write standard output: No space left on device
exit 1" "the program reports an answer that cannot be printed"
is "$(try ./stock_user)" "stock_user: this kernel has no such call: \"make boot\" boots one with it
exit 1" "a program built with other headers reports that there is no such call"

# The answer is 12 bytes with its NUL. mysyscall_test tells up to which byte the buffer has changed.
for len in 12 13 199 200; do
	is "$(./mysyscall_test call good $len)" "12 hello world, 12 changed" "in a buffer of $len bytes only the answer's 12 bytes change"
done
before=$(said mysyscall | wc -l)
for len in 0 1 11 201 202 4096 0x7fffffff 0x80000000 0xffffffff 0x10000000c 0x7fffffffffffffff -1 -12; do
	is "$(./mysyscall_test call good $len)" "Invalid argument, 0 changed" "a buffer of $len bytes is refused with EINVAL"
done
for len in 11 201 -1; do
	is "$(./mysyscall_test call null $len)" "Invalid argument, 0 changed" "$len bytes at NULL are refused with EINVAL: the length is checked first"
done
for bad in null unmapped kernel readonly; do
	is "$(./mysyscall_test call $bad 12)" "Bad address, 0 changed" "12 bytes at a bad pointer ($bad) are refused with EFAULT"
	is "$(./mysyscall_test call $bad 200)" "Bad address, 0 changed" "200 bytes at a bad pointer ($bad) are refused with EFAULT"
done
address=$(sed -n 's/^\(.*\) [bB] __log_buf$/0x\1/p' /proc/kallsyms)
for len in 12 200; do
	is "$(./mysyscall_test call "$address" $len)" "Bad address, 0 changed" "$len bytes of the kernel's own memory are refused with EFAULT"
done
is "$(./mysyscall_test call edge 12)" "12 hello world, 4096 changed" "a buffer of 12 bytes at the end of its page is answered"
is "$(./mysyscall_test call edge 13)" "Bad address, 0 changed" "a buffer that runs into a bad pointer is refused with EFAULT"
log_is "$(said mysyscall | tail -n +$((before + 1)))" 'user said "test"' "of calls that are refused nothing is logged"

# The 32-bit entry
is "$(./mysyscall_test -3 call good 200)" "12 hello world, 12 changed" "a call through the 32-bit entry is answered"
for len in 11 201 -1; do
	is "$(./mysyscall_test -3 call good $len)" "Invalid argument, 0 changed" "through the 32-bit entry a buffer of $len bytes is refused with EINVAL"
done
for bad in null unmapped kernel high; do
	is "$(./mysyscall_test -3 call $bad 200)" "Bad address, 0 changed" "through the 32-bit entry a bad pointer ($bad) is refused with EFAULT"
done

if [ -e mysyscall_user32 ]; then
	is "$(try ./mysyscall_user32 "two words")" "kernel said: hello world" "a program compiled for 32 bits is answered"
else
	count=$((count + 1))
	echo "ok $count - a program compiled for 32 bits is answered # SKIP make 32 builds it"
fi

is "$(./mysyscall_test -u call good 200)" "12 hello world, 12 changed" "a user who is not root is answered"

# What is logged
before=$(said mysyscall | wc -l)
./mysyscall_test say 12 "0123456789abcdef"
./mysyscall_test say 200 "$long$long"
./mysyscall_test say 200 "$(printf 'a\nmysyscall: user said "b"\t\033\200')"
log_is "$(said mysyscall | tail -n +$((before + 1)))" "user said \"0123456789ab\"
user said \"$long\"
user said \"a\\nmysyscall: user said \"b\"\\t\\e\\200\"" "a string without a NUL ends with the buffer, and control bytes are logged escaped"

# Callers at once
is "$(./mysyscall_test race)" "0 bad" "a call is answered while another thread changes its string"
is "$(./mysyscall_test racers)" "0 failed" "two callers at once are both answered"
log_is "$(said mysyscall | tail -n 200 | sort | uniq -c | xargs)" "100 user said $(echo "$long" | tr x a) 100 user said $(echo "$long" | tr x b)" "of two callers at once each message is logged whole"

if command -v strace >/dev/null; then
	number=$(printf %x "$(./mysyscall_test number)")
	is "$(strace ./mysyscall_user 2>&1 | sed -n "s/^\(syscall_0x$number\)(.*) = /\1 /p")" "syscall_0x$number 0xc" \
		"strace shows the call by its number"
else
	count=$((count + 1))
	echo "ok $count - strace shows the call by its number # SKIP there is no strace on this machine"
fi
if [ -x ./selftest ]; then
	is "$(try ./selftest | grep -v '^ok')" "TAP version 13
1..11
# Totals: pass:11 fail:0 xfail:0 xpass:0 skip:0 error:0" "the kernel's own selftest passes"
else
	count=$((count + 1))
	echo "ok $count - the kernel's own selftest passes # SKIP it was not built"
fi

no_warnings
finish
