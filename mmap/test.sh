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

# Again with: debugfs=off

file=/sys/kernel/debug/mmap_example
hello="Hello from the kernel, this is file mmap_example"
long=$(printf '%200s' '' | tr ' ' x)

# steps STEPS WANTED WHAT: see the head of mmap_test.c
# shellcheck disable=SC2086 # a word is a step
steps() { is "$(./mmap_test $1 2>&1)" "$2" "$3"; }

# What the module says; the loader has a word for every module from outside.
words() { said mmap_kernel | grep -v taint; }

# Mounted as long as the test runs. Where that cannot be, a test of its own.
if ! grep -q ' /sys/kernel/debug debugfs ' /proc/mounts; then
	if mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; then
		trap 'umount /sys/kernel/debug' EXIT
	elif grep -qw debugfs /proc/filesystems; then
		cannot "debugfs cannot be mounted"
	else
		# Not load(), which takes this errno for Secure Boot; that would keep the module from speaking.
		why=$(try insmod ./mmap_kernel.ko)
		[ -n "$(words; loaded mmap_kernel)" ] || cannot "$why"
		echo 1..5
		is "$why" "insmod: ERROR: could not insert module ./mmap_kernel.ko: Operation not permitted
exit 1" "without debugfs the module does not load"
		is "$(words)" "debugfs is missing or switched off, and this module lives there" "and says why"
		is "$(loaded mmap_kernel)" "" "nothing is left behind"
		is "$(try ./mmap_user)" "mmap_user: open $file: No such file or directory
exit 1" "the program says so"
		quiet
		finish
	fi
fi

load ./mmap_kernel.ko
case $(./mmap_test open map get) in
greeting) ;;
*"not permitted"*) rmmod mmap_kernel && cannot "kernel lockdown closes debugfs" ;;
*)
	steps "open map get" greeting "the file can be mapped"
	rmmod mmap_kernel
	echo 1..1
	finish
	;;
esac
echo 1..62
is "$(stat -c '%A %U %G' $file)" "-rw------- root root" "the file appears, 0600"

before=$(words | wc -l)
is "$(try ./mmap_user)" "kernel said: $hello" "the program prints the greeting"
is "$(try ./mmap_user "two words")" "kernel said: $hello" "the same greeting each time"
is "$(try ./mmap_user "")" "kernel said: $hello" "an empty message is taken"
is "$(try ./mmap_user "$long")" "kernel said: $hello" "200 bytes are taken"
is "$(try ./mmap_user "${long}x")" "mmap_user: message of 201 bytes: Message too long
exit 1" "the program refuses 201 bytes"
is "$(./mmap_user "${long}x" 2>/dev/null)" "" "a failure prints nothing on standard output"
is "$(try ./mmap_user -x 2>&1 | tail -n 2)" "usage: mmap_user [-d] [message]
exit 2" "an unknown option is a usage error"
is "$(try ./mmap_user a b)" "usage: mmap_user [-d] [message]
exit 2" "two messages are a usage error"
is "$(try ./mmap_user -d "ding dong")" "kernel said: $hello
page says: ding dong" "with a doorbell a child hears of the message and prints it"
is "$(words | tail -n +$((before + 1)))" "page holds \"hi kernel\"
page holds \"two words\"
page holds \"\"
page holds \"$long\"
page holds \"ding dong\"" "what each page held is logged once, and nothing else"
is "$(./mmap_user 2>&1 >/dev/full || echo "exit $?")" "mmap_user: write standard output: No space left on device
exit 1" "the program reports an answer that it cannot print"

# Again and again: the kernel may take another page than the one that has just been given back.
is "$(for _ in 1 2 3 4 5 6 7 8; do ./mmap_test open map fill unmap close 2:open 2:map 2:get 2:rest; done | sort -u)" "greeting, 0" \
	"a page is zeroed but for the greeting, whatever was there before"
steps "open map=1 get" greeting "a length of 1 byte gives the page"
for size in 0 1p+1 2p 0x40000000; do
	steps "open map=$size map get" "Invalid argument, greeting" "length $size is refused, and the page still there"
done
for offset in 1 1p 2p 0x40000000; do
	steps "open map=1p@$offset map get" "Invalid argument, greeting" "offset $offset is refused, and the page still there"
done
steps "open read write seek map get" "Invalid argument, Invalid argument, Illegal seek, greeting" \
	"read, write and lseek are refused"
steps "open=r mapr get put=x writable get" "greeting, SIGSEGV, Permission denied, greeting" \
	"a descriptor for reading gives a mapping for reading"
steps "open=r map private put=mine get" "Permission denied, mine" "or a private one"
steps "open=w map mapr" "Permission denied, Permission denied" "a descriptor for writing gives none"
steps "nobody open" "Permission denied" "only root may open it"

steps "open map close log get put=x get log unmap log" '-, greeting, x, -, page holds "x"' \
	"after close the mapping still has the page, which is logged when it goes"
steps "open map put=x unmap log map get close unmap log" '-, x, page holds "x"' \
	"after munmap the descriptor still has the page"
steps "open map put=x dontneed get" x "a mapping emptied by MADV_DONTNEED finds the page again"
steps "open fork map c:map get c:get put=a c:get c:put=b get" "greeting, greeting, a, b" \
	"two processes that map the same descriptor see each other"
steps "open map 2:open 2:map put=a 2:get 2:put=b get" "greeting, a" "two opens do not"
steps "open map 2:same 2:map put=a 2:get 2:put=b get" "a, b" "a duplicate of the descriptor has the same page"
steps "open map close fork put=a c:get c:put=b get unmap log c:get c:unmap log" 'a, b, -, b, page holds "b"' \
	"across fork the child keeps the page"
steps "open map close fork put=x c:unmap get log unmap log" 'x, -, page holds "x"' "or the parent"
steps "open map put=x close fork unmap log c:kill wait log" '-, page holds "x"' "and a child that is killed lets go"
steps "open map close dontfork fork c:get put=x unmap log" 'SIGSEGV, page holds "x"' \
	"with MADV_DONTFORK the child has no part in it"

steps "open map close grow=3p get peek=1 peek=2 put=x get" "greeting, SIGBUS, SIGBUS, x" \
	"a fault beyond the page, in a mapping that has grown, is SIGBUS"
steps "open map put=x close grow=3p unmap=1 peek=1 get log unmap get log peek=2 unmap=2 log" \
	'SIGSEGV, x, -, SIGSEGV, -, SIGBUS, page holds "x"' "cut into pieces, the last one keeps the page"
steps "open map put=x close grow=3p readonly put=y get log writable put=z get unmap log unmap=1 unmap=2 log" \
	'SIGSEGV, x, -, z, -, page holds "z"' "also where mprotect made the pieces"
steps "open map noaccess get writable get put=x readonly get put=y unmap close log" \
	'SIGSEGV, greeting, x, SIGSEGV, page holds "x"' "mprotect takes access away and gives it back"
steps "open map put=x close move get old unmap log" 'x, SIGSEGV, page holds "x"' "mremap moves the mapping"
steps "open map close twin put=x 2:get unmap log 2:get 2:unmap log" 'x, -, x, page holds "x"' \
	"or makes a second one of it"

steps "open map 2:same 2:private put=a 2:get 2:put=mine get 2:get put=b 2:get get" "a, a, mine, mine, b" \
	"a private mapping shows the page until it is written to, then its copy"
steps "open map 2:same 2:private 2:put=mine unmap close 2:close log 2:get 2:unmap log" \
	"-, mine, page holds \"$hello\"" "private writes are not in the page"
steps "open private fork c:put=child get put=parent c:get" "greeting, child" "nor with the other process after fork"
steps "open map 2:same 2:private put=x 2:put=mine truncate get 2:get" "x, x" \
	"truncating the file, which debugfs allows, takes private copies away and not the page"

steps "open map put=x pin unmap close log drain" 'page holds "x", x' "whoever has pinned the page keeps it even longer"
steps "open map futex" "Bad address" "a futex shared between processes cannot be in the page"
is "$(./mmap_test count)" 40000 "two processes that count on one word at once lose nothing"

steps "open map fill unmap close log" "page holds \"$long\"" "of a full page 200 bytes are logged"
before=$(words | wc -l)
./mmap_test open map "put=$(printf 'a\nmmap_kernel: page holds "b"\t\033\200')"
is "$(words | tail -n +$((before + 1)))" 'page holds "a\nmmap_kernel: page holds "b"\t\e\200"' "escaped"

is "$(./mmap_test race)" "0 failed, 0 unloaded" "two processes come and go, and rmmod is refused all the time"
exec 3<>$file
is "$(try rmmod mmap_kernel)" "rmmod: ERROR: Module mmap_kernel is in use
exit 1" "rmmod is refused while the file is open"
exec 3<&-
is "$(./mmap_test open map close "sh=rmmod mmap_kernel" put=still get 2>&1)" "rmmod: ERROR: Module mmap_kernel is in use
still" "rmmod is refused while the page is mapped, and it is still there"
steps "open rmmod map close rmmod grow=3p unmap rmmod" "Resource temporarily unavailable, Resource temporarily unavailable, Resource temporarily unavailable" \
	"by the kernel too: open, mapped, mapped beyond the page"
steps "open map close fork unmap rmmod c:unmap rmmod" "Resource temporarily unavailable" \
	"and while a child has it mapped; then the module goes"
is "$(ls -d $file 2>/dev/null; loaded mmap_kernel)" "" "nothing is left behind"
is "$(./mmap_test reload) $(ls -d $file 2>/dev/null; loaded mmap_kernel)" "100 " "nor after 100 loads and unloads"
load ./mmap_kernel.ko
is "$(try ./mmap_user again)" "kernel said: $hello" "and it works again"
rmmod mmap_kernel
is "$(try ./mmap_user)" "mmap_user: open $file: No such file or directory
exit 1" "without the module the program says so"

quiet
finish
