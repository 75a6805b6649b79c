// SPDX-License-Identifier: MIT
/*
 * Sends a message to the family of netlink_kernel and prints the answer. Or
 * listens, and prints the events: count of them, or until it is interrupted.
 *
 * Usage: netlink_user [message]
 *        netlink_user -l [count]
 */
#include <err.h>
#include <errno.h>
#include <linux/netlink.h> /* the kernel's: headers and flags of messages */
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h> /* libnl's: sockets and functions */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink.h" /* ours: commands and attributes */

static long printed; /* messages */

static void usage_error(void)
{
	fprintf(stderr, "usage: netlink_user [message]\n"
			"       netlink_user -l [count]\n");
	exit(2);
}

/* The functions of libnl return their own error numbers, not errno. */
static int check(int ret, const char *what)
{
	if (ret < 0)
		errx(EXIT_FAILURE, "%s: %s", what, nl_geterror(ret));
	return ret;
}

/* libnl calls this for each message that is no error and no acknowledgment. */
static int print_message(struct nl_msg *msg, void *arg)
{
	int command = genlmsg_hdr(nlmsg_hdr(msg))->cmd;
	struct nlattr *attr = nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, DOC_EXMPL_A_MSG);

	(void)arg;
	/*
	 * A newer module may have commands that this program does not know. And a program
	 * with CAP_NET_ADMIN may send to the group too: a listener that must not believe
	 * it compares nlmsg_get_src(msg)->nl_pid with 0, which is the kernel.
	 */
	if (command != DOC_EXMPL_C_ECHO && command != DOC_EXMPL_C_EVENT)
		return NL_SKIP;
	if (!attr)
		errx(EXIT_FAILURE, "a message without DOC_EXMPL_A_MSG");
	printf("%s: %s\n", command == DOC_EXMPL_C_ECHO ? "kernel said" : "event",
	       nla_get_string(attr));
	printed++;
	return NL_OK;
}

/*
 * libnl calls this for a refusal. One of the attributes can be the kernel's sentence:
 *
 *   struct nlmsghdr | struct nlmsgerr | attributes
 *   *header         | *refusal        | only with the flag NLM_F_ACK_TLVS
 */
static int print_refusal(struct sockaddr_nl *from, struct nlmsgerr *refusal, void *arg)
{
	/* libnl gives us only the address of the second part. The flags are in the first. */
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
		errx(EXIT_FAILURE, "nla_put_string: no space for the message");

	/* Ask for refusals with a sentence, and without a copy of the request in front of it. */
	if (setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one)) ||
	    setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one)))
		err(EXIT_FAILURE, "setsockopt");
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, print_refusal, "echo");

	check(nl_send_auto(sock, msg), "nl_send_auto");
	nlmsg_free(msg);
	/*
	 * The kernel sends the answer or a refusal. After an answer it sends an
	 * acknowledgment, because libnl asks for one in each request (NLM_F_ACK). If the
	 * acknowledgment comes first, the kernel has sent no answer. libnl also checks
	 * that answer and acknowledgment have the sequence number of our request.
	 */
	check(nl_recvmsgs_default(sock), "nl_recvmsgs");
	if (!printed)
		errx(EXIT_FAILURE, "no answer came");
	check(nl_wait_for_ack(sock), "nl_wait_for_ack");
}

static void listen_to_events(struct nl_sock *sock, long count)
{
	int group = check(genl_ctrl_resolve_grp(sock, DOC_EXMPL_FAMILY, DOC_EXMPL_GROUP),
			  "genl_ctrl_resolve_grp " DOC_EXMPL_FAMILY " " DOC_EXMPL_GROUP);
	int ret;

	/* An event has the sequence number of somebody else's request: do not compare it. */
	nl_socket_disable_seq_check(sock);
	/*
	 * From here on events can arrive on this socket at any time, also between a
	 * request and its answer. A program that asks and listens takes two sockets.
	 */
	check(nl_socket_add_membership(sock, group), "nl_socket_add_membership");
	printf("listening\n");

	while (count < 0 || printed < count) {
		ret = nl_recvmsgs_default(sock);
		/* libnl's number for ENOBUFS: we read too slowly, and the kernel dropped events. */
		if (ret == -NLE_NOMEM)
			warnx("events were lost");
		else
			check(ret, "nl_recvmsgs");
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
	setlinebuf(stdout); /* a program that reads the events from a pipe gets each one at once */

	sock = nl_socket_alloc();
	if (!sock)
		errx(EXIT_FAILURE, "nl_socket_alloc: out of memory");
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, print_message, NULL);
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
