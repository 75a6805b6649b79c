// SPDX-License-Identifier: MIT
/*
 * Copies the file of seqfile_kernel to standard output.
 *
 * Usage: seqfile_user
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PATH "/proc/seqfile_example"

int main(int argc, char *argv[])
{
	char buf[65536];
	ssize_t len;
	int fd;

	if (getopt(argc, argv, "") != -1 || optind < argc) {
		fprintf(stderr, "usage: seqfile_user\n");
		return 2;
	}

	fd = open(PATH, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);

	/* Each read returns about a page, however large buf is. 0 means the end of the file. */
	while ((len = read(fd, buf, sizeof(buf))) > 0)
		if (fwrite(buf, 1, len, stdout) != (size_t)len)
			err(EXIT_FAILURE, "write standard output");
	if (len < 0)
		err(EXIT_FAILURE, "read %s", PATH);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
