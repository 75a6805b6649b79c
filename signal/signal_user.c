// SPDX-License-Identifier: MIT
/*
 * Has the kernel send it a signal, count times, and prints the value that each
 * one carries. With -n it keeps them all waiting, beside as many normal signals,
 * and prints how many of each arrive.
 *
 * Usage: signal_user [-n] [count]
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/sys/kernel/debug/signalconfpid"
#define SIGNAL 44 /* as in signal_kernel.c; SIGRTMIN + 10 is not 44 with every C library */

static atomic_int answer, arrived[NSIG]; /* a handler may write these or sig_atomic_t */

/* Only stores: where signals are not blocked as here, it interrupts a printf() half way. */
static void handler(int number, siginfo_t *info, void *context)
{
	(void)context;
	answer = info->si_value.sival_int;
	arrived[number]++;
}

int main(int argc, char *argv[])
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	int compare = 0, option, fd;
	sigset_t both, before;
	long count = 1, i;
	char pid[20], *end = "";

	while ((option = getopt(argc, argv, "n")) == 'n')
		compare = 1;
	if (optind < argc)
		count = strtol(argv[optind], &end, 10);
	if (option != -1 || argc - optind > 1 || *end || count < 1) {
		fprintf(stderr, "usage: signal_user [-n] [count]\n");
		return 2;
	}

	/* Blocked, a signal that comes before we wait for it is not lost: it stays pending. */
	sigemptyset(&both);
	sigaddset(&both, SIGNAL);
	sigaddset(&both, SIGUSR1);
	sigprocmask(SIG_BLOCK, &both, &before);
	sigdelset(&before, SIGNAL); /* whoever started us may have blocked it too */
	if (sigaction(SIGNAL, &action, NULL) || sigaction(SIGUSR1, &action, NULL))
		err(EXIT_FAILURE, "sigaction");

	fd = open(PATH, O_WRONLY);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	for (i = 0; i < count; i++) {
		if (write(fd, pid, strlen(pid)) < 0)
			err(EXIT_FAILURE, "write %s", PATH);
		if (compare) {
			kill(getpid(), SIGUSR1);
			continue;
		}
		while (arrived[SIGNAL] <= i)
			sigsuspend(&before); /* lets one in, returns when it has been handled */
		printf("kernel said: %d\n", answer);
	}
	if (compare) {
		sigprocmask(SIG_UNBLOCK, &both, NULL); /* returns when all have been handled */
		printf("signal %d: sent %ld, arrived %d\n", SIGNAL, count, arrived[SIGNAL]);
		printf("signal %d: sent %ld, arrived %d\n", SIGUSR1, count, arrived[SIGUSR1]);
	}
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
