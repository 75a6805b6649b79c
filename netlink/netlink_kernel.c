// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink: a generic netlink family that echoes a message and announces it.
 *
 *   family CONTROL_EXMPL, command DOC_EXMPL_C_ECHO, group "events": netlink.h
 *
 * Each echo is answered, and announced by DOC_EXMPL_C_EVENT to every program
 * that listens to the group in the sender's network namespace. The sender needs
 * CAP_NET_ADMIN over that namespace, else EPERM. The kernel's generic netlink
 * code checks messages against the policy below. It refuses them with EINVAL or
 * ERANGE and a sentence. A missing attribute is refused here, with EINVAL.
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
 * Makes a message with a text of len bytes and its NUL. May sleep. Answer and
 * event both carry the sequence number of the request and the number of the
 * sender's socket: so the sender knows which request they belong to.
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
 * Runs for the program that called sendmsg(2), and may sleep. Privileges and
 * policy have been checked. The program reads a negative return as an error
 * message.
 *
 * The generic netlink code holds locks during the call. So the module cannot be
 * removed meanwhile: rmmod waits. And while this call waits, so does each
 * request to another family that does not set .parallel_ops, as ours does not.
 * If your calls take long, set it, and use a lock of your own.
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
		nlmsg_free(answer);
		nlmsg_free(event);
		return -ENOMEM;
	}

	/* Sending frees the message, also when it fails because the sender's buffer is full. */
	ret = genlmsg_reply(answer, info);
	if (ret) {
		nlmsg_free(event);
		return ret;
	}
	/* %*pE escapes control bytes: a message with a newline cannot forge a log line. */
	pr_debug("user said \"%*pE\"\n", (int)message_len, message);

	/*
	 * To the first group of this family (0), in the sender's namespace. A sender
	 * that set NLM_F_ECHO gets the event too, once, even if it also listens. It is
	 * no error if nobody listens. A listener whose buffer is full reads ENOBUFS.
	 */
	genl_notify(&netlink_example_family, event, info, 0, GFP_KERNEL);
	return 0;
}

/* .len does not count the NUL, which must follow. An attribute that is not here is refused. */
static const struct nla_policy netlink_example_policy[DOC_EXMPL_A_MAX + 1] = {
	[DOC_EXMPL_A_MSG] = { .type = NLA_NUL_STRING, .len = DOC_EXMPL_MSG_MAX },
};

/* Each command has its own policy, so that it accepts no attribute that it does not use. */
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
