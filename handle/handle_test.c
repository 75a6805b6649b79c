// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: uses boxes step by step, passes them on, holds
 * calls half way, has several callers at once. Prints the results.
 *
 * Usage: handle_test [-32] STEP...
 *        handle_test held-read|closed-read|held-write|race|mixed|dma-buf|reload
 *
 * A step prints nothing when it succeeds, otherwise the error. Steps that look at
 * something print what they see. "2:" before a step means the second box. A child runs
 * the steps after fork, up to wait or to the end. The process goes on after the child
 * has ended. BUFFER is good, null, unmapped, kernel, readonly or edge: of a buffer at
 * the edge all but the last byte is good. -32: CREATE through the kernel's entry for
 * 32-bit programs.
 *
 *   open close                 the node
 *   create[=ARGUMENT]          gets a box
 *   command=NAME               sends another command to the node
 *   on-box                     sends CREATE to the box
 *   same drop                  makes a duplicate of the other descriptor; closes this one
 *   write[@BUFFER]=TEXT        writes
 *   read[@BUFFER][=COUNT]      reads, 200 bytes by default; prints length and bytes
 *   writev=TEXT readv=COUNT    the same with two buffers, of which the first has 3 bytes
 *   none values                writes no bytes; writes bytes of 200 values and reads them
 *   pread pwrite seek reopen poll cloexec link
 *   node-read node-write       read(2) and write(2) of the node
 *   full=COUNT                 creates while the table of descriptors is full
 *   many                       creates until that fails, prints how many
 *   fork wait send receive     send, receive: through a Unix socket
 *   nobody rmmod sh=COMMAND    becomes a user who is not root; unloads; runs a command
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * The number as it was when handle.h was published. This file stands for all programs
 * that are compiled already, so it does not include handle.h: if a change there breaks
 * them, this test shows it.
 */
#define CREATE _IO(0xDC, 0)

#define PATH "/dev/handle_example"
#define HEAP "/dev/dma_heap/system"
#define MODULE "handle_kernel"
#define SIZE 200 /* of the longest message */

static int *said; /* how many answers have been printed; all processes share it */
static int device = -1, boxes[2] = { -1, -1 };
static int *box; /* the one that the step is about */
static int sockets[2];
static int compat; /* option -32 */
static long page;

static void say(const char *format, ...)
{
	va_list args;

	printf("%s", (*said)++ ? ", " : "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static void say_unless_ok(long ret)
{
	if (ret < 0)
		say("%s", strerror(errno));
}

/* Prints what a read returned: length and bytes, or the error. */
static void say_read(ssize_t ret, const char *bytes)
{
	if (ret > 0)
		say("%zd %.*s", ret, (int)ret, bytes);
	else
		say("%s", ret ? strerror(errno) : "0");
}

static void open_device(void)
{
	device = open(PATH, O_RDWR | O_CLOEXEC);
	if (device < 0)
		say("open: %s", strerror(errno));
}

static int create(unsigned long arg)
{
#ifdef __x86_64__
	long ret;

	if (compat) {
		/* 54 is ioctl for 32-bit programs. Any program may use their entry. */
		__asm__ volatile("int $0x80"
				 : "=a"(ret)
				 : "a"(54), "b"(device), "c"(CREATE), "d"(arg)
				 : "memory", "r8", "r9", "r10", "r11");
		if ((int)ret >= 0)
			return ret;
		errno = -(int)ret;
		return -1;
	}
#endif
	return ioctl(device, CREATE, arg);
}

/* The number that the next descriptor will have */
static int next_descriptor(void)
{
	int next = dup(0);

	close(next);
	return next;
}

static void say_if_left(int next)
{
	if (next_descriptor() != next)
		say("a descriptor is left");
}

static void create_box(unsigned long arg)
{
	int next = next_descriptor();

	*box = create(arg);
	say_unless_ok(*box);
	if (*box < 0)
		say_if_left(next);
}

/* A node and a box, for the tests that are no steps */
static int new_box(void)
{
	int new;

	if (device < 0)
		device = open(PATH, O_RDWR | O_CLOEXEC);
	new = create(0);
	if (new < 0)
		err(1, "create");
	return new;
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
}

/* A buffer of len bytes that begins with the text */
static char *odd_buffer(const char *kind, const char *text, size_t len)
{
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *place = pages;

	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	if (!strcmp(kind, "edge"))
		place = pages + page - len + 1;
	memcpy(place, text, strlen(text));
	if (!strcmp(kind, "readonly"))
		mprotect(pages, page, PROT_READ);
	else if (strcmp(kind, "good"))
		munmap(pages + page, page);
	return strcmp(kind, "unmapped") ? place : pages + page;
}

static void write_box(const char *kind, const char *text)
{
	char *buffer = odd_buffer(kind, text, strlen(text));
	ssize_t ret = write(*box, buffer, strlen(text));

	if (ret >= 0 && ret != (ssize_t)strlen(text))
		say("%zd written", ret);
	say_unless_ok(ret);
}

static void read_box(const char *kind, size_t count)
{
	char *buffer = odd_buffer(kind, "", count);

	say_read(read(*box, buffer, count), buffer);
}

static void write_vector(char *text)
{
	struct iovec iov[2] = { { text, 3 }, { text + 3, strlen(text) - 3 } };

	say_unless_ok(writev(*box, iov, 2));
}

static void read_vector(size_t count)
{
	char buffer[SIZE];
	struct iovec iov[2] = { { buffer, 3 }, { buffer + 3, count - 3 } };

	say_read(readv(*box, iov, 2), buffer);
}

static void values(void)
{
	unsigned char in[SIZE], out[SIZE];
	int i;

	for (i = 0; i < SIZE; i++)
		in[i] = i * 255 / (SIZE - 1); /* 0 and 255 among them */
	if (write(*box, in, SIZE) != SIZE || read(*box, out, SIZE) != SIZE)
		say("%s", strerror(errno));
	else
		say(memcmp(in, out, SIZE) ? "changed" : "unchanged");
}

static const char *link_of(int fd)
{
	static char text[64];
	char name[32];

	memset(text, 0, sizeof(text));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (readlink(name, text, sizeof(text) - 1) < 0)
		err(1, "readlink %s", name);
	return text;
}

static void reopen(void)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", *box);
	say_unless_ok(open(name, O_RDWR));
}

static void say_poll(void)
{
	struct pollfd pollfd = { .fd = *box, .events = POLLIN | POLLOUT };

	poll(&pollfd, 1, 0);
	say("%s%s", pollfd.revents & POLLIN ? "in " : "", pollfd.revents & POLLOUT ? "out" : "");
}

static void other_command(const char *name)
{
	unsigned long number = 0;

	if (!strcmp(name, "other-number"))
		number = _IO(0xDC, 9);
	else if (!strcmp(name, "other-magic"))
		number = _IO(0xDD, 0);
	else if (!strcmp(name, "other-size"))
		number = _IOC(_IOC_NONE, 0xDC, 0, 4);
	else if (!strcmp(name, "other-direction"))
		number = _IOR(0xDC, 0, int);
	else
		errx(2, "no such command: %s", name);
	say_unless_ok(ioctl(device, number, 0));
}

static void create_in_full_table(int count)
{
	int i, ret = 0, next = next_descriptor();
	struct rlimit before, none;

	getrlimit(RLIMIT_NOFILE, &before);
	none = before;
	none.rlim_cur = 0; /* new descriptors must be below it */
	setrlimit(RLIMIT_NOFILE, &none);
	for (i = 0; i < count; i++)
		ret = create(0);
	say_unless_ok(ret);
	setrlimit(RLIMIT_NOFILE, &before);
	say_if_left(next);
}

static void create_many(void)
{
	int i, last = -1;

	for (i = 0; i < 1000; i++, last = *box) {
		*box = create(0);
		if (*box < 0)
			break;
	}
	say("%d, %s", i, *box < 0 ? strerror(errno) : "no error");
	*box = last;
}

/* The kernel puts a descriptor of the same open file into the receiver's table. */
static void send_box(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = "" };
	struct iovec one_byte = { "", 1 };
	struct msghdr message = { .msg_iov = &one_byte,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = sizeof(control.space) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	if (sendmsg(socket, &message, 0) != 1)
		err(1, "sendmsg");
}

static int receive_box(int socket)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec one_byte = { &byte, 1 };
	struct msghdr message = { .msg_iov = &one_byte,
				  .msg_iovlen = 1,
				  .msg_control = control.space,
				  .msg_controllen = sizeof(control.space) };
	struct cmsghdr *header;
	int fd;

	/* A child that sends one has ended by now. Else nothing would end the wait. */
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != 1)
		err(1, "recvmsg");
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		errx(1, "no descriptor has arrived");
	memcpy(&fd, CMSG_DATA(header), sizeof(int));
	return fd;
}

static void step(const char *name, const char *kind, char *arg)
{
	char bytes[SIZE];

	if (!strcmp(name, "open"))
		open_device();
	else if (!strcmp(name, "close"))
		say_unless_ok(close(device));
	else if (!strcmp(name, "create"))
		create_box(arg ? strtoul(arg, NULL, 0) : 0);
	else if (!strcmp(name, "command"))
		other_command(arg);
	else if (!strcmp(name, "on-box"))
		say_unless_ok(ioctl(*box, CREATE, 0));
	else if (!strcmp(name, "same"))
		say_unless_ok(*box = dup(boxes[box == boxes]));
	else if (!strcmp(name, "drop"))
		say_unless_ok(close(*box));
	else if (!strcmp(name, "write"))
		write_box(kind, arg);
	else if (!strcmp(name, "read"))
		read_box(kind, arg ? strtoul(arg, NULL, 0) : SIZE);
	else if (!strcmp(name, "writev"))
		write_vector(arg);
	else if (!strcmp(name, "readv"))
		read_vector(strtoul(arg, NULL, 0));
	else if (!strcmp(name, "none"))
		say("%zd", write(*box, "", 0));
	else if (!strcmp(name, "values"))
		values();
	else if (!strcmp(name, "pread"))
		say_unless_ok(pread(*box, bytes, sizeof(bytes), 0));
	else if (!strcmp(name, "pwrite"))
		say_unless_ok(pwrite(*box, "x", 1, 0));
	else if (!strcmp(name, "seek"))
		say_unless_ok(lseek(*box, 0, SEEK_SET));
	else if (!strcmp(name, "reopen"))
		reopen();
	else if (!strcmp(name, "poll"))
		say_poll();
	else if (!strcmp(name, "cloexec"))
		say(fcntl(*box, F_GETFD) & FD_CLOEXEC ? "close-on-exec" : "inherited");
	else if (!strcmp(name, "link"))
		say("%s", link_of(*box));
	else if (!strcmp(name, "node-read"))
		say_unless_ok(read(device, bytes, sizeof(bytes)));
	else if (!strcmp(name, "node-write"))
		say_unless_ok(write(device, "x", 1));
	else if (!strcmp(name, "full"))
		create_in_full_table(strtoul(arg, NULL, 0));
	else if (!strcmp(name, "many"))
		create_many();
	else if (!strcmp(name, "send"))
		send_box(sockets[0], *box);
	else if (!strcmp(name, "receive"))
		*box = receive_box(sockets[1]);
	else if (!strcmp(name, "nobody"))
		become_nobody();
	else if (!strcmp(name, "rmmod"))
		say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	else if (!strcmp(name, "sh"))
		say_unless_ok(system(arg));
	else
		errx(2, "unknown: %s", name);
}

/* Returns 1 in the child. The parent waits for the end of the child, and gets 0. */
static int fork_here(void)
{
	int status;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		alarm(20); /* a child does not inherit it */
		return 1;
	}
	if (waitpid(child, &status, 0) < 0 || status)
		say("the child ended with %d", status);
	return 0;
}

static void run(int count, char *steps[])
{
	char *name, *kind, *arg;
	int i, child = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		err(1, "socketpair");
	for (i = 0; i < count; i++) {
		name = steps[i];
		if (!strcmp(name, "fork")) {
			child = fork_here();
			while (!child && i < count && strcmp(steps[i], "wait"))
				i++;
			continue;
		}
		if (!strcmp(name, "wait"))
			exit(0);
		box = boxes + !strncmp(name, "2:", 2);
		name += 2 * (box - boxes);
		arg = strchr(name, '=');
		if (arg)
			*arg++ = '\0';
		kind = strchr(name, '@');
		if (kind)
			*kind++ = '\0';
		step(name, kind ? kind : "good", arg);
		fflush(stdout);
	}
	if (!child)
		printf("\n");
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

static char *missing; /* a page that is not there until fill_page() */
static int uffd, held;

static void *read_missing(void *unused)
{
	(void)unused;
	return (void *)(long)read(held, missing, SIZE);
}

static void *write_missing(void *unused)
{
	(void)unused;
	return (void *)(long)write(held, missing, 5);
}

/* Starts a call on the box "held". Returns when the call waits for the missing page. */
static pthread_t hold(void *(*call)(void *))
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffd_msg msg;
	pthread_t thread;

	missing = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)missing;
	reg.range.len = page;
	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	pthread_create(&thread, NULL, call, NULL);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
		err(1, "read userfaultfd");
	return thread;
}

/* Gives the missing page these bytes, waits for the end of the call, and returns its result. */
static ssize_t fill_page(pthread_t thread, char *bytes)
{
	struct uffdio_copy copy = { .dst = (unsigned long)missing, .len = page };
	void *ret;

	copy.src = (unsigned long)bytes;
	if (ioctl(uffd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
	pthread_join(thread, &ret);
	return (ssize_t)ret;
}

/* A read of one box is held half way. What can others do with this box, and another one? */
static void held_read(void)
{
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	int other = new_box();
	char buffer[SIZE], *bytes = calloc(1, page);
	pthread_t thread, disturber, self = pthread_self();

	alarm(5); /* if a signal does not end a wait, this ends the test */
	held = new_box();
	if (write(held, "first", 5) != 5)
		err(1, "write");
	thread = hold(read_missing);

	say("create %s", close(new_box()) ? strerror(errno) : "succeeds");
	say("other %zd", write(other, "x", 1));
	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&disturber, NULL, disturb, &self);
	say("read %s", read(held, buffer, SIZE) < 0 ? strerror(errno) : "succeeds");
	say("write %s", write(held, "new", 3) < 0 ? strerror(errno) : "succeeds");
	__atomic_store_n(&disturbed, 1, __ATOMIC_RELAXED);
	pthread_join(disturber, NULL);
	say_read(fill_page(thread, bytes), missing);
	say("left %zd\n", read(held, buffer, SIZE));
}

/* The only descriptor is closed while a read is held half way. */
static void closed_read(void)
{
	char *bytes = calloc(1, page);
	pthread_t thread;

	alarm(5);
	held = new_box();
	if (write(held, "first", 5) != 5)
		err(1, "write");
	close(device);
	thread = hold(read_missing);
	close(held);
	say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	say_read(fill_page(thread, bytes), missing);
	say("%d\n", (int)syscall(SYS_delete_module, MODULE, O_NONBLOCK));
}

static void held_write(void)
{
	char buffer[SIZE], *bytes = calloc(1, page);
	pthread_t thread;

	alarm(5);
	held = new_box();
	if (write(held, "first", 5) != 5)
		err(1, "write");
	memcpy(bytes, "later", 5);
	thread = hold(write_missing);
	say_read(read(held, buffer, SIZE), buffer);
	say("%zd", write(held, "second", 6));
	say("%zd", fill_page(thread, bytes));
	say_read(read(held, buffer, SIZE), buffer);
	printf("\n");
}

enum { ROUNDS = 200, INTS = 50 };

struct race {
	int stop, wrong;
	int taken; /* messages */
	int seen[ROUNDS];
};

/*
 * Takes messages until the box is empty and the race over. All ints of a message must be
 * equal. The buffer lies in two pages, which are missing before each read. So the copy
 * takes longer and stops in the middle, and others come in between more often.
 */
static void take(struct race *race)
{
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const ssize_t size = INTS * sizeof(int);
	int *ids = (int *)(pages + page - size / 2);
	int stop, i, same;
	ssize_t ret;

	do {
		stop = __atomic_load_n(&race->stop, __ATOMIC_ACQUIRE);
		madvise(pages, 2 * page, MADV_DONTNEED);
		ret = read(boxes[0], ids, size);
		if (!ret) {
			sched_yield();
			continue;
		}
		for (i = same = 1; i < INTS; i++)
			same &= ids[i] == ids[0];
		if (ret != size || !same || ids[0] < 0 || ids[0] >= ROUNDS)
			__atomic_add_fetch(&race->wrong, 1, __ATOMIC_RELAXED);
		else
			__atomic_add_fetch(&race->seen[ids[0]], 1, __ATOMIC_RELAXED);
		__atomic_add_fetch(&race->taken, 1, __ATOMIC_RELEASE);
	} while (ret || !stop);
}

/* Starts two readers of a new box. */
static struct race *begin_race(void)
{
	struct race *race =
		mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i;

	alarm(30);
	boxes[0] = new_box();
	for (i = 0; i < 2; i++) {
		if (!fork()) {
			alarm(30); /* a child does not inherit it */
			take(race);
			exit(0);
		}
	}
	return race;
}

/* Lets the readers empty the box, and waits for their end. */
static void end_race(struct race *race)
{
	int status;

	__atomic_store_n(&race->stop, 1, __ATOMIC_RELEASE);
	while (wait(&status) > 0)
		race->wrong += status != 0;
}

static void put(int id)
{
	int ids[INTS], i;

	for (i = 0; i < INTS; i++)
		ids[i] = id;
	if (write(boxes[0], ids, sizeof(ids)) != sizeof(ids))
		err(1, "write");
}

/*
 * Two processes read one box at once. Each message is written after the one before it has
 * been taken. So each must come once, and whole.
 */
static void two_readers(void)
{
	struct race *race = begin_race();
	int id;

	for (id = 0; id < ROUNDS; id++) {
		put(id);
		while (!__atomic_load_n(&race->taken, __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_sub_fetch(&race->taken, 1, __ATOMIC_RELAXED);
	}
	end_race(race);
	for (id = 0; id < ROUNDS; id++)
		race->wrong += race->seen[id] != 1;
	printf("%d wrong\n", race->wrong);
}

/*
 * Two processes write at once, and do not wait: messages are replaced. Each message that
 * is read must be whole.
 */
static void two_writers(void)
{
	struct race *race = begin_race();
	pid_t writers[2];
	int i, id;

	for (i = 0; i < 2; i++) {
		writers[i] = fork();
		if (writers[i])
			continue;
		alarm(30); /* a child does not inherit it */
		for (id = 0; __atomic_load_n(&race->taken, __ATOMIC_RELAXED) < ROUNDS; id++) {
			put(id % ROUNDS);
			sched_yield();
		}
		exit(0);
	}
	for (i = 0; i < 2; i++)
		waitpid(writers[i], NULL, 0);
	end_race(race);
	printf("%d wrong\n", race->wrong);
}

/*
 * The same idea for memory, without our module: the kernel's heap hands out memory as a
 * descriptor. Whoever has the descriptor can map the memory. DMA_BUF_IOCTL_SYNC stands
 * around each access, because a device may use the memory too.
 */
static void use_dma_buf(int fd, __u64 flags, char *text, size_t len)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | flags };
	char *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED || ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
		err(1, "map dma-buf");
	if (flags == DMA_BUF_SYNC_WRITE)
		memcpy(map, text, len);
	else
		memcpy(text, map, len);
	sync.flags = DMA_BUF_SYNC_END | flags;
	if (ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync))
		err(1, "DMA_BUF_IOCTL_SYNC");
}

static void dma_buf(void)
{
	struct dma_heap_allocation_data data = { .len = page, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open(HEAP, O_RDWR | O_CLOEXEC);
	char text[32] = "written by nobody";

	if (heap < 0) {
		printf("open: %m\n");
		return;
	}
	if (ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data))
		err(1, "DMA_HEAP_IOCTL_ALLOC");
	close(heap);
	if (fork_here()) {
		become_nobody();
		use_dma_buf(data.fd, DMA_BUF_SYNC_WRITE, text, sizeof(text));
		exit(0);
	}
	memset(text, 0, sizeof(text));
	use_dma_buf(data.fd, DMA_BUF_SYNC_READ, text, sizeof(text));
	printf("%s of %ld bytes: %s\n", link_of(data.fd), (long)lseek(data.fd, 0, SEEK_END), text);
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

	page = sysconf(_SC_PAGESIZE);
	said = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc > 1 && !strcmp(argv[1], "-32")) {
		compat = 1;
		argc--;
		argv++;
	}
	if (argc < 2)
		errx(2, "usage: see the head of handle_test.c");
	command = argv[1];

	if (!strcmp(command, "held-read"))
		held_read();
	else if (!strcmp(command, "closed-read"))
		closed_read();
	else if (!strcmp(command, "held-write"))
		held_write();
	else if (!strcmp(command, "race"))
		two_readers();
	else if (!strcmp(command, "mixed"))
		two_writers();
	else if (!strcmp(command, "dma-buf"))
		dma_buf();
	else if (!strcmp(command, "reload"))
		reload();
	else
		run(argc - 1, argv + 1);
	return 0;
}
