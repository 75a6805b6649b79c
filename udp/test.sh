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
# Stress: add more './udp_test burst 40'
# Stress: worker=run options=-q least=0
# Trace: also="udp_sendmsg sock_def_readable udp_recvmsg"

command -v ip >/dev/null || cannot "ip is missing. Run: apt install iproute2"
long=$(printf '%200s' '' | tr ' ' x)
space=udp_example far=192.0.2.1 # a network namespace, and our address on a cable to it
trap 'ip netns del $space 2>/dev/null; ip link del udp_example0 2>/dev/null' EXIT
where= # set to a command that runs others in the network namespace

# Nothing here may wait forever: udp_test has its own limits.
user() { try $where timeout 5 ./udp_user "$@"; }
# bytes N [OPTION...]: prints what happens to a datagram of N bytes
bytes() { n=$1 && shift && head -c "$n" /dev/zero | tr '\0' x | $where ./udp_test "$@" say; }
hex=$(printf %04X 5555) # our port, as /proc/net/udp shows it
# sockets [PORT]: prints the UDP sockets on our port or another, as address:port in hexadecimal
sockets() { sed -n "s/.* \([0-9A-F]*:$(printf %04X "${1:-5555}")\) 00000000:0000 .*/\1/p" /proc/net/udp; }
# turns: prints how often the worker is called for 150 datagrams that have all arrived
turns() {
	for trace in /sys/kernel/tracing /sys/kernel/debug/tracing; do
		trace=$trace/instances/udp_example
		mkdir $trace 2>/dev/null || continue
		echo 1 >$trace/events/workqueue/workqueue_execute_start/enable
		./udp_test held 150 >/dev/null
		n=$(grep -c udp_example_answer $trace/trace)
		rmdir $trace
		[ $n -lt 3 ] || [ $n -gt 6 ] || n="3 or a little more" # it may have begun too early
		echo "$n" && return
	done
	echo "cannot count turns"
}
# is_or_skip GOT WANTED NAME: like is, but skips what this machine cannot do
is_or_skip() {
	case $1 in
	"cannot "*) count=$((count + 1)) && echo "ok $count - $3 # SKIP $1" ;;
	*) is "$@" ;;
	esac
}
nothing() { is "$(sockets; loaded udp_kernel)" "" "after $1 neither the socket nor the module is left"; }

load ./udp_kernel.ko
before=$(said udp_kernel | wc -l)
# If nothing is answered at all, everything that follows would wait for answers in vain.
got=$(user)
if [ "$got" != "kernel said: hi kernel" ]; then
	is "$got" "kernel said: hi kernel" "the program's default message comes back"
	rmmod udp_kernel
	echo 1..1
	finish
fi
echo 1..86
is "$(sockets)" "0100007F:$hex" "the socket is at 127.0.0.1 port 5555"
is "$(cd /sys/module/udp_kernel/parameters && stat -c '%A' address port && cat address port)" "-r--r--r--
-r--r--r--
127.0.0.1
5555" "both parameters can be read and have mode 0444"

is "$got" "kernel said: hi kernel" "the program's default message comes back"
is "$(user "two words")" "kernel said: two words" "a message given to the program comes back"
is "$(user "")" "kernel said: " "an empty message comes back"
is "$(user "$long")" "kernel said: $long" "a message of 200 bytes comes back"
is "$(user "${long}x")" "udp_user: recv from 127.0.0.1 port 5555: no answer within 1 s: Resource temporarily unavailable
exit 1" "the program reports that a message of 201 bytes is not answered within a second"
is "$(user "$(head -c 65508 /dev/zero | tr '\0' x)")" "udp_user: send to 127.0.0.1 port 5555: Message too long
exit 1" "the program reports a message that is longer than a datagram can be"
is "$(user -h 999.0.0.1 | sed 's/1: .*/1/')" "udp_user: getaddrinfo 999.0.0.1
exit 1" "the program reports that it cannot find a host"
is "$(user -p 5556)" "udp_user: recv from 127.0.0.1 port 5556: Connection refused
exit 1" "the program reports that nobody listens on a port"
is "$(timeout 5 ./udp_user -p 5556 2>/dev/null)" "" "a program that fails prints nothing on standard output"
for answer in "" short "too long"; do
	is "$(./udp_test -f 127.0.0.1:5556 replies "$answer" timeout 5 ./udp_user -p 5556 abcdef 2>&1)" \
		"udp_user: recv from 127.0.0.1 port 5556: 6 bytes were sent, ${#answer} came back" \
		"the program reports an answer of another length, here '$answer'"
done
for usage in -x "a b" -p "-p 0" "-p 65536" "-p 5x" "-p x"; do
	is "$(user $usage | tail -n 2)" "usage: udp_user [-h HOST] [-p PORT] [message]
exit 2" "the arguments '$usage' are a usage error"
done

for n in 0 1 200; do is "$(bytes $n)" "the same $n bytes" "a datagram of $n bytes is answered"; done
for n in 201 1500 65507; do is "$(bytes $n)" "no answer" "a datagram of $n bytes is dropped"; done
is "$(printf '\0\1\n\t\033\177\200\240\377\0' | ./udp_test say)" "the same 10 bytes" "bytes of any value come back unchanged"
is "$(bytes 5 -u)" "the same 5 bytes" "a user who is not root gets an answer"
is "$(bytes 5 -f 127.0.0.2:5554)" "the same 5 bytes" "a sender with another address and port gets an answer"
is "$(bytes 5 -f 127.0.0.2:5555)" "no answer" "a sender with the module's port number gets no answer"
is_or_skip "$(./udp_test error)" "answered" \
	"after an error on the socket (SOCK_DESTROY) the next datagram is answered at once"
is "$(./udp_test burst 50)" "200 answered once" "in four bursts of 50 each datagram is answered once"
is "$(./udp_test burst 150)" "600 answered once" \
	"in four bursts of 150, more than a turn of the worker, each datagram is answered once"
is_or_skip "$(turns)" "3 or a little more" "the worker takes at most 64 datagrams a turn, then queues itself again"
is "$(./udp_test context)" "0 of 100 before the worker ran" "the callback sends nothing, only the worker does"
is "$(./udp_test race)" "0 got a wrong answer" "two programs at once get the answers to their own datagrams"
is "$(said udp_kernel | tail -n +$((before + 1)))" "" "without dyndbg nothing is logged"

is "$(try rmmod udp_kernel)" "" "rmmod succeeds"
nothing "rmmod"
load ./udp_kernel.ko dyndbg
before=$(said udp_kernel | wc -l)
printf 'a\nudp_kernel: user said "b"\t\033\200\0' | ./udp_test say >/dev/null
bytes 0 >/dev/null
bytes 201 >/dev/null
bytes 5 -f 127.0.0.2:5555 >/dev/null
./udp_test -f 127.0.0.1:5555 forge 1
./udp_test -f 127.0.0.1:0 forge 1
user end >/dev/null
log_is "$(said udp_kernel | tail -n +$((before + 1)) | grep -v '"mark"')" 'user said "a\nudp_kernel: user said "b"\t\e\200\0"
user said ""
user said "end"' "with dyndbg each answered datagram is logged once, escaped, and no dropped one is logged"
rmmod udp_kernel

load ./udp_kernel.ko
ip netns add $space
ip link add udp_example0 type veth peer name udp_example1 netns $space
ip addr add $far/24 dev udp_example0
ip link set udp_example0 up
ip -n $space addr add 192.0.2.2/24 dev udp_example1
ip -n $space link set udp_example1 up
where="ip netns exec $space"
is "$(user -h $far)" "udp_user: recv from $far port 5555: Connection refused
exit 1" "by default another machine cannot reach the socket"
rmmod udp_kernel

load ./udp_kernel.ko address=$far
is "$(sockets) $(cat /sys/module/udp_kernel/parameters/address)" "010200C0:$hex $far" \
	"with address=$far the socket is at that address"
is "$(user -h $far "from afar")" "kernel said: from afar" "with address=$far another machine gets an answer"
for n in 0 200; do is "$(bytes $n -t $far)" "the same $n bytes" "a datagram of $n bytes from another machine is answered"; done
for n in 201 65507; do is "$(bytes $n -t $far)" "no answer" "a datagram of $n bytes from another machine is dropped"; done
is "$(bytes 5 -t $far -f 192.0.2.2:5555)" "no answer" "a sender on another machine with the module's port number gets no answer"
is "$($where ./udp_test -t $far burst 50)" "200 answered once" \
	"in four bursts of 50 from another machine each datagram is answered once"

# Eight neighbours that do not exist. The answers to them wait for the neighbours' hardware
# addresses, for much longer than the test, and fill the socket's send buffer.
echo 5000 >/proc/sys/net/ipv4/neigh/udp_example0/retrans_time_ms
$where ./udp_test -t $far -f 192.0.2.10:9 forge 2000
is "$(./udp_test unload)" "removed" "answers that cannot be sent do not delay rmmod"

$where insmod ./udp_kernel.ko
where=
is "$(sockets) $(user)" "0100007F:$hex kernel said: hi kernel" \
	"when insmod runs in another network namespace the socket is in the first one all the same"
rmmod udp_kernel
load ./udp_kernel.ko address=0.0.0.0 port=0x1f90
is "$(user -p 8080) $(user -h $far -p 8080)" "kernel said: hi kernel kernel said: hi kernel" \
	"with address=0.0.0.0 port=0x1f90 the socket is at port 8080 of all addresses"
is "$(bytes 5 -t 127.0.0.1:8080 -f 127.0.0.1:5555)" "the same 5 bytes" "with another port a sender with port 5555 gets an answer"
where="ip netns exec $space"
is "$(bytes 5 -t $far:8080 -f 192.0.2.2:8080)" "no answer" "with port 8080 a sender with port 8080 gets no answer"
where=
rmmod udp_kernel
for port in 1 65535; do
	load ./udp_kernel.ko port=$port
	is "$(sockets $port) $(user -p $port)" "0100007F:$(printf %04X $port) kernel said: hi kernel" \
		"with port=$port the module answers at that port"
	rmmod udp_kernel
done

before=$(said udp_kernel | wc -l)
# refused PARAMETER ERROR NAME
refused() {
	is "$(./udp_test load "$1") $(sockets; loaded udp_kernel)" "$2 " "with $1 the load fails with $3 and leaves nothing"
	[ -z "$(loaded udp_kernel)" ] || rmmod udp_kernel
}
for value in 0 -1 x 5555x "" "55 "; do refused "port=\"$value\"" "Invalid argument" EINVAL; done
for value in 65536 4294972851 99999999999999999999; do
	refused "port=$value" "Numerical result out of range" ERANGE
done
for value in localhost 127.0.0 127.0.0.256 127.0.0.1.1 127.0.0.1x 127.0.0.1:5555 "127.0.0.1 " "" ::1; do
	refused "address=\"$value\"" "Invalid argument" EINVAL
done
is "$(said udp_kernel | tail -n +$((before + 1)) | grep -c "invalid for parameter")" 18 \
	"the kernel logs one line for each refused parameter"
refused "address=192.0.2.99" "Cannot assign requested address" EADDRNOTAVAIL
for taken in 127.0.0.1:5555 0.0.0.0:5555; do
	is "$(./udp_test -f $taken taken ./udp_test load) $(sockets; loaded udp_kernel)" "Address already in use " \
		"while a program is at $taken the load fails with EADDRINUSE and leaves nothing"
done

is "$(./udp_test flood)" "20 unloaded" "under a flood from four senders the module is loaded and removed twenty times"
nothing "a flood"
is "$(./udp_test reload)" 100 "a hundred loads and unloads succeed"
nothing "a hundred loads and unloads"
load ./udp_kernel.ko
is "$(user again)" "kernel said: again" "after the last load the program works again"
rmmod udp_kernel
is "$(user)" "udp_user: recv from 127.0.0.1 port 5555: Connection refused
exit 1" "without the module the program reports that nobody listens"

no_warnings
finish
