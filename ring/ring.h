/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What the module and the programs of /dev/ring_example must agree on: the layout of the
 * memory that they share, and the command that rings the doorbell. The layout must be
 * the same for 32-bit and 64-bit programs: use types of fixed size, no pointers, and
 * leave no gaps.
 */
#ifndef RING_EXAMPLE_H
#define RING_EXAMPLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* It must be a power of 2: only then n % 16 goes on rightly when n goes from 2^32 - 1 to 0. */
#define RING_EXAMPLE_SLOTS 16
#define RING_EXAMPLE_MAX 200 /* bytes of a message */

struct ring_example_slot {
	__s32 length; /* bytes of data that belong to the message, or a negative errno */
	__u8 data[RING_EXAMPLE_MAX];
};

/*
 * One queue, with one writer and one reader. head counts the messages that the writer has
 * put in, tail those that the reader has taken out. Only the writer changes head, and only
 * the reader changes tail. head - tail messages wait: none if both are the same, 16 at
 * most. Message n is in slot n % 16.
 *
 * Most processors fetch memory in lines of 64 bytes. The reserved bytes put head and tail
 * into lines of their own: otherwise a write to the one would take the line away from the
 * processor that works on the other. The memory begins with a page, and a queue is a
 * multiple of 64 bytes long. So each head and each tail begins a line.
 */
struct ring_example_queue {
	__u32 head;
	__u8 reserved_1[60];
	__u32 tail;
	__u8 reserved_2[60];
	struct ring_example_slot slots[RING_EXAMPLE_SLOTS];
};

/* The memory of one open file */
struct ring_example {
	struct ring_example_queue to_kernel; /* written by the program, read by the module */
	struct ring_example_queue to_user; /* written by the module, read by the program */
};

/*
 * If the compiler leaves a gap between or behind the members, this does not compile. Nor
 * does it if the second queue would not begin a line.
 */
_Static_assert(sizeof(struct ring_example) ==
		       2 * (2 * 64 + RING_EXAMPLE_SLOTS * (4 + RING_EXAMPLE_MAX)),
	       "gap in ring_example");
_Static_assert(sizeof(struct ring_example_queue) % 64 == 0, "a queue ends within a line");

/* For your driver, choose a magic that is free in the kernel's ioctl-number.rst. */
#define RING_EXAMPLE_MAGIC 0xDC

#define RING_EXAMPLE_DOORBELL _IO(RING_EXAMPLE_MAGIC, 0)

#endif
