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
# Stress: runs="./sensor_user 1" more="./sensor_user 1 9 1" options="-u -d"
# Stress: files="/dev/sensor_example0 /sys/class/sensor_example/sensor_example0/period_ms"
# Logs: sensor_example
# Trace: run='echo -1000 >/sys/class/sensor_example/sensor_example0/limit; ./sensor_user 3' hide='openat|exit_group|sh:'

node=/dev/sensor_example0
attributes=/sys/class/sensor_example/sensor_example0
driver=/sys/bus/platform/drivers/sensor_example
# No call may wait forever: sensor_test ends itself after 10 seconds.
user() { try timeout 10 ./sensor_user "$@"; }
sensor_test() { ./sensor_test "$@"; }
settings() { paste -d ' ' $attributes/period_ms $attributes/limit; }
set_to() { echo "$1" >$attributes/period_ms && echo "$2" >$attributes/limit; }
unchanged() { is "$(settings)" "50 30" "after $1 the settings are unchanged"; }
# store ATTRIBUTE TEXT: writes it by one call, and prints the error
store() { try sh -c "printf %b '$2' | dd of=$attributes/$1 bs=200 status=none" | sed -n "s/^dd: .*: //p"; }
left() { ls -d /dev/sensor_example* /sys/class/sensor_example $driver 2>/dev/null; grep sensor_example /proc/devices; loaded sensor_kernel; }

# shellcheck disable=SC2317 # it is called as $check
# skip GOT WANTED NAME: in place of a check that cannot be made, for which $why has the reason
skip() {
	count=$((count + 1))
	echo "ok $count - $3 # SKIP $why"
}

load ./sensor_kernel.ko dyndbg
echo 1..119
major=$(sed -n 's/ sensor_example$//p' /proc/devices)
is "$(stat -c '%n %A %U %G' /dev/sensor_example*)" "/dev/sensor_example0 crw------- root root
/dev/sensor_example1 crw------- root root" "there are two nodes, which belong to root and have mode 0600"
is "$(cd $attributes && stat -c '%n %a %U' period_ms limit state)" "period_ms 644 root
limit 644 root
state 444 root" "the attributes belong to root, and only the settings can be written"
is "$(cat /sys/class/sensor_example/sensor_example[01]/dev)" "$major:0
$major:1" "the nodes have the major number of /proc/devices and the minor numbers 0 and 1"
is "$(settings) $(cat $attributes/state)" "100 40 ok" "at the beginning the period is 100 ms, the limit 40, and the state ok"
is "$(cd $driver && echo sensor_example.*)" "sensor_example.0 sensor_example.1" "the driver is bound to both sensors"

is "$(user | sed 's/[0-9]*$/N/')" "kernel said: N
kernel said: N
kernel said: N" "the program prints three samples"
is "$(user 1 20 35 | sed 's/said: .*/said: N/')" "before: every 100 ms, limit 40
kernel said: N" "the program sets period and limit at once, and prints the old ones"
is "$(settings)" "20 35" "the settings of the program are seen in the attributes"
set_to 50 30
is "$(user 1 9 1)" "sensor_user: SENSOR_EXAMPLE_EXCHANGE: Invalid argument
exit 1" "the program reports that a period is refused"
for arguments in "-x" "0" "x" "1 10" "1 10 5 5" "1 10 x" "1 -1 5"; do
	is "$(user $arguments 2>&1 | tail -n 2)" "usage: sensor_user [count [period_ms limit]]
exit 2" "the arguments \"$arguments\" are a usage error"
done
unchanged "usage errors"
is "$(timeout 10 ./sensor_user 1 9 1 2>/dev/null)" "" "a program that fails prints nothing on standard output"
is "$(try timeout 10 ./sensor_test nothing ./sensor_user)" "sensor_user: read $node: 0 of 16 bytes read
exit 1" "the program reports a read of 0 bytes"

for value in 10 0x64 10000 "+20"; do
	is "$(store period_ms "$value\n")" "" "a period of $value is accepted"
done
is "$(cat $attributes/period_ms)" 20 "a period is read back as a number"
for value in -2147483648 2147483647 "0x10"; do
	is "$(store limit "$value")" "" "a limit of $value is accepted"
done
is "$(cat $attributes/limit)" 16 "a limit is read back as a number"
set_to 50 30
for value in 9 0 10001 x " 20" "20 x" ""; do
	is "$(store period_ms "$value\n")" "Invalid argument" "a period of \"$value\" is refused with EINVAL"
done
for value in -1 4294967296; do
	is "$(store period_ms "$value\n")" "$([ $value = -1 ] && echo Invalid argument || echo Numerical result out of range)" \
		"a period of $value is refused"
done
for value in 2147483648 -2147483649; do
	is "$(store limit "$value\n")" "Numerical result out of range" "a limit of $value is refused with ERANGE"
done
is "$(store limit "4x\n")" "Invalid argument" "a limit of \"4x\" is refused with EINVAL"
is "$(try sh -c "echo ok >$attributes/state" | sed -n '1s/.*: //p')" "Permission denied" "the state cannot be written"
unchanged "refused values"

is "$(sensor_test exchange 20 31)" "50 30" "the ioctl returns the settings that stood there"
is "$(sensor_test exchange 50 30)" "20 31" "the ioctl has set both"
for period in 9 10001 0 4294967295; do
	is "$(sensor_test exchange $period 30)" "Invalid argument" "the ioctl refuses a period of $period with EINVAL"
done
for bad in null unmapped kernel readonly; do
	is "$(sensor_test exchange 20 31 $bad)" "Bad address" "the ioctl fails with EFAULT for a bad pointer ($bad)"
done
unchanged "ioctls that fail"
# Another number, another size, other directions, neither size nor direction, and 0
for number in 0xC008DC01 0xC004DC00 0x4008DC00 0x8008DC00 0xDC00 0; do
	is "$(sensor_test number $number)" "Inappropriate ioctl for device" "the ioctl number $number fails with ENOTTY"
done
unchanged "unknown ioctls"
check=is why="there is no sensor_user32. Run: make 32"
[ -e sensor_user32 ] || check=skip
$check "$(try timeout 10 ./sensor_user32 1 50 30 2>/dev/null | sed 's/said: .*/said: N/')" "before: every 50 ms, limit 30
kernel said: N" "a program compiled for 32 bits works"

set_to 10 30
is "$(sensor_test samples 120)" "120 good, the last of now" \
	"samples have the next number, the right value, and the time at which they were taken"
is "$(sensor_test behind 20 | sed 's/^2[0-9] /N /')" "N left, 0 wrong, none missed" "a reader that is late by less than 64 samples misses none"
is "$(sensor_test behind 100)" "64 left, 0 wrong, some missed" "a reader that is late by more than 64 samples gets the last 64"
is "$(sensor_test two)" "the same" "two readers of different speed get the same samples"
is "$(sensor_test threads)" "0 doubled, 0 lost" "of four threads that share an open file each sample reaches one"
set_to 100 30
is "$(sensor_test poll)" "0, 1 in, read 16" "poll waits until there is a sample, and then reports it as readable only"
is "$(sensor_test -n read good 16)" "Resource temporarily unavailable" "with O_NONBLOCK a read fails with EAGAIN before there is a sample"
is "$(sensor_test read good 16)" 16 "without O_NONBLOCK it waits for the sample"
for count in 0 1 15; do
	is "$(sensor_test read good $count)" "Invalid argument" "a read of $count bytes, less than a sample, fails with EINVAL"
done
is "$(sensor_test read good 31)" 16 "a read returns whole samples only"
for bad in null unmapped kernel readonly half; do
	is "$(sensor_test read $bad 16)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
set_to 10 30
is "$(sensor_test again)" "16, then the next" "a read that runs into a bad pointer returns the samples before it, and the next read goes on there"
is "$(sensor_test readv)" 32 "a readv fills its buffers as if they were one"
for call in seek pread; do
	is "$(sensor_test $call)" "Illegal seek" "the node has no position: $call fails with ESPIPE"
done
is "$(sensor_test write)" "Invalid argument" "a write fails with EINVAL"
is "$(sensor_test -u read good 16)" "open: Permission denied" "a user who is not root may not open the node"

set_to 1000 40
is "$(sensor_test signal)" "Interrupted system call" "a signal ends the wait of a read with EINTR"
set_to 1000 40
is "$(sensor_test restart)" 16 "after a signal with SA_RESTART the read starts again"
set_to 10 100
sleep 0.1
is "$(sensor_test state)" "ok, poll 0, then 1
change SUBSYSTEM=sensor_example STATE=high
high, poll 0, then 1
change SUBSYSTEM=sensor_example STATE=ok
ok" "when a value crosses the limit the state changes, poll wakes up, and a uevent tells the state"

set_to 10000 40
again="bound again: read No such device, new file: read 16"
is "$(sensor_test unbind read)" "No such device, $again" "unbinding ends a read that waits with ENODEV"
is "$(settings)" "100 40" "a sensor that is bound again begins with the settings of the beginning"
set_to 10000 40
is "$(sensor_test unbind poll)" "1 hup, $again" "unbinding ends a poll that waits, with POLLHUP"
is "$(sensor_test unbind all)" "read No such device, ioctl No such device, poll 1 hup, state No such device, \
open No such file or directory, $again" "after unbinding all calls on an open file fail with ENODEV, and the node is gone"
is "$(sensor_test unbind held)" "16 right, then No such device" "unbinding does not wait for a read that copies, whose sample is still right"
got=$(sensor_test unbind exchange)
why=$got
check=is
[ "$got" != "no write-protection" ] || check=skip
$check "$got" "limit set, unbound, then No such device" \
	"neither an attribute nor unbinding waits for an ioctl that copies"
is "$(sensor_test uevents)" "remove SUBSYSTEM=sensor_example
add SUBSYSTEM=sensor_example
state 0" "uevents tell that the sensor goes and comes, and when they do the attributes are there"
exec 3<$node
echo sensor_example.0 >$driver/unbind
echo sensor_example.0 >$driver/bind
is "$(cat $attributes/dev)" "$major:2" "a sensor that is bound again gets another minor number while the old node is open"
exec 3<&-
echo sensor_example.0 >$driver/unbind
is "$(stat -c %n $attributes $node 2>/dev/null)" "" "after unbinding there is neither node nor attribute"
is "$(cat /sys/class/sensor_example/sensor_example1/period_ms)" 100 "the other sensor goes on"
# The other sensor holds the 64th number.
is "$(sensor_test minors)" "refused with 63 files open" "a sensor is not bound when open files hold all 64 minor numbers"
echo sensor_example.0 >$driver/bind
is "$(cat $attributes/dev)" "$major:0" "after the last close the minor number is free again"
rounds=0
while [ $rounds -lt 100 ] && echo sensor_example.0 >$driver/unbind && echo sensor_example.0 >$driver/bind; do
	rounds=$((rounds + 1))
done
is "$rounds" 100 "a sensor can be unbound and bound 100 times"
is "$(sensor_test storm)" "0 wrong" "readers, settings and a sensor that comes and goes 100 times, all at once, see nothing wrong"

exec 3<$node
is "$(try rmmod sensor_kernel)" "rmmod: ERROR: Module sensor_kernel is in use
exit 1" "rmmod is refused while a node is open"
echo sensor_example.0 >$driver/unbind
is "$(sensor_test unload)" "Resource temporarily unavailable" "the kernel refuses with EAGAIN to unload the module, also after unbinding"
exec 3<&-
is "$(try rmmod sensor_kernel)" "" "after the last close rmmod succeeds"
is "$(left)" "" "after rmmod no node, no class, no driver, no major number and no module is left"
is "$(sensor_test reload) $(left)" "100 " "100 loads and unloads succeed and leave nothing"
is "$(ls -d /sys/devices/platform/sensor_example* 2>/dev/null)" "" "no sensor is left either"

for value in 0 5 -1 x ""; do
	is "$(sensor_test load sensors=$value)" "Invalid argument" "a load with sensors=$value fails with EINVAL"
done
is "$(sensor_test load sensors=4294967296)" "Numerical result out of range" "a load with sensors=4294967296 fails with ERANGE"
is "$(left)" "" "loads that fail leave nothing"
for value in 1 4; do
	load ./sensor_kernel.ko sensors=$value
	is "$(stat -c %n /dev/sensor_example* | wc -l) $(cat /sys/module/sensor_kernel/parameters/sensors)" "$value $value" \
		"with sensors=$value there are so many nodes"
	rmmod sensor_kernel
done
is "$(said sensor_kernel | grep -vE 'taint|probe of')" "$(
	for value in 0 5 -1 x "" 4294967296; do echo "\`$value' invalid for parameter \`sensors'"; done
)" "nothing is logged but the parameters that were refused"
is "$(user)" "sensor_user: open $node: No such file or directory
exit 1" "without the module the program reports that there is no such file"

no_warnings
finish
