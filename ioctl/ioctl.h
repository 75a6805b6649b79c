/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What both sides of /dev/ioctl_example must agree on. The size of the struct
 * is part of each number, so it must be the same for 32-bit and 64-bit
 * programs: fixed-width members only, no pointer, no hidden padding.
 */
#ifndef IOCTL_EXAMPLE_H
#define IOCTL_EXAMPLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct ioctl_example_message {
	__u32 length;
	__u8 data[200];
};

/* A driver takes one that ioctl-number.rst in the kernel's documentation has free. */
#define IOCTL_EXAMPLE_MAGIC 0xDC

/* Directions are the program's: _IOW means that it writes and the kernel reads. */
#define IOCTL_EXAMPLE_RESET _IO(IOCTL_EXAMPLE_MAGIC, 0)
#define IOCTL_EXAMPLE_SET _IOW(IOCTL_EXAMPLE_MAGIC, 1, struct ioctl_example_message)
#define IOCTL_EXAMPLE_GET _IOR(IOCTL_EXAMPLE_MAGIC, 2, struct ioctl_example_message)
#define IOCTL_EXAMPLE_EXCHANGE _IOWR(IOCTL_EXAMPLE_MAGIC, 3, struct ioctl_example_message)

#endif
