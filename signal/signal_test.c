// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: odd texts and pointers, threads,
 * namespaces, processes that end at a certain moment. Prints the results.
 *
 * Usage: signal_test write FORMAT [OFFSET]   (printf of its own PID + OFFSET; @ is a newline)
 *        signal_test pointer BUFFER
 *        signal_test blocked PROGRAM ARGUMENT...   (runs it with the signal blocked)
 *        signal_test limited PROGRAM ARGUMENT...   (the same, and only three may wait)
 *        signal_test one-byte PROGRAM ARGUMENT...  (it may write one byte into a file)
 *        signal_test nobody|read|waitinfo|signalfd|queue|threads|waiter|zombie|leader|
 *                    namespace|reused|held|race|exits|leak|reload|unload
 *
 * "N came" counts the signals that this process itself has received.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR "/sys/kernel/debug"
#define NAME "signalconfpid"
#define MODULE "signal_kernel"
#define SIGNAL 44

static sigset_t set; /* contains only that signal, which stays blocked */
static int fd;
static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static const char *result(long ret)
{
	static char text[20];

	if (ret < 0)
		return strerror(errno);
	snprintf(text, sizeof(text), "%ld", ret);
	return text;
}

static ssize_t write_pid(pid_t pid)
{
	char text[20];
	int len = snprintf(text, sizeof(text), "%d", pid);
	ssize_t ret = write(fd, text, len);

	return ret < 0 ? ret : ret - len; /* 0 is success */
}

/* Receives all signals that wait for this thread, and returns how many they were. */
static int came(void)
{
	struct timespec now = { 0 };
	int n = 0;

	while (sigtimedwait(&set, NULL, &now) == SIGNAL)
		n++;
	return n;
}

static void write_text(const char *format, long long offset)
{
	char text[1000];
	int len = snprintf(text, sizeof(text), format, getpid() + offset), i;
	ssize_t ret;

	for (i = 0; i < len; i++)
		if (text[i] == '@')
			text[i] = '\n';
	ret = write(fd, text, len);
	printf("%s, ", ret == len ? "taken" : result(ret));
	printf("%d came\n", came());
}

/* Writes its PID from memory that the kernel can read, cannot read, or only in part. */
static void write_pointer(const char *kind)
{
	char text[20], *buf;
	int len = snprintf(text, sizeof(text), "%d", getpid());
	ssize_t ret;

	if (!strcmp(kind, "good")) {
		buf = memcpy(pages, text, len);
	} else if (!strcmp(kind, "null")) {
		buf = NULL;
	} else if (!strcmp(kind, "kernel")) { /* the last page of every address space */
		buf = (char *)-page;
	} else if (!strcmp(kind, "unmapped")) {
		munmap(pages + page, page);
		buf = pages + page;
	} else if (!strcmp(kind, "edge")) { /* the digits, then no memory */
		munmap(pages + page, page);
		buf = memcpy(pages + page - len, text, len);
		len += 4;
	} else {
		errx(2, "no such buffer: %s", kind);
	}
	ret = write(fd, buf, len);
	printf("%s, ", ret == len ? "taken" : result(ret));
	printf("%d came\n", came());
}

static void wait_for_info(void)
{
	siginfo_t info;

	alarm(5);
	write_pid(getpid());
	sigwaitinfo(&set, &info);
	printf("signal %d, code %d, int %d, from %d, by %d\n", info.si_signo, info.si_code,
	       info.si_value.sival_int, info.si_pid, (int)info.si_uid);
}

static void read_signalfd(void)
{
	struct signalfd_siginfo info[2];
	struct pollfd wait = { .fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN };
	int before = poll(&wait, 1, 0);
	ssize_t len;

	alarm(5);
	write_pid(getpid());
	write_pid(getpid());
	poll(&wait, 1, -1);
	len = read(wait.fd, info, sizeof(info));
	printf("poll %d then %d, read %d, signal %d, code %d, int %d\n", before,
	       wait.revents == POLLIN, (int)(len / sizeof(*info)), (int)info->ssi_signo,
	       info->ssi_code, info->ssi_int);
}

/* Lets only three more signals wait than already wait for this user. */
static void limit_queue(void)
{
	struct rlimit limit;
	long waiting = -1;
	char line[100];
	FILE *status = fopen("/proc/self/status", "r");

	while (status && fgets(line, sizeof(line), status))
		sscanf(line, "SigQ: %ld/", &waiting);
	if (waiting < 0 || getrlimit(RLIMIT_SIGPENDING, &limit))
		err(1, "SigQ");
	limit.rlim_cur = waiting + 3;
	if (setrlimit(RLIMIT_SIGPENDING, &limit))
		err(1, "setrlimit");
}

static void fill_queue(void)
{
	int taken = 0;

	limit_queue();
	while (taken < 10 && !write_pid(getpid()))
		taken++;
	printf("%d taken, then %s, ", taken, result(-1));
	printf("%d came, ", came());
	printf("then %s, ", result(write_pid(getpid())));
	printf("%d came\n", came());
}

static atomic_int ready, done, elsewhere;

static void handler(int number)
{
	elsewhere += number == SIGNAL;
}

/* This thread would take each signal that is sent to its process, but none sent to a thread. */
static void *take_signals(void *unused)
{
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	ready = 1;
	while (!done)
		usleep(1000);
	return unused;
}

static void *write_own_number(void *unused)
{
	printf("a thread's number: %s, ", result(write_pid(syscall(SYS_gettid))));
	printf("%d came to it, ", came());
	return unused;
}

static void threads(void)
{
	pthread_t thread;
	int i;

	pthread_create(&thread, NULL, write_own_number, NULL);
	pthread_join(thread, NULL);
	printf("%d to the main thread\n", came());

	signal(SIGNAL, handler);
	pthread_create(&thread, NULL, take_signals, NULL);
	while (!ready)
		usleep(1000);
	for (i = 0; i < 10; i++)
		write_pid(getpid());
	done = 1;
	pthread_join(thread, NULL);
	printf("the process's number: %d came to the main thread, %d to another\n", came(),
	       elsewhere);
}

/*
 * Another thread, which waits for the signal. A signalfd gives a thread the signals
 * that this thread may receive, so it does not help.
 */
static void *wait_in_thread(void *unused)
{
	struct pollfd wait = { .fd = signalfd(-1, &set, SFD_CLOEXEC), .events = POLLIN };
	struct timespec patience = { .tv_nsec = 300 * 1000 * 1000 };
	int n = 0;

	ready = 1;
	while (sigtimedwait(&set, NULL, &patience) == SIGNAL)
		n++;
	printf("a waiting thread: %d came, signalfd %d, ", n, poll(&wait, 1, 0));
	return unused;
}

static void waiter(void)
{
	pthread_t thread;
	int i;

	pthread_create(&thread, NULL, wait_in_thread, NULL);
	while (!ready)
		usleep(1000);
	for (i = 0; i < 5; i++)
		write_pid(getpid());
	pthread_join(thread, NULL);
	printf("the main thread: %d came\n", came());
}

/* Goes on after the main thread, which has the process's number, has ended. */
static void *outlive(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL);
	signal(SIGNAL, handler);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	printf("the main thread has ended: %s, ", result(write_pid(getpid())));
	printf("%d came to another\n", elsewhere);
	exit(0);
}

static void leader(void)
{
	static pthread_t main_thread;
	pthread_t thread;

	main_thread = pthread_self();
	pthread_create(&thread, NULL, outlive, &main_thread);
	syscall(SYS_exit, 0); /* ends only this thread; pthread_exit() needs libgcc_s */
}

/*
 * Forks a child with namespaces or a number of its own. Returns 0 in the child, and
 * the child's number in the parent.
 */
static pid_t start(unsigned long flags, pid_t number)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid;

	if (number) {
		args.set_tid = (uintptr_t)&number;
		args.set_tid_size = 1;
	}
	fflush(stdout);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid < 0 && errno != ENOSPC)
		err(1, "clone3");
	return pid;
}

/* The child's exit status is 1 if it received the signal, 0 if it did not within 2 seconds. */
static void wait_and_exit(void)
{
	struct timespec patience = { .tv_sec = 2 };

	_exit(sigtimedwait(&set, NULL, &patience) == SIGNAL);
}

static void reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void zombie(void)
{
	pid_t pid = start(0, 0);
	siginfo_t info;

	if (!pid)
		_exit(0);
	waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
	printf("ended: %s, ", result(write_pid(pid)));
	waitpid(pid, NULL, 0);
	printf("reaped: %s\n", result(write_pid(pid)));
}

/* In a PID namespace of its own the process has number 2; outside, 2 is a kernel thread. */
static void namespace(void)
{
	pid_t outer = getpid(), pid;
	int status;

	pid = start(CLONE_NEWPID, 0);
	if (!pid) {
		if (!start(0, 0)) {
			printf("inside: own number %d: %s, ", getpid(),
			       result(write_pid(getpid())));
			printf("%d came, outer number: %s\n", came(), result(write_pid(outer)));
			exit(0);
		}
		wait(NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	printf("outside: %d came, ", came());

	pid = start(CLONE_NEWPID, 0);
	if (!pid)
		wait_and_exit();
	printf("number of the one inside: %s, ", result(write_pid(pid)));
	waitpid(pid, &status, 0);
	printf("%d came there\n", WEXITSTATUS(status));
}

/* Two processes, one after the other, have the same number. */
static void reused(void)
{
	pid_t pid = start(0, 0);
	int status;

	if (!pid)
		wait_and_exit();
	printf("the first: %s, ", result(write_pid(pid)));
	waitpid(pid, &status, 0);
	printf("%d came, nobody: %s, ", WEXITSTATUS(status), result(write_pid(pid)));
	if (!start(0, pid))
		wait_and_exit();
	printf("the second: %s, ", result(write_pid(pid)));
	waitpid(pid, &status, 0);
	printf("%d came\n", WEXITSTATUS(status));
}

static void *held_write(void *len)
{
	static const char *answer;

	answer = write(fd, pages + page, *(int *)len) < 0 ? strerror(errno) : "taken";
	return (void *)answer;
}

/* The write waits for a page that userfaultfd holds back. Meanwhile the process ends. */
static void hold(void)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), len;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct uffd_msg msg;
	pthread_t thread;
	void *answer;
	pid_t pid = start(0, 0);

	if (!pid)
		wait_and_exit();
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)pages;
	len = snprintf(pages, page, "%d", pid);
	alarm(5);

	pthread_create(&thread, NULL, held_write, &len);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the write waits */
		err(1, "read userfaultfd");
	reap(pid);
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &answer);
	printf("%s\n", (char *)answer);
}

/* One process writes a number all the time, while processes with that number start and end. */
static void exits(void)
{
	struct {
		atomic_int target, taken, gone, other;
	} *shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writer, pid;
	int i;

	signal(SIGNAL, SIG_IGN); /* otherwise the queue would be full before a process ends */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	writer = start(0, 0);
	while (!writer) {
		if (!shared->target)
			continue;
		if (!write_pid(shared->target))
			shared->taken++;
		else if (errno == ESRCH)
			shared->gone++;
		else
			shared->other++;
	}
	for (i = 0; i < 50; i++) {
		pid = start(0, 0);
		if (!pid)
			_exit(0);
		shared->target = pid;
		waitpid(pid, NULL, 0);
	}
	reap(writer);
	printf("taken: %s, gone: %s, otherwise: %d\n", shared->taken ? "some" : "none",
	       shared->gone ? "some" : "none", shared->other);
}

/* Two processes write the number of a third one. */
static void race(void)
{
	pid_t self = getpid();
	int i, n, status, failed = 0;

	for (i = 0; i < 2; i++) {
		if (start(0, 0))
			continue;
		for (n = 0; n < 100; n++)
			failed += write_pid(self) != 0;
		_exit(failed);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	printf("%d failed, %d came\n", failed, came());
}

static void set_up(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		err(1, "write %s", path);
	close(file);
}

/*
 * Twelve processes, one after the other, each in a user and a PID namespace of its
 * own. Only four of these may exist at a time. A struct pid that is still held keeps
 * the PID namespace, a task_struct the user namespace. The kernel frees them a little
 * later, so this tries again for a while.
 */
static void leak(void)
{
	int i, tries = 0;
	pid_t pid;

	if (unshare(CLONE_NEWUSER))
		err(1, "unshare");
	set_up("/proc/self/setgroups", "deny");
	set_up("/proc/self/uid_map", "0 0 1");
	set_up("/proc/self/gid_map", "0 0 1");
	set_up("/proc/sys/user/max_user_namespaces", "4");
	set_up("/proc/sys/user/max_pid_namespaces", "4");
	for (i = 0; i < 12; i++) {
		while ((pid = start(CLONE_NEWUSER | CLONE_NEWPID, 0)) < 0 && ++tries < 100)
			usleep(10000);
		if (pid < 0)
			break;
		if (!pid)
			wait_and_exit();
		write_pid(pid);
		reap(pid);
	}
	printf("%d\n", i);
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

static const struct {
	const char *name;
	void (*run)(void);
} commands[] = {
	{ "waitinfo", wait_for_info },
	{ "signalfd", read_signalfd },
	{ "queue", fill_queue },
	{ "threads", threads },
	{ "waiter", waiter },
	{ "leader", leader },
	{ "zombie", zombie },
	{ "namespace", namespace },
	{ "reused", reused },
	{ "held", hold },
	{ "exits", exits },
	{ "race", race },
	{ "leak", leak },
};

int main(int argc, char *argv[])
{
	const char *command = argc > 1 ? argv[1] : "";
	int path = open(DIR "/" NAME, O_PATH), flags = O_WRONLY;
	struct rlimit one_byte = { 1, 1 };
	char name[32];
	size_t i;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);

	if (argc > 2 && (!strcmp(command, "blocked") || !strcmp(command, "limited") ||
			 !strcmp(command, "one-byte"))) {
		if (*command == 'l')
			limit_queue();
		if (*command == 'o' && setrlimit(RLIMIT_FSIZE, &one_byte))
			err(1, "setrlimit");
		execv(argv[2], argv + 2);
		err(1, "%s", argv[2]);
	}
	if (!strcmp(command, "reload")) {
		reload();
		return 0;
	}
	if (!strcmp(command, "unload")) {
		printf("%s\n", result(syscall(SYS_delete_module, MODULE, O_NONBLOCK)));
		return 0;
	}
	if (!strcmp(command, "nobody") && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
		err(1, "setuid");
	if (!strcmp(command, "read"))
		flags = O_RDONLY;
	/* By way of a descriptor: only root gets into the directory, whatever the file's mode. */
	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	fd = open(name, flags);
	if (fd < 0) {
		printf("open: %m\n");
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (!strcmp(command, commands[i].name)) {
			commands[i].run();
			return 0;
		}
	if (flags == O_RDONLY)
		printf("%s\n", result(read(fd, pages, 10)));
	else if (argc > 2 && !strcmp(command, "write"))
		write_text(argv[2], argc > 3 ? atoll(argv[3]) : 0);
	else if (argc > 2 && !strcmp(command, "pointer"))
		write_pointer(argv[2]);
	else
		errx(2, "usage: see the head of signal_test.c");
	return 0;
}
