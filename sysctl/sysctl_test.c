// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd buffers and
 * offsets, calls held half way, several callers at once. Prints the results.
 *
 * Usage: sysctl_test [-u|-a|-p] read|write BUFFER COUNT [OFFSET]
 *        sysctl_test [-u|-a|-p] text TEXT [OFFSET]
 *        sysctl_test refuse TEXT...   (prints those that do not fail with EINVAL)
 *        sysctl_test seek OFFSET
 *        sysctl_test writev|held-read|held-write|held-unload|race|reload
 *
 * All read or write value1. Before each write value1 is set to 11 and value2 to 12;
 * after it both are printed. -u: as nobody, -a: as nobody with CAP_NET_ADMIN, -p: as
 * nobody, through a file that root has opened.
 */
#define _FILE_OFFSET_BITS 64
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/proc/sys/net/test/value1"
#define PATH2 "/proc/sys/net/test/value2"
#define MODULE "sysctl_kernel"

static long page;
static char *pages; /* two pages; some tests unmap or register the second */
static char who;

static void become_nobody(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = {};

	prctl(PR_SET_KEEPCAPS, who == 'a');
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
	if (who == 'a')
		caps[0].permitted = 1 << CAP_NET_ADMIN;
	caps[0].effective = caps[0].permitted;
	if (syscall(SYS_capset, &header, caps))
		err(1, "capset");
}

static int open_value(int flags)
{
	int fd;

	if (who == 'u' || who == 'a')
		become_nobody();
	fd = open(PATH, flags);
	if (who == 'p')
		become_nobody();
	return fd;
}

static void set(int fd, const char *number)
{
	if (pwrite(fd, number, 2, 0) != 2)
		err(1, "write %s", number);
}

static char *get(int fd, char *number, size_t size)
{
	ssize_t len = pread(fd, number, size - 1, 0);

	if (len < 0)
		err(1, "read");
	number[len] = 0;
	number[strcspn(number, "\n")] = 0;
	return number;
}

/* Prints a newline as /, so that the result is one line. */
static void print_read(ssize_t ret, const char *data)
{
	ssize_t i;

	if (ret < 0) {
		printf("%m\n");
		return;
	}
	printf("%zd%s", ret, ret ? " " : "");
	for (i = 0; i < ret; i++)
		putchar(data[i] == '\n' ? '/' : data[i]);
	printf("\n");
}

/* Writes, and returns a text: the result, and what value1 and value2 are then. */
static const char *try_write(const char *buf, size_t count, off_t offset)
{
	int fd1 = open(PATH, O_RDWR), fd2 = open(PATH2, O_RDWR), fd;
	char came[64], number1[16], number2[16];
	static char result[128];
	ssize_t ret;

	set(fd1, "11");
	set(fd2, "12");
	fd = open_value(O_WRONLY);
	ret = fd < 0 ? fd : pwrite(fd, buf, count, offset);
	if (ret < 0)
		snprintf(came, sizeof(came), "%s%m", fd < 0 ? "open: " : "");
	else
		snprintf(came, sizeof(came), "%zd", ret);
	sprintf(result, "%s, %s %s", came, get(fd1, number1, sizeof(number1)),
		get(fd2, number2, sizeof(number2)));
	close(fd);
	close(fd1);
	close(fd2);
	return result;
}

static char *odd_buffer(const char *kind)
{
	if (!strcmp(kind, "good")) /* 15, and NULs behind it */
		return memcpy(pages, "15", 2);
	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	if (!strcmp(kind, "readonly")) {
		memcpy(pages, "15", 2);
		mprotect(pages, page, PROT_READ);
		return pages;
	}
	munmap(pages + page, page);
	if (!strcmp(kind, "unmapped"))
		return pages + page;
	if (!strcmp(kind, "edge")) /* two good bytes, then no memory */
		return memcpy(pages + page - 2, "15", 2);
	errx(2, "no such buffer: %s", kind);
}

/* Unloads the module in another process, and looks whether that ends or waits. */
static const char *unload(pid_t *pid)
{
	int i, fd, status, asleep = 0;
	char path[32], stat[64];

	*pid = fork();
	if (!*pid)
		_exit(syscall(SYS_delete_module, MODULE, O_NONBLOCK) != 0);
	sprintf(path, "/proc/%d/stat", *pid);
	for (i = 0; i < 300 && asleep < 3; i++) {
		if (waitpid(*pid, &status, WNOHANG))
			return status ? "is refused" : "does not wait";
		memset(stat, 0, sizeof(stat));
		fd = open(path, O_RDONLY);
		if (read(fd, stat, sizeof(stat) - 1) < 0)
			err(1, "read %s", path);
		close(fd);
		asleep = strstr(stat, ") D") ? asleep + 1 : 0;
		usleep(10000);
	}
	return asleep ? "waits" : "neither waits nor ends";
}

/* Writes two segments with one call, and prints the result and value1. */
static void write_segments(void)
{
	struct iovec iov[] = { { "1", 1 }, { "5", 1 } };
	int fd = open_value(O_RDWR);
	char now[16];

	printf("%zd, ", writev(fd, iov, 2));
	printf("%s\n", get(fd, now, sizeof(now)));
}

/*
 * One byte is at the end of a page, 63 are on the next page. The first access to that
 * page waits until hold() provides it.
 */
static void *held_call(void *op)
{
	int fd = open_value(O_RDWR);
	char *buf = pages + page - 1;

	*buf = '1';
	return (void *)(op ? write(fd, buf, 64) : read(fd, buf, 64));
}

static void hold(const char *what)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), writing = !strcmp(what, "write"), status;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct uffd_msg msg;
	char now[16];
	pthread_t thread;
	pid_t pid = 0;
	void *ret;
	int fd = open_value(O_RDWR);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)memcpy(memset(malloc(page), ' ', page), "6", 1);
	alarm(5); /* if the held call locks us out, this ends the test */

	pthread_create(&thread, NULL, held_call, writing ? "" : NULL);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");
	if (!strcmp(what, "unload")) {
		printf("meanwhile unload %s, ", unload(&pid));
	} else {
		if (!writing)
			set(fd, "17");
		printf("meanwhile %s, ", get(fd, now, sizeof(now)));
	}
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &ret);
	if (pid)
		waitpid(pid, &status, 0);
	printf("then %zd %.2s\n", (ssize_t)ret,
	       writing ? get(fd, now, sizeof(now)) : pages + page - 1);
}

/* Two writers write 10 and 20, 200 times each. Each read must return one of the two. */
static void race(void)
{
	int fd = open_value(O_RDWR), i, n, status, failed = 0, mixed = 0;
	char now[16];
	pid_t ended;

	set(fd, "10");
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		for (n = 0; n < 200; n++)
			set(fd, i ? "10" : "20");
		exit(0);
	}
	while ((ended = waitpid(-1, &status, WNOHANG)) >= 0) {
		failed += ended > 0 && status;
		get(fd, now, sizeof(now));
		mixed += strcmp(now, "10") && strcmp(now, "20");
	}
	printf("%d failed, %d mixed\n", failed, mixed);
}

/* Loads and unloads the module a hundred times; insmod and rmmod would spend most on themselves. */
static void reload(void)
{
	int fd = open(MODULE ".ko", O_RDONLY), i;

	for (i = 0; i < 100; i++)
		if (syscall(SYS_finit_module, fd, "", 0) ||
		    syscall(SYS_delete_module, MODULE, O_NONBLOCK))
			err(1, "round %d", i);
	printf("%d\n", i);
}

int main(int argc, char *argv[])
{
	int i, fd, reading;
	char *buf;
	size_t count;
	off_t offset;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (argc > 1 && argv[1][0] == '-') {
		who = argv[1][1];
		argc--;
		argv++;
	}
	if (argc == 2 && !strcmp(argv[1], "race")) {
		race();
	} else if (argc == 2 && !strcmp(argv[1], "reload")) {
		reload();
	} else if (argc == 2 && !strcmp(argv[1], "writev")) {
		write_segments();
	} else if (argc == 2 && !strncmp(argv[1], "held-", 5)) {
		hold(argv[1] + 5);
	} else if (argc == 3 && !strcmp(argv[1], "seek")) {
		fd = open_value(O_RDONLY);
		offset = lseek(fd, strtoll(argv[2], NULL, 0), SEEK_SET);
		print_read(offset < 0 ? offset : read(fd, pages, 9), pages);
	} else if (argc > 2 && !strcmp(argv[1], "refuse")) {
		for (i = 2; i < argc; i++)
			if (strcmp(try_write(argv[i], strlen(argv[i]), 0),
				   "Invalid argument, 11 12"))
				printf("'%s'\n", argv[i]);
	} else if (argc > 2 && !strcmp(argv[1], "text")) {
		offset = argc > 3 ? strtoll(argv[3], NULL, 0) : 0;
		printf("%s\n", try_write(argv[2], strlen(argv[2]), offset));
	} else if (argc > 3) {
		reading = !strcmp(argv[1], "read");
		if (!reading && strcmp(argv[1], "write"))
			errx(2, "no such call: %s", argv[1]);
		buf = odd_buffer(argv[2]);
		count = strtoul(argv[3], NULL, 0);
		offset = argc > 4 ? strtoll(argv[4], NULL, 0) : 0;
		if (reading)
			print_read(pread(open_value(O_RDONLY), buf, count, offset), buf);
		else
			printf("%s\n", try_write(buf, count, offset));
	} else {
		errx(2, "usage: see the head of sysctl_test.c");
	}
	return 0;
}
