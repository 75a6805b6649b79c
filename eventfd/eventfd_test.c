// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: hands over bells and has them rung step by
 * step, in one process or in two. Prints the results.
 *
 * Usage: eventfd_test [-32] STEP...
 *        eventfd_test race|storm|leak|reload
 *
 * A step prints nothing when it succeeds, otherwise the error. Steps that look at
 * something print what they see. "2:" before a step means the second device and
 * eventfd, and "c:" after the step fork means the child. The steps run in the order
 * of the arguments, in whichever process. -32: ioctls go through the kernel's entry
 * for 32-bit programs. N is 1 if it is left out.
 *
 *   open close rd wr           opens and closes the device; reads and writes it
 *   eventfd[=b|s] drop at=FD   makes an eventfd: blocking, semaphore; closes it; moves it to FD
 *   bell[=FD|other|device|path|pipe|closed]
 *                              BELL: the eventfd, FD, the other eventfd, something else
 *   ring[=N] ring-later        RING; the same as soon as the bell does not ring any more
 *   bell-at=POINTER ring-at=POINTER call=NUMBER
 *                              with a bad pointer, with a wrong number
 *   rung=N                     waits until the counter is N or more
 *   pause growth               waits for 0.2 s; the same, and prints by how much the counter grew
 *   read write=N poll          reads the counter, adds to it, prints what it is ready for
 *   hear listen                read and poll that let the other process go on meanwhile
 *   watch event no-event       edge-triggered epoll; waits for an event up to 5 s or 0.2 s
 *   fork wait kill signal      makes a child; waits for its end; kills itself; signals the child
 *   send receive               sends the eventfd to the other process, takes it there
 *   rmmod nobody               unloads; becomes a user who is not root
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The numbers as they were when eventfd.h was published. This file stands for all
 * programs that are compiled already, so it does not include eventfd.h: if a change
 * there breaks them, this test shows it.
 */
#define BELL _IOW(0xDC, 0, int)
#define RING _IOW(0xDC, 1, unsigned int)

#define PATH "/dev/eventfd_example"
#define MODULE "eventfd_kernel"
#define PAUSE 200 /* ms, in which a bell rings several times */
#ifndef MAP_32BIT /* only x86 has it, and only x86 needs it for -32 */
#define MAP_32BIT 0
#endif

struct shared {
	int turn; /* the step whose time has come */
	int said; /* how many answers have been printed */
	int promised, wrong; /* race(): how many RINGs have succeeded; how often not one */
};

static struct shared *shared; /* memory that all processes share */

static struct pair {
	int device, bell;
} pairs[2] = { { -1, -1 }, { -1, -1 } };
static struct pair *pair; /* the one that the step is about */
static int sockets[2], epoll, compat;
static int *argument; /* what an ioctl points to: the first of two pages */
static long page;
static pid_t child;

static void say(const char *format, ...)
{
	va_list args;

	printf("%s", shared->said++ ? ", " : "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static void say_unless_ok(long ret)
{
	if (ret < 0)
		say("%s", strerror(errno));
}

static int call(int fd, unsigned long cmd, void *arg)
{
#ifdef __x86_64__
	long ret;

	if (compat) {
		/* 54 is ioctl for 32-bit programs. Any program may use their entry. */
		__asm__ volatile("int $0x80"
				 : "=a"(ret)
				 : "a"(54), "b"(fd), "c"(cmd), "d"(arg)
				 : "memory", "r8", "r9", "r10", "r11");
		if ((int)ret >= 0)
			return ret;
		errno = -(int)ret;
		return -1;
	}
#endif
	return ioctl(fd, cmd, arg);
}

static int call_with(unsigned long cmd, int value)
{
	*argument = value;
	return call(pair->device, cmd, argument);
}

static int make_eventfd(const char *kind)
{
	int flags = EFD_NONBLOCK;

	if (kind)
		flags = *kind == 'b' ? 0 : EFD_NONBLOCK | EFD_SEMAPHORE;
	return eventfd(0, flags);
}

/* The descriptor that this word stands for */
static int descriptor(const char *word)
{
	int pipe_ends[2], fd;

	if (!word)
		return pair->bell;
	if (!strcmp(word, "other"))
		return pairs[pair == pairs].bell;
	if (!strcmp(word, "device"))
		return pair->device;
	if (!strcmp(word, "path")) { /* a descriptor that only names the eventfd */
		char name[32];

		snprintf(name, sizeof(name), "/proc/self/fd/%d", pair->bell);
		return open(name, O_PATH);
	}
	if (!strcmp(word, "pipe"))
		return pipe(pipe_ends) ? -1 : pipe_ends[0];
	if (!strcmp(word, "closed")) {
		fd = eventfd(0, 0);
		close(fd);
		return fd;
	}
	return atoi(word);
}

static void *bad_pointer(const char *kind)
{
	char *second = (char *)argument + page;

	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	munmap(second, page);
	return strcmp(kind, "edge") ? second : second - 3; /* edge: all but the last byte is good */
}

static unsigned long wrong_number(const char *name)
{
	static const struct {
		const char *name;
		unsigned long number;
	} names[] = {
		{ "two", _IOW(0xDC, 2, int) },
		{ "other-magic", _IOW(0xDD, 0, int) },
		{ "bell-size", _IOW(0xDC, 0, long long) },
		{ "bell-direction", _IOR(0xDC, 0, int) },
		{ "ring-size", _IOW(0xDC, 1, char) },
		{ "ring-direction", _IO(0xDC, 1) },
	};
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i].name))
			return names[i].number;
	errx(2, "no such number: %s", name);
}

/* What /proc tells of an eventfd, without reading it: eventfd-count (base 16), eventfd-id (10) */
static unsigned long long info(int bell, const char *what, int base)
{
	char name[32], line[100];
	unsigned long long value = -1;
	FILE *file;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", bell);
	file = fopen(name, "r");
	if (!file)
		err(1, "%s", name);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, what, strlen(what)))
			value = strtoull(line + strlen(what) + 1, NULL, base);
	fclose(file);
	return value;
}

static unsigned long long counter(void)
{
	return info(pair->bell, "eventfd-count", 16);
}

static void wait_until_rung(unsigned long long wanted)
{
	int i;

	for (i = 0; i < 5000 && counter() < wanted; i++)
		usleep(1000);
	if (counter() < wanted)
		say("rang only %llu times", counter());
}

static void ring_later(void)
{
	int i, ret = -1;

	for (i = 0; i < 5000 && (ret = call_with(RING, 1)) && errno == EBUSY; i++)
		usleep(1000);
	say_unless_ok(ret);
}

static void say_growth(void)
{
	unsigned long long before = counter();

	usleep(PAUSE * 1000);
	say("%llu", counter() - before);
}

static void say_read(void)
{
	eventfd_t count;

	if (eventfd_read(pair->bell, &count))
		say_unless_ok(-1);
	else
		say("%llu", (unsigned long long)count);
}

static void say_poll(int timeout)
{
	struct pollfd p = { .fd = pair->bell, .events = POLLIN | POLLOUT };

	if (timeout)
		p.events = POLLIN;
	if (poll(&p, 1, timeout) < 0)
		say_unless_ok(-1);
	else
		say("%s%s%s", p.revents & POLLIN ? "in" : "-", p.revents & POLLOUT ? " out" : "",
		    p.revents & POLLERR ? " err" : "");
}

static void watch(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	epoll = epoll_create1(0);
	say_unless_ok(epoll_ctl(epoll, EPOLL_CTL_ADD, pair->bell, &event));
}

static void say_event(int timeout)
{
	struct epoll_event event;

	say("%s", epoll_wait(epoll, &event, 1, timeout) == 1 ? "in" : "-");
}

/* SCM_RIGHTS of unix(7): the receiver gets a descriptor of its own for the same eventfd. */
static void pass(int receive)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .header = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = { .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control.space) };

	if (receive) {
		say_unless_ok(recvmsg(sockets[1], &message, 0));
		memcpy(&pair->bell, CMSG_DATA(&control.header), sizeof(int));
	} else {
		memcpy(CMSG_DATA(&control.header), &pair->bell, sizeof(int));
		say_unless_ok(sendmsg(sockets[0], &message, 0));
	}
}

/* The kernel then hides much of /proc/self from the process, until it asks for that again. */
static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534) || prctl(PR_SET_DUMPABLE, 1))
		err(1, "setuid");
}

static void step(const char *name, const char *arg)
{
	char byte = 0;

	if (!strcmp(name, "open"))
		say_unless_ok(pair->device = open(PATH, O_RDWR));
	else if (!strcmp(name, "close"))
		say_unless_ok(close(pair->device));
	else if (!strcmp(name, "rd"))
		say_unless_ok(read(pair->device, &byte, 1));
	else if (!strcmp(name, "wr"))
		say_unless_ok(write(pair->device, &byte, 1));
	else if (!strcmp(name, "eventfd"))
		say_unless_ok(pair->bell = make_eventfd(arg));
	else if (!strcmp(name, "drop"))
		say_unless_ok(close(pair->bell));
	else if (!strcmp(name, "at"))
		say_unless_ok(dup2(pair->bell, atoi(arg)) < 0 || close(pair->bell)
				      ? -1
				      : (pair->bell = atoi(arg)));
	else if (!strcmp(name, "bell"))
		say_unless_ok(call_with(BELL, descriptor(arg)));
	else if (!strcmp(name, "ring"))
		say_unless_ok(call_with(RING, arg ? strtoul(arg, NULL, 0) : 1));
	else if (!strcmp(name, "ring-later"))
		ring_later();
	else if (!strcmp(name, "bell-at"))
		say_unless_ok(call(pair->device, BELL, bad_pointer(arg)));
	else if (!strcmp(name, "ring-at"))
		say_unless_ok(call(pair->device, RING, bad_pointer(arg)));
	else if (!strcmp(name, "call"))
		say_unless_ok(call_with(wrong_number(arg), 1));
	else if (!strcmp(name, "rung"))
		wait_until_rung(strtoull(arg, NULL, 0));
	else if (!strcmp(name, "pause"))
		usleep(PAUSE * 1000);
	else if (!strcmp(name, "growth"))
		say_growth();
	else if (!strcmp(name, "read") || !strcmp(name, "hear"))
		say_read();
	else if (!strcmp(name, "write"))
		say_unless_ok(eventfd_write(pair->bell, strtoull(arg, NULL, 0)));
	else if (!strcmp(name, "poll"))
		say_poll(0);
	else if (!strcmp(name, "listen"))
		say_poll(-1);
	else if (!strcmp(name, "watch"))
		watch();
	else if (!strcmp(name, "event"))
		say_event(5000);
	else if (!strcmp(name, "no-event"))
		say_event(PAUSE);
	else if (!strcmp(name, "wait"))
		say_unless_ok(wait(NULL));
	else if (!strcmp(name, "signal"))
		say_unless_ok(kill(child, SIGUSR1));
	else if (!strcmp(name, "send"))
		pass(0);
	else if (!strcmp(name, "receive"))
		pass(1);
	else if (!strcmp(name, "rmmod"))
		say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	else if (!strcmp(name, "nobody"))
		become_nobody();
	else
		errx(2, "unknown: %s", name);
	fflush(stdout);
}

/* Each step waits until the step before it is done, in this process or the other. */
static void wait_for_turn(int i)
{
	while (__atomic_load_n(&shared->turn, __ATOMIC_ACQUIRE) != i)
		sched_yield();
}

static void next_turn(void)
{
	__atomic_add_fetch(&shared->turn, 1, __ATOMIC_RELEASE);
}

static void on_signal(int number)
{
	(void)number;
}

/* Returns 1 in the child, 0 in the parent. */
static int fork_here(void)
{
	fflush(stdout);
	child = fork();
	if (child < 0)
		err(1, "fork");
	alarm(30); /* a child does not inherit it */
	return !child;
}

static void run(int count, char *steps[])
{
	int i, mine, in_child = 0;
	char *name, *arg;

	for (i = 0; i < count; i++) {
		name = steps[i];
		mine = in_child == !strncmp(name, "c:", 2);
		if (!mine)
			continue;
		name += 2 * in_child;
		pair = pairs + !strncmp(name, "2:", 2);
		name += 2 * (pair - pairs);
		arg = strchr(name, '=');
		if (arg)
			*arg++ = '\0';

		wait_for_turn(i);
		if (!strcmp(name, "kill") || !strcmp(name, "hear") || !strcmp(name, "listen"))
			next_turn(); /* the other process goes on meanwhile */
		if (!strcmp(name, "fork")) {
			in_child = fork_here();
			if (in_child)
				continue;
			next_turn();
		} else if (!strcmp(name, "kill")) {
			raise(SIGKILL);
		} else {
			step(name, arg);
			if (strcmp(name, "hear") && strcmp(name, "listen"))
				next_turn();
		}
	}
	if (in_child)
		exit(0);
	while (wait(NULL) > 0)
		;
	printf("\n");
}

/* Returns in two processes at about the same time. */
static void meet(int *meetings)
{
	++*meetings;
	__atomic_add_fetch(&shared->turn, 1, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&shared->turn, __ATOMIC_SEQ_CST) < 2 * *meetings)
		sched_yield();
}

/*
 * Two processes call RING at the same time, for the same bell. One of them must succeed,
 * and only one: the bell cannot keep two promises. BELL then ends the ringing.
 */
static void race(void)
{
	enum { ROUNDS = 1000 };
	int me, i, meetings = 0;

	step("open", NULL);
	step("eventfd", NULL);
	step("bell", NULL);
	for (me = 0; me < 2; me++) {
		if (fork())
			continue;
		for (i = 0; i < ROUNDS; i++) {
			meet(&meetings);
			if (!call_with(RING, 1000))
				__atomic_add_fetch(&shared->promised, 1, __ATOMIC_SEQ_CST);
			else if (errno != EBUSY)
				err(1, "RING");
			meet(&meetings);
			if (me)
				continue;
			shared->wrong += shared->promised != 1;
			shared->promised = 0;
			step("bell", NULL);
		}
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	printf("%d wrong\n", shared->wrong);
}

/* An eventfd gets the smallest id that is free. So an eventfd that is never freed raises it. */
static int smallest_id(void)
{
	int bell = eventfd(0, 0), id = info(bell, "eventfd-id", 10);

	close(bell);
	return id;
}

/*
 * Four processes hand over bells, take them back and have them rung, all on one open
 * file and at the same time. Meanwhile bells are replaced that ring. Afterwards no
 * eventfd must be left, and the device must still work.
 */
static void storm(void)
{
	enum { ROUNDS = 2000 };
	int before = smallest_id(), me, i;

	step("open", NULL);
	for (me = 0; me < 4; me++) {
		if (fork())
			continue;
		for (i = 0; i < ROUNDS; i++) {
			if (i % 10 == 0) {
				close(pair->bell);
				pair->bell = eventfd(0, 0);
			}
			call_with(BELL, i % 3 ? pair->bell : -1);
			call_with(RING, 1 + i % 3);
		}
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	step("close", NULL);
	printf("%d left", (smallest_id() - before) / 4); /* other programs may have made some */
	shared->said = 1;
	step("open", NULL);
	step("eventfd", NULL);
	step("bell", NULL);
	step("ring", NULL);
	step("rung", "1");
	step("read", NULL);
	printf("\n");
}

/* Does one way of using an eventfd a hundred times, and says how many of each round are left. */
static void leak(void)
{
	static const char *const ways[][8] = {
		{ "open", "eventfd", "bell", "close", "drop" },
		{ "open", "eventfd", "bell", "drop", "close" },
		{ "open", "eventfd", "bell", "ring=3", "close", "drop" },
		{ "open", "eventfd", "bell", "bell=-1", "drop", "close" },
		{ "open", "eventfd", "bell", "drop", "eventfd", "bell", "drop", "close" },
		{ "open", "eventfd", "bell", "bell", "close", "drop" },
	};
	unsigned int way, i, n;
	char name[16], *arg;
	int before;

	for (way = 0; way < sizeof(ways) / sizeof(*ways); way++) {
		before = smallest_id();
		for (i = 0; i < 100; i++)
			for (n = 0; n < 8 && ways[way][n]; n++) {
				strcpy(name, ways[way][n]);
				arg = strchr(name, '=');
				if (arg)
					*arg++ = '\0';
				step(name, arg);
			}
		printf("%s%d", way ? " " : "", (smallest_id() - before) / 100);
	}
	printf("\n");
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
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */

	page = sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	argument = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	pair = pairs;
	sigaction(SIGUSR1, &action, NULL);
	if (shared == MAP_FAILED || argument == MAP_FAILED ||
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets))
		err(1, "mmap or socketpair");
	if (argc > 1 && !strcmp(argv[1], "-32")) {
		compat = 1;
		argc--;
		argv++;
	}
	if (argc < 2)
		errx(2, "usage: see the head of eventfd_test.c");
	if (strcmp(argv[1], "reload"))
		alarm(60); /* ends a process that waits for what never comes */
	if (!strcmp(argv[1], "race"))
		race();
	else if (!strcmp(argv[1], "storm"))
		storm();
	else if (!strcmp(argv[1], "leak"))
		leak();
	else if (!strcmp(argv[1], "reload"))
		reload();
	else
		run(argc - 1, argv + 1);
	return 0;
}
