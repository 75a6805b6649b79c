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
# Stress: modules="seqfile_kernel entries=20" runs=./seqfile_user files=/proc/seqfile_example more=
# Stress: least=0 # seq_file asks for its buffer before it calls the module

file=/proc/seqfile_example

# counted GOT WANTED NAME: like is, for what not every machine can count
counted() {
	case $1 in
	"cannot count"*) count=$((count + 1)) && echo "ok $count - $3 # SKIP $1" ;;
	*) is "$@" ;;
	esac
}
# slab: kB that the kernel's small allocations take
slab() { sed -n 's/^Slab: *\([0-9]*\) kB/\1/p' /proc/meminfo; }

load ./seqfile_kernel.ko
echo 1..80
before=$(said seqfile_kernel | wc -l)
is "$(stat -c '%A %U %G' $file)" "-r--r--r-- root root" "the file exists, belongs to root and has mode 0444"
parameter=/sys/module/seqfile_kernel/parameters/entries
is "$(stat -c '%A %U %G' $parameter; cat $parameter)" "-r--r--r-- root root
1000" "the parameter is 1000 and has mode 0444"
is "$(head -n 4 $file; tail -n 1 $file; wc -c <$file)" "# index square
0 0
1 1
2 4
999 998001
10442" "the file shows a header, and then one line for each entry"
is "$(./seqfile_test whole)" right "every byte of the file is right"

is "$(try ./seqfile_user | md5sum)" "$(md5sum <$file)" "the program copies the whole file to standard output"
is "$(./seqfile_user 2>&1 >/dev/full || echo "exit $?")" "seqfile_user: write standard output: No space left on device
exit 1" "the program reports that the disk is full"
for usage in -x something; do
	is "$(try ./seqfile_user $usage | tail -n 2)" "usage: seqfile_user
exit 2" "the argument $usage is a usage error"
done

is "$(./seqfile_test bytes)" right "reads of one byte each return the whole file"
is "$(dd if=$file bs=7 2>/dev/null | md5sum)" "$(md5sum <$file)" "reads of seven bytes each return the whole file"
is "$(./seqfile_test offsets)" right "pread at many offsets returns the right bytes, and does not move the file position"
is "$(./seqfile_test seek 2 set)" "5 index" "after lseek to offset 2 a read begins there"
is "$(./seqfile_test seek 10438 set)" "4 001" "after lseek into the last line a read returns its end"
is "$(./seqfile_test seek 10442 set)" 0 "after lseek to the end a read returns 0"
is "$(./seqfile_test seek 10443 set)" 0 "after lseek beyond the end a read returns 0"
is "$(./seqfile_test seek 0x7fffffffffffff00 set)" 0 "after lseek to a huge offset a read returns 0"
is "$(./seqfile_test seek -1 set)" "Invalid argument" "lseek to a negative offset fails with EINVAL"
is "$(./seqfile_test seek 0 end)" "Invalid argument" "lseek with SEEK_END fails with EINVAL"
is "$(./seqfile_test read good 0)" 0 "a read of 0 bytes returns 0"
is "$(./seqfile_test read good 1)" "1 #" "a read of 1 byte returns 1 byte"
is "$(./seqfile_test read good 3 16)" "3  0" "a read at offset 16 returns the bytes from there on"
is "$(./seqfile_test read good 9 10442)" 0 "a read at the end returns 0"
is "$(./seqfile_test read good 9 0x7fffffffffffff00)" 0 "a read at a huge offset returns 0"
is "$(./seqfile_test read good 9 -1)" "Invalid argument" "a read at a negative offset fails with EINVAL"
for bad in null unmapped kernel readonly; do
	is "$(./seqfile_test read $bad 10)" "Bad address" "a read into a bad pointer ($bad) fails with EFAULT"
done
# Four bytes fit. Where a processor copies more than a byte at a time, fewer may arrive.
got=$(./seqfile_test read edge 10)
case $got in "1 #" | "2 # " | "3 # i") got="4 # in" ;; esac
is "$got" "4 # in" "a read that runs into a bad pointer returns what fitted"
is "$(./seqfile_test halves)" right "after bad pointers a read continues where the last one stopped"
counted "$(./seqfile_test leaks)" 0 "a reader that leaves before the end leaves nothing allocated"

is "$(./seqfile_test turns)" right "two open files that are read in turn do not disturb each other"
is "$(./seqfile_test readers)" "0 wrong" "while four processes read at once each gets the whole file"
is "$(./seqfile_test held)" "meanwhile right
then 64, right" "while a read is half done others can read the file"

is "$(./seqfile_test -u read good 7)" "7 # index" "a user who is not root may read"
is "$(./seqfile_test -u write)" "open: Permission denied" "a user who is not root may not write"
is "$(./seqfile_test write)" "Input/output error" "a write by root fails with EIO"
is "$(./seqfile_test whole)" right "after a write the file is unchanged"
is "$(said seqfile_kernel | tail -n +$((before + 1)))" "" "the module logs nothing while its file is used"
small=$(./seqfile_test cost 0)

exec 3<$file
is "$(head -n 1 <&3)" "# index square" "the first line is read from a file that stays open"
is "$(try rmmod seqfile_kernel)" "" "rmmod succeeds while the file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "after rmmod a read from the open file fails with EIO"
exec 3<&-
is "$(ls $file 2>/dev/null; loaded seqfile_kernel)" "" "after rmmod neither the file nor the module is left"
is "$(try ./seqfile_user)" "seqfile_user: open $file: No such file or directory
exit 1" "without the module the program reports that there is no such file"

# refused VALUE ERROR: tries to load the module with this value
refused() {
	is "$(./seqfile_test load "entries=$1")" "$2" "a load with entries=$1 fails: $2"
	is "$([ ! -e $file ] || echo $file; loaded seqfile_kernel)" "" \
		"after a load with entries=$1 neither the file nor the module is there"
	[ ! -e $file ] || rmmod seqfile_kernel
}
before=$(said seqfile_kernel | wc -l)
for value in 0 -1 1000001 4294967295 x 1x "" '" 5"'; do refused "$value" "Invalid argument"; done
for value in 4294967296 99999999999999999999; do refused "$value" "Numerical result out of range"; done
is "$(./seqfile_test load entries)" "Invalid argument" "a load with entries and no value fails: Invalid argument"
is "$(said seqfile_kernel | tail -n +$((before + 1)))" "$(
	for value in 0 -1 1000001 4294967295 x 1x "" " 5" 4294967296 99999999999999999999 ""; do
		echo "\`$value' invalid for parameter \`entries'"
	done
)" "each refused value is logged in one line"

for value in 1 +5 0x10 010; do
	is "$(./seqfile_test load entries=$value) $(./seqfile_test whole) $(wc -l <$file)" "0 right $((value + 1))" \
		"a load with entries=$value makes $((value)) lines and the header"
	rmmod seqfile_kernel
done

load ./seqfile_kernel.ko entries=20000
is "$(./seqfile_test unload)" "removed, 0 wrong" "while four processes read the module can be removed, and every byte is right until EIO"

# The time for an entry must not depend on how many there are, nor on where it is. A module that walks
# to it from the first one takes a hundred times as long. Five times as long is allowed, because
# other work on the machine disturbs the measurement.
most=1000000 far=15000000
[ -z "${FEW:-}" ] || most=20000 far=250000 # FEW=yes: for slow kernels, as those that debug are
before=$(slab)
load ./seqfile_kernel.ko entries=$most
taken=$(slab)
first=$(./seqfile_test cost 0)
is "$([ "$first" -le $((5 * small)) ] || echo "$first ns, in a small table $small ns")" "" \
	"in a large table an entry takes no longer to read than in a small one"
last=$(./seqfile_test cost $far)
is "$([ "$last" -le $((5 * first)) ] || echo "$last ns, at the start $first ns")" "" \
	"in a large table an entry far back takes no longer to read than one at the start"
echo "# to read an entry takes $small ns in a small table, and in one of $most $first ns at the start, $last ns far back"
# Not if it would take hours.
is "$([ "$last" -gt $((5 * first)) ] || ./seqfile_test whole)" right "every byte of a large table is right"
is "$(try rmmod seqfile_kernel)" "" "a large table can be removed"
# A quarter of the memory is left for what others allocate meanwhile. RCU frees some of it later.
limit=$((before + (taken - before) / 4))
for _ in $(seq 50); do [ "$(slab)" -gt $limit ] || break; sleep 0.1; done
is "$([ "$(slab)" -le $limit ] || echo "slab: $before kB before, $taken kB loaded, $(slab) kB after")" "" \
	"after rmmod the memory of a large table is free again"

is "$(./seqfile_test reload) $(ls $file 2>/dev/null; loaded seqfile_kernel)" "100 " \
	"100 loads and unloads succeed and leave nothing"
load ./seqfile_kernel.ko
is "$(try ./seqfile_user | wc -l)" 1001 "after a second load the program works again"
rmmod seqfile_kernel

is "$(since | grep 'seq_file:')" "" "seq_file has logged no complaint"
no_warnings
finish
