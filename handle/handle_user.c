// SPDX-License-Identifier: MIT
/*
 * Gets a box from the kernel, and closes the node. A child process, which has become
 * the user nobody, writes the message into the box. The parent reads it back.
 *
 * Usage: handle_user [message]
 */
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "handle.h"

#define PATH "/dev/handle_example"
#define NOBODY 65534

/* The child has inherited the descriptor. It needs no right to open the node. */
static void write_as_nobody(int box, const char *message)
{
	size_t len = strlen(message);
	ssize_t ret;

	if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
		err(EXIT_FAILURE, "become nobody");
	ret = write(box, message, len);
	if (ret < 0)
		err(EXIT_FAILURE, "write box");
	if ((size_t)ret != len)
		errx(EXIT_FAILURE, "write box: %zd of %zu bytes written", ret, len);
}

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	int device, box, status;
	char answer[200];
	ssize_t ret;
	pid_t child;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: handle_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	device = open(PATH, O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	box = ioctl(device, HANDLE_EXAMPLE_CREATE, 0);
	if (box < 0)
		err(EXIT_FAILURE, "ioctl HANDLE_EXAMPLE_CREATE");
	close(device); /* the box lives on */

	child = fork();
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (child == 0) {
		write_as_nobody(box, message);
		return 0;
	}
	if (waitpid(child, &status, 0) < 0)
		err(EXIT_FAILURE, "waitpid");
	if (WIFSIGNALED(status))
		errx(EXIT_FAILURE, "the child was killed by signal %d", WTERMSIG(status));
	if (status != 0)
		return EXIT_FAILURE; /* the child has said why */

	ret = read(box, answer, sizeof(answer));
	if (ret < 0)
		err(EXIT_FAILURE, "read box");
	if ((size_t)ret != strlen(message))
		errx(EXIT_FAILURE, "read box: %zd of %zu bytes read", ret, strlen(message));
	printf("kernel said: ");
	fwrite(answer, 1, ret, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
