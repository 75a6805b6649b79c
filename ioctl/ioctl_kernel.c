// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl: commands on a device of one's own, with structured arguments.
 *
 *   /dev/ioctl_example   0600, the commands are in ioctl.h
 *
 * SET stores a message, GET hands it out, EXCHANGE does both at once, RESET
 * empties it. Refused, with nothing changed: ENOTTY for any other number,
 * size or direction, EMSGSIZE for a length over 200, EFAULT for a bad pointer,
 * EINTR if a signal ends the wait for the lock.
 *
 *   # ./ioctl_user "two words"
 *   kernel said: two words
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "ioctl.h"

static struct ioctl_example_message message;
static DEFINE_MUTEX(message_lock); /* guards message */

/*
 * All below run in process context and may sleep. message_exchange() can hold
 * the lock for long, so a signal ends the wait for it. Nothing has happened by
 * then: -ERESTARTSYS lets the call start again (SA_RESTART) or end in EINTR.
 */

/* Copies a message in, checks it, and clears the bytes after it. */
static int message_from_user(struct ioctl_example_message *new, const void __user *arg)
{
	if (copy_from_user(new, arg, sizeof(*new)))
		return -EFAULT;
	if (new->length > sizeof(new->data))
		return -EMSGSIZE;
	memset(new->data + new->length, 0, sizeof(new->data) - new->length);
	return 0;
}

static int message_set(const struct ioctl_example_message *new)
{
	if (mutex_lock_interruptible(&message_lock))
		return -ERESTARTSYS;
	message = *new;
	mutex_unlock(&message_lock);
	return 0;
}

static int message_get(void __user *arg)
{
	struct ioctl_example_message copy;

	if (mutex_lock_interruptible(&message_lock))
		return -ERESTARTSYS;
	copy = message;
	mutex_unlock(&message_lock);
	return copy_to_user(arg, &copy, sizeof(copy)) ? -EFAULT : 0;
}

/*
 * The old message is delivered before the new one is stored, all under the
 * lock: an answer that cannot be delivered has exchanged nothing, and two
 * callers never get the same message. The price is that copy_to_user() may
 * fault and sleep here with the lock held: bearable, since only root may open
 * the node.
 */
static int message_exchange(const struct ioctl_example_message *new, void __user *arg)
{
	int ret = 0;

	if (mutex_lock_interruptible(&message_lock))
		return -ERESTARTSYS;
	if (copy_to_user(arg, &message, sizeof(message)))
		ret = -EFAULT;
	else
		message = *new;
	mutex_unlock(&message_lock);
	return ret;
}

static long ioctl_example_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *argp = (void __user *)arg;
	struct ioctl_example_message new = {};
	long ret;

	/* Size and direction are part of the number: with wrong ones it matches no case. */
	switch (cmd) {
	case IOCTL_EXAMPLE_RESET:
		return message_set(&new);
	case IOCTL_EXAMPLE_GET:
		return message_get(argp);
	case IOCTL_EXAMPLE_SET:
		ret = message_from_user(&new, argp);
		if (!ret)
			ret = message_set(&new);
		break;
	case IOCTL_EXAMPLE_EXCHANGE:
		ret = message_from_user(&new, argp);
		if (!ret)
			ret = message_exchange(&new, argp);
		break;
	default:
		return -ENOTTY;
	}

	/* %*pE escapes control bytes, so that no message can forge a log line. */
	if (!ret)
		pr_info("user said \"%*pE\"\n", (int)new.length, new.data);
	return ret;
}

static const struct file_operations ioctl_example_fops = {
	.owner = THIS_MODULE, /* an open descriptor keeps the module in */
	.unlocked_ioctl = ioctl_example_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* 32-bit programs: the same struct, a wider pointer */
};

/* The short way to a single node: no major number, no class of one's own. */
static struct miscdevice ioctl_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioctl_example",
	.fops = &ioctl_example_fops,
	.mode = 0600,
};

/* Init registers the device, and the kernel makes its node in /dev; exit removes both. */
module_misc_device(ioctl_example_device);

MODULE_DESCRIPTION("A message kept behind the ioctls of a misc device");
MODULE_LICENSE("GPL");
