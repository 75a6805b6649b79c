// SPDX-License-Identifier: MIT
/*
 * Asks for signals of a device, does the steps, and says after each which signals have come:
 * in, out, or - for none.
 *
 * Usage: cdev_check STEP...
 *   on, off       sets or clears O_ASYNC      twin    opens the node once more, with O_ASYNC
 *   close-twin    closes that again           write   writes three bytes
 *   read          reads all bytes             bad     writes from a bad pointer
 *   other         writes to the other device
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static int open_node(const char *name)
{
	int fd = open(name, O_RDWR | O_NONBLOCK);

	if (fd < 0)
		err(1, "open %s", name);
	return fd;
}

static void async(int fd, int on)
{
	if (fcntl(fd, F_SETOWN, getpid()) || fcntl(fd, F_SETSIG, SIGRTMIN) ||
	    fcntl(fd, F_SETFL, O_NONBLOCK | (on ? O_ASYNC : 0)))
		err(1, "fcntl");
}

int main(int argc, char *argv[])
{
	struct timespec no_time = { 0, 0 };
	int fd = open_node("/dev/cdev_example0"), other = open_node("/dev/cdev_example1");
	int i, came, twin = -1;
	char *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char bytes[1024];
	siginfo_t info;
	sigset_t set;
	ssize_t n;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 1; i < argc; i++) {
		n = 0;
		if (!strcmp(argv[i], "on")) {
			async(fd, 1);
		} else if (!strcmp(argv[i], "off")) {
			async(fd, 0);
		} else if (!strcmp(argv[i], "twin")) {
			twin = open_node("/dev/cdev_example0");
			async(twin, 1);
		} else if (!strcmp(argv[i], "close-twin")) {
			close(twin);
		} else if (!strcmp(argv[i], "write")) {
			n = write(fd, "abc", 3);
		} else if (!strcmp(argv[i], "read")) {
			n = read(fd, bytes, sizeof(bytes));
		} else if (!strcmp(argv[i], "bad")) {
			n = write(fd, nowhere, 3);
		} else if (!strcmp(argv[i], "other")) {
			n = write(other, "abc", 3);
		} else {
			errx(2, "unknown step: %s", argv[i]);
		}
		printf("%s%s", i > 1 ? ", " : "", n < 0 ? "failed " : "");
		for (came = 0; sigtimedwait(&set, &info, &no_time) > 0; came++)
			printf("%s%s", came ? " " : "", info.si_band & POLLIN ? "in" : "out");
		if (!came)
			printf("-");
	}
	printf("\n");
	return 0;
}
