// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: opens, maps and changes the memory step by step,
 * in one process or in two. Prints the results.
 *
 * Usage: ring_test STEP...
 *        ring_test lengths|mappings|many|changed|woken|unwoken|reload
 *        ring_test spin ANSWERS
 *
 * A step prints nothing when it succeeds, otherwise the error. Steps that look at
 * something print what they see. "2:" before a step means the second file and
 * mapping, and "c:" after the step fork means the child. The steps run in the order
 * of the arguments, in whichever process. LENGTH and OFFSET are bytes, or pages as in 2p
 * or 1p+1.
 *
 *   open[=r|w] same close      opens the node; same: dup(2) of the other descriptor
 *   map[=LENGTH[@OFFSET]]      maps it, shared
 *   mapr private privater      maps it shared and read-only; private; private and read-only
 *   grow=LENGTH move           mremap(2): enlarges, moves
 *   unmap writable peek        peek: prints the first byte
 *   put=TEXT fill[=N]          puts a message in, or N (default 16) of them: 1, 2, 3 ...
 *   take drain[=N]             prints one answer; waits for N of them, counts, and compares them
 *   ring compat_ring ioctl=NUMBER   rings; rings as a 32-bit program; another ioctl
 *   wait                       waits until there is an answer or an error
 *   pause                      gives the worker the time to do what it should not do
 *   ready                      prints what poll(2) reports
 *   head=N tail=N              adds N to the program's index of to_kernel or to_user
 *   own=N                      writes N over what belongs to the module: to_kernel's tail
 *   dirt clean                 writes x everywhere; counts the bytes that are not 0
 *   futex private-futex        futex(2) on an index, shared and with FUTEX_PRIVATE_FLAG
 *   read write                 one byte by read(2), write(2)
 *   urgent                     keeps the worker from running until this process has ended
 *   fork kill rmmod nobody
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * The layout and the number as they were when ring.h was published. This file stands for
 * all programs that are compiled already, so it does not include ring.h: if a change
 * there breaks them, this test shows it.
 */
#define SLOTS 16
#define DOORBELL _IO(0xDC, 0)

struct slot {
	int length;
	unsigned char data[200];
};

struct queue {
	unsigned int head, unused_1[15], tail, unused_2[15];
	struct slot slots[SLOTS];
};

struct ring {
	struct queue to_kernel, to_user;
};

#define PATH "/dev/ring_example"
#define MODULE "ring_kernel"
#define MEMORY (2 * page) /* the pages that struct ring takes */

struct shared {
	int turn; /* the step whose time has come */
	int said; /* how many answers have been printed */
	int filled[2], drained[2]; /* of each file: how far fill and drain have counted */
};

static struct shared *shared; /* memory that all processes share */

static struct file {
	int fd;
	union {
		struct ring *ring;
		char *map;
	};
	size_t len;
} files[2] = { { .fd = -1 }, { .fd = -1 } };
static struct file *file; /* the one that the step is about */
static char node[32]; /* PATH, by a descriptor that only names it */
static long page;
static sigjmp_buf fault;

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

static void on_fault(int number)
{
	siglongjmp(fault, number);
}

static size_t bytes(const char *text, char **end)
{
	size_t n = strtoull(text, end, 0);

	if (**end == 'p') {
		n *= page;
		++*end;
	}
	if (**end == '+')
		n += strtoull(*end + 1, end, 0);
	return n;
}

static void map(const char *arg, int prot, int flags)
{
	char *end = "";
	off_t offset;
	void *new;

	file->len = arg ? bytes(arg, &end) : sizeof(struct ring);
	offset = *end == '@' ? bytes(end + 1, &end) : 0;
	new = mmap(NULL, file->len, prot, flags, file->fd, offset);
	if (new == MAP_FAILED)
		say_unless_ok(-1);
	else
		file->map = new;
}

static void remap(size_t to, int flags, void *where)
{
	char *new = mremap(file->map, file->len, to, MREMAP_MAYMOVE | flags, where);

	if (new == MAP_FAILED)
		say_unless_ok(-1);
	else
		file->map = new;
}

static void move(void)
{
	void *where = mmap(NULL, file->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	remap(file->len, MREMAP_FIXED, where);
}

/* ---- the two queues, as a program uses them ---- */

static int put(struct queue *queue, const void *data, int length)
{
	struct slot *slot = &queue->slots[queue->head % SLOTS];

	if (queue->head - __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE) == SLOTS)
		return 0;
	slot->length = length;
	if (length > 0 && length <= 200)
		memcpy(slot->data, data, length);
	__atomic_store_n(&queue->head, queue->head + 1, __ATOMIC_RELEASE);
	return 1;
}

static int take(struct queue *queue, struct slot *answer)
{
	if (__atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) == queue->tail)
		return 0;
	*answer = queue->slots[queue->tail % SLOTS];
	__atomic_store_n(&queue->tail, queue->tail + 1, __ATOMIC_RELEASE);
	return 1;
}

static int ring(void)
{
	return ioctl(file->fd, DOORBELL);
}

static int compat_ring(void)
{
#ifdef __x86_64__
	int ret;

	/* 54 is the number of ioctl for 32-bit programs. Any program may use their entry. */
	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "a"(54), "b"(file->fd), "c"(DOORBELL), "d"(0)
			 : "memory", "r8", "r9", "r10", "r11");
	errno = -ret;
	return ret < 0 ? -1 : 0;
#else
	return ring();
#endif
}

/* Returns what poll(2) reports. It always reports POLLERR, also where nobody asks. */
static int ready(int events, int milliseconds)
{
	struct pollfd pollfd = { .fd = file->fd, .events = events };

	return poll(&pollfd, 1, milliseconds) < 0 ? -1 : pollfd.revents;
}

static void say_ready(int revents)
{
	say("%s%s%s%s", revents & POLLIN ? "in " : "", revents & POLLOUT ? "out " : "",
	    revents & POLLERR ? "error " : "", revents ? "ready" : "not ready");
}

static void fill(int count)
{
	char text[16];
	int i, *filled = &shared->filled[file - files];

	for (i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%d", *filled + 1);
		if (!put(&file->ring->to_kernel, text, strlen(text))) {
			say("full after %d", i);
			return;
		}
		++*filled;
	}
}

static void say_answer(void)
{
	struct slot answer;

	if (!take(&file->ring->to_user, &answer))
		say("no answer");
	else if (answer.length < 0)
		say("%s", strerror(-answer.length));
	else
		say("%.*s", answer.length, (char *)answer.data);
}

static void drain(int count)
{
	int i, wrong = 0, *drained = &shared->drained[file - files];
	struct slot answer;
	char text[16];

	for (i = 0; i < count && ready(POLLIN, 200) == POLLIN; i++) {
		take(&file->ring->to_user, &answer);
		snprintf(text, sizeof(text), "%d", ++*drained);
		wrong += answer.length != (int)strlen(text) ||
			 memcmp(answer.data, text, strlen(text));
	}
	say(wrong ? "%d answers, %d wrong" : "%d answers", i, wrong);
}

/* ---- the steps ---- */

static void run_on(int processor)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(processor, &one);
	sched_setaffinity(0, sizeof(one), &one); /* fails where there is no such processor */
}

/* No other thread of this processor runs before this one sleeps or ends, the worker neither. */
static void become_urgent(void)
{
	struct sched_param first = { .sched_priority = 1 };

	run_on(0);
	say_unless_ok(sched_setscheduler(0, SCHED_FIFO, &first));
}

/* open_node() uses a descriptor from before: in another directory, nobody might not get there. */
static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
}

static void open_node(const char *arg)
{
	int flags = O_RDWR;

	if (arg)
		flags = *arg == 'r' ? O_RDONLY : O_WRONLY;
	file->fd = open(node, flags);
	say_unless_ok(file->fd);
}

static void say_dirt(void)
{
	int i, n = 0;

	for (i = 0; i < MEMORY; i++)
		n += file->map[i] != 0;
	say("%d", n);
}

static void step(const char *name, const char *arg)
{
	char *end, byte;
	struct ring *memory = file->ring;
	int n = arg ? (int)strtoul(arg, NULL, 0) : SLOTS;

	if (!strcmp(name, "open"))
		open_node(arg);
	else if (!strcmp(name, "same"))
		say_unless_ok(file->fd = dup(files[file == files].fd));
	else if (!strcmp(name, "close"))
		say_unless_ok(close(file->fd));
	else if (!strcmp(name, "map"))
		map(arg, PROT_READ | PROT_WRITE, MAP_SHARED);
	else if (!strcmp(name, "mapr"))
		map(arg, PROT_READ, MAP_SHARED);
	else if (!strcmp(name, "private"))
		map(arg, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	else if (!strcmp(name, "privater"))
		map(arg, PROT_READ, MAP_PRIVATE);
	else if (!strcmp(name, "grow"))
		remap(bytes(arg, &end), 0, NULL);
	else if (!strcmp(name, "move"))
		move();
	else if (!strcmp(name, "unmap"))
		say_unless_ok(munmap(file->map, file->len));
	else if (!strcmp(name, "writable"))
		say_unless_ok(mprotect(file->map, file->len, PROT_READ | PROT_WRITE));
	else if (!strcmp(name, "peek"))
		say("%d", *file->map);
	else if (!strcmp(name, "put"))
		put(&memory->to_kernel, arg, strlen(arg));
	else if (!strcmp(name, "fill"))
		fill(n);
	else if (!strcmp(name, "take"))
		say_answer();
	else if (!strcmp(name, "drain"))
		drain(n);
	else if (!strcmp(name, "ring"))
		say_unless_ok(ring());
	else if (!strcmp(name, "compat_ring"))
		say_unless_ok(compat_ring());
	else if (!strcmp(name, "ioctl"))
		say_unless_ok(ioctl(file->fd, strtoul(arg, NULL, 0)));
	else if (!strcmp(name, "wait"))
		say_unless_ok(ready(POLLIN, 5000) ? 0 : -1);
	else if (!strcmp(name, "pause"))
		usleep(50000);
	else if (!strcmp(name, "ready"))
		say_ready(ready(POLLIN | POLLOUT, 0));
	else if (!strcmp(name, "head"))
		memory->to_kernel.head += n;
	else if (!strcmp(name, "tail"))
		memory->to_user.tail += n;
	else if (!strcmp(name, "own"))
		memory->to_kernel.tail = strtoul(arg, NULL, 0);
	else if (!strcmp(name, "dirt"))
		memset(file->map, 'x', MEMORY);
	else if (!strcmp(name, "clean"))
		say_dirt();
	else if (!strcmp(name, "futex"))
		say_unless_ok(syscall(SYS_futex, memory, FUTEX_WAKE, 1, NULL, NULL, 0));
	else if (!strcmp(name, "private-futex")) /* sleeps while the word is 1, which it is not */
		say_unless_ok(syscall(SYS_futex, memory, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
	else if (!strcmp(name, "read"))
		say_unless_ok(read(file->fd, &byte, 1));
	else if (!strcmp(name, "write"))
		say_unless_ok(write(file->fd, "x", 1));
	else if (!strcmp(name, "rmmod"))
		say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	else if (!strcmp(name, "urgent"))
		become_urgent();
	else if (!strcmp(name, "nobody"))
		become_nobody();
	else
		errx(2, "unknown: %s", name);
}

static void try_step(const char *name, const char *arg)
{
	int number = sigsetjmp(fault, 1);

	if (number)
		say(number == SIGBUS ? "SIGBUS" : "SIGSEGV");
	else
		step(name, arg);
	fflush(stdout);
}

/* Returns 1 in the child, 0 in the parent. */
static int fork_here(void)
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		err(1, "fork");
	alarm(30); /* a child does not inherit it */
	return !child;
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

static void run(int count, char *steps[])
{
	int i, child = 0;
	char *name, *arg;

	for (i = 0; i < count; i++) {
		name = steps[i];
		if (child != !strncmp(name, "c:", 2))
			continue;
		name += 2 * child;
		file = files + !strncmp(name, "2:", 2);
		name += 2 * (file - files);
		arg = strchr(name, '=');
		if (arg)
			*arg++ = '\0';

		wait_for_turn(i);
		if (!strcmp(name, "kill")) {
			next_turn();
			raise(SIGKILL);
		}
		if (!strcmp(name, "fork")) {
			child = fork_here();
			if (child)
				continue;
		} else {
			try_step(name, arg);
		}
		next_turn();
	}
	if (child)
		exit(0);
	while (wait(NULL) > 0)
		;
	printf("\n");
}

/* ---- what takes more than steps ---- */

static void open_and_map(void)
{
	step("open", NULL);
	step("map", NULL);
	if (!file->ring)
		exit(1);
}

/*
 * One message of each length. The answer must have the same bytes or none. All other bytes
 * of to_user must be as they were, those behind the answer and the other slots too.
 */
static void lengths(void)
{
	static const int lengths[] = {
		0, 1, 199, 200, 201, 256, 3264, 65536, INT_MAX, -1, -200, INT_MIN,
	};
	int i, k, length, expected;
	struct queue *in, *out, wanted;
	struct slot *slot;

	open_and_map();
	in = &file->ring->to_kernel;
	out = &file->ring->to_user;
	for (i = 0; i < (int)(sizeof(lengths) / sizeof(*lengths)); i++) {
		length = lengths[i];
		expected = length >= 0 && length <= 200 ? length : -EMSGSIZE;
		slot = &in->slots[in->head % SLOTS];
		for (k = 0; k < 200; k++)
			slot->data[k] = i + k; /* any value, with NUL among them */
		memset(out->slots, 'x', sizeof(out->slots));

		wanted = *out;
		wanted.slots[wanted.head % SLOTS].length = expected;
		if (expected > 0)
			memcpy(wanted.slots[wanted.head % SLOTS].data, slot->data, expected);
		wanted.head++;

		slot->length = length;
		__atomic_store_n(&in->head, in->head + 1, __ATOMIC_RELEASE);
		step("ring", NULL);
		step("wait", NULL);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (memcmp(&wanted, out, sizeof(wanted)))
			say("%d: answer %d, or other bytes have changed", length,
			    out->slots[out->tail % SLOTS].length);
		out->tail++;
	}
	say("%d answers", i);
	printf("\n");
}

/* A child writes a byte through each of five mappings: it must be seen through all others. */
static void mappings(void)
{
	enum { COUNT = 5 };
	/* page and length of each, in pages; in the end all go, in this order */
	static const int where[COUNT][2] = { { 0, 2 }, { 0, 1 }, { 1, 1 }, { 0, 2 }, { 1, 1 } };
	int i, k, status, wrong = 0;
	char *maps[COUNT];
	long at;

	step("open", NULL);
	for (i = 0; i < COUNT; i++) {
		maps[i] = mmap(NULL, where[i][1] * page, PROT_READ | PROT_WRITE, MAP_SHARED,
			       file->fd, where[i][0] * page);
		if (maps[i] == MAP_FAILED)
			err(1, "mmap");
	}
	step("close", NULL);
	if (fork_here()) {
		for (i = 0; i < COUNT; i++)
			maps[i][where[i][1] * page - 1 - i] = i + 1;
		exit(0);
	}
	wait(&status);
	for (i = 0; i < COUNT; i++) {
		at = (where[i][0] + where[i][1]) * page - 1 - i; /* in the memory */
		for (k = 0; k < COUNT; k++)
			if (at >= where[k][0] * page && at < (where[k][0] + where[k][1]) * page)
				wrong += maps[k][at - where[k][0] * page] != i + 1;
	}
	for (i = 0; i < COUNT; i++) {
		munmap(maps[i], where[i][1] * page);
		for (k = i + 1; k < COUNT; k++)
			wrong += maps[k][where[k][1] * page - 1 - k] != k + 1;
	}
	printf("%d wrong\n", wrong);
}

/*
 * The worker runs on the processor on which somebody has rung. So one thread rings there
 * again and again, and the others do their work on another processor, if there is one.
 */
static int stopped;

static void *call_often(void *unused)
{
	(void)unused;
	run_on(0);
	while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED)) {
		if (ring() && errno != EPROTO) /* no answer will ever come */
			err(1, "ioctl");
		usleep(100);
	}
	return NULL;
}

static pthread_t begin_ringing(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, call_often, NULL))
		errx(1, "pthread_create");
	run_on(1);
	return thread;
}

static void end_ringing(pthread_t thread)
{
	__atomic_store_n(&stopped, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
}

/*
 * Many messages in batches of any size. Each answer is read at the moment when the index
 * says that it is there, and each slot is filled at the moment when the index says that
 * it is free. So an index that moves too early shows as a wrong answer.
 */
static void many(void)
{
	enum { MESSAGES = 20000, INTS = 50 };
	int k, sent = 0, answered = 0, wrong = 0, text[INTS];
	pthread_t thread;
	struct slot answer;

	open_and_map();
	thread = begin_ringing();
	while (answered < MESSAGES) {
		for (k = 0; k < INTS; k++)
			text[k] = sent;
		if (sent < MESSAGES && put(&file->ring->to_kernel, text, sizeof(text))) {
			sent++;
		} else if (take(&file->ring->to_user, &answer)) {
			memcpy(text, answer.data, sizeof(text));
			wrong += answer.length != sizeof(text);
			for (k = 0; k < INTS; k++)
				wrong += text[k] != answered;
			answered++;
		} else {
			ready(POLLIN | POLLOUT, 0); /* poll(2), while the worker runs */
			sched_yield();
		}
	}
	end_ringing(thread);
	printf("%d answers, %d wrong\n", answered, wrong);
}

static void *change_lengths(void *slots)
{
	int i;

	run_on(1);
	while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED))
		for (i = 0; i < SLOTS; i++)
			__atomic_fetch_xor(&((struct slot *)slots)[i].length, 100 ^ 400,
					   __ATOMIC_RELAXED);
	return NULL;
}

/*
 * Another thread changes the lengths between 100 and 400 while the worker reads them. The
 * worker may see either, but must not check one and use the other: then it would copy more
 * than 200 bytes. The bytes behind 100 in each answer show it. The test goes on until it has
 * seen both often enough, but the number of messages is bounded.
 */
static void changed(void)
{
	enum { SEEN = 2000, MESSAGES = 200000, LENGTH = 100 };
	int k, length, answered = 0, good = 0, refused = 0, wrong = 0;
	pthread_t changer, thread;
	struct queue *in, *out;
	struct slot *slot;

	open_and_map();
	in = &file->ring->to_kernel;
	out = &file->ring->to_user;
	memset(out->slots, 'x', sizeof(out->slots));
	for (k = 0; k < SLOTS; k++) {
		in->slots[k].length = LENGTH;
		memset(in->slots[k].data, 'y', 200);
	}
	thread = begin_ringing();
	pthread_create(&changer, NULL, change_lengths, in->slots);
	while (answered < MESSAGES && (good < SEEN || refused < SEEN)) {
		__atomic_store_n(&in->head, __atomic_load_n(&in->tail, __ATOMIC_ACQUIRE) + SLOTS,
				 __ATOMIC_RELEASE);
		while (__atomic_load_n(&out->head, __ATOMIC_ACQUIRE) == out->tail)
			sched_yield();
		slot = &out->slots[out->tail % SLOTS];
		length = slot->length;
		good += length == LENGTH;
		refused += length == -EMSGSIZE;
		wrong += length != LENGTH && length != -EMSGSIZE;
		for (k = LENGTH; k < 200; k++)
			wrong += slot->data[k] != 'x';
		__atomic_store_n(&out->tail, out->tail + 1, __ATOMIC_RELEASE);
		answered++;
	}
	end_ringing(thread);
	pthread_join(changer, NULL);
	printf("%d wrong%s\n", wrong, good && refused ? "" : ", but the length never changed");
}

/*
 * Fills to_kernel and empties to_user faster than the worker can answer, until it has had
 * that many answers, and prints their number. 0: until it is killed.
 */
static void spin(unsigned int enough)
{
	unsigned int head, tail = 0;
	struct queue *in, *out;
	pthread_t thread;
	int k;

	open_and_map();
	in = &file->ring->to_kernel;
	out = &file->ring->to_user;
	for (k = 0; k < SLOTS; k++)
		in->slots[k].length = 200;
	thread = begin_ringing();
	do {
		head = __atomic_load_n(&out->head, __ATOMIC_ACQUIRE);
		if (head == tail)
			sched_yield();
		tail = head;
		__atomic_store_n(&out->tail, tail, __ATOMIC_RELEASE);
		__atomic_store_n(&in->head, __atomic_load_n(&in->tail, __ATOMIC_ACQUIRE) + SLOTS,
				 __ATOMIC_RELEASE);
	} while (!enough || head < enough);
	end_ringing(thread);
	printf("%u\n", __atomic_load_n(&out->head, __ATOMIC_ACQUIRE));
}

/* A child takes a step and rings after this process has begun to wait in poll(2). */
static void say_woken(int events, const char *name, const char *arg)
{
	struct timespec begin, end;
	int revents;

	if (fork_here()) {
		usleep(200000);
		step(name, arg);
		step("ring", NULL);
		exit(0);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	revents = ready(events, 5000);
	clock_gettime(CLOCK_MONOTONIC, &end);
	/* When its time is over poll(2) looks once more, and reports what nobody woke it for. */
	if (end.tv_sec - begin.tv_sec > 3)
		say("late");
	say_ready(revents);
	wait(NULL);
}

static void woken(void)
{
	open_and_map();
	say_woken(POLLIN, "fill", "1");
	drain(1);
	fill(SLOTS); /* 16 answers, and then 16 messages that wait for space */
	step("ring", NULL);
	step("pause", NULL);
	fill(SLOTS);
	say_woken(POLLOUT, "tail", "1");
	say_woken(0, "head", "17");
	printf("\n");
}

static void *call_later(void *unused)
{
	(void)unused;
	usleep(200000);
	ring();
	return NULL;
}

/* Sleeps in futex(2) on the module's index, until the module has changed it or a second is over. */
static void unwoken(void)
{
	struct timespec second = { .tv_sec = 1 };
	unsigned int *word;
	pthread_t thread;

	open_and_map();
	fill(1);
	word = &file->ring->to_user.head;
	pthread_create(&thread, NULL, call_later, NULL);
	say_unless_ok(syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, &second, NULL, 0));
	say("%u", *word);
	pthread_join(thread, NULL);
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
	struct sigaction action = { .sa_handler = on_fault };
	const char *first = argc > 1 ? argv[1] : "";

	page = sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file = files;
	if (strcmp(first, "reload") && strcmp(first, "spin"))
		alarm(60); /* ends a process that waits for a step that never comes */
	snprintf(node, sizeof(node), "/proc/self/fd/%d", open(PATH, O_PATH));
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (!strcmp(first, "lengths"))
		lengths();
	else if (!strcmp(first, "mappings"))
		mappings();
	else if (!strcmp(first, "many"))
		many();
	else if (!strcmp(first, "changed"))
		changed();
	else if (!strcmp(first, "spin"))
		spin(atoi(argv[2]));
	else if (!strcmp(first, "woken"))
		woken();
	else if (!strcmp(first, "unwoken"))
		unwoken();
	else if (!strcmp(first, "reload"))
		reload();
	else
		run(argc - 1, argv + 1);
	return 0;
}
