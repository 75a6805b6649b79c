// SPDX-License-Identifier: MIT
/*
 * Hands the module an eventfd, asks it to ring, and prints how many rings it heard. With
 * -s the eventfd is a semaphore: each read takes one ring, and is printed.
 *
 * Usage: eventfd_user [-s] [rings]
 */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "eventfd.h"

#define PATH "/dev/eventfd_example"

int main(int argc, char *argv[])
{
	const char *text = "1";
	int flags = EFD_CLOEXEC, option, fd;
	eventfd_t taken, heard;
	__u32 rings;
	__s32 bell;
	long number;
	char *end;

	while ((option = getopt(argc, argv, "s")) == 's')
		flags |= EFD_SEMAPHORE;
	if (optind < argc)
		text = argv[optind];
	number = strtol(text, &end, 10);
	if (option != -1 || argc - optind > 1 || end == text || *end || number < 0 ||
	    number > INT_MAX) {
		fprintf(stderr, "usage: eventfd_user [-s] [rings]\n");
		return 2;
	}

	bell = eventfd(0, flags);
	if (bell < 0)
		err(EXIT_FAILURE, "eventfd");
	fd = open(PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (ioctl(fd, EVENTFD_EXAMPLE_BELL, &bell))
		err(EXIT_FAILURE, "ioctl EVENTFD_EXAMPLE_BELL");
	rings = number;
	if (ioctl(fd, EVENTFD_EXAMPLE_RING, &rings))
		err(EXIT_FAILURE, "ioctl EVENTFD_EXAMPLE_RING");

	/*
	 * A read waits until the counter is not 0, and takes all that has come meanwhile. How
	 * many that is depends on who is faster. So we add up until all rings are heard.
	 */
	for (heard = 0; heard < rings; heard += taken) {
		if (eventfd_read(bell, &taken)) /* read(2) of a number of 8 bytes */
			err(EXIT_FAILURE, "eventfd_read");
		if (flags & EFD_SEMAPHORE)
			printf("kernel rang: %llu\n", (unsigned long long)taken);
	}
	if (!(flags & EFD_SEMAPHORE))
		printf("kernel rang: %llu\n", (unsigned long long)heard);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
