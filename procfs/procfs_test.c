// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd buffers and
 * offsets, calls held half way, several callers at once. Prints the results.
 *
 * Usage: procfs_test [-u] read|write BUFFER COUNT [OFFSET]   (-u: as nobody)
 *        procfs_test seek OFFSET
 *        procfs_test writev|held-write|held-read|held-readv|race|reload
 */
#define _FILE_OFFSET_BITS 64
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/proc/procfs_example/message"
#define MODULE "procfs_kernel"

static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static int open_message(int flags)
{
	int fd = open(PATH, flags);

	if (fd < 0) {
		printf("open: %m\n");
		exit(0);
	}
	return fd;
}

static void print_result(ssize_t ret, const char *data)
{
	if (ret < 0)
		printf("%m\n");
	else
		printf("%zd%s%.*s\n", ret, data && ret ? " " : "", data ? (int)ret : 0,
		       data ? data : "");
}

static char *odd_buffer(const char *kind)
{
	if (!strcmp(kind, "good"))
		return memset(pages, 'x', page);
	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	if (!strcmp(kind, "readonly")) {
		mprotect(pages, page, PROT_READ);
		return pages;
	}
	munmap(pages + page, page);
	if (!strcmp(kind, "unmapped"))
		return pages + page;
	if (!strcmp(kind, "edge")) /* four good bytes, then no memory */
		return memset(pages + page - 4, 'x', 4);
	errx(2, "no such buffer: %s", kind);
}

/* Writes two segments with one call. */
static void write_segments(void)
{
	struct iovec iov[] = { { "ab", 2 }, { "cd", 2 } };

	print_result(writev(open_message(O_WRONLY), iov, 2), NULL);
}

/*
 * Its 64 bytes lie across two pages. The first access to the second page waits
 * until hold() provides it. A readv has a second segment, which comes after that.
 */
static void *held_call(void *op)
{
	int fd = open_message(O_RDWR);
	char *buf = memset(pages + page - 32, 'x', 32);
	struct iovec iov[] = { { buf, 64 }, { pages, 4 } };

	if (!strcmp(op, "held-write"))
		return (void *)write(fd, buf, 64);
	if (!strcmp(op, "held-read"))
		return (void *)read(fd, buf, 64);
	return (void *)readv(fd, iov, 2);
}

static void hold(char *op)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	int fd = open_message(O_RDWR), writing = !strcmp(op, "held-write");
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	char now[8] = "", new[200];
	struct uffd_msg msg;
	pthread_t thread;
	void *ret;

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)memset(malloc(page), 'y', page);
	alarm(5); /* if the held call locks us out, this ends the test */

	pthread_create(&thread, NULL, held_call, op);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");
	if (!writing && write(fd, memset(new, 'b', sizeof(new)), sizeof(new)) != sizeof(new))
		err(1, "write beside a held read");
	if (pread(fd, now, sizeof(now), 0) < 0)
		err(1, "read beside a held call");
	printf("meanwhile %.8s, ", now);
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &ret);
	if (writing && pread(fd, pages + page - 32, 64, 0) < 0)
		err(1, "read");
	printf("then %zd %.4s%.4s\n", (ssize_t)ret, pages + page - 2, pages);
}

/*
 * Two writers write 200 times a and 100 times b. Each read must return one of
 * the two, whole. They use pwrite(): write() would let only one of them in at a
 * time, because they share one open file and its position.
 */
static void race(void)
{
	int fd = open_message(O_RDWR), i, len, status, failed = 0, mixed = 0;
	char buf[200], *text;
	ssize_t n, k;
	pid_t ended;

	if (write(fd, memset(pages, 'a', 200), 200) != 200)
		err(1, "write");
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		text = memset(pages, "ab"[i], 200);
		len = i ? 100 : 200;
		for (n = 0; n < 100; n++)
			if (pwrite(fd, text, len, 0) != len)
				exit(1);
		exit(0);
	}
	while ((ended = waitpid(-1, &status, WNOHANG)) >= 0) {
		failed += ended > 0 && status;
		n = pread(fd, buf, sizeof(buf), 0);
		for (k = 0; k < n && buf[k] == buf[0]; k++)
			;
		mixed += k < n || n != (buf[0] == 'a' ? 200 : 100);
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
	int fd, reading;
	char *buf;
	size_t count;
	off_t offset;
	ssize_t ret;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (argc > 1 && !strcmp(argv[1], "-u")) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
		argc--;
		argv++;
	}
	if (argc == 2 && !strcmp(argv[1], "race")) {
		race();
	} else if (argc == 2 && !strcmp(argv[1], "writev")) {
		write_segments();
	} else if (argc == 3 && !strcmp(argv[1], "seek")) {
		fd = open_message(O_RDONLY);
		ret = lseek(fd, strtoll(argv[2], NULL, 0), SEEK_SET);
		print_result(ret < 0 ? ret : read(fd, pages, 2), pages);
	} else if (argc == 2 && !strcmp(argv[1], "reload")) {
		reload();
	} else if (argc == 2 && !strncmp(argv[1], "held-", 5)) {
		hold(argv[1]);
	} else if (argc > 3) {
		reading = !strcmp(argv[1], "read");
		if (!reading && strcmp(argv[1], "write"))
			errx(2, "no such call: %s", argv[1]);
		fd = open_message(reading ? O_RDONLY : O_WRONLY);
		buf = odd_buffer(argv[2]);
		count = strtoul(argv[3], NULL, 0);
		offset = argc > 4 ? strtoll(argv[4], NULL, 0) : 0;
		ret = reading ? pread(fd, buf, count, offset) : pwrite(fd, buf, count, offset);
		print_result(ret, reading ? buf : NULL);
	} else {
		errx(2, "usage: see the head of procfs_test.c");
	}
	return 0;
}
