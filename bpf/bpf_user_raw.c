// SPDX-License-Identifier: MIT
/*
 * Does what bpf_user.c and bpf_prog.c do, by bpf(2) alone: no clang, no libbpf. Each step
 * that libbpf does for a program can be seen here.
 *
 * Usage: bpf_user_raw [-m least] [message]
 *
 * With -m the BPF program holds back messages of fewer than so many bytes.
 */
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf_example.h"

#define PATH "/dev/bpf_example"
#define RECORD ((int)sizeof(struct bpf_example_record))

/* An instruction for the kernel's BPF machine: 8 bytes. Its registers are r0 to r10. */
#define I(code, dst, src, off, imm) ((struct bpf_insn){ code, dst, src, off, imm })
#define MOVE(dst, src) I(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, imm) I(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define LOAD(size, dst, src, off) I(BPF_LDX | BPF_MEM | (size), dst, src, off, 0)
#define STORE(size, dst, off, src) I(BPF_STX | BPF_MEM | (size), dst, src, off, 0)
#define ADD(dst, imm) I(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm)
#define IF(op, dst, imm, skip) I(BPF_JMP | (op) | BPF_K, dst, 0, skip, imm)
#define CALL(helper) I(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define END I(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
/* The number of a map takes two instructions. The kernel puts the map's address there. */
#define MAP(dst, fd) I(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd)
#define MAP_END I(0, 0, 0, 0, 0)

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* bpftool(8) shows the name. */
static int create_map(const char *name, enum bpf_map_type type, __u32 key, __u32 value,
		      __u32 entries)
{
	union bpf_attr attr;
	int fd;

	/* What a command does not use must be 0. "= { ... }" may leave it unset. */
	memset(&attr, 0, sizeof(attr));
	attr.map_type = type;
	attr.key_size = key;
	attr.value_size = value;
	attr.max_entries = entries;
	strncpy(attr.map_name, name, sizeof(attr.map_name) - 1);
	fd = bpf(BPF_MAP_CREATE, &attr);
	if (fd < 0)
		err(EXIT_FAILURE, "bpf BPF_MAP_CREATE");
	return fd;
}

/*
 * The program of bpf_prog.c, by hand. A call takes its arguments in r1 to r5, returns in
 * r0, and keeps only r6 to r9. The program begins with r1, its ctx; r10 is the end of its
 * stack, which is 512 bytes. A jump says how many instructions it skips.
 */
static int load(int settings, int ring)
{
	const struct bpf_insn insns[] = {
		LOAD(BPF_DW, 6, 1, 0), /* r6 = ctx->args[0], the message */
		LOAD(BPF_W, 7, 1, 8), /* r7 = ctx->args[1], its length */
		SET(0, 0),
		STORE(BPF_W, 10, -4, 0), /* key = 0 */
		MAP(1, settings),
		MAP_END,
		MOVE(2, 10),
		ADD(2, -4), /* &key */
		CALL(BPF_FUNC_map_lookup_elem),
		IF(BPF_JEQ, 0, 0, 20), /* NULL */
		MOVE(8, 0), /* r8 = the settings */
		LOAD(BPF_W, 1, 8, offsetof(struct bpf_example_settings, least)),
		I(BPF_JMP | BPF_JGT | BPF_X, 1, 7, 17, 0), /* least > length */
		IF(BPF_JGT, 7, BPF_EXAMPLE_MESSAGE_MAX, 16),
		MAP(1, ring),
		MAP_END,
		SET(2, RECORD),
		SET(3, 0),
		CALL(BPF_FUNC_ringbuf_reserve),
		IF(BPF_JEQ, 0, 0, 12), /* NULL */
		MOVE(8, 0), /* r8 = the record */
		STORE(BPF_W, 8, offsetof(struct bpf_example_record, length), 7),
		MOVE(1, 8),
		ADD(1, offsetof(struct bpf_example_record, message)),
		MOVE(2, 7),
		MOVE(3, 6),
		CALL(BPF_FUNC_probe_read_kernel),
		MOVE(1, 8),
		SET(2, 0),
		CALL(BPF_FUNC_ringbuf_submit),
		SET(0, 0), /* here end the jumps of 20, 17 and 16 */
		END,
		SET(1, 1), /* here ends that of 12: the ring buffer is full */
		/* lost += 1, in one step: two processors may be here at once */
		I(BPF_STX | BPF_W | BPF_XADD, 8, 1, offsetof(struct bpf_example_settings, lost), 0),
		SET(0, 0),
		END,
	};
	static const char license[] = "Dual MIT/GPL"; /* bpf_probe_read_kernel() wants GPL */
	static char log[65536];
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attr.insns = (uintptr_t)insns;
	attr.insn_cnt = sizeof(insns) / sizeof(*insns);
	attr.license = (uintptr_t)license;
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	fd = bpf(BPF_PROG_LOAD, &attr);

	/* If the verifier refuses the program, its log says why. */
	if (fd < 0)
		err(EXIT_FAILURE, "%sbpf BPF_PROG_LOAD", log);
	return fd;
}

static void attach(int program)
{
	static const char name[] = "bpf_example_message";
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t)name;
	attr.raw_tracepoint.prog_fd = program;
	/* It stays attached until the last descriptor is closed, at the latest at our end. */
	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0)
		err(EXIT_FAILURE, "bpf BPF_RAW_TRACEPOINT_OPEN");
}

/* The command is BPF_MAP_UPDATE_ELEM or BPF_MAP_LOOKUP_ELEM. */
static void access_settings(int cmd, int map, struct bpf_example_settings *value)
{
	union bpf_attr attr;
	__u32 key = 0;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = map;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	if (bpf(cmd, &attr))
		err(EXIT_FAILURE, "bpf BPF_MAP_%s_ELEM",
		    cmd == BPF_MAP_UPDATE_ELEM ? "UPDATE" : "LOOKUP");
}

static void *map_pages(int fd, size_t size, int protection, off_t offset)
{
	void *pages = mmap(NULL, size, protection, MAP_SHARED, fd, offset);

	if (pages == MAP_FAILED)
		err(EXIT_FAILURE, "mmap of the ring buffer");
	return pages;
}

/*
 * Takes the records that are in the ring buffer now, and prints ours. Other programs'
 * messages pass the tracepoint too. Returns how often ours was there: others may have
 * written the same.
 *
 * The first page of the map is for the reader's position, which we write. The second has
 * the writer's position. The data follow it, twice, so that a record that goes on at the
 * beginning is in one piece. Before each record there is a header of 8 bytes: length and
 * flags, then what only the kernel needs. Our BPF program never discards a record, so we
 * do not look for that flag. Positions only grow. Each is an unsigned long of the kernel,
 * so this is for 64-bit programs.
 *
 * An acquire load pairs with what the kernel stores last: the writer's position, and the
 * header without its busy bit. What was written before is visible after it. A release
 * store makes our reads end before the kernel may use the space again.
 */
static int hear(int ring, const char *message)
{
	size_t page = sysconf(_SC_PAGESIZE);
	unsigned long *reader = map_pages(ring, page, PROT_READ | PROT_WRITE, 0);
	char *pages = map_pages(ring, page + 2 * BPF_EXAMPLE_RING_SIZE, PROT_READ, page);
	unsigned long *writer = (unsigned long *)pages, at = *reader;
	unsigned long end = __atomic_load_n(writer, __ATOMIC_ACQUIRE);
	const struct bpf_example_record *record;
	__u32 *header, len;
	int heard = 0;

	while (at < end) {
		header = (__u32 *)(pages + page + at % BPF_EXAMPLE_RING_SIZE);
		len = __atomic_load_n(header, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT) {
			sched_yield(); /* another processor is still writing this one */
			continue;
		}
		record = (void *)((char *)header + BPF_RINGBUF_HDR_SZ);
		if (record->length == strlen(message) &&
		    !memcmp(record->message, message, record->length) && !heard++) {
			printf("kernel said: ");
			fwrite(record->message, 1, record->length, stdout);
			printf("\n");
		}
		at += (len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		__atomic_store_n(reader, at, __ATOMIC_RELEASE);
	}
	return heard;
}

static void write_message(int device, const char *message)
{
	size_t len = strlen(message);
	ssize_t ret = write(device, message, len);

	if (ret < 0)
		err(EXIT_FAILURE, "write %s", PATH);
	if ((size_t)ret != len)
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", PATH, ret, len);
}

int main(int argc, char *argv[])
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct bpf_example_settings now = { 0 };
	char *message = "hi kernel", *end = "";
	int device, option, settings, ring, heard;
	long least = 0;

	while ((option = getopt(argc, argv, "m:")) == 'm') {
		least = strtol(optarg, &end, 10);
		if (end == optarg || *end || least < 0 || least > INT_MAX)
			break;
	}
	if (option != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: bpf_user_raw [-m least] [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	device = open(PATH, O_WRONLY | O_CLOEXEC);
	if (device < 0)
		err(EXIT_FAILURE, "open %s", PATH);

	/* Before Linux 5.11 maps count as locked memory, for which the limit is often 64 KiB. */
	if (setrlimit(RLIMIT_MEMLOCK, &all))
		err(EXIT_FAILURE, "setrlimit RLIMIT_MEMLOCK");

	settings = create_map("settings", BPF_MAP_TYPE_ARRAY, sizeof(__u32), sizeof(now), 1);
	ring = create_map("ring", BPF_MAP_TYPE_RINGBUF, 0, 0, BPF_EXAMPLE_RING_SIZE);
	now.least = least;
	access_settings(BPF_MAP_UPDATE_ELEM, settings, &now);
	attach(load(settings, ring));

	/* The BPF program runs within write(2), so its record is there when write(2) returns. */
	write_message(device, message);
	close(device);
	heard = hear(ring, message);
	if (!heard)
		access_settings(BPF_MAP_LOOKUP_ELEM, settings, &now);
	if (!heard && now.lost)
		errx(EXIT_FAILURE, "the ring buffer was full, messages lost: %u", now.lost);
	if (!heard)
		printf("kernel said: nothing\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
