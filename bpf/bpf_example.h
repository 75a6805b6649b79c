/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/* What the BPF program in the kernel and the program that loads it must agree on. */
#ifndef BPF_EXAMPLE_H
#define BPF_EXAMPLE_H

#include <linux/types.h>

#define BPF_EXAMPLE_MESSAGE_MAX 200 /* bytes */

/*
 * The ring buffer's size: whole pages of the kernel, mostly of 4 KiB, and a power of two. It has
 * space for 18 records.
 */
#define BPF_EXAMPLE_RING_SIZE 4096

/* The one value of the map "settings" */
struct bpf_example_settings {
	__u32 least; /* from the program: shorter messages are held back */
	__u32 lost; /* from the kernel: messages that the ring buffer had no space for */
};

/* A record in the map "ring" */
struct bpf_example_record {
	__u32 length;
	__u8 message[BPF_EXAMPLE_MESSAGE_MAX];
};

#endif
