// SPDX-License-Identifier: MIT
/*
 * Has a message announced by uevent_kernel, and prints the event. Or listens, and prints
 * the events of its device: count of them, or until it is interrupted.
 *
 * Usage: uevent_user [message]
 *        uevent_user -l [count]
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATH "/sys/class/misc/uevent_example/announce"
#define DEVICE "/devices/virtual/misc/uevent_example" /* its directory below /sys */
#define FROM_KERNEL 1 /* the group that the kernel sends to. Group 2 belongs to udev */

/* The kernel's events are not longer: the variables have 2048 bytes, and a line comes first. */
static char event[4096];
static size_t event_len;

static void usage_error(void)
{
	fprintf(stderr, "usage: uevent_user [message]\n"
			"       uevent_user -l [count]\n");
	exit(2);
}

/*
 * From now on the kernel puts each event into the receive buffer of this socket. nl_pid is
 * the number of the socket. With 0 the kernel chooses one that is free: a process can have
 * several such sockets, so its process ID is not always free.
 */
static int open_socket(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = FROM_KERNEL };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd < 0)
		err(EXIT_FAILURE, "socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(EXIT_FAILURE, "bind");
	return fd;
}

/*
 * Takes the next event of the kernel. Returns 0, or an errno if there is none. A program
 * with CAP_NET_ADMIN (a part of the power of root, which containers often have) can send
 * what looks like an event. Only the number of the sender tells: the kernel has number 0,
 * and no program can have it.
 */
static int receive(int fd, int flags)
{
	struct sockaddr_nl from;
	socklen_t from_len;
	ssize_t len;

	do {
		from_len = sizeof(from);
		len = recvfrom(fd, event, sizeof(event) - 1, flags, (struct sockaddr *)&from,
			       &from_len);
		if (len < 0)
			return errno;
	} while (from.nl_pid != 0);
	event[len] = '\0';
	event_len = len;
	return 0;
}

/*
 * The value of a variable of the event, "" if the event has none of this name. An event is a
 * row of strings, each with a NUL at its end: first ACTION@DEVICE, then NAME=value. A value
 * can contain any other byte, so newlines separate nothing.
 */
static const char *value(const char *name)
{
	size_t len = strlen(name);
	const char *string;

	for (string = event; string < event + event_len; string += strlen(string) + 1)
		if (!strncmp(string, name, len) && string[len] == '=')
			return string + len + 1;
	return "";
}

/*
 * Listens first and writes then: an event that comes before the socket is bound is missed.
 * When write(2) returns, the event is in the receive buffer. If it is not, no wait would
 * help: this program is in a container, for example, to which the kernel does not send.
 */
static void announce(int sock, const char *message)
{
	size_t message_len = strlen(message);
	ssize_t len;
	int fd;

	fd = open(PATH, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (message_len == 0)
		errx(EXIT_FAILURE, "an empty message does not reach the module");
	len = write(fd, message, message_len);
	if (len < 0)
		err(EXIT_FAILURE, "write %s", PATH);
	if ((size_t)len != message_len)
		errx(EXIT_FAILURE, "write %s: %zd of %zu bytes written", PATH, len, message_len);

	/* Events of other devices, and other messages for this one, can be there too. */
	do {
		errno = receive(sock, MSG_DONTWAIT);
		if (errno == EAGAIN)
			errx(EXIT_FAILURE, "no event came");
		if (errno)
			err(EXIT_FAILURE, "recvfrom");
	} while (strcmp(value("DEVPATH"), DEVICE) || strcmp(value("ACTION"), "change") ||
		 strcmp(value("MESSAGE"), message));
	printf("kernel said: %s\n", value("MESSAGE"));
}

static void listen_to_events(int sock, long count)
{
	long printed = 0;

	printf("listening\n");
	while (count < 0 || printed < count) {
		/* A program that reads our lines from a pipe gets each one at once. */
		if (fflush(stdout))
			err(EXIT_FAILURE, "write standard output");
		errno = receive(sock, 0);
		if (errno == ENOBUFS) { /* we read too slowly, and the kernel dropped events */
			warnx("events were lost");
			continue;
		}
		if (errno)
			err(EXIT_FAILURE, "recvfrom");
		if (strcmp(value("DEVPATH"), DEVICE))
			continue;
		printf("%s%s%s\n", value("ACTION"), *value("MESSAGE") ? ": " : "",
		       value("MESSAGE"));
		printed++;
	}
}

int main(int argc, char *argv[])
{
	int listening = 0, option;
	long count = -1;
	char *end;

	while ((option = getopt(argc, argv, "l")) != -1) {
		if (option != 'l')
			usage_error();
		listening = 1;
	}
	if (argc - optind > 1)
		usage_error();
	if (listening && optind < argc) {
		count = strtol(argv[optind], &end, 10);
		if (end == argv[optind] || *end || count < 1)
			usage_error();
	}

	if (listening)
		listen_to_events(open_socket(), count);
	else
		announce(open_socket(), optind < argc ? argv[optind] : "hi kernel");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
