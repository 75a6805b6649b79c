// SPDX-License-Identifier: MIT
/*
 * Turns the event on, writes the message to the module, and prints the message that the
 * event carried. Listens through files of tracefs, or with -p by perf_event_open(2). With -f
 * only events that pass the filter are heard.
 *
 * Usage: tracepoint_user [-p] [-f filter] [message]
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PATH "/dev/tracepoint_example"
#define TRACEFS "/sys/kernel/tracing"
#define NAME "tracepoint_example_message"
#define EVENT "events/tracepoint_example/" NAME
#define MESSAGE_MAX 200
#define NOTHING (-1)

/*
 * An instance is a directory with a buffer and switches of its own. In the top directory of
 * tracefs we would change what others have switched on, and mix our events with theirs.
 */
static char instance[128];
static int trace_pipe = -1;

static void trace_end(void)
{
	if (trace_pipe >= 0)
		close(trace_pipe); /* while a file of it is open, an instance cannot be removed */
	if (rmdir(instance))
		warn("rmdir %s", instance);
}

static void trace_set(const char *name, const char *value)
{
	char path[300];
	ssize_t ret;
	int fd, why;

	snprintf(path, sizeof(path), "%s/%s", instance, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", path);
	ret = write(fd, value, strlen(value));
	why = errno;
	close(fd); /* before err(), which calls trace_end() */
	errno = why;
	if (ret < 0)
		err(EXIT_FAILURE, "write %s", path);
}

static void trace_listen(const char *filter)
{
	char path[300], pid[16];

	snprintf(instance, sizeof(instance), TRACEFS "/instances/tracepoint_user-%d", getpid());
	if (mkdir(instance, 0700))
		err(EXIT_FAILURE, "mkdir %s", instance);
	atexit(trace_end);
	snprintf(pid, sizeof(pid), "%d", getpid());
	trace_set("set_event_pid", pid); /* other programs can write to the module too */
	if (filter)
		trace_set(EVENT "/filter", filter);
	trace_set(EVENT "/enable", "1");

	/* Reads like trace, but takes away what it has read. */
	snprintf(path, sizeof(path), "%s/trace_pipe", instance);
	trace_pipe = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (trace_pipe < 0)
		err(EXIT_FAILURE, "open %s", path);
}

/*
 * Each read takes whole lines out of the buffer, as text. What stands before the event's name
 * differs between kernels. What follows it is the TP_printk() of the module.
 */
static int trace_hear(unsigned char *message)
{
	char text[4096], *hex;
	unsigned int length, i;
	ssize_t ret;

	ret = read(trace_pipe, text, sizeof(text) - 1);
	if (ret < 0 && errno == EAGAIN)
		return NOTHING;
	if (ret < 0)
		err(EXIT_FAILURE, "read trace_pipe");
	text[ret] = 0;
	hex = strstr(text, ": " NAME ": ");
	if (!hex || sscanf(hex, ": " NAME ": length=%u", &length) != 1 || length > MESSAGE_MAX)
		errx(EXIT_FAILURE, "read trace_pipe: unexpected line: %s", text);
	hex = strstr(hex, "message=") + strlen("message=");
	for (i = 0; i < length; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &message[i]) != 1)
			errx(EXIT_FAILURE, "read trace_pipe: unexpected line: %s", text);
	return length;
}

/*
 * perf hands over the event's struct, as it is in the kernel, in memory that both sides see:
 * a page of struct perf_event_mmap_page, then a ring of records.
 */
static struct perf_event_mmap_page *ring;
static unsigned int message_offset; /* of the field message, in the event's struct */

/* Returns the number that follows the text "before" in a file of the event. */
static unsigned int event_number(const char *name, const char *before)
{
	char path[300], line[200], *found = NULL;
	FILE *file;

	snprintf(path, sizeof(path), TRACEFS "/" EVENT "/%s", name);
	file = fopen(path, "r");
	if (!file)
		err(EXIT_FAILURE, "open %s", path);
	while (!found && fgets(line, sizeof(line), file))
		found = strstr(line, before);
	fclose(file); /* at once: who reads it after rmmod can crash an old kernel, see README.md */
	if (!found)
		errx(EXIT_FAILURE, "%s: there is no '%s'", path, before);
	return strtoul(found + strlen(before), NULL, 10);
}

static void perf_listen(const char *filter)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = event_number("id", ""),
		.sample_type = PERF_SAMPLE_RAW,
		.sample_period = 1, /* each event, not one of many */
	};
	long page;
	int fd;

	/* A program can rely on the names of the fields, and not on where they are. */
	message_offset = event_number("format", " message;\toffset:");
	/* 0: what this process does, on whichever processor (-1) */
	fd = syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "perf_event_open");
	if (filter && ioctl(fd, PERF_EVENT_IOC_SET_FILTER, filter))
		err(EXIT_FAILURE, "ioctl PERF_EVENT_IOC_SET_FILTER");
	/* The size of the ring, in pages, must be a power of two. */
	page = sysconf(_SC_PAGESIZE);
	ring = mmap(NULL, page + page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
}

/* A record can begin at the end of the ring, and go on at its beginning. */
static void ring_copy(void *to, __u64 from, size_t size)
{
	const char *data = (char *)ring + ring->data_offset;
	size_t i;

	for (i = 0; i < size; i++)
		((char *)to)[i] = data[(from + i) % ring->data_size];
}

/*
 * The kernel writes at data_head, and we read at data_tail. Both only grow. Acquire: we see
 * all that the kernel wrote before it moved the head. Release: the kernel sees the new tail
 * only after we have read.
 */
static int perf_hear(unsigned char *message)
{
	__u64 head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
	__u64 tail = ring->data_tail, raw;
	struct perf_event_header header;
	int length = NOTHING;
	__u32 place;

	while (tail != head && length == NOTHING) {
		ring_copy(&header, tail, sizeof(header));
		if (header.type == PERF_RECORD_SAMPLE) {
			/*
			 * A size of 4 bytes, then the event's struct. In that, the field message
			 * has 4 bytes too: how many bytes the message has, and where they are.
			 */
			raw = tail + sizeof(header) + sizeof(__u32);
			ring_copy(&place, raw + message_offset, sizeof(place));
			length = place >> 16;
			if (length > MESSAGE_MAX)
				errx(EXIT_FAILURE, "perf: %d bytes are too many", length);
			ring_copy(message, raw + (place & 0xffff), length);
		}
		tail += header.size;
	}
	__atomic_store_n(&ring->data_tail, tail, __ATOMIC_RELEASE);
	return length;
}

static int print_usage(void)
{
	fprintf(stderr, "usage: tracepoint_user [-p] [-f filter] [message]\n");
	return 2;
}

int main(int argc, char *argv[])
{
	const char *message = "hi kernel", *filter = NULL;
	int perf = 0, option, fd, length;
	unsigned char answer[MESSAGE_MAX];
	ssize_t ret;

	while ((option = getopt(argc, argv, "pf:")) != -1) {
		if (option == 'p')
			perf = 1;
		else if (option == 'f')
			filter = optarg;
		else
			return print_usage();
	}
	if (argc - optind > 1)
		return print_usage();
	if (optind < argc)
		message = argv[optind];

	fd = open(PATH, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (perf)
		perf_listen(filter);
	else
		trace_listen(filter);
	ret = write(fd, message, strlen(message));
	if (ret < 0)
		err(EXIT_FAILURE, "write %s", PATH);
	if ((size_t)ret != strlen(message))
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", PATH, ret,
		     strlen(message));

	/* The event is in the buffer before write(2) returns. So nobody has to wait for it. */
	length = perf ? perf_hear(answer) : trace_hear(answer);
	printf("kernel said: ");
	if (length == NOTHING)
		printf("nothing");
	else
		fwrite(answer, 1, length, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
