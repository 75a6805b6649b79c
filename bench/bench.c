// SPDX-License-Identifier: MIT
/*
 * Measures what it costs to get a message through each mechanism, and beside it the same
 * shape through code that is not ours: its twin.
 *
 * Usage: bench MODULES        all rows; the modules seqfile and upcall are loaded from there
 *        bench -l             what a message costs with the line that it leaves in the kernel log
 *        bench -t             the twins that change nothing: for any machine, without modules
 *
 * A row is mechanism, what was done, bytes, cost of one, spread, separated by tabs. The
 * cost is the median of ROUNDS rounds, the spread half the distance between the
 * quartiles, in per cent. The unit is that of the clock: nanoseconds, which a guest with
 * -icount shift=0 makes instructions.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/genetlink.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../bpf/bpf_example.h"
#include "../eventfd/eventfd.h"
#include "../handle/handle.h"
#include "../ioctl/ioctl.h"
#include "../netlink/netlink.h"
#include "../ring/ring.h"

#define ROUNDS 31
#define BULK 65536
#define PAGE 4096
#define HELPER "/bin/true"
#define SIGNAL 44

static const char *mechanism; /* the first column of the rows to come */
static size_t size; /* bytes of the message, the third */
static int fd, other; /* what the operation below works on, and what it needs beside */
static char message[BULK], answer[BULK];
static char *memory; /* a mapping */

/* An operation that fails would be a fast one. */
static void must(int good, const char *what)
{
	if (!good)
		err(EXIT_FAILURE, "%s, %zu bytes: %s", mechanism, size, what);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_row(const char *row, double cost, double spread)
{
	printf("%s\t%s\t%zu\t%.0f\t%.1f\n", mechanism, row, size, cost, spread);
}

/*
 * The first round is for the caches, of the kernel's allocators too, and is not kept.
 * The loop itself stays in: a few instructions a turn, the same for all.
 */
static double measure(const char *row, int turns, void (*operation)(void))
{
	double cost[ROUNDS], start, clock;
	int round, i;

	now(); /* the first call of all finds its page missing */
	start = now();
	clock = now() - start;
	for (round = -1; round < ROUNDS; round++) {
		start = now();
		for (i = 0; i < turns; i++)
			operation();
		if (round >= 0)
			cost[round] = (now() - start - clock) / turns;
	}
	qsort(cost, ROUNDS, sizeof(*cost), compare);
	print_row(row, cost[ROUNDS / 2],
		  50 * (cost[ROUNDS * 3 / 4] - cost[ROUNDS / 4]) / cost[ROUNDS / 2]);
	return cost[ROUNDS / 2];
}

/* ---- files that hold a message or a value ---- */

static const char *path;

static void write_read(void)
{
	must(pwrite(fd, message, size, 0) == (ssize_t)size && pread(fd, answer, 256, 0) > 0, path);
}

static void open_close(void)
{
	int new = open(path, O_RDWR);

	must(new >= 0 && !close(new), path);
}

/* text is what the file takes, NULL for any bytes: then 200 of them, too. */
static void file(const char *name, const char *where, const char *text)
{
	mechanism = name;
	path = where;
	fd = open(path, O_RDWR);
	must(fd >= 0, path);
	memset(message, 'x', sizeof(message));
	size = 8;
	if (text)
		memcpy(message, text, size);
	measure("round-trip", 100, write_read);
	if (!text) {
		size = 200;
		measure("round-trip", 100, write_read);
	}
	size = 0;
	measure("open-close", 100, open_close);
	close(fd);
}

static void file_rows(void)
{
	char before[16] = "";

	file("procfs", "/proc/procfs_example/message", NULL);
	file("oom_score_adj", "/proc/self/oom_score_adj", "     100");

	/* Any int will do for this one, but what stood there counts for the rest of the run. */
	fd = open("/sys/kernel/rcu_expedited", O_RDONLY);
	must(fd >= 0 && read(fd, before, sizeof(before)) > 0, "rcu_expedited");
	close(fd);
	file("rcu_expedited", "/sys/kernel/rcu_expedited", "1234567\n");
	fd = open("/sys/kernel/rcu_expedited", O_WRONLY);
	must(write(fd, before, strlen(before)) > 0, "rcu_expedited");
	close(fd);
	file("netdev-group", "/sys/class/net/lo/netdev_group", "1234567\n");
	file("sysfs-param", "/sys/module/sysfs_param_kernel/parameters/level", "1234567\n");
	file("sysfs-bus", "/sys/bus/my_pseudo_bus/value", "1234567\n");
	file("sysfs-fs", "/sys/fs/myfs/first", "1234567\n");

	mkdir("/sys/kernel/config/configfs_example/bench", 0755);
	file("configfs-value", "/sys/kernel/config/configfs_example/bench/value", "1234567\n");
	file("configfs", "/sys/kernel/config/configfs_example/bench/message", NULL);
	rmdir("/sys/kernel/config/configfs_example/bench");

	file("debugfs", "/sys/kernel/debug/debugfs_example/message", NULL);
	file("sysctl", "/proc/sys/net/test/value1", "     15\n");
	file("somaxconn", "/proc/sys/net/core/somaxconn", "     15\n");
}

/* ---- devices ---- */

/* The queue takes and gives what it has room for, so a large message goes in pieces. */
static void through_queue(void)
{
	size_t done, piece;

	for (done = 0; done < size; done += piece) {
		piece = size - done < 1024 ? size - done : 1024;
		must(write(fd, message + done, piece) == (ssize_t)piece, "write");
		must(read(other, answer + done, piece) == (ssize_t)piece, "read");
	}
}

static void write_then_read(void)
{
	must(write(fd, message, size) == (ssize_t)size, "write");
	must(read(other, answer, size) == (ssize_t)size, "read");
}

static void copy_twice(void)
{
	size_t done, piece;

	for (done = 0; done < size; done += piece) {
		piece = size - done < PAGE ? size - done : PAGE;
		memcpy(memory, message + done, piece);
		/* The compiler must not see through the two. */
		asm volatile("" : : "r"(memory) : "memory");
		memcpy(answer + done, memory, piece);
		asm volatile("" : : "r"(answer) : "memory");
	}
}

static void all_sizes(void (*operation)(void))
{
	static const size_t sizes[] = { 8, 200, PAGE, BULK };
	unsigned int i;

	for (i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size = sizes[i];
		measure("round-trip", size < PAGE ? 100 : 5, operation);
	}
	size = 0;
}

static void map_unmap(void)
{
	int new = open(path, O_RDWR);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, new, 0);

	must(new >= 0 && page != MAP_FAILED, path);
	page[0] = 'x';
	must(!munmap(page, PAGE) && !close(new), path);
}

static void create_close(void)
{
	int box = ioctl(other, HANDLE_EXAMPLE_CREATE, 0);

	must(box >= 0 && !close(box), "CREATE");
}

static void pipe_close(void)
{
	int pipes[2];

	must(!pipe(pipes) && !close(pipes[0]) && !close(pipes[1]), "pipe");
}

/* A box is made and closed as often as another file is opened and closed. */
static void handle_rows(void)
{
	mechanism = "handle";
	path = "/dev/handle_example";
	fd = open(path, O_RDWR);
	if (fd < 0) {
		warn("%s", path);
		return;
	}
	other = fd;
	measure("open-close", 100, create_close);
	fd = ioctl(other, HANDLE_EXAMPLE_CREATE, 0);
	must(fd >= 0, "CREATE");
	close(other);
	other = fd;
	for (size = 8; size <= 200; size += 192)
		measure("round-trip", 100, write_then_read);
	size = 0;
	close(fd);
}

/* ---- a BPF program that puts each message into a ring buffer ---- */

static unsigned long *reader, *writer; /* positions in the ring buffer, which only grow */
static char *records;

static void write_message(void)
{
	must(write(fd, message, size) == (ssize_t)size, path);
}

static void write_and_take(void)
{
	unsigned long at = *reader;
	struct bpf_example_record *record;
	__u32 *header;

	write_message();
	must(__atomic_load_n(writer, __ATOMIC_ACQUIRE) != at, "no record");
	header = (__u32 *)(records + at % BPF_EXAMPLE_RING_SIZE);
	record = (void *)((char *)header + BPF_RINGBUF_HDR_SZ);
	must(record->length == size, "record");
	memcpy(answer, record->message, record->length);
	at += (__atomic_load_n(header, __ATOMIC_ACQUIRE) + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
	__atomic_store_n(reader, at, __ATOMIC_RELEASE);
}

static int bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* What bpf_user_raw.c loads, without settings. Attached until the descriptor is closed. */
static int attach_bpf(int ring)
{
	const struct bpf_insn insns[] = {
		{ BPF_LDX | BPF_MEM | BPF_DW, 6, 1, 0, 0 }, /* r6 = the message */
		{ BPF_LDX | BPF_MEM | BPF_W, 7, 1, 8, 0 }, /* r7 = its length */
		{ BPF_JMP | BPF_JGT | BPF_K, 7, 0, 17, BPF_EXAMPLE_MESSAGE_MAX },
		{ BPF_LD | BPF_DW | BPF_IMM, 1, BPF_PSEUDO_MAP_FD, 0, ring },
		{ 0, 0, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, sizeof(struct bpf_example_record) },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_reserve },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 11, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 8, 0, 0, 0 }, /* r8 = the record */
		{ BPF_STX | BPF_MEM | BPF_W, 8, 7, offsetof(struct bpf_example_record, length), 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 1, 8, 0, 0 },
		{ BPF_ALU64 | BPF_ADD | BPF_K, 1, 0, 0,
		  offsetof(struct bpf_example_record, message) },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 2, 7, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 3, 6, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_probe_read_kernel },
		{ BPF_ALU64 | BPF_MOV | BPF_X, 1, 8, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 2, 0, 0, 0 },
		{ BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_ringbuf_submit },
		{ BPF_JMP | BPF_JA, 0, 0, 0, 0 },
		{ BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0 },
		{ BPF_JMP | BPF_EXIT, 0, 0, 0, 0 },
	};
	static const char license[] = "GPL", name[] = "bpf_example_message";
	union bpf_attr load, attach;
	int link;

	memset(&load, 0, sizeof(load));
	load.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	load.insns = (uintptr_t)insns;
	load.insn_cnt = sizeof(insns) / sizeof(*insns);
	load.license = (uintptr_t)license;
	memset(&attach, 0, sizeof(attach));
	attach.raw_tracepoint.name = (uintptr_t)name;
	attach.raw_tracepoint.prog_fd = bpf(BPF_PROG_LOAD, &load);
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attach);
	must(link >= 0, "attach");
	close(attach.raw_tracepoint.prog_fd);
	return link;
}

static void bpf_rows(void)
{
	union bpf_attr attr;
	int link;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_RINGBUF;
	attr.max_entries = BPF_EXAMPLE_RING_SIZE;

	path = "/dev/bpf_example";
	fd = open(path, O_RDWR);
	other = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0 || other < 0) {
		warn("%s, BPF", path);
		return;
	}
	mechanism = "bpf-off";
	size = 8;
	measure("round-trip", 100, write_message);

	mechanism = "bpf";
	reader = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	writer = mmap(NULL, PAGE + 2 * BPF_EXAMPLE_RING_SIZE, PROT_READ, MAP_SHARED, other, PAGE);
	must(reader != MAP_FAILED && (void *)writer != MAP_FAILED, "mmap");
	records = (char *)writer + PAGE;
	link = attach_bpf(other);
	for (; size <= 200; size += 192)
		measure("round-trip", 100, write_and_take);
	close(link);
	close(other);
	size = 0;
	measure("open-close", 100, open_close);
	close(fd);
}

#define EVENT "/sys/kernel/tracing/events/tracepoint_example/tracepoint_example_message/"

/* Writes to files of tracefs, in an instance of its own. */
static void trace_set(const char *name, const char *value)
{
	char at[128];
	int to;

	snprintf(at, sizeof(at), "/sys/kernel/tracing/instances/bench/%s", name);
	to = open(at, O_WRONLY);
	must(to >= 0 && write(to, value, strlen(value)) == (ssize_t)strlen(value), at);
	close(to);
}

static struct perf_event_mmap_page *heard;
static unsigned int message_offset; /* in the event's struct */

/* The write, and then the message is taken out of the ring of perf. */
static void write_and_hear(void)
{
	const char *data = (char *)heard + heard->data_offset;
	__u64 at = heard->data_tail, end, raw;
	__u32 place, i;

	write_message();
	end = __atomic_load_n(&heard->data_head, __ATOMIC_ACQUIRE);
	must(at != end, "no record");
	raw = at + sizeof(struct perf_event_header) + sizeof(__u32);
	for (i = 0; i < sizeof(place); i++)
		((char *)&place)[i] = data[(raw + message_offset + i) % heard->data_size];
	must(place >> 16 == size, "record");
	for (i = 0; i < size; i++)
		answer[i] = data[(raw + (place & 0xffff) + i) % heard->data_size];
	__atomic_store_n(&heard->data_tail, end, __ATOMIC_RELEASE);
}

static int perf_listen(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT,
					.size = sizeof(attr),
					.sample_type = PERF_SAMPLE_RAW,
					.sample_period = 1 };
	FILE *file;
	char line[100];
	int event;

	file = fopen(EVENT "id", "r");
	must(file && fscanf(file, "%llu", &attr.config) == 1, EVENT "id");
	fclose(file);
	file = fopen(EVENT "format", "r");
	must(!!file, EVENT "format");
	while (fgets(line, sizeof(line), file))
		sscanf(line, " field:__data_loc u8[] message; offset:%u", &message_offset);
	fclose(file);
	event = syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	heard = mmap(NULL, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, event, 0);
	must(heard != MAP_FAILED, "mmap of a perf event");
	return event;
}

/* One write, by who listens. -n: the module has been built without its tracepoint. */
static void tracepoint_rows(int none)
{
	const char *instance = "/sys/kernel/tracing/instances/bench";
	int event;

	path = "/dev/tracepoint_example";
	fd = open(path, O_RDWR);
	if (fd < 0) {
		warn("%s", path);
		return;
	}
	size = 8;
	mechanism = none ? "tracepoint-none" : "tracepoint-off";
	measure("round-trip", 100, write_message);
	if (none)
		return;

	must(!mkdir(instance, 0700), instance);
	trace_set("events/tracepoint_example/enable", "1");
	mechanism = "tracepoint-trace";
	measure("round-trip", 100, write_message);
	trace_set("events/tracepoint_example/filter", "length > 8");
	mechanism = "tracepoint-filtered";
	measure("round-trip", 100, write_message);
	must(!rmdir(instance), instance);

	mechanism = "tracepoint";
	event = perf_listen();
	for (; size <= 200; size += 192)
		measure("round-trip", 100, write_and_hear);
	munmap(heard, 5 * PAGE);
	close(event);
	size = 0;
	measure("open-close", 100, open_close);
	close(fd);
}

static void device_rows(void)
{
	int pipes[2];

	mechanism = "cdev";
	path = "/dev/cdev_example0";
	fd = open(path, O_RDWR);
	other = fd;
	if (fd < 0) {
		warn("%s", path);
	} else {
		all_sizes(through_queue);
		measure("open-close", 100, open_close);
		close(fd);
	}

	mechanism = "pipe";
	must(!pipe(pipes), "pipe");
	other = pipes[0];
	fd = pipes[1];
	all_sizes(through_queue);
	measure("open-close", 100, pipe_close);
	close(fd);
	close(other);

	mechanism = "null+zero";
	path = "/dev/null";
	fd = open("/dev/null", O_WRONLY);
	other = open("/dev/zero", O_RDONLY);
	all_sizes(write_then_read);
	measure("open-close", 100, open_close);
	close(fd);
	close(other);

	mechanism = "mmap";
	path = "/sys/kernel/debug/mmap_example";
	fd = open(path, O_RDWR);
	if (fd < 0) {
		warn("%s", path);
	} else {
		memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		must(memory != MAP_FAILED, "mmap");
		all_sizes(copy_twice);
		measure("open-close", 100, map_unmap);
		munmap(memory, PAGE);
		close(fd);
	}

	mechanism = "memcpy";
	path = "/dev/zero";
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(memory != MAP_FAILED, "mmap");
	all_sizes(copy_twice);
	measure("open-close", 100, map_unmap);
	munmap(memory, PAGE);
}

/* ---- calls ---- */

static struct ioctl_example_message exchanged;

static void exchange(void)
{
	exchanged.length = size;
	must(!ioctl(fd, IOCTL_EXAMPLE_EXCHANGE, &exchanged), "EXCHANGE");
}

static void set_get(void)
{
	exchanged.length = size;
	must(!ioctl(fd, IOCTL_EXAMPLE_SET, &exchanged), "SET");
	must(!ioctl(fd, IOCTL_EXAMPLE_GET, &exchanged), "GET");
}

static void interface_index(void)
{
	struct ifreq request = { .ifr_name = "lo" };

	must(!ioctl(fd, SIOCGIFINDEX, &request), "SIOCGIFINDEX");
}

static void ask_parent(void)
{
	syscall(SYS_getppid);
}

#ifdef __NR_mysyscall
static void call_mysyscall(void)
{
	/* The call wants room for its answer. */
	memset(answer, 0, 12);
	memcpy(answer, message, size);
	must(syscall(__NR_mysyscall, answer, size < 12 ? 12 : size) == 12, "mysyscall");
}
#endif

/* Eight bytes in, eight out, by a call that the kernel has anyhow. */
static void signal_mask(void)
{
	memset(answer, 0, 12);
	must(!syscall(SYS_rt_sigprocmask, SIG_SETMASK, answer, answer + 8, 8), "rt_sigprocmask");
}

static void call_rows(void)
{
	mechanism = "getppid";
	measure("call", 100, ask_parent);

	mechanism = "ioctl";
	path = "/dev/ioctl_example";
	fd = open(path, O_RDWR);
	if (fd < 0) {
		warn("%s", path);
	} else {
		size = 8;
		measure("round-trip", 100, exchange);
		measure("set-get", 100, set_get);
		size = 200;
		measure("round-trip", 100, exchange);
		measure("set-get", 100, set_get);
		size = 0;
		measure("open-close", 100, open_close);
		close(fd);
	}

	mechanism = "SIOCGIFINDEX";
	size = 8;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	measure("round-trip", 100, interface_index);
	close(fd);

	mechanism = "syscall";
#ifdef __NR_mysyscall
	size = 200;
	memset(message, 'x', size);
	if (syscall(__NR_mysyscall, message, size) < 0) {
		warn("mysyscall");
	} else {
		memset(message, 'x', size);
		measure("round-trip", 100, call_mysyscall);
		size = 8;
		measure("round-trip", 100, call_mysyscall);
	}
#endif
	mechanism = "rt_sigprocmask";
	size = 8;
	measure("round-trip", 100, signal_mask);
	size = 0;
}

/* ---- sockets ---- */

static void send_receive(void)
{
	must(send(fd, message, size, 0) == (ssize_t)size, "send");
	must(recv(fd, answer, sizeof(answer), 0) == (ssize_t)size, "recv");
}

static void udp_open_close(void)
{
	int new = socket(AF_INET, SOCK_DGRAM, 0);

	must(new >= 0 && !close(new), "socket");
}

static void udp_to(const char *name, in_port_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	mechanism = name;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(fd >= 0 && !connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
	memset(message, 'x', sizeof(message));
	for (size = 8; size <= 200; size += 192)
		measure("round-trip", 100, send_receive);
	size = 0;
	measure("open-close", 100, udp_open_close);
	close(fd);
}

/* The same echo as the module's, as a process. */
static void udp_server(int server)
{
	struct sockaddr_in from;
	socklen_t length;
	char buffer[201];
	ssize_t count;

	for (;;) {
		length = sizeof(from);
		count = recvfrom(server, buffer, sizeof(buffer), 0, (struct sockaddr *)&from,
				 &length);
		sendto(server, buffer, count, 0, (struct sockaddr *)&from, length);
	}
}

/* A child that runs function(argument) until end_child(). */
static pid_t child;

static int begin_child(void)
{
	fflush(stdout);
	child = fork();
	must(child >= 0, "fork");
	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return !child;
}

static void end_child(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void udp_rows(void)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_port = htons(5556),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int server = socket(AF_INET, SOCK_DGRAM, 0);

	if (access("/sys/module/udp_kernel", F_OK))
		warn("udp_kernel");
	else
		udp_to("udp", 5555);
	must(!bind(server, (struct sockaddr *)&here, sizeof(here)), "bind");
	if (begin_child())
		udp_server(server);
	udp_to("udp-process", 5556);
	end_child();
	close(server);
}

/* A generic netlink request with the message in it; to a command that is none, it comes back. */
static struct {
	struct nlmsghdr header;
	struct genlmsghdr generic;
	struct nlattr attribute;
	char text[PAGE];
} request;

static void netlink_request(int family, int command)
{
	memset(&request, 0, sizeof(request));
	memset(request.text, 'x', size);
	request.attribute.nla_type = DOC_EXMPL_A_MSG;
	request.attribute.nla_len = NLA_HDRLEN + size + 1;
	request.generic.cmd = command;
	request.generic.version = DOC_EXMPL_VERSION;
	request.header.nlmsg_type = family;
	request.header.nlmsg_flags = NLM_F_REQUEST;
	request.header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(request.attribute.nla_len);
}

static int answer_type; /* the family's number, or NLMSG_ERROR */

static void netlink_echo(void)
{
	struct nlmsghdr *header = (void *)answer;

	must(send(fd, &request, request.header.nlmsg_len, 0) > 0, "send");
	must(recv(fd, answer, sizeof(answer), 0) > 0 && header->nlmsg_type == answer_type, "recv");
}

static void netlink_open_close(void)
{
	struct sockaddr_nl here = { .nl_family = AF_NETLINK };
	int new = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);

	must(new >= 0 && !bind(new, (struct sockaddr *)&here, sizeof(here)) && !close(new),
	     "socket and bind");
}

static struct nl_sock *sock;
static int answers;

static int count_answer(struct nl_msg *msg, void *arg)
{
	struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, DOC_EXMPL_A_MSG);

	(void)arg;
	answers += nla_len(attr) == (int)size + 1;
	return NL_OK;
}

static int family; /* its number */

static void libnl_echo(void)
{
	struct nl_msg *msg = nlmsg_alloc_size(512);
	int before = answers;

	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, DOC_EXMPL_C_ECHO,
		    DOC_EXMPL_VERSION);
	nla_put_string(msg, DOC_EXMPL_A_MSG, request.text);
	must(nl_send_auto(sock, msg) > 0, "nl_send_auto");
	nlmsg_free(msg);
	while (answers == before)
		must(nl_recvmsgs_default(sock) >= 0, "nl_recvmsgs");
	if (other) /* the acknowledgment, in a message of its own */
		must(nl_wait_for_ack(sock) >= 0, "nl_wait_for_ack");
}

static void netlink_rows(void)
{
	int i;

	sock = nl_socket_alloc();
	must(sock && !genl_connect(sock), "genl_connect");
	family = genl_ctrl_resolve(sock, DOC_EXMPL_FAMILY);
	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);

	for (size = 8; size <= 200; size += 192) {
		mechanism = "netlink-error";
		answer_type = NLMSG_ERROR;
		netlink_request(GENL_ID_CTRL, 255);
		measure("round-trip", 100, netlink_echo);
		if (family < 0)
			continue;
		mechanism = "netlink";
		answer_type = family;
		netlink_request(family, DOC_EXMPL_C_ECHO);
		measure("round-trip", 100, netlink_echo);
	}
	size = 0;
	mechanism = "netlink";
	measure("open-close", 100, netlink_open_close);
	close(fd);

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, count_answer, NULL);
	for (i = 0; i < 2 && family >= 0; i++) {
		/* First as it comes; then told not to acknowledge, and how large messages get. */
		mechanism = i ? "libnl" : "libnl-default";
		other = !i;
		if (i) {
			nl_socket_disable_auto_ack(sock);
			nl_socket_set_msg_buf_size(sock, 512);
			nl_socket_disable_msg_peek(sock);
		}
		for (size = 8; size <= 200; size += 192) {
			netlink_request(family, DOC_EXMPL_C_ECHO);
			measure("round-trip", 100, libnl_echo);
		}
	}
	size = 0;
	nl_socket_free(sock);
}

/* ---- queues in shared memory ---- */

static struct ring_example *queues;
static int batch; /* messages before somebody rings */

static void put(struct ring_example_queue *queue, const void *data, size_t length)
{
	struct ring_example_slot *slot = &queue->slots[queue->head % RING_EXAMPLE_SLOTS];

	must(queue->head - __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE) < RING_EXAMPLE_SLOTS,
	     "full");
	slot->length = length;
	memcpy(slot->data, data, length);
	__atomic_store_n(&queue->head, queue->head + 1, __ATOMIC_RELEASE);
}

/* Returns 0 when the queue is empty. */
static int take(struct ring_example_queue *queue, void *data, int *length)
{
	struct ring_example_slot *slot = &queue->slots[queue->tail % RING_EXAMPLE_SLOTS];

	if (__atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) == queue->tail)
		return 0;
	*length = slot->length;
	if (*length > 0)
		memcpy(data, slot->data, *length);
	__atomic_store_n(&queue->tail, queue->tail + 1, __ATOMIC_RELEASE);
	return 1;
}

static void ring_module(void)
{
	must(!ioctl(fd, RING_EXAMPLE_DOORBELL), "DOORBELL");
}

static void wait_module(void)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	must(poll(&p, 1, -1) == 1 && p.revents == POLLIN, "poll");
}

static void ring_process(void)
{
	must(!eventfd_write(fd, 1), "eventfd_write");
}

static void wait_process(void)
{
	eventfd_t count;

	must(!eventfd_read(other, &count), "eventfd_read");
}

/* The same echo as the module's, as a process. */
static void ring_server(void)
{
	eventfd_t count;
	int length;

	for (;;) {
		eventfd_read(fd, &count);
		while (take(&queues->to_kernel, answer, &length))
			put(&queues->to_user, answer, length);
		eventfd_write(other, 1);
	}
}

static void (*ring_for_answers)(void);
static void (*wait_for_answers)(void);

static void through_queues(void)
{
	int answered, length;

	for (answered = 0; answered < batch; answered++)
		put(&queues->to_kernel, message, size);
	ring_for_answers();
	for (answered = 0; answered < batch;) {
		wait_for_answers();
		for (; take(&queues->to_user, answer, &length); answered++)
			must(length == (int)size, "answer");
	}
}

/* One message a ring, and one of as many as there are slots. */
static void queue_sizes(const char *name, void (*ring)(void), void (*wait)(void))
{
	double cost;

	mechanism = name;
	ring_for_answers = ring;
	wait_for_answers = wait;
	for (size = 8; size <= 200; size += 192) {
		batch = 1;
		measure("round-trip", 100, through_queues);
		batch = RING_EXAMPLE_SLOTS;
		cost = measure("sixteen", 20, through_queues);
		print_row("batch", cost / RING_EXAMPLE_SLOTS, 0);
	}
	size = 0;
}

static void ring_rows(void)
{
	mechanism = "ring";
	path = "/dev/ring_example";
	fd = open(path, O_RDWR);
	if (fd < 0) {
		warn("%s", path);
	} else {
		queues = mmap(NULL, sizeof(*queues), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		must(queues != MAP_FAILED, "mmap");
		queue_sizes("ring", ring_module, wait_module);
		measure("open-close", 100, open_close);
		munmap(queues, sizeof(*queues));
		close(fd);
	}

	queues = mmap(NULL, sizeof(*queues), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	must(queues != MAP_FAILED, "mmap");
	fd = eventfd(0, 0);
	other = eventfd(0, 0);
	if (begin_child())
		ring_server();
	queue_sizes("ring-process", ring_process, wait_process);
	end_child();
	munmap(queues, sizeof(*queues));
	close(fd);
	close(other);
}

/* ---- signal and upcall ---- */

static atomic_int arrived; /* a handler may write this or sig_atomic_t */

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	arrived++;
}

static pid_t self;
static char pid_text[16];
static int pid_length;

static void write_pid(void)
{
	must(write(fd, pid_text, pid_length) == pid_length, "write");
}

static void signal_self(void)
{
	int before = arrived;

	write_pid();
	must(arrived == before + 1, "no signal");
}

static void kill_self(void)
{
	int before = arrived;

	must(!syscall(SYS_tgkill, self, self, SIGNAL), "tgkill");
	must(arrived == before + 1, "no signal");
}

static void signal_rows(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	sigaction(SIGNAL, &action, NULL);
	mechanism = "signal";
	size = 4;
	path = "/sys/kernel/debug/signalconfpid";
	self = getpid();
	pid_length = snprintf(pid_text, sizeof(pid_text), "%d", self);
	fd = open(path, O_WRONLY);
	if (fd < 0) {
		warn("%s", path);
	} else {
		measure("round-trip", 100, signal_self);
		close(fd);
	}
	mechanism = "tgkill";
	measure("round-trip", 100, kill_self);
	size = 0;
}

static int load(int module, const char *parameters)
{
	return syscall(SYS_finit_module, module, parameters, 0);
}

static void unload(const char *name)
{
	must(!syscall(SYS_delete_module, name, O_NONBLOCK), name);
}

/* The kernel's own upcall: for a family of sockets that it does not know it asks modprobe. */
static void request_module(void)
{
	must(socket(AF_X25, SOCK_SEQPACKET, 0) < 0 && errno == EAFNOSUPPORT, "socket");
}

static int upcall_module;

static void upcall_load(void)
{
	must(!load(upcall_module, "wait=proc helper=" HELPER), "load");
	unload("upcall_kernel");
}

static void upcall_refused(void)
{
	must(load(upcall_module, "wait=nono helper=" HELPER) < 0 && errno == EINVAL, "load");
}

static void vfork_exec(void)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		execl(HELPER, HELPER, "3", NULL);
		_exit(127);
	}
	must(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "vfork and exec");
}

static void upcall_rows(const char *modules)
{
	char name[256];
	double cost;

	mechanism = "vfork+exec";
	measure("round-trip", 10, vfork_exec);

	mechanism = "request_module";
	fd = open("/proc/sys/kernel/modprobe", O_WRONLY);
	must(write(fd, HELPER, strlen(HELPER)) > 0, "modprobe");
	close(fd);
	measure("round-trip", 10, request_module);

	mechanism = "upcall";
	snprintf(name, sizeof(name), "%s/upcall_kernel.ko", modules);
	upcall_module = open(name, O_RDONLY);
	if (upcall_module < 0) {
		warn("%s", name);
		return;
	}
	/* Less what a load costs that is refused, as near to one without a helper as it gets. */
	cost = measure("load", 10, upcall_load);
	cost -= measure("refused", 10, upcall_refused);
	print_row("round-trip", cost, 0);
	close(upcall_module);
}

/* ---- to wake somebody who waits ---- */

static int back; /* the eventfd by which whoever was woken answers */

static void (*ring)(void);

static void ring_and_hear(void)
{
	eventfd_t count;

	ring();
	must(!eventfd_read(back, &count), "eventfd_read");
}

static void wake(const char *name, void (*wait_for_it)(void), void (*ring_it)(void))
{
	mechanism = name;
	ring = ring_it;
	if (begin_child())
		for (;;) {
			wait_for_it();
			eventfd_write(back, 1);
		}
	pid_length = snprintf(pid_text, sizeof(pid_text), "%d", child);
	measure("wake", 100, ring_and_hear);
	end_child();
}

static void write_8(void)
{
	must(write(fd, message, 8) == 8, "write");
}

static void poll_and_read(void)
{
	struct pollfd p = { .fd = other, .events = POLLIN };

	must(poll(&p, 1, -1) == 1 && read(other, answer, 8) == 8, "poll and read");
}

static void write_value(void)
{
	must(pwrite(fd, message, 8, 0) == 8, "write");
}

static void poll_value(void)
{
	struct pollfd p = { .fd = other, .events = POLLPRI };

	must(poll(&p, 1, -1) == 1 && pread(other, answer, 256, 0) > 0, "poll and read");
}

static void wait_signal(void)
{
	siginfo_t info;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	must(sigwaitinfo(&set, &info) == SIGNAL, "sigwaitinfo");
}

static void kill_child(void)
{
	must(!syscall(SYS_tgkill, child, child, SIGNAL), "tgkill");
}

static void receive_event(void)
{
	must(recv(other, answer, sizeof(answer), 0) > 0, "recv");
}

static void ring_bell(void)
{
	memcpy(memory, message, 8);
	must(!eventfd_write(fd, 1), "eventfd_write");
}

static void hear_bell(void)
{
	eventfd_t count;

	must(!eventfd_read(fd, &count), "eventfd_read");
	memcpy(answer, memory, 8);
}

static void wake_rows(void)
{
	struct sockaddr_nl here = { .nl_family = AF_NETLINK };
	int pipes[2], group;
	sigset_t set;

	size = 8;
	memset(message, 'x', size);
	back = eventfd(0, 0);

	must(!pipe(pipes), "pipe");
	other = pipes[0];
	fd = pipes[1];
	wake("pipe", poll_and_read, write_8);
	close(fd);
	close(other);

	fd = open("/dev/cdev_example0", O_RDWR);
	other = fd;
	if (fd >= 0)
		wake("cdev", poll_and_read, write_8);
	close(fd);

	fd = open("/sys/fs/myfs/first", O_RDWR);
	other = fd;
	memcpy(message, "1234567\n", 8);
	if (fd >= 0)
		wake("sysfs-fs", poll_value, write_value);
	close(fd);

	/* Blocked, or it would be caught by the handler instead of by who waits for it. */
	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	wake("tgkill", wait_signal, kill_child);
	fd = open("/sys/kernel/debug/signalconfpid", O_WRONLY);
	if (fd >= 0)
		wake("signal", wait_signal, write_pid);
	close(fd);

	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	other = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	sock = nl_socket_alloc();
	must(sock && !genl_connect(sock), "genl_connect");
	family = genl_ctrl_resolve(sock, DOC_EXMPL_FAMILY);
	answer_type = family;
	group = genl_ctrl_resolve_grp(sock, DOC_EXMPL_FAMILY, DOC_EXMPL_GROUP);
	nl_socket_free(sock);
	if (family >= 0) {
		/* Without a number of its own the listener would be taken for the sender. */
		must(!bind(other, (struct sockaddr *)&here, sizeof(here)), "bind");
		must(!setsockopt(other, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)),
		     "join");
		netlink_request(family, DOC_EXMPL_C_ECHO);
		wake("netlink", receive_event, netlink_echo);
	}
	close(fd);
	close(other);

	must(!socketpair(AF_UNIX, SOCK_DGRAM, 0, pipes), "socketpair");
	other = pipes[0];
	fd = pipes[1];
	wake("unix", receive_event, write_8);
	close(fd);
	close(other);

	other = open("/sys/kernel/debug/mmap_example", O_RDWR);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	fd = eventfd(0, 0);
	if (memory != MAP_FAILED) {
		wake("mmap", hear_bell, ring_bell);
		munmap(memory, PAGE);
	}
	close(other);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	wake("memory+eventfd", hear_bell, ring_bell);
	munmap(memory, PAGE);
	close(fd);
	size = 0;
}

/* ---- a bell that the kernel rings ---- */

static void ring_and_read(void)
{
	eventfd_t count;

	must(!eventfd_write(other, 1) && !eventfd_read(other, &count), "write and read");
}

static void read_ring(void)
{
	eventfd_t count;

	must(!eventfd_read(other, &count), "read"); /* of a semaphore: one of many */
}

/*
 * How much of the next quarter of a second goes to others: interrupts, and who runs after
 * them. We do nothing but look at the clock. Where two looks are far apart, it was not us.
 */
static double interrupted(void)
{
	double begin = now(), last, next = begin, usual = 1e9, sum = 0;
	int i;

	for (i = 0; i < 100; i++) {
		last = next;
		next = now();
		if (next - last < usual)
			usual = next - last;
	}
	while (next - begin < 0.25e9) {
		last = next;
		next = now();
		if (next - last > 2 * usual)
			sum += next - last - usual;
	}
	return sum;
}

/*
 * The module rings after some ticks of the timer, and waiting for them is no cost. So a
 * ring is what the interruptions take while the bell rings, less what they take anyhow,
 * for each ring. Most of that is the timer and the worker. The read comes on top.
 */
static void eventfd_rows(void)
{
	struct sched_param none = {};
	__u32 rings = 1000;
	eventfd_t count;
	double cost;

	size = 8;
	mechanism = "eventfd-write";
	other = eventfd(0, 0);
	measure("round-trip", 100, ring_and_read);

	mechanism = "eventfd";
	path = "/dev/eventfd_example";
	fd = open(path, O_RDWR);
	if (fd < 0) {
		warn("%s", path);
	} else {
		must(!ioctl(fd, EVENTFD_EXAMPLE_BELL, &other), "BELL");
		/* A process of this class gives way to the module's worker at once. */
		must(!sched_setscheduler(0, SCHED_IDLE, &none), "SCHED_IDLE");
		cost = -interrupted();
		must(!ioctl(fd, EVENTFD_EXAMPLE_RING, &rings), "RING");
		cost += interrupted();
		close(fd); /* ends the ringing */
		must(!sched_setscheduler(0, SCHED_OTHER, &none), "SCHED_OTHER");
		must(!eventfd_read(other, &count), "read");
		cost /= count;
		print_row("ring", cost, 0);
		close(other);
		other = eventfd(100 * (ROUNDS + 1), EFD_SEMAPHORE);
		print_row("round-trip", cost + measure("read", 100, read_ring), 0);
		size = 0;
		measure("open-close", 100, open_close);
	}
	close(other);
	size = 0;
}

/* ---- events of devices ---- */

static void hear(void)
{
	must(recv(other, answer, sizeof(answer), MSG_DONTWAIT) > 0, "recv");
}

static void announce_and_hear(void)
{
	must(pwrite(fd, message, size, 0) == (ssize_t)size, path);
	hear();
}

static void ask_and_hear(void)
{
	must(pwrite(fd, "change", 6, 0) == 6, path);
	hear();
}

/* The twin is an event that a program asks the kernel for, of a device that is always there. */
static void uevent_rows(void)
{
	struct sockaddr_nl here = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	other = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	must(other >= 0 && !bind(other, (struct sockaddr *)&here, sizeof(here)), "socket and bind");
	size = 8;
	mechanism = "uevent-null";
	path = "/sys/class/mem/null/uevent";
	fd = open(path, O_WRONLY);
	must(fd >= 0, path);
	measure("round-trip", 100, ask_and_hear);
	close(fd);

	mechanism = "uevent";
	path = "/sys/class/misc/uevent_example/announce";
	fd = open(path, O_WRONLY);
	must(fd >= 0, path);
	memset(message, 'x', sizeof(message));
	for (; size <= 200; size += 192)
		measure("round-trip", 100, announce_and_hear);
	close(fd);
	close(other);
	size = 0;
}

/* ---- the table of seqfile ---- */

static void read_from_0(void)
{
	size_t done = 0;
	ssize_t ret = 1;

	must(!lseek(fd, 0, SEEK_SET), "lseek");
	for (; done < size; done += ret) {
		ret = read(fd, answer, size - done);
		must(ret > 0, "read");
	}
}

/* How long the lines of the entries from..to-1 are. */
static off_t lines(long from, long to)
{
	off_t bytes = 0;

	for (; from < to; from++)
		bytes += snprintf(NULL, 0, "%ld %ld\n", from, from * from);
	return bytes;
}

#define HEADER 15 /* "# index square\n" */
#define LENGTH 20 /* of a line from entry SAME on; all before it are shorter */
#define SAME 316228
#define WINDOW 1000 /* entries */

/* Reads on to the byte at end, a page at a time, and less at the last. */
static off_t position, thousand_lines;

static void read_to(off_t end)
{
	ssize_t ret;

	for (; position < end; position += ret) {
		ret = read(fd, answer, end - position < PAGE ? end - position : PAGE);
		must(ret > 0, "read");
	}
}

static void read_thousand(void)
{
	read_to(position + WINDOW * LENGTH);
}

static void read_first_thousand(void)
{
	position = lseek(fd, 0, SEEK_SET);
	read_to(HEADER + thousand_lines);
}

/* Lines of one length, at two places of one table: what differs is the way there. */
static void seqfile_places(long entries)
{
	position = lseek(fd, 0, SEEK_SET);
	read_to(HEADER + lines(0, SAME));
	size = SAME;
	measure("thousand-at", 1, read_thousand);
	size = entries - (ROUNDS + 1) * WINDOW;
	read_to(HEADER + lines(0, size));
	measure("thousand-at", 1, read_thousand);
}

static void seqfile_rows(const char *modules)
{
	char name[256], parameter[32];
	double start;
	int module;
	long entries;
	off_t end;

	snprintf(name, sizeof(name), "%s/seqfile_kernel.ko", modules);
	module = open(name, O_RDONLY);
	if (module < 0) {
		warn("%s", name);
		return;
	}
	mechanism = "seqfile";
	thousand_lines = lines(0, 1000);
	for (entries = 1000; entries <= 1000000; entries *= 10) {
		snprintf(parameter, sizeof(parameter), "entries=%ld", entries);
		must(!load(module, parameter), parameter);
		fd = open("/proc/seqfile_example", O_RDONLY);
		must(fd >= 0, "open");

		/* The same thousand lines of ever larger tables, then each table whole. */
		size = entries;
		measure("thousand-of", 1, read_first_thousand);
		position = lseek(fd, 0, SEEK_SET);
		end = HEADER + lines(0, entries);
		start = now();
		read_to(end);
		print_row("entry-of", (now() - start) / entries, 0);
		if (entries == 10000)
			all_sizes(read_from_0);
		if (entries == 1000000)
			seqfile_places(entries);
		close(fd);
		unload("seqfile_kernel");
	}
	close(module);

	mechanism = "kallsyms";
	fd = open("/proc/kallsyms", O_RDONLY);
	all_sizes(read_from_0);
	close(fd);
}

/* ---- what a line in the log costs, and how long a message may be ---- */

static void logged(void)
{
	mechanism = "procfs";
	path = "/proc/procfs_example/message";
	fd = open(path, O_RDWR);
	must(fd >= 0, path);
	memset(message, 'x', sizeof(message));
	for (size = 8; size <= 200; size += 192)
		measure("logged", 100, write_read);
	close(fd);
}

/* Most of the limits are the examples' own, chosen to be small enough to run into. */
static int takes_write(size_t length)
{
	ssize_t ret = write(fd, message, length);

	while (other >= 0 && read(other, answer, sizeof(answer)) > 0)
		; /* makes room in the queue again */
	return ret == (ssize_t)length;
}

static int takes_ioctl(size_t length)
{
	exchanged.length = length;
	return !ioctl(fd, IOCTL_EXAMPLE_SET, &exchanged);
}

static int takes_datagram(size_t length)
{
	return send(fd, message, length, 0) == (ssize_t)length &&
	       recv(fd, answer, sizeof(answer), 0) == (ssize_t)length;
}

static int takes_request(size_t length)
{
	struct nlmsghdr *header = (void *)answer;

	size = length;
	netlink_request(family, DOC_EXMPL_C_ECHO);
	must(send(fd, &request, request.header.nlmsg_len, 0) > 0, "send");
	must(recv(fd, answer, sizeof(answer), 0) > 0, "recv");
	return header->nlmsg_type == family;
}

static int takes_mapping(size_t length)
{
	void *map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);

	return map != MAP_FAILED && !munmap(map, length);
}

#ifdef __NR_mysyscall
static int takes_call(size_t length)
{
	return syscall(__NR_mysyscall, answer, length < 12 ? 12 : length) == 12;
}
#endif

static int takes_slot(size_t length)
{
	int answered;

	queues = mmap(NULL, sizeof(*queues), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(queues != MAP_FAILED, "mmap");
	queues->to_kernel.slots[queues->to_kernel.head % RING_EXAMPLE_SLOTS].length = length;
	__atomic_store_n(&queues->to_kernel.head, queues->to_kernel.head + 1, __ATOMIC_RELEASE);
	ring_module();
	wait_module();
	must(take(&queues->to_user, answer, &answered), "no answer");
	munmap(queues, sizeof(*queues));
	return answered == (int)length;
}

static void limit(const char *name, const char *where, int (*takes)(size_t))
{
	size_t good = 1, bad = 4 * PAGE, middle;

	mechanism = name;
	if (where)
		fd = open(where, O_RDWR | O_NONBLOCK);
	if (fd < 0)
		return;
	while (bad - good > 1) {
		middle = (good + bad) / 2;
		if (takes(middle))
			good = middle;
		else
			bad = middle;
	}
	size = good;
	print_row("largest", good, 0);
	size = 0;
	close(fd);
}

static void limit_rows(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(5555),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval second = { .tv_sec = 1 };

	other = -1;
	memset(message, 'x', sizeof(message));
	limit("procfs", "/proc/procfs_example/message", takes_write);
	mkdir("/sys/kernel/config/configfs_example/bench", 0755);
	limit("configfs", "/sys/kernel/config/configfs_example/bench/message", takes_write);
	rmdir("/sys/kernel/config/configfs_example/bench");
	limit("debugfs", "/sys/kernel/debug/debugfs_example/message", takes_write);
	limit("ioctl", "/dev/ioctl_example", takes_ioctl);
	limit("mmap", "/sys/kernel/debug/mmap_example", takes_mapping);
	limit("ring", "/dev/ring_example", takes_slot);
	other = open("/dev/cdev_example0", O_RDWR | O_NONBLOCK);
	limit("cdev", "/dev/cdev_example0", takes_write);
	close(other);

	fd = socket(AF_INET, SOCK_DGRAM, 0);
	must(!connect(fd, (struct sockaddr *)&to, sizeof(to)), "connect");
	must(!setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second)), "SO_RCVTIMEO");
	limit("udp", NULL, takes_datagram);
	if (family >= 0) {
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
		limit("netlink", NULL, takes_request);
	}
#ifdef __NR_mysyscall
	if (syscall(__NR_mysyscall, answer, 200) == 12)
		limit("syscall", "/dev/null", takes_call);
#endif
}

int main(int argc, char *argv[])
{
	cpu_set_t one;

	if (argc != 2) {
		fprintf(stderr, "usage: bench MODULES\n"
				"       bench -l|-n|-t\n");
		return 2;
	}
	alarm(300); /* in case somebody waits for what does not come */
	/* A process that is moved to another processor pays for it; children inherit this. */
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	must(!sched_setaffinity(0, sizeof(one), &one), "sched_setaffinity");
	if (!strcmp(argv[1], "-l")) {
		logged();
	} else if (!strcmp(argv[1], "-n")) {
		tracepoint_rows(1);
	} else if (!strcmp(argv[1], "-t")) {
		call_rows();
		device_rows();
		signal_rows();
		udp_rows();
		netlink_rows();
		ring_rows();
		wake_rows();
		eventfd_rows();
	} else {
		call_rows();
		file_rows();
		device_rows();
		handle_rows();
		signal_rows();
		upcall_rows(argv[1]);
		udp_rows();
		netlink_rows();
		ring_rows();
		wake_rows();
		eventfd_rows();
		bpf_rows();
		tracepoint_rows(0);
		uevent_rows();
		seqfile_rows(argv[1]);
		limit_rows();
	}
	return fclose(stdout) ? EXIT_FAILURE : 0;
}
