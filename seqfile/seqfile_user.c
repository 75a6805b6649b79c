// SPDX-License-Identifier: MIT
/*
 * Copies the seq_file to standard output.
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
	ssize_t len, done, n;
	char buf[65536];
	int fd;

	if (getopt(argc, argv, "") != -1 || optind < argc) {
		fprintf(stderr, "usage: seqfile_user\n");
		return 2;
	}

	fd = open(PATH, O_RDONLY);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);

	/* The kernel hands out about a page a call, however much room there is; 0 is the end. */
	while ((len = read(fd, buf, sizeof(buf))) > 0) {
		for (done = 0; done < len; done += n) { /* a pipe may take less than all */
			n = write(STDOUT_FILENO, buf + done, len - done);
			if (n < 0)
				err(EXIT_FAILURE, "write standard output");
		}
	}
	if (len < 0)
		err(EXIT_FAILURE, "read %s", PATH);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
