/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What the driver and the programs of /dev/sensor_exampleN must agree on. The types
 * have a fixed size, and there are no gaps: so 32-bit and 64-bit programs see the same.
 */
#ifndef SENSOR_EXAMPLE_H
#define SENSOR_EXAMPLE_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* read(2) returns whole samples, the oldest first. */
struct sensor_example_sample {
	__u64 time_ns; /* of CLOCK_MONOTONIC */
	__u32 sequence; /* counts from 0; where it jumps, the reader has missed samples */
	__s32 value;
};

/* 32-bit programs may align a __u64 to 4 bytes only. Here it comes first, so there is no gap. */
_Static_assert(sizeof(struct sensor_example_sample) == 16, "gap in sensor_example_sample");

struct sensor_example_settings {
	__u32 period_ms; /* 10 to 10000 */
	__s32 limit; /* a value above it is high */
};

_Static_assert(sizeof(struct sensor_example_settings) == 8, "gap in sensor_example_settings");

/* For your driver, choose a magic that is free in the kernel's ioctl-number.rst. */
#define SENSOR_EXAMPLE_MAGIC 0xDC

/* Sets both settings at once, and returns those that stood there. */
#define SENSOR_EXAMPLE_EXCHANGE _IOWR(SENSOR_EXAMPLE_MAGIC, 0, struct sensor_example_settings)

#endif
