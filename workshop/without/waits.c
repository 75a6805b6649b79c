// SPDX-License-Identifier: MIT
/*
 * Four things that a program can wait for, without any module. The first three are descriptors: one
 * poll(2) waits for all of them, and for devices, at once.
 *
 * Usage: waits timer|signal|file|word
 */
#include <err.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* read(2) sleeps until something has happened. */
static void wait_for(int fd, void *event, size_t size)
{
	if (read(fd, event, size) < 0)
		err(EXIT_FAILURE, "read");
}

static void wait_for_timer(void)
{
	struct itimerspec soon = { .it_value.tv_nsec = 10000000 };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	unsigned long long times;

	if (fd < 0 || timerfd_settime(fd, 0, &soon, NULL))
		err(EXIT_FAILURE, "timerfd");
	wait_for(fd, &times, sizeof(times));
	printf("the timer has expired %llu time\n", times);
}

static void wait_for_signal(void)
{
	struct signalfd_siginfo info;
	sigset_t set;
	int fd;

	/* Blocked, so that the signal waits for the read(2) and ends nobody. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "signalfd");
	kill(getpid(), SIGTERM);
	wait_for(fd, &info, sizeof(info));
	printf("signal %u has arrived\n", info.ssi_signo);
}

static void wait_for_file(void)
{
	char directory[] = "/tmp/waits-XXXXXX";
	union {
		struct inotify_event event;
		char buffer[4096];
	} in;
	int fd = inotify_init1(IN_CLOEXEC);

	if (fd < 0 || !mkdtemp(directory) || inotify_add_watch(fd, directory, IN_DELETE_SELF) < 0)
		err(EXIT_FAILURE, "watch %s", directory);
	rmdir(directory);
	wait_for(fd, &in, sizeof(in));
	if (in.event.mask & IN_DELETE_SELF)
		printf("the directory is removed\n");
}

/* A word in memory of two processes. futex(2) sleeps only while the word has the value given. */
static void wait_for_word(void)
{
	int *word = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (word == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid == 0) {
		__atomic_store_n(word, 42, __ATOMIC_RELEASE);
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
		_exit(0);
	}
	while (!__atomic_load_n(word, __ATOMIC_ACQUIRE))
		syscall(SYS_futex, word, FUTEX_WAIT, 0, NULL, NULL, 0);
	printf("the word is %d\n", *word);
	waitpid(pid, NULL, 0);
}

int main(int argc, char *argv[])
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "timer")) {
		wait_for_timer();
	} else if (!strcmp(what, "signal")) {
		wait_for_signal();
	} else if (!strcmp(what, "file")) {
		wait_for_file();
	} else if (!strcmp(what, "word")) {
		wait_for_word();
	} else {
		fprintf(stderr, "usage: waits timer|signal|file|word\n");
		return 2;
	}
	return 0;
}
