#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a negative number fails with EINVAL
# Caught-by: a number that does not fit fails with ERANGE
# Caught-by: a reader half way misses what was removed before it got there, and nothing else
# Caught-by: a removed entry is missing, and all others are there in order
# Caught-by: after that the table lacks exactly the removed entries
# Caught-by: an entry that never was fails with ENOENT
# Caught-by: an entry that was removed cannot be removed again
# Caught-by: reads of 7 bytes give the same table
# Caught-by: the file seqfile_remove exists and has mode 0200
# Caught-by: the first, the last and a hundred between can be removed
# Caught-by: what is not a number fails with EINVAL
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

file=/proc/seqfile_example
remove=/proc/seqfile_remove
# gone INDEX: removes an entry, and prints the error, if there is one
gone() { [ ! -e $remove ] || printf '%s\n' "$1" | cat 2>&1 >$remove | sed 's/.*: //'; }
# table INDEX...: what the file should show without these
table() { { echo "# index square"; seq 0 999 | awk '{ print $1, $1 * $1 }'; } | grep -vE "^($(echo "${*:-none}" | tr ' ' '|')) "; }
same() { [ "$(md5sum <"$1")" = "$(md5sum <"$2")" ] && echo same || echo "not the same: $(diff "$1" "$2" | head -n 3 | xargs)"; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

load ./seqfile_kernel.ko
echo 1..15
is "$(stat -c %A $remove 2>/dev/null)" "--w-------" "the file seqfile_remove exists and has mode 0200"
gone 5
table 5 >"$work/wanted"
cat $file >"$work/got"
is "$(same "$work/got" "$work/wanted")" same "a removed entry is missing, and all others are there in order"
is "$(gone 5)" "No such file or directory" "an entry that was removed cannot be removed again"
is "$(gone 1000)" "No such file or directory" "an entry that never was fails with ENOENT"
is "$(gone x)" "Invalid argument" "what is not a number fails with EINVAL"
is "$(gone 99999999999)" "Numerical result out of range" "a number that does not fit fails with ERANGE"
is "$(gone -1)" "Invalid argument" "a negative number fails with EINVAL"
dd if=$file bs=7 2>/dev/null >"$work/got"
is "$(same "$work/got" "$work/wanted")" same "reads of 7 bytes give the same table"

# A page of output is about 400 lines. Between two pages the reader holds nothing.
exec 3<$file
dd bs=1000 count=1 <&3 2>/dev/null >"$work/got"
for i in $(seq 600 699) 0 999; do gone "$i"; done
cat <&3 >>"$work/got"
exec 3<&-
table 5 $(seq 600 699) 999 >"$work/wanted"
is "$(same "$work/got" "$work/wanted")" same "a reader half way misses what was removed before it got there, and nothing else"
table 5 $(seq 600 699) 0 999 >"$work/wanted"
cat $file >"$work/got"
is "$(same "$work/got" "$work/wanted")" same "the first, the last and a hundred between can be removed"

(for i in $(seq 100 400); do gone "$i"; done) >/dev/null &
while :; do
	awk 'NR > 1 && ($2 != $1 * $1 || (NR > 2 && $1 <= last)) { print "wrong: " $0 } { last = $1 }' $file
	kill -0 $! 2>/dev/null || break
done >"$work/wrong"
wait
is "$(head -n 3 "$work/wrong")" "" "while entries are removed each read shows right lines in order"
table 5 $(seq 100 400) $(seq 600 699) 0 999 >"$work/wanted"
cat $file >"$work/got"
is "$(same "$work/got" "$work/wanted")" same "after that the table lacks exactly the removed entries"
is "$(try rmmod seqfile_kernel)" "" "the module can be removed"
is "$(ls $file $remove 2>/dev/null)" "" "after rmmod both files are gone"
no_warnings
finish
