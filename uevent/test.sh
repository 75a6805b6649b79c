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
# Packages: udev
# Programs: /lib/systemd/systemd-udevd /bin/udevadm
# Stress: options="-q -e" # a listener misses an event for which there is no memory; a path for which there is none is ENOENT
# Stress: files="/sys/class/misc/uevent_example/announce /dev/uevent_example"
# Trace: also=netlink_recvmsg

node=/dev/uevent_example
device=/sys/class/misc/uevent_example
file=$device/announce
long=$(printf '%200s' '' | tr ' ' x)
rules=/run/udev/rules.d/70-uevent_example-test.rules
work=$(mktemp -d) || cannot "there is no place for temporary files"
started=
# Nothing of what the test gave to udev is left.
leave_udev() {
	[ ! -e $rules ] || { rm $rules && udevadm control --reload; }
	[ -z "$started" ] || udevadm control --exit
	started=
}
trap 'leave_udev; rm -rf "$work"' EXIT

# await FILE TEXT: waits until the file has such a line, 10 seconds at most
await() {
	for _ in $(seq 200); do
		if grep -qs "$2" "$work/$1"; then return; fi
		sleep 0.05
	done
}
# listens FILE COMMAND...: runs a listener in the background, which writes to the file
listens() {
	output=$1
	shift
	timeout 20 "$@" >"$work/$output" 2>&1 &
	await "$output" listening
}
# heard FILE LINES NAME: one check of what listeners printed, once they have ended
heard() {
	wait
	is "$(cat "$work/$1")" "listening
$2" "$3"
}
left() { ls -d $node $device 2>/dev/null; loaded uevent_kernel; }

load ./uevent_kernel.ko dyndbg
# If no event comes at all, everything that follows would wait for one in vain.
got=$(./uevent_test heard 2>&1)
rmmod uevent_kernel
if [ "$got" != "from the kernel with uid 0: hi" ]; then
	is "$got" "from the kernel with uid 0: hi" "root hears the events"
	echo 1..1
	finish
fi
listens order ./uevent_user -l 3
load ./uevent_kernel.ko dyndbg
echo 1..69
is "$got" "from the kernel with uid 0: hi" "root hears the events"
printf hi >$file
rmmod uevent_kernel
heard order "add
change: hi
remove" "a listener hears add, change with its message, and remove, in this order"
load ./uevent_kernel.ko dyndbg
is "$(stat -c '%A %U %G %n' $node $device/announce)" "crw------- root root $node
--w------- root root $file" "the node exists with mode 0600 and the file announce with mode 0200, and both belong to root"

is "$(try ./uevent_user)" "kernel said: hi kernel" "the program's default message is announced, and the program hears it"
is "$(try ./uevent_user "two words")" "kernel said: two words" "a message given to the program is announced"
is "$(try ./uevent_user "$long")" "kernel said: $long" "a message of 200 bytes is announced"
is "$(try ./uevent_user "$(printf 'a\nb=c\t\303\274\377')")" "kernel said: $(printf 'a\nb=c\t\303\274\377')" \
	"bytes of any value but NUL are announced unchanged"
is "$(try ./uevent_user "${long}x")" "uevent_user: write $file: Message too long
exit 1" "the program reports that a message of 201 bytes is refused"
is "$(./uevent_user "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(try timeout 5 ./uevent_user "")" "uevent_user: an empty message does not reach the module
exit 1" "the program refuses an empty message itself"
for usage in -x "a b" "-l x" "-l 0" "-l 1 2"; do
	# shellcheck disable=SC2086 # these are several arguments
	is "$(try timeout 5 ./uevent_user $usage | tail -n 3)" "usage: uevent_user [message]
       uevent_user -l [count]
exit 2" "the arguments '$usage' are a usage error"
done
for option in "" -l; do
	# shellcheck disable=SC2086 # the first is no argument
	is "$(timeout 5 ./uevent_user $option 2>&1 >/dev/full || echo "exit $?")" "uevent_user: write standard output: No space left on device
exit 1" "the program${option:+ with -l} reports that it cannot print"
done

# Every byte of an event. These numbers are not the same on each machine.
is "$(./uevent_test event "two words" | sed -E 's/^(MAJOR|MINOR|SEQNUM)=[0-9]+$/\1=number/')" \
	"change@/devices/virtual/misc/uevent_example
ACTION=change
DEVPATH=/devices/virtual/misc/uevent_example
SUBSYSTEM=misc
MESSAGE=two words
MAJOR=number
MINOR=number
DEVNAME=uevent_example
DEVMODE=0600
SEQNUM=number" "an event is ACTION@DEVPATH and nine variables, each with a NUL at its end"
# message TEXT WANTED NAME: one check of the variable MESSAGE
message() { is "$(./uevent_test event "$1" | grep -A 1 -a MESSAGE)" "MESSAGE=$2
MAJOR=10" "$3"; }
message 'hi\n' 'hi\n' "a newline at the end is announced too"
message 'a\nDEVPATH=/b\tc' 'a\nDEVPATH=/b\tc' "a newline in a message begins no new variable"
message 'a\0ACTION=remove' a "a message ends at its first NUL"
message '\0' '' "a message of one NUL is announced as an empty one"
message "$long" "$long" "200 bytes are announced"

before=$(said uevent_kernel | wc -l)
is "$(./uevent_test write good 201)" "Message too long, 0 announced" "a write of 201 bytes fails with EMSGSIZE, and nothing is announced"
is "$(./uevent_test write good 8192)" "Message too long, 0 announced" "a write of two pages fails with EMSGSIZE, and nothing is announced"
for bad in null kernel unmapped edge; do
	is "$(./uevent_test write $bad 10)" "Bad address, 0 announced" "a write from a bad pointer ($bad) fails with EFAULT, and nothing is announced"
done
is "$(./uevent_test write null 0)" "0, 0 announced" "a write of no bytes returns 0, and nothing is announced"
log_is "$(said uevent_kernel | tail -n +$((before + 1)))" "" "with dyndbg nothing is logged that was not announced"
before=$(said uevent_kernel | wc -l)
printf 'a\nuevent_kernel: user said "b"\t\033' >$file
printf 'a\0b' >$file
log_is "$(said uevent_kernel | tail -n +$((before + 1)))" 'user said "a\nuevent_kernel: user said "b"\t\e"
user said "a"' "with dyndbg each announced message is logged once, escaped"

# Who may write, who hears it
is "$(su -s /bin/sh nobody -c "echo hi >$file" 2>&1 | sed 's/.*: //')" "Permission denied" "a user who is not root may not announce"
is "$(./uevent_test -u heard)" "from the kernel with uid 0: hi" "a user who is not root hears the events"
is "$(./uevent_test -n heard)" "from the kernel with uid 0: hi" "a program in another network namespace hears the events"
is "$(./uevent_test -U heard)" "from the kernel with uid 65534: hi" \
	"a program in another user namespace hears the events, and sees a sender that is not uid 0"
is "$(./uevent_test -U -n heard)" nothing "a program in a network namespace of another user namespace hears nothing"
is "$(try timeout 5 unshare -Urn ./uevent_user)" "uevent_user: no event came
exit 1" "the program reports that its event did not come to its network namespace"

# Forged events
for how in unicast multicast; do
	is "$(./uevent_test forged-$how)" "from a program with uid 0: forged" \
		"root can send what looks like an event ($how): only the number of the sender differs"
	is "$(./uevent_test -u forged-$how)" "Operation not permitted" "a user who is not root cannot send ($how)"
	is "$(./uevent_test -a forged-$how)" "from a program with uid 65534: forged" \
		"a user who is not root, but has CAP_NET_ADMIN, can send ($how)"
	is "$(./uevent_test -U -n forged-$how | cut -d ' ' -f 1-3)" "from a program" \
		"root of another user namespace can send in a network namespace of its own ($how)"
done
listens forged sh -c 'echo $$; exec ./uevent_user -l 1'
./uevent_test forge unicast "$(head -n 1 "$work/forged")"
./uevent_test forge multicast
printf real >$file
wait
is "$(tail -n +2 "$work/forged")" "listening
change: real" "the program ignores forged events, and does not count them"

# Other events, other listeners
listens one ./uevent_user -l 2
listens two ./uevent_user -l 2
echo change >$device/uevent
echo change >/sys/class/mem/null/uevent
./uevent_user both >/dev/null
heard one "change
change: both" "a listener hears all events of its device, also those that a program asked for, and no others"
is "$(cat "$work/two")" "$(cat "$work/one")" "two listeners hear the same"

is "$(try ./uevent_test taken ./uevent_user)" "kernel said: hi kernel" \
	"the program works although another socket has the number of its process"
is "$(./uevent_test overrun)" "No buffer space available, the first ones, again, Resource temporarily unavailable" \
	"a listener that does not read gets ENOBUFS once, and misses all events until it has read what was left"
./uevent_user -l >"$work/slow" 2>&1 &
slow=$!
await slow listening
kill -STOP $slow
for _ in $(seq 1000); do printf early >$file; done
kill -CONT $slow
await slow lost
# It sleeps when it has read all that was left.
for _ in $(seq 200); do
	[ "$(cut -d ' ' -f 3 /proc/$slow/stat)" != S ] || break
	sleep 0.05
done
printf last >$file
await slow last
kill $slow
is "$(sed 's/change: //' "$work/slow" | uniq)" "listening
uevent_user: events were lost
early
last" "a listener that reads too slowly reports the loss, and goes on"
wait
is "$(./uevent_test held-write)" "meanwhile other, then Success, hhhh" "while a write is half done others can announce"
is "$(./uevent_test race)" "0 wrong, 1000 and 1000 announced" "two that announce at once are heard, each in its order"

# rule FILE MESSAGE: udev gets the rule, then the event; prints what the rule has written
rule() {
	mkdir -p ${rules%/*}
	rm -f $rules "$work/said" # a new file: udev looks at the time of the directory
	sed "s|/run/said|$work/said|" "$work/$1" >$rules
	# It may still treat an event by the rules that it had before.
	for _ in 1 2 3; do
		udevadm control --reload
		printf %s "$2" >$file
		await said ""
		[ ! -s "$work/said" ] || break
	done
	cat "$work/said" 2>/dev/null
}
# shellcheck disable=SC2317 # it is called as $check
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}
check=is why="this machine has no udev"
udevd=/lib/systemd/systemd-udevd
if [ ! -x $udevd ]; then
	check=skip
elif ! udevadm control --ping --timeout=5 2>/dev/null; then
	$udevd --daemon 2>/dev/null
	started=yes
	udevadm control --ping
fi
# The two rules of README.md
cat >"$work/wrong" <<'RULE'
KERNEL=="uevent_example", ENV{MESSAGE}=="?*", RUN+="/bin/sh -c 'echo $env{MESSAGE} >>/run/said'"
RULE
cat >"$work/right" <<'RULE'
KERNEL=="uevent_example", ENV{MESSAGE}=="?*", RUN+="/bin/sh -c 'echo \"$$MESSAGE\" >>/run/said'"
RULE
# shellcheck disable=SC2016 # it is a variable of udev
sed 's/$/, ENV{LAST}="$env{MESSAGE}"/' "$work/right" >"$work/last"
if [ $check = is ]; then rule wrong "\$(touch $work/owned)" >/dev/null; fi
$check "$(ls "$work/owned" 2>&1)" "$work/owned" "a rule that puts the message into a command of the shell runs what is in the message, as root"
rm -f "$work/owned"
text="\$(touch $work/owned) \"'; x"
if [ $check = is ]; then got=$(rule right "$text"); fi
$check "$got $(ls "$work/owned" 2>/dev/null)" "$text " "a rule that leaves the message in the environment writes it down, and runs nothing"
if [ $check = is ]; then
	./uevent_test forge multicast
	printf real >$file
	await said real
fi
$check "$(cat "$work/said" 2>&1)" "$text
real" "udev ignores a forged event"
# udev may write it down only after it has started the command.
kept() { udevadm info --query=property --name=$node 2>&1 | grep LAST; }
if [ $check = is ]; then
	rule last "one
two" >/dev/null
	for _ in $(seq 100); do ! kept >/dev/null || break && sleep 0.1; done
fi
$check "$(kept)" "LAST=one" "udev keeps what a rule has set, up to the first newline"
leave_udev

is "$(./uevent_test held-unload)" "meanwhile other, then No such device, nothing" \
	"rmmod succeeds while a write is half done, and the write then fails with ENODEV"
load ./uevent_kernel.ko
exec 3>$file
is "$(try rmmod uevent_kernel)" "" "rmmod succeeds while the file is open"
is "$(echo hi | cat 2>&1 >&3 | sed 's/.*: //')" "No such device" "after rmmod a write to the open file fails with ENODEV"
exec 3>&-
is "$(left)" "" "after rmmod neither files nor module are left"
load ./uevent_kernel.ko
exec 3<$node
is "$(try rmmod uevent_kernel)" "rmmod: ERROR: Module uevent_kernel is in use
exit 1" "rmmod is refused while the node is open"
is "$(cat 2>&1 <&3 | sed 's/.*: //')" "Invalid argument" "a read from the node fails with EINVAL"
exec 3<&-
rmmod uevent_kernel
is "$(./uevent_test reload) $(left)" "100 " "100 loads and unloads succeed and leave nothing"

load ./uevent_kernel.ko
before=$(said uevent_kernel | wc -l)
is "$(try ./uevent_user again)" "kernel said: again" "after a second load the program works again"
is "$(said uevent_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
rmmod uevent_kernel
is "$(try ./uevent_user)" "uevent_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
