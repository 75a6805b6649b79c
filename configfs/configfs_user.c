// SPDX-License-Identifier: MIT
/*
 * Makes an item, writes a message to it, reads it back, removes the item and
 * prints the message.
 *
 * Usage: configfs_user [message]
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY "/sys/kernel/config/configfs_example"

static char item[100], path[120];

/* An item stays when the program that made it ends. So the program must remove it. */
static void remove_item(void)
{
	rmdir(item);
}

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	char answer[200];
	size_t message_len;
	ssize_t len;
	int fd;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: configfs_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];
	message_len = strlen(message);

	snprintf(item, sizeof(item), DIRECTORY "/user-%ld", (long)getpid());
	snprintf(path, sizeof(path), "%s/message", item);
	if (mkdir(item, 0755))
		err(EXIT_FAILURE, "mkdir %s", item);
	atexit(remove_item); /* err() and errx() below call exit(3), which calls this */

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", path);
	len = write(fd, message, message_len);
	if (len < 0)
		err(EXIT_FAILURE, "write %s", path);
	/* Writing the rest would store another message, so this is an error. */
	if ((size_t)len != message_len)
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", path, len, message_len);

	/* The write moved the file position; the answer begins at offset 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", path);
	/* Linux 5.10 accepts an empty write. Then an empty file is right. */
	if (len == 0 && message_len > 0)
		errx(EXIT_FAILURE, "pread %s: the file is empty", path);

	/*
	 * Remove the item before printing. If nobody reads the output (a closed pipe), the
	 * signal SIGPIPE ends the program, and remove_item() does not run.
	 */
	if (rmdir(item))
		err(EXIT_FAILURE, "rmdir %s", item);
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
