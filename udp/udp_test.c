// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: datagrams of odd sizes from odd places,
 * many at once, floods, and unloading under them. Prints the results.
 *
 * Usage: udp_test [-u] [-f ADDRESS[:PORT]] [-t ADDRESS[:PORT]] COMMAND
 *   -f sender's address, -t where to send (127.0.0.1:5555), -u as nobody
 *   say                sends standard input as one datagram, compares the answer
 *   forge COUNT        sends datagrams through a raw socket, which may claim any sender
 *   taken CMD...       runs CMD while the address -f is taken
 *   replies TEXT CMD.. the same, and there answers one datagram with TEXT
 *   burst COUNT        sends that many datagrams, four times, then reads the answers
 *   held COUNT         the same once, and the worker may not run until all have arrived
 *   error              puts an error on the module's socket, then asks
 *   context|race|flood|reload
 *   load [PARAMETERS]
 *   unload
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODULE "udp_kernel"
#define SENDERS 4
#define LONG 5000 /* milliseconds; an unload that takes longer waits for something */

static struct sockaddr_in from = { .sin_family = AF_INET };
static struct sockaddr_in to = { .sin_family = AF_INET };

static void parse(struct sockaddr_in *where, char *text)
{
	char *colon = strchr(text, ':');

	if (colon) {
		*colon = '\0';
		where->sin_port = htons(atoi(colon + 1));
	}
	if (!inet_aton(text, &where->sin_addr))
		errx(2, "no address: %s", text);
}

static int open_socket(const struct sockaddr_in *here)
{
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (const void *)here, sizeof(*here)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "socket");
	return fd;
}

/* Sends one datagram, waits 3 seconds for an answer; true if it has the same bytes. */
static int ask(int fd, const char *data, int len)
{
	char answer[256];

	if (sendto(fd, data, len, 0, (void *)&to, sizeof(to)) != len)
		err(1, "sendto");
	return recv(fd, answer, sizeof(answer), 0) == len && !memcmp(answer, data, len);
}

/*
 * The worker takes datagrams in the order of arrival. So when a second one has been
 * answered, the answer to the first has been sent, or there is none. So there is no
 * need to wait long for an answer that may never come.
 */
static void say(void)
{
	static char data[70000], answer[70000];
	struct timeval moment = { .tv_usec = 50000 };
	struct sockaddr_in anywhere = { .sin_family = AF_INET, .sin_addr = from.sin_addr };
	int fd = open_socket(&from);
	ssize_t len = 0, n;

	while ((n = read(0, data + len, sizeof(data) - len)) > 0)
		len += n;
	if (sendto(fd, data, len, 0, (void *)&to, sizeof(to)) != len)
		err(1, "sendto");
	if (!ask(open_socket(&anywhere), "mark", 4))
		errx(1, "the second datagram has no answer");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment));
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < 0)
		printf("%s\n", errno == EAGAIN ? "no answer" : strerror(errno));
	else if (n == len && !memcmp(answer, data, n))
		printf("the same %zd bytes\n", n);
	else
		printf("other %zd bytes\n", n);
}

/* Runs a command while the address -f is taken, and answers one datagram there if asked to. */
static void taken(char *argv[], const char *reply)
{
	int fd = open_socket(&from);
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);
	char data[256];

	if (!fork()) {
		execvp(argv[0], argv);
		err(1, "%s", argv[0]);
	}
	if (reply && recvfrom(fd, data, sizeof(data), 0, (void *)&peer, &len) >= 0)
		sendto(fd, reply, strlen(reply), 0, (void *)&peer, len);
	wait(NULL);
}

/*
 * SOCK_DESTROY, which "ss -K" sends too, makes the kernel put the error ECONNABORTED
 * on the socket of the address -t. The next call on that socket gets it.
 */
static void socket_error(void)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 req;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = SOCK_DESTROY,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.req = { .sdiag_family = AF_INET,
			 .sdiag_protocol = IPPROTO_UDP,
			 .id = { .idiag_sport = to.sin_port,
				 .idiag_src = { to.sin_addr.s_addr },
				 .idiag_cookie = { INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE } } },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char more[1000];
	} answer;
	int diag = socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG), fd = open_socket(&from);

	if (diag < 0 || send(diag, &request, sizeof(request), 0) < 0 ||
	    recv(diag, &answer, sizeof(answer), 0) < 0) {
		printf("cannot send SOCK_DESTROY: %m\n");
		return;
	}
	if (answer.error.error) {
		printf("cannot put an error on the socket: %s\n", strerror(-answer.error.error));
		return;
	}
	printf("%s\n", ask(fd, "hi", 2) ? "answered" : "not answered");
}

static void forge(int count)
{
	struct {
		struct iphdr ip;
		struct udphdr udp;
		char data[6];
	} packet = {
		.ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP },
		.udp = { .source = from.sin_port, .dest = to.sin_port, .len = htons(14) },
		.data = { 'f', 'o', 'r', 'g', 'e', 'd' }, /* no NUL */
	};
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), i;

	packet.ip.daddr = to.sin_addr.s_addr;
	for (i = 0; i < count; i++) {
		/* From eight neighbours in turn: the kernel keeps a queue for each. */
		packet.ip.saddr = htonl(ntohl(from.sin_addr.s_addr) + i % 8);
		if (sendto(fd, &packet, sizeof(packet), 0, (void *)&to, sizeof(to)) < 0)
			err(1, "sendto, raw");
	}
}

/*
 * Keeps every processor busy with something more urgent than the kernel's threads.
 * Until let_workers() no worker runs, only interrupts are handled.
 */
static cpu_set_t all;
static pid_t busy[CPU_SETSIZE];

static void run_on(int cpu)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		err(1, "sched_setaffinity");
}

static void run_urgently_on(int cpu)
{
	struct sched_param urgent = { .sched_priority = 1 };

	run_on(cpu);
	if (sched_setscheduler(0, SCHED_FIFO, &urgent))
		err(1, "sched_setscheduler");
}

static void hold_workers(void)
{
	int cpu, ours = sched_getcpu(), started[2];
	char byte;

	if (sched_getaffinity(0, sizeof(all), &all) || pipe(started))
		err(1, "sched_getaffinity, pipe");
	run_urgently_on(ours);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (cpu == ours || !CPU_ISSET(cpu, &all))
			continue;
		busy[cpu] = fork();
		if (!busy[cpu]) {
			alarm(5);
			run_urgently_on(cpu);
			if (write(started[1], "", 1) == 1)
				for (;;)
					;
		}
		if (read(started[0], &byte, 1) != 1)
			err(1, "read");
	}
	close(started[0]);
	close(started[1]);
}

static void let_workers(void)
{
	struct sched_param usual = { .sched_priority = 0 };
	int cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!busy[cpu])
			continue;
		kill(busy[cpu], SIGKILL);
		waitpid(busy[cpu], NULL, 0);
		busy[cpu] = 0;
	}
	if (sched_setscheduler(0, SCHED_OTHER, &usual) || sched_setaffinity(0, sizeof(all), &all))
		err(1, "sched_setscheduler, sched_setaffinity");
}

/* In odd rounds the worker may not run until all datagrams have arrived. */
static void burst(int count, int round, int end)
{
	int fd = open_socket(&from), i, number, right = 0;
	char answered[1000];

	if (count > (int)sizeof(answered))
		errx(2, "too many");
	for (; round < end; round++) {
		if (round % 2)
			hold_workers();
		for (i = 0; i < count; i++) {
			number = round * count + i;
			if (sendto(fd, &number, sizeof(number), 0, (void *)&to, sizeof(to)) < 0)
				err(1, "sendto");
		}
		if (round % 2)
			let_workers();
		memset(answered, 0, sizeof(answered));
		for (i = 0; i < count; i++) {
			if (recv(fd, &number, sizeof(number), 0) != sizeof(number))
				goto print;
			number -= round * count;
			if (number >= 0 && number < count && !answered[number]++)
				right++;
		}
	}
print:
	printf("%d answered once\n", right);
}

/*
 * Between two sockets of one machine a datagram is received before sendto() returns,
 * unless the kernel delays it. A second socket of ours shows whether it was delayed. If
 * not, the callback has run, and the worker has not: an answer that is there already
 * was sent by the callback.
 */
static void context(void)
{
	int fd, beside, i, sent, seen = 0, early = 0;
	struct sockaddr_in us = to;
	socklen_t len = sizeof(us);
	char answer[256];

	us.sin_port = 0;
	for (i = 0; i < 50 && seen < 100; i++) {
		fd = open_socket(&us);
		beside = open_socket(&us);
		hold_workers();
		for (sent = 0; sent < 20 && seen < 100; sent++) {
			if (getsockname(beside, (void *)&us, &len) ||
			    sendto(fd, "hi", 2, 0, (void *)&to, sizeof(to)) < 0 ||
			    sendto(beside, "hi", 2, 0, (void *)&us, len) < 0)
				err(1, "sendto");
			if (recv(beside, answer, sizeof(answer), MSG_DONTWAIT) < 0)
				break;
			seen++;
			early += recv(fd, answer, sizeof(answer), MSG_DONTWAIT) == 2;
		}
		let_workers();
		us.sin_port = 0;
		close(fd);
		close(beside);
	}
	printf("%d of %d before the worker ran\n", early, seen);
}

/* Two callers at once, each with its own texts. */
static void race(void)
{
	int i, n, status, wrong = 0, fd;
	char text[200];

	for (i = 0; i < 2; i++) {
		if (fork())
			continue;
		fd = open_socket(&from);
		for (n = 0; n < 200 && !wrong; n++) /* an answer that is missing takes 10 s */
			wrong += !ask(fd, memset(text, i ? 'a' + n % 26 : 'A' + n % 26, 200), n);
		exit(wrong);
	}
	while (wait(&status) > 0)
		wrong += !!status;
	printf("%d got a wrong answer\n", wrong);
}

static int load(const char *parameters)
{
	int fd = open(MODULE ".ko", O_RDONLY);
	int ret = syscall(SYS_finit_module, fd, parameters, 0);

	close(fd);
	return ret;
}

/* Removes the module; returns how long that took, in milliseconds. */
static long unload(void)
{
	struct timespec then, now;

	clock_gettime(CLOCK_MONOTONIC, &then);
	if (syscall(SYS_delete_module, MODULE, O_NONBLOCK))
		err(1, "delete_module");
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - then.tv_sec) * 1000 + (now.tv_nsec - then.tv_nsec) / 1000000;
}

/*
 * Twenty times: the module is loaded and removed while four senders, spread over the
 * processors, send as fast as they can, for 15 seconds at most. They share a socket. An
 * answer on it shows that the flood has arrived.
 */
static void flood(void)
{
	int fd = open_socket(&from), i, round, cpu = -1, over = 0;
	struct timeval patience = { .tv_sec = 20 };
	char data[100] = "flood", answer[256];
	pid_t sender[SENDERS];

	if (sched_getaffinity(0, sizeof(all), &all) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "sched_getaffinity, setsockopt");
	for (round = 0; round < 20 && !over; round++) {
		for (i = 0; i < SENDERS; i++) {
			do
				cpu = (cpu + 1) % CPU_SETSIZE;
			while (!CPU_ISSET(cpu, &all));
			sender[i] = fork();
			if (sender[i])
				continue;
			alarm(15);
			run_on(cpu);
			for (;;)
				sendto(fd, data, sizeof(data), 0, (void *)&to, sizeof(to));
		}
		if (load(""))
			err(1, "round %d: finit_module", round);
		if (recv(fd, answer, sizeof(answer), 0) != sizeof(data))
			err(1, "round %d: recv", round);
		unload();
		over = waitpid(-1, NULL, WNOHANG) != 0; /* then rmmod had to wait for their end */
		for (i = 0; i < SENDERS && !over; i++)
			kill(sender[i], SIGKILL);
		while (wait(NULL) > 0 || recv(fd, answer, sizeof(answer), MSG_DONTWAIT) >= 0)
			;
	}
	if (over)
		printf("delayed until the senders gave up\n");
	else
		printf("%d unloaded\n", round);
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

int main(int argc, char *argv[])
{
	const char *command;
	int option;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons(5555);
	while ((option = getopt(argc, argv, "+uf:t:")) != -1) {
		if (option == 'f')
			parse(&from, optarg);
		else if (option == 't')
			parse(&to, optarg);
		else if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
	}
	argc -= optind;
	argv += optind;
	command = argc ? argv[0] : "";

	if (!strcmp(command, "say"))
		say();
	else if (!strcmp(command, "forge") && argc > 1)
		forge(atoi(argv[1]));
	else if (!strcmp(command, "taken") && argc > 1)
		taken(argv + 1, NULL);
	else if (!strcmp(command, "replies") && argc > 2)
		taken(argv + 2, argv[1]);
	else if (!strcmp(command, "error"))
		socket_error();
	else if (!strcmp(command, "burst") && argc > 1)
		burst(atoi(argv[1]), 0, 4);
	else if (!strcmp(command, "held") && argc > 1)
		burst(atoi(argv[1]), 1, 2);
	else if (!strcmp(command, "context"))
		context();
	else if (!strcmp(command, "race"))
		race();
	else if (!strcmp(command, "flood"))
		flood();
	else if (!strcmp(command, "reload"))
		reload();
	else if (!strcmp(command, "load"))
		printf("%s\n", strerror(load(argc > 1 ? argv[1] : "") ? errno : 0));
	else if (!strcmp(command, "unload"))
		printf("%s\n", unload() < LONG ? "removed" : "delayed");
	else
		errx(2, "usage: see the head of udp_test.c");
	return 0;
}
