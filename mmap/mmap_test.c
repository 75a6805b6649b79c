// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: opens, maps and changes the page step by
 * step, in one process or in two. Prints the results.
 *
 * Usage: mmap_test STEP...
 *        mmap_test count|race|reload
 *
 * A step prints nothing when it succeeds, otherwise the error. Steps that look at
 * something print what they see. "2:" before a step means the second file and
 * mapping, and "c:" after the step fork means the child. The steps run in the order
 * of the arguments, in whichever process. P is a page of the mapping (default 0, the
 * first). LENGTH and OFFSET are bytes, or pages as in 2p or 1p+1.
 *
 *   open[=r|w] same close      opens the file; same: dup(2) of the other descriptor
 *   map[=LENGTH[@OFFSET]]      maps it, shared
 *   mapr private               maps it shared and read-only; maps it private
 *   get put=TEXT peek[=P]      prints the text; writes a text; prints the first byte of P
 *   old                        prints the text where the mapping was before its last move
 *   fill rest                  writes x everywhere; counts the bytes after the text that are not 0
 *   grow=LENGTH move twin      mremap(2): enlarges, moves, makes a second mapping of it
 *   unmap[=P] readonly[=P] noaccess[=P] writable[=P] dontfork dontneed
 *   fork wait kill             makes a child; waits for its end; kills the process itself
 *   pin drain                  makes a pipe hold the page; reads the text from the pipe
 *   futex private-futex        futex(2) on the page, shared and with FUTEX_PRIVATE_FLAG
 *   read write seek truncate
 *   log                        prints what the module has logged since the last time
 *   rmmod sh=COMMAND nobody    unloads; runs a command; becomes a user who is not root
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/futex.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define DIR "/sys/kernel/debug"
#define FILE_NAME "mmap_example"
#define MODULE "mmap_kernel"
#define GREETING "Hello from the kernel, this is file mmap_example"

struct shared {
	int turn; /* the step whose time has come */
	int said; /* how many answers have been printed */
};

static struct shared *shared; /* memory that all processes share */

static struct file {
	int fd;
	char *map;
	size_t len;
} files[2] = { { .fd = -1 }, { .fd = -1 } };
static struct file *file; /* the one that the step is about */
static char *old; /* where the mapping was before its last move */
static int pipe_ends[2];
static int dir, kmsg;
static char name[32]; /* the file, by a descriptor that only names it */
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

static void say_text(const char *text)
{
	char copy[201] = "";

	memcpy(copy, text, 200);
	say("%s", strcmp(copy, GREETING) ? copy : "greeting");
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

	file->len = arg ? bytes(arg, &end) : (size_t)page;
	offset = *end == '@' ? bytes(end + 1, &end) : 0;
	new = mmap(NULL, file->len, prot, flags, file->fd, offset);
	if (new == MAP_FAILED)
		say_unless_ok(-1);
	else
		file->map = new;
}

static void remap(size_t from, size_t to, int flags, void *where)
{
	char *new = mremap(file->map, from, to, MREMAP_MAYMOVE | flags, where);

	if (new == MAP_FAILED) {
		say_unless_ok(-1);
	} else if (from) {
		old = file->map;
		file->map = new;
		file->len = to;
	} else {
		files[1].map = new;
	}
}

/* Prints each line that the module has logged since the last time, "-" if there is none. */
static void say_log(void)
{
	const char *start = MODULE ": ";
	char record[1024], *text;
	int lines = 0;
	ssize_t len;

	while ((len = read(kmsg, record, sizeof(record) - 1)) > 0) {
		record[len] = '\0';
		record[strcspn(record, "\n")] = '\0';
		text = strchr(record, ';');
		if (text && !strncmp(text + 1, start, strlen(start)) && ++lines)
			say("%s", text + 1 + strlen(start));
	}
	if (!lines)
		say("-");
}

/* open_file() uses a descriptor from before: only root gets into the directory. */
static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
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

static void open_file(const char *arg)
{
	int flags = O_RDWR;

	if (arg)
		flags = *arg == 'r' ? O_RDONLY : O_WRONLY;
	file->fd = open(name, flags);
	say_unless_ok(file->fd);
}

static void move(void)
{
	void *where = mmap(NULL, file->len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	remap(file->len, file->len, MREMAP_FIXED, where);
}

static void say_rest(void)
{
	int i, n = 0;

	for (i = strlen(file->map); i < page; i++)
		n += file->map[i] != 0;
	say("%d", n);
}

/* vmsplice(2) puts no copy into the pipe: the pipe holds the page itself. */
static void pin(void)
{
	struct iovec iov = { file->map, 200 };

	say_unless_ok(pipe(pipe_ends) ? -1 : vmsplice(pipe_ends[1], &iov, 1, 0));
}

static void drain(void)
{
	char buf[200];
	ssize_t len = read(pipe_ends[0], buf, sizeof(buf));

	if (len == sizeof(buf))
		say_text(buf);
	else
		say("%zd bytes", len);
}

static void step(const char *name, const char *arg)
{
	char *at = file->map + (arg ? atoi(arg) : 0) * page, *end, byte;

	if (!strcmp(name, "open"))
		open_file(arg);
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
	else if (!strcmp(name, "get"))
		say_text(file->map);
	else if (!strcmp(name, "put"))
		strcpy(file->map, arg);
	else if (!strcmp(name, "peek"))
		say("%d", *at);
	else if (!strcmp(name, "old"))
		say_text(old);
	else if (!strcmp(name, "fill"))
		memset(file->map, 'x', page);
	else if (!strcmp(name, "rest"))
		say_rest();
	else if (!strcmp(name, "grow"))
		remap(file->len, bytes(arg, &end), 0, NULL);
	else if (!strcmp(name, "move"))
		move();
	else if (!strcmp(name, "twin"))
		remap(0, page, 0, NULL);
	else if (!strcmp(name, "unmap"))
		say_unless_ok(munmap(at, page));
	else if (!strcmp(name, "readonly"))
		say_unless_ok(mprotect(at, page, PROT_READ));
	else if (!strcmp(name, "noaccess"))
		say_unless_ok(mprotect(at, page, PROT_NONE));
	else if (!strcmp(name, "writable"))
		say_unless_ok(mprotect(at, page, PROT_READ | PROT_WRITE));
	else if (!strcmp(name, "dontfork"))
		say_unless_ok(madvise(at, page, MADV_DONTFORK));
	else if (!strcmp(name, "dontneed"))
		say_unless_ok(madvise(at, page, MADV_DONTNEED));
	else if (!strcmp(name, "wait"))
		say_unless_ok(wait(NULL));
	else if (!strcmp(name, "pin"))
		pin();
	else if (!strcmp(name, "drain"))
		drain();
	else if (!strcmp(name, "futex"))
		say_unless_ok(syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0));
	else if (!strcmp(name, "private-futex")) /* sleeps while the word is 0, which it is not */
		say_unless_ok(syscall(SYS_futex, at, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
	else if (!strcmp(name, "read"))
		say_unless_ok(read(file->fd, &byte, 1));
	else if (!strcmp(name, "write"))
		say_unless_ok(write(file->fd, "x", 1));
	else if (!strcmp(name, "seek"))
		say_unless_ok(lseek(file->fd, 0, SEEK_SET));
	else if (!strcmp(name, "truncate"))
		say_unless_ok(ftruncate(file->fd, 0));
	else if (!strcmp(name, "log"))
		say_log();
	else if (!strcmp(name, "rmmod"))
		say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	else if (!strcmp(name, "sh"))
		say_unless_ok(system(arg));
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

/*
 * Two processes add to one word of the page, each through a mapping of its own. They
 * empty their mappings now and then, so that both often run the fault handler.
 */
static void count(void)
{
	int i, n, *word;

	step("open", NULL);
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		step("map", NULL);
		word = (int *)(file->map + page / 2);
		for (n = 0; n < 20000; n++) {
			__atomic_add_fetch(word, 1, __ATOMIC_RELAXED);
			if (n % 50 == 0)
				madvise(file->map, page, MADV_DONTNEED);
		}
		exit(0);
	}
	while (wait(NULL) > 0)
		;
	step("map", NULL);
	printf("%d\n", *(int *)(file->map + page / 2));
}

static int open_and_map(void)
{
	int fd = openat(dir, FILE_NAME, O_RDWR);
	char *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED || close(fd))
		return 1;
	strcpy(map, "raced");
	return munmap(map, page) != 0;
}

/*
 * Two processes open and map the file again and again. A third one, which keeps a
 * mapping, tries to unload the module. Without that mapping the kernel has a race of
 * its own: debugfs warns about an open(2) at the moment when rmmod has found no user
 * and has not yet marked the module as leaving.
 */
static void race(void)
{
	int i, n, status, failed = 0, unloaded = 0;
	pid_t ended;

	step("open", NULL);
	step("map", NULL);
	step("close", NULL);
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		for (n = 0; n < 50; n++)
			failed += open_and_map();
		exit(failed != 0);
	}
	while ((ended = waitpid(-1, &status, WNOHANG)) >= 0) {
		failed += ended > 0 && status;
		unloaded += syscall(SYS_delete_module, MODULE, O_NONBLOCK) == 0 || errno != EAGAIN;
	}
	printf("%d failed, %d unloaded\n", failed, unloaded);
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

	page = sysconf(_SC_PAGESIZE);
	shared = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	file = files;
	if (argc > 1 && strcmp(argv[1], "reload"))
		alarm(30); /* ends a process that waits for a step that never comes */
	dir = open(DIR, O_RDONLY);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", open(DIR "/" FILE_NAME, O_PATH));
	kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	lseek(kmsg, 0, SEEK_END);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	if (argc == 2 && !strcmp(argv[1], "count"))
		count();
	else if (argc == 2 && !strcmp(argv[1], "race"))
		race();
	else if (argc == 2 && !strcmp(argv[1], "reload"))
		reload();
	else
		run(argc - 1, argv + 1);
	return 0;
}
