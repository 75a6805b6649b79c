// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: writes from odd buffers, listens by perf and BPF,
 * holds a write half way, has two writers at once. Prints the results. What tracefs
 * shows of that, test.sh reads itself.
 *
 * Usage: tracepoint_test STEP...
 *        tracepoint_test held|race|reload
 *
 * A step prints nothing when it succeeds, otherwise the error. Steps that look at
 * something print what they see. BUFFER is good, null, unmapped, kernel, readonly or edge:
 * of a buffer at the edge all but the last byte is good.
 *
 *   open close                 the node
 *   write[@BUFFER]=TEXT        writes
 *   writev=TEXT                the same with two buffers, of which the first has 3 bytes
 *   none values                writes no bytes; writes 200 bytes of all values, and prints them
 *   read                       read(2) of the node
 *   perf[=FILTER] count        counts events by perf; prints how many have come
 *   bpf                        attaches a BPF program that does nothing
 *   drop                       closes the descriptor of the last perf or bpf
 *   format format-read         opens the file format of the event; reads it
 *   nobody rmmod sh=COMMAND    becomes a user who is not root; unloads; runs a command
 *   outrun=COMMAND             runs a command whose words have commas between them, and writes
 *                              "other" to the node right before the command writes
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/dev/tracepoint_example"
#define EVENT "/sys/kernel/tracing/events/tracepoint_example/tracepoint_example_message"
#define MODULE "tracepoint_kernel"
#define SIZE 200 /* of the longest message */

static int said; /* how many answers have been printed */
static int device = -1, listener = -1, format = -1;
static long page;

static void say(const char *text, ...)
{
	va_list args;

	printf("%s", said++ ? ", " : "");
	va_start(args, text);
	vprintf(text, args);
	va_end(args);
}

static void say_unless_ok(long ret)
{
	if (ret < 0)
		say("%s", strerror(errno));
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "become nobody");
}

/* A buffer with the text, of the kind that the head of this file explains */
static char *odd_buffer(const char *kind, const char *text)
{
	size_t len = strlen(text), good = len;
	char *pages;

	if (!strcmp(kind, "null"))
		return NULL;
	if (!strcmp(kind, "kernel")) /* the last page of every address space */
		return (char *)-page;
	pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		err(1, "mmap");
	munmap(pages + page, page);
	if (!strcmp(kind, "unmapped"))
		return pages + page;
	if (!strcmp(kind, "edge"))
		good--;
	memcpy(pages + page - good, text, good);
	if (!strcmp(kind, "readonly"))
		mprotect(pages, page, PROT_READ);
	return pages + page - good;
}

static void write_vector(char *text)
{
	struct iovec iov[2] = { { text, 3 }, { text + 3, strlen(text) - 3 } };

	say_unless_ok(writev(device, iov, 2));
}

static void values(void)
{
	unsigned char bytes[SIZE];
	int i;

	for (i = 0; i < SIZE; i++)
		bytes[i] = i * 255 / (SIZE - 1); /* 0 and 255 among them */
	say_unless_ok(write(device, bytes, SIZE));
	for (i = 0; i < SIZE; i++)
		printf("%02x", bytes[i]);
}

static void read_device(void)
{
	char byte;

	say_unless_ok(read(device, &byte, 1));
}

static void listen_by_perf(const char *filter)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	FILE *file = fopen(EVENT "/id", "r");

	if (!file || fscanf(file, "%llu", &attr.config) != 1)
		err(1, EVENT "/id");
	fclose(file);
	listener = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	say_unless_ok(listener);
	if (filter)
		say_unless_ok(ioctl(listener, PERF_EVENT_IOC_SET_FILTER, filter));
}

static void say_count(void)
{
	__u64 count;

	if (read(listener, &count, sizeof(count)) == sizeof(count))
		say("%llu", count);
	else
		say_unless_ok(-1);
}

/* The program returns 0, and is attached to the tracepoint by its name alone. */
static void listen_by_bpf(void)
{
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (unsigned long)program;
	attr.insn_cnt = 2;
	attr.license = (unsigned long)"GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
	say_unless_ok(fd);
	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (unsigned long)"tracepoint_example_message";
	attr.raw_tracepoint.prog_fd = fd;
	listener = syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
	say_unless_ok(listener);
	close(fd);
}

static void read_format(void)
{
	char text[4096];

	say_unless_ok(read(format, text, sizeof(text)));
}

/* Whether this process has just begun a write(2) to the node */
static int begins_write(pid_t pid)
{
	struct __ptrace_syscall_info info;
	char name[32], target[64] = "";

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
		err(1, "PTRACE_GET_SYSCALL_INFO");
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_write)
		return 0;
	snprintf(name, sizeof(name), "/proc/%d/fd/%d", pid, (int)info.entry.args[0]);
	return readlink(name, target, sizeof(target) - 1) > 0 && !strcmp(target, PATH);
}

/* Runs the command as a debugger does: it stops at each system call. */
static void outrun(char *command)
{
	char *words[8] = { NULL };
	int i = 0, status;
	pid_t pid;

	while (i < 7 && (words[i] = strsep(&command, ",")))
		i++;
	pid = fork();
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execv(words[0], words);
		err(1, "%s", words[0]);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && begins_write(pid))
			say_unless_ok(write(device, "other", 5));
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
}

static void do_step(const char *name, const char *kind, char *arg)
{
	if (!strcmp(name, "open")) {
		device = open(PATH, O_RDWR | O_CLOEXEC);
		if (device < 0)
			say("open: %s", strerror(errno));
	} else if (!strcmp(name, "close")) {
		close(device);
	} else if (!strcmp(name, "write") && arg) {
		say_unless_ok(write(device, odd_buffer(kind, arg), strlen(arg)));
	} else if (!strcmp(name, "writev") && arg) {
		write_vector(arg);
	} else if (!strcmp(name, "none")) {
		say_unless_ok(write(device, "", 0));
	} else if (!strcmp(name, "values")) {
		values();
	} else if (!strcmp(name, "read")) {
		read_device();
	} else if (!strcmp(name, "perf")) {
		listen_by_perf(arg);
	} else if (!strcmp(name, "count")) {
		say_count();
	} else if (!strcmp(name, "bpf")) {
		listen_by_bpf();
	} else if (!strcmp(name, "drop")) {
		close(listener);
	} else if (!strcmp(name, "format")) {
		format = open(EVENT "/format", O_RDONLY | O_CLOEXEC);
		say_unless_ok(format);
	} else if (!strcmp(name, "format-read")) {
		read_format();
	} else if (!strcmp(name, "nobody")) {
		become_nobody();
	} else if (!strcmp(name, "rmmod")) {
		say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
	} else if (!strcmp(name, "outrun") && arg) {
		outrun(arg);
	} else if (!strcmp(name, "sh") && arg) {
		if (system(arg) < 0)
			err(1, "system");
	} else {
		errx(2, "no such step: %s", name);
	}
}

static void run(int count, char *steps[])
{
	char *kind, *arg;
	int i;

	for (i = 0; i < count; i++) {
		arg = strchr(steps[i], '=');
		if (arg)
			*arg++ = '\0';
		kind = strchr(steps[i], '@');
		if (kind)
			*kind++ = '\0';
		do_step(steps[i], kind ? kind : "good", arg);
		fflush(stdout);
	}
	printf("\n");
}

static void open_device(void)
{
	device = open(PATH, O_RDWR | O_CLOEXEC);
	if (device < 0)
		err(1, "open %s", PATH);
}

static char *missing; /* a page that is not there yet */

static void *write_missing(void *unused)
{
	(void)unused;
	return (void *)(long)write(device, missing, 5);
}

/*
 * The first write waits for the missing page (userfaultfd) while the second one runs. Then
 * the page comes.
 */
static void held(void)
{
	struct uffdio_copy copy = { .len = page };
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	char *bytes = calloc(1, page);
	struct uffd_msg msg;
	pthread_t thread;
	void *ret;
	int fd;

	alarm(5);
	open_device();
	missing = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	reg.range.start = (unsigned long)missing;
	reg.range.len = page;
	fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	pthread_create(&thread, NULL, write_missing, NULL);
	if (read(fd, &msg, sizeof(msg)) != sizeof(msg))
		err(1, "read userfaultfd");
	say("%zd", write(device, "other", 5));
	memcpy(bytes, "later", 5);
	copy.dst = (unsigned long)missing;
	copy.src = (unsigned long)bytes;
	if (ioctl(fd, UFFDIO_COPY, &copy))
		err(1, "UFFDIO_COPY");
	pthread_join(thread, &ret);
	say("%ld\n", (long)ret);
}

/* Two processes write 1000 messages each, of 50 times 'a' and of 150 times 'b'. */
static void race(void)
{
	char bytes[SIZE];
	int i, writer, len, status, wrong = 0;

	open_device();
	for (writer = 0; writer < 2; writer++) {
		if (fork())
			continue;
		len = writer ? 150 : 50;
		memset(bytes, 'a' + writer, len);
		for (i = 0; i < 1000; i++) {
			wrong |= write(device, bytes, len) != len;
			sched_yield();
		}
		_exit(wrong);
	}
	for (writer = 0; writer < 2; writer++) {
		wait(&status);
		wrong |= status;
	}
	printf("%s\n", wrong ? "a write failed" : "written");
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
	page = sysconf(_SC_PAGESIZE);
	if (argc < 2)
		errx(2, "usage: see the head of tracepoint_test.c");
	if (!strcmp(argv[1], "held"))
		held();
	else if (!strcmp(argv[1], "race"))
		race();
	else if (!strcmp(argv[1], "reload"))
		reload();
	else
		run(argc - 1, argv + 1);
	return 0;
}
