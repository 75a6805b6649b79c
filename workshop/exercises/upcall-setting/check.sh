#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a setting may contain an equals sign
# Caught-by: a setting may contain blanks
# Caught-by: a setting of 200 bytes arrives whole
# Caught-by: a setting of 201 bytes fails the load with EINVAL
# Caught-by: an empty setting is there, and empty
# Caught-by: nobody can change the setting after the load
# Caught-by: the helper finds the setting in its environment
# Caught-by: the refusal is one line in the log
# Caught-by: with wait=none too
# Caught-by: with wait=proc too
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

work=$(mktemp -d) || cannot "mktemp cannot make a directory for temporary files"
trap 'rm -rf "$work"' EXIT
cat >"$work/helper" <<END
#!/bin/sh
env | grep '^SETTING=' >$work/tmp
mv $work/tmp $work/environment
END
chmod +x "$work/helper"
has() { modinfo upcall_kernel.ko | grep -q "^parm: *$1:"; }
has setting || echo "# the module has no parameter setting"
# start PARAMETERS...: loads, waits for the helper, prints SETTING in its environment, unloads
start() {
	rm -f "$work/environment"
	has setting || set --
	insmod ./upcall_kernel.ko helper="$work/helper" "$@" 2>&1
	for _ in $(seq 100); do
		[ ! -e "$work/environment" ] || break
		sleep 0.05
	done
	cat "$work/environment"
	rmmod upcall_kernel
}
long=$(printf '%200s' '' | tr ' ' x)

load ./upcall_kernel.ko helper="$work/helper" wait=proc
echo 1..13
is "$(has setting && cat "$work/environment")" "" "without the parameter the variable is not there"
rmmod upcall_kernel
is "$(start setting=abc)" "SETTING=abc" "the helper finds the setting in its environment"
is "$(start setting=abc wait=proc)" "SETTING=abc" "with wait=proc too"
is "$(start setting=abc wait=none)" "SETTING=abc" "with wait=none too"
is "$(start setting=)" "SETTING=" "an empty setting is there, and empty"
is "$(start 'setting="two words"')" "SETTING=two words" "a setting may contain blanks"
is "$(start setting=a=b)" "SETTING=a=b" "a setting may contain an equals sign"
is "$(start "setting=$long")" "SETTING=$long" "a setting of 200 bytes arrives whole"
rm -f "$work/environment"
is "$(has setting && insmod ./upcall_kernel.ko helper="$work/helper" "setting=${long}x" 2>&1 | sed 's/.*: //')" "Invalid parameters" "a setting of 201 bytes fails the load with EINVAL"
is "$(has setting && said upcall_kernel | grep -c setting)" 1 "the refusal is one line in the log"
is "$(cat "$work/environment" 2>/dev/null; loaded upcall_kernel)" "" "after a refusal nothing was started"
insmod ./upcall_kernel.ko helper="$work/helper" 2>/dev/null
is "$(stat -c %A /sys/module/upcall_kernel/parameters/setting 2>/dev/null)" "-r--r--r--" "nobody can change the setting after the load"
rmmod upcall_kernel
no_warnings
finish
