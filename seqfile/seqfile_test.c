// SPDX-License-Identifier: MIT
/*
 * What test.sh cannot say in shell: reads with odd buffers, sizes and offsets,
 * held half way, several at once; how many look-ups they take. Prints what came of it.
 *
 * Usage: seqfile_test [-u] read BUFFER COUNT [OFFSET]   (-u: as nobody)
 *        seqfile_test [-u] write
 *        seqfile_test seek OFFSET set|end
 *        seqfile_test load PARAMETERS
 *        seqfile_test lookups MAX ADDRESS...
 *        seqfile_test whole|bytes|offsets|halves|leaks|turns|readers|held|unload|reload
 */
#define _FILE_OFFSET_BITS 64
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/proc/seqfile_example"
#define MODULE "seqfile_kernel"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof(*(a)))

static long page;
static char *pages; /* two pages; what becomes of the second is up to the test */
static char *text; /* what the file has to hold */
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

/* -1 if there is no such file. */
static long number(const char *path)
{
	FILE *file = fopen(path, "r");
	long n;

	if (!file || fscanf(file, "%ld", &n) != 1)
		return -1;
	fclose(file);
	return n;
}

/* Writes down what the file has to hold. */
static void expect(void)
{
	long entries = number("/sys/module/" MODULE "/parameters/entries"), i;
	char *end;

	if (entries < 0)
		errx(1, MODULE " is not loaded");
	text = malloc(32 * (entries + 1));
	end = text + sprintf(text, "# index square\n");
	for (i = 0; i < entries; i++)
		end += sprintf(end, "%ld %lld\n", i, (long long)i * i);
	size = end - text;
}

/*
 * Holds what a read gave against what is at that offset. 1: right, and it moves the
 * offset on; 0: right, and this was the end; -1: wrong, with errno 0, or refused.
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

/* The whole file, or the rest of it, in reads of count bytes. */
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

/* Here and there, with odd sizes; and none of it moves where read(2) goes on. */
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

/* Two descriptors in turn, one in small steps, the other in large ones. */
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
 * Four read over and over. Once each has seen the end, and closed its end of the pipe, the
 * module is unloaded; EIO has to be the first thing that they notice of it.
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
	printf("%s, ", ret ? strerror(errno) : "gone");
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
	if (!strcmp(kind, "edge")) /* four good bytes, then nothing */
		return memset(pages + page - 4, 'x', 4);
	errx(2, "no such buffer: %s", kind);
}

/* A read that was refused, one that ran into a bad pointer, and how it goes on. */
static void halves(void)
{
	int fd = open_file(O_RDONLY);
	char *edge = odd_buffer("edge");

	print_result(read(fd, edge + 4, 10), NULL);
	print_result(read(fd, edge, 10), edge);
	verdict(read_rest(fd, 1000, 4));
}

/* A read of 64 bytes across two pages stops at the second, whose fault userfaultfd holds back. */
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

	pthread_create(&thread, NULL, held_call, memset(pages, 'x', page));
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now it waits */
		err(1, "read userfaultfd");
	printf("meanwhile ");
	verdict(read_whole(1000));
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &ret);
	printf("then %zd, ", (ssize_t)ret);
	verdict(right((ssize_t)ret, pages + page - 32, &offset));
}

/* Counts for this process alone, so that nothing else on the machine shows in it. */
static int counter(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0) {
		printf("cannot count: perf_event_open: %m\n");
		exit(0);
	}
	return fd;
}

static long long counted(int fd)
{
	long long n;

	if (read(fd, &n, sizeof(n)) != sizeof(n))
		err(1, "read a counter");
	return n;
}

/*
 * How many look-ups in arrays reading the whole file takes, counted with breakpoints on
 * the functions at these addresses: kprobe events are not to be had for code in lib/,
 * which Debian's kernels do not trace. Gives up beyond max.
 */
static void lookups(long long max, char *addresses[])
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_BREAKPOINT,
		.bp_type = HW_BREAKPOINT_X,
		.bp_len = sizeof(long),
	};
	int fd = open_file(O_RDONLY), counters[4], count, ret, i;
	long long sum;
	size_t offset = 0;

	alarm(300); /* each look-up is an exception, and slow where the kernel checks itself */
	for (count = 0; count < 4 && addresses[count]; count++) {
		attr.bp_addr = strtoull(addresses[count], NULL, 16);
		counters[count] = counter(&attr);
	}
	if (!attr.bp_addr) {
		printf("cannot count: /proc/kallsyms shows no addresses\n");
		return;
	}
	do {
		ret = right(read(fd, pages, page), pages, &offset);
		for (sum = 0, i = 0; i < count; i++)
			sum += counted(counters[i]);
	} while (ret > 0 && sum <= max);
	if (ret < 0)
		verdict(ret);
	else
		printf("%lld\n", sum);
}

/* -1 if the machine has no such event. */
static int event_counter(const char *event)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };
	const char *dir = "/sys/kernel/tracing";
	char path[80];
	long id;
	int fd;

	if (access("/sys/kernel/tracing/events", F_OK)) /* not mounted: its old place, deprecated */
		dir = "/sys/kernel/debug/tracing";
	snprintf(path, sizeof(path), "%s/events/kmem/%s/id", dir, event);
	id = number(path);
	if (id < 0)
		return -1;
	attr.config = id;
	fd = counter(&attr);
	ioctl(fd, PERF_EVENT_IOC_SET_FILTER, "ptr != 0"); /* kfree(NULL) frees nothing */
	return fd;
}

/*
 * Opens, reads a page, closes; how many allocations each of a hundred times leaves. An
 * interrupt can add one of its own to the sum, hence the division.
 */
static void leaks(void)
{
	int allocated = event_counter("kmalloc"), freed = event_counter("kfree");
	int on_node = event_counter("kmalloc_node"); /* kmalloc counts these too since 6.1 */
	long long before = 0, left = 0;
	int fd, i;

	if (allocated < 0 || freed < 0) {
		printf("cannot count: there is no tracefs\n");
		return;
	}
	for (i = 0; i <= 100; i++) {
		before = i == 1 ? left : before; /* the first time may fill a cache */
		fd = open_file(O_RDONLY);
		if (read(fd, pages, page) <= 0)
			err(1, "read");
		close(fd);
		left = counted(allocated) - counted(freed);
		if (on_node >= 0)
			left += counted(on_node);
	}
	printf("%lld\n", (left - before + 10) / 100);
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
	alarm(120); /* whatever hangs is ended by this */
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
		else if (!strcmp(command, "lookups") && argc > 3)
			lookups(strtoll(argv[2], NULL, 0), argv + 3);
		else if (!strcmp(command, "unload"))
			unload();
		else
			errx(2, "usage: see the head of seqfile_test.c");
	}
	return 0;
}
