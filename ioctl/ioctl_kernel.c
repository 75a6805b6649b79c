// SPDX-License-Identifier: GPL-2.0-only
/*
 * ioctl: commands with a struct, on a device of your own.
 *
 *   /dev/ioctl_example   0600, its commands are in ioctl.h
 *
 * SET stores a message. GET returns it. EXCHANGE stores a message and returns
 * the one before it, both in one step. RESET makes the message empty. A command
 * with another number, size or direction fails with ENOTTY, a length over 200
 * with EMSGSIZE, a bad pointer with EFAULT. If a signal ends the wait for the
 * lock, the command fails with EINTR. The message is unchanged after all these.
 *
 *   # ./ioctl_user "two words"
 *   kernel said: two words
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
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
 * All functions below run for the program that called ioctl(2), and may sleep.
 *
 * Their structs may be on the stack only because they are small: the kernel's
 * stack has 16 KiB for all functions together. For more than about 500 bytes use
 * the heap: memdup_user() for a struct from the program, kmalloc() for an answer.
 *
 * message_exchange() can hold the lock for a long time. So the others take it
 * interruptibly: a signal, like that of Ctrl-C, ends their wait. Nothing has
 * happened then. -ERESTARTSYS never reaches the program: after the signal's
 * handler the kernel starts the call again (SA_RESTART), or lets it fail with EINTR.
 */

/*
 * Copies a message from the program, checks the copy, and clears the bytes behind
 * the message. Never look at the program's memory again: it may have changed. arg
 * is a pointer of that program (__user): only copy_from_user() and its relatives
 * may follow it.
 */
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
 * Under one lock, first copies the old message to the program, then stores the
 * new one. So two programs never get the same message, and if the copy fails, the
 * old message is still there.
 *
 * The copy can sleep, and a program can make it sleep as long as it likes
 * (userfaultfd). The others wait meanwhile. That is bearable because only root may
 * open the node.
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

	/* Size and direction are part of the number. If one is wrong, no case matches. */
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

	/* %*pE escapes control bytes: a message with a newline cannot forge a log line. */
	if (!ret)
		pr_debug("user said \"%*pE\"\n", (int)new.length, new.data);
	return ret;
}

static const struct file_operations ioctl_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod */
	.unlocked_ioctl = ioctl_example_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* 32-bit programs: same struct, shorter pointer */
};

/* The short way to a single node: it needs no major number and no class of your own. */
static struct miscdevice ioctl_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ioctl_example",
	.fops = &ioctl_example_fops,
	.mode = 0600,
};

/*
 * Makes an init function that registers the device, and an exit function that
 * removes it. The kernel makes and removes the node in /dev.
 */
module_misc_device(ioctl_example_device);

MODULE_DESCRIPTION("A message kept behind the ioctls of a misc device");
MODULE_LICENSE("GPL");
