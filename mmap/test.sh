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
# Stress: files=$debugfs/mmap_example
# Logs: mmap_kernel: 

# Again with: debugfs=off

file=/sys/kernel/debug/mmap_example
hello="Hello from the kernel, this is file mmap_example"
long=$(printf '%200s' '' | tr ' ' x)

# steps STEPS WANTED NAME: one check; the head of mmap_test.c explains the steps
steps() {
	case " $1 " in
	*" log "*) log_is "$(./mmap_test $1 2>&1)" "$2" "$3" ;;
	*) is "$(./mmap_test $1 2>&1)" "$2" "$3" ;;
	esac
}

# Prints what the module has logged. The kernel itself logs a line on every module from outside.
words() { said mmap_kernel | grep -v taint; }

no_file="mmap_user: open $file: No such file or directory
exit 1"

# The test mounts debugfs and unmounts it at its end. A kernel without debugfs has a test of its own.
if ! grep -q ' /sys/kernel/debug debugfs ' /proc/mounts; then
	if mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null; then
		trap 'umount /sys/kernel/debug' EXIT
	elif grep -qw debugfs /proc/filesystems; then
		cannot "debugfs cannot be mounted"
	else
		# Not load(): it would take this errno for Secure Boot, where the module does not even start.
		why=$(try insmod ./mmap_kernel.ko)
		[ -n "$(words; loaded mmap_kernel)" ] || cannot "$why"
		echo 1..5
		is "$why" "insmod: ERROR: could not insert module ./mmap_kernel.ko: Operation not permitted
exit 1" "without debugfs the load fails with EPERM"
		is "$(words)" "debugfs is missing or switched off, and this module needs it" \
			"without debugfs the module logs why it does not load"
		is "$(loaded mmap_kernel)" "" "after the failed load the module is not left"
		is "$(try ./mmap_user)" "$no_file" "without the module the program reports that there is no such file"
		no_warnings
		finish
	fi
fi

load ./mmap_kernel.ko dyndbg
case $(./mmap_test open map get) in
greeting) ;;
*"not permitted"*) rmmod mmap_kernel && cannot "kernel lockdown lets nobody open this file" ;;
*)
	steps "open map get" greeting "the file can be mapped"
	rmmod mmap_kernel
	echo 1..1
	finish
	;;
esac
echo 1..66
is "$(stat -c '%A %U %G' $file)" "-rw------- root root" "the file exists, belongs to root and has mode 0600"

before=$(words | wc -l)
is "$(try ./mmap_user)" "kernel said: $hello" "the program prints the greeting"
is "$(try ./mmap_user "two words")" "kernel said: $hello" "with a message given, the program prints the same greeting"
is "$(try ./mmap_user "")" "kernel said: $hello" "the program accepts an empty message"
is "$(try ./mmap_user "$long")" "kernel said: $hello" "the program accepts a message of 200 bytes"
is "$(try ./mmap_user "${long}x")" "mmap_user: message of 201 bytes: Message too long
exit 1" "the program reports that a message of 201 bytes is too long"
is "$(./mmap_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(try ./mmap_user -x 2>&1 | tail -n 2)" "usage: mmap_user [-d] [message]
exit 2" "an unknown option is a usage error"
is "$(try ./mmap_user a b)" "usage: mmap_user [-d] [message]
exit 2" "two arguments are a usage error"
is "$(try ./mmap_user -d "ding dong")" "kernel said: $hello
page says: ding dong" "with -d a child is woken and prints the message"
log_is "$(words | tail -n +$((before + 1)))" "page holds \"hi kernel\"
page holds \"two words\"
page holds \"\"
page holds \"$long\"
page holds \"ding dong\"" "with dyndbg the text of each page is logged once, and nothing else is logged"
is "$(./mmap_user 2>&1 >/dev/full || echo "exit $?")" "mmap_user: write standard output: No space left on device
exit 1" "the program reports that it cannot print its answer"
mount --bind /dev/null $file
is "$(try ./mmap_user)" "mmap_user: mmap $file: No such device
exit 1" "the program reports that the file cannot be mapped"
umount $file

# Eight times, because the kernel may not take the page that was freed last.
is "$(for _ in 1 2 3 4 5 6 7 8; do ./mmap_test open map fill unmap close 2:open 2:map 2:get 2:rest; done | sort -u)" "greeting, 0" \
	"after the greeting a new page contains only zeros"
steps "open map=1 get" greeting "a mapping of 1 byte shows the page"
for size in 0 1p+1 2p 0x40000000; do
	steps "open map=$size map get" "Invalid argument, greeting" "a mapping of length $size fails with EINVAL, and the page can still be mapped"
done
for offset in 1 1p 2p 0x40000000; do
	steps "open map=1p@$offset map get" "Invalid argument, greeting" "a mapping at offset $offset fails with EINVAL, and the page can still be mapped"
done
steps "open read write seek map get" "Invalid argument, Invalid argument, Illegal seek, greeting" \
	"read and write fail with EINVAL, lseek with ESPIPE"
steps "open=r mapr get put=x writable get" "greeting, SIGSEGV, Permission denied, greeting" \
	"a file opened for reading can be mapped only for reading"
steps "open=r map private put=mine get" "Permission denied, mine" "a file opened for reading can be mapped privately for writing"
steps "open=w map mapr" "Permission denied, Permission denied" "a file opened for writing only cannot be mapped"
steps "nobody open" "Permission denied" "a user who is not root may not open the file"

steps "open map close log get put=x get log unmap log" '-, greeting, x, -, page holds "x"' \
	"after close(2) the mapping keeps the page until munmap(2)"
steps "open map put=x unmap log map get close unmap log" '-, x, page holds "x"' \
	"after munmap(2) the descriptor keeps the page until close(2)"
steps "open map put=x dontneed get" x "after MADV_DONTNEED the mapping shows the page again"
steps "open fork map c:map get c:get put=a c:get c:put=b get" "greeting, greeting, a, b" \
	"two processes that map the same descriptor share one page"
steps "open map 2:open 2:map put=a 2:get 2:put=b get" "greeting, a" "two opens get two pages"
steps "open map 2:same 2:map put=a 2:get 2:put=b get" "a, b" "a duplicate of the descriptor has the same page"
steps "open map close fork put=a c:get c:put=b get unmap log c:get c:unmap log" 'a, b, -, b, page holds "b"' \
	"after fork(2) the child keeps the page when the parent unmaps it"
steps "open map close fork put=x c:unmap get log unmap log" 'x, -, page holds "x"' "after fork(2) the parent keeps the page when the child unmaps it"
steps "open map put=x close fork unmap log c:kill wait log" '-, page holds "x"' "a child that is killed keeps nothing"
steps "open map close dontfork fork c:get put=x unmap log" 'SIGSEGV, page holds "x"' \
	"with MADV_DONTFORK the child does not get the mapping"

steps "open map close grow=3p get peek=1 peek=2 put=x get" "greeting, SIGBUS, SIGBUS, x" \
	"after mremap(2) has enlarged the mapping, access beyond the page is SIGBUS"
steps "open map put=x close grow=3p unmap=1 peek=1 get log unmap get log peek=2 unmap=2 log" \
	'SIGSEGV, x, -, SIGSEGV, -, SIGBUS, page holds "x"' "after munmap(2) has cut the mapping, the last part keeps the page"
steps "open map put=x close grow=3p readonly put=y get log writable put=z get unmap log unmap=1 unmap=2 log" \
	'SIGSEGV, x, -, z, -, page holds "z"' "after mprotect(2) has cut the mapping, the last part keeps the page"
steps "open map noaccess get writable get put=x readonly get put=y unmap close log" \
	'SIGSEGV, greeting, x, SIGSEGV, page holds "x"' "mprotect(2) forbids and allows access to the page"
steps "open map put=x close move get old unmap log" 'x, SIGSEGV, page holds "x"' "mremap(2) moves the mapping, and the page with it"
steps "open map close twin put=x 2:get unmap log 2:get 2:unmap log" 'x, -, x, page holds "x"' \
	"mremap(2) makes a second mapping of the same page"

steps "open map 2:same 2:private put=a 2:get 2:put=mine get 2:get put=b 2:get get" "a, a, mine, mine, b" \
	"a private mapping shows the page until it is written to, then a copy"
steps "open map 2:same 2:private 2:put=mine unmap close 2:close log 2:get 2:unmap log" \
	"-, mine, page holds \"$hello\"" "a write to a private mapping does not change the page"
steps "open private fork c:put=child get put=parent c:get" "greeting, child" "after fork(2) each process has its own private copy"
steps "open map 2:same 2:private put=x 2:put=mine truncate get 2:get" "x, x" \
	"truncating the file discards private copies and keeps the page"

steps "open map put=x pin unmap close log drain" 'page holds "x", x' "a pipe that holds the page keeps it after the last munmap(2)"
steps "open map futex" "Bad address" "a futex that processes share fails with EFAULT in the page"
steps "open map private-futex" "Resource temporarily unavailable" "a futex within one process works in the page"
is "$(./mmap_test count)" 40000 "two processes that add to one word at once lose nothing"

# A program in a memory cgroup of its own. Not every machine has that.
what="a program in a memory cgroup can map the page and unmap it"
groups=$(mktemp -d)
{ mount -t cgroup2 none "$groups" && echo +memory >"$groups/cgroup.subtree_control" && mkdir "$groups/mmap_test"; } 2>/dev/null
if [ -e "$groups/mmap_test/memory.current" ]; then
	is "$(sh -c 'echo 0 >"$1/cgroup.procs" && exec ./mmap_test open map put=x unmap close' sh "$groups/mmap_test" 2>&1)" "" "$what"
else
	count=$((count + 1))
	echo "ok $count - $what # SKIP there is no memory cgroup"
fi
{ rmdir "$groups/mmap_test" && umount "$groups" && rmdir "$groups"; } 2>/dev/null

steps "open map fill unmap close log" "page holds \"$long\"" "of a full page 200 bytes are logged"
before=$(words | wc -l)
./mmap_test open map "put=$(printf 'a\nmmap_kernel: page holds "b"\t\033\200')"
log_is "$(words | tail -n +$((before + 1)))" 'page holds "a\nmmap_kernel: page holds "b"\t\e\200"' "the logged text is escaped"

is "$(./mmap_test race)" "0 failed, 0 unloaded" "while two processes open and map the file, no unload succeeds"
exec 3<>$file
is "$(try rmmod mmap_kernel)" "rmmod: ERROR: Module mmap_kernel is in use
exit 1" "rmmod is refused while the file is open"
exec 3<&-
is "$(./mmap_test open map close "sh=rmmod mmap_kernel" put=still get 2>&1)" "rmmod: ERROR: Module mmap_kernel is in use
still" "rmmod is refused while the page is mapped, and the page is still there"
steps "open rmmod map close rmmod grow=3p unmap rmmod" "Resource temporarily unavailable, Resource temporarily unavailable, Resource temporarily unavailable" \
	"delete_module(2) fails with EAGAIN while the file is open, mapped, or mapped beyond the page"
steps "open map close fork unmap rmmod c:unmap rmmod" "Resource temporarily unavailable" \
	"delete_module(2) fails with EAGAIN while a child has the file mapped, then succeeds"
is "$(ls -d $file 2>/dev/null; loaded mmap_kernel)" "" "after the unload neither file nor module is left"
is "$(./mmap_test reload) $(ls -d $file 2>/dev/null; loaded mmap_kernel)" "100 " "100 loads and unloads succeed and leave nothing"
load ./mmap_kernel.ko
before=$(words | wc -l)
is "$(try ./mmap_user again)" "kernel said: $hello" "after a second load the program works again"
is "$(words | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod mmap_kernel
is "$(try ./mmap_user)" "$no_file" "without the module the program reports that there is no such file"

no_warnings
finish
