// SPDX-License-Identifier: MIT
/*
 * Writes a number to each file of the three modules that exists, reads it back
 * and prints it. Stops at the first file that refuses the number.
 *
 * Usage: sysfs_user [n]
 */
#define _GNU_SOURCE /* asprintf() */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const paths[] = {
	"/sys/module/sysfs_param_kernel/parameters/level",
	"/sys/module/sysfs_param_kernel/parameters/checked_level",
	"/sys/fs/myfs/first",
	"/sys/fs/myfs/second",
	"/sys/bus/my_pseudo_bus/value",
	NULL,
};

/*
 * The text goes to the kernel unchanged: the kernel decides whether it is a good
 * number. Returns 0 if there is no such file, because its module is not loaded.
 */
static int set_and_print(const char *path, const char *text, size_t text_len)
{
	char answer[32];
	ssize_t len;
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", path);
	len = write(fd, text, text_len);
	if (len < 0)
		err(EXIT_FAILURE, "write %s", path);
	/* Writing the rest would set another number, so this is an error. */
	if ((size_t)len != text_len)
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", path, len, text_len);

	/* The write moved the file position; the answer begins at offset 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", path);
	if (len == 0)
		errx(EXIT_FAILURE, "pread %s: the file is empty", path);
	close(fd);
	printf("%s: ", path);
	fwrite(answer, 1, len, stdout); /* ends in a newline */
	/* Now, so that this line appears before the error of the next file. */
	if (fflush(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 1;
}

int main(int argc, char *argv[])
{
	const char *number = "3";
	const char *const *path;
	int negative, len, found = 0;
	char *text;

	/* -5 is a number, although it looks like an option. */
	negative = argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1]);
	if ((!negative && getopt(argc, argv, "") != -1) || argc - optind > 1) {
		fprintf(stderr, "usage: sysfs_user [n]\n");
		return 2;
	}
	if (optind < argc)
		number = argv[optind];

	/* With a newline, as echo writes it: sysfs drops a write of 0 bytes. */
	len = asprintf(&text, "%s\n", number);
	if (len < 0)
		err(EXIT_FAILURE, "asprintf");
	for (path = paths; *path; path++)
		found += set_and_print(*path, text, len);
	if (!found)
		err(EXIT_FAILURE, "open %s", paths[0]);
	return 0;
}
