#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what TASK.md asks for, beside test.sh: make && sudo ./check.sh
# Caught-by: a mapping that begins at the third page shows the third page
# Caught-by: after mremap(2) has enlarged the mapping, access beyond the last page is SIGBUS
# Caught-by: each page keeps what was written to it
# Caught-by: four pages can be mapped
# Caught-by: pages=0 fails the load with EINVAL
# Caught-by: pages=5 fails the load with EINVAL
# Caught-by: the first page has the greeting, and the rest is zero
# Caught-by: the last page can be mapped alone
# Caught-by: the log shows what the first page holds
# Caught-by: the parameter can be read
# Caught-by: two opens have pages of their own
cd "$(dirname "$0")" || exit 1
# Its functions (is, load, said ...) are those of test.sh.
eval "$(sed '/^# ---- from here on/q' test.sh)"

grep -q ' /sys/kernel/debug debugfs ' /proc/mounts || mount -t debugfs debugfs /sys/kernel/debug
unreclaimable() { sed -n 's/^MemFree: *\([0-9]*\).*/\1/p' /proc/meminfo; }
parameter=
if modinfo mmap_kernel.ko | grep -q '^parm: *pages:'; then parameter=pages=4; fi
refused() { [ -z "$parameter" ] || insmod ./mmap_kernel.ko "$1" 2>&1 | sed 's/.*: //'; }

echo 1..17
is "$(refused pages=0)" "Invalid parameters" "pages=0 fails the load with EINVAL"
is "$(refused pages=5)" "Invalid parameters" "pages=5 fails the load with EINVAL"
load ./mmap_kernel.ko dyndbg $parameter
is "$(cat /sys/module/mmap_kernel/parameters/pages 2>&1)" 4 "the parameter can be read"
is "$(./mmap_check map 0 4)" "mapped" "four pages can be mapped"
is "$(./mmap_check map 3 1)" "mapped" "the last page can be mapped alone"
is "$(./mmap_check map 0 5)" "Invalid argument" "five pages fail with EINVAL"
is "$(./mmap_check map 4 1)" "Invalid argument" "a mapping behind the last page fails with EINVAL"
is "$(./mmap_check map 2 3)" "Invalid argument" "a mapping that begins within the file and ends beyond it fails with EINVAL"
is "$(./mmap_check fresh)" "Hello from the kernel, this is file mmap_example; 0 bytes are not zero" "the first page has the greeting, and the rest is zero"
is "$(./mmap_check fill)" "1 2 3 4" "each page keeps what was written to it"
is "$(./mmap_check late)" "3" "a mapping that begins at the third page shows the third page"
is "$(./mmap_check beyond)" "SIGBUS" "after mremap(2) has enlarged the mapping, access beyond the last page is SIGBUS"
is "$(./mmap_check two)" "each its own" "two opens have pages of their own"
./mmap_check text >/dev/null
log_is "$(said mmap_kernel | tail -n 1)" 'page holds "first"' "the log shows what the first page holds"
before=$(unreclaimable)
./mmap_check often 2000
is "$((before - $(unreclaimable) < 4096))" 1 "2000 opens, each of which touches all pages, leave no page allocated"
is "$(try rmmod mmap_kernel; loaded mmap_kernel)" "" "rmmod succeeds after the last close"
no_warnings
finish
