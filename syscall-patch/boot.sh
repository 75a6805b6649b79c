#!/bin/sh
# SPDX-License-Identifier: MIT
# boot.sh DIR [CHANGED]: boots the kernel that kernel.sh built in DIR, or in CHANGED if there is one.
# QEMU runs it in this terminal, with busybox and the programs of this directory.
# ACCEL=kvm makes it faster where the machine has KVM.
set -eu

dir=$1 image=$1/vmlinux
[ ! -e "${2:-}/vmlinux" ] || image=$2/vmlinux
for tool in busybox cpio qemu-system-x86_64; do
	command -v $tool >/dev/null || { echo "$tool is missing: see \"Needs\" in README.md" >&2; exit 1; }
done
! ldd "$(command -v busybox)" >/dev/null 2>&1 ||
	{ echo "this busybox needs libraries, which the guest does not have: sudo apt install busybox-static" >&2; exit 1; }
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/sys" "$root/tmp" "$root/mysyscall"
cp "$(command -v busybox)" "$root/bin"
for applet in $(busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
for file in mysyscall_user mysyscall_user32 mysyscall_test stock_user selftest test.sh; do
	[ ! -e $file ] || cp $file "$root/mysyscall"
done
cat >"$root/init" <<'INIT'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
cd /mysyscall
echo "This is Linux $(uname -r) in a throwaway machine. Ctrl-D ends it. If it hangs: Ctrl-A, then x."
echo "Try ./mysyscall_user hello, and ./test.sh"
setsid cttyhack sh
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$dir/initrd"

qemu-system-x86_64 -accel "${ACCEL:-tcg}" -smp 2 -m 256 -nodefaults -no-reboot -display none \
	-kernel "$image" -initrd "$dir/initrd" \
	-append "console=ttyS0 quiet panic=-1 no_timer_check clocksource=hpet tsc=unstable" \
	-chardev stdio,id=terminal,mux=on,signal=off -serial chardev:terminal
