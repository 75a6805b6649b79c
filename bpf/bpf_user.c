// SPDX-License-Identifier: MIT
/*
 * Loads the BPF program of bpf_prog.o into the kernel through libbpf, and attaches it to
 * the module's tracepoint. Writes a message to the module, and prints what the BPF
 * program has put into the ring buffer. bpf_user_raw.c does the same without libbpf.
 *
 * Usage: bpf_user [-m least] [message]
 *
 * With -m the BPF program holds back messages of fewer than so many bytes.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bpf_example.h"

#define PATH "/dev/bpf_example"
#define OBJECT "bpf_prog.o"

static int heard; /* how often our message has come */

/* What libbpf returns when it fails has changed with version 1.0. This suits all versions. */
static void must(const void *pointer, const char *call)
{
	long error = libbpf_get_error(pointer);

	if (error) {
		errno = -error;
		err(EXIT_FAILURE, "%s", call);
	}
}

/* libbpf calls this for each record. Other programs' messages pass the tracepoint too. */
static int hear(void *message, void *data, size_t size)
{
	const struct bpf_example_record *record = data;

	if (size < sizeof(*record) || record->length != strlen(message) ||
	    memcmp(record->message, message, record->length))
		return 0;
	if (heard++)
		return 0; /* somebody else has written the same */
	printf("kernel said: ");
	fwrite(record->message, 1, record->length, stdout);
	printf("\n");
	return 0;
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
	struct pollfd left = { .events = POLLIN };
	struct bpf_example_settings now = { 0 };
	char *message = "hi kernel", *end = "";
	int device, option, settings, ret;
	struct bpf_program *program;
	struct ring_buffer *ring;
	struct bpf_object *object;
	long least = 0;
	__u32 key = 0;

	while ((option = getopt(argc, argv, "m:")) == 'm') {
		least = strtol(optarg, &end, 10);
		if (end == optarg || *end || least < 0 || least > INT_MAX)
			break;
	}
	if (option != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: bpf_user [-m least] [message]\n");
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

	/* If the verifier refuses the program, libbpf prints why. */
	object = bpf_object__open_file(OBJECT, NULL);
	must(object, "open " OBJECT);
	ret = bpf_object__load(object);
	if (ret) {
		errno = -ret;
		err(EXIT_FAILURE, "load " OBJECT);
	}
	settings = bpf_object__find_map_fd_by_name(object, "settings");
	now.least = least;
	if (bpf_map_update_elem(settings, &key, &now, BPF_ANY))
		err(EXIT_FAILURE, "set least");
	left.fd = bpf_object__find_map_fd_by_name(object, "ring");
	ring = ring_buffer__new(left.fd, hear, message, NULL);
	must(ring, "map the ring buffer");

	/* It stays attached until this process ends, even if that is by SIGKILL. */
	program = bpf_object__find_program_by_name(object, "bpf_prog_message");
	must(program, "find bpf_prog_message");
	must(bpf_program__attach(program), "attach to bpf_example_message");

	/*
	 * The BPF program runs within write(2), so its record is there when write(2) returns.
	 * But in front of it there may be one that another processor is still writing, and
	 * ring_buffer__consume() stops there. poll(2) tells that something is left.
	 * To wait for what others write, use ring_buffer__poll().
	 */
	write_message(device, message);
	close(device);
	do {
		ret = ring_buffer__consume(ring);
	} while (ret >= 0 && !heard && poll(&left, 1, 0) > 0);
	if (ret < 0) {
		errno = -ret;
		err(EXIT_FAILURE, "read the ring buffer");
	}
	if (!heard && bpf_map_lookup_elem(settings, &key, &now))
		err(EXIT_FAILURE, "look up lost");
	if (!heard && now.lost)
		errx(EXIT_FAILURE, "the ring buffer was full, messages lost: %u", now.lost);
	if (!heard)
		printf("kernel said: nothing\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
