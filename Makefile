# SPDX-License-Identifier: MIT

# The directories, one a mechanism, in reading order. Every target follows from this list.
MECHANISMS := procfs seqfile sysfs configfs debugfs sysctl cdev ioctl udp netlink signal upcall mmap syscall-patch eventfd ring handle sensor tracepoint uevent bpf

# DIR=../acme: a directory that is not in this list, as make new makes them. It then is the list, and
# check, demo, shell, watch, gdb, build, check-debug and check-race are for it.
given = $(if $(filter command,$(origin $1)),$($1))
at = $(or $(DIR),$(wildcard work/$1),$1)
override DIR := $(abspath $(call given,DIR))
export DIR
ifneq ($(DIR),)
ifeq ($(wildcard $(DIR)/test.sh),)
$(error There is no directory $(DIR) with a test.sh)
endif
MECHANISMS := $(notdir $(DIR))
watch gdb build: %: %-$(MECHANISMS)
.PHONY: watch gdb build
endif

# What the throwaway machine boots: a release of vm/kernels, by default that of a kit (vm/kit), else the
# first that belongs to the Debian release of this computer, else the first.
ifndef KERNEL
KERNEL := $(shell cat cache/kernel 2>/dev/null || awk -v suite="$$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" \
	'/^[0-9]/ && (!k || $$2 == suite) { k = $$1; if ($$2 == suite) exit } END { print k }' vm/kernels)
endif
CACHE ?= $(or $(wildcard $(CURDIR)/cache),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kernel-mechanisms)

# A directory with a target "kernel" brings its own: syscall-patch, whose kernels are called
# syscall-6.12 and so on. On such a kernel every directory runs; on the others it does not.
OWN := $(foreach mechanism,$(MECHANISMS),$(shell ! grep -q '^kernel:' $(call at,$(mechanism))/Makefile || echo $(mechanism)))
OWN_KERNEL ?= syscall-6.12
DETECTORS := kasan kcsan
MADE_HERE := $(filter syscall-% $(DETECTORS),$(KERNEL))
OTHERS := $(if $(MADE_HERE),,$(OWN))
HERE := $(filter-out $(OTHERS),$(MECHANISMS))
# What somebody has begun in the workshop can be built, played with and debugged like a directory.
WORK := $(notdir $(wildcard work/*))
PLACES := $(HERE) $(WORK)

# The processor architecture of the guest, by default this computer's. The scripts know it as
# GUEST_ARCH: in the environment ARCH would speak to the kernel's build system.
unexport ARCH
HOST_ARCH := $(or $(shell dpkg --print-architecture 2>/dev/null),amd64)
export GUEST_ARCH := $(or $(call given,ARCH),$(HOST_ARCH))
ifeq ($(wildcard vm/arch/$(GUEST_ARCH)),)
$(error There are guests for $(notdir $(basename $(filter-out %-window.c,$(wildcard vm/arch/*)))), not for ARCH=$(GUEST_ARCH))
endif
FOREIGN := $(filter-out $(HOST_ARCH),$(GUEST_ARCH))
ifneq ($(GUEST_ARCH),amd64)
SUFFIX := -$(GUEST_ARCH)
ifneq ($(MADE_HERE)$(filter %-syscall-patch kit bench check-bench% check-faults% show-fault-% check-debug check-debug-% check-race check-race-%,$(MAKECMDGOALS)),)
$(error This is for amd64 only: leave ARCH=$(GUEST_ARCH) out)
endif
endif
# What is emulated needs no trial.
ifneq ($(FOREIGN),)
ACCEL := tcg
endif

export KERNEL_DIR := $(CACHE)/$(KERNEL)$(SUFFIX)
export OUT_DIR := vm/out/$(if $(DIR),own-)$(KERNEL)$(SUFFIX)
export BUILD_DIR := $(OUT_DIR)/build
export KERNEL OWN_KERNEL ACCEL LIMIT PROCESSORS V

# What make bench counts: instructions, or ns where the guest has a real processor.
CLOCK ?= instructions
export CLOCK

# A guest with one processor waits for a fifth of its time: there is work for one more.
JOBS = $$(($$(nproc) + $(if $(filter 1,$(PROCESSORS)),1,0)))

# One directory that cannot be built does not stop the others.
MAKEFLAGS += --keep-going

all: $(MECHANISMS)

$(MECHANISMS): deps-build
	@vm/deps $(call at,$@)/Makefile || : # without them a directory builds what it can
	@$(MAKE) --no-print-directory -C $(call at,$@)

help:
	@sed -n 's/^#: \{0,1\}//p' Makefile

#: make demo            see the mechanisms talk, in a throwaway machine
#: make procfs          build one directory for the running kernel (make: all of them)
#: make shell-procfs    a throwaway machine to play in, with that directory built inside
#: make watch-procfs    at each save: build, test, and say what is wrong
#: make check-procfs    test one directory in a throwaway machine (make check: all of them)
#: make doctor          what will work on this computer, and what is missing
#:
#: Each of them installs the packages that it lacks, and says so. KERNEL=5.10 (6.1, 6.12, 7.2, 7.3) boots
#: another kernel, ARCH=arm64 another processor. More:
#:   demo-procfs            one directory; demo-syscall-patch builds a kernel first
#:   terminal               a second terminal in the guest of make shell
#:   build-procfs           build anew for that guest; then say "reload" inside
#:   trace-procfs           the way of a message through the kernel, recorded; picture-procfs draws it
#:   gdb-procfs             a guest stopped in the module, gdb at its source (AT=function)
#:   new NAME=acme FROM=cdev DEST=../acme   a copy of a directory that is yours, renamed and tested
#:   check DIR=../acme      any of these for such a copy: check, demo, shell, watch, gdb, check-debug
#:   show-fault-NAME        see a mistake bite: show-fault-procfs-user-pointer (V=1: everything)
#:   check-faults, check-faults-NAME   every planted mistake is caught by the test that it names
#:   check-debug, check-race, check-all, check-bench   detectors; data races; every kernel; costs
#:   bench                  what each mechanism costs: tables and plots
#:   exercises, exercise-NAME, try-NAME, hint-NAME, solution-NAME   the workshop, see workshop/README.md
#:   kit DEST=kernel-mechanisms.tar   this tree, its kernel and packages, for laptops without a network
#:   lint, deps, clean, clean-cache, pin, compile_commands.json
#: check-all, check-faults and check-debug do not repeat what has passed and not changed since;
#: AGAIN=yes makes them.

# What takes long says so when Ctrl-C ends it.
STOP = trap 'printf "\nStopped. Nothing is broken: the same command starts it again.\n" >&2; exit 130' INT;

# The machine and these directories, ready. What is left out has its own command.
GUEST = $(KERNEL_DIR)/base.cpio $(if $(FOREIGN),,$(CACHE)/accel)
not-here = $(foreach other,$(OTHERS),printf '\n%s\n' "$(1) $(other), which needs a kernel of its own$(if $(SUFFIX), and is for amd64 only): make $(2)-$(other) (it builds that kernel first: about 10 minutes, once)";)

demo: $(GUEST) $(HERE:%=$(BUILD_DIR)/%/.built)
	@$(STOP) vm/demo $(HERE)
	@$(call not-here,Not shown:,demo)

$(HERE:%=demo-%): demo-%: $(GUEST) $(BUILD_DIR)/%/.built
	@$(STOP) vm/demo $*

check: check-here
	@$(call not-here,Not run:,check)

check-here: $(GUEST) $(HERE:%=$(BUILD_DIR)/%/.built)
	@$(STOP) prove -fo --timer -j$(JOBS) --exec vm/check $(if $(POINTS),vm/debug/stress) $(HERE:%=%/test.sh)

$(HERE:%=check-%): check-%: $(GUEST) $(BUILD_DIR)/%/.built
	@$(STOP) prove -fo --timer --exec vm/check $*/test.sh

shell: $(GUEST) $(HERE:%=$(BUILD_DIR)/%/.built) | deps-shell
	@$(STOP) vm/shell $(HERE)

$(PLACES:%=shell-%): shell-%: $(GUEST) $(BUILD_DIR)/%/.built | deps-shell
	@$(STOP) vm/shell $*

# The lock is held by the machine of make shell, and has its name.
terminal: deps-shell
	@if [ ! -S vm/out/terminal ] || flock -n vm/out/terminal.lock true; then \
		echo "There is no throwaway machine to go to. In another terminal: make shell-procfs" >&2; false; \
	else \
		flock -n -E 9 vm/out/terminal.used sh -c ' \
			echo "The second terminal of $$(cat vm/out/terminal.lock). Enter shows its prompt, Ctrl-] leaves it."; \
			socat -,raw,echo=0,escape=0x1d unix-connect:vm/out/terminal' || \
		{ [ $$? != 9 ] || echo "The second terminal is open already, in another window." >&2; false; } \
	fi

$(PLACES:%=build-%): build-%: $(GUEST)
	@$(STOP) vm/build $(KERNEL_DIR) $(call at,$*) $(BUILD_DIR)/$*
	@cat $(BUILD_DIR)/$*.log
	@echo "$* is built$$([ ! -s $(BUILD_DIR)/$*.log ] || echo ", with the warnings above"). In the guest of make shell, say: reload"

watch-%: $(GUEST) | deps-watch
	@$(STOP) $(if $(wildcard work/$*),workshop/try watch $*,vm/watch $(call at,$*))

$(PLACES:%=gdb-%): gdb-%: $(GUEST) $(BUILD_DIR)/%/.built | deps-gdb
	@vm/gdb $*

$(HERE:%=trace-%): trace-%: $(GUEST) $(BUILD_DIR)/%/.built
	@vm/trace $*

# The pictures are of one kernel. The ways on the others differ a little.
PICTURED := 6.12
ifneq ($(filter $(PICTURED) syscall-%,$(KERNEL)$(SUFFIX)),)
$(HERE:%=picture-%): picture-%: $(GUEST) $(BUILD_DIR)/%/.built | deps-picture
	@vm/trace $*
	@vm/picture $* $(KERNEL) <$(OUT_DIR)/trace-$*/ways >$(OUT_DIR)/trace-$*/svg
	@mv $(OUT_DIR)/trace-$*/svg $*/$*.svg
else
picture-%:
	@$(MAKE) --no-print-directory $@ KERNEL=$(PICTURED) ARCH=amd64
endif

doctor:
	@vm/doctor

check-all:
	@$(STOP) vm/matrix $(MECHANISMS)

# Yours: a copy of a directory under another name, and the proof that each can be copied.
new: $(KERNEL_DIR)/release
	@$(STOP) workshop/new "$(call given,NAME)" "$(call given,FROM)" "$(call given,DEST)" "$(call given,MAGIC)"

check-new: $(GUEST) | deps-new
	@$(STOP) prove -fo --timer --exec workshop/check-new $(patsubst %,%/test.sh,$(filter-out $(OWN),$(MECHANISMS)))

check-new-%: $(GUEST) | deps-new
	@$(STOP) prove -fo --timer --exec workshop/check-new $*/test.sh

# The kernel with detectors: KASAN, lockdep and many others.
check-debug:
	@$(STOP) $(if $(DIR),$(MAKE) --no-print-directory check KERNEL=kasan,KERNEL=kasan KERNEL_DIR=$(CACHE)/kasan vm/debug/all $(MECHANISMS))

check-debug-%:
	@$(MAKE) --no-print-directory check-$* KERNEL=kasan

# The one that watches for two at the same data. AGAIN=yes make check-debug then has it in its table.
check-race:
	@$(MAKE) --no-print-directory check KERNEL=kcsan

check-race-%:
	@$(MAKE) --no-print-directory check-$* KERNEL=kcsan

# Those that only the kernels with detectors see take longer, and these have to be built.
DEBUG_FAULTS = $(shell grep -l $(DETECTORS:%=-e '^Kernel: %') faults/*.patch)

check-faults: check-faults-plain check-faults-debug
	@faults/table faults/*.patch

check-faults-plain: deps-faults
	@$(STOP) faults/run $(filter-out $(DEBUG_FAULTS),$(wildcard faults/*.patch))

check-faults-debug: deps-faults
	@$(STOP) faults/run $(DEBUG_FAULTS)

ifneq ($(filter syscall-%,$(KERNEL)),)
bench: bench-parts
	@$(STOP) bench/run bench/results/$(CLOCK).tsv
	@[ $(CLOCK) = ns ] || bench/report

check-bench: bench-parts
	@$(STOP) prove --timer --exec bench/check bench/results/instructions.tsv

check-bench-faults: bench-parts | deps-faults
	@$(STOP) prove --timer --exec bench/slower $(wildcard bench/*.patch)

bench-parts: $(GUEST) $(MECHANISMS:%=$(BUILD_DIR)/%/.built) $(BUILD_DIR)/bench/.built | deps-bench
else
# Only the kernel with the system call in it has every mechanism.
bench check-bench check-bench-faults:
	@$(MAKE) --no-print-directory $@ KERNEL=$(OWN_KERNEL)
endif

check-faults-%: deps-faults
	@$(STOP) AGAIN=yes faults/run $(or $(wildcard faults/$*.patch faults/$*-*.patch),faults/$*.patch)

show-fault-%: deps-faults
	@$(STOP) faults/run --show faults/$*.patch

lint: deps-lint $(KERNEL_DIR)/base.cpio
	@$(STOP) .ci/lint $(MECHANISMS)

compile_commands.json: deps-editor
	@for mechanism in $(MECHANISMS); do $(MAKE) -s -C $$mechanism clean; done
	bear -- $(MAKE) all

# The exact versions of the kernels here, in a file: with it other computers fetch the same.
pin:
	@for k in $$(sed -n 's/^\([0-9.]*\)\t.*/\1 \1-arm64/p' vm/kernels); do \
		[ ! -e $(CACHE)/$$k/release ] || printf '%s\t%s\n' $$k "$$(cat $(CACHE)/$$k/release)"; \
	done | tee vm/pinned

# DEST: a tar archive with everything for computers without a network. DEST=....tar.zst is compressed.
kit: $(KERNEL_DIR)/base.cpio | deps-laptop
	@$(STOP) vm/kit "$(call given,DEST)"

deps: deps-build deps-vm deps-chroot deps-kernel deps-shell deps-watch deps-gdb deps-faults deps-bench deps-lint deps-editor

deps-%:
	@$(STOP) vm/deps $*

clean:
	@for mechanism in $(MECHANISMS) bench; do $(MAKE) -s -C $$mechanism clean; done
	$(RM) -r vm/out compile_commands.json

clean-cache:
	rm -rf $(CACHE) 2>/dev/null || sudo rm -rf $(CACHE)	# the chroots belong to root

ifneq ($(OTHERS),)
# The same once more, on the kernel that these directories bring.
$(foreach verb,demo check shell build watch gdb trace picture,$(OTHERS:%=$(verb)-%)):
	@$(MAKE) --no-print-directory $@ KERNEL=$(OWN_KERNEL)
endif

# The kernel, its initramfs, and the directories built for it. A kernel that a directory brings is
# asked for each time: it is built anew where its series has changed, else nothing happens.
$(KERNEL_DIR)/release: $(wildcard vm/pinned) $(if $(MADE_HERE),FORCE) | deps-vm $(if $(MADE_HERE),deps-kernel)
	@$(STOP) vm/kernel $(KERNEL) $(KERNEL_DIR)
	@$(STOP) vm/chroot $(KERNEL_DIR) true

# The programs of a guest of another architecture than this computer's.
FOREIGN_PROGRAMS := $(if $(FOREIGN),$(KERNEL_DIR)/guest/packages)
$(KERNEL_DIR)/guest/packages: vm/foreign vm/packages | $(KERNEL_DIR)/release
	@$(STOP) vm/foreign $(KERNEL) $(KERNEL_DIR)

$(KERNEL_DIR)/base.cpio: $(KERNEL_DIR)/release $(FOREIGN_PROGRAMS) vm/base $(wildcard vm/inside/* vm/arch/$(GUEST_ARCH)-*) vm/libs $(if $(filter $(DETECTORS),$(KERNEL)),$(wildcard vm/debug/*.c) vm/debug/stress)
	@$(STOP) vm/chroot $(KERNEL_DIR) vm/base $(KERNEL_DIR)

ready: $(GUEST)

$(CACHE)/accel: vm/accel | $(KERNEL_DIR)/base.cpio
	@$(STOP) vm/accel $(KERNEL_DIR) $@

FORCE:

.SECONDEXPANSION:
$(MECHANISMS:%=$(BUILD_DIR)/%/.built) $(BUILD_DIR)/bench/.built: $(BUILD_DIR)/%/.built: vm/build vm/libs vm/chroot $(KERNEL_DIR)/release $(FOREIGN_PROGRAMS) \
		$$(shell find $$(call at,$$*) -name '*.[ch]' ! -name '*.mod.c' -o -name Makefile -o -name '*.md' -o -name '*.sh' -o -name '*.svg') $(if $(DIR),FORCE)
	@$(STOP) vm/build $(KERNEL_DIR) $(call at,$*) $(@D)

# The bench's program takes its numbers from the headers of these directories.
$(BUILD_DIR)/bench/.built: $(patsubst %,$(BUILD_DIR)/%/.built,bpf eventfd handle ioctl netlink ring)

include workshop/Makefile.inc

.PHONY: all help demo new check-new check check-here check-all check-debug check-race shell terminal doctor check-faults check-faults-plain check-faults-debug ready bench bench-parts check-bench check-bench-faults lint pin kit deps clean clean-cache compile_commands.json $(MECHANISMS)

.DEFAULT:
	@case $@ in \
	build | watch | gdb | show-fault) echo "make $@ needs a name: make $@-procfs, or another of" ;; \
	*) echo "There is no target $@ (make help shows what there is). The directories are" ;; \
	esac >&2; echo "$(MECHANISMS)" >&2; false
