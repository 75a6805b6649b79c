// SPDX-License-Identifier: MIT
/*
 * Puts its messages into the memory that it shares with the module, rings once for all of
 * them, and prints the answers. While answers are missing, it rings again.
 *
 * Usage: ring_user [message]...
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ring.h"

#define PATH "/dev/ring_example"

/*
 * The other side runs at the same time, perhaps on another processor. __atomic_load_n()
 * with acquire: what we do in the slots comes after it. __atomic_store_n() with release:
 * what we did in the slots comes before it. An index that only we change needs neither.
 */

/* Returns 0 when the queue is full. */
static int put(struct ring_example_queue *queue, const char *text)
{
	struct ring_example_slot *slot = &queue->slots[queue->head % RING_EXAMPLE_SLOTS];

	/* Acquire: the module has read the old message before we overwrite it. */
	if (queue->head - __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE) == RING_EXAMPLE_SLOTS)
		return 0;
	/* Of a text that is too long only a part is copied. The kernel refuses its length. */
	slot->length = strlen(text);
	memcpy(slot->data, text, strnlen(text, sizeof(slot->data)));
	/* Release: the message is in the slot before the module sees that there is one. */
	__atomic_store_n(&queue->head, queue->head + 1, __ATOMIC_RELEASE);
	return 1;
}

/* Prints the next answer. Returns 0 when there is none, -1 when the kernel refused the message. */
static int take(struct ring_example_queue *queue, const char *text)
{
	struct ring_example_slot *slot = &queue->slots[queue->tail % RING_EXAMPLE_SLOTS];
	int ret = 1;

	/* Acquire: if we see the new head, we see the whole answer. */
	if (__atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) == queue->tail)
		return 0;
	if (slot->length >= 0) {
		printf("kernel said: ");
		fwrite(slot->data, 1, slot->length, stdout);
		printf("\n");
	} else {
		errno = -slot->length;
		warn("message of %zu bytes", strlen(text));
		ret = -1;
	}
	/* Release: we have read the slot before the module sees that it is free. */
	__atomic_store_n(&queue->tail, queue->tail + 1, __ATOMIC_RELEASE);
	return ret;
}

int main(int argc, char *argv[])
{
	int fd, ret, sent = 0, answered = 0, count, status = EXIT_SUCCESS;
	char *hi_kernel = "hi kernel", **messages = &hi_kernel;
	struct pollfd pollfd = { .events = POLLIN };
	struct ring_example *ring;

	if (getopt(argc, argv, "") != -1) {
		fprintf(stderr, "usage: ring_user [message]...\n");
		return 2;
	}
	count = argc - optind;
	if (count)
		messages = argv + optind;
	else
		count = 1;

	fd = open(PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	ring = mmap(NULL, sizeof(*ring), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (ring == MAP_FAILED)
		err(EXIT_FAILURE, "mmap %s", PATH);
	pollfd.fd = fd;

	while (answered < count) {
		while (sent < count && put(&ring->to_kernel, messages[sent]))
			sent++;
		if (ioctl(fd, RING_EXAMPLE_DOORBELL))
			err(EXIT_FAILURE, "ioctl RING_EXAMPLE_DOORBELL");
		/* Memory wakes nobody. The module wakes us, after its worker has answered. */
		if (poll(&pollfd, 1, -1) < 0)
			err(EXIT_FAILURE, "poll %s", PATH);
		while (answered < count) {
			ret = take(&ring->to_user, messages[answered]);
			if (!ret)
				break;
			if (ret < 0)
				status = EXIT_FAILURE;
			answered++;
		}
	}
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return status;
}
