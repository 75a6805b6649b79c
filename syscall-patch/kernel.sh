#!/bin/sh
# SPDX-License-Identifier: MIT
# kernel.sh VERSION DIR [CHANGED]: builds the patched kernel in DIR and prints the path of its image.
# kernel.sh -a VERSION DIR: only applies the series, and fails if a line of it has moved.
#   linux/        Debian's source with the series in it; the kernel is built there
#   build         a link to linux/, for KDIR= of modules; exported headers in build/usr/include
#   modules/      lib/modules
#   vmlinux       the image, which QEMU boots by PVH
#   release       the kernel's name, as "uname -r" prints it
# A second run builds only what has changed. If the directory CHANGED exists, the kernel is
# built with the files in it instead of those in linux/, and the image is CHANGED/vmlinux.
# Needs no root. Messages go to standard error. Environment: EXTRA, more files for the
# configuration; OPTIONS, more arguments for the kernel's make; MINUTES, what it then takes.
set -eu
# The kernel's Makefile has a VERSION too, which make VERSION=6.12 would override there.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

apply=
[ "$1" != -a ] || { apply=yes && shift; }
version=$1 dir=$2 changed=${3:-}
here=$(cd "$(dirname "$0")" && pwd)
say() { echo "kernel ${dir##*/}: $*" >&2; }
die() { say "$*"; told=yes; exit 1; }
# finish: undoes what must not stay, and says that something failed where nothing else said it
told='' undo=:
finish() {
	status=$?
	$undo
	[ $status = 0 ] || [ -n "$told" ] || say "stopped, see above"
}
trap finish EXIT
trap 'exit 130' INT HUP TERM # which runs finish
# failed WHAT: what failed, the errors in the log, and else its end
failed() {
	{ grep -m 5 -B 2 -A 5 -E 'error: |undefined reference|\*\*\* |^E: ' "$dir/log" || tail -n 20 "$dir/log"; } >&2
	die "$1. The whole log is $dir/log"
}

[ -e "$here/$version/0000-cover-letter.patch" ] || die "there is no series for $version, only for: $(cd "$here" && echo [0-9]*)"
if [ -d "$changed" ]; then changed=$(cd "$changed" && pwd); else changed=; fi
[ -z "$changed" ] || [ "$(cat "$changed/.series" 2>/dev/null)" = "$version" ] ||
	die "$changed has the files of Linux $(cat "$changed/.series" 2>/dev/null): move it away, then try again"
for file in ${EXTRA:-}; do
	case $file in /*) [ -r "$file" ] ;; *) false ;; esac || die "EXTRA needs full paths of readable files: $file"
done
mkdir -p "$dir"
cd "$dir"
dir=$PWD
case $dir in *[[:space:]:]*) die "the kernel cannot be built in a path with a blank or a colon: $dir" ;; esac
exec 9>lock
flock -n 9 || { say "waiting for another build in $dir" && flock 9; }

# ccache, where it is installed, keeps each object by a hash of what it was compiled from. A
# second build of the same kernel then takes a minute of processor time. The cache lies beside the
# kernels, so that they share it. No path of this machine is hashed: paths below DIR are
# made relative, and the compiler counts by its content, so the cache can be taken elsewhere.
# Files count by the headers that the compiler says it has read (DEPEND). Without that, ccache
# would run the preprocessor for each file once more.
if [ -x /usr/lib/ccache/gcc ]; then
	export PATH="/usr/lib/ccache:$PATH"
	export CCACHE_BASEDIR="$dir" CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content CCACHE_DEPEND=1
	# Each kernel takes about 50 MB there.
	[ -n "${CCACHE_DIR:-}" ] || export CCACHE_DIR="${dir%/*}/ccache" CCACHE_MAXSIZE=1G
fi

# fetch: gets Debian's source package. apt uses lists and a cache in DIR, so it needs no root and
# changes nothing else. The mirrors are those that this machine uses.
fetch() {
	case $version in # security suites have newer kernels than the releases
	6.1) suites='bookworm bookworm-security' ;;
	6.12) suites='trixie trixie-security' ;;
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
	[ -s apt/sources.list ] || die "apt has no package lists of Debian on this machine: run \"sudo apt update\""
	set -- -q -o Dir::Etc::SourceList="$dir/apt/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State::Lists="$dir/apt/lists" -o Dir::Cache="$dir/apt" -o Dir::State::Status=/dev/null \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none
	[ "$(df -Pk . | awk 'END { print $4 }')" -gt 2200000 ] ||
		die "not enough space: 2 GB are needed in $dir, and $(df -Ph . | awk 'END { print $4 }') are free"
	say "fetching linux-source-$version, about 150 MB (1/3)"
	{ apt-get "$@" update && cd apt && apt-get "$@" download "linux-source-$version"; } >"$dir/log" 2>&1 ||
		failed "linux-source-$version cannot be fetched. There is no network, or $suites does not have it any more"
	cd "$dir"
	say "unpacking linux-source-$version, 1.6 GB (2/3)"
	rm -rf unpacked debian others
	{ dpkg-deb --fsys-tarfile apt/linux-source-*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
		tar -xJ --strip-components=1 --one-top-level=unpacked && mv unpacked linux; } >log 2>&1 ||
		failed "linux-source-$version cannot be unpacked in $dir"
	rm -rf apt
}

# lay FROM: copies the files that differ into linux/. The others keep their time, so that make
# builds only what has changed.
lay() {
	files "$1" | while read -r file; do
		cmp -s "$1/$file" "linux/$file" || { mkdir -p "linux/${file%/*}" && cp "$1/$file" "linux/$file"; }
	done
}
files() { (cd "$1" && find . -type f ! -path './vmlinux*' ! -name .series); }

# keep FROM: copies the files of linux/ that lay FROM would overwrite and that the series does not
# touch into others/. They are put back afterwards.
keep() {
	mkdir -p others
	files "$1" | while read -r file; do
		[ -e "series/$file" ] || [ -e "others/$file" ] || [ ! -e "linux/$file" ] ||
			(cd linux && cp --parents -p "$file" ../others)
	done
}

restore() { lay series; lay others; }

# patched: applies the series to copies of the files that it touches, in series/. Debian's own
# files stay in debian/, so that a changed series can be applied again.
patched() {
	mkdir -p debian
	sed -n 's|^--- a/||p' "$here/$version"/*.patch | while read -r file; do
		[ -e "debian/$file" ] || (cd linux && cp --parents -p "$file" ../debian) ||
			{ rm -f "debian/$file" && exit 1; }
	done
	rm -rf series
	cp -rp debian series
	for patch in "$here/$version"/*[1-9]-*.patch; do # 0000 is the cover letter
		patch -f -p1 -F0 --no-backup-if-mismatch -d series <"$patch" >log 2>&1 ||
			{ cat log >&2 && die "$patch does not apply to $(cd "$dir" && make -s -C linux kernelversion)"; }
		! grep offset log >&2 || {
			[ -z "$apply" ] || die "${patch##*/} does not fit to the line: Debian's source has changed"
			say "${patch##*/}: Debian's source has changed, but the patch still applies"
		}
	done
}

# run WHAT COMMAND...: runs it with its output in the log, and shows on a terminal that it goes on
run() {
	what=$1
	shift
	"$@" >log 2>&1 9>&- &
	pid=$!
	# A command in the background of a script does not get Ctrl-C, so we end it.
	trap 'kill $pid 2>/dev/null; wait $pid; exit 130' INT HUP TERM
	while kill -0 $pid 2>/dev/null; do
		[ ! -t 2 ] || printf '\rkernel %s: %s, %d files' "${dir##*/}" "$what" "$(grep -c '^  [A-Z]' log)" >&2
		sleep 1
	done
	[ ! -t 2 ] || echo >&2
	wait $pid || failed "$what failed"
	trap 'exit 130' INT HUP TERM
}

# configs: prints the configuration. A later line replaces an earlier one for the same symbol.
configs() {
	# shellcheck disable=SC2086 # a list of files
	cat "$here/config" "$here/$version/config" ${EXTRA:-} | tac | awk -F= '!/^CONFIG/ || !seen[$1]++' | tac
}

build() {
	configs >wanted
	if ! cmp -s wanted config; then
		run configuring make -C linux KCONFIG_ALLCONFIG="$dir/wanted" allnoconfig
		# What is to be n is not set in .config, or is not mentioned.
		missed=$(awk -F= 'NR == FNR { is[$1] = $0; next }
			/^CONFIG/ && ($2 == "n" ? $1 in is : is[$1] != $0)' linux/.config wanted)
		[ -z "$missed" ] || die "this kernel does not take these lines: $missed"
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
	[ "$(uname -m)" = x86_64 ] || die "syscall-patch/config is for x86-64, and this machine is $(uname -m)"
	for tool in gcc make flex bison bc patch xz; do
		command -v $tool >/dev/null || die "$tool is missing: see \"Needs\" in syscall-patch/README.md"
	done
	[ -e /usr/include/gelf.h ] || die "gelf.h is missing: sudo apt install libelf-dev"
	say "building this kernel takes about ${MINUTES:-9} minutes of processor time (1 if ccache has its objects) and 2 GB in $dir"
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
	# -cnewer looks at the time of the last change to a file or its name: moving a file sets it, too.
	if [ ! -e "$changed/vmlinux" ] ||
		[ -n "$(find "$changed" state -cnewer "$changed/vmlinux" -type f ! -path "$changed/vmlinux")" ]; then
		keep "$changed"
		undo=restore
		lay "$changed"
		build vmlinux
		cp linux/vmlinux "$changed/vmlinux.new"
		mv "$changed/vmlinux.new" "$changed/vmlinux"
	fi
	echo "$changed/vmlinux"
else
	echo "$dir/vmlinux"
fi
