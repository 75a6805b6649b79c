// SPDX-License-Identifier: MIT
/*
 * Sets a message, exchanges it for itself and prints what the exchange returned.
 * Then gets what stands there, to show how.
 *
 * Usage: ioctl_user [message]
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ioctl.h"

#define PATH "/dev/ioctl_example"

int main(int argc, char *argv[])
{
	struct ioctl_example_message message = {}, answer;
	const char *text = "hi kernel";
	int fd;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: ioctl_user [message]\n");
		return 2;
	}
	if (optind < argc)
		text = argv[optind];

	/* A text that does not fit is cut, its length is not: the kernel refuses it. */
	message.length = strlen(text);
	memcpy(message.data, text, strnlen(text, sizeof(message.data)));

	fd = open(PATH, O_RDWR);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (ioctl(fd, IOCTL_EXAMPLE_SET, &message))
		err(EXIT_FAILURE, "ioctl IOCTL_EXAMPLE_SET");

	/* One struct both ways: the new message in, the old one out. */
	answer = message;
	if (ioctl(fd, IOCTL_EXAMPLE_EXCHANGE, &answer))
		err(EXIT_FAILURE, "ioctl IOCTL_EXAMPLE_EXCHANGE");
	if (ioctl(fd, IOCTL_EXAMPLE_GET, &message))
		err(EXIT_FAILURE, "ioctl IOCTL_EXAMPLE_GET");

	printf("kernel said: ");
	fwrite(answer.data, 1, answer.length, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
