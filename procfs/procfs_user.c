// SPDX-License-Identifier: MIT
/*
 * Writes a message to the file of procfs_kernel, reads it back and prints it.
 *
 * Usage: procfs_user [message]
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/proc/procfs_example/message"

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	char answer[200];
	size_t message_len;
	ssize_t len;
	int fd;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: procfs_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];
	message_len = strlen(message);

	fd = open(PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	len = write(fd, message, message_len);
	if (len < 0)
		err(EXIT_FAILURE, "write %s", PATH);
	/* Writing the rest would store another message, so this is an error. */
	if ((size_t)len != message_len)
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", PATH, len, message_len);

	/* The write moved the file position; the answer begins at offset 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", PATH);
	if (len == 0 && message_len > 0)
		errx(EXIT_FAILURE, "pread %s: the file is empty", PATH);
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
