// SPDX-License-Identifier: MIT
/*
 * Writes a message to the debugfs file and prints the one that then stands there.
 *
 * Usage: debugfs_user [message]
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/sys/kernel/debug/debugfs_example/message"

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	char answer[200];
	ssize_t len;
	int fd;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: debugfs_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	fd = open(PATH, O_RDWR);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (write(fd, message, strlen(message)) < 0)
		err(EXIT_FAILURE, "write %s", PATH);

	/* The write moved the file position; the answer begins at 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", PATH);
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
