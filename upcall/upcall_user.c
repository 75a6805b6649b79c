// SPDX-License-Identifier: MIT
/*
 * Started by the kernel: says in the kernel log what it was given, then rings the
 * console's bell.
 *
 * Usage: upcall_user beeps   (by the module upcall_kernel, not by hand)
 */
#define _GNU_SOURCE /* environ */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOG "/dev/kmsg"
#define CONSOLE "/dev/console"
#define SAY "<6>upcall_user: " /* 6: level info; without a level it would be a warning */

int main(int argc, char *argv[])
{
	char directory[PATH_MAX], *end = "";
	long beeps = 0;
	int fd, i;

	/* What the kernel starts has no descriptor open; by hand there is a standard error. */
	if (argc == 2)
		beeps = strtol(argv[1], &end, 10);
	if (fcntl(STDERR_FILENO, F_GETFD) >= 0 || argc != 2 || end == argv[1] || *end) {
		fprintf(stderr, "usage: insmod ./upcall_kernel.ko helper=$PWD/upcall_user\n");
		return 2;
	}

	/*
	 * Whatever is opened now becomes standard input, the next file standard output, and
	 * would get what printf() says. Here both outputs become the kernel log, where
	 * each write is a line of its own: hence the line buffers.
	 */
	fd = open(LOG, O_WRONLY);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return EXIT_FAILURE; /* there is nobody to tell */
	setlinebuf(stdout);
	setlinebuf(stderr);

	for (i = 0; i < argc; i++)
		printf(SAY "argv[%d] %s\n", i, argv[i]);
	for (i = 0; environ[i]; i++)
		printf(SAY "environment %s\n", environ[i]);
	if (!getcwd(directory, sizeof(directory)))
		err(EXIT_FAILURE, "getcwd");
	printf(SAY "working directory %s\n", directory);
	printf(SAY "uid %d, gid %d\n", getuid(), getgid());

	fd = open(CONSOLE, O_WRONLY);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", CONSOLE);
	while (beeps-- > 0)
		if (write(fd, "\a", 1) < 0)
			err(EXIT_FAILURE, "write %s", CONSOLE);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write %s", LOG);
	return 0;
}
