// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink: a generic netlink family that echoes a message and announces it.
 *
 *   family CONTROL_EXMPL, command DOC_EXMPL_C_ECHO, group "events": netlink.h
 *
 * Each echo is answered to its sender and sent to everybody who listens to the
 * group in the sender's network namespace. Needs CAP_NET_ADMIN over that
 * namespace, else EPERM. The netlink core checks messages against the policy
 * and refuses them with EINVAL or ERANGE and a sentence of its own; a missing
 * attribute is refused here, with EINVAL and ours.
 *
 *   # ./netlink_user "two words"
 *   kernel said: two words
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include <net/genetlink.h>

#include "netlink.h"

static struct genl_family netlink_example_family; /* below; messages name it */

/*
 * Makes a message with the text of len bytes and its NUL, for the socket portid as answer to
 * its request seq, or as an event with 0 for both. Process context, may sleep.
 */
static struct sk_buff *netlink_example_message(const char *text, size_t len, u32 portid, u32 seq)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(nla_total_size(len + 1), GFP_KERNEL);
	if (!skb)
		return NULL;
	header = genlmsg_put(skb, portid, seq, &netlink_example_family, 0, DOC_EXMPL_C_ECHO);
	if (!header || nla_put(skb, DOC_EXMPL_A_MSG, len + 1, text)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, header);
	return skb;
}

/*
 * Process context, that of the sender's sendmsg(2), may sleep. The generic
 * netlink core has checked privileges and policy, keeps the module in, and
 * turns a negative return into the error message that the sender reads.
 */
static int netlink_example_echo(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *answer, *event;
	const char *message;
	size_t len;
	int ret;

	if (!info->attrs[DOC_EXMPL_A_MSG]) {
		GENL_SET_ERR_MSG(info, "echo needs the attribute DOC_EXMPL_A_MSG");
		return -EINVAL;
	}
	message = nla_data(info->attrs[DOC_EXMPL_A_MSG]);
	len = strlen(message); /* once: it goes through the bytes one by one */

	/* Both exist before one is sent: no answer without its announcement. */
	answer = netlink_example_message(message, len, info->snd_portid, info->snd_seq);
	event = netlink_example_message(message, len, 0, 0);
	if (!answer || !event) {
		nlmsg_free(answer);
		nlmsg_free(event);
		return -ENOMEM;
	}

	/* Sending consumes the message, also when it fails. */
	ret = genlmsg_reply(answer, info);
	if (ret) {
		nlmsg_free(event);
		return ret;
	}
	/*
	 * %*pE escapes control bytes, so that no message can forge a log line. A
	 * driver would say pr_info_ratelimited(): with a namespace of its own
	 * every user can get here and fill the log.
	 */
	pr_info("user said \"%*pE\"\n", (int)len, message);

	/*
	 * If nobody took it (ESRCH) that is not the sender's error: nobody listens,
	 * or a buffer was full, and that listener reads ENOBUFS from its own socket.
	 * Not genlmsg_multicast(), which sends to the initial namespace only.
	 */
	genlmsg_multicast_netns(&netlink_example_family, genl_info_net(info), event, 0, 0,
				GFP_KERNEL);
	return 0;
}

/* len counts without the NUL, which NLA_NUL_STRING demands in addition. */
static const struct nla_policy netlink_example_policy[DOC_EXMPL_A_MAX + 1] = {
	[DOC_EXMPL_A_MSG] = { .type = NLA_NUL_STRING, .len = DOC_EXMPL_MSG_MAX },
};

static const struct genl_small_ops netlink_example_ops[] = {
	{
		.cmd = DOC_EXMPL_C_ECHO,
		.flags = GENL_UNS_ADMIN_PERM, /* CAP_NET_ADMIN over the sender's namespace */
		.doit = netlink_example_echo,
	},
};

static const struct genl_multicast_group netlink_example_groups[] = {
	{ .name = DOC_EXMPL_GROUP },
};

static struct genl_family netlink_example_family __ro_after_init = {
	.name = DOC_EXMPL_FAMILY,
	.version = DOC_EXMPL_VERSION,
	.maxattr = DOC_EXMPL_A_MAX,
	.policy = netlink_example_policy,
	.small_ops = netlink_example_ops,
	.n_small_ops = ARRAY_SIZE(netlink_example_ops),
	.mcgrps = netlink_example_groups,
	.n_mcgrps = ARRAY_SIZE(netlink_example_groups),
	.netnsok = true, /* may be used from every network namespace */
	.module = THIS_MODULE,
};

static int __init netlink_example_init(void)
{
	return genl_register_family(&netlink_example_family);
}

/* Waits for an echo that is under way. Listeners hear nothing more, and get no error. */
static void __exit netlink_example_exit(void)
{
	genl_unregister_family(&netlink_example_family);
}

module_init(netlink_example_init);
module_exit(netlink_example_exit);

MODULE_DESCRIPTION("A generic netlink family that echoes and announces messages");
MODULE_LICENSE("GPL");
