// SPDX-License-Identifier: MIT
/*
 * Writes to level, and says which events have come.
 *
 * Usage: uevent_check one|bad      writes 37, or 101
 *        uevent_check burst        writes 100 to 1 without a pause
 *        uevent_check steady       writes for a second, or until an event has come
 *        uevent_check unload       writes 5, and then removes the module
 *        uevent_check storm        removes the module while another process writes
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATH "/sys/class/misc/uevent_example/level"
#define DEVICE "@/devices/virtual/misc/uevent_example"
#define DELAY 200 /* ms */

static int level, sock;
static char last[64]; /* LEVEL=..., or the action of an event without LEVEL */

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int write_level(int number)
{
	char text[8];

	return write(level, text, snprintf(text, sizeof(text), "%d", number)) < 0;
}

/* Takes the next event of the device, and waits for it so many ms. Returns 0 if none comes. */
static int hears(long patience)
{
	struct pollfd pollfd = { .fd = sock, .events = POLLIN };
	long end = now() + patience, left;
	char event[4096], *string;
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t len;

	for (;;) {
		left = end - now();
		if (poll(&pollfd, 1, left > 0 ? left : 0) != 1)
			return 0;
		from_len = sizeof(from);
		len = recvfrom(sock, event, sizeof(event) - 1, 0, (void *)&from, &from_len);
		if (len < 0)
			err(1, "recvfrom");
		event[len] = '\0';
		string = strchr(event, '@');
		if (from.nl_pid || !string || strcmp(string, DEVICE))
			continue;
		snprintf(last, sizeof(last), "%.*s", (int)(string - event), event);
		for (string = event; string < event + len; string += strlen(string) + 1)
			if (!strncmp(string, "LEVEL=", 6))
				snprintf(last, sizeof(last), "%.20s", string);
		return 1;
	}
}

/* All events that still come. The last one may be late on a computer that is busy. */
static int rest(void)
{
	int events = 0;

	while (hears(5 * DELAY))
		events++;
	return events;
}

/* A timer counts ticks, and the first one has begun already. */
static void one(int number)
{
	long begin = now();
	int events = 0;

	if (write_level(number))
		printf("%m, ");
	else
		events = hears(20 * DELAY);
	if (events)
		printf("%s, ", now() - begin > DELAY * 3 / 4 ? "later" : "at once");
	events += rest();
	printf("%d came", events);
	printf("%s%s\n", events ? ": " : "", last);
}

static void burst(void)
{
	long begin = now(), most;
	int number, events;

	for (number = 100; number > 0; number--)
		if (write_level(number))
			err(1, "write");
	/* If the writes took long, more than one may come. */
	most = (now() - begin) / DELAY + 2;
	events = rest();
	printf("%s came, the last: %s\n", events > most ? "too many" : "few", last);
}

/* What comes after a pause in the writes says nothing, so the second begins anew. */
static void steady(void)
{
	long begin, before, pause;
	int heard, tries = 0;

	do {
		rest();
		heard = 0;
		pause = 0;
		begin = now();
		while (!heard && now() - begin < 5 * DELAY) {
			before = now();
			if (write_level(50))
				err(1, "write");
			heard = hears(1);
			if (now() - before > pause)
				pause = now() - before;
		}
	} while (heard && pause > DELAY / 2 && tries++ < 20);
	printf("%s\n", heard ? last : "nothing came");
	rest(); /* or the next check would hear what is still due */
}

static void unload(int storm)
{
	int status = 0, events;
	pid_t pid = -1;

	if (write_level(5))
		err(1, "write");
	if (storm) {
		pid = fork();
		if (pid == 0) {
			while (!write_level(5))
				;
			exit(errno == ENODEV ? 0 : 1);
		}
		nice(15); /* on one processor too, the other one writes during the removal */
		usleep(50000);
	}
	if (syscall(SYS_delete_module, "uevent_kernel", O_NONBLOCK))
		err(1, "delete_module");
	if (storm && waitpid(pid, &status, 0) != pid)
		err(1, "waitpid");
	events = rest();
	if (WEXITSTATUS(status))
		printf("a write failed with something else than ENODEV, ");
	printf("%s%s\n", events ? "the last: " : "nothing came", last);
}

int main(int argc, char *argv[])
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	const char *what = argc == 2 ? argv[1] : "";

	level = open(PATH, O_WRONLY);
	if (level < 0)
		err(1, "open level");
	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT);
	if (sock < 0 || bind(sock, (void *)&address, sizeof(address)))
		err(1, "socket");
	if (!strcmp(what, "one"))
		one(37);
	else if (!strcmp(what, "bad"))
		one(101);
	else if (!strcmp(what, "burst"))
		burst();
	else if (!strcmp(what, "steady"))
		steady();
	else if (!strcmp(what, "unload") || !strcmp(what, "storm"))
		unload(!strcmp(what, "storm"));
	else
		errx(2, "usage: see the head of check.c");
	return 0;
}
