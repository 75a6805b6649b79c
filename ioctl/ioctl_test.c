// SPDX-License-Identifier: MIT
/*
 * What test.sh cannot say in shell: single calls with odd numbers and buffers,
 * a call held half way, callers at once. Prints what came of it.
 *
 * Usage: ioctl_test [-u] [-32] set|get|exchange|reset|NUMBER BUFFER [TEXT [LENGTH]]
 *        ioctl_test [-u] read|write
 *        ioctl_test held-exchange|race|changed|reload|unload
 *
 * -u as nobody, -32 through the 32-bit entry. LENGTH defaults to that of TEXT;
 * whatever the text leaves of the struct is filled with x.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ioctl.h"

#define PATH "/dev/ioctl_example"
#define MODULE "ioctl_kernel"
#ifndef MAP_32BIT /* only x86 has it, and only there -32 needs it */
#define MAP_32BIT 0
#endif
#define SIZE sizeof(struct ioctl_example_message)

static long page;
static char *pages; /* two pages; what becomes of the second is up to the test */

static int open_device(void)
{
	int fd = open(PATH, O_RDWR);

	if (fd < 0) {
		printf("open: %m\n");
		exit(0);
	}
	return fd;
}

/* Prints length and text, and complains about bytes behind it that are not 0. */
static void print_message(const struct ioctl_example_message *message)
{
	unsigned int i;

	printf("%u %.*s", message->length, (int)message->length, message->data);
	for (i = message->length; i < sizeof(message->data); i++)
		if (message->data[i]) {
			printf(" and stale bytes");
			break;
		}
	printf("\n");
}

static void *odd_buffer(const char *kind, const char *text, unsigned int length)
{
	struct ioctl_example_message message = { .length = length };
	char *place = pages;

	memset(message.data, 'x', sizeof(message.data));
	memcpy(message.data, text, strlen(text));
	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	if (!strcmp(kind, "unmapped"))
		return munmap(pages + page, page) ? NULL : pages + page;
	if (!strcmp(kind, "edge")) { /* all but the last byte is good */
		place = pages + page - SIZE + 1;
		memcpy(place, &message, SIZE);
		munmap(pages + page, page);
		return place;
	}
	memcpy(place, &message, SIZE);
	if (!strcmp(kind, "readonly"))
		mprotect(pages, page, PROT_READ);
	else if (strcmp(kind, "good"))
		errx(2, "no such buffer: %s", kind);
	return place;
}

static int ioctl32(int fd, unsigned long cmd, void *arg)
{
#ifdef __x86_64__
	long ret;

	/* 54 is ioctl in the 32-bit table, wherever the caller was compiled for. */
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(54), "b"(fd), "c"(cmd), "d"(arg)
			 : "memory", "r8", "r9", "r10", "r11");
	if ((int)ret >= 0)
		return ret;
	errno = -(int)ret;
	return -1;
#else
	return ioctl(fd, cmd, arg);
#endif
}

static unsigned long number(const char *name)
{
	static const struct {
		const char *name;
		unsigned long number;
	} names[] = {
		{ "reset", IOCTL_EXAMPLE_RESET },
		{ "set", IOCTL_EXAMPLE_SET },
		{ "get", IOCTL_EXAMPLE_GET },
		{ "exchange", IOCTL_EXAMPLE_EXCHANGE },
		{ "four", _IO(IOCTL_EXAMPLE_MAGIC, 4) },
		{ "foreign", _IO(IOCTL_EXAMPLE_MAGIC + 1, 0) },
		{ "set-size", _IOC(_IOC_WRITE, IOCTL_EXAMPLE_MAGIC, 1, SIZE + 1) },
		{ "get-size", _IOC(_IOC_READ, IOCTL_EXAMPLE_MAGIC, 2, 4) },
		{ "set-direction", _IOR(IOCTL_EXAMPLE_MAGIC, 1, struct ioctl_example_message) },
		{ "get-direction", _IOWR(IOCTL_EXAMPLE_MAGIC, 2, struct ioctl_example_message) },
		{ "reset-direction", _IOW(IOCTL_EXAMPLE_MAGIC, 0, struct ioctl_example_message) },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].number;
	errx(2, "no such command: %s", name);
}

static void *exchange(void *arg)
{
	return (void *)(long)ioctl(open_device(), IOCTL_EXAMPLE_EXCHANGE, arg);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Again and again: a single signal might come before the call that it is to interrupt. */
static int disturbed;

static void *disturb(void *thread)
{
	while (!__atomic_load_n(&disturbed, __ATOMIC_RELAXED)) {
		usleep(20000);
		pthread_kill(*(pthread_t *)thread, SIGUSR1);
	}
	return NULL;
}

/*
 * An exchange whose answer runs into a page that is write-protected for now
 * stops there, with the lock held. Whoever comes then waits; a signal ends that.
 */
static void held_exchange(void)
{
	int fd = open_device(), uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct ioctl_example_message *mine, other = { .length = 5 };
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_range second = { (unsigned long)pages + page, page };
	struct uffdio_register reg = { .range = second, .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = {
		.range = second,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	static const unsigned long commands[] = {
		IOCTL_EXAMPLE_GET,
		IOCTL_EXAMPLE_SET,
		IOCTL_EXAMPLE_EXCHANGE,
		IOCTL_EXAMPLE_RESET,
	};
	pthread_t thread, disturber, self = pthread_self();
	struct uffd_msg msg;
	unsigned int i;
	void *ret;

	mine = (void *)(pages + page - 8);
	memset(mine, 0, SIZE);
	mine->length = 8;
	memcpy(mine->data, "newer by", 8);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg) ||
	    ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))
		err(1, "userfaultfd");

	alarm(5); /* whoever cannot be interrupted is ended by this */
	pthread_create(&thread, NULL, exchange, mine);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now it waits */
		err(1, "read userfaultfd");

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&disturber, NULL, disturb, &self);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		printf("%s, ", ioctl(fd, commands[i], &other) ? strerror(errno) : "went through");
	__atomic_store_n(&disturbed, 1, __ATOMIC_RELAXED);
	pthread_join(disturber, NULL);
	protect.mode = 0;
	ioctl(uffd, UFFDIO_WRITEPROTECT, &protect);
	pthread_join(thread, &ret);
	printf("then %ld %.*s\n", (long)ret, (int)mine->length, mine->data);
}

/* Every message that one of two callers puts in must come out once, whole. */
static void race(void)
{
	enum { ROUNDS = 100, INTS = 10 };
	struct ioctl_example_message message = { .length = INTS * sizeof(int) };
	int *seen = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open_device(), me, i, k, n, ids[INTS], wrong = 0;

	if (ioctl(fd, IOCTL_EXAMPLE_SET, &message))
		err(1, "set");
	for (me = 0; me < 2; me++) {
		if (fork())
			continue;
		for (i = 1; i <= ROUNDS; i++) {
			for (k = 0; k < INTS; k++)
				ids[k] = me * ROUNDS + i;
			memcpy(message.data, ids, sizeof(ids));
			if (ioctl(fd, IOCTL_EXAMPLE_EXCHANGE, &message))
				exit(1);
			memcpy(ids, message.data, sizeof(ids));
			for (k = 1; k < INTS; k++)
				if (ids[k] != ids[0])
					exit(1);
			__atomic_add_fetch(&seen[ids[0]], 1, __ATOMIC_RELAXED);
		}
		exit(0);
	}
	while (wait(&n) > 0)
		wrong += n != 0;
	if (ioctl(fd, IOCTL_EXAMPLE_GET, &message))
		err(1, "get");
	memcpy(ids, message.data, sizeof(ids));
	seen[ids[0]]++;
	for (i = 0; i <= 2 * ROUNDS; i++)
		wrong += seen[i] != 1;
	printf("%d wrong\n", wrong);
}

static void *change(void *length)
{
	for (;;)
		__atomic_fetch_xor((unsigned int *)length, 0x78787878, __ATOMIC_RELAXED);
	return NULL;
}

/*
 * Another thread writes the length while the kernel reads it. It may find either,
 * but must not check the one and use the other. The answer has no place to go, so that
 * no call succeeds and is logged. A busy machine hardly ever runs the two at once: it
 * goes on until they have met often enough, for ten seconds at most.
 */
static void changed(void)
{
	enum { MEETINGS = 1000 };
	struct ioctl_example_message *message =
		mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *same = mremap(message, 0, page, MREMAP_MAYMOVE);
	int fd = open_device(), met = 0, wrong = 0, last = 0;
	time_t end = time(NULL) + 10;
	pthread_t thread;

	if (message == MAP_FAILED || same == MAP_FAILED || mprotect(same, page, PROT_READ))
		err(1, "mmap");
	message->length = 100;
	pthread_create(&thread, NULL, change, &message->length);
	while (met < MEETINGS && time(NULL) < end) {
		wrong += !ioctl(fd, IOCTL_EXAMPLE_EXCHANGE, same) ||
			 (errno != EFAULT && errno != EMSGSIZE);
		met += errno != last;
		last = errno;
	}
	printf("%d wrong%s\n", wrong, met < 2 ? ", but they never met" : "");
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
	const char *command, *text;
	int compat = 0;
	unsigned long cmd;
	void *arg;
	int ret;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[1], "-32"))
			compat = 1;
		else if (strcmp(argv[1], "-u"))
			errx(2, "no such option: %s", argv[1]);
		else if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
	}
	if (argc < 2)
		errx(2, "usage: see the head of ioctl_test.c");
	command = argv[1];

	if (!strcmp(command, "race")) {
		race();
	} else if (!strcmp(command, "changed")) {
		changed();
	} else if (!strcmp(command, "held-exchange")) {
		held_exchange();
	} else if (!strcmp(command, "reload")) {
		reload();
	} else if (!strcmp(command, "unload")) {
		ret = syscall(SYS_delete_module, MODULE, O_NONBLOCK);
		puts(ret ? strerror(errno) : "0");
	} else if (!strcmp(command, "read") || !strcmp(command, "write")) {
		ret = command[0] == 'r' ? read(open_device(), pages, 8)
					: write(open_device(), pages, 8);
		puts(ret < 0 ? strerror(errno) : "0");
	} else {
		cmd = number(command);
		text = argc > 3 ? argv[3] : "";
		arg = odd_buffer(argc > 2 ? argv[2] : "good", text,
				 argc > 4 ? strtoul(argv[4], NULL, 0) : strlen(text));
		ret = compat ? ioctl32(open_device(), cmd, arg) : ioctl(open_device(), cmd, arg);
		if (ret < 0)
			printf("%m\n");
		else if (_IOC_DIR(cmd) & _IOC_READ)
			print_message(arg);
		else
			printf("%d\n", ret);
	}
	return 0;
}
