#!/bin/sh
# SPDX-License-Identifier: MIT
# kernel.sh VERSION DIR [CHANGED]: builds the patched kernel in DIR and prints its image.
# kernel.sh -a VERSION DIR: only applies the series, which must fit to the line.
#   linux/        Debian's source, patched, and built in place
#   build         the same, as the KDIR of modules; exported headers in build/usr/include
#   modules/      lib/modules
#   vmlinux       the image, which QEMU boots by PVH
#   release       its name, as uname -r says it
# What is there and up to date is not made again. If the directory CHANGED exists, the
# files in it are built instead of those in linux/, and the image is CHANGED/vmlinux.
# Needs no root. Messages go to standard error. EXTRA: more files for the configuration,
# OPTIONS: more arguments for the kernel's make.
set -eu
# The kernel's Makefile has a VERSION too, which make VERSION=6.12 would override there.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

apply=
[ "$1" != -a ] || { apply=yes && shift; }
version=$1 dir=$2 changed=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
trap 'exit 130' INT HUP TERM # so that what EXIT is told to do is done then too
say() { echo "kernel ${dir##*/}: $*" >&2; }
die() { say "$*"; exit 1; }

[ -e "$here/$version/0000-cover-letter.patch" ] || die "no such series, there are: $(cd "$here" && echo [0-9]*)"
if [ -d "$changed" ]; then changed=$(cd "$changed" && pwd); else changed=; fi
[ -z "$changed" ] || [ "$(cat "$changed/.series" 2>/dev/null)" = "$version" ] ||
	die "$changed has the files of another version ($(cat "$changed/.series" 2>/dev/null)): move it away"
for file in ${EXTRA:-}; do
	case $file in /*) [ -r "$file" ] ;; *) false ;; esac || die "EXTRA: $file cannot be read, or has no full path"
done
mkdir -p "$dir"
cd "$dir"
dir=$PWD
case $dir in *[[:space:]:]*) die "the kernel does not build in a path with a blank or a colon: $dir" ;; esac
exec 9>lock
flock -n 9 || { say "another build is at work here, waiting for its end" && flock 9; }

# fetch: Debian's source package, through apt with lists and cache of its own, so that
# it needs no root and changes nothing. The mirrors are those that this machine uses.
fetch() {
	case $version in
	6.1) suites='bookworm bookworm-security' ;;
	6.12) suites=bookworm-backports ;;
	*) suites=trixie-backports ;;
	esac
	mirrors=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 'Origin: Debian' | sort -u)
	mkdir -p apt/lists/partial
	for suite in $suites; do
		case $suite in
		*-security) uri=$(echo "$mirrors" | sed -n 's/ [a-z]*-security$//p' | head -n 1) ;;
		*) uri=$(echo "$mirrors" | sed -n 's/ [a-z]*$//p' | head -n 1) ;;
		esac
		[ -z "$uri" ] ||
			echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main"
	done >apt/sources.list
	[ -s apt/sources.list ] || die "apt knows no Debian mirror here: sudo apt update, or see /etc/apt/sources.list"
	set -- -q -o Dir::Etc::SourceList="$dir/apt/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt" -o Dir::State::Status=/dev/null \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none
	say "it takes 10 to 15 minutes of processor time and 2 GB in $dir, once"
	say "fetching linux-source-$version, about 150 MB (1/3)"
	{ apt-get "$@" update && cd apt && apt-get "$@" download "linux-source-$version"; } >"$dir/log" 2>&1 ||
		die "cannot fetch linux-source-$version: no network or proxy, or $suites no longer has it ($(grep -m 1 '^[EW]:' "$dir/log")), see $dir/log"
	cd "$dir"
	say "unpacking (2/3)"
	rm -rf unpacked debian others
	dpkg-deb --fsys-tarfile apt/linux-source-*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ --strip-components=1 --one-top-level=unpacked
	mv unpacked linux
	rm -rf apt
}

# lay FROM: files that differ go into linux/, the others keep their time, so that make
# builds no more than what has changed.
lay() {
	files "$1" | while read -r file; do
		cmp -s "$1/$file" "linux/$file" || { mkdir -p "linux/${file%/*}" && cp "$1/$file" "linux/$file"; }
	done
}
files() { (cd "$1" && find . -type f ! -path './vmlinux*' ! -name .series); }

# keep FROM: what it would change beyond the series goes into others/, to be put back
keep() {
	mkdir -p others
	files "$1" | while read -r file; do
		[ -e "series/$file" ] || [ -e "others/$file" ] || [ ! -e "linux/$file" ] ||
			(cd linux && cp --parents -p "$file" ../others)
	done
}

# patched: the series, applied to copies of the files it touches as Debian has them.
# The copies stay in debian/, so that a changed series can be applied anew.
patched() {
	mkdir -p debian
	sed -n 's|^--- a/||p' "$here/$version"/*.patch | while read -r file; do
		[ -e "debian/$file" ] || (cd linux && cp --parents -p "$file" ../debian) ||
			{ rm -f "debian/$file" && exit 1; }
	done
	rm -rf series
	cp -rp debian series
	for patch in "$here/$version"/*[1-9]-*.patch; do # 0000 is the cover letter
		patch -f -p1 -F0 --no-backup-if-mismatch -d series <"$patch" >log 2>&1 || { cat log >&2 && die "$patch does not apply"; }
		! grep offset log >&2 || say "${patch##*/}: Debian's source has moved on, see above"
		[ -z "$apply" ] || ! grep -q offset log || exit 1
	done
}

# run WHAT COMMAND...: its output goes into the log; shows that it lives
run() {
	what=$1
	shift
	"$@" >log 2>&1 9>&- &
	pid=$!
	# What runs in the background of a script does not hear Ctrl-C: it must be told.
	trap 'kill $pid 2>/dev/null; wait $pid; exit 130' INT HUP TERM
	while kill -0 $pid 2>/dev/null; do
		[ ! -t 2 ] || printf '\rkernel %s: %s, %d files' "${dir##*/}" "$what" "$(grep -c '^  [A-Z]' log)" >&2
		sleep 1
	done
	[ ! -t 2 ] || echo >&2
	wait $pid || { grep -m 5 -B 2 -A 5 -E 'error: |undefined reference|\*\*\* ' log >&2 || tail log >&2; die "make failed, see $dir/log"; }
	trap 'exit 130' INT HUP TERM
}

# configs: what is wanted, a line that comes later instead of an earlier one
configs() {
	# shellcheck disable=SC2086 # a list of files
	cat "$here/config" "$here/$version/config" ${EXTRA:-} | tac | awk -F= '!/^CONFIG/ || !seen[$1]++' | tac
}

build() {
	configs >wanted
	if ! cmp -s wanted config; then
		run configuring make -C linux KCONFIG_ALLCONFIG="$dir/wanted" allnoconfig
		missed=$(grep '^CONFIG' wanted | grep -vxFf linux/.config) && die "without effect: $missed"
		mv wanted config
	fi
	# shellcheck disable=SC2086 # a list of arguments
	run "building (3/3)" make -C linux -j"$(nproc)" ${OPTIONS:-} "$@"
}

if [ -n "$apply" ]; then
	[ -d linux ] || fetch
	patched
	say "the series applies"
	exit
fi

state=$({ cat "$here/$version"/*.patch && configs && printf %s "${OPTIONS:-}"; } | sha256sum)
if [ "$(cat state 2>/dev/null)" != "$state" ]; then
	[ "$(uname -m)" = x86_64 ] || die "the configuration is for x86-64, and this machine is $(uname -m)"
	for tool in gcc make flex bison bc patch xz; do
		command -v $tool >/dev/null || die "$tool is missing, see \"Needs\" in README.md"
	done
	[ -e /usr/include/gelf.h ] || die "gelf.h is missing: apt install libelf-dev"
	[ -d linux ] || fetch
	rm -f state
	patched
	lay series
	[ ! -d others ] || lay others
	build vmlinux modules headers
	rm -rf root
	run "installing modules" make -C linux INSTALL_MOD_PATH="$dir/root" modules_install
	run "building the selftest" make -C linux/tools/testing/selftests/mysyscall \
		OUTPUT="$dir/linux/tools/testing/selftests/mysyscall" \
		KHDR_INCLUDES="-isystem $dir/linux/usr/include" LDFLAGS=-static
	[ -e build ] || ln -s linux build
	[ -e modules ] || ln -s root/lib/modules modules
	cp linux/vmlinux vmlinux
	make -s -C linux kernelrelease >release
	echo "$state" >state
	say "$(cat release) is ready, $(du -h --apparent-size vmlinux | cut -f 1)"
fi

if [ -n "$changed" ]; then
	# By the time of the last change to the file or its name, which moving a file sets too.
	if [ ! -e "$changed/vmlinux" ] ||
		[ -n "$(find "$changed" state -cnewer "$changed/vmlinux" -type f ! -path "$changed/vmlinux")" ]; then
		keep "$changed"
		trap 'lay series; lay others' EXIT
		lay "$changed"
		build vmlinux
		cp linux/vmlinux "$changed/vmlinux.new"
		mv "$changed/vmlinux.new" "$changed/vmlinux"
	fi
	echo "$changed/vmlinux"
else
	echo "$dir/vmlinux"
fi
