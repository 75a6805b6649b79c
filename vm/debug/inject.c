// SPDX-License-Identifier: MIT
/*
 * inject N COMMAND...: runs the command, and the kernel fails the N-th of all the
 * allocations and user copies it makes for it. Which of them count is up to the
 * filters in /sys/kernel/debug/failslab and so on, see stress.
 *
 * Exit status: that of the command, 128 + its signal, or 99 if it made fewer than N.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_REACHED 99

int main(int argc, char *argv[])
{
	char path[40], left[20] = "";
	siginfo_t info;
	pid_t pid;
	int fd;

	if (argc < 3)
		errx(2, "usage: inject N COMMAND...");
	pid = fork();
	if (pid == -1)
		err(2, "fork");
	if (!pid) {
		fd = open("/proc/self/fail-nth", O_WRONLY);
		if (fd == -1 || dprintf(fd, "%s", argv[1]) < 0)
			err(2, "/proc/self/fail-nth");
		close(fd);
		alarm(60); /* whoever waits for ever has not reported it */
		execvp(argv[2], argv + 2);
		err(127, "%s", argv[2]);
	}

	/* What has ended and was not waited for still has its files in /proc. */
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		err(2, "waitid");
	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	fd = open(path, O_RDONLY);
	if (fd == -1 || read(fd, left, sizeof(left) - 1) <= 0)
		err(2, "%s", path);
	if (atoi(left))
		return NOT_REACHED;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
