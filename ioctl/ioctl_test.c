// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd numbers and
 * buffers, a call held half way, several callers at once. Prints the results.
 *
 * Usage: ioctl_test [-u] [-32] set|get|exchange|reset|NUMBER BUFFER [TEXT [LENGTH]]
 *        ioctl_test [-u] read|write
 *        ioctl_test held-exchange|race|changed|reload|unload
 *
 * -u: as nobody, -32: through the kernel's entry for 32-bit programs. LENGTH is
 * that of TEXT by default. Bytes behind the text are filled with x.
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
#include <unistd.h>

/*
 * The struct and the numbers as they were when ioctl.h was published. This file
 * stands for all programs that are compiled already, so it does not include
 * ioctl.h: if a change there breaks them, this test shows it.
 */
struct message {
	unsigned int length;
	unsigned char data[200];
};

#define SIZE sizeof(struct message)
#define RESET _IO(0xDC, 0)
#define SET _IOW(0xDC, 1, struct message)
#define GET _IOR(0xDC, 2, struct message)
#define EXCHANGE _IOWR(0xDC, 3, struct message)

#define PATH "/dev/ioctl_example"
#define MODULE "ioctl_kernel"
#ifndef MAP_32BIT /* only x86 has it, and only x86 needs it for -32 */
#define MAP_32BIT 0
#endif

static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static int open_device(void)
{
	int fd = open(PATH, O_RDWR);

	if (fd < 0) {
		printf("open: %m\n");
		exit(0);
	}
	return fd;
}

/* Prints length and text, and says so if bytes behind the text are not 0. */
static void print_message(const struct message *message)
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
	struct message message = { .length = length };
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

	/* 54 is the number of ioctl for 32-bit programs. Any program may use their entry. */
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
		{ "reset", RESET },
		{ "set", SET },
		{ "get", GET },
		{ "exchange", EXCHANGE },
		{ "four", _IO(0xDC, 4) },
		{ "other-magic", _IO(0xDD, 0) },
		{ "set-size", _IOC(_IOC_WRITE, 0xDC, 1, SIZE + 1) },
		{ "get-size", _IOC(_IOC_READ, 0xDC, 2, 4) },
		{ "set-direction", _IOR(0xDC, 1, struct message) },
		{ "get-direction", _IOWR(0xDC, 2, struct message) },
		{ "reset-direction", _IOW(0xDC, 0, struct message) },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].number;
	errx(2, "no such command: %s", name);
}

static void *exchange(void *arg)
{
	return (void *)(long)ioctl(open_device(), EXCHANGE, arg);
}

static void on_signal(int sig)
{
	(void)sig;
}

/* Sends signals until told to stop: one alone might come before the call that it should end. */
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
 * An exchange writes its answer to a page that is write-protected. It waits there
 * until we take the protection away, and holds the lock meanwhile. Other calls
 * wait for the lock until a signal comes.
 */
static void held_exchange(void)
{
	int fd = open_device(), uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct message *mine, other = { .length = 5 };
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_range second = { (unsigned long)pages + page, page };
	struct uffdio_register reg = { .range = second, .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = {
		.range = second,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	static const unsigned long commands[] = {
		GET,
		SET,
		EXCHANGE,
		RESET,
	};
	pthread_t thread, disturber, self = pthread_self();
	struct uffd_msg msg;
	unsigned int i;
	void *ret;

	mine = (void *)(pages + page - 8);
	memset(mine, 0, SIZE);
	mine->length = 8;
	memcpy(mine->data, "newer by", 8);
	if (uffd >= 0 && ioctl(uffd, UFFDIO_API, &api) && errno == EINVAL) {
		printf("no write-protection\n"); /* arm64 has it since Linux 6.10 */
		return;
	}
	if (uffd < 0 || ioctl(uffd, UFFDIO_REGISTER, &reg) ||
	    ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))
		err(1, "userfaultfd");

	alarm(5); /* if a signal does not end a wait, this ends the test */
	pthread_create(&thread, NULL, exchange, mine);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the exchange waits */
		err(1, "read userfaultfd");

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&disturber, NULL, disturb, &self);
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		printf("%s, ", ioctl(fd, commands[i], &other) ? strerror(errno) : "succeeded");
	__atomic_store_n(&disturbed, 1, __ATOMIC_RELAXED);
	pthread_join(disturber, NULL);
	protect.mode = 0;
	ioctl(uffd, UFFDIO_WRITEPROTECT, &protect);
	pthread_join(thread, &ret);
	printf("then %ld %.*s\n", (long)ret, (int)mine->length, mine->data);
}

/* Two callers exchange messages. Each message must come back once, and whole. */
static void race(void)
{
	enum { ROUNDS = 100, INTS = 10 };
	struct message message = { .length = INTS * sizeof(int) };
	int *seen = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = open_device(), me, i, k, n, ids[INTS], wrong = 0;

	if (ioctl(fd, SET, &message))
		err(1, "set");
	for (me = 0; me < 2; me++) {
		if (fork())
			continue;
		for (i = 1; i <= ROUNDS; i++) {
			for (k = 0; k < INTS; k++)
				ids[k] = me * ROUNDS + i;
			memcpy(message.data, ids, sizeof(ids));
			if (ioctl(fd, EXCHANGE, &message))
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
	if (ioctl(fd, GET, &message))
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
 * Another thread changes the length while the kernel reads it. The kernel may see
 * either length, but must not check one and use the other. The answer cannot be
 * written, so each call fails: with EFAULT after the good length, with EMSGSIZE
 * after the bad one. The test goes on until the error has changed often enough, but
 * the number of calls is bounded: on a busy machine the threads may never meet.
 */
static void changed(void)
{
	enum { CHANGES = 1000, CALLS = 200000 };
	struct message *message =
		mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	void *same = mremap(message, 0, page, MREMAP_MAYMOVE);
	int fd = open_device(), changes = 0, wrong = 0, last = 0, i;
	pthread_t thread;

	if (message == MAP_FAILED || same == MAP_FAILED || mprotect(same, page, PROT_READ))
		err(1, "mmap");
	message->length = 100;
	pthread_create(&thread, NULL, change, &message->length);
	for (i = 0; i < CALLS && changes < CHANGES; i++) {
		wrong += !ioctl(fd, EXCHANGE, same) || (errno != EFAULT && errno != EMSGSIZE);
		changes += errno != last;
		last = errno;
	}
	printf("%d wrong%s\n", wrong, changes < 2 ? ", but the length never changed" : "");
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
