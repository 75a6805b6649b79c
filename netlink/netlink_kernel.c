// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink: a generic netlink family that echoes a message and announces it.
 *
 *   family CONTROL_EXMPL, command DOC_EXMPL_C_ECHO, group "events": netlink.h
 *
 * Each echo is answered, and announced by DOC_EXMPL_C_EVENT to every program
 * that listens to the group in the sender's network namespace (its network: a
 * container has one of its own). The sender needs the capability CAP_NET_ADMIN
 * over that namespace, else the request fails with EPERM.
 *
 * The kernel's generic netlink code checks each attribute against the policy
 * below, and explains a refusal in a sentence. EINVAL: an unknown attribute, or
 * no NUL in the first 201 bytes. ERANGE: there is a NUL, but the attribute is
 * longer than 200 bytes (one NUL at its end does not count). EOPNOTSUPP: an
 * unknown command. If the attribute is missing, this module refuses the request
 * with EINVAL: the policy does not say that an attribute must come.
 *
 *   # ./netlink_user "two words"
 *   kernel said: two words
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "netlink.h"

static struct genl_family netlink_example_family; /* below; each message names it */

/*
 * Makes a message with a text of len bytes and its NUL. May sleep. A message is
 * in a struct sk_buff, which the kernel uses for all network packets. NULL:
 * there is no memory.
 *
 * genlmsg_put_reply() serves for the event too, in spite of its name. It copies
 * two numbers from the request: the sequence number, and the number of the
 * sender's socket. So the sender knows which request the message belongs to.
 */
static struct sk_buff *netlink_example_message(struct genl_info *info, u8 command, const char *text,
					       size_t len)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(nla_total_size(len + 1), GFP_KERNEL);
	if (!skb)
		return NULL;
	header = genlmsg_put_reply(skb, info, &netlink_example_family, 0, command);
	if (!header || nla_put(skb, DOC_EXMPL_A_MSG, len + 1, text)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, header);
	return skb;
}

/*
 * Runs for the program that called sendmsg(2), and may sleep. The kernel has
 * checked the sender's capability and the attributes. If this function returns a
 * negative errno, the kernel sends it to the program in an error message.
 *
 * The generic netlink code holds two locks during the call. rmmod waits until
 * the first is free. While rmmod waits, requests to all families wait. The
 * second is there because our family does not set .parallel_ops. While one call
 * runs, all other families without .parallel_ops must wait. With .parallel_ops
 * you protect your data by a lock of your own. But the first lock remains: when
 * some module registers a family, all requests wait for your call to end. So do
 * long work in a work item, and answer by an event.
 */
static int netlink_example_echo(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *answer, *event;
	const char *message;
	size_t message_len;
	int ret;

	if (!info->attrs[DOC_EXMPL_A_MSG]) {
		GENL_SET_ERR_MSG(info, "echo needs the attribute DOC_EXMPL_A_MSG");
		return -EINVAL;
	}
	message = nla_data(info->attrs[DOC_EXMPL_A_MSG]);
	message_len = strlen(message);

	/* Make both before sending one: so there is no answer without its event. */
	answer = netlink_example_message(info, DOC_EXMPL_C_ECHO, message, message_len);
	event = netlink_example_message(info, DOC_EXMPL_C_EVENT, message, message_len);
	if (!answer || !event) {
		/* One of the two may be NULL. nlmsg_free(NULL) does nothing. */
		nlmsg_free(answer);
		nlmsg_free(event);
		return -ENOMEM;
	}

	/*
	 * Sending frees the message, also when it fails. It fails when the program that
	 * asked does not read its answers: then the receive buffer of its socket is full.
	 */
	ret = genlmsg_reply(answer, info);
	if (ret) {
		nlmsg_free(event);
		return ret;
	}
	/* %*pE escapes control bytes: a message with a newline cannot forge a log line. */
	pr_debug("user said \"%*pE\"\n", (int)message_len, message);

	/*
	 * To the first group of this family (0), in the sender's namespace. If the
	 * request has the flag NLM_F_ECHO, the program that sent it gets a copy of the
	 * event: one, even if it also listens. (The flag has nothing to do with our
	 * command echo.) It is no error if nobody listens. If the receive buffer of a
	 * listener is full, its next read fails with ENOBUFS.
	 */
	genl_notify(&netlink_example_family, event, info, 0, GFP_KERNEL);
	return 0;
}

/*
 * .len does not count the NUL, which must follow. The kernel refuses a request
 * with an attribute that has no entry in this array.
 */
static const struct nla_policy netlink_example_policy[DOC_EXMPL_A_MAX + 1] = {
	[DOC_EXMPL_A_MSG] = { .type = NLA_NUL_STRING, .len = DOC_EXMPL_MSG_MAX },
};

/* Give each command a policy of its own, with only the attributes that the command uses. */
static const struct genl_ops netlink_example_ops[] = {
	{
		.cmd = DOC_EXMPL_C_ECHO,
		.flags = GENL_UNS_ADMIN_PERM, /* CAP_NET_ADMIN over the sender's namespace */
		.policy = netlink_example_policy,
		.maxattr = DOC_EXMPL_A_MAX,
		.doit = netlink_example_echo,
	},
};

static const struct genl_multicast_group netlink_example_groups[] = {
	{ .name = DOC_EXMPL_GROUP },
};

static struct genl_family netlink_example_family __ro_after_init = {
	.name = DOC_EXMPL_FAMILY,
	.version = DOC_EXMPL_VERSION,
	.ops = netlink_example_ops,
	.n_ops = ARRAY_SIZE(netlink_example_ops),
	.mcgrps = netlink_example_groups,
	.n_mcgrps = ARRAY_SIZE(netlink_example_groups),
	.netnsok = true, /* exists in every network namespace */
	.module = THIS_MODULE,
};

static int __init netlink_example_init(void)
{
	return genl_register_family(&netlink_example_family);
}

/* Waits for an echo that still runs. Listeners get no more events, and no error. */
static void __exit netlink_example_exit(void)
{
	genl_unregister_family(&netlink_example_family);
}

module_init(netlink_example_init);
module_exit(netlink_example_exit);

MODULE_DESCRIPTION("A generic netlink family that echoes and announces messages");
MODULE_LICENSE("GPL");
