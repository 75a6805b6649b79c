/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What the module and the programs of /dev/eventfd_example must agree on. Both
 * commands take a pointer to a number. Its size must be the same for 32-bit and
 * 64-bit programs, so its type is of fixed size.
 */
#ifndef EVENTFD_EXAMPLE_H
#define EVENTFD_EXAMPLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* For your driver, choose a magic that is free in the kernel's ioctl-number.rst. */
#define EVENTFD_EXAMPLE_MAGIC 0xDC

/* Hands over an eventfd, by its descriptor in the calling program. -1 takes it back. */
#define EVENTFD_EXAMPLE_BELL _IOW(EVENTFD_EXAMPLE_MAGIC, 0, __s32)

/* Asks the module to ring the bell so many times, 1 to 1000. */
#define EVENTFD_EXAMPLE_RING _IOW(EVENTFD_EXAMPLE_MAGIC, 1, __u32)

#endif
