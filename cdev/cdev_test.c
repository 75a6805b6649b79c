// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd buffers, calls
 * that wait, are interrupted or held half way, several callers at once. Prints
 * the results.
 *
 * Usage: cdev_test [-1] [-u] [-n] read|write BUFFER COUNT
 *        cdev_test [-1] say|only TEXT   (only: empties the queue before)
 *        cdev_test readv|writev SIZE SIZE
 *        cdev_test seek|pread|pwrite|splice|sendfile
 *        cdev_test waiting read|write|poll-in|poll-out served|signal|restart
 *        cdev_test poll|edge|held-read|held-write|pieces|stress|reload|unload
 *        cdev_test load PARAMETERS
 *        cdev_test early NODE
 *        cdev_test nothing read|write COMMAND...
 *
 * -1: the second device, -u: as nobody, -n: O_NONBLOCK.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define MODULE "cdev_kernel"
#define QUEUE_SIZE 1024
#define PATIENCE 5 /* seconds: after that a call that still waits ends the program */

static const char *path = "/dev/cdev_example0";
static long page;
static char *pages; /* two pages; some tests unmap or register the second */
static char *bad; /* points to memory that does not exist */

static int open_device(int flags)
{
	int fd = open(path, O_RDWR | flags);

	alarm(PATIENCE);
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

/* A system call that a thread makes. */
struct call {
	long number, args[3], ret;
	int error;
	pid_t tid;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct call *call = arg;

	__atomic_store_n(&call->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	call->ret = syscall(call->number, call->args[0], call->args[1], call->args[2], 0, 0);
	call->error = errno;
	return NULL;
}

/* Returns when the call sleeps in the kernel. If it never does, the alarm ends the program. */
static void until_asleep(struct call *call)
{
	char path[64], now[32], wanted[32];
	ssize_t len;
	int fd;

	while (!__atomic_load_n(&call->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", call->tid);
	snprintf(wanted, sizeof(wanted), "%ld ", call->number);
	do {
		fd = open(path, O_RDONLY);
		if (fd < 0)
			err(1, "open %s", path);
		len = read(fd, now, sizeof(now) - 1);
		now[len < 0 ? 0 : len] = '\0'; /* "running" while it runs */
		close(fd);
	} while (strncmp(now, wanted, strlen(wanted)));
}

static void start(struct call *call, long number, long a, long b, long c)
{
	*call = (struct call){ .number = number, .args = { a, b, c } };
	if (pthread_create(&call->thread, NULL, run, call))
		errx(1, "pthread_create");
}

static ssize_t result(struct call *call)
{
	pthread_join(call->thread, NULL);
	errno = call->error;
	return call->ret;
}

static void fill(int fd)
{
	while (write(fd, memset(pages, 'x', page), page) > 0)
		;
}

static void drain(int fd)
{
	while (read(fd, pages, page) > 0)
		;
}

/* Returns what a read returned, as a string. */
static const char *take(int fd, size_t size)
{
	static char buf[65];
	ssize_t ret = read(fd, buf, size);

	buf[ret < 0 ? 0 : ret] = '\0';
	return ret < 0 ? strerror(errno) : buf;
}

static int interrupted;

static void on_signal(int sig)
{
	(void)sig;
	__atomic_store_n(&interrupted, 1, __ATOMIC_RELEASE);
}

/*
 * A call that has to wait: a read or a poll while the queue is empty, or a write
 * or a poll while it is full. Then the queue changes, or a signal interrupts the
 * call, or first the signal comes and then the change.
 */
static void waiting(const char *what, const char *then)
{
	int fd = open_device(0), other = open_device(O_NONBLOCK);
	int reading = !strcmp(what, "read") || !strcmp(what, "poll-in");
	struct pollfd pollfd = { .fd = fd, .events = reading ? POLLIN : POLLOUT };
	struct sigaction action = { .sa_handler = on_signal };
	char buf[100] = "";
	struct call call;
	ssize_t ret;

	if (reading)
		drain(other);
	else
		fill(other);
	if (!strncmp(what, "poll", 4))
		start(&call, SYS_ppoll, (long)&pollfd, 1, 0);
	else
		start(&call, reading ? SYS_read : SYS_write, fd, (long)buf, sizeof(buf));
	until_asleep(&call);

	if (strcmp(then, "served")) {
		action.sa_flags = strcmp(then, "restart") ? 0 : SA_RESTART;
		sigaction(SIGUSR1, &action, NULL);
		pthread_kill(call.thread, SIGUSR1);
		while (!__atomic_load_n(&interrupted, __ATOMIC_ACQUIRE))
			sched_yield();
	}
	if (strcmp(then, "signal")) {
		until_asleep(&call);
		if (reading ? write(other, "abc", 3) != 3 : read(other, pages, 10) != 10)
			err(1, "serve");
	}
	ret = result(&call);
	print_result(ret, !strcmp(what, "read") ? buf : NULL);
}

static const char *names(unsigned int events)
{
	static const char *const name[] = { "nothing", "in", "out", "in out" };

	return name[!!(events & EPOLLIN) + 2 * !!(events & EPOLLOUT)];
}

/* Prints what poll and a level-triggered epoll say now. */
static void level(void)
{
	struct pollfd pollfd = { .fd = open_device(0), .events = POLLIN | POLLOUT };
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT };
	int epoll = epoll_create1(0), i;

	if (poll(&pollfd, 1, 0) < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, pollfd.fd, &event))
		err(1, "poll");
	printf("poll %s, epoll", names(pollfd.revents));
	for (i = 0; i < 2; i++) { /* the second time nothing has changed */
		event.events = 0;
		epoll_wait(epoll, &event, 1, 0);
		printf(" %s%s", names(event.events), i ? "\n" : ",");
	}
}

static int edges[2]; /* an epoll for bytes, one for space */

static void step(const char *what, ssize_t ret)
{
	struct epoll_event event;

	printf("%s%s", what, ret < 0 ? " refused" : "");
	printf("%s", epoll_wait(edges[0], &event, 1, 0) ? " in" : "");
	printf("%s, ", epoll_wait(edges[1], &event, 1, 0) ? " out" : "");
}

/* Edge-triggered: prints after each step which events came. */
static void edge(void)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = open_device(O_NONBLOCK), i;

	drain(fd);
	for (i = 0; i < 2; i++) {
		edges[i] = epoll_create1(0);
		if (epoll_ctl(edges[i], EPOLL_CTL_ADD, fd, &event))
			err(1, "epoll_ctl");
		event.events = EPOLLOUT | EPOLLET;
	}
	step("empty", 0);
	step("again", 0);
	step("write", write(fd, pages, 10));
	step("again", 0);
	step("read", read(fd, pages, 5));
	step("write", write(fd, bad, 10));
	step("read", read(fd, bad, 10));
	step("write", write(fd, pages, page));
	step("write", write(fd, pages, 10));
	step("read", read(fd, pages, 10));
	step("again", 0);
	step("read", read(fd, pages, page));
	step("read", read(fd, pages, page));
	printf("end\n");
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
 * The 64 bytes of a call lie across two pages. Its first access to the second page
 * waits until we provide it, and the call holds the device's lock meanwhile.
 */
static void hold(int writing)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), fd = open_device(O_NONBLOCK), second;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct sigaction action = { .sa_handler = on_signal }; /* no SA_RESTART */
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };
	pthread_t disturber, self = pthread_self();
	char *buf = pages + page - 2;
	struct uffd_msg msg;
	struct call call;
	ssize_t ret;

	path = "/dev/cdev_example1";
	second = open_device(O_NONBLOCK);
	drain(fd);
	drain(second);
	memset(buf, 'x', 2);
	copy.src = (unsigned long)memset(malloc(page), 'y', page);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	if (!writing && write(fd, "first", 5) != 5)
		err(1, "write");
	start(&call, writing ? SYS_write : SYS_read, fd, (long)buf, 64);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");

	poll(&pollfd, 1, 0);
	printf("poll %s, ", names(pollfd.revents));
	ret = write(second, "other", 5);
	printf("second device %s, ", ret < 0 ? strerror(errno) : take(second, 64));

	sigaction(SIGUSR1, &action, NULL);
	pthread_create(&disturber, NULL, disturb, &self);
	printf("read %s, ", take(fd, 64));
	ret = write(fd, "late", 4);
	printf("write %s, ", ret < 0 ? strerror(errno) : "succeeded");
	__atomic_store_n(&disturbed, 1, __ATOMIC_RELAXED);
	pthread_join(disturber, NULL);

	ioctl(uffd, UFFDIO_COPY, &copy);
	ret = result(&call);
	printf("then %zd", ret);
	if (!writing && ret > 0)
		printf(" %.*s", (int)ret, buf);
	printf(", left %s\n", take(fd, 9));
}

/* Sends a stream through the queue in pieces of many sizes, with bad pointers between. */
static void pieces(void)
{
	int fd = open_device(O_NONBLOCK), i, k, size, rest, wrong = 0;
	unsigned char in = 0, out = 0, buf[QUEUE_SIZE];

	drain(fd);
	for (i = 0; i < 200; i++) {
		size = i * 37 % QUEUE_SIZE + 1;
		for (k = 0; k < size; k++)
			buf[k] = in++;
		wrong += write(fd, bad, size) != -1;
		wrong += write(fd, buf, size) != size;
		memset(buf, 0, sizeof(buf));
		wrong += read(fd, bad, size) != -1;
		/* In two reads: the second gets what the first left. */
		rest = size - size / 3;
		wrong += read(fd, buf, size / 3) != size / 3;
		wrong += read(fd, buf + size / 3, sizeof(buf) - size / 3) != rest;
		for (k = 0; k < size; k++)
			wrong += buf[k] != out++;
	}
	printf("%d wrong\n", wrong);
}

/* One call with two buffers. */
static void two_buffers(int writing, size_t first, size_t second)
{
	struct iovec iov[] = { { pages, first }, { pages + page, second } };
	int fd = open_device(0);
	ssize_t ret;

	if (writing) {
		memset(pages, 'a', first);
		memset(pages + page, 'b', second);
		print_result(writev(fd, iov, 2), NULL);
		return;
	}
	ret = readv(fd, iov, 2);
	memmove(pages + first, pages + page, second);
	print_result(ret, pages);
}

/*
 * Loads the module with eight devices while a thread tries to open a node that was
 * made by hand. As soon as it succeeds, nothing of the load may be left to do that
 * could fail: all nodes must exist. If the load fails while the node is open, the
 * end of this program closes it, and the kernel calls a module that is no more.
 */
#define LAST_NODE "/dev/cdev_example7"
static int load_ended, early_fd;

static void *open_early(void *node)
{
	int ended;

	do {
		ended = __atomic_load_n(&load_ended, __ATOMIC_ACQUIRE);
		early_fd = open(node, O_RDWR);
	} while (early_fd < 0 && !ended);
	if (early_fd < 0)
		return "never opened";
	return access(LAST_NODE, F_OK) ? "opened too early" : NULL;
}

static void early(char *node)
{
	int fd = open(MODULE ".ko", O_RDONLY), i;
	pthread_t thread;
	void *said;

	for (i = 0; i < 10; i++) {
		__atomic_store_n(&load_ended, 0, __ATOMIC_RELEASE);
		pthread_create(&thread, NULL, open_early, node);
		if (syscall(SYS_finit_module, fd, "devices=8", 0))
			err(1, "load");
		__atomic_store_n(&load_ended, 1, __ATOMIC_RELEASE);
		pthread_join(thread, &said);
		close(early_fd);
		if (said) {
			puts(said);
			return;
		}
		if (syscall(SYS_delete_module, MODULE, O_NONBLOCK))
			err(1, "unload");
	}
	printf("%d\n", i);
}

/* Runs a program whose reads or writes of 9 bytes all return 0. */
static void nothing(long call, char *argv[])
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 9, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0), /* errno 0: success */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(filter) / sizeof(*filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &prog))
		err(1, "seccomp");
	execv(argv[0], argv);
	err(1, "exec %s", argv[0]);
}

/*
 * Eight writers of 1 MiB each, four readers. The stream is made of words of 8
 * bytes, and each word exists once: it holds the number of its writer and its
 * place there. The readers keep what they got. Afterwards each word must be
 * there exactly once, and the words of one write must stand side by side.
 */
enum { WRITERS = 8, READERS = 4, WORDS = (1 << 20) / 8, ALL = WRITERS * WORDS };
#define END (~(__u64)0) /* ends one reader */

static __u64 written[WRITERS][WORDS], got[READERS][ALL + QUEUE_SIZE];
static size_t got_len[READERS];
/* For each word: does it begin an accepted write, begin a read, end a read? */
static char begins_write[ALL + 1], begins_read[ALL], ends_read[ALL];

static void *stress_write(void *arg)
{
	/* Some write more than the queue can hold, some less. */
	static const size_t sizes[WRITERS] = { 8192, 4096, 2048, 1024, 1016, 1000, 512, 328 };
	size_t me = (long)arg, done, rest;
	int fd = open_device(0);
	ssize_t ret;

	for (done = 0; done < WORDS; done++)
		written[me][done] = me * WORDS + done;
	for (done = 0; done < WORDS; done += ret / 8) {
		rest = (WORDS - done) * 8;
		ret = write(fd, &written[me][done], rest < sizes[me] ? rest : sizes[me]);
		if (ret <= 0 || ret % 8)
			err(1, "write of %zd bytes", ret);
		begins_write[me * WORDS + done] = 1;
	}
	return NULL;
}

static void *stress_read(void *arg)
{
	static const size_t sizes[READERS] = { 8192, 4096, 1000, 400 };
	size_t me = (long)arg, len = 0, n;
	int fd = open_device(0), ended = 0;
	__u64 *words = got[me], end = END;
	ssize_t ret;

	while (!ended) {
		alarm(PATIENCE); /* starts again at each progress */
		if (len > ALL)
			errx(1, "more read than was written");
		ret = read(fd, words + len, sizes[me]);
		if (ret <= 0 || ret % 8)
			err(1, "read of %zd bytes", ret);
		/* Each END after the first belongs to another reader. */
		for (n = ret / 8; n && words[len + n - 1] == END; n--)
			if (ended++ && write(fd, &end, 8) != 8)
				err(1, "write");
		if (n && words[len] < ALL && words[len + n - 1] < ALL) {
			begins_read[words[len]] = 1;
			ends_read[words[len + n - 1]] = 1;
		}
		len += n;
	}
	got_len[me] = len;
	return NULL;
}

static void stress(void)
{
	int fd = open_device(O_NONBLOCK), strange = 0, lost = 0, doubled = 0, mixed = 0;
	pthread_t writers[WRITERS], readers[READERS];
	static char seen[ALL];
	__u64 end = END, w, before;
	size_t n;
	long i;

	drain(fd);
	for (i = 0; i < READERS; i++)
		pthread_create(&readers[i], NULL, stress_read, (void *)i);
	for (i = 0; i < WRITERS; i++)
		pthread_create(&writers[i], NULL, stress_write, (void *)i);
	for (i = 0; i < WRITERS; i++)
		pthread_join(writers[i], NULL);
	fd = open_device(0);
	for (i = 0; i < READERS; i++)
		if (write(fd, &end, 8) != 8)
			err(1, "write");
	for (i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	alarm(0); /* no call can wait any more */

	for (w = 0; w <= ALL; w += WORDS)
		begins_write[w] = 1;
	for (i = 0; i < READERS; i++)
		for (n = 0, before = END; n < got_len[i]; n++, before = w) {
			w = got[i][n];
			if (w >= ALL) {
				strange++;
				continue;
			}
			doubled += seen[w]++ > 0;
			/* At a jump in the stream, one write must end and another begin. */
			if (begins_read[w])
				mixed += !begins_write[w] && !ends_read[w - 1];
			else if (before < ALL && w != before + 1)
				mixed += !begins_write[w] || !begins_write[before + 1];
		}
	for (w = 0; w < ALL; w++)
		lost += !seen[w];
	printf("%d strange, %d lost, %d doubled, %d mixed\n", strange, lost, doubled, mixed);
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
	int flags = 0, fd, reading, ends[2];
	const char *command;
	char *buf;
	size_t count;
	ssize_t ret;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bad = pages + 2 * page;
	munmap(bad, page);
	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[1], "-n"))
			flags = O_NONBLOCK;
		else if (!strcmp(argv[1], "-1"))
			path = "/dev/cdev_example1";
		else if (strcmp(argv[1], "-u"))
			errx(2, "no such option: %s", argv[1]);
		else if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
	}
	if (argc < 2)
		errx(2, "usage: see the head of cdev_test.c");
	command = argv[1];

	if (!strcmp(command, "stress")) {
		stress();
	} else if (!strcmp(command, "pieces")) {
		pieces();
	} else if (!strcmp(command, "poll")) {
		level();
	} else if (!strcmp(command, "edge")) {
		edge();
	} else if (!strcmp(command, "reload")) {
		reload();
	} else if (!strcmp(command, "held-read") || !strcmp(command, "held-write")) {
		hold(command[5] == 'w');
	} else if (argc > 3 && (!strcmp(command, "readv") || !strcmp(command, "writev"))) {
		two_buffers(command[0] == 'w', atoi(argv[2]), atoi(argv[3]));
	} else if (argc > 2 && !strcmp(command, "early")) {
		early(argv[2]);
	} else if (argc > 3 && !strcmp(command, "nothing")) {
		nothing(argv[2][0] == 'r' ? SYS_read : SYS_write, argv + 3);
	} else if (argc > 3 && !strcmp(command, "waiting")) {
		waiting(argv[2], argv[3]);
	} else if (argc > 2 && (!strcmp(command, "say") || !strcmp(command, "only"))) {
		if (command[0] == 'o')
			drain(open_device(O_NONBLOCK));
		if (write(open_device(0), argv[2], strlen(argv[2])) < 0)
			err(1, "write");
	} else if (!strcmp(command, "unload")) {
		ret = syscall(SYS_delete_module, MODULE, O_NONBLOCK);
		puts(ret ? strerror(errno) : "0");
	} else if (argc > 2 && !strcmp(command, "load")) {
		ret = syscall(SYS_finit_module, open(MODULE ".ko", O_RDONLY), argv[2], 0);
		puts(ret ? strerror(errno) : "0");
	} else if (!strcmp(command, "splice")) {
		if (pipe(ends))
			err(1, "pipe");
		print_result(splice(open_device(flags), NULL, ends[1], NULL, 5, 0), NULL);
	} else if (!strcmp(command, "sendfile")) {
		print_result(sendfile(open_device(flags), open(MODULE ".ko", O_RDONLY), NULL, 5),
			     NULL);
	} else if (!strcmp(command, "seek")) {
		print_result(lseek(open_device(flags), 0, SEEK_CUR), NULL);
	} else if (!strcmp(command, "pread")) {
		print_result(pread(open_device(flags), pages, 1, 0), NULL);
	} else if (!strcmp(command, "pwrite")) {
		print_result(pwrite(open_device(flags), "x", 1, 0), NULL);
	} else if (argc > 3 && (!strcmp(command, "read") || !strcmp(command, "write"))) {
		reading = command[0] == 'r';
		fd = open_device(flags);
		buf = odd_buffer(argv[2]);
		count = strtoul(argv[3], NULL, 0);
		ret = reading ? read(fd, buf, count) : write(fd, buf, count);
		print_result(ret, reading ? buf : NULL);
	} else {
		errx(2, "usage: see the head of cdev_test.c");
	}
	return 0;
}
