// SPDX-License-Identifier: MIT
/*
 * Writes PIDs to the file signallater, and says what comes of it.
 *
 * Usage: signal_check write TEXT|self    the signal, and when it came: at once or later
 *        signal_check reused             a child asks and ends, a second child gets its PID
 *        signal_check busy               two processes ask, one right after the other
 *        signal_check due                asks for itself, and leaves: the signal is due
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static sigset_t set;

static const char *ask(const char *text)
{
	int fd = open("/sys/kernel/debug/signallater", O_WRONLY);
	const char *result = "ok";

	if (fd < 0)
		return strerror(errno);
	if (write(fd, text, strlen(text)) < 0)
		result = strerror(errno);
	close(fd);
	return result;
}

static const char *ask_for(pid_t pid)
{
	char text[20];

	snprintf(text, sizeof(text), "%d", pid);
	return ask(text);
}

/* Waits for the signal, and returns its value, or 0 if it does not come within this time. */
static int wait_for(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	siginfo_t info;

	return sigtimedwait(&set, &info, &time) < 0 ? 0 : info.si_int;
}

/* A child with this PID, or with any if it is 0. Its exit status is 1 if it gets the signal. */
static pid_t child(pid_t number, long ms)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	pid_t pid;

	if (number) {
		args.set_tid = (uintptr_t)&number;
		args.set_tid_size = 1;
	}
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0)
		err(1, "clone3");
	if (!pid)
		_exit(wait_for(ms) == 1234);
	return pid;
}

static int got(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";
	const char *text = argc > 2 ? argv[2] : "";
	const char *answer;
	pid_t first, second;
	int value;

	sigemptyset(&set);
	sigaddset(&set, 44);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!strcmp(what, "write")) {
		answer = strcmp(text, "self") ? ask(text) : ask_for(getpid());
		printf("%s", answer);
		if (!strcmp(answer, "ok")) {
			value = wait_for(20);
			printf(", at once %d", value);
			value = wait_for(value ? 0 : 10000);
			printf(", later %d", value);
		}
	} else if (!strcmp(what, "reused")) {
		first = child(0, 0);
		answer = ask_for(first);
		printf("%s, the first %d", answer, got(first));
		printf(", the second %d", got(child(first, 3000)));
	} else if (!strcmp(what, "busy")) {
		first = child(0, 3000);
		second = child(0, 3000);
		answer = ask_for(first);
		printf("%s, ", answer);
		printf("%s", ask_for(second));
		printf(", the first %d", got(first));
		printf(", the second %d", got(second));
	} else if (!strcmp(what, "due")) {
		printf("%s", ask_for(getpid()));
	} else {
		errx(2, "usage: signal_check write|reused|busy|due");
	}
	printf("\n");
	return 0;
}
