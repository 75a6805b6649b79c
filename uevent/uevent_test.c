// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: looks at every byte of an event and at its sender,
 * forges events, uses odd buffers, holds a write half way. Prints the results.
 *
 * Usage: uevent_test event TEXT             (TEXT may contain \n, \t and \0)
 *        uevent_test write BUFFER COUNT
 *        uevent_test [-a] [-u] [-U] [-n] heard|forged-unicast|forged-multicast
 *                  (-a, -u: as nobody, with -a as one who may administer the network;
 *                  -U, -n: in another user or network namespace)
 *        uevent_test forge unicast PORT
 *        uevent_test forge multicast
 *        uevent_test taken PROGRAM ARGUMENT...
 *        uevent_test overrun|race|held-write|held-unload|reload
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/sys/class/misc/uevent_example/announce"
#define MODULE "uevent_kernel"
#define HEADER "change@/devices/virtual/misc/uevent_example"

static char event[8192];
static ssize_t event_len;
static unsigned int sender, uid;
static int announcer = -1; /* the open file */

static int open_socket(int groups)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT), one = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)))
		err(1, "socket");
	return fd;
}

static unsigned int port_of(int fd)
{
	struct sockaddr_nl address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len))
		err(1, "getsockname");
	return address.nl_pid;
}

/* Takes the next message about the device, if there is one. Returns 0 or the errno. */
static int receive(int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct sockaddr_nl from;
	struct iovec iov = { event, sizeof(event) - 1 };
	struct msghdr message = { .msg_name = &from,
				  .msg_namelen = sizeof(from),
				  .msg_iov = &iov,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	struct ucred credentials;

	do {
		event_len = recvmsg(fd, &message, MSG_DONTWAIT);
		if (event_len < 0)
			return errno;
		event[event_len] = '\0';
	} while (strcmp(event, HEADER));
	memcpy(&credentials, CMSG_DATA(&control.header), sizeof(credentials));
	sender = from.nl_pid;
	uid = credentials.uid;
	return 0;
}

static const char *text_of_event(void)
{
	const char *string;

	for (string = event; string < event + event_len; string += strlen(string) + 1)
		if (!strncmp(string, "MESSAGE=", 8))
			return string + 8;
	return "no MESSAGE";
}

static void announce(const char *bytes, size_t len)
{
	if (write(announcer, bytes, len) != (ssize_t)len)
		err(1, "write");
}

/* Prints the event as it is: a line for each string, and what is not printable as in C. */
static void print_event(int fd)
{
	ssize_t i;

	for (i = 0; i < event_len; i++)
		if (event[i] == '\0')
			printf("\n");
		else if (event[i] == '\n' || event[i] == '\t')
			printf(event[i] == '\n' ? "\\n" : "\\t");
		else
			putchar(event[i]);
	if (receive(fd) != EAGAIN)
		printf("and one more\n");
}

static void event_of(const char *text)
{
	int fd = open_socket(1);
	char bytes[200];
	size_t len = 0;

	for (; *text && len < sizeof(bytes); text++) {
		bytes[len++] = *text;
		if (*text != '\\')
			continue;
		text++;
		bytes[len - 1] = *text == 'n' ? '\n' : *text == 't' ? '\t' : '\0';
	}
	announce(bytes, len);
	errno = receive(fd);
	if (errno)
		err(1, "recvmsg");
	print_event(fd);
}

/* Two pages, the second of which may be taken away */
static char *two_pages(void)
{
	char *pages = mmap(NULL, 2 * getpagesize(), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		err(1, "mmap");
	return pages;
}

static void write_odd(const char *kind, size_t count)
{
	int fd = open_socket(1), events = 0;
	long page = getpagesize();
	char *pages = two_pages(), *buf = memset(pages, 'x', 2 * page);
	ssize_t ret;

	if (!strcmp(kind, "null")) {
		buf = NULL;
	} else if (!strcmp(kind, "kernel")) { /* the last page of every address space */
		buf = (char *)-page;
	} else if (strcmp(kind, "good")) {
		munmap(pages + page, page);
		buf = pages + page - (strcmp(kind, "edge") ? 0 : 4); /* edge: four good bytes */
	}
	ret = write(announcer, buf, count);
	if (ret < 0)
		printf("%m");
	else
		printf("%zd", ret);
	while (!receive(fd))
		events++;
	printf(", %d announced\n", events);
}

static void print_heard(int fd)
{
	if (receive(fd))
		printf("nothing\n");
	else
		printf("from %s with uid %u: %s\n", sender ? "a program" : "the kernel", uid,
		       text_of_event());
}

static void heard(void)
{
	int fd = open_socket(1);

	announce("hi", 2);
	print_heard(fd);
}

/* Sends what looks like an event of the kernel to one socket, or to the kernel's group. */
static int send_forged(int port)
{
	static const char text[] = HEADER "\0ACTION=change\0"
					  "DEVPATH=/devices/virtual/misc/uevent_example\0"
					  "SUBSYSTEM=misc\0MESSAGE=forged\0SEQNUM=1";
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = !port };
	int fd = open_socket(0);

	return sendto(fd, text, sizeof(text), 0, (struct sockaddr *)&to, sizeof(to)) < 0;
}

static void forge(int port)
{
	if (send_forged(port))
		err(1, "sendto");
}

static void forged(int unicast)
{
	int fd = open_socket(1);

	if (send_forged(unicast ? port_of(fd) : 0))
		printf("%m\n");
	else
		print_heard(fd);
}

/* Runs a program when a socket has the number of its process. The kernel gives it to the first. */
static void taken(char *argv[])
{
	if (port_of(open_socket(0)) != (unsigned int)getpid())
		errx(1, "the socket has another number");
	execv(argv[0], argv);
	err(1, "%s", argv[0]);
}

/* Does not read until the receive buffer is full, which has space for a few events only. */
static void overrun(void)
{
	int fd = open_socket(1), size = 1 << 14, i;
	char text[16];

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 0; i < 100; i++)
		announce(text, snprintf(text, sizeof(text), "%d", i));
	printf("%s, ", strerror(receive(fd)));
	for (i = 0; !receive(fd); i++) {
		if (atoi(text_of_event()) != i)
			printf("%s instead of %d, ", text_of_event(), i);
		if (i == 1)
			announce("-1", 2); /* there is space for it now */
	}
	printf("%s, ", i > 0 && i < 100 ? "the first ones" : "none or all");
	announce("again", 5);
	printf("%s, ", receive(fd) ? "nothing" : text_of_event());
	printf("%s\n", strerror(receive(fd)));
}

/* Two processes announce at once. A listener must hear all of it, that of each in its order. */
static void race(void)
{
	enum { ROUNDS = 1000 };
	int fd = open_socket(1), size = 8 << 20, next[2] = { 0, 0 }, wrong = 0, me, i, status;
	char text[16];

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		err(1, "SO_RCVBUFFORCE");
	for (me = 0; me < 2; me++) {
		if (fork())
			continue;
		announcer = open(PATH, O_WRONLY);
		for (i = 0; i < ROUNDS; i++)
			announce(text, snprintf(text, sizeof(text), "%d %d", me, i));
		exit(0);
	}
	while (wait(&status) > 0)
		wrong += status != 0;
	while (!receive(fd))
		if (sscanf(text_of_event(), "%d %d", &me, &i) != 2 || me < 0 || me > 1 ||
		    i != next[me]++)
			wrong++;
	printf("%d wrong, %d and %d announced\n", wrong, next[0], next[1]);
}

/* The second half of the text is in a page that comes only when hold() provides it. */
static void *held_write(void *buf)
{
	return (void *)(write(announcer, buf, 4) < 0 ? (long)errno : 0);
}

static void hold(int unload)
{
	long page = getpagesize();
	char *pages = two_pages(), *buf = memset(pages + page - 2, 'h', 2);
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), fd = open_socket(1), held = announcer;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (unsigned long)pages + page, page },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_copy copy = { .dst = (unsigned long)pages + page, .len = page };
	struct uffd_msg message;
	pthread_t thread;
	void *error;

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &reg))
		err(1, "userfaultfd");
	copy.src = (unsigned long)memset(malloc(page), 'h', page);
	alarm(5); /* if the held call locks us out, this ends the test */
	pthread_create(&thread, NULL, held_write, buf);
	if (read(uffd, &message, sizeof(message)) != sizeof(message)) /* now the call waits */
		err(1, "read userfaultfd");
	announcer = open(PATH, O_WRONLY);
	announce("other", 5);
	close(announcer);
	printf("meanwhile %s, ", receive(fd) ? "nothing" : text_of_event());
	if (unload && syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		printf("rmmod: %m, ");
	announcer = held;
	ioctl(uffd, UFFDIO_COPY, &copy);
	pthread_join(thread, &error);
	printf("then %s, ", strerror((long)error));
	printf("%s\n", receive(fd) ? "nothing" : text_of_event());
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

/* With capable the process keeps one part of the power of root: CAP_NET_ADMIN. */
static void become_nobody(int capable)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = {
		{ .effective = 1 << CAP_NET_ADMIN, .permitted = 1 << CAP_NET_ADMIN },
	};

	if (prctl(PR_SET_KEEPCAPS, capable) || setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
	if (capable && syscall(SYS_capset, &header, data))
		err(1, "capset");
}

int main(int argc, char *argv[])
{
	int option;

	announcer = open(PATH, O_WRONLY); /* before we lose the right */
	while ((option = getopt(argc, argv, "auUn")) != -1) {
		if (option == 'a' || option == 'u')
			become_nobody(option == 'a');
		else if (unshare(option == 'U' ? CLONE_NEWUSER : CLONE_NEWNET))
			err(1, "unshare");
	}
	argv += optind;
	argc -= optind;
	if (argc == 2 && !strcmp(argv[0], "event"))
		event_of(argv[1]);
	else if (argc == 3 && !strcmp(argv[0], "write"))
		write_odd(argv[1], strtoul(argv[2], NULL, 0));
	else if (argc == 1 && !strcmp(argv[0], "heard"))
		heard();
	else if (argc == 1 && !strncmp(argv[0], "forged-", 7))
		forged(argv[0][7] == 'u');
	else if (argc > 1 && !strcmp(argv[0], "forge"))
		forge(argc > 2 ? atoi(argv[2]) : 0);
	else if (argc > 1 && !strcmp(argv[0], "taken"))
		taken(argv + 1);
	else if (argc == 1 && !strcmp(argv[0], "overrun"))
		overrun();
	else if (argc == 1 && !strcmp(argv[0], "race"))
		race();
	else if (argc == 1 && !strncmp(argv[0], "held-", 5))
		hold(argv[0][5] == 'u');
	else if (argc == 1 && !strcmp(argv[0], "reload"))
		reload();
	else
		errx(2, "usage: see the head of uevent_test.c");
	return 0;
}
