// SPDX-License-Identifier: MIT
/*
 * Sends a message to the netlink family and prints the answer, or listens to
 * what the family announces, count times or until it is interrupted.
 *
 * Usage: netlink_user [message]
 *        netlink_user -l [count]
 */
#include <err.h>
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h"

static void usage_error(void)
{
	fprintf(stderr, "usage: netlink_user [message]\n"
			"       netlink_user -l [count]\n");
	exit(2);
}

/* libnl's calls answer with their own numbers, not with errno. */
static int check(int ret, const char *what)
{
	if (ret < 0)
		errx(EXIT_FAILURE, "%s: %s", what, nl_geterror(ret));
	return ret;
}

/* Called for each answer and event; arg is what to print before the text. */
static int print_message(struct nl_msg *msg, void *arg)
{
	struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, DOC_EXMPL_A_MSG);

	if (!attr)
		errx(EXIT_FAILURE, "a message without DOC_EXMPL_A_MSG");
	printf("%s: %s\n", (char *)arg, nla_get_string(attr));
	return NL_OK;
}

/* Called for a refusal; the kernel's sentence, if any, stands behind the struct. */
static int print_refusal(struct sockaddr_nl *from, struct nlmsgerr *refusal, void *arg)
{
	/* libnl hands over what stands behind the header, whose flags we need. */
	struct nlmsghdr *header = (struct nlmsghdr *)refusal - 1;
	struct nlattr *attr = NULL;

	(void)from;
	if (header->nlmsg_flags & NLM_F_ACK_TLVS)
		attr = nla_find((struct nlattr *)(refusal + 1),
				header->nlmsg_len - NLMSG_HDRLEN - sizeof(*refusal),
				NLMSGERR_ATTR_MSG);
	errno = -refusal->error;
	err(EXIT_FAILURE, "%s: %s", (char *)arg, attr ? nla_get_string(attr) : "refused");
}

static void echo(struct nl_sock *sock, const char *message)
{
	int family = check(genl_ctrl_resolve(sock, DOC_EXMPL_FAMILY),
			   "genl_ctrl_resolve " DOC_EXMPL_FAMILY);
	struct nl_msg *msg = nlmsg_alloc();
	int one = 1;

	if (!msg || !genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, DOC_EXMPL_C_ECHO,
				 DOC_EXMPL_VERSION))
		errx(EXIT_FAILURE, "nlmsg_alloc: out of memory");
	if (nla_put_string(msg, DOC_EXMPL_A_MSG, message))
		errx(EXIT_FAILURE, "nla_put_string: no room for the message");

	/* Refusals with a sentence, and without a copy of what we sent before it. */
	if (setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		err(EXIT_FAILURE, "setsockopt");
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, print_message, "kernel said");
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, print_refusal, "echo");

	/* An answer needs no acknowledgment beside it; a refusal comes in any case. */
	nl_socket_disable_auto_ack(sock);
	check(nl_send_auto(sock, msg), "nl_send_auto");
	nlmsg_free(msg);
	check(nl_recvmsgs_default(sock), "nl_recvmsgs");
}

static void listen_to_events(struct nl_sock *sock, long count)
{
	int group = check(genl_ctrl_resolve_grp(sock, DOC_EXMPL_FAMILY, DOC_EXMPL_GROUP),
			  "genl_ctrl_resolve_grp " DOC_EXMPL_FAMILY " " DOC_EXMPL_GROUP);
	int ret;

	/* Events answer no request, so they carry no sequence number to check. */
	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, print_message, "event");
	check(nl_socket_add_membership(sock, group), "nl_socket_add_membership");
	printf("listening\n");

	while (count) {
		ret = nl_recvmsgs_default(sock);
		/* libnl's word for ENOBUFS: we were too slow, the kernel dropped some. */
		if (ret == -NLE_NOMEM) {
			warnx("events were lost");
			continue;
		}
		check(ret, "nl_recvmsgs");
		count--;
	}
}

int main(int argc, char *argv[])
{
	struct nl_sock *sock;
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
	setlinebuf(stdout); /* whoever reads the events through a pipe wants each at once */

	sock = nl_socket_alloc();
	if (!sock)
		errx(EXIT_FAILURE, "nl_socket_alloc: out of memory");
	check(genl_connect(sock), "genl_connect");
	if (listening)
		listen_to_events(sock, count);
	else
		echo(sock, optind < argc ? argv[optind] : "hi kernel");
	nl_socket_free(sock);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
