// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: single requests with odd bytes, a
 * listener that does not read, several callers at once. Prints the results.
 *
 * Usage: netlink_test [OPTION]... REQUEST [TEXT]   (see send_request() for the requests)
 *   -u  as nobody
 *   -n  as nobody, in a user namespace and a network namespace of its own
 *   -e  the request has the flag NLM_F_ECHO: the sender gets a copy of the event
 *   -m  the socket that asks is a member of the group, too
 *        netlink_test announce COMMAND TEXT   sends to the group, as the kernel would
 *        netlink_test overrun|deaf|race|reload
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
#include <sys/wait.h>
#include <unistd.h>

#include "netlink.h"

#define MODULE "netlink_kernel"
#define SEQUENCE 4711

static int family;
static int echo_flag, member; /* options -e and -m */

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	char attrs[DOC_EXMPL_MSG_MAX + 800];
};

static struct nl_sock *open_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();
	int one = 1;

	if (genl_connect(sock) < 0)
		errx(1, "genl_connect");
	family = genl_ctrl_resolve(sock, DOC_EXMPL_FAMILY);
	if (family < 0)
		errx(1, "no family " DOC_EXMPL_FAMILY);
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
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

static int group_of(struct nl_sock *sock)
{
	int group = genl_ctrl_resolve_grp(sock, DOC_EXMPL_FAMILY, DOC_EXMPL_GROUP);

	if (group < 0)
		errx(1, "no group " DOC_EXMPL_GROUP);
	return group;
}

static struct nl_sock *open_member(void)
{
	struct nl_sock *sock = open_socket();

	if (nl_socket_add_membership(sock, group_of(sock)))
		errx(1, "nl_socket_add_membership");
	return sock;
}

/* Prints an answer, an event, or a refusal with its sentence. */
static void print_message(struct nlmsghdr *header)
{
	struct genlmsghdr *genl = NLMSG_DATA(header);
	struct nlmsgerr *refusal = NLMSG_DATA(header);
	struct nlattr *attr;

	if (header->nlmsg_type != NLMSG_ERROR) {
		attr = nlmsg_find_attr(header, GENL_HDRLEN, DOC_EXMPL_A_MSG);
		if (genl->cmd == DOC_EXMPL_C_ECHO || genl->cmd == DOC_EXMPL_C_EVENT)
			printf("%s", genl->cmd == DOC_EXMPL_C_ECHO ? "answer" : "event");
		else
			printf("command %d", genl->cmd);
		printf(" %s", attr ? nla_get_string(attr) : "without text");
	} else {
		printf("%s", refusal->error ? strerror(-refusal->error) : "acknowledgment");
		attr = nla_find((void *)(refusal + 1),
				header->nlmsg_len - NLMSG_HDRLEN - sizeof(*refusal),
				NLMSGERR_ATTR_MSG);
		if (header->nlmsg_flags & NLM_F_ACK_TLVS && attr)
			printf(": %s", nla_get_string(attr));
	}
	if (header->nlmsg_seq != SEQUENCE)
		printf(", sequence number %+d", (int)header->nlmsg_seq - SEQUENCE);
	printf("\n");
}

/*
 * Sends one request, and prints what comes. The kernel answers before send()
 * returns, so there is no need to wait.
 */
static void send_request(const char *kind, const char *text)
{
	int fd = nl_socket_get_fd(member ? open_member() : open_socket());
	struct request request = {
		.header = { .nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN,
			    .nlmsg_type = family,
			    .nlmsg_flags = NLM_F_REQUEST | (echo_flag ? NLM_F_ECHO : 0),
			    .nlmsg_seq = SEQUENCE },
		.genl = { .cmd = DOC_EXMPL_C_ECHO, .version = DOC_EXMPL_VERSION },
	};
	char answer[DOC_EXMPL_MSG_MAX + 4096] = "";
	int len = strlen(text), cut = 0, came = 0;

	if (!strcmp(kind, "text")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
	} else if (!strcmp(kind, "unterminated")) {
		add(&request, DOC_EXMPL_A_MSG, text, len);
	} else if (!strcmp(kind, "nul-inside")) {
		add(&request, DOC_EXMPL_A_MSG, "up\0to", 6);
	} else if (!strcmp(kind, "long-behind-nul")) {
		static const char data[DOC_EXMPL_MSG_MAX + 100] = "hi";

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
		request.genl.cmd = DOC_EXMPL_C_EVENT + 1;
	} else if (!strcmp(kind, "event-command")) {
		add(&request, DOC_EXMPL_A_MSG, text, len + 1);
		request.genl.cmd = DOC_EXMPL_C_EVENT;
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

	if (send(fd, &request, request.header.nlmsg_len - cut, 0) < 0)
		printf("send: %m\n");
	for (; recv(fd, answer, sizeof(answer), MSG_DONTWAIT) > 0; came++)
		print_message((void *)answer);
	if (!came)
		printf("no answer\n");
}

/* Sends a message to the group from here, with any command number: root may do so. */
static void announce(int command, const char *text)
{
	struct nl_sock *sock = open_socket();
	struct sockaddr_nl to = { .nl_family = AF_NETLINK };
	struct request request = {
		.header = { .nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN, .nlmsg_type = family },
		.genl = { .cmd = command, .version = DOC_EXMPL_VERSION },
	};
	int group = group_of(sock);

	if (group > 32)
		errx(1, "group %d has no bit in an address", group);
	to.nl_groups = 1U << (group - 1);
	add(&request, DOC_EXMPL_A_MSG, text, strlen(text) + 1);
	if (sendto(nl_socket_get_fd(sock), &request, request.header.nlmsg_len, 0, (void *)&to,
		   sizeof(to)) < 0)
		err(1, "sendto");
}

/* Sends a request and does not read the answer. True if it was sent. */
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

/* One echo. True if its own text comes back. */
static int echo(struct nl_sock *sock, const char *text)
{
	char answer[4096];
	struct nlattr *attr;

	return send_echo(sock, text) &&
	       recv(nl_socket_get_fd(sock), answer, sizeof(answer), MSG_DONTWAIT) > 0 &&
	       (attr = nlmsg_find_attr((void *)answer, GENL_HDRLEN, DOC_EXMPL_A_MSG)) &&
	       !strcmp(nla_get_string(attr), text);
}

/* A listener that does not read its events. */
static void overrun(void)
{
	struct nl_sock *sender = open_socket();
	int fd = nl_socket_get_fd(open_member()), small = 1, i, heard = 0, answered = 0;
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

/* A caller that does not read its answers, so that the receive buffer of its socket gets full. */
static void deaf(void)
{
	struct nl_sock *sock = open_socket();
	int listener = nl_socket_get_fd(open_member()), fd = nl_socket_get_fd(sock);
	int i, big = 1 << 20, small = 1, answered = 0, announced = 0;
	char text[201] = "", buffer[4096];
	ssize_t ret;

	setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof(big));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	memset(text, 'x', 200);
	for (i = 0; i < 20; i++)
		if (!send_echo(sock, text))
			errx(1, "nl_send_auto");
	/* recv(2) fails with ENOBUFS once, before it returns what the buffer holds. */
	while ((ret = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0 || errno == ENOBUFS)
		answered += ret > 0 && ((struct nlmsghdr *)buffer)->nlmsg_type == family;
	while (recv(listener, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		announced++;
	printf("%s answered, %d more announced\n",
	       answered && answered < 20 ? "some" : "all or none", announced - answered);
}

/* Two callers at once, and a listener. */
static void race(void)
{
	enum { ROUNDS = 100 };
	int fd = nl_socket_get_fd(open_member()), me, i, status, big = 1 << 20, wrong = 0,
	    heard[2] = { 0 };
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

static void become_nobody(void)
{
	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		err(1, "setuid");
}

int main(int argc, char *argv[])
{
	const char *request;
	int option;

	while ((option = getopt(argc, argv, "+unem")) != -1) {
		if (option == 'u' || option == 'n')
			become_nobody();
		if (option == 'n' && unshare(CLONE_NEWUSER | CLONE_NEWNET))
			err(1, "unshare");
		echo_flag |= option == 'e';
		member |= option == 'm';
	}
	argc -= optind;
	argv += optind;
	request = argc ? argv[0] : "";

	if (!strcmp(request, "race"))
		race();
	else if (!strcmp(request, "overrun"))
		overrun();
	else if (!strcmp(request, "deaf"))
		deaf();
	else if (!strcmp(request, "reload"))
		reload();
	else if (!strcmp(request, "announce") && argc > 2)
		announce(atoi(argv[1]), argv[2]);
	else
		send_request(request, argc > 1 ? argv[1] : "hi");
	return 0;
}
