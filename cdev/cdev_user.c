// SPDX-License-Identifier: MIT
/*
 * Writes a message into the queue of the first device, reads as many bytes back
 * and prints them.
 *
 * Usage: cdev_user [message]
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/dev/cdev_example0"

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	char answer[200];
	size_t len, done;
	ssize_t ret;
	int fd;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: cdev_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	/* The queue is a stream of bytes without messages. This limit is the program's own. */
	len = strlen(message);
	if (len > sizeof(answer)) {
		errno = EMSGSIZE;
		err(EXIT_FAILURE, "message of %zu bytes", len);
	}

	fd = open(PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);

	/*
	 * A call may transfer fewer bytes than it was asked for, so both loops go
	 * on with the rest. A call that transfers none would repeat forever: it
	 * is an error.
	 */
	for (done = 0; done < len; done += ret) {
		ret = write(fd, message + done, len - done);
		if (ret < 0)
			err(EXIT_FAILURE, "write %s", PATH);
		if (ret == 0)
			errx(EXIT_FAILURE, "write %s: %zu of %zu bytes written", PATH, done, len);
	}
	for (done = 0; done < len; done += ret) {
		ret = read(fd, answer + done, len - done);
		if (ret < 0)
			err(EXIT_FAILURE, "read %s", PATH);
		if (ret == 0)
			errx(EXIT_FAILURE, "read %s: %zu of %zu bytes read", PATH, done, len);
	}
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
