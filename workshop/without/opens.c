// SPDX-License-Identifier: MIT
/*
 * The kernel asks a program whether a file may be opened: a child opens the file, and its parent
 * refuses. This is a permission event of fanotify(7). Only root may ask for such events.
 *
 * Usage: opens FILE
 */
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* An event brings a descriptor of the file. Writing the answer lets the child go on. */
static void answer(int fanotify, const char *path)
{
	struct fanotify_event_metadata event;
	struct fanotify_response response;

	if (read(fanotify, &event, sizeof(event)) < (ssize_t)sizeof(event))
		err(EXIT_FAILURE, "read fanotify");
	if (event.vers != FANOTIFY_METADATA_VERSION)
		errx(EXIT_FAILURE, "this kernel has another struct");
	printf("the kernel asks: open %s\n", path);
	response = (struct fanotify_response){ .fd = event.fd, .response = FAN_DENY };
	if (write(fanotify, &response, sizeof(response)) < 0)
		err(EXIT_FAILURE, "write fanotify");
	close(event.fd);
}

int main(int argc, char *argv[])
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int status;
	pid_t pid;

	if (argc != 2) {
		fprintf(stderr, "usage: opens FILE\n");
		return 2;
	}
	setlinebuf(stdout);
	fds[0].fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY | O_CLOEXEC);
	if (fds[0].fd < 0)
		err(EXIT_FAILURE, "fanotify_init");
	if (fanotify_mark(fds[0].fd, FAN_MARK_ADD, FAN_OPEN_PERM | FAN_ONDIR, AT_FDCWD, argv[1]))
		err(EXIT_FAILURE, "fanotify_mark %s", argv[1]);
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid == 0) {
		/* If the parent ends, and nobody else has the descriptor, every open succeeds. */
		close(fds[0].fd);
		if (open(argv[1], O_RDONLY | O_CLOEXEC) < 0)
			err(EXIT_FAILURE, "child: open %s", argv[1]);
		printf("child: opened %s\n", argv[1]);
		exit(EXIT_SUCCESS);
	}
	/* Readable when the child has ended: the kernel does not ask about every kind of file. */
	fds[1].fd = syscall(SYS_pidfd_open, pid, 0);
	if (fds[1].fd < 0)
		err(EXIT_FAILURE, "pidfd_open");
	while (poll(fds, 2, -1) > 0 && fds[0].revents & POLLIN)
		answer(fds[0].fd, argv[1]);
	if (waitpid(pid, &status, 0) < 0)
		err(EXIT_FAILURE, "waitpid");
	return status != 0;
}
