// SPDX-License-Identifier: MIT
/*
 * Makes the calls that a shell cannot make: with odd buffers and lengths, as a
 * 32-bit program, and while another thread changes the buffer. Prints the result.
 *
 * Usage: mysyscall_test [-u] [-3] call BUFFER LEN    (-u: as user nobody, -3: by int 0x80)
 *        mysyscall_test say LEN TEXT
 *        mysyscall_test race|racers|number
 */
#include <err.h>
#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MAP_32BIT /* only x86 has this flag, and only x86 has -3, which needs it */
#define MAP_32BIT 0
#endif

#ifndef __NR_mysyscall
#define __NR_mysyscall -1
#endif

#define ANSWER "hello world"

static long page;
static char *pages; /* two pages below 4 GiB; odd_buffer() may unmap the second */
static int compat;

/*
 * int 0x80 enters the kernel as a 32-bit program does, also from a 64-bit program. The
 * kernel then uses the table for 32-bit programs and the lower 32 bits of each argument.
 * A new call has the same number in both tables.
 */
static long mysyscall(void *buf, size_t len)
{
#ifdef __x86_64__
	long ret = __NR_mysyscall;

	if (compat) {
		asm volatile("int $0x80" : "+a"(ret) : "b"(buf), "c"(len) : "memory");
		ret = (int32_t)ret; /* the kernel returns 32 bits */
		if (ret < 0)
			errno = -ret;
		return ret < 0 ? -1 : ret;
	}
#endif
	return syscall(__NR_mysyscall, buf, len);
}

/* Fills the first page, so that call() sees each byte that the kernel changes. */
static char *odd_buffer(const char *kind)
{
	memcpy(memset(pages, '.', page), "test", 5);
	if (!strcmp(kind, "good"))
		return pages;
	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	if (!strncmp(kind, "0x", 2))
		return (char *)strtoul(kind, NULL, 0);
	if (!strcmp(kind, "high")) /* above 4 GiB, where no 32-bit pointer can point */
		return (char *)0x100000000;
	if (!strcmp(kind, "readonly")) {
		mprotect(pages, page, PROT_READ);
		return pages;
	}
	munmap(pages + page, page);
	if (!strcmp(kind, "unmapped"))
		return pages + page;
	if (!strcmp(kind, "edge")) /* space for the answer, then an unmapped page */
		return memcpy(pages + page - sizeof(ANSWER), "test", 5);
	errx(2, "no such buffer: %s", kind);
}

/* Prints the result, and the number of bytes up to the last one that has changed. */
static void call(const char *kind, size_t len)
{
	char *buf = odd_buffer(kind), *before = malloc(page);
	int ours = buf >= pages && buf < pages + page;
	long ret, i, changed = 0;

	memcpy(before, pages, page);
	ret = mysyscall(buf, len);
	if (ret < 0)
		printf("%m");
	else
		printf("%ld %.*s", ret, ours ? 64 : 0, buf);
	for (i = 0; i < page; i++)
		if (pages[i] != before[i])
			changed = i + 1;
	printf(", %ld changed\n", changed);
}

static void say(size_t len, const char *text)
{
	memset(pages, 0, page);
	memcpy(pages, text, strlen(text) < (size_t)page ? strlen(text) : (size_t)page);
	if (mysyscall(pages, len) < 0)
		err(1, "mysyscall");
}

static unsigned long changes;

/* Makes the string at pages short and long in turn, forever. */
static void *change(void *unused)
{
	for (;;) {
		__atomic_store_n(pages + 100, 0, __ATOMIC_RELAXED);
		__atomic_store_n(pages + 100, 'x', __ATOMIC_RELAXED);
		__atomic_add_fetch(&changes, 1, __ATOMIC_RELAXED);
	}
	return unused;
}

/*
 * The string in the buffer is 100 or 400 bytes long, depending on when the kernel looks.
 * A kernel that measures it twice can get two lengths: it checks the first one, and copies
 * as much as the second one says.
 */
static void race(void)
{
	unsigned long seen;
	pthread_t thread;
	int i, bad = 0;
	long ret;

	memset(pages, 'x', page);
	pages[400] = 0;
	pthread_create(&thread, NULL, change, NULL);
	for (i = 0; i < 500; i++) {
		memset(pages, 'x', sizeof(ANSWER));
		seen = __atomic_load_n(&changes, __ATOMIC_RELAXED);
		while (seen == __atomic_load_n(&changes, __ATOMIC_RELAXED))
			sched_yield(); /* until the other thread has run */
		ret = mysyscall(pages, 200);
		bad += ret != sizeof(ANSWER) || strcmp(pages, ANSWER);
	}
	for (i = 101; i < 400; i++)
		bad += pages[i] != 'x';
	printf("%d bad\n", bad);
}

/* Two processes call at once, each with a message of its own. */
static void racers(void)
{
	int i, n, status, failed = 0;

	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		for (n = 0; n < 100; n++) {
			memset(pages, "ab"[i], 200);
			if (mysyscall(pages, 200) != sizeof(ANSWER) || strcmp(pages, ANSWER))
				exit(1);
		}
		exit(0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	printf("%d failed\n", failed);
}

int main(int argc, char *argv[])
{
	int opt;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (pages == MAP_FAILED)
		err(1, "mmap");
	while ((opt = getopt(argc, argv, "+u3")) != -1) {
		if (opt == 'u' && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
			err(1, "setuid");
		compat |= opt == '3';
	}
	argc -= optind;
	argv += optind;
	if (argc == 3 && !strcmp(argv[0], "call"))
		call(argv[1], strtoul(argv[2], NULL, 0));
	else if (argc == 3 && !strcmp(argv[0], "say"))
		say(strtoul(argv[1], NULL, 0), argv[2]);
	else if (argc == 1 && !strcmp(argv[0], "race"))
		race();
	else if (argc == 1 && !strcmp(argv[0], "racers"))
		racers();
	else if (argc == 1 && !strcmp(argv[0], "number"))
		printf("%d\n", __NR_mysyscall);
	else
		errx(2, "usage: see the head of mysyscall_test.c");
	return 0;
}
