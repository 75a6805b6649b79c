// SPDX-License-Identifier: MIT
/*
 * Writes a text to the module's file, with the letters PID in it replaced by the number of this
 * process, and prints the value of the signal that comes, or the error.
 *
 * Usage: signal_check TEXT
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	struct timespec limit = { .tv_sec = 2 };
	char text[256];
	siginfo_t info;
	sigset_t set;
	char *at;
	int fd;

	if (argc != 2)
		errx(2, "usage: signal_check TEXT");
	at = strstr(argv[1], "PID");
	if (at)
		snprintf(text, sizeof(text), "%.*s%d%s", (int)(at - argv[1]), argv[1], getpid(), at + 3);
	else
		snprintf(text, sizeof(text), "%s", argv[1]);
	sigemptyset(&set);
	sigaddset(&set, 44);
	sigprocmask(SIG_BLOCK, &set, NULL);

	fd = open("/sys/kernel/debug/signalconfpid", O_WRONLY);
	if (fd < 0)
		err(1, "open");
	if (write(fd, text, strlen(text)) < 0)
		printf("%m\n");
	else if (sigtimedwait(&set, &info, &limit) < 0)
		printf("no signal\n");
	else
		printf("%d\n", info.si_int);
	return 0;
}
