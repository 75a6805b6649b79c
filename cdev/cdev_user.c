// SPDX-License-Identifier: MIT
/*
 * Writes a message into the queue, reads as many bytes back and prints them.
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

#define PATH "/dev/cdev_example"

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

	/* The queue takes any number of bytes: this limit is the program's own. */
	len = strlen(message);
	if (len > sizeof(answer)) {
		errno = EMSGSIZE;
		err(EXIT_FAILURE, "message of %zu bytes", len);
	}

	fd = open(PATH, O_RDWR);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);

	/* One call may do less than it was asked for, so both go on until all is done. */
	for (done = 0; done < len; done += ret) {
		ret = write(fd, message + done, len - done);
		if (ret < 0)
			err(EXIT_FAILURE, "write %s", PATH);
	}
	for (done = 0; done < len; done += ret) {
		ret = read(fd, answer + done, len - done);
		if (ret < 0)
			err(EXIT_FAILURE, "read %s", PATH);
	}
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
