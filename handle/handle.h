/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/* What the module and the programs of /dev/handle_example must agree on. */
#ifndef HANDLE_EXAMPLE_H
#define HANDLE_EXAMPLE_H

#include <linux/ioctl.h>

/* For your driver, choose a magic that is free in the kernel's ioctl-number.rst. */
#define HANDLE_EXAMPLE_MAGIC 0xDC

/* Returns a descriptor of a new box. The argument must be 0. */
#define HANDLE_EXAMPLE_CREATE _IO(HANDLE_EXAMPLE_MAGIC, 0)

#endif
