// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single calls with odd texts, buffers and
 * offsets, poll and inotify, calls held half way, several callers at once.
 * Prints the results.
 *
 * Usage: sysfs_test numbers PATH TEXT...          (TEXT may contain \n, \t and \0)
 *        sysfs_test [-u] read|write PATH BUFFER COUNT [OFFSET]      (-u: as nobody)
 *        sysfs_test unread PATH
 *        sysfs_test poll|inotify WATCHED PATH TEXT...
 *        sysfs_test asleep PATH
 *        sysfs_test writev|held-read|held-write|held-unload|race|busy-unload|reload
 *        sysfs_test load MODULE PARAMETERS
 *        sysfs_test watch PATH COMMAND    (what inotify reports of the file meanwhile)
 *        sysfs_test unseen PATH TEXT      (a write that only the kernel can report)
 *        sysfs_test ask PATH              (fanotify: may somebody open this file?)
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST "/sys/fs/myfs/first"
#define SECOND "/sys/fs/myfs/second"
#define MODULE "sysfs_fs_kernel"

static long page;
static char *pages; /* two pages; some tests unmap or register the second */

static int open_file(const char *path, int flags)
{
	int fd = open(path, flags);

	if (fd < 0) {
		printf("open: %m\n");
		exit(0);
	}
	return fd;
}

/* Returns what the file contains, without its newline. */
static const char *look(int fd)
{
	static char text[32];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		return strerror(errno);
	if (!len || text[len - 1] != '\n')
		return "no newline";
	text[len - 1] = '\0';
	return text;
}

/* Writes the text with one call. Returns "", or the error. */
static const char *put(int fd, const char *text)
{
	static char result[40];
	char bytes[64];
	size_t len = 0;
	ssize_t ret;

	for (; *text && len < sizeof(bytes); text++) {
		bytes[len++] = *text;
		if (*text != '\\')
			continue;
		text++;
		bytes[len - 1] = *text == 'n' ? '\n' : *text == 't' ? '\t' : '\0';
	}
	ret = pwrite(fd, bytes, len, 0);
	if (ret < 0)
		return strerror(errno);
	snprintf(result, sizeof(result), ret == (ssize_t)len ? "" : "%zd written", ret);
	return result;
}

/* Prints for each text: the text, the error if there is one, what the file then contains. */
static void numbers(const char *path, char *texts[])
{
	int fd = open_file(path, O_RDWR);
	const char *result;

	for (; *texts; texts++) {
		result = put(fd, *texts);
		printf("%s: %s%s%s\n", *texts, result, *result ? ", " : "", look(fd));
	}
}

static void print_result(ssize_t ret, const char *data)
{
	ssize_t i;

	if (ret < 0) {
		printf("%m\n");
		return;
	}
	printf("%zd%s", ret, data && ret ? " " : "");
	for (i = 0; data && i < ret; i++)
		printf(data[i] == '\n' ? "\\n" : "%c", data[i]);
	printf("\n");
}

static char *odd_buffer(const char *kind)
{
	if (!strcmp(kind, "good"))
		return memset(pages, '7', page);
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
		return memset(pages + page - 4, '7', 4);
	errx(2, "no such buffer: %s", kind);
}

/* Writes two segments with one call. */
static void write_segments(void)
{
	struct iovec iov[] = { { "1", 1 }, { "2", 1 } };

	print_result(writev(open_file(FIRST, O_WRONLY), iov, 2), NULL);
}

/* Waits for a change. sysfs reports each one until the file is read the next time. */
static const char *change(int fd, int milliseconds)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLPRI | POLLERR };

	switch (poll(&pollfd, 1, milliseconds)) {
	case 0:
		return "nothing";
	case 1:
		return pollfd.revents == (POLLPRI | POLLERR) ? "woken" : "woken by something else";
	default:
		return strerror(errno);
	}
}

static void poll_file(const char *watched, const char *path, char *texts[])
{
	int fd = open_file(watched, O_RDONLY), writer = open_file(path, O_WRONLY);

	look(fd);
	printf("%s", change(fd, 0));
	for (; *texts; texts++) {
		put(writer, *texts);
		printf(", %s: %s", *texts, change(fd, 0));
		printf(" %s", change(fd, 0)); /* still, because the file has not been read */
		look(fd);
	}
	printf("\n");
}

static int watch(const char *path, unsigned int mask)
{
	int fd = inotify_init1(IN_CLOEXEC);

	if (inotify_add_watch(fd, path, mask) < 0)
		err(1, "inotify_add_watch %s", path);
	return fd;
}

/* A change may be reported twice: by write(2), and a little later by sysfs_notify(). */
static const char *reported(int fd)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	int events;

	for (events = 0; poll(&pollfd, 1, 200) > 0; events++)
		if (read(fd, pages, page) <= 0)
			err(1, "read inotify");
	return events ? "reported" : "nothing";
}

static void inotify_file(const char *watched, const char *path, char *texts[])
{
	int fd = watch(watched, IN_MODIFY), writer = open_file(path, O_WRONLY);

	for (; *texts; texts++) {
		put(writer, *texts);
		printf("%s: %s\n", *texts, reported(fd));
	}
}

static void watch_command(const char *path, const char *command)
{
	int fd = watch(path, IN_ALL_EVENTS & ~(IN_OPEN | IN_ACCESS | IN_CLOSE));

	if (system(command))
		errx(1, "%s fails", command);
	puts(reported(fd));
}

/*
 * The kernel reports a write(2) because a program has called it. There is one way to write that it
 * does not report: through a descriptor that fanotify has opened for its listener. What inotify
 * still reports then comes from the module.
 */
static void unseen(const char *path, const char *text)
{
	int asker = fanotify_init(FAN_CLASS_NOTIF, O_RDWR), fd;
	struct fanotify_event_metadata event;

	if (asker < 0 || fanotify_mark(asker, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path))
		err(1, "fanotify");
	open_file(path, O_RDONLY);
	if (read(asker, &event, sizeof(event)) != sizeof(event))
		err(1, "read fanotify");
	fd = watch(path, IN_MODIFY);
	put(event.fd, text);
	puts(reported(fd));
}

/* Has the kernel ask this program whether its child may open the file. The answer is no. */
static void ask(const char *path)
{
	struct fanotify_response answer = { .response = FAN_DENY };
	struct fanotify_event_metadata event;
	struct pollfd pollfd = { .events = POLLIN };
	int status;

	pollfd.fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
	if (pollfd.fd < 0)
		err(1, "fanotify_init");
	if (fanotify_mark(pollfd.fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, path)) {
		printf("no mark: %m\n");
		return;
	}
	if (!fork()) {
		close(pollfd.fd); /* as a listener it would have to answer itself */
		open_file(path, O_RDONLY);
		printf("opened\n");
		exit(fclose(stdout));
	}
	if (poll(&pollfd, 1, 1000) > 0) {
		if (read(pollfd.fd, &event, sizeof(event)) != sizeof(event))
			err(1, "read fanotify");
		printf("asked, ");
		fflush(stdout);
		answer.fd = event.fd;
		if (write(pollfd.fd, &answer, sizeof(answer)) != sizeof(answer))
			err(1, "write fanotify");
	}
	wait(&status);
}

/* Lets a child wait in poll(2), and writes when the child sleeps. */
static void poll_asleep(const char *path)
{
	int fd = open_file(path, O_RDWR), status, i;
	char stat[64], state = 0;
	pid_t child;

	look(fd);
	child = fork();
	if (!child) {
		printf("%s\n", change(fd, 5000));
		exit(fclose(stdout));
	}
	snprintf(stat, sizeof(stat), "/proc/%d/stat", child);
	for (i = 0; i < 1000 && state != 'S'; i++) {
		FILE *file = fopen(stat, "r");

		if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
			err(1, "%s", stat);
		fclose(file);
		usleep(1000);
	}
	put(fd, "1");
	waitpid(child, &status, 0);
}

/*
 * Its 4 bytes lie across two pages. The first access to the second page waits
 * until hold() provides it.
 */
static void *held_call(void *op)
{
	int fd = open_file(FIRST, O_RDWR);
	char *buf = memset(pages + page - 2, '4', 2);
	ssize_t ret = op ? write(fd, buf, 4) : read(fd, buf, 4);

	return (void *)(ret < 0 ? -(long)errno : ret);
}

static void hold(int writing, int unload)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct uffd_msg msg;
	pthread_t thread;
	const char *result;
	void *ret;
	int fd = open_file(FIRST, O_RDWR);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)memset(malloc(page), '4', page);
	alarm(5); /* if the held call locks us out, this ends the test */

	put(fd, "1234");
	pthread_create(&thread, NULL, held_call, writing ? "" : NULL);
	if (read(uffd, &msg, sizeof(msg)) != sizeof(msg)) /* now the call waits */
		err(1, "read userfaultfd");
	printf("meanwhile %s, ", look(fd));
	result = put(fd, "5678");
	printf("%s, ", *result ? result : look(fd));
	if (unload && syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		printf("rmmod: %s, ", strerror(errno));
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &ret);
	if ((long)ret < 0)
		printf("then %s\n", strerror(-(long)ret));
	else
		printf("then %ld %.4s\n", (long)ret, writing ? look(fd) : pages + page - 2);
}

/* Two processes, each with its own file: each must read what it has written. */
static void race(void)
{
	static const char *const paths[] = { FIRST, SECOND };
	int i, n, fd, status, wrong = 0;
	char number[16];

	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		fd = open_file(paths[i], O_RDWR);
		for (n = 1; n <= 2000; n++) {
			snprintf(number, sizeof(number), "%d", i ? -n : n);
			if (*put(fd, number) || strcmp(look(fd), number))
				exit(1);
		}
		exit(0);
	}
	while (wait(&status) > 0)
		wrong += status != 0;
	printf("%d wrong\n", wrong);
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

/*
 * Removes the module while two processes write. Their number is a page of zeros.
 * store needs some time for it, so nearly always a call is in the module.
 */
static void busy_unload(void)
{
	int file = open(MODULE ".ko", O_RDONLY), i, n, fd, status, wrong = 0;
	int *written = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t writers[2];

	memset(pages, '0', page);
	for (i = 0; i < 2; i++) {
		writers[i] = fork();
		if (writers[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* else it runs on if the test fails */
		for (;;) {
			fd = open(FIRST, O_RDWR);
			if (fd < 0 && errno != ENOENT && errno != ENODEV)
				exit(1);
			while (fd >= 0 && pwrite(fd, pages, page, 0) == page)
				__atomic_or_fetch(written, 1 << i, __ATOMIC_RELAXED);
			if (fd >= 0 && errno != ENODEV)
				exit(1);
			close(fd);
			usleep(1000);
		}
	}
	for (i = 0; i < 5; i++) {
		__atomic_store_n(written, 0, __ATOMIC_RELAXED);
		if (syscall(SYS_finit_module, file, "", 0))
			err(1, "load %d", i);
		for (n = 0; n < 5000 && __atomic_load_n(written, __ATOMIC_RELAXED) != 3; n++)
			usleep(1000);
		if (syscall(SYS_delete_module, MODULE, O_NONBLOCK))
			err(1, "unload %d", i);
	}
	for (i = 0; i < 2; i++) {
		kill(writers[i], SIGKILL);
		waitpid(writers[i], &status, 0);
		wrong += !WIFSIGNALED(status);
	}
	printf("%d wrong\n", wrong);
}

/* The same as insmod. But each insmod has its own words for an errno. */
static void load(const char *module, const char *parameters)
{
	char file[64];
	int fd;

	snprintf(file, sizeof(file), "%s.ko", module);
	fd = open(file, O_RDONLY);
	if (fd < 0)
		err(1, "open %s", file);
	printf("%s\n", syscall(SYS_finit_module, fd, parameters, 0) ? strerror(errno) : "0");
}

int main(int argc, char *argv[])
{
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
	if (argc == 2 && !strcmp(argv[1], "writev")) {
		write_segments();
	} else if (argc > 3 && !strcmp(argv[1], "numbers")) {
		numbers(argv[2], argv + 3);
	} else if (argc > 4 && !strcmp(argv[1], "poll")) {
		poll_file(argv[2], argv[3], argv + 4);
	} else if (argc > 4 && !strcmp(argv[1], "inotify")) {
		inotify_file(argv[2], argv[3], argv + 4);
	} else if (argc == 4 && !strcmp(argv[1], "watch")) {
		watch_command(argv[2], argv[3]);
	} else if (argc == 4 && !strcmp(argv[1], "unseen")) {
		unseen(argv[2], argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "ask")) {
		ask(argv[2]);
	} else if (argc == 3 && !strcmp(argv[1], "unread")) {
		puts(change(open_file(argv[2], O_RDONLY), 0));
	} else if (argc == 3 && !strcmp(argv[1], "asleep")) {
		poll_asleep(argv[2]);
	} else if (argc == 2 && !strncmp(argv[1], "held-", 5)) {
		hold(argv[1][5] != 'r', argv[1][5] == 'u');
	} else if (argc == 2 && !strcmp(argv[1], "race")) {
		race();
	} else if (argc == 2 && !strcmp(argv[1], "reload")) {
		reload();
	} else if (argc == 2 && !strcmp(argv[1], "busy-unload")) {
		busy_unload();
	} else if (argc == 4 && !strcmp(argv[1], "load")) {
		load(argv[2], argv[3]);
	} else if (argc > 4) {
		reading = !strcmp(argv[1], "read");
		if (!reading && strcmp(argv[1], "write"))
			errx(2, "no such call: %s", argv[1]);
		fd = open_file(argv[2], reading ? O_RDONLY : O_WRONLY);
		buf = odd_buffer(argv[3]);
		count = strtoul(argv[4], NULL, 0);
		offset = argc > 5 ? strtoll(argv[5], NULL, 0) : 0;
		ret = reading ? pread(fd, buf, count, offset) : pwrite(fd, buf, count, offset);
		print_result(ret, reading ? buf : NULL);
	} else {
		errx(2, "usage: see the head of sysfs_test.c");
	}
	return 0;
}
