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
# Stress: modules="upcall_kernel helper=$PWD/upcall_user beeps=0"
# Stress: add modules "upcall_kernel helper=$PWD/upcall_user beeps=0 wait=proc"
# Stress: add modules "upcall_kernel helper=$PWD/upcall_user beeps=0 wait=none"
# Stress: runs=true least=0 rounds=34 worker=load
# Stress: more="cat /sys/module/upcall_kernel/parameters/helper"
# Stress: add more './upcall_test load helper=relative'
# Stress: add more "./upcall_test load helper=$PWD/upcall_user,beeps=11"
# Logs: upcall_kernel: 
# Trace: load=true run='insmod ./upcall_kernel.ko helper=$PWD/upcall_user beeps=0' also=kernel_execve

work=$(mktemp -d) || cannot "mktemp cannot make a directory for temporary files"
trap 'rm -rf "$work"' EXIT
page=0
parameters=/sys/module/upcall_kernel/parameters

# script NAME LINES: writes a helper, in which $dir is $work
script() {
	printf '#!/bin/sh\ndir=%s\n%s\n' "$work" "$2" >"$work/$1"
	chmod +x "$work/$1"
}

# await COMMAND: repeats the command until it succeeds, for at most 5 seconds
await() {
	for _ in $(seq 100); do
		if "$@" 2>/dev/null; then return; fi
		sleep 0.05
	done
}

# attempt PARAMETERS...: for each, loads and unloads; prints Success or the text of the errno
attempt() { ./upcall_test try "$@"; }

# state: prints coming while init runs, then live
state() { cat /sys/module/upcall_kernel/initstate 2>/dev/null || echo gone; }

# news: prints what the module has logged since the last forget
forget() { page=$((page + 1)) && echo "<6>upcall_kernel: page $page" >/dev/kmsg; }
news() { { echo && said upcall_kernel; } | sed "1,/^page $page\$/d"; }

# tally: prints how often each line occurs
tally() { sort | uniq -c | sed 's/^ *//'; }

script true ''
"$work/true" || cannot "programs in $work cannot be run. Set TMPDIR to another directory"
script count 'echo "$1" >>$dir/counted'
counted() { cat "$work/counted" 2>/dev/null && rm "$work/counted"; }
soon() { await test -s "$work/counted" && counted; }
helper=helper=$work/count
script report 'for fd in 0 1 2; do [ ! -e /proc/$$/fd/$fd ] || open=$open$fd; done
{
	echo "arguments $*, umask $(umask), terminal $(cut -d " " -f 7 /proc/$$/stat), open $open"
	tr "\0" "\n" </proc/$$/environ
	for link in cwd ns/mnt ns/net; do readlink /proc/$$/$link; done
	grep -E "^([UG]id|CapEff)" /proc/$$/status
} >$dir/reported'
script hang 'echo $$ >$dir/new; mv $dir/new $dir/pid; exec sleep 20'

load ./upcall_kernel.ko "$helper"
echo 1..56
is "$(soon)" 3 "the load starts the helper with the argument 3"
is "$(stat -c '%A %U %G' $parameters/* | sort -u)" "-r--r--r-- root root" "the files of the parameters belong to root and have mode 0444"
is "$(cd $parameters && grep . beeps helper wait)" "beeps:3
helper:$work/count
wait:exec" "the files of the parameters contain the values"
rmmod upcall_kernel

# What the helper is given
forget
is "$(attempt "helper=$PWD/upcall_user wait=proc beeps=2")" "Success" "with wait=proc the helper of this directory is started"
is "$(said upcall_user)" "argv[0] $PWD/upcall_user
argv[1] 2
environment HOME=/
environment PATH=/usr/sbin:/usr/bin:/sbin:/bin
working directory $(readlink /proc/1/cwd)
uid 0, gid 0" "the helper logs its arguments, its environment, its directory and its user"
is "$(news)" "helper exited with 0" "with wait=proc the module logs that the helper exited with 0"
# The process that loads has another environment, umask, network, and another file system in $work.
(umask 077 && FOO=bar unshare -m -n sh -c 'mount -t tmpfs none "$1" && ./upcall_test try "helper=$1/report wait=proc"' sh "$work") >"$work/out"
is "$(cat "$work/out" "$work/reported")" "Success
arguments 3, umask 0022, terminal 0, open 
HOME=/
PATH=/usr/sbin:/usr/bin:/sbin:/bin
$(readlink /proc/1/cwd; for link in ns/mnt ns/net; do readlink /proc/2/$link; done)
Uid:	0	0	0	0
Gid:	0	0	0	0
$(grep CapEff /proc/2/status)" "the helper inherits nothing from the process that loads, and has no open descriptor"
attempt "$helper wait=proc beeps=0" "$helper wait=proc beeps=0x0a" "$helper wait=proc beeps=010" "$helper wait=proc beeps=+5" >/dev/null
is "$(counted)" "0
10
8
5" "the argument is the number in base 10"
mkdir "$work/a b;c"
cp "$work/count" "$work/a b;c/\$d"
is "$(attempt "helper=\"$work/a b;c/\$d\" wait=proc"; counted)" "Success
3" "a path may contain blanks, semicolons and dollar signs, because no shell reads it"

# How it ends
forget
script end 'exit $1'
is "$(attempt "helper=$work/end wait=proc beeps=0" "helper=$work/end wait=proc beeps=1" "helper=$work/end wait=proc beeps=10"; news)" "Success
Success
Success
helper exited with 0
helper exited with 1
helper exited with 10" "with wait=proc the exit status is logged, and the load succeeds"
forget
script end 'kill -$1 $$'
is "$(attempt "helper=$work/end wait=proc beeps=1" "helper=$work/end wait=proc beeps=9" "helper=$work/end wait=proc beeps=10"; news)" "Success
Success
Success
helper killed by signal 1
helper killed by signal 9
helper killed by signal 10" "with wait=proc the signal that killed the helper is logged, and the load succeeds"
forget
script end 'cd $dir; ulimit -c unlimited; [ $1 = 3 ] && kill -11 $$; exit 255'
is "$(attempt "helper=$work/end wait=proc" "helper=$work/end wait=proc beeps=4"; news)" "Success
Success
helper killed by signal 11
helper exited with 255" "with wait=proc a signal with a core dump and the exit status 255 are logged"
forget
is "$(attempt "helper=$work/end" "helper=$work/end wait=none"; news)" "Success
Success" "with wait=exec and wait=none nothing is logged when the helper starts and ends"
log_is "$(attempt "helper=$work/end dyndbg" "helper=$work/end wait=none dyndbg"; news)" "Success
Success" "with dyndbg nothing is logged either, with wait=exec and with wait=none"

# refused WHAT HELPER ERRNO TEXT: loads in each mode
refused() {
	is "$(attempt "helper=$2" "helper=$2 wait=proc" "helper=$2 wait=none")" "$4
$4
Success" "if the helper $1, the load fails with $3, but with wait=none it succeeds"
}
: >"$work/empty"
echo exit >"$work/text"
printf '\1\2\3\4' >"$work/binary"
printf '#!/no/such\n' >"$work/lost"
cp "$work/true" "$work/locked"
chmod +x "$work/empty" "$work/text" "$work/binary" "$work/lost"
chmod -x "$work/locked"
ln -s loop "$work/loop"
forget
refused "is missing" /no/such ENOENT "No such file or directory"
refused "is a script without its interpreter" "$work/lost" ENOENT "No such file or directory"
refused "is not executable" "$work/locked" EACCES "Permission denied"
refused "is a directory" "$work" EACCES "Permission denied"
refused "has a file in its path" "$work/true/x" ENOTDIR "Not a directory"
refused "is a link to itself" "$work/loop" ELOOP "Too many levels of symbolic links"
refused "has a name that is too long" "/$(printf '%256s' '' | tr ' ' x)" ENAMETOOLONG "File name too long"
refused "is a text without #!" "$work/text" ENOEXEC "Exec format error"
refused "is an empty file" "$work/empty" ENOEXEC "Exec format error"
refused "has an unknown format" "$work/binary" ENOEXEC "Exec format error"
exec 3>>"$work/true"
refused "is open for writing" "$work/true" ETXTBSY "Text file busy"
exec 3>&-
is "$(news | uniq -c | sed 's/^ *//')" "6 helper not started: -ENOENT
6 helper not started: -EACCES
3 helper not started: -ENOTDIR
3 helper not started: -ELOOP
3 helper not started: -ENAMETOOLONG
9 helper not started: -ENOEXEC
3 helper not started: -ETXTBSY" "each start that failed is logged once, in each mode"
is "$(try insmod ./upcall_kernel.ko helper=/no/such)" "insmod: ERROR: could not insert module ./upcall_kernel.ko: Unknown symbol in module
exit 1" "insmod reports a missing helper as an unknown symbol"
is "$(try insmod ./upcall_kernel.ko helper="$work/text")" "insmod: ERROR: could not insert module ./upcall_kernel.ko: Invalid module format
exit 1" "insmod reports a helper of a wrong format as an invalid module format"

# bad WHAT LOG PARAMETERS...: each load fails with EINVAL, starts nothing, and is logged
bad() {
	what=$1 log=$2
	shift 2
	forget
	is "$(attempt "$@" | tally; counted; news | tally)" "$# Invalid argument
$# $log" "$what fails with EINVAL, is logged and starts nothing"
}
bad "a load without helper=, or with an empty or relative path," "helper must be an absolute path" "" helper= helper=count helper=./count "helper=..$work/count"
bad "a load with beeps outside of 0 to 10" "beeps must be 0 to 10" "$helper beeps=-1" "$helper beeps=11" "$helper beeps=0x0b" "$helper beeps=-2147483648"
bad "a load with an unknown wait" "wait must be exec, proc or none" "$helper wait=" "$helper wait=no" "$helper wait=EXEC" "$helper wait=procs" "$helper wait=1"
forget
is "$(attempt helper "$helper wait" "$helper beeps" "$helper beeps=" "$helper beeps=x" "$helper beeps=3x" "$helper \"beeps= 3\"" "$helper beeps=08" \
	"$helper beeps=2147483648" "$helper beeps=-99999999999" | tally; counted; news | grep -v "invalid for parameter")" \
	"8 Invalid argument
2 Numerical result out of range" "the kernel refuses parameters without a value or a number, and numbers that fit no int"
is "$(attempt "helper=/$(printf '%1024s' '' | tr ' ' x)"; counted)" "No space left on device" \
	"the kernel refuses a path of more than 1024 bytes with ENOSPC"
is "$(./upcall_test -u load "$helper"; counted; unshare -U -r ./upcall_test load "$helper"; counted)" "Operation not permitted
Operation not permitted" "neither a user who is not root nor root of another user namespace can load the module"

# What is true when the load returns. A lease on the helper's file makes its exec wait.
is "$(./upcall_test held-load "$work/count" "$helper wait=none"; soon)" "returns, then Success
3" "with wait=none the load returns before the helper has started"
rmmod upcall_kernel
is "$(./upcall_test held-load "$work/count" "$helper wait=exec"; soon)" "waits, then Success
3" "with wait=exec the load waits until the helper has started"
rmmod upcall_kernel
is "$(./upcall_test held-load "$work/count" "$helper wait=proc"; counted)" "waits, then Success
3" "with wait=proc the load waits for the start, and the helper has ended when the load returns"
rmmod upcall_kernel
is "$(./upcall_test held-unload "$work/count" "$helper wait=none"; soon; state)" "waits, then Success
3
gone" "with wait=none the unload waits until the helper has started"
for mode in none exec; do
	is "$(attempt "helper=$work/hang wait=$mode"; await test -s "$work/pid"; try kill -15 "$(cat "$work/pid")")" "Success" \
		"with wait=$mode neither load nor unload waits for the end of a helper that hangs"
	rm "$work/pid"
done
forget
./upcall_test load "helper=$work/hang wait=proc" &
await test -s "$work/pid"
is "$(state) $(./upcall_test unload)" "coming Device or resource busy" "with wait=proc the load waits for a helper that hangs, and an unload fails with EBUSY"
kill -9 $!
sleep 0.2
is "$(state)" "coming" "with wait=proc kill -9 does not end the load"
kill -15 "$(cat "$work/pid")"
wait $! 2>/dev/null
is "$(state), $(news)" "live, helper killed by signal 15" "with wait=proc the load ends when the helper is killed"
rmmod upcall_kernel

is "$(./upcall_test often "$helper wait=none")" 100 "with wait=none 100 loads and unloads without a pause succeed"
await eval '[ "$(wc -l <"$work/counted")" -ge 100 ]'
is "$(counted | tally)" "100 3" "each of 100 loads with wait=none starts the helper once, with its argument"
is "$(loaded upcall_kernel)" "" "after the last unload the module is not left"
./upcall_test load "$helper wait=proc" >"$work/one" &
./upcall_test load "$helper wait=proc" >"$work/two"
wait
is "$(sort -u "$work/one" "$work/two" | grep -v "File exists"; counted)" "Success
3" "of two loads at once one succeeds and starts one helper"
rmmod upcall_kernel

for arguments in "" 3 "-x 3"; do
	is "$(try ./upcall_user $arguments)" "usage: insmod ./upcall_kernel.ko helper=\$PWD/upcall_user
exit 2" "in a shell the program prints its usage (${arguments:-no argument})"
done
# alone NUMBER FILE...: runs the program without open descriptors, in a /dev that has only these files
alone() {
	unshare -m sh -c 'number=$1
		shift
		mount -t tmpfs none /dev
		for file; do : >/dev/$file; done
		./upcall_user $number 0<&- 1>&- 2>&-
		echo "exit $?"
		for file; do echo "$file:" && cat /dev/$file; done' sh "$@" | grep -v environment
}
is "$(alone 3 kmsg console | tr '\a' !)" "exit 0
kmsg:
<6>upcall_user: argv[0] ./upcall_user
<6>upcall_user: argv[1] 3
<6>upcall_user: working directory $PWD
<6>upcall_user: uid 0, gid 0
console:
!!!" "the program writes into the log and rings the bell of the console"
is "$(alone 0 kmsg console | tail -n 1)" "console:" "with 0 beeps the program does not ring"
is "$(alone 3 kmsg | sed '2,$!d; /<6>/d')" "kmsg:
upcall_user: open /dev/console: No such file or directory" "the program logs that there is no console"
is "$(alone 3; alone x; alone "")" "exit 1
exit 2
exit 2" "without a log the program exits with 1, with a wrong argument with 2"

is "$(attempt "$helper wait=proc"; counted)" "Success
3" "after all these loads a load starts the helper again"

no_warnings
finish
