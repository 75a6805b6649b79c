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
# Packages: linux-perf trace-cmd
# Programs: perf trace-cmd
# Processors: 1
# Stress: add more './tracepoint_user -p again'; add more './tracepoint_test open write@edge=known writev=known'
# Trace: run='./tracepoint_user; ./tracepoint_user -p' beyond=perf_output_begin_forward hide=exit_group

file=/dev/tracepoint_example
tracefs=/sys/kernel/tracing
event=events/tracepoint_example/tracepoint_example_message
usage="usage: tracepoint_user [-p] [-f filter] [message]
exit 2"
long=$(printf '%200s' '' | tr ' ' x)

# A listener of the test's own, beside the program's: an instance of tracefs.
t=$tracefs/instances/tracepoint_test
# shellcheck disable=SC2317 # the trap calls it
end() { [ ! -d $t ] || rmdir $t; }
trap end EXIT
# heard: prints the data of the events that have come so far, and empties the buffer
heard() { sed -n 's/.*: tracepoint_example_message: //p' $t/trace && : >$t/trace; }

user() { try ./tracepoint_user "$@"; }
# steps STEPS WANTED NAME: one check; the head of tracepoint_test.c explains the steps
# shellcheck disable=SC2086 # the steps are words
steps() { is "$(./tracepoint_test $1 2>&1)" "$2" "$3"; }
# events STEPS WANTED NAME: the same; WANTED is what the steps print, and a line for each event
# shellcheck disable=SC2086
events() { is "$(./tracepoint_test $1 2>&1 && heard)" "$2" "$3"; }

# shellcheck disable=SC2317 # it is called as $check
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}

[ -e $tracefs/trace ] || cannot "tracefs is missing. Run: mount -t tracefs tracefs $tracefs"
load ./tracepoint_kernel.ko dyndbg
mkdir $t
echo 1..75
is "$(stat -c '%A %U %G' $file)" "crw------- root root" "the node exists, belongs to root and has mode 0600"
steps "nobody open" "open: Permission denied" "a user who is not root may not open the node"
is "$(sed -n 's/^\tfield:\(.*\);\toffset:.*/\1/p' $t/$event/format | grep -v common_)" "unsigned int length
__data_loc u8[] message" "the event has the fields length and message"
is "$(cat $tracefs/$event/enable $t/$event/enable)" "0
0" "after the load the event is off"

# The program, through tracefs and by perf
for how in "" -p; do
	by=${how:-"without an option"}
	is "$(user $how)" "kernel said: hi kernel" "the program's default message comes back ($by)"
	is "$(user $how "two words")" "kernel said: two words" "a message given to the program comes back ($by)"
	is "$(user $how "")" "kernel said: " "an empty message comes back ($by)"
	is "$(user $how "$long")" "kernel said: $long" "a message of 200 bytes comes back ($by)"
	bytes=$(printf 'a\n x: tracepoint_example_message: length=1 message=62\t\033[0m\377')
	is "$(user $how "$bytes")" "kernel said: $bytes" "newlines and control bytes come back unchanged ($by)"
	is "$(user $how "${long}x")" "tracepoint_user: write $file: Message too long
exit 1" "the program reports that a message of 201 bytes is too long ($by)"
	is "$(./tracepoint_user $how "${long}x" 2>/dev/null)" "" "a program that fails prints nothing on standard output ($by)"
	is "$(user $how -f 'length > 2' hi)" "kernel said: nothing" "the program does not hear what its filter keeps back ($by)"
	is "$(user $how -f 'length > 2' hello)" "kernel said: hello" "the program hears what its filter lets through ($by)"
done
for how in "" -p; do
	steps "open perf outrun=./tracepoint_user${how:+,$how} count" "kernel said: hi kernel
1" "the program does not hear what another one writes right before (${how:-without an option})"
done
is "$(./tracepoint_user -p hi | wc -c)" 16 "the event has no byte more than the message"
for filter in 'lenght > 2' 'length >' 'message ~ "h*"'; do
	is "$(user -f "$filter" | sed 's/user-[0-9]*/user-PID/')" "tracepoint_user: write $tracefs/instances/tracepoint_user-PID/$event/filter: Invalid argument
exit 1" "the program reports a bad filter ($filter) through tracefs"
	is "$(user -p -f "$filter")" "tracepoint_user: ioctl PERF_EVENT_IOC_SET_FILTER: Invalid argument
exit 1" "the program reports a bad filter ($filter) by perf"
done
is "$(user -x 2>&1 | tail -n 2)" "$usage" "an unknown option is a usage error"
is "$(user -f 2>&1 | tail -n 2)" "$usage" "a filter that is missing is a usage error"
is "$(user a b)" "$usage" "two arguments are a usage error"
is "$(./tracepoint_user 2>&1 >/dev/full || echo "exit $?")" "tracepoint_user: write standard output: No space left on device
exit 1" "the program reports that it cannot print its answer"
is "$(ls $tracefs/instances)" tracepoint_test "the program leaves no instance behind, after success or failure"
is "$(cat $tracefs/$event/enable; cat $tracefs/$event/filter; grep -c tracepoint_example_message $tracefs/trace)" "0
none
0" "the program has switched nothing in the top directory of tracefs, and left no event there"
chmod 666 $file
for how in "" -p; do
	is "$(./tracepoint_test nobody "sh=./tracepoint_user $how 2>&1" | sed 's/user-[0-9]*/user-PID/')" \
		"tracepoint_user: $([ $how ] && echo "open $tracefs/$event/id" || echo "mkdir $tracefs/instances/tracepoint_user-PID"): Permission denied" \
		"a user who is not root may not listen, even if he may write (${how:-without an option})"
done
chmod 600 $file

# What is an event, and what is not
./tracepoint_test open write=x
is "$(heard)" "" "while the event is off nothing is recorded"
echo 1 >$t/$event/enable
events "open write=hi" "
length=2 message=6869" "a write is an event"
events "open none" "
length=0 message=" "a write of no bytes is an event"
events "open writev=hello" "
length=5 message=68656c6c6f" "one writev of two buffers is one event"
events "open write=hi write=hi" "
length=2 message=6869
length=2 message=6869" "two equal writes are two events"
events "open write@readonly=hi" "
length=2 message=6869" "a write from read-only memory is an event"
written=$(./tracepoint_test open values)
is "$(heard)" "length=200 message=$written" "an event carries 200 bytes of any value"
printf 'a\n x-1 [000] ..... 1.0: tracepoint_example_message: length=1 message=62\n' >$file
is "$(grep -c tracepoint_example_message $t/trace)" 1 "a message with newlines cannot forge a line of the file trace"
: >$t/trace
events "open write=${long}x" "Message too long" "a write of 201 bytes fails with EMSGSIZE, and is no event"
events "open writev=${long}x" "Message too long" "a writev of 201 bytes fails with EMSGSIZE, and is no event"
for bad in null unmapped kernel edge; do
	events "open write@$bad=known" "Bad address" "a write from a bad pointer ($bad) fails with EFAULT, and is no event"
done
events "open read" "Invalid argument" "read(2) of the node fails with EINVAL, and is no event"
is "$(./tracepoint_test held && heard)" "5, 5
length=5 message=6f74686572
length=5 message=6c61746572" "while a write is half done others write, and it is an event only when it is whole"
is "$(./tracepoint_test race && heard | grep -cE '^length=(50 message=(61){50}|150 message=(62){150})$')" "written
2000" "when two programs write at once each message is one event, and whole"
: >$t/trace

# Several listeners
events "open perf write=hi write=hello count" "2
length=2 message=6869
length=5 message=68656c6c6f" "two listeners hear the same events, one through tracefs and one by perf"
echo 'length > 2' >$t/$event/filter
events "open perf=length<4 write=hi write=hello count" "1
length=5 message=68656c6c6f" "each listener has a filter of its own"
echo 0 >$t/$event/filter
events "open bpf write=hi drop" "
length=2 message=6869" "a BPF program can listen too"

# What the tools make of it. Each records a program and prints the event from its own file. The processes
# of trace-cmd that record may begin after the program: so that one waits.
recorded=$(mktemp)
check=is why="there is no perf here. On Debian: apt install linux-perf"
command -v perf >/dev/null || check=skip
$check "$(perf record -q -N -B -e tracepoint_example:tracepoint_example_message -o $recorded ./tracepoint_test open write=hi none >/dev/null 2>&1
perf script -i $recorded -F event,trace 2>/dev/null | sed 's/^ *//; s/ *$//')" "tracepoint_example:tracepoint_example_message: length=2 message=6869
tracepoint_example:tracepoint_example_message: length=0 message=" "perf script prints the event"
check=is why="there is no trace-cmd here. On Debian: apt install trace-cmd"
command -v trace-cmd >/dev/null || check=skip
$check "$(trace-cmd record -q -e tracepoint_example -o $recorded sh -c 'sleep 1 && ./tracepoint_test open write=hi none' >/dev/null 2>&1
trace-cmd report -q -i $recorded 2>/dev/null | sed -n 's/.*: *tracepoint_example_message: *//p')" "length=2 message=6869
length=0 message=" "trace-cmd report prints the event"
rm -f $recorded
: >$t/trace

# The unload
log_is "$(said tracepoint_kernel | grep -v taint)" "" "even with dyndbg nothing is logged"
exec 3<$file
is "$(try rmmod tracepoint_kernel)" "rmmod: ERROR: Module tracepoint_kernel is in use
exit 1" "rmmod is refused while the node is open"
exec 3<&-
for listener in perf bpf; do
	events "$listener rmmod open write=x" "Resource temporarily unavailable
length=1 message=78" "the kernel refuses with EAGAIN to unload the module while $listener listens"
done
echo x >$file
exec 3<$t/trace_pipe
is "$(try rmmod tracepoint_kernel)" "" "rmmod succeeds while the event is on in tracefs and trace_pipe is open"
exec 3<&-
is "$(grep -v '^#' $t/trace; ls -d $t/$event $tracefs/$event $file 2>/dev/null; loaded tracepoint_kernel)" "" \
	"after the unload neither the node nor the event nor anything recorded nor the module is left"
load ./tracepoint_kernel.ko
is "$(cat $t/$event/enable)" 0 "after a second load the event is off"
steps "perf drop bpf drop rmmod" "" "after perf and BPF have ended the unload succeeds"
is "$(./tracepoint_test reload) $(ls -d $file $t/$event 2>/dev/null; loaded tracepoint_kernel)" "100 " "100 loads and unloads succeed and leave nothing"

load ./tracepoint_kernel.ko
before=$(said tracepoint_kernel | wc -l)
is "$(user again; user -p again)" "kernel said: again
kernel said: again" "after all that the program works again"
is "$(said tracepoint_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"
# Older kernels crash if the file is read after the unload: 5.10 and 6.1 did.
check=is why="a kernel before 6.12 can crash here"
case $(uname -r) in [1-5].* | 6.[0-9][.-]* | 6.1[01][.-]*) check=skip ;; esac
$check "$([ $check = skip ] || ./tracepoint_test format rmmod format-read)" "No such device" "who keeps the file format open does not prevent the unload, and then reads ENODEV"
[ -z "$(loaded tracepoint_kernel)" ] || rmmod tracepoint_kernel
is "$(user)" "tracepoint_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
