// SPDX-License-Identifier: MIT
/*
 * Writes a number to each sysfs file that is there, until one refuses it, and
 * prints what then stands in it.
 *
 * Usage: sysfs_user [n]
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
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
 * The text goes as it came: whether it is a number that will do, the kernel says.
 * Returns 0 if the file is not there: any of the three modules will do.
 */
static int set_and_print(const char *path, const char *number)
{
	char answer[32];
	ssize_t len;
	int fd;

	fd = open(path, O_RDWR);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", path);
	/* With a newline, as echo has it: a write of nothing would not reach the module. */
	if (dprintf(fd, "%s\n", number) < 0)
		err(EXIT_FAILURE, "write %s", path);

	/* The write moved the file position; the answer begins at 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", path);
	close(fd);
	printf("%s: ", path);
	fwrite(answer, 1, len, stdout); /* ends in a newline */
	/* At once, so that a refusal is printed behind what went before it. */
	if (fflush(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 1;
}

int main(int argc, char *argv[])
{
	const char *number = "3";
	const char *const *path;
	int negative, found = 0;

	/* -5 is a number, although it looks like an option. */
	negative = argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1]);
	if ((!negative && getopt(argc, argv, "") != -1) || argc - optind > 1) {
		fprintf(stderr, "usage: sysfs_user [n]\n");
		return 2;
	}
	if (optind < argc)
		number = argv[optind];

	for (path = paths; *path; path++)
		found += set_and_print(*path, number);
	if (!found)
		err(EXIT_FAILURE, "open %s", paths[0]);
	return 0;
}
