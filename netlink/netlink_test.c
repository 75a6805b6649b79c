// SPDX-License-Identifier: MIT
/*
 * What test.sh cannot say in shell: single requests with odd bytes, a listener
 * that sleeps, callers at once. Prints what came of it.
 *
 * Usage: netlink_test [-u|-n] REQUEST [TEXT]   (see send_request() for the requests)
 *        netlink_test overrun|deaf|race|reload
 *
 * -u as nobody, -n as nobody in a user and a network namespace of its own.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink.h"

#define MODULE "netlink_kernel"

static int family;

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	char attrs[1000];
};

static struct nl_sock *open_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct timeval patience = { .tv_usec = 300000 };
	int one = 1;

	if (genl_connect(sock) < 0)
		errx(1, "genl_connect");
	family = genl_ctrl_resolve(sock, DOC_EXMPL_FAMILY);
	if (family < 0)
		errx(1, "no family " DOC_EXMPL_FAMILY);
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return sock;
}

static void add(struct request *request, int type, const void *data, int len)
{
	struct nlattr *attr = (void *)((char *)request + NLMSG_ALIGN(request->header.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(attr + 1, data, len);
	request->header.nlmsg_len =
		NLMSG_ALIGN(request->header.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

/* Sends one request and prints the answer, or the refusal with its sentence. */
static void send_request(const char *kind, const char *text)
{
	int fd = nl_socket_get_fd(open_socket());
	struct request request = {
		.header = { .nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN,
			    .nlmsg_type = family,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = 1 },
		.genl = { .cmd = DOC_EXMPL_C_ECHO, .version = DOC_EXMPL_VERSION },
	};
	char answer[4096] = "";
	struct nlmsghdr *header = (void *)answer;
	struct nlmsgerr *refusal = NLMSG_DATA(header);
	struct nlattr *attr;
	int len = strlen(text), cut = 0;

	if (!strcmp(kind, "text")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
	} else if (!strcmp(kind, "unterminated")) {
		add(&request, DOC_EXMPL_A_MSG, text, len);
	} else if (!strcmp(kind, "nul-inside")) {
		add(&request, DOC_EXMPL_A_MSG, "up\0to", 6);
	} else if (!strcmp(kind, "long-behind-nul")) {
		static const char data[300] = "hi";

		add(&request, DOC_EXMPL_A_MSG, data, sizeof(data));
	} else if (!strcmp(kind, "nothing")) {
		add(&request, DOC_EXMPL_A_MSG, "", 0);
	} else if (!strcmp(kind, "nested")) {
		add(&request, DOC_EXMPL_A_MSG | NLA_F_NESTED, "\xff\xff\xff\xffgarbage", 12);
	} else if (!strcmp(kind, "unknown-attribute")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
		add(&request, DOC_EXMPL_A_MAX + 1, text, len + 1);
	} else if (!strcmp(kind, "unknown-command")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
		request.genl.cmd = DOC_EXMPL_C_ECHO + 1;
	} else if (!strcmp(kind, "attribute-too-long")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
		((struct nlattr *)request.attrs)->nla_len += 100;
	} else if (!strcmp(kind, "attribute-too-short")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
		((struct nlattr *)request.attrs)->nla_len = 2;
	} else if (!strcmp(kind, "no-genl-header")) {
		request.header.nlmsg_len = NLMSG_HDRLEN + 2;
	} else if (!strcmp(kind, "cut")) { /* less sent than the header promises */
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
		cut = 8;
	} else if (strcmp(kind, "no-attribute")) {
		errx(2, "no such request: %s", kind);
	}

	if (send(fd, &request, request.header.nlmsg_len - cut, 0) < 0) {
		printf("send: %m\n");
	} else if (recv(fd, answer, sizeof(answer), 0) < 0) {
		printf("no answer\n");
	} else if (header->nlmsg_type != NLMSG_ERROR) {
		attr = nlmsg_find_attr(header, GENL_HDRLEN, DOC_EXMPL_A_MSG);
		printf("answer %s\n", attr ? nla_get_string(attr) : "without text");
	} else {
		printf("%s", strerror(-refusal->error));
		attr = nla_find((void *)(refusal + 1),
				header->nlmsg_len - NLMSG_HDRLEN - sizeof(*refusal),
				NLMSGERR_ATTR_MSG);
		if (header->nlmsg_flags & NLM_F_ACK_TLVS && attr)
			printf(": %s", nla_get_string(attr));
		printf("\n");
	}
}

/* True if the request has been sent; its answer is left to be read. */
static int send_echo(struct nl_sock *sock, const char *text)
{
	struct nl_msg *msg = nlmsg_alloc();
	int ret;

	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, DOC_EXMPL_C_ECHO, 1);
	nla_put_string(msg, DOC_EXMPL_A_MSG, text);
	nl_socket_disable_auto_ack(sock);
	ret = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return ret > 0;
}

/* One echo; true if the answer is its own text. */
static int echo(struct nl_sock *sock, const char *text)
{
	char answer[4096];
	struct nlattr *attr;

	return send_echo(sock, text) &&
	       recv(nl_socket_get_fd(sock), answer, sizeof(answer), 0) > 0 &&
	       (attr = nlmsg_find_attr((void *)answer, GENL_HDRLEN, DOC_EXMPL_A_MSG)) &&
	       !strcmp(nla_get_string(attr), text);
}

static int open_listener(void)
{
	struct nl_sock *sock = open_socket();

	nl_socket_add_membership(sock,
				 genl_ctrl_resolve_grp(sock, DOC_EXMPL_FAMILY, DOC_EXMPL_GROUP));
	return nl_socket_get_fd(sock);
}

/* A listener that does not read: the sender goes on, the listener is told. */
static void overrun(void)
{
	struct nl_sock *sender = open_socket();
	int fd = open_listener(), small = 1, i, heard = 0, answered = 0;
	char text[201] = "", event[4096];
	ssize_t ret;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	memset(text, 'x', 200);
	for (i = 0; i < 20; i++)
		answered += echo(sender, text);
	while ((ret = recv(fd, event, sizeof(event), MSG_DONTWAIT)) > 0)
		heard++;
	printf("%d answered, listener: %s", answered, strerror(errno));
	while ((ret = recv(fd, event, sizeof(event), MSG_DONTWAIT)) > 0)
		heard++;
	printf(", %s\n", heard < 20 ? "some lost" : "none lost");
}

/* A caller that does not read: what finds no room is answered by nobody, and not announced. */
static void deaf(void)
{
	struct nl_sock *sock = open_socket();
	int listener = open_listener(), fd = nl_socket_get_fd(sock), big = 1 << 20, small = 1;
	int i, answered = 0, announced = 0;
	char text[201] = "", buffer[4096];
	ssize_t ret;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	memset(text, 'x', 200);
	for (i = 0; i < 20; i++)
		if (!send_echo(sock, text))
			errx(1, "nl_send_auto");
	/* ENOBUFS comes once, in front of what was there before. */
	while ((ret = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0 || errno == ENOBUFS)
		answered += ret > 0 && ((struct nlmsghdr *)buffer)->nlmsg_type == family;
	while (recv(listener, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		announced++;
	printf("%s answered, %d more announced\n",
	       answered && answered < 20 ? "some" : "all or none", announced - answered);
}

/* Two callers: each gets the answers to its own, the listener all, whole. */
static void race(void)
{
	enum { ROUNDS = 100 };
	int fd = open_listener(), me, i, status, big = 1 << 20, wrong = 0, heard[2] = { 0 };
	struct nl_sock *sock;
	struct nlattr *attr;
	char text[201] = "", event[4096];

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	for (me = 0; me < 2; me++) {
		if (fork())
			continue;
		sock = open_socket();
		memset(text, "ab"[me], me ? 100 : 200);
		for (i = 0; i < ROUNDS; i++)
			wrong += !echo(sock, text);
		exit(wrong);
	}
	while (wait(&status) > 0)
		wrong += status != 0;
	while (recv(fd, event, sizeof(event), MSG_DONTWAIT) > 0) {
		attr = nlmsg_find_attr((void *)event, GENL_HDRLEN, DOC_EXMPL_A_MSG);
		memset(text, 0, sizeof(text));
		for (me = 0; me < 2; me++) {
			memset(text, "ab"[me], me ? 100 : 200);
			if (me)
				text[100] = 0;
			heard[me] += attr && !strcmp(nla_get_string(attr), text);
		}
	}
	printf("%d wrong, %d and %d announced\n", wrong, heard[0], heard[1]);
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
	if (argc > 1 && argv[1][0] == '-') {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
		if (argv[1][1] == 'n' && unshare(CLONE_NEWUSER | CLONE_NEWNET))
			err(1, "unshare");
		argc--;
		argv++;
	}
	if (argc < 2)
		errx(2, "usage: see the head of netlink_test.c");
	if (!strcmp(argv[1], "race"))
		race();
	else if (!strcmp(argv[1], "overrun"))
		overrun();
	else if (!strcmp(argv[1], "deaf"))
		deaf();
	else if (!strcmp(argv[1], "reload"))
		reload();
	else
		send_request(argv[1], argc > 2 ? argv[2] : "hi");
	return 0;
}
