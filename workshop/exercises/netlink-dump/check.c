// SPDX-License-Identifier: MIT
/*
 * Asks for the counts. Does not use the names of netlink.h, because the command is not yet there.
 *
 * Usage: netlink_check dump      one dump: are all entries there, in order?
 *        netlink_check two       two dumps at once
 *        netlink_check count C   the count for this character
 *        netlink_check nobody    as a user who may not
 *        netlink_check plain     a request that is no dump
 */
#define _GNU_SOURCE
#include <err.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COUNTS 3 /* the command */
#define BYTE 1 /* the attributes */
#define COUNT 2

struct dump {
	int fd;
	unsigned int sequence;
	int entries, wrong, done;
	unsigned int counts[1000];
};

static void begin(struct dump *dump, unsigned int sequence, int flags)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
	} request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_flags = NLM_F_REQUEST | flags,
			    .nlmsg_seq = sequence },
		.genl = { .cmd = COUNTS, .version = 1 },
	};

	if (genl_connect(sock) < 0)
		errx(1, "genl_connect");
	request.header.nlmsg_type = genl_ctrl_resolve(sock, "CONTROL_EXMPL");
	/* A fresh socket: the kernel has not seen yet that we read with large buffers. */
	dump->fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	dump->sequence = sequence;
	if (dump->fd < 0 || send(dump->fd, &request, sizeof(request), 0) < 0)
		err(1, "send");
}

/* One of the entries: a message of the answer */
static void take(struct dump *dump, struct nlmsghdr *header)
{
	struct nlattr *byte = nlmsg_find_attr(header, GENL_HDRLEN, BYTE);
	struct nlattr *count = nlmsg_find_attr(header, GENL_HDRLEN, COUNT);

	if (dump->entries == 1000)
		errx(1, "the dump does not end");
	if (genlmsg_hdr(header)->cmd != COUNTS || header->nlmsg_seq != dump->sequence ||
	    !(header->nlmsg_flags & NLM_F_MULTI) || !byte || !count ||
	    (int)nla_get_u32(byte) != dump->entries)
		dump->wrong++;
	if (count)
		dump->counts[dump->entries] = nla_get_u32(count);
	dump->entries++;
}

/* One buffer of the answer */
static void more(struct dump *dump)
{
	static char buffer[8192];
	struct nlmsghdr *header = (void *)buffer;
	int len = recv(dump->fd, buffer, sizeof(buffer), 0);

	if (len < 0)
		err(1, "recv");
	for (; nlmsg_ok(header, len); header = nlmsg_next(header, &len)) {
		if (header->nlmsg_type == NLMSG_ERROR)
			errx(1, "%s", strerror(-((struct nlmsgerr *)nlmsg_data(header))->error));
		if (header->nlmsg_type == NLMSG_DONE)
			dump->done = 1;
		else
			take(dump, header);
	}
}

int main(int argc, char *argv[])
{
	static struct dump first, second;
	const char *what = argc > 1 ? argv[1] : "";

	alarm(10); /* ends a wait for an answer that never comes */
	if (!strcmp(what, "nobody") && setuid(65534))
		err(1, "setuid");
	begin(&first, 4711, strcmp(what, "plain") ? NLM_F_DUMP : 0);
	if (!strcmp(what, "two"))
		begin(&second, 815, NLM_F_DUMP);
	while (!first.done) {
		more(&first);
		if (second.fd && !second.done)
			more(&second);
	}
	while (second.fd && !second.done)
		more(&second);
	if (!strcmp(what, "count") && argc > 2)
		printf("%u\n", first.counts[(unsigned char)argv[2][0]]);
	else
		printf("%d entries, %d wrong\n", first.entries + second.entries,
		       first.wrong + second.wrong);
	return 0;
}
