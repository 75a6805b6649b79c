// SPDX-License-Identifier: MIT
/*
 * Calls the two commands with structs of different sizes, as programs of different age do. It does
 * not use ioctl.h, because that has only one size.
 *
 * Usage: ioctl_check get SIZE
 *        ioctl_check set SIZE FLAGS [PRIORITY [COOKIE]]   (the rest of SIZE is 0)
 *        ioctl_check set-more FLAGS PRIORITY COOKIE       (32 bytes, the last one is 1)
 *        ioctl_check bad                                  (a set and a get with a bad pointer)
 */
#include <err.h>
#include <fcntl.h>
#include <linux/ioctl.h>
#include <linux/types.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#define SET(size) _IOC(_IOC_WRITE, 0xDC, 4, size)
#define GET(size) _IOC(_IOC_READ, 0xDC, 5, size)

/* What lies in the program's memory: the options, and what is behind them. */
static union {
	struct {
		__u32 flags, priority;
		__u64 cookie;
	} options;
	unsigned char bytes[64];
} memory;

static void set(int fd, unsigned int size)
{
	if (ioctl(fd, SET(size), &memory))
		printf("%m\n");
	else
		printf("ok\n");
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned int size = argc > 2 ? atoi(argv[2]) : 0, i;
	int fd = open("/dev/ioctl_example", O_RDWR);

	if (fd < 0)
		err(1, "open");
	if (!strcmp(what, "get") && size) {
		memset(&memory, 0xee, sizeof(memory));
		if (ioctl(fd, GET(size), &memory)) {
			printf("%m\n");
			return 0;
		}
		printf("%u %u", memory.options.flags, memory.options.priority);
		if (size >= 16)
			printf(" %llu", (unsigned long long)memory.options.cookie);
		for (i = 16; i < size && !memory.bytes[i]; i++)
			;
		if (size > 16)
			printf(", %s behind", i == size ? "zeros" : "no zeros");
		for (i = size; i < sizeof(memory) && memory.bytes[i] == 0xee; i++)
			;
		if (size < 16 || i < sizeof(memory))
			printf(", %s behind", i == sizeof(memory) ? "nothing" : "something");
		printf("\n");
	} else if (!strcmp(what, "set") && argc > 3) {
		memory.options.flags = atoi(argv[3]);
		memory.options.priority = argc > 4 ? atoi(argv[4]) : 0;
		memory.options.cookie = argc > 5 ? atoi(argv[5]) : 0;
		set(fd, size);
	} else if (!strcmp(what, "set-more") && argc > 4) {
		memory.options.flags = atoi(argv[2]);
		memory.options.priority = atoi(argv[3]);
		memory.options.cookie = atoi(argv[4]);
		memory.bytes[31] = 1;
		set(fd, 32);
	} else if (!strcmp(what, "bad")) {
		ioctl(fd, SET(16), NULL);
		printf("%m ");
		ioctl(fd, GET(16), NULL);
		printf("%m\n");
	} else {
		errx(2, "usage: see the head of ioctl_check.c");
	}
	return 0;
}
