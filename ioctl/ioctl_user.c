// SPDX-License-Identifier: MIT
/*
 * Sets a message, exchanges it for the same message, and prints what the
 * exchange returned. Then it gets the message, to show how that is done.
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

	/* Of a text that is too long only a part is copied. The kernel refuses its length. */
	message.length = strlen(text);
	memcpy(message.data, text, strnlen(text, sizeof(message.data)));

	fd = open(PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (ioctl(fd, IOCTL_EXAMPLE_SET, &message))
		err(EXIT_FAILURE, "ioctl IOCTL_EXAMPLE_SET");

	/* The same struct carries the new message to the kernel and the old one back. */
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
