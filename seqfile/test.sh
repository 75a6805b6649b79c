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

file=/proc/seqfile_example

# counted GOT WANTED WHAT: like is, but skips what the machine cannot count
counted() {
	case $1 in
	"cannot count"*) count=$((count + 1)) && echo "ok $count - $3 # SKIP $1" ;;
	*) is "$@" ;;
	esac
}
# slab: what the kernel's small allocations take, in kB
slab() { sed -n 's/^Slab: *\([0-9]*\) kB/\1/p' /proc/meminfo; }

load ./seqfile_kernel.ko
echo 1..80
before=$(said seqfile_kernel | wc -l)
is "$(stat -c '%A %U %G' $file)" "-r--r--r-- root root" "the file appears, 0444"
parameter=/sys/module/seqfile_kernel/parameters/entries
is "$(stat -c '%A %U %G' $parameter; cat $parameter)" "-r--r--r-- root root
1000" "the parameter is 1000, 0444"
is "$(head -n 4 $file; tail -n 1 $file; wc -c <$file)" "# index square
0 0
1 1
2 4
999 998001
10442" "a header, then an entry a line"
is "$(./seqfile_test whole)" right "and every byte of it"

is "$(try ./seqfile_user | md5sum)" "$(md5sum <$file)" "the program copies the file"
is "$(./seqfile_user 2>&1 >/dev/full || echo "exit $?")" "seqfile_user: write standard output: No space left on device
exit 1" "the program reports a full disk"
for usage in -x something; do
	is "$(try ./seqfile_user $usage | tail -n 2)" "usage: seqfile_user
exit 2" "a usage error: $usage"
done

is "$(./seqfile_test bytes)" right "read byte by byte"
is "$(dd if=$file bs=7 2>/dev/null | md5sum)" "$(md5sum <$file)" "read by sevens"
is "$(./seqfile_test offsets)" right "pread here and there, and read goes on from the start"
is "$(./seqfile_test seek 2 set)" "5 index" "lseek, and a read from there"
is "$(./seqfile_test seek 10438 set)" "4 001" "lseek into the last line"
is "$(./seqfile_test seek 10442 set)" 0 "lseek to the end"
is "$(./seqfile_test seek 10443 set)" 0 "lseek beyond the end"
is "$(./seqfile_test seek 0x7fffffffffffff00 set)" 0 "lseek to a huge offset"
is "$(./seqfile_test seek -1 set)" "Invalid argument" "lseek to a negative offset"
is "$(./seqfile_test seek 0 end)" "Invalid argument" "lseek from the end, which nobody knows"
is "$(./seqfile_test read good 0)" 0 "read of 0 bytes"
is "$(./seqfile_test read good 1)" "1 #" "read of 1 byte"
is "$(./seqfile_test read good 3 16)" "3  0" "read at an offset"
is "$(./seqfile_test read good 9 10442)" 0 "read at the end"
is "$(./seqfile_test read good 9 0x7fffffffffffff00)" 0 "read at a huge offset"
is "$(./seqfile_test read good 9 -1)" "Invalid argument" "read at a negative offset"
for bad in null unmapped kernel readonly; do
	is "$(./seqfile_test read $bad 10)" "Bad address" "read into a bad pointer: $bad"
done
is "$(./seqfile_test read edge 10)" "4 # in" "read that runs into a bad pointer gives what fitted"
is "$(./seqfile_test halves)" "Bad address
4 # in
right" "after bad pointers a read goes on where the last one stopped"
counted "$(./seqfile_test leaks)" 0 "reads that stop half way leave nothing allocated"

is "$(./seqfile_test turns)" right "two descriptors in turn do not disturb each other"
is "$(./seqfile_test readers)" "0 wrong" "four readers at once"
is "$(./seqfile_test held)" "meanwhile right
then 64, right" "a read held half way holds nobody up"

is "$(./seqfile_test -u read good 7)" "7 # index" "anybody may read"
is "$(./seqfile_test -u write)" "open: Permission denied" "nobody may write"
is "$(./seqfile_test write)" "Input/output error" "nor may root"
is "$(./seqfile_test whole)" right "and nothing has changed"
# Where the functions are that a module may find something in an array with.
functions=$(sed -n 's/ T xa_\(load\|find\|find_after\)$//p' /proc/kallsyms)
few=$(./seqfile_test lookups 2000 $functions)
counted "${few%???}" 1 "to read it looks each of the 1000 entries up once, the first of a buffer again"

is "$(said seqfile_kernel | tail -n +$((before + 1)))" "" "none of this is logged"

exec 3<$file
is "$(head -n 1 <&3)" "# index square" "a descriptor is read"
is "$(try rmmod seqfile_kernel)" "" "the module goes while the file is open"
is "$(cat <&3 2>&1 | sed 's/.*: //')" "Input/output error" "the old descriptor then refuses to read"
exec 3<&-
is "$(ls $file 2>/dev/null; loaded seqfile_kernel)" "" "nothing is left behind"
is "$(try ./seqfile_user)" "seqfile_user: open $file: No such file or directory
exit 1" "without the module the program says so"

# refused VALUE ERRNO: and that nothing came of it
refused() {
	is "$(./seqfile_test load "entries=$1")" "$2" "entries=$1 is refused"
	is "$([ ! -e $file ] || echo $file; loaded seqfile_kernel)" "" "entries=$1: nothing is there"
	[ ! -e $file ] || rmmod seqfile_kernel
}
before=$(said seqfile_kernel | wc -l)
for value in 0 -1 1000001 4294967295 x 1x "" '" 5"'; do refused "$value" "Invalid argument"; done
for value in 4294967296 99999999999999999999; do refused "$value" "Numerical result out of range"; done
is "$(./seqfile_test load entries)" "Invalid argument" "no value at all is refused"
is "$(said seqfile_kernel | tail -n +$((before + 1)))" "$(
	for value in 0 -1 1000001 4294967295 x 1x "" " 5" 4294967296 99999999999999999999 ""; do
		echo "\`$value' invalid for parameter \`entries'"
	done
)" "each with one line in the log"

for value in 1 +5 0x10 010; do
	is "$(./seqfile_test load entries=$value) $(./seqfile_test whole) $(wc -l <$file)" "0 right $((value + 1))" \
		"entries=$value: so many lines and the header"
	rmmod seqfile_kernel
done

load ./seqfile_kernel.ko entries=20000
is "$(./seqfile_test unload)" "gone, 0 wrong" "unloaded while four read: every byte is right until EIO"

most=1000000
[ -z "${FEW:-}" ] || most=20000 # FEW=yes: for a kernel that is slow, as those that debug are
more=$((most / 10))
load ./seqfile_kernel.ko entries=$more
case $few in
"" | *[!0-9]*) many=$few growth=$few ;;
*)
	allowed=$((few * (most / 10000) * 12 / 10)) # 1.2 times few, an entry
	many=$(./seqfile_test lookups $allowed $functions)
	case $many in
	"" | *[!0-9]*) growth="not counted: $many" ;;
	*) growth=$([ "$many" -le $allowed ] && echo flat || echo steep) ;;
	esac
	;;
esac
counted "$growth" flat "$more entries are right, and take at most 1.2 times as many look-ups an entry as 1000"
echo "# look-ups: $few for 1000 entries, $many for $more"
rmmod seqfile_kernel

before=$(slab)
load ./seqfile_kernel.ko entries=$most
taken=$(slab)
is "$([ "$growth" = steep ] || timeout 100 ./seqfile_user | tail -n 1)" "$((most - 1)) $(((most - 1) * (most - 1)))" "$most entries" # a walk takes minutes
is "$(try rmmod seqfile_kernel)" "" "and they go"
# A quarter of what they took is left for whatever else the machine does; RCU frees a little later.
limit=$((before + (taken - before) / 4))
for _ in $(seq 50); do [ "$(slab)" -gt $limit ] || break; sleep 0.1; done
is "$([ "$(slab)" -le $limit ] || echo "slab: $before kB before, $taken loaded, $(slab) after")" "" "with the memory that they took"
is "$(./seqfile_test reload) $(ls $file 2>/dev/null; loaded seqfile_kernel)" "100 " "nothing is left after 100 loads and unloads"
load ./seqfile_kernel.ko
is "$(try ./seqfile_user | wc -l)" 1001 "and it works again"
rmmod seqfile_kernel

is "$(since | grep 'seq_file:')" "" "seq_file had nothing to complain about"
quiet
finish
