// SPDX-License-Identifier: MIT
/*
 * window FIRST COUNT: prints these pages of 4096 bytes of the window, whose address is in $WINDOW.
 * On arm64, read(2) of /dev/mem is for memory that the kernel uses, and the kernel refuses to show
 * that. So dd cannot read the window. mmap(2) can.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	const char *window = getenv("WINDOW");
	const char *page;
	off_t first;
	long count;
	int fd;

	if (argc != 3 || !window)
		errx(2, "usage: WINDOW=address window FIRST COUNT");
	first = strtoll(window, NULL, 10) + atol(argv[1]) * 4096;
	count = atol(argv[2]);
	fd = open("/dev/mem", O_RDONLY);
	if (fd < 0)
		err(EXIT_FAILURE, "open");
	page = mmap(NULL, count * 4096, PROT_READ, MAP_SHARED, fd, first);
	if (page == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
	/* This is mapped like a device: aligned accesses only, which the kernel makes here. */
	for (; count; count--, page += 4096) {
		if (write(STDOUT_FILENO, page, 4096) != 4096)
			err(EXIT_FAILURE, "write");
	}
	return 0;
}
