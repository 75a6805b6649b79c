// SPDX-License-Identifier: MIT
/*
 * hammer SECONDS PROCESSES PATH...: that many processes do to the files, in any order,
 * what the calls for files allow, valid or not, and do not care whether they are there.
 * In a directory they make others, and work on the files there.
 * Prints how many calls succeeded and how many failed.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct counts {
	unsigned long good, bad;
};

static struct counts *counts;

/*
 * Two, of which the second cannot be touched. All processes share the first: so what a
 * call reads from there may change while it does.
 */
static char *pages;
static long page;
static int bell; /* for eventfd/ */

static void nothing(int signal)
{
	(void)signal;
}

static void count(long ret)
{
	if (ret < 0)
		counts->bad++;
	else
		counts->good++;
}

/* A buffer of up to 400 bytes: a message, a number, or one that runs into a bad pointer. */
static char *buffer(size_t *len)
{
	static const char *const texts[] = {
		"hi kernel",   "15\n", "7",	   "-1",   "300",
		"99999999999", "",     "%s\n\033", "junk", "0x10",
	};
	const char *text = texts[rand() % (sizeof(texts) / sizeof(*texts))];

	*len = rand() % 400;
	switch (rand() % 8) {
	case 0:
		return NULL;
	case 1:
		return pages + page - rand() % 32;
	case 2:
		memset(pages, 'x', 400);
		return pages;
	case 3: /* what ioctl/ takes, and eventfd/ */
		*len = 204;
		memset(pages, 0, *len);
		pages[0] = rand() % 2 ? rand() % 201 : bell;
		return pages;
	case 4: /* for signal/, see hammer() */
		*len = snprintf(pages, page, "%d", getpid());
		return pages;
	default:
		*len = strlen(text);
		return memcpy(pages, text, *len + 1);
	}
}

static void use(const char *path)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_NONBLOCK };
	static const int sizes[] = { 0, 4, 204 };
	int fd = open(path, flags[rand() % 4] | O_CLOEXEC);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };
	size_t len;
	char *buf, *map;
	int i;

	count(fd);
	if (fd == -1)
		return;
	for (i = rand() % 12; i; i--) {
		buf = buffer(&len);
		switch (rand() % 9) {
		case 0:
		case 1:
			count(read(fd, buf, len));
			break;
		case 2:
		case 3:
			count(write(fd, buf, len));
			break;
		case 4:
			count(pread(fd, buf, len, rand() % 300));
			break;
		case 5:
			count(pwrite(fd, buf, len, rand() % 300));
			break;
		case 6:
			count(lseek(fd, rand() % 300 - 20, rand() % 3));
			break;
		case 7:
			count(poll(&pollfd, 1, 1));
			break;
		default:
			/* Any number that ioctl/ and eventfd/ know, and some that they do not. */
			count(ioctl(fd, _IOC(rand() % 4, 0xdc, rand() % 5, sizes[rand() % 3]),
				    buf));
			map = mmap(NULL, page, rand() % 2 ? PROT_READ : PROT_READ | PROT_WRITE,
				   rand() % 2 ? MAP_SHARED : MAP_PRIVATE, fd,
				   rand() % 4 ? 0 : page);
			count(map == MAP_FAILED ? -1 : 0);
			if (map == MAP_FAILED)
				break;
			close(fd); /* the mapping outlives it */
			__atomic_load_n(map, __ATOMIC_RELAXED); /* touches it */
			munmap(map, page);
			return;
		}
	}
	close(fd);
}

static void use_directory(const char *path)
{
	char name[300], file[600];
	struct dirent *entry;
	DIR *dir;

	snprintf(name, sizeof(name), "%s/hammer-%d", path, rand() % 4);
	count(mkdir(name, 0755));
	dir = opendir(name);
	while (dir && (entry = readdir(dir))) {
		snprintf(file, sizeof(file), "%s/%s", name, entry->d_name);
		if (entry->d_name[0] != '.')
			use(file);
	}
	if (dir)
		closedir(dir);
	count(rmdir(name));
}

static void hammer(char *paths[], int many, time_t end)
{
	/* A signal now and then, which interrupts whoever waits. */
	struct itimerval often = { { 0, 30000 }, { 0, 30000 } };
	struct sigaction action = { .sa_handler = nothing };
	struct stat stat_buf;
	struct timeval now;

	sigaction(SIGALRM, &action, NULL);
	sigaction(44, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	srand(getpid());
	while (time(NULL) < end) {
		const char *path = paths[rand() % many];

		/* All together let go for a moment, or a module that is in use would never go. */
		gettimeofday(&now, NULL);
		if (now.tv_usec < 400000)
			usleep(10000);
		else if (!stat(path, &stat_buf) && S_ISDIR(stat_buf.st_mode))
			use_directory(path);
		else
			use(path);
	}
}

int main(int argc, char *argv[])
{
	int seconds, processes, status, i;

	if (argc < 4)
		errx(2, "usage: hammer SECONDS PROCESSES PATH...");
	seconds = atoi(argv[1]);
	processes = atoi(argv[2]);
	page = sysconf(_SC_PAGESIZE);
	counts = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED || pages == MAP_FAILED || mprotect(pages + page, page, PROT_NONE))
		err(2, "mmap");
	bell = eventfd(0, 0);
	for (i = 0; i < processes; i++) {
		if (!fork()) {
			counts += i;
			hammer(argv + 3, argc - 3, time(NULL) + seconds);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		if (status)
			errx(1, "one of them ended with status %#x", status);
	for (i = 1; i < processes; i++) {
		counts->good += counts[i].good;
		counts->bad += counts[i].bad;
	}
	printf("%lu %lu\n", counts->good, counts->bad);
	return 0;
}
