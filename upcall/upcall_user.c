// SPDX-License-Identifier: MIT
/*
 * The helper, which the kernel starts: writes into the kernel log which arguments
 * and environment it got, then rings the bell of the console.
 *
 * Usage: insmod ./upcall_kernel.ko helper=$PWD/upcall_user   (the kernel runs: upcall_user beeps)
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
#define SAY "<6>upcall_user: " /* 6 is the level "info"; without a level the line is a warning */

int main(int argc, char *argv[])
{
	char directory[PATH_MAX], *end = "";
	long beeps = 0;
	int fd, i;

	/*
	 * Refuses to run from a shell, where descriptors 0 to 2 are open. The kernel starts
	 * a program without open descriptors.
	 */
	if (argc == 2)
		beeps = strtol(argv[1], &end, 10);
	if (fcntl(STDERR_FILENO, F_GETFD) >= 0 || argc != 2 || end == argv[1] || *end) {
		fprintf(stderr, "usage: insmod ./upcall_kernel.ko helper=$PWD/upcall_user\n");
		return 2;
	}

	/*
	 * open() returns the lowest free number: the log becomes 0, and the console below
	 * would become 1, and get what printf() writes. So the log becomes standard output
	 * and standard error too. In the log each write is one line, hence the line buffers.
	 */
	fd = open(LOG, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 || dup2(fd, STDERR_FILENO) < 0)
		return EXIT_FAILURE; /* there is no place for a message */
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

	fd = open(CONSOLE, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", CONSOLE);
	while (beeps-- > 0)
		if (write(fd, "\a", 1) != 1)
			err(EXIT_FAILURE, "write %s", CONSOLE);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write %s", LOG);
	return 0;
}
