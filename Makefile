# SPDX-License-Identifier: MIT

# The directories, one a mechanism, in reading order. Every target follows from this list.
MECHANISMS := procfs seqfile sysfs configfs debugfs sysctl cdev ioctl udp netlink signal upcall mmap syscall-patch

# What the throwaway machine boots: a release of vm/kernels, the first by default.
KERNEL ?= $(shell sed -n '/^[0-9]/{s/\t.*//p;q}' vm/kernels)
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/kernel-mechanisms

# A directory with a target "kernel" brings its own: syscall-patch, whose kernels are called
# syscall-6.12 and so on. On such a kernel every directory runs; on the others it does not.
OWN := $(patsubst %/Makefile,%,$(shell grep -l '^kernel:' $(MECHANISMS:%=%/Makefile)))
OWN_KERNEL ?= syscall-6.12
DETECTORS := kasan kcsan
MADE_HERE := $(filter syscall-% $(DETECTORS),$(KERNEL))
OTHERS := $(if $(MADE_HERE),,$(OWN))
HERE := $(filter-out $(OTHERS),$(MECHANISMS))

export KERNEL_DIR := $(CACHE)/$(KERNEL)
export OUT_DIR := vm/out/$(KERNEL)
export BUILD_DIR := $(OUT_DIR)/build
export KERNEL OWN_KERNEL ACCEL LIMIT

# What make bench counts: instructions, or ns where the guest has a real processor.
CLOCK ?= instructions
export CLOCK

# One directory that cannot be built does not stop the others.
MAKEFLAGS += --keep-going

all: $(MECHANISMS)

$(MECHANISMS): deps-build
	@$(MAKE) --no-print-directory -C $@

help:
	@sed -n 's/^#: //p' Makefile

#: make                        build every directory for the running kernel (KDIR= for another)
#: make procfs                 build just this one
#: make demo                   see every mechanism talk, in a throwaway machine
#: make shell-procfs           a throwaway machine to play in, Ctrl-D ends it
#: make check                  test everything, in throwaway machines
#: make bench                  what each mechanism costs: tables and plots
#: make clean                  remove what was built
#: 
#: demo-procfs, shell, check-procfs do the same for one directory or all of them.
#: What is missing is installed, and said. More: make check-faults, show-fault-NAME
#: (try procfs-user-pointer), check-debug, check-race, check-bench, lint, deps,
#: compile_commands.json. KERNEL=6.12 boots
#: another kernel of vm/kernels, check-all tests all of them; clean-cache removes what was downloaded.
#: check-all, check-faults and check-debug do not repeat what has passed and not changed since; AGAIN=yes does.

demo: demo-here $(OTHERS:%=demo-%)

demo-here: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(HERE:%=$(BUILD_DIR)/%/.built)
	@vm/demo $(HERE)

demo-%: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(BUILD_DIR)/%/.built
	@vm/demo $*

check: check-here $(OTHERS:%=check-%)

check-here: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(HERE:%=$(BUILD_DIR)/%/.built)
	@POINTS="$(POINTS)" prove -fo -j$$(nproc) --timer --exec vm/check $(if $(POINTS),vm/debug/stress) $(HERE:%=%/test.sh)

check-%: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(BUILD_DIR)/%/.built
	@prove -fo --timer --exec vm/check $*/test.sh

shell: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(HERE:%=$(BUILD_DIR)/%/.built)
	@vm/shell $(HERE)

shell-%: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(BUILD_DIR)/%/.built
	@vm/shell $*

check-all:
	@vm/matrix $(MECHANISMS)

# The kernel with detectors: KASAN, lockdep and many others.
check-debug:
	@KERNEL=kasan KERNEL_DIR=$(CACHE)/kasan vm/debug/all $(MECHANISMS)

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
	@faults/run $(filter-out $(DEBUG_FAULTS),$(wildcard faults/*.patch))

check-faults-debug: deps-faults
	@faults/run $(DEBUG_FAULTS)

ifneq ($(filter syscall-%,$(KERNEL)),)
bench: bench-parts
	@bench/run bench/results/$(CLOCK).tsv
	@[ $(CLOCK) = ns ] || bench/report

check-bench: bench-parts
	@prove --timer --exec bench/check bench/results/instructions.tsv

check-bench-faults: bench-parts | deps-faults
	@prove --timer --exec bench/slower $(wildcard bench/*.patch)

bench-parts: $(KERNEL_DIR)/base.cpio $(CACHE)/accel $(MECHANISMS:%=$(BUILD_DIR)/%/.built) $(BUILD_DIR)/bench/.built | deps-bench
else
# Only the kernel with the system call in it has every mechanism.
bench check-bench check-bench-faults:
	@$(MAKE) --no-print-directory $@ KERNEL=$(OWN_KERNEL)
endif

check-faults-%: deps-faults
	@AGAIN=yes faults/run $(or $(wildcard faults/$*.patch faults/$*-*.patch),faults/$*.patch)

show-fault-%: deps-faults
	@faults/run --show faults/$*.patch

lint: deps-lint $(KERNEL_DIR)/base.cpio
	@vm/lint $(MECHANISMS)

compile_commands.json: deps-editor
	@for mechanism in $(MECHANISMS); do $(MAKE) -s -C $$mechanism clean; done
	bear -- $(MAKE) all

deps: deps-build deps-vm deps-chroot deps-faults deps-bench deps-lint deps-editor

deps-%:
	@vm/deps $*

clean:
	@for mechanism in $(MECHANISMS) bench; do $(MAKE) -s -C $$mechanism clean; done
	$(RM) -r vm/out compile_commands.json

clean-cache:
	rm -rf $(CACHE) 2>/dev/null || sudo rm -rf $(CACHE)	# the chroots belong to root

ifneq ($(OTHERS),)
# The same once more, on the kernel that these directories bring.
$(foreach verb,demo check shell,$(OTHERS:%=$(verb)-%)):
	@$(MAKE) --no-print-directory $@ KERNEL=$(OWN_KERNEL)
endif

# The kernel, its initramfs, and the directories built for it. A kernel that a directory brings is
# asked for each time: it is built anew where its series has changed, else nothing happens.
$(KERNEL_DIR)/release: $(if $(MADE_HERE),FORCE) | deps-vm $(if $(MADE_HERE),deps-kernel)
	@vm/kernel $(KERNEL) $(KERNEL_DIR)
	@vm/chroot $(KERNEL_DIR) true

$(KERNEL_DIR)/base.cpio: $(KERNEL_DIR)/release vm/base vm/init vm/libs vm/replay $(if $(filter $(DETECTORS),$(KERNEL)),$(wildcard vm/debug/*.c) vm/debug/stress)
	@vm/chroot $(KERNEL_DIR) vm/base $(KERNEL_DIR)

ready: $(KERNEL_DIR)/base.cpio $(CACHE)/accel

$(CACHE)/accel: vm/accel | $(KERNEL_DIR)/base.cpio
	@vm/accel $(KERNEL_DIR) $@

FORCE:

.SECONDEXPANSION:
$(MECHANISMS:%=$(BUILD_DIR)/%/.built) $(BUILD_DIR)/bench/.built: $(BUILD_DIR)/%/.built: vm/build vm/libs vm/chroot $(KERNEL_DIR)/release \
		$$(shell find $$* -name '*.[ch]' ! -name '*.mod.c' -o -name Makefile -o -name '*.md' -o -name '*.sh')
	@vm/build $(KERNEL_DIR) $* $(@D)

# The bench's program takes its numbers from the headers of two directories.
$(BUILD_DIR)/bench/.built: $(BUILD_DIR)/ioctl/.built $(BUILD_DIR)/netlink/.built

.PHONY: all help demo demo-here check check-here check-all check-debug check-race shell check-faults check-faults-plain check-faults-debug ready bench bench-parts check-bench check-bench-faults lint deps clean clean-cache compile_commands.json $(MECHANISMS)

.DEFAULT:
	@echo "There is no target $@. The directories are: $(MECHANISMS). make help shows the rest." >&2; false
