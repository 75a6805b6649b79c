#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the call on the running kernel: make && sudo ./test.sh (or in make boot: ./test.sh)
# TAP (a line "ok" or "not ok" for each check) on standard output; exit 0 if all is well, 1 if not, 4 if it could not run.

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

cannot() {
	[ $count = 0 ] || { is "$1" "" "the test can go on" && exit 1; }
	echo "1..0 # SKIP $1"
	exit 4
}

# What the kernel logs from here on is ours: said NAME, and the check at the end.
mark="$0 $$ begins"
since() { { echo && dmesg; } | sed "1,\\|$mark|d"; }
said() { since | sed -n "s/^\(\[[^]]*\]\)* *$1: //p"; }
quiet() {
	is "$(dmesg | grep -qF "$mark" || echo "the log has lost its beginning"
	since | grep -E 'BUG|WARNING|Oops|UBSAN|KASAN|ODEBUG|Call Trace|general protection|refcount_t|usercopy|list_|kobject:|proc_dir_entry|sysfs: cannot|INFO: |suspicious')" \
		"" "the kernel log is quiet"
}
finish() { [ $count -gt 0 ] && [ $failed = 0 ]; exit; }

[ "$(id -u)" = 0 ] || cannot "only root may mark the kernel log: sudo ./test.sh"
[ -x ./mysyscall_test ] || cannot "the programs are missing: run make"
case $(./mysyscall_user 2>&1) in
*"no such call"*) cannot "no mysyscall here: make boot, and ./test.sh there. Or the programs were built without its headers: make clean all" ;;
esac
echo "<6>$mark" >/dev/kmsg

long=$(printf '%200s' '' | tr ' ' x)

echo 1..61
is "$(try ./mysyscall_user)" "kernel said: hello world" "the kernel answers"
is "$(try ./mysyscall_user "two words")" "kernel said: hello world" "to a message of one's own"
is "$(try ./mysyscall_user "")" "kernel said: hello world" "to an empty one"
is "$(try ./mysyscall_user "$long")" "kernel said: hello world" "to one of 200 bytes"
is "$(said mysyscall)" "user said \"hi kernel\"
user said \"two words\"
user said \"\"
user said \"$long\"" "each is logged once"
is "$(try ./mysyscall_user "${long}x")" "mysyscall_user: mysyscall: Invalid argument
exit 1" "the program reports a message of 201 bytes"
is "$(./mysyscall_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./mysyscall_user -x 2>&1 | tail -n 2)" "usage: mysyscall_user [message]
exit 2" "an unknown option is a usage error"
is "$(try ./mysyscall_user a b)" "usage: mysyscall_user [message]
exit 2" "two messages are a usage error"
is "$(try sh -c './mysyscall_user >/dev/full')" "mysyscall_user: write standard output: No space left on device
exit 1" "an answer that cannot be written is a failure"
is "$(try ./stock_user)" "stock_user: this kernel has no such call: make boot builds one with it
exit 1" "built with other headers, the program says that there is no such call"

# The answer, with its NUL, and no byte behind it
for len in 12 13 199 200; do
	is "$(./mysyscall_test call good $len)" "12 hello world, 12 changed" "a buffer of $len bytes: the answer, and nothing behind it"
done
before=$(said mysyscall | wc -l)
for len in 0 1 11 201 202 4096 0x7fffffff 0x80000000 0xffffffff 0x10000000c 0x7fffffffffffffff -1 -12; do
	is "$(./mysyscall_test call good $len)" "Invalid argument, 0 changed" "a buffer of $len bytes is refused"
done
for len in 11 201 -1; do
	is "$(./mysyscall_test call null $len)" "Invalid argument, 0 changed" "$len bytes at NULL: the length is looked at first"
done
for bad in null unmapped kernel readonly; do
	is "$(./mysyscall_test call $bad 12)" "Bad address, 0 changed" "12 bytes at a bad pointer: $bad"
	is "$(./mysyscall_test call $bad 200)" "Bad address, 0 changed" "200 bytes at a bad pointer: $bad"
done
address=$(sed -n 's/^\(.*\) [bB] __log_buf$/0x\1/p' /proc/kallsyms)
for len in 12 200; do
	is "$(./mysyscall_test call "$address" $len)" "Bad address, 0 changed" "$len bytes of the kernel's own memory"
done
is "$(./mysyscall_test call edge 12)" "12 hello world, 4096 changed" "a buffer that ends with its page"
is "$(./mysyscall_test call edge 13)" "Bad address, 0 changed" "a buffer that runs into a bad pointer"
is "$(said mysyscall | tail -n +$((before + 1)))" 'user said "test"' "of all these, only what was accepted is logged"

# The 32-bit entry
is "$(./mysyscall_test -3 call good 200)" "12 hello world, 12 changed" "a 32-bit program is answered too"
for len in 11 201 -1; do
	is "$(./mysyscall_test -3 call good $len)" "Invalid argument, 0 changed" "a 32-bit program with a buffer of $len bytes is refused"
done
for bad in null unmapped kernel high; do
	is "$(./mysyscall_test -3 call $bad 200)" "Bad address, 0 changed" "a 32-bit program with a bad pointer: $bad"
done

if [ -e mysyscall_user32 ]; then
	is "$(try ./mysyscall_user32 "two words")" "kernel said: hello world" "a program compiled for 32 bits"
else
	count=$((count + 1))
	echo "ok $count - a program compiled for 32 bits # SKIP make 32 builds it"
fi

is "$(./mysyscall_test -u call good 200)" "12 hello world, 12 changed" "anybody may call"

# What is logged
before=$(said mysyscall | wc -l)
./mysyscall_test say 12 "0123456789abcdef"
./mysyscall_test say 200 "$long$long"
./mysyscall_test say 200 "$(printf 'a\nmysyscall: user said "b"\t\033\200')"
is "$(said mysyscall | tail -n +$((before + 1)))" "user said \"0123456789ab\"
user said \"$long\"
user said \"a\\nmysyscall: user said \"b\"\\t\\e\\200\"" "a string without an end ends with the buffer, and control bytes are escaped"

# Callers at once
is "$(./mysyscall_test race)" "0 bad" "another thread changes the string meanwhile: no matter"
is "$(./mysyscall_test racers)" "0 failed" "two callers at once, each is answered"
is "$(said mysyscall | tail -n 200 | sort | uniq -c | xargs)" "100 user said $(echo "$long" | tr x a) 100 user said $(echo "$long" | tr x b)" "and each message is logged whole"

if command -v strace >/dev/null; then
	number=$(printf %x "$(./mysyscall_test number)")
	is "$(strace ./mysyscall_user 2>&1 | sed -n "s/^\(syscall_0x$number\)(.*) = /\1 /p")" "syscall_0x$number 0xc" \
		"strace, which does not know the name, shows the number"
else
	count=$((count + 1))
	echo "ok $count - strace shows the number # SKIP no strace here"
fi
if [ -x ./selftest ]; then
	is "$(try ./selftest | grep -v '^ok')" "TAP version 13
1..11
# Totals: pass:11 fail:0 xfail:0 xpass:0 skip:0 error:0" "the kernel's own selftest passes"
else
	count=$((count + 1))
	echo "ok $count - the kernel's own selftest passes # SKIP it was not built"
fi

quiet
finish
