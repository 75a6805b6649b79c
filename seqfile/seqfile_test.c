// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: reads with odd buffers, sizes and
 * offsets, reads held half way, several readers at once, and what a read costs.
 * Prints the results.
 *
 * Usage: seqfile_test [-u] read BUFFER COUNT [OFFSET]   (-u: as nobody)
 *        seqfile_test [-u] write
 *        seqfile_test seek OFFSET set|end
 *        seqfile_test load PARAMETERS
 *        seqfile_test cost OFFSET
 *        seqfile_test whole|bytes|offsets|halves|turns|readers|held|leaks|unload|reload
 */
#define _FILE_OFFSET_BITS 64
#include <err.h>
#include <errno.h>
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
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH "/proc/seqfile_example"
#define MODULE "seqfile_kernel"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static long page;
static char *pages; /* two pages; some tests unmap or register the second */
static char *text; /* what the file should contain */
static size_t size;

static int open_file(int flags)
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

/* Writes what the file should contain to text. */
static void expect(void)
{
	FILE *file = fopen("/sys/module/" MODULE "/parameters/entries", "r");
	long entries, i;
	char *end;

	if (!file || fscanf(file, "%ld", &entries) != 1)
		errx(1, MODULE " is not loaded");
	fclose(file);
	text = malloc(32 * (entries + 1));
	end = text + sprintf(text, "# index square\n");
	for (i = 0; i < entries; i++)
		end += sprintf(end, "%ld %lld\n", i, (long long)i * i);
	size = end - text;
}

/*
 * Compares what a read returned with what the file should contain at this offset.
 * 1: right, and the offset is advanced. 0: right, and this was the end of the file.
 * -1: wrong, and errno is 0; or the read failed, and errno says why.
 */
static int right(ssize_t n, const char *buf, size_t *offset)
{
	if (n < 0)
		return -1;
	errno = 0;
	if (n == 0)
		return *offset < size ? -1 : 0;
	if (*offset + n > size || memcmp(buf, text + *offset, n))
		return -1;
	*offset += n;
	return 1;
}

static void verdict(int ret)
{
	puts(ret >= 0 ? "right" : errno ? strerror(errno) : "wrong");
}

/* Reads from offset to the end of the file, count bytes at a time. */
static int read_rest(int fd, size_t count, size_t offset)
{
	char *buf = malloc(count);
	int ret;

	do
		ret = right(read(fd, buf, count), buf, &offset);
	while (ret > 0);
	free(buf);
	return ret;
}

static int read_whole(size_t count)
{
	int fd = open_file(O_RDONLY), ret = read_rest(fd, count, 0);

	close(fd);
	return ret;
}

/* Reads at many offsets, with odd sizes. read(2) must then still begin at offset 0. */
static int offsets(void)
{
	size_t edges[] = { size, size + 1, size - 1, page - 1, page, page + 1, 0, 1 };
	size_t offset, count, i;
	int fd = open_file(O_RDONLY), ret = 0;
	char *buf = malloc(2 * page);

	for (i = 0; i < 300 && ret >= 0; i++) {
		offset = i < ARRAY_SIZE(edges) ? edges[i] : i * 7919 % (size + 100);
		count = 1 + i * 541 % (2 * page);
		ret = right(pread(fd, buf, count, offset), buf, &offset);
	}
	return ret < 0 ? ret : read_rest(fd, 100, 0);
}

/* Two open files read in turn, one in small steps, the other in large ones. */
static int turns(void)
{
	int small = open_file(O_RDONLY), large = open_file(O_RDONLY), s, l;
	size_t small_offset = 0, large_offset = 0;
	char buf[3000];

	do {
		s = right(read(small, buf, 100), buf, &small_offset);
		if (s < 0)
			return s;
		l = right(read(large, buf, sizeof(buf)), buf, &large_offset);
		if (l < 0)
			return l;
	} while (s || l);
	return 0;
}

static void readers(void)
{
	static const size_t counts[] = { 7, 100, 4096, 65536 };
	int status, wrong = 0, round;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(counts); i++) {
		if (fork())
			continue;
		alarm(30);
		for (round = 0; round < 5; round++)
			if (read_whole(counts[i]))
				exit(1);
		exit(0);
	}
	while (wait(&status) > 0)
		wrong += status != 0;
	printf("%d wrong\n", wrong);
}

/*
 * Four processes read the file again and again. Each closes its end of the pipe when it has
 * seen the end of the file. When all have, the module is removed. Every byte must be right
 * until a read fails with EIO.
 */
static void unload(void)
{
	int first[2], fd, i, ret, status, wrong = 0;
	size_t offset = 0;

	if (pipe(first))
		err(1, "pipe");
	for (i = 0; i < 4; i++) {
		if (fork())
			continue;
		alarm(30);
		fd = open_file(O_RDONLY);
		while ((ret = right(pread(fd, pages, page, offset), pages, &offset)) >= 0)
			if (ret == 0) {
				offset = 0;
				close(first[1]);
			}
		exit(errno != EIO);
	}
	close(first[1]);
	if (read(first[0], pages, 1))
		err(1, "read a pipe");
	ret = syscall(SYS_delete_module, MODULE, O_NONBLOCK);
	printf("%s, ", ret ? strerror(errno) : "removed");
	while (wait(&status) > 0)
		wrong += status != 0;
	printf("%d wrong\n", wrong);
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

/* A read into a bad pointer, a read that runs into one, and then the rest of the file. */
static void halves(void)
{
	int fd = open_file(O_RDONLY);
	char *edge = odd_buffer("edge");
	ssize_t len;

	if (read(fd, edge + 4, 10) != -1 || errno != EFAULT)
		errx(1, "a read into a bad pointer succeeded");
	len = read(fd, edge, 10);
	if (len < 1 || len > 4 || memcmp(edge, text, len))
		errx(1, "a read that runs into a bad pointer: %zd", len);
	verdict(read_rest(fd, 1000, len));
}

/*
 * Its 64 bytes lie across two pages. The first access to the second page waits
 * until held() provides it.
 */
static void *held_call(void *unused)
{
	(void)unused;
	return (void *)read(open_file(O_RDONLY), pages + page - 32, 64);
}

static void held(void)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct uffd_msg msg;
	pthread_t thread;
	size_t offset = 0;
	void *ret;

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)calloc(1, page);

	alarm(10); /* if the call never reaches the missing page, this ends the test */
	pthread_create(&thread, NULL, held_call, memset(pages, 'x', page));
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");
	printf("meanwhile ");
	verdict(read_whole(1000));
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &ret);
	printf("then %zd, ", (ssize_t)ret);
	verdict(right((ssize_t)ret, pages + page - 32, &offset));
}

/* The kernel's small allocations that are in use, or -1 if it does not tell. */
static long allocations(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	long sum = file ? 0 : -1, n;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "kmalloc-%*s %ld", &n) == 1)
			sum += n;
	if (file)
		fclose(file);
	return sum;
}

/*
 * Opens the file, reads a byte and closes it, 15000 times. Prints how many allocations each
 * of the last 10000 has left. The first 5000 may fill caches. The rest of the system
 * allocates too, a few thousand times at most: hence the rounding.
 */
static void leaks(void)
{
	long before = 0;
	int fd, i;

	for (i = 0; i < 15000; i++) {
		if (i == 5000)
			before = allocations();
		fd = open_file(O_RDONLY);
		if (read(fd, pages, 1) != 1)
			err(1, "read");
		close(fd);
	}
	if (before < 0)
		printf("cannot count: there is no /proc/slabinfo\n");
	else
		printf("%ld\n", (allocations() - before + 5000) / 10000);
}

static long long nanoseconds(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now))
		err(1, "clock_gettime");
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/*
 * Reads 1000 entries from offset on, then the next 1000, and so on, 20 times; at the end of
 * the file it begins again. Prints the nanoseconds that an entry took in the fastest round. A
 * round takes about a millisecond, so on a busy machine too some of them run undisturbed. (The
 * processor time of a process will not do: an emulated machine may count it in whole ticks.)
 */
static void cost(off_t offset)
{
	int fd = open_file(O_RDONLY), round, entries;
	long long start, best = 0;
	ssize_t len, i;

	if (lseek(fd, offset, SEEK_SET) != offset)
		err(1, "lseek");
	for (round = 0; round < 20; round++) {
		start = nanoseconds();
		for (entries = 0; entries < 1000;) {
			len = read(fd, pages, page);
			if (len == 0 && lseek(fd, offset, SEEK_SET) == offset)
				len = read(fd, pages, page);
			if (len <= 0)
				errx(1, "there is no entry at offset %lld", (long long)offset);
			for (i = 0; i < len; i++)
				entries += pages[i] == '\n';
		}
		start = (nanoseconds() - start) / entries;
		if (round == 0 || start < best)
			best = start;
	}
	printf("%lld\n", best);
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
	const char *command;
	int fd, whence;
	off_t offset;
	char *buf;
	ssize_t ret;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	alarm(120); /* ends a test that hangs */
	if (argc > 1 && !strcmp(argv[1], "-u")) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
		argc--;
		argv++;
	}
	if (argc < 2)
		errx(2, "usage: see the head of seqfile_test.c");
	command = argv[1];

	if (!strcmp(command, "read") && argc > 3) {
		fd = open_file(O_RDONLY);
		buf = odd_buffer(argv[2]);
		offset = argc > 4 ? strtoll(argv[4], NULL, 0) : 0;
		print_result(pread(fd, buf, strtoul(argv[3], NULL, 0), offset), buf);
	} else if (!strcmp(command, "write")) {
		print_result(write(open_file(O_WRONLY), "x", 1), NULL);
	} else if (!strcmp(command, "seek") && argc > 3) {
		fd = open_file(O_RDONLY);
		whence = !strcmp(argv[3], "end") ? SEEK_END : SEEK_SET;
		ret = lseek(fd, strtoll(argv[2], NULL, 0), whence);
		print_result(ret < 0 ? ret : read(fd, pages, 5), pages);
	} else if (!strcmp(command, "load") && argc > 2) {
		fd = open(MODULE ".ko", O_RDONLY);
		print_result(syscall(SYS_finit_module, fd, argv[2], 0), NULL);
	} else if (!strcmp(command, "cost") && argc > 2) {
		cost(strtoll(argv[2], NULL, 0));
	} else if (!strcmp(command, "leaks")) {
		leaks();
	} else if (!strcmp(command, "reload")) {
		reload();
	} else {
		expect();
		if (!strcmp(command, "whole"))
			verdict(read_whole(1 << 20));
		else if (!strcmp(command, "bytes"))
			verdict(read_whole(1));
		else if (!strcmp(command, "offsets"))
			verdict(offsets());
		else if (!strcmp(command, "turns"))
			verdict(turns());
		else if (!strcmp(command, "halves"))
			halves();
		else if (!strcmp(command, "held"))
			held();
		else if (!strcmp(command, "readers"))
			readers();
		else if (!strcmp(command, "unload"))
			unload();
		else
			errx(2, "usage: see the head of seqfile_test.c");
	}
	return 0;
}
