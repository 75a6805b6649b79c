// SPDX-License-Identifier: MIT
/*
 * Makes an item of its own, writes a message to it, reads it back, removes the
 * item and prints what stood there.
 *
 * Usage: configfs_user [message]
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/sys/kernel/config/configfs_example"

static char item[100], path[120];

/* An item outlives its maker, so that a failure has to remove it too. */
static void fail(const char *call)
{
	int error = errno;

	rmdir(item);
	errno = error;
	err(EXIT_FAILURE, "%s %s", call, path);
}

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	char answer[200];
	ssize_t len;
	int fd;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: configfs_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	snprintf(item, sizeof(item), DIRECTORY "/user-%ld", (long)getpid());
	snprintf(path, sizeof(path), "%s/message", item);
	if (mkdir(item, 0755))
		err(EXIT_FAILURE, "mkdir %s", item);
	fd = open(path, O_RDWR);
	if (fd < 0)
		fail("open");
	if (write(fd, message, strlen(message)) < 0)
		fail("write");

	/* The write moved the file position; the answer begins at 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		fail("pread");
	if (rmdir(item))
		err(EXIT_FAILURE, "rmdir %s", item);

	/* Only now: a closed standard output would end us with the item still there. */
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
