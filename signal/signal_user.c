// SPDX-License-Identifier: MIT
/*
 * Asks the kernel for a signal, count times, and prints the value that each one
 * carries. With -n it lets all of them wait, together with as many normal
 * signals (SIGUSR1, number 10 on a PC), and prints how many of each kind arrive.
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
#define SIGNAL 44 /* as in signal_kernel.c, which says why it is not SIGRTMIN + 10 */

static atomic_int answer, arrived[NSIG]; /* a handler may write only atomic types or sig_atomic_t */

/* Interrupts the program at any place, perhaps inside of printf(). So it calls no function. */
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
	ssize_t len;

	while ((option = getopt(argc, argv, "n")) == 'n')
		compare = 1;
	if (optind < argc)
		count = strtol(argv[optind], &end, 10);
	if (option != -1 || argc - optind > 1 || *end || count < 1) {
		fprintf(stderr, "usage: signal_user [-n] [count]\n");
		return 2;
	}

	/* A blocked signal waits. So none is lost if it comes before the program waits for it. */
	sigemptyset(&both);
	sigaddset(&both, SIGNAL);
	sigaddset(&both, SIGUSR1);
	sigprocmask(SIG_BLOCK, &both, &before);
	sigdelset(&before, SIGNAL); /* perhaps our parent had blocked it too */
	if (sigaction(SIGNAL, &action, NULL) || sigaction(SIGUSR1, &action, NULL))
		err(EXIT_FAILURE, "sigaction");

	fd = open(PATH, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	for (i = 0; i < count; i++) {
		len = write(fd, pid, strlen(pid));
		if (len < 0)
			err(EXIT_FAILURE, "write %s", PATH);
		/* The kernel got only the first digits. They are the PID of another process. */
		if ((size_t)len != strlen(pid))
			errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", PATH, len,
			     strlen(pid));
		if (compare) {
			kill(getpid(), SIGUSR1);
			continue;
		}
		while (arrived[SIGNAL] <= i)
			sigsuspend(&before); /* lets a signal in; returns after the handler */
		printf("kernel said: %d\n", answer);
	}
	if (compare) {
		sigprocmask(SIG_UNBLOCK, &both, NULL); /* returns after all handlers */
		printf("signal %d: sent %ld, arrived %d\n", SIGNAL, count, arrived[SIGNAL]);
		printf("SIGUSR1: sent %ld, arrived %d\n", count, arrived[SIGUSR1]);
	}
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
