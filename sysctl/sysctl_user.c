// SPDX-License-Identifier: MIT
/*
 * Writes a number to both files of sysctl_kernel, reads them back and prints them.
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

/* Writes the text unchanged: the kernel decides whether it is a good number. */
static void set_and_print(const char *path, const char *number)
{
	size_t number_len = strlen(number);
	char answer[32];
	ssize_t len;
	int fd;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", path);
	len = write(fd, number, number_len);
	if (len < 0)
		err(EXIT_FAILURE, "write %s", path);
	/* The kernel has set the number at the start of the text, and has not taken the rest. */
	if ((size_t)len != number_len)
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", path, len, number_len);

	/* The write moved the file position; the answer begins at offset 0. */
	len = pread(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "pread %s", path);
	if (len == 0)
		errx(EXIT_FAILURE, "pread %s: the file is empty", path);
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
