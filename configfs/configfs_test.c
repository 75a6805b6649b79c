// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd buffers and
 * offsets, calls held half way, several callers at once. Prints the results.
 * FILE and ITEM are names below configfs_example. The others use the item "one",
 * which test.sh has made, or items of their own.
 *
 * Usage: configfs_test [-u] read|write FILE BUFFER COUNT [OFFSET]   (-u: as nobody)
 *        configfs_test [-u] mkdir|rmdir ITEM
 *        configfs_test text FILE TEXT
 *        configfs_test writev|held-read|held-write|held-rmdir|kept
 *        configfs_test race|race-rmdir|race-mkdir|leak|reload|unload
 *        configfs_test nothing write|pread COUNT COMMAND...
 */
#define _FILE_OFFSET_BITS 64
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/sys/kernel/config/configfs_example"
#define MODULE "configfs_kernel"
#define MESSAGE "one/message"

static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static int open_file(const char *file, int flags)
{
	int fd = open(file, flags);

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
		return memset(pages, 'x', 2 * page);
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
		return memcpy(pages + page - 4, "1234", 4);
	errx(2, "no such buffer: %s", kind);
}

/* Writes two segments with one call. */
static void write_segments(void)
{
	struct iovec iov[] = { { "ab", 2 }, { "cd", 2 } };

	print_result(writev(open_file(MESSAGE, O_WRONLY), iov, 2), NULL);
}

/*
 * Runs a command in which one call, the one with this count, does nothing and returns
 * 0. A filter for system calls (seccomp) does that, since configfs itself never would.
 */
static void run_with_nothing(int call, int count, char *command[])
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, count, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(1, "prctl");
	execv(*command, command);
	err(1, "exec %s", *command);
}

/*
 * Its 64 bytes lie across two pages. The first access to the second page waits
 * until hold() provides it.
 */
static void *held_call(void *op)
{
	int fd = open_file(MESSAGE, O_RDWR);
	char *buf = memset(pages + page - 32, 'x', 32);
	ssize_t ret = op ? write(fd, buf, 64) : read(fd, buf, 64);

	return (void *)(ret < 0 ? -errno : ret);
}

enum held { READ, WRITE, RMDIR }; /* RMDIR: a write, whose item is removed meanwhile */

static void hold(enum held what)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct uffd_msg msg;
	char now[8] = "";
	pthread_t thread;
	void *ret;
	int fd = open_file(MESSAGE, O_RDWR);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)memset(malloc(page), 'y', page);
	alarm(5); /* if the held call locks us out, this ends the test */

	pthread_create(&thread, NULL, held_call, what == READ ? NULL : "");
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");
	if (what == READ && write(fd, "new message", 11) != 11)
		err(1, "write beside a held read");
	if (pread(fd, now, sizeof(now), 0) < 0)
		err(1, "read beside a held call");
	if (what == RMDIR && rmdir("one"))
		err(1, "rmdir beside a held call");
	printf("meanwhile %.8s, ", now);
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &ret);
	if ((long)ret < 0) {
		printf("then %s\n", strerror(-(long)ret));
		return;
	}
	/* An open file keeps the text of its first read, so open the file again. */
	fd = open_file(MESSAGE, O_RDONLY);
	if (what == WRITE && pread(fd, pages + page - 32, 64, 0) < 0)
		err(1, "read");
	printf("then %zd %.4s\n", (ssize_t)ret, pages + page - 2);
}

/*
 * An open file keeps the text of its first read until something is written through
 * it, even after the item is removed. Prints the result of each step.
 */
static void kept(void)
{
	int fd = open_file(MESSAGE, O_RDWR);
	int other = open_file(MESSAGE, O_RDWR);
	int i;

	for (i = 0; i < 6; i++) {
		if (i == 1 && write(other, "newer", 5) != 5)
			err(1, "write");
		if (i == 2 && write(fd, "own", 3) != 3)
			err(1, "write");
		if (i == 3 && rmdir("one"))
			err(1, "rmdir");
		print_result(i == 4 ? write(fd, "late", 4) : pread(fd, pages, page, 0),
			     i == 4 ? NULL : pages);
	}
}

/*
 * Two writers write 200 times a and 100 times b. Each read must return one of the
 * two, whole. Each writer opens the file, because configfs lets only one caller at a
 * time use an open file. The reader opens it for each read, see kept().
 */
static void race(void)
{
	int fd, i, len, status, failed = 0, mixed = 0;
	char buf[200], *text;
	ssize_t n, k;
	pid_t ended;

	if (mkdir("raced", 0755) ||
	    write(open_file("raced/message", O_WRONLY), memset(pages, 'a', 200), 200) != 200)
		err(1, "write");
	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		fd = open_file("raced/message", O_WRONLY);
		text = memset(pages, "ab"[i], 200);
		len = i ? 100 : 200;
		for (n = 0; n < 200; n++)
			if (write(fd, text, len) != len)
				exit(1);
		exit(0);
	}
	while ((ended = waitpid(-1, &status, WNOHANG)) >= 0) {
		failed += ended > 0 && status;
		fd = open_file("raced/message", O_RDONLY);
		n = read(fd, buf, sizeof(buf));
		close(fd);
		for (k = 0; k < n && buf[k] == buf[0]; k++)
			;
		mixed += k < n || n != (buf[0] == 'a' ? 200 : 100);
	}
	printf("%d failed, %d mixed\n", failed, mixed);
	if (rmdir("raced"))
		err(1, "rmdir");
}

/*
 * One process writes to an item again and again, the other removes the item meanwhile.
 * Each write must succeed until the removal, and fail with ENOENT from then on.
 */
static void race_rmdir(void)
{
	enum { ROUNDS = 100 };
	int i, fd, to_writer[2], from_writer[2], odd = 0;
	char byte = 0;

	if (pipe(to_writer) || pipe(from_writer))
		err(1, "pipe");
	if (!fork()) {
		close(to_writer[1]);
		alarm(30); /* if a write goes on forever, this ends the test */
		while (read(to_writer[0], &byte, 1) == 1) {
			fd = open_file("removed/value", O_RDWR);
			byte = write(fd, "1", 1) != 1;
			if (write(from_writer[1], &byte, 1) != 1)
				exit(1);
			while (write(fd, "1", 1) == 1)
				;
			byte = errno != ENOENT || read(fd, pages, 1) != -1 || errno != ENOENT;
			close(fd);
			if (write(from_writer[1], &byte, 1) != 1)
				exit(1);
		}
		exit(0);
	}
	close(from_writer[1]);
	alarm(30);
	for (i = 0; i < ROUNDS; i++) {
		if (mkdir("removed", 0755))
			err(1, "mkdir");
		if (write(to_writer[1], &byte, 1) != 1 || read(from_writer[0], &byte, 1) != 1)
			err(1, "the writer has ended");
		odd += byte;
		if (rmdir("removed"))
			err(1, "rmdir");
		if (read(from_writer[0], &byte, 1) != 1)
			err(1, "the writer has ended");
		odd += byte;
	}
	printf("%d rounds, %d odd\n", i, odd);
}

/* Four processes make and remove the same name. The one that made it must be able to remove it. */
static void race_mkdir(void)
{
	enum { ROUNDS = 100 };
	int i, me, status, wrong = 0;

	for (me = 0; me < 4; me++) {
		if (fork())
			continue;
		for (i = 0; i < ROUNDS; i++)
			if (mkdir("same", 0755) ? errno != EEXIST : rmdir("same"))
				exit(1);
		exit(0);
	}
	while (wait(&status) > 0)
		wrong += status != 0;
	printf("%d wrong\n", wrong);
}

/* Returns how many objects of kmalloc() the whole kernel has in use. */
static long objects(void)
{
	FILE *slabs = fopen("/proc/slabinfo", "r");
	long sum = 0, active;
	char line[400];

	if (!slabs)
		err(1, "open /proc/slabinfo");
	while (fgets(line, sizeof(line), slabs))
		if (sscanf(line, "kmalloc-%*s %ld", &active) == 1)
			sum += active;
	fclose(slabs);
	return sum;
}

/*
 * Makes and removes many items. What each of them loses adds up; what others allocate
 * meanwhile does not.
 */
static void leak(void)
{
	enum { ROUNDS = 2000 };
	long before = objects(), lost;
	int i;

	for (i = 0; i < ROUNDS; i++)
		if (mkdir("many", 0755) || rmdir("many"))
			err(1, "round %d", i);
	lost = (objects() - before + ROUNDS / 2) / ROUNDS;
	printf("%ld lost with each\n", lost > 0 ? lost : 0);
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
	int fd, reading;
	char *buf;
	size_t count;
	off_t offset;
	ssize_t ret;

	page = sysconf(_SC_PAGESIZE);
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (argc > 1 && !strcmp(argv[1], "-u")) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
		argc--;
		argv++;
	}
	if (argc < 2)
		errx(2, "usage: see the head of configfs_test.c");
	command = argv[1];

	/* These run in the directory of the module, all others in that of the items. */
	if (!strcmp(command, "reload")) {
		reload();
		return 0;
	}
	if (!strcmp(command, "unload")) {
		print_result(syscall(SYS_delete_module, MODULE, O_NONBLOCK), NULL);
		return 0;
	}
	if (argc > 4 && !strcmp(command, "nothing"))
		run_with_nothing(strcmp(argv[2], "write") ? SYS_pread64 : SYS_write, atoi(argv[3]),
				 argv + 4);
	if (chdir(PATH))
		err(1, "chdir " PATH);

	if (!strcmp(command, "race")) {
		race();
	} else if (!strcmp(command, "race-rmdir")) {
		race_rmdir();
	} else if (!strcmp(command, "race-mkdir")) {
		race_mkdir();
	} else if (!strcmp(command, "leak")) {
		leak();
	} else if (!strcmp(command, "writev")) {
		write_segments();
	} else if (!strcmp(command, "kept")) {
		kept();
	} else if (!strcmp(command, "held-read")) {
		hold(READ);
	} else if (!strcmp(command, "held-write")) {
		hold(WRITE);
	} else if (!strcmp(command, "held-rmdir")) {
		hold(RMDIR);
	} else if (argc == 3 && !strcmp(command, "mkdir")) {
		print_result(mkdir(argv[2], 0755), NULL);
	} else if (argc == 3 && !strcmp(command, "rmdir")) {
		print_result(rmdir(argv[2]), NULL);
	} else if (argc == 4 && !strcmp(command, "text")) {
		fd = open_file(argv[2], O_WRONLY);
		print_result(write(fd, argv[3], strlen(argv[3])), NULL);
	} else if (argc > 4) {
		reading = !strcmp(command, "read");
		if (!reading && strcmp(command, "write"))
			errx(2, "no such call: %s", command);
		fd = open_file(argv[2], reading ? O_RDONLY : O_WRONLY);
		buf = odd_buffer(argv[3]);
		count = strtoul(argv[4], NULL, 0);
		offset = argc > 5 ? strtoll(argv[5], NULL, 0) : 0;
		ret = reading ? pread(fd, buf, count, offset) : pwrite(fd, buf, count, offset);
		print_result(ret, reading ? buf : NULL);
	} else {
		errx(2, "usage: see the head of configfs_test.c");
	}
	return 0;
}
