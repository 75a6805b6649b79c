/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What the module and the programs of /dev/ioctl_example must agree on. A command
 * number contains the size of its struct. The size must be the same for 32-bit and
 * 64-bit programs: use types of fixed size, no pointers, and leave no gaps.
 */
#ifndef IOCTL_EXAMPLE_H
#define IOCTL_EXAMPLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct ioctl_example_message {
	__u32 length; /* bytes of data that belong to the message */
	__u8 data[200];
};

/* If the compiler leaves a gap between or behind the members, this does not compile. */
_Static_assert(sizeof(struct ioctl_example_message) == 4 + 200, "gap in ioctl_example_message");

/* For your driver, choose a magic that is free in the kernel's ioctl-number.rst. */
#define IOCTL_EXAMPLE_MAGIC 0xDC

/* The direction is the program's: _IOW means that the program writes and the kernel reads. */
#define IOCTL_EXAMPLE_RESET _IO(IOCTL_EXAMPLE_MAGIC, 0)
#define IOCTL_EXAMPLE_SET _IOW(IOCTL_EXAMPLE_MAGIC, 1, struct ioctl_example_message)
#define IOCTL_EXAMPLE_GET _IOR(IOCTL_EXAMPLE_MAGIC, 2, struct ioctl_example_message)
#define IOCTL_EXAMPLE_EXCHANGE _IOWR(IOCTL_EXAMPLE_MAGIC, 3, struct ioctl_example_message)

#endif
