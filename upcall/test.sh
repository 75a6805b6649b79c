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

work=$(mktemp -d) || cannot "no place for temporary files"
trap 'rm -rf "$work"' EXIT
page=0
parameters=/sys/module/upcall_kernel/parameters

# script NAME LINES: a helper, which knows $work as $dir
script() {
	printf '#!/bin/sh\ndir=%s\n%s\n' "$work" "$2" >"$work/$1"
	chmod +x "$work/$1"
}
# await COMMAND: until it succeeds, 5 seconds at most
await() {
	for _ in $(seq 100); do
		if "$@" 2>/dev/null; then return; fi
		sleep 0.05
	done
}
# attempt PARAMETERS...: loads and unloads with each; Success, or the errno's text
attempt() { ./upcall_test try "$@"; }
# state: coming while init runs, then live
state() { cat /sys/module/upcall_kernel/initstate 2>/dev/null || echo gone; }
# news: what the module has said since the last forget
forget() { page=$((page + 1)) && echo "<6>upcall_kernel: page $page" >/dev/kmsg; }
news() { { echo && said upcall_kernel; } | sed "1,/^page $page\$/d"; }
tally() { sort | uniq -c | sed 's/^ *//'; }

script true ''
"$work/true" || cannot "$work takes no programs: name another place in TMPDIR"
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
echo 1..55
is "$(soon)" 3 "the helper is started, with 3 as its argument"
is "$(stat -c '%A %U %G' $parameters/* | sort -u)" "-r--r--r-- root root" "the parameters can be read, and not written"
is "$(cd $parameters && grep . ./*)" "./beeps:3
./helper:$work/count
./wait:exec" "and tell what is set"
rmmod upcall_kernel

# What the helper is given
forget
is "$(attempt "helper=$PWD/upcall_user wait=proc beeps=2")" "Success" "the helper of this directory is started"
is "$(said upcall_user)" "argv[0] $PWD/upcall_user
argv[1] 2
environment HOME=/
environment PATH=/usr/sbin:/usr/bin:/sbin:/bin
working directory $(readlink /proc/1/cwd)
uid 0, gid 0" "and says what it was given"
is "$(news)" "helper exited with 0" "its end is logged"
# The loader has another environment, umask, network, and another file system in $work.
(umask 077 && FOO=bar unshare -m -n sh -c 'mount -t tmpfs none "$1" && ./upcall_test try "helper=$1/report wait=proc"' sh "$work") >"$work/out"
is "$(cat "$work/out" "$work/reported")" "Success
arguments 3, umask 0022, terminal 0, open 
HOME=/
PATH=/usr/sbin:/usr/bin:/sbin:/bin
$(readlink /proc/1/cwd; for link in ns/mnt ns/net; do readlink /proc/2/$link; done)
Uid:	0	0	0	0
Gid:	0	0	0	0
$(grep CapEff /proc/2/status)" "it inherits nothing from who loads, not even a namespace, and no open descriptor"
attempt "$helper wait=proc beeps=0" "$helper wait=proc beeps=0x0a" "$helper wait=proc beeps=010" "$helper wait=proc beeps=+5" >/dev/null
is "$(counted)" "0
10
8
5" "its argument is the number in base 10"
mkdir "$work/a b;c"
cp "$work/count" "$work/a b;c/\$d"
is "$(attempt "helper=\"$work/a b;c/\$d\" wait=proc"; counted)" "Success
3" "its path is not for a shell: blanks and the like are part of it"

# How it ends
forget
script end 'exit $1'
is "$(attempt "helper=$work/end wait=proc beeps=0" "helper=$work/end wait=proc beeps=1" "helper=$work/end wait=proc beeps=10"; news)" "Success
Success
Success
helper exited with 0
helper exited with 1
helper exited with 10" "its exit is logged, and the load succeeds"
forget
script end 'kill -$1 $$'
is "$(attempt "helper=$work/end wait=proc beeps=1" "helper=$work/end wait=proc beeps=9" "helper=$work/end wait=proc beeps=10"; news)" "Success
Success
Success
helper killed by signal 1
helper killed by signal 9
helper killed by signal 10" "so is the signal that kills it"
forget
script end 'cd $dir; ulimit -c unlimited; [ $1 = 3 ] && kill -11 $$; exit 255'
is "$(attempt "helper=$work/end wait=proc" "helper=$work/end wait=proc beeps=4"; news)" "Success
Success
helper killed by signal 11
helper exited with 255" "one that dumps core, and the highest exit too"
forget
is "$(attempt "helper=$work/end" "helper=$work/end wait=none"; news)" "Success
Success" "with the other modes nobody asks how it ends"

# refused WHAT HELPER TEXT: in each mode
refused() {
	is "$(attempt "helper=$2" "helper=$2 wait=proc" "helper=$2 wait=none")" "$3
$3
Success" "$1: the load fails, but with wait=none"
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
refused "a helper that is missing" /no/such "No such file or directory"
refused "a script without its interpreter" "$work/lost" "No such file or directory"
refused "a helper that is not executable" "$work/locked" "Permission denied"
refused "a directory" "$work" "Permission denied"
refused "a file where a directory should be" "$work/true/x" "Not a directory"
refused "a link to itself" "$work/loop" "Too many levels of symbolic links"
refused "a name that is too long" "/$(printf '%256s' '' | tr ' ' x)" "File name too long"
refused "a text without #!" "$work/text" "Exec format error"
refused "an empty file" "$work/empty" "Exec format error"
refused "another format" "$work/binary" "Exec format error"
exec 3>>"$work/true"
refused "a file open for writing" "$work/true" "Text file busy"
exec 3>&-
is "$(news | uniq -c | sed 's/^ *//')" "6 helper not started: -ENOENT
6 helper not started: -EACCES
3 helper not started: -ENOTDIR
3 helper not started: -ELOOP
3 helper not started: -ENAMETOOLONG
9 helper not started: -ENOEXEC
3 helper not started: -ETXTBSY" "each is logged, in each mode"
is "$(try insmod ./upcall_kernel.ko helper=/no/such)" "insmod: ERROR: could not insert module ./upcall_kernel.ko: Unknown symbol in module
exit 1" "insmod has words of its own for a missing helper"
is "$(try insmod ./upcall_kernel.ko helper="$work/text")" "insmod: ERROR: could not insert module ./upcall_kernel.ko: Invalid module format
exit 1" "and for a wrong format"

# bad WHAT LOG PARAMETERS...: each is refused with EINVAL, starts nothing, and is logged
bad() {
	what=$1 log=$2
	shift 2
	forget
	is "$(attempt "$@" | tally; counted; news | tally)" "$# Invalid argument
$# $log" "$what"
}
bad "no helper, or a relative one" "helper must be an absolute path" "" helper= helper=count helper=./count "helper=..$work/count"
bad "beeps out of range" "beeps must be 0 to 10" "$helper beeps=-1" "$helper beeps=11" "$helper beeps=0x0b" "$helper beeps=-2147483648"
bad "an unknown wait" "wait must be exec, proc or none" "$helper wait=" "$helper wait=no" "$helper wait=EXEC" "$helper wait=procs" "$helper wait=1"
forget
is "$(attempt helper "$helper wait" "$helper beeps" "$helper beeps=" "$helper beeps=x" "$helper beeps=3x" "$helper \"beeps= 3\"" "$helper beeps=08" \
	"$helper beeps=2147483648" "$helper beeps=-99999999999" | tally; counted; news | grep -v "invalid for parameter")" \
	"8 Invalid argument
2 Numerical result out of range" "what is no value, or no number, the core refuses"
is "$(attempt "helper=/$(printf '%1024s' '' | tr ' ' x)"; counted)" "No space left on device" \
	"what is no path of 1024 bytes or less, too"
is "$(./upcall_test -u load "$helper"; counted; unshare -U -r ./upcall_test load "$helper"; counted)" "Operation not permitted
Operation not permitted" "nobody may not load, nor root of another user namespace"

# What is true when the load returns: a lease on the file holds the exec back.
is "$(./upcall_test held-load "$work/count" "$helper wait=none"; soon)" "returns, then Success
3" "wait=none: the load returns before the helper is started"
rmmod upcall_kernel
is "$(./upcall_test held-load "$work/count" "$helper wait=exec"; soon)" "waits, then Success
3" "wait=exec: the load waits for the start"
rmmod upcall_kernel
is "$(./upcall_test held-load "$work/count" "$helper wait=proc"; counted)" "waits, then Success
3" "wait=proc: so it does, and the helper has ended when it returns"
rmmod upcall_kernel
is "$(./upcall_test held-unload "$work/count" "$helper wait=none"; soon; state)" "waits, then Success
3
gone" "wait=none: the module stays until the helper has been started"
for mode in none exec; do
	is "$(attempt "helper=$work/hang wait=$mode"; await test -s "$work/pid"; try kill -15 "$(cat "$work/pid")")" "Success" \
		"wait=$mode: neither load nor unload waits for a helper that hangs"
	rm "$work/pid"
done
forget
./upcall_test load "helper=$work/hang wait=proc" &
await test -s "$work/pid"
is "$(state) $(./upcall_test unload)" "coming Device or resource busy" "wait=proc: the load waits for it, and nobody can unload meanwhile"
kill -9 $!
sleep 0.2
is "$(state)" "coming" "the load cannot be killed"
kill -15 "$(cat "$work/pid")"
wait $! 2>/dev/null
is "$(state), $(news)" "live, helper killed by signal 15" "but the helper can, which ends the load"
rmmod upcall_kernel

is "$(./upcall_test often "$helper wait=none")" 100 "100 loads and unloads without a pause"
await eval '[ "$(wc -l <"$work/counted")" -ge 100 ]'
is "$(counted | tally)" "100 3" "each of them has started the helper, with its argument"
is "$(loaded upcall_kernel)" "" "nothing is left behind"
./upcall_test load "$helper wait=proc" >"$work/one" &
./upcall_test load "$helper wait=proc" >"$work/two"
wait
is "$(sort -u "$work/one" "$work/two" | grep -v "File exists"; counted)" "Success
3" "two loads at once start one helper"
rmmod upcall_kernel

for arguments in "" 3 "-x 3"; do
	is "$(try ./upcall_user $arguments)" "usage: insmod ./upcall_kernel.ko helper=\$PWD/upcall_user
exit 2" "by hand the program prints its usage: ${arguments:-no argument}"
done
# alone NUMBER FILE...: runs it without a descriptor, in a /dev that has only these
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
!!!" "it writes to the log, and rings the console's bell"
is "$(alone 0 kmsg console | tail -n 1)" "console:" "but not with 0"
is "$(alone 3 kmsg | sed '2,$!d; /<6>/d')" "kmsg:
upcall_user: open /dev/console: No such file or directory" "without a console it says so in the log"
is "$(alone 3; alone x; alone "")" "exit 1
exit 2
exit 2" "without a log, or a number, its exit status is all it can say"

is "$(attempt "$helper wait=proc"; counted)" "Success
3" "and it works again"

quiet
finish
