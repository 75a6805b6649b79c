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

command -v ip >/dev/null || cannot "ip is missing: apt install iproute2"
long=$(printf '%200s' '' | tr ' ' x)
space=udp_example far=192.0.2.1 # a network namespace, and our address on a cable to it
trap 'ip netns del $space 2>/dev/null; ip link del udp_example0 2>/dev/null' EXIT
where= # what puts a command there

# Nothing here may wait for ever: udp_test has limits of its own.
user() { try $where timeout 5 ./udp_user "$@"; }
# bytes N [OPTION...]: what becomes of a datagram of so many bytes
bytes() { n=$1 && shift && head -c "$n" /dev/zero | tr '\0' x | $where ./udp_test "$@" say; }
# sockets: those of UDP on our port or another, as address:port in hexadecimal
sockets() { sed -n "s/.* \([0-9A-F]*:$(printf %04X "${1:-5555}")\) 00000000:0000 .*/\1/p" /proc/net/udp; }
# turns: how often the worker is called for 150 datagrams that have all arrived
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
	echo "cannot count"
}
# counted GOT WANTED WHAT: like is, but skips what the machine cannot count
counted() {
	case $1 in
	"cannot count"*) count=$((count + 1)) && echo "ok $count - $3 # SKIP $1" ;;
	*) is "$@" ;;
	esac
}
nothing() { is "$(sockets; loaded udp_kernel)" "" "$1 nothing is there"; }

load ./udp_kernel.ko
echo 1..82
is "$(sockets)" "0100007F:15B3" "the socket appears, 127.0.0.1 port 5555"
is "$(cd /sys/module/udp_kernel/parameters && stat -c '%A' address port && cat address port)" "-r--r--r--
-r--r--r--
127.0.0.1
5555" "the parameters can be read, 0444"

is "$(user)" "kernel said: hi kernel" "the program's own message comes back"
is "$(user "two words")" "kernel said: two words" "a message of one's own comes back"
is "$(user "")" "kernel said: " "an empty message comes back"
is "$(user "$long")" "kernel said: $long" "200 bytes come back"
is "$(user "${long}x")" "udp_user: recv from 127.0.0.1 port 5555: no answer within 1 s: Resource temporarily unavailable
exit 1" "the program waits a second for an answer to 201 bytes, and says so"
is "$(user "$(head -c 65508 /dev/zero | tr '\0' x)")" "udp_user: send to 127.0.0.1 port 5555: Message too long
exit 1" "the program reports more than a datagram can carry"
is "$(user -h 999.0.0.1 | sed 's/1: .*/1/')" "udp_user: getaddrinfo 999.0.0.1
exit 1" "and a host that is none"
is "$(user -p 5556)" "udp_user: recv from 127.0.0.1 port 5556: Connection refused
exit 1" "and a port where nobody listens"
is "$(timeout 5 ./udp_user -p 5556 2>/dev/null)" "" "a failure prints nothing on standard output"
for usage in -x "a b" -p "-p 0" "-p 65536" "-p 5x" "-p x"; do
	is "$(user $usage | tail -n 2)" "usage: udp_user [-h HOST] [-p PORT] [message]
exit 2" "a usage error: $usage"
done

for n in 0 1 200; do is "$(bytes $n)" "the same $n bytes" "$n bytes are answered"; done
for n in 201 1500 65507; do is "$(bytes $n)" "no answer" "$n bytes are dropped"; done
is "$(printf '\0\1\n\t\033\177\200\240\377\0' | ./udp_test say)" "the same 10 bytes" "any byte value is kept"
is "$(bytes 5 -u)" "the same 5 bytes" "anybody may send, here nobody"
is "$(bytes 5 -f 127.0.0.2:5554)" "the same 5 bytes" "and from any address and port"
is "$(bytes 5 -f 127.0.0.2:5555)" "no answer" "but from the module's own port"
is "$(./udp_test burst 50)" "200 answered once" "four bursts of 50: an answer for each"
is "$(./udp_test burst 150)" "600 answered once" "four bursts of 150, more than a turn of the worker"
counted "$(turns)" "3 or a little more" "the worker takes 64 a turn, and queues itself again"
is "$(./udp_test context)" "0 of 100 at once" "the callback leaves the answer to the worker"
is "$(./udp_test race)" "0 got a wrong answer" "two callers at once: each gets its own answers"

is "$(try rmmod udp_kernel)" "" "the module goes"
nothing "after rmmod"
load ./udp_kernel.ko
before=$(said udp_kernel | wc -l)
printf 'a\nudp_kernel: user said "b"\t\033\200\0' | ./udp_test say >/dev/null
bytes 0 >/dev/null
bytes 201 >/dev/null
bytes 5 -f 127.0.0.2:5555 >/dev/null
./udp_test -f 127.0.0.1:5555 forge 1
./udp_test -f 127.0.0.1:0 forge 1
user end >/dev/null
is "$(said udp_kernel | tail -n +$((before + 1)) | grep -v '"mark"')" 'user said "a\nudp_kernel: user said "b"\t\e\200\0"
user said ""
user said "end"' "each accepted message is logged once, escaped; not those from port 0 and from its own socket"
rmmod udp_kernel
load ./udp_kernel.ko
before=$(said udp_kernel | wc -l)
./udp_test burst 50 >/dev/null
is "$(said udp_kernel | tail -n +$((before + 1)) | grep -c user)" 10 "of 200 messages at once ten are logged"

ip netns add $space
ip link add udp_example0 type veth peer name udp_example1 netns $space
ip addr add $far/24 dev udp_example0
ip link set udp_example0 up
ip -n $space addr add 192.0.2.2/24 dev udp_example1
ip -n $space link set udp_example1 up
where="ip netns exec $space"
is "$(user -h $far)" "udp_user: recv from $far port 5555: Connection refused
exit 1" "another machine is not heard by default"
rmmod udp_kernel

load ./udp_kernel.ko address=$far
is "$(sockets) $(cat /sys/module/udp_kernel/parameters/address)" "010200C0:15B3 $far" "address=$far: the socket appears there"
is "$(user -h $far "from afar")" "kernel said: from afar" "another machine gets an answer"
for n in 0 200; do is "$(bytes $n -t $far)" "the same $n bytes" "$n bytes from there are answered"; done
for n in 201 65507; do is "$(bytes $n -t $far)" "no answer" "$n bytes from there are dropped"; done
is "$(bytes 5 -t $far -f 192.0.2.2:5555)" "no answer" "no answer either for an echo on its port 5555"
is "$($where ./udp_test -t $far burst 50)" "200 answered once" "bursts from there: an answer for each"

# Eight neighbours that do not exist. The answers wait for somebody to know where they live,
# for much longer than the test, and fill the room that the socket has for sending.
echo 5000 >/proc/sys/net/ipv4/neigh/udp_example0/retrans_time_ms
$where ./udp_test -t $far -f 192.0.2.10:9 forge 2000
is "$(./udp_test unload)" "gone" "answers that cannot leave do not keep the module in"

$where insmod ./udp_kernel.ko
where=
is "$(sockets) $(user)" "0100007F:15B3 kernel said: hi kernel" "loaded from another network namespace it still listens in the first"
rmmod udp_kernel
load ./udp_kernel.ko address=0.0.0.0 port=0x1f90
is "$(user -p 8080) $(user -h $far -p 8080)" "kernel said: hi kernel kernel said: hi kernel" "address=0.0.0.0 port=0x1f90: heard on all, port 8080"
is "$(bytes 5 -t 127.0.0.1:8080 -f 127.0.0.1:5555)" "the same 5 bytes" "5555 is then a port like others"
where="ip netns exec $space"
is "$(bytes 5 -t $far:8080 -f 192.0.2.2:8080)" "no answer" "and 8080 its own"
where=
rmmod udp_kernel
for port in 1 65535; do
	load ./udp_kernel.ko port=$port
	is "$(sockets $port) $(user -p $port)" "0100007F:$(printf %04X $port) kernel said: hi kernel" "port=$port"
	rmmod udp_kernel
done

before=$(said udp_kernel | wc -l)
# refused PARAMETER ERROR
refused() {
	is "$(./udp_test load "$1") $(sockets; loaded udp_kernel)" "$2 " "$1 is refused, and nothing is there"
	[ -z "$(loaded udp_kernel)" ] || rmmod udp_kernel
}
for value in 0 -1 x 5555x "" "55 "; do refused "port=\"$value\"" "Invalid argument"; done
for value in 65536 4294972851 99999999999999999999; do refused "port=$value" "Numerical result out of range"; done
for value in localhost 127.0.0 127.0.0.256 127.0.0.1.1 127.0.0.1x 127.0.0.1:5555 "127.0.0.1 " "" ::1; do
	refused "address=\"$value\"" "Invalid argument"
done
is "$(said udp_kernel | tail -n +$((before + 1)) | grep -c "invalid for parameter")" 18 "each has a line in the log"
refused "address=192.0.2.99" "Cannot assign requested address"
for taken in 127.0.0.1:5555 0.0.0.0:5555; do
	is "$(./udp_test -f $taken hold ./udp_test load) $(sockets; loaded udp_kernel)" "Address already in use " \
		"a program on $taken has the port: refused, and nothing is there"
done

is "$(./udp_test flood)" "20 unloaded" "unloaded twenty times under a flood from four senders"
nothing "after a flood"
is "$(./udp_test reload)" 100 "loaded and unloaded a hundred times"
nothing "after that"
load ./udp_kernel.ko
is "$(user again)" "kernel said: again" "and it works again"
rmmod udp_kernel
is "$(user)" "udp_user: recv from 127.0.0.1 port 5555: Connection refused
exit 1" "without the module the program says so"

quiet
finish
