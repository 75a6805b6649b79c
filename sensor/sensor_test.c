// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: reads with odd buffers, calls that wait while the
 * sensor goes, several callers at once, uevents. Prints the results.
 *
 * Usage: sensor_test [-u] [-n] read BUFFER COUNT
 *        sensor_test samples COUNT | behind COUNT
 *        sensor_test two|threads|poll|again|readv|seek|pread|write|signal|restart
 *        sensor_test exchange PERIOD LIMIT [BUFFER] | number NUMBER
 *        sensor_test unbind read|poll|all|held|exchange
 *        sensor_test state|uevents|storm|minors|reload|unload | load PARAMETERS
 *        sensor_test nothing COMMAND...
 *
 * BUFFER: good, null, unmapped, kernel, readonly, edge, half
 * -u: as nobody, -n: O_NONBLOCK.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sensor.h"

#define MODULE "sensor_kernel"
#define PATIENCE 10 /* seconds: after that a call that still waits ends the program */
#define NODE "/dev/sensor_example0"
#define DRIVER "/sys/bus/platform/drivers/sensor_example/"
#define ATTRIBUTES "/sys/class/sensor_example/sensor_example0/"

static int flags;
static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static int open_device(int more)
{
	int fd = open(NODE, O_RDONLY | flags | more);

	alarm(PATIENCE);
	if (fd < 0) {
		printf("open: %m\n");
		exit(0);
	}
	return fd;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		err(1, "write %s", path);
	close(fd);
}

static void unbind(void)
{
	write_to(DRIVER "unbind", "sensor_example.0");
}

static void bind_again(void)
{
	write_to(DRIVER "bind", "sensor_example.0");
}

/* The result of a call: what it returned, or its error. */
static const char *told(ssize_t ret)
{
	static char text[64];

	if (ret < 0)
		return strerror(errno);
	snprintf(text, sizeof(text), "%zd", ret);
	return text;
}

static void *odd_buffer(const char *kind)
{
	if (!strcmp(kind, "good"))
		return pages;
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
	if (!strcmp(kind, "edge")) /* a sample and a half, then no memory */
		return pages + page - 24;
	if (!strcmp(kind, "half")) /* half a sample, then no memory */
		return pages + page - 8;
	errx(2, "no such buffer: %s", kind);
}

static struct sensor_example_sample next(int fd)
{
	struct sensor_example_sample sample;

	if (read(fd, &sample, sizeof(sample)) != sizeof(sample))
		err(1, "read");
	return sample;
}

/* What the sample with this number has to be. */
static int right(const struct sensor_example_sample *sample)
{
	int phase = sample->sequence % 100;

	return sample->value == (phase < 50 ? phase : 100 - phase);
}

/* Reads so many, one by one. Counts those that are right: value, number, time. */
static void samples(int count)
{
	struct sensor_example_sample now, before = {};
	int fd = open_device(0), good = 0, i;
	struct timespec begin, end;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < count; i++) {
		now = next(fd);
		good += right(&now) && (!i || (now.sequence == before.sequence + 1 &&
					       now.time_ns > before.time_ns));
		before = now;
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%d good, the last %s\n", good,
	       now.time_ns >= begin.tv_sec * 1000000000ULL + begin.tv_nsec &&
			       now.time_ns <= end.tv_sec * 1000000000ULL + end.tv_nsec
		       ? "of now"
		       : "of another time");
}

/* Lets so many samples pass, then reads all that are left: the last 64, without a gap. */
static void behind(int passed)
{
	struct sensor_example_sample all[100];
	int fd = open_device(0), other = open_device(0), gaps = 0, n, i;
	__u32 first = next(fd).sequence;
	ssize_t ret;

	for (i = 0; i <= passed; i++) /* the first may be that which fd has read */
		next(other);
	ret = read(fd, all, sizeof(all));
	n = ret / (int)sizeof(all[0]);
	for (i = 1; i < n; i++)
		gaps += all[i].sequence != all[i - 1].sequence + 1 || !right(&all[i]);
	printf("%d left, %d wrong, %s\n", n, gaps,
	       all[0].sequence == first + 1 ? "none missed" : "some missed");
}

/* A quick and a slow reader: both get the same samples. */
static void two(void)
{
	struct sensor_example_sample quick[10], slow[10];
	int one = open_device(0), other = open_device(0), i;

	next(one); /* from here on both files are open */
	for (i = 0; i < 10; i++)
		quick[i] = next(one);
	i = 0;
	do
		slow[0] = next(other);
	while (slow[0].sequence != quick[0].sequence && i++ < 10);
	if (read(other, slow + 1, sizeof(slow) - sizeof(slow[0])) != sizeof(slow) - sizeof(slow[0]))
		err(1, "read");
	printf("%s\n", memcmp(quick, slow, sizeof(quick)) ? "differ" : "the same");
}

/* Four threads read from one open file: each sample arrives at one of them. */
#define THREADS 4
#define EACH 20
static __u32 seen[THREADS * EACH];
static int shared;

static void *reads(void *arg)
{
	__u32 *mine = arg;
	int i;

	for (i = 0; i < EACH; i++)
		mine[i] = next(shared).sequence;
	return NULL;
}

static int ascending(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void threads(void)
{
	pthread_t thread[THREADS];
	int doubled = 0, lost = 0, i;

	shared = open_device(0);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, reads, seen + i * EACH);
	for (i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	qsort(seen, THREADS * EACH, sizeof(seen[0]), ascending);
	for (i = 1; i < THREADS * EACH; i++) {
		doubled += seen[i] == seen[i - 1];
		lost += seen[i] > seen[i - 1] + 1;
	}
	printf("%d doubled, %d lost\n", doubled, lost);
}

static void polls(void)
{
	int fd = open_device(O_NONBLOCK);
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLOUT };
	struct sensor_example_sample sample;

	while (read(fd, &sample, sizeof(sample)) > 0)
		;
	printf("%d, ", poll(&pollfd, 1, 0));
	printf("%d ", poll(&pollfd, 1, -1));
	printf("%s, ", pollfd.revents == POLLIN ? "in" : "other");
	printf("read %s\n", told(read(fd, &sample, sizeof(sample))));
}

static void exchange(__u32 period_ms, __s32 limit, const char *buffer)
{
	struct sensor_example_settings *settings = odd_buffer(buffer);
	int ret;

	if (strcmp(buffer, "good") && strcmp(buffer, "readonly")) {
		printf("%s\n", told(ioctl(open_device(0), SENSOR_EXAMPLE_EXCHANGE, settings)));
		return;
	}
	if (!strcmp(buffer, "readonly"))
		mprotect(pages, page, PROT_READ | PROT_WRITE);
	settings->period_ms = period_ms;
	settings->limit = limit;
	if (!strcmp(buffer, "readonly"))
		mprotect(pages, page, PROT_READ);
	ret = ioctl(open_device(0), SENSOR_EXAMPLE_EXCHANGE, settings);
	if (ret)
		printf("%m\n");
	else
		printf("%u %d\n", settings->period_ms, settings->limit);
}

/* A call that a thread makes, and that waits in the kernel. */
struct call {
	int fd;
	long number;
	void *buffer;
	ssize_t ret;
	int error;
	pid_t tid;
	pthread_t thread;
};

static void *run(void *arg)
{
	struct call *call = arg;

	__atomic_store_n(&call->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (call->number == SYS_ppoll)
		call->ret = syscall(SYS_ppoll, call->buffer, 1, NULL, NULL, 0);
	else
		call->ret = syscall(call->number, call->fd, call->buffer, 16);
	call->error = errno;
	return NULL;
}

static void start(struct call *call, long number, int fd, void *buffer)
{
	*call = (struct call){ .fd = fd, .number = number, .buffer = buffer };
	if (pthread_create(&call->thread, NULL, run, call))
		errx(1, "pthread_create");
}

static ssize_t result(struct call *call)
{
	pthread_join(call->thread, NULL);
	errno = call->error;
	return call->ret;
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

/* The sensor goes while a call waits, or between two calls. The period is long meanwhile. */
static void gone(const char *what)
{
	struct sensor_example_settings settings = { 10000, 40 };
	int fd = open_device(0), state = open(ATTRIBUTES "state", O_RDONLY), second;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct sensor_example_sample sample;
	struct call call;
	char text[8];

	if (!strcmp(what, "read")) {
		start(&call, SYS_read, fd, &sample);
		until_asleep(&call);
		unbind();
		printf("%s", told(result(&call)));
	} else if (!strcmp(what, "poll")) {
		start(&call, SYS_ppoll, -1, &pollfd);
		until_asleep(&call);
		unbind();
		printf("%s", told(result(&call)));
		printf(" %s", pollfd.revents == POLLHUP ? "hup" : "other");
	} else { /* afterwards: each call on a file that is still open */
		unbind();
		printf("read %s, ", told(read(fd, &sample, sizeof(sample))));
		printf("ioctl %s, ", told(ioctl(fd, SENSOR_EXAMPLE_EXCHANGE, &settings)));
		printf("poll %d ", poll(&pollfd, 1, 0));
		printf("%s, ", pollfd.revents == POLLHUP ? "hup" : "other");
		printf("state %s, ", told(read(state, text, sizeof(text))));
		second = open(NODE, O_RDONLY);
		printf("open %s", told(second));
	}
	bind_again();
	printf(", bound again: read %s, ", told(read(fd, &sample, sizeof(sample))));
	second = open_device(0);
	printf("new file: read %s\n", told(read(second, &sample, sizeof(sample))));
}

/* The sensor goes while a read copies: half of the sample has arrived, the other half waits. */
static void held(void)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), fd = open_device(0);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct sensor_example_sample *sample = (void *)(pages + page - 8), other;
	struct uffd_msg msg;
	struct call call;

	copy.src = (unsigned long)memset(malloc(page), 'y', page);
	memset(sample, 0, 8);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	start(&call, SYS_read, fd, sample);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");
	unbind();
	ioctl(uffd, UFFDIO_COPY, &copy);
	printf("%s ", told(result(&call)));
	printf("%s, ", right(sample) ? "right" : "wrong");
	printf("then %s\n", told(read(fd, &other, sizeof(other))));
	bind_again();
}

static void *exchanges(void *arg)
{
	struct call *call = arg;

	call->ret = ioctl(call->fd, SENSOR_EXAMPLE_EXCHANGE, call->buffer);
	call->error = errno;
	return NULL;
}

/* The sensor goes while an ioctl copies the old settings to a page that may not be written yet. */
static void held_exchange(void)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_range range = { (unsigned long)pages, page };
	struct uffdio_register reg = { .range = range, .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = {
		.range = range,
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	struct sensor_example_settings *settings = (void *)pages;
	struct call call = { .fd = open_device(0), .buffer = pages };
	struct uffd_msg msg;

	settings->period_ms = 20;
	if (uffd >= 0 && ioctl(uffd, UFFDIO_API, &api) && errno == EINVAL) {
		printf("no write-protection\n"); /* arm64 has it since Linux 6.10 */
		return;
	}
	if (uffd < 0 || ioctl(uffd, UFFDIO_REGISTER, &reg) ||
	    ioctl(uffd, UFFDIO_WRITEPROTECT, &protect))
		err(1, "userfaultfd");
	pthread_create(&call.thread, NULL, exchanges, &call);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the ioctl waits */
		err(1, "read userfaultfd");
	write_to(ATTRIBUTES "limit", "7");
	unbind();
	protect.mode = 0;
	ioctl(uffd, UFFDIO_WRITEPROTECT, &protect);
	printf("limit set, unbound, then %s\n", told(result(&call)));
	bind_again();
}

static void on_signal(int number)
{
	(void)number;
}

static void interrupted(int restart)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = restart ? SA_RESTART : 0 };
	struct sensor_example_sample sample;
	int fd = open_device(0);
	struct call call;

	sigaction(SIGUSR1, &action, NULL);
	start(&call, SYS_read, fd, &sample);
	until_asleep(&call);
	pthread_kill(call.thread, SIGUSR1);
	if (restart) {
		usleep(20000);
		write_to(ATTRIBUTES "period_ms", "10");
	}
	printf("%s\n", told(result(&call)));
}

/* A socket that hears uevents */
static int uevents(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)))
		err(1, "uevents");
	return fd;
}

/* Waits for this uevent of the first sensor, and prints it. Only the kernel's (nl_pid 0) count. */
static void uevent(int fd, const char *wanted)
{
	struct sockaddr_nl from;
	socklen_t len;
	char text[4096], *line;
	ssize_t ret;

	for (;;) {
		len = sizeof(from);
		ret = recvfrom(fd, text, sizeof(text) - 1, 0, (void *)&from, &len);
		if (ret < 0)
			err(1, "recvfrom");
		text[ret] = '\0';
		if (from.nl_pid || !strstr(text, "/sensor_example0") ||
		    strncmp(text, wanted, strlen(wanted)))
			continue;
		printf("%.*s", (int)strcspn(text, "@"), text);
		for (line = text; line < text + ret; line += strlen(line) + 1)
			if (!strncmp(line, "STATE=", 6) || !strncmp(line, "SUBSYSTEM=", 10))
				printf(" %s", line);
		printf("\n");
		return;
	}
}

/* A limit below every value makes the state high, one above all makes it ok: poll wakes up. */
static void crossings(void)
{
	int fd = open(ATTRIBUTES "state", O_RDONLY), events = uevents(), i;
	struct pollfd pollfd = { .fd = fd, .events = POLLPRI };
	char text[8] = "";

	alarm(PATIENCE);
	for (i = 0; i < 2; i++) {
		if (pread(fd, text, sizeof(text), 0) < 0)
			err(1, "read state");
		printf("%.*s, poll %d, ", (int)strcspn(text, "\n"), text, poll(&pollfd, 1, 0));
		write_to(ATTRIBUTES "limit", i ? "100" : "-1");
		printf("then %d\n", poll(&pollfd, 1, -1));
		uevent(events, "change");
	}
	if (pread(fd, text, sizeof(text), 0) < 0)
		err(1, "read state");
	printf("%.*s\n", (int)strcspn(text, "\n"), text);
}

/*
 * For a second: readers, changes of the settings, and a sensor that comes and goes, all at once.
 * A call may fail with ENODEV, and a sample must be right.
 */
static int storming = 1;

static void *storm_reads(void *arg)
{
	struct sensor_example_sample sample;
	struct sensor_example_settings settings = { 10, 40 };
	long wrong = 0;
	int fd;

	(void)arg;
	while (__atomic_load_n(&storming, __ATOMIC_RELAXED)) {
		fd = open(NODE, O_RDONLY);
		if (fd < 0) {
			wrong += errno != ENOENT && errno != ENXIO && errno != ENODEV;
			continue;
		}
		if (ioctl(fd, SENSOR_EXAMPLE_EXCHANGE, &settings))
			wrong += errno != ENODEV;
		else
			wrong += settings.period_ms != 10 && settings.period_ms != 100;
		settings.period_ms = 10;
		while (read(fd, &sample, sizeof(sample)) == sizeof(sample))
			wrong += !right(&sample);
		wrong += errno != ENODEV;
		close(fd);
	}
	return (void *)wrong;
}

static void storm(void)
{
	pthread_t thread[THREADS];
	long wrong = 0;
	void *ret;
	int i;

	alarm(60);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, storm_reads, NULL);
	for (i = 0; i < 100; i++) {
		usleep(10000);
		if (i == 99)
			__atomic_store_n(&storming, 0, __ATOMIC_RELAXED);
		unbind();
		bind_again();
	}
	unbind(); /* ends the last reads */
	for (i = 0; i < THREADS; i++) {
		pthread_join(thread[i], &ret);
		wrong += (long)ret;
	}
	bind_again();
	printf("%ld wrong\n", wrong);
}

/* Binds the sensor, opens it and unbinds it, until there is no minor number for the next. */
static void minors(void)
{
	int driver = open(DRIVER "bind", O_WRONLY), files = 0;

	while (write(driver, "sensor_example.0", strlen("sensor_example.0")) > 0) {
		open_device(0);
		files++;
		unbind();
	}
	printf("refused with %d files open\n", files);
}

/* Runs a program to which each read of 16 bytes returns 0. */
static void nothing(char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_read, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0), /* errno 0: success, 0 bytes */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { 6, filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, 2, &prog))
		err(1, "seccomp");
	execvp(argv[0], argv);
	err(1, "%s", argv[0]);
}

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
	struct sensor_example_sample sample;
	struct iovec parts[2];
	const char *command;
	void *buffer;
	int i, fd;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (; argc > 1 && argv[1][0] == '-'; argc--, argv++) {
		if (!strcmp(argv[1], "-n"))
			flags |= O_NONBLOCK;
		else if (strcmp(argv[1], "-u"))
			errx(2, "no such option: %s", argv[1]);
		else if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
	}
	if (argc < 2)
		errx(2, "see the head of sensor_test.c");
	command = argv[1];

	if (!strcmp(command, "samples") && argc == 3) {
		samples(atoi(argv[2]));
	} else if (!strcmp(command, "behind") && argc == 3) {
		behind(atoi(argv[2]));
	} else if (!strcmp(command, "two")) {
		two();
	} else if (!strcmp(command, "threads")) {
		threads();
	} else if (!strcmp(command, "poll")) {
		polls();
	} else if (!strcmp(command, "exchange") && argc >= 4) {
		exchange(strtoul(argv[2], NULL, 0), strtol(argv[3], NULL, 0),
			 argc > 4 ? argv[4] : "good");
	} else if (!strcmp(command, "number") && argc == 3) {
		printf("%s\n", told(ioctl(open_device(0), strtoul(argv[2], NULL, 0), pages)));
	} else if (!strcmp(command, "unbind") && argc == 3) {
		if (!strcmp(argv[2], "held"))
			held();
		else if (!strcmp(argv[2], "exchange"))
			held_exchange();
		else
			gone(argv[2]);
	} else if (!strcmp(command, "signal") || !strcmp(command, "restart")) {
		interrupted(!strcmp(command, "restart"));
	} else if (!strcmp(command, "state")) {
		crossings();
	} else if (!strcmp(command, "uevents")) { /* of a sensor that comes and goes */
		fd = uevents();
		alarm(PATIENCE);
		unbind();
		uevent(fd, "remove");
		if (fork() == 0) {
			bind_again();
			_exit(0);
		}
		uevent(fd, "add");
		printf("state %s\n", told(access(ATTRIBUTES "state", F_OK)));
		wait(NULL);
	} else if (!strcmp(command, "storm")) {
		storm();
	} else if (!strcmp(command, "minors")) {
		minors();
	} else if (!strcmp(command, "again")) { /* the first read is cut short by a bad pointer */
		fd = open_device(0);
		next(fd);
		usleep(100000);
		buffer = odd_buffer("edge");
		printf("%s, ", told(read(fd, buffer, 48)));
		memcpy(&sample, buffer, sizeof(sample));
		printf("then the %s\n",
		       next(fd).sequence == sample.sequence + 1 ? "next" : "wrong one");
	} else if (!strcmp(command, "readv")) {
		fd = open_device(0);
		next(fd);
		usleep(100000);
		parts[0] = (struct iovec){ pages, 20 };
		parts[1] = (struct iovec){ pages + 20, 12 };
		printf("%s\n", told(readv(fd, parts, 2)));
	} else if (!strcmp(command, "seek")) {
		printf("%s\n", told(lseek(open_device(0), 0, SEEK_SET)));
	} else if (!strcmp(command, "pread")) {
		printf("%s\n", told(pread(open_device(0), pages, 16, 0)));
	} else if (!strcmp(command, "write")) {
		fd = open(NODE, O_RDWR);
		printf("%s\n", told(write(fd, pages, 16)));
	} else if (!strcmp(command, "read") && argc == 4) {
		fd = open_device(0);
		buffer = odd_buffer(argv[2]);
		printf("%s\n", told(read(fd, buffer, atoi(argv[3]))));
	} else if (!strcmp(command, "nothing") && argc > 2) {
		nothing(argv + 2);
	} else if (!strcmp(command, "reload")) {
		reload();
	} else if (!strcmp(command, "unload")) {
		printf("%s\n", told(syscall(SYS_delete_module, MODULE, O_NONBLOCK)));
	} else if (!strcmp(command, "load") && argc == 3) {
		i = open(MODULE ".ko", O_RDONLY);
		printf("%s\n", told(syscall(SYS_finit_module, i, argv[2], 0)));
	} else {
		errx(2, "see the head of sensor_test.c");
	}
	return 0;
}
