// SPDX-License-Identifier: MIT
/*
 * Writes a number to both sysctl files and prints what then stands there.
 *
 * Usage: sysctl_user [n]
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH1 "/proc/sys/net/test/value1"
#define PATH2 "/proc/sys/net/test/value2"

/* The text goes as it came: whether it is a number that will do, the kernel says. */
static void set_and_print(const char *path, const char *number)
{
	char answer[32];
	ssize_t len;
	int fd;

	fd = open(path, O_RDWR);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", path);
	if (write(fd, number, strlen(number)) < 0)
		err(EXIT_FAILURE, "write %s", path);

	/* The write moved the file position; a sysctl answers at 0 only. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", path);
	close(fd);
	printf("%s: ", path);
	fwrite(answer, 1, len, stdout); /* ends in a newline */
}

int main(int argc, char *argv[])
{
	const char *number = "15";
	int negative;

	/* -5 is a number, although it looks like an option. */
	negative = argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1]);
	if ((!negative && getopt(argc, argv, "") != -1) || argc - optind > 1) {
		fprintf(stderr, "usage: sysctl_user [n]\n");
		return 2;
	}
	if (optind < argc)
		number = argv[optind];

	set_and_print(PATH1, number);
	set_and_print(PATH2, number);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
