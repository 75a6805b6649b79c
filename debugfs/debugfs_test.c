// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd buffers and
 * offsets, calls held half way, several callers at once. Prints the results.
 *
 * Usage: debugfs_test [-u] [-f FILE] read|write BUFFER COUNT [OFFSET]
 *        debugfs_test [-f FILE] put TEXT
 *        debugfs_test [-f FILE] seek OFFSET
 *        debugfs_test writev|held-write|held-read|held-readv|race|reload|unload
 *
 * FILE is in the directory of the module, "message" by default. -u acts as nobody
 * who has got into that directory, to see what the modes of the files allow:
 * usually /sys/kernel/debug lets only root in.
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

#define DIR "/sys/kernel/debug/debugfs_example"
#define MODULE "debugfs_kernel"

static const char *file = "message";
static int dir;
static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static int open_file(const char *name, int flags)
{
	int fd = openat(dir, name, flags);

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

	print_result(writev(open_file(file, O_WRONLY), iov, 2), NULL);
}

/*
 * Its 64 bytes lie across two pages. The first access to the second page waits
 * until hold() provides it. A readv has a second segment, which comes after that.
 */
static void *held_call(void *op)
{
	int fd = open_file(file, O_RDWR);
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
	int fd = open_file(file, O_RDWR), writing = !strcmp(op, "held-write");
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
 * Writes the n-th message of a writer: its letter, n in three digits, control bytes
 * up to the end. Uses pwrite(): write() would let only one writer in at a time,
 * because they share one open file and its position.
 */
static int put_numbered(int fd, char letter, int n)
{
	int len = letter == 'a' ? 200 : 100;
	char text[200];

	memset(text, letter - 'a' + 1, len);
	text[0] = letter;
	text[1] = '0' + n / 100;
	text[2] = '0' + n / 10 % 10;
	text[3] = '0' + n % 10;
	return pwrite(fd, text, len, 0) == len;
}

/*
 * Returns the n of such a message, or -1 if it is not whole. control says how the
 * text shows the control byte of writer a: as a byte, or escaped (history).
 */
static int number_of(const char *text, int len, const char *control)
{
	int size = strlen(control), k;

	if (len < 4 || len != 4 + size * (text[0] == 'a' ? 196 : 96))
		return -1;
	for (k = 4; k < len; k += size)
		if (memcmp(text + k, control, size - 1) ||
		    text[k + size - 1] != control[size - 1] + text[0] - 'a')
			return -1;
	return (text[1] - '0') * 100 + (text[2] - '0') * 10 + text[3] - '0';
}

/*
 * Reads message and history once. Returns 1 if all messages are whole, and those of
 * each writer in order.
 */
static int all_well(int fd, int log)
{
	int len, n, i, last[2] = { -1, -1 };
	char buf[8192], *line;

	len = pread(fd, buf, sizeof(buf), 0);
	if (number_of(buf, len, "\1") < 0)
		return 0;
	len = pread(log, buf, sizeof(buf) - 1, 0);
	if (len < 0)
		return 0;
	buf[len] = '\0';
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n")) {
		n = number_of(line, strlen(line), "\\001");
		i = line[0] == 'b';
		if (n < 0 || (last[i] >= 0 && n != last[i] + 1))
			return 0;
		last[i] = n;
	}
	return 1;
}

/*
 * Two writers write messages of 200 and of 100 bytes, and a reader reads all the
 * time. The writers pause, because otherwise one ends before the other begins.
 */
static void race(void)
{
	int fd = open_file("message", O_RDWR), log = open_file("history", O_RDONLY);
	int i, n, status, wrong = 0;
	pid_t ended;

	for (n = 0; n < 8; n++) /* fills the history */
		wrong += !put_numbered(fd, 'a', n);
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		for (n = i ? 0 : 8; n < 50; n++, usleep(500))
			if (!put_numbered(fd, "ab"[i], n))
				exit(1);
		exit(0);
	}
	while ((ended = waitpid(-1, &status, WNOHANG)) >= 0)
		wrong += (ended > 0 && status) || !all_well(fd, log);
	printf("%d wrong\n", wrong);
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
	int fd, reading, option, nobody = 0;
	char *buf;
	size_t count;
	off_t offset;
	ssize_t ret;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	while ((option = getopt(argc, argv, "+uf:")) != -1) {
		if (option == 'f')
			file = optarg;
		else
			nobody = 1;
	}
	argc -= optind - 1;
	argv += optind - 1;
	dir = open(DIR, O_RDONLY);
	if (nobody && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		err(1, "setuid");
	if (argc == 2 && !strcmp(argv[1], "race")) {
		race();
	} else if (argc == 2 && !strcmp(argv[1], "reload")) {
		reload();
	} else if (argc == 2 && !strcmp(argv[1], "unload")) {
		ret = syscall(SYS_delete_module, MODULE, O_NONBLOCK);
		print_result(ret, NULL);
	} else if (argc == 2 && !strcmp(argv[1], "writev")) {
		write_segments();
	} else if (argc == 2 && !strncmp(argv[1], "held-", 5)) {
		hold(argv[1]);
	} else if (argc == 3 && !strcmp(argv[1], "seek")) {
		fd = open_file(file, O_RDONLY);
		ret = lseek(fd, strtoll(argv[2], NULL, 0), SEEK_SET);
		print_result(ret < 0 ? ret : read(fd, pages, 2), pages);
	} else if (argc == 3 && !strcmp(argv[1], "put")) {
		print_result(write(open_file(file, O_WRONLY), argv[2], strlen(argv[2])), NULL);
	} else if (argc > 3) {
		reading = !strcmp(argv[1], "read");
		if (!reading && strcmp(argv[1], "write"))
			errx(2, "no such call: %s", argv[1]);
		fd = open_file(file, reading ? O_RDONLY : O_WRONLY);
		buf = odd_buffer(argv[2]);
		count = strtoul(argv[3], NULL, 0);
		offset = argc > 4 ? strtoll(argv[4], NULL, 0) : 0;
		ret = reading ? pread(fd, buf, count, offset) : pwrite(fd, buf, count, offset);
		print_result(ret, reading ? buf : NULL);
	} else {
		errx(2, "usage: see the head of debugfs_test.c");
	}
	return 0;
}
