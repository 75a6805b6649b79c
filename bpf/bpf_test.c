// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: writes with odd pointers, stops the program half
 * way and looks at what it holds, gives up rights. Prints the results.
 *
 * Usage: bpf_test STEP...
 *        bpf_test reload
 *        bpf_test without-licence FROM TO
 *
 * A step prints nothing when it succeeds, otherwise the error. Steps that look at
 * something print what they see. BUFFER is good, null, unmapped, kernel, readonly or
 * edge: of a buffer at the edge all but the last byte is good.
 *
 *   open close                 the node
 *   write[@BUFFER]=TEXT        writes; writev=TEXT: two buffers, of which the first has 3 bytes
 *   none values many=COUNT     writes no bytes; bytes of 200 values; writes "x" so many times
 *   same                       writes what the program writes, "hi kernel"
 *   node-read node-ioctl       read(2) and ioctl(2) of the node
 *   nobody caps map rmmod      becomes a user who is not root; keeps only three capabilities;
 *                              makes a BPF map; unloads the module
 *   run=PROGRAM                starts it, without arguments; the rest is about this program:
 *   to-write to-answer         goes on until it is about to write the message; the answer
 *   least=NUMBER               changes the number in its map
 *   kill end                   kills it; lets it go on to its end, and prints what it says
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/dev/bpf_example"
#define MODULE "bpf_kernel"

static int said; /* how many answers have been printed */
static int device = -1;
static pid_t program;
static int output; /* what the program says */
static long page;

static void say(const char *format, ...)
{
	va_list args;

	printf("%s", said++ ? ", " : "");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
}

static void say_unless_ok(long ret)
{
	if (ret < 0)
		say("%s", strerror(errno));
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

static void say_written(ssize_t ret, size_t len)
{
	if (ret >= 0 && ret != (ssize_t)len)
		say("%zd written", ret);
	say_unless_ok(ret);
}

static void write_device(const char *kind, const char *text)
{
	say_written(write(device, odd_buffer(kind, text, strlen(text)), strlen(text)),
		    strlen(text));
}

static void writev_device(char *text)
{
	struct iovec parts[] = { { text, 3 }, { text + 3, strlen(text + 3) } };

	say_written(writev(device, parts, 2), strlen(text));
}

static void write_values(void)
{
	unsigned char bytes[200];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i + 56; /* up to 255 */
	bytes[100] = 0;
	say_written(write(device, bytes, sizeof(bytes)), sizeof(bytes));
}

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
}

/* A program that root starts from now on has no others. */
static void keep_three_capabilities(void)
{
	int cap;

	for (cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap != CAP_BPF && cap != CAP_PERFMON && cap != CAP_SYS_RESOURCE)
			prctl(PR_CAPBSET_DROP, cap);
}

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void make_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = 4096;
	say_unless_ok(bpf(BPF_MAP_CREATE, &attr));
}

/* Root can find each map, by its id. Takes the newest with this name. */
static int find_map(const char *name)
{
	union bpf_attr attr;
	int found = -1, fd;
	__u32 id = 0;

	for (;;) {
		struct bpf_map_info info = { 0 };

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (bpf(BPF_MAP_GET_NEXT_ID, &attr))
			return found;
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.map_id = id;
		fd = bpf(BPF_MAP_GET_FD_BY_ID, &attr);
		if (fd < 0)
			continue;
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		if (!bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) && !strcmp(info.name, name))
			found = fd;
		else
			close(fd);
	}
}

static void set_least(int least)
{
	__u32 key = 0, value[2] = { least, 0 };
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = find_map("settings");
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	say_unless_ok(bpf(BPF_MAP_UPDATE_ELEM, &attr));
	close(attr.map_fd);
}

/* The program is traced, so it can be stopped at any of its system calls. */
static void run_program(char *path)
{
	int both[2], status;

	if (pipe2(both, O_CLOEXEC))
		err(1, "pipe");
	fflush(stdout);
	program = fork();
	if (program == 0) {
		dup2(both[1], 1);
		dup2(both[1], 2);
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		execl(path, path, NULL);
		err(1, "%s", path);
	}
	close(both[1]);
	output = both[0];
	waitpid(program, &status, 0);
	ptrace(PTRACE_SETOPTIONS, program, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
}

/* Goes on to the next write(2) to the node, or to anything else. It is not done yet then. */
static void to_write(int node)
{
	struct __ptrace_syscall_info info;
	char name[64], target[256];
	int status;
	ssize_t len;

	for (;;) {
		ptrace(PTRACE_SYSCALL, program, NULL, NULL);
		if (waitpid(program, &status, 0) < 0 || !WIFSTOPPED(status)) {
			say("the program has ended");
			return;
		}
		ptrace(PTRACE_GET_SYSCALL_INFO, program, sizeof(info), &info);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_write)
			continue;
		snprintf(name, sizeof(name), "/proc/%d/fd/%d", program, (int)info.entry.args[0]);
		len = readlink(name, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		if (node == !strcmp(target, PATH))
			return;
	}
}

static void kill_program(void)
{
	kill(program, SIGKILL);
	waitpid(program, NULL, 0);
}

static void end_program(void)
{
	char text[4096];
	size_t len = 0;
	ssize_t ret;

	ptrace(PTRACE_DETACH, program, NULL, NULL);
	while ((ret = read(output, text + len, sizeof(text) - len)) > 0)
		len += ret;
	while (len && text[len - 1] == '\n')
		len--;
	say("%.*s", (int)len, text);
	waitpid(program, NULL, 0);
}

static void run(int argc, char *argv[])
{
	char *step, *value, *kind;
	int i, n;

	for (i = 0; i < argc; i++) {
		step = argv[i];
		value = strchr(step, '=');
		if (value)
			*value++ = '\0';
		kind = strchr(step, '@');
		if (kind)
			*kind++ = '\0';
		if (!strcmp(step, "open")) {
			device = open(PATH, O_RDWR | O_CLOEXEC);
			if (device < 0)
				say("open: %s", strerror(errno));
		} else if (!strcmp(step, "close")) {
			close(device);
		} else if (!strcmp(step, "write")) {
			write_device(kind ? kind : "good", value);
		} else if (!strcmp(step, "writev")) {
			writev_device(value);
		} else if (!strcmp(step, "none")) {
			say_written(write(device, "", 0), 0);
		} else if (!strcmp(step, "values")) {
			write_values();
		} else if (!strcmp(step, "many")) {
			for (n = atoi(value); n > 0; n--)
				say_written(write(device, "x", 1), 1);
		} else if (!strcmp(step, "same")) {
			write_device("good", "hi kernel");
		} else if (!strcmp(step, "node-read")) {
			say_unless_ok(read(device, step, 1));
		} else if (!strcmp(step, "node-ioctl")) {
			say_unless_ok(ioctl(device, _IO(0xDC, 0), 0));
		} else if (!strcmp(step, "nobody")) {
			become_nobody();
		} else if (!strcmp(step, "caps")) {
			keep_three_capabilities();
		} else if (!strcmp(step, "map")) {
			make_map();
		} else if (!strcmp(step, "rmmod")) {
			say_unless_ok(syscall(SYS_delete_module, MODULE, O_NONBLOCK));
		} else if (!strcmp(step, "run")) {
			run_program(value);
		} else if (!strcmp(step, "to-write")) {
			to_write(1);
		} else if (!strcmp(step, "to-answer")) {
			to_write(0);
		} else if (!strcmp(step, "least")) {
			set_least(atoi(value));
		} else if (!strcmp(step, "kill")) {
			kill_program();
		} else if (!strcmp(step, "end")) {
			end_program();
		} else {
			errx(2, "no such step: %s", step);
		}
	}
	printf("\n");
}

/*
 * A copy of a BPF object, or of a program that has one in it, with another licence of the
 * same length. The kernel's verifier refuses that.
 */
static void without_licence(const char *from, const char *to)
{
	static char bytes[1 << 20];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	ssize_t len = read(in, bytes, sizeof(bytes));
	char *at = memmem(bytes, len > 0 ? len : 0, "Dual MIT/GPL", 12);

	if (!at || len == sizeof(bytes))
		errx(1, "%s has no licence", from);
	memcpy(at, "Dual MIT/XXX", 12);
	if (write(out, bytes, len) != len)
		err(1, "write %s", to);
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
		errx(2, "usage: see the head of bpf_test.c");
	if (!strcmp(argv[1], "reload"))
		reload();
	else if (!strcmp(argv[1], "without-licence") && argc == 4)
		without_licence(argv[2], argv[3]);
	else
		run(argc - 1, argv + 1);
	return 0;
}
