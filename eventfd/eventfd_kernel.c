// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventfd: a program hands over an eventfd, and the module rings it.
 *
 *   /dev/eventfd_example   0600, its commands are in eventfd.h
 *
 * An eventfd is a file that holds only a counter. A program makes it with eventfd(2),
 * and waits until the counter is not 0. To ring it means to add 1 to the counter.
 *
 * BELL hands over an eventfd: it becomes the bell of this open file. -1 takes the bell
 * back. Both end the ringing of the bell before. RING asks for 1 to 1000 rings,
 * some milliseconds apart, and returns at once. Nothing has changed if a command
 * fails: with EBADF (no such descriptor), EINVAL (no eventfd, or another number of
 * rings), ENOTCONN (RING without a bell), EBUSY (RING while the bell rings), EFAULT (a
 * bad pointer) or ENOTTY (another command).
 *
 *   # ./eventfd_user 3
 *   kernel rang: 3
 */
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/workqueue.h>

#include "eventfd.h"

#define RINGS_MAX 1000

/*
 * What belongs to one open file. ctx is the counter inside the eventfd, or NULL if there
 * is no bell. rings counts the rings that are still due. Without a bell it is 0.
 */
struct bell {
	struct mutex lock; /* guards ctx and rings */
	struct eventfd_ctx *ctx;
	unsigned int rings;
	struct delayed_work work;
};

/*
 * Adds 1 to the counter, and wakes the programs that wait for it. The caller holds the
 * lock. eventfd_signal() never sleeps, so a driver may call it in an interrupt handler,
 * with a spinlock. It cannot fail: a full counter stays full.
 *
 * A program can rely on eventfd(2), which never changed. A module can rely on nothing
 * inside the kernel. Before Linux 6.8 eventfd_signal() took the number to add, although
 * all its callers added 1. No single form fits the kernels before and after.
 *
 * Modules outside the kernel's source collect such conditionals. A module in the
 * kernel's source needs none: whoever changes an interface there also changes
 * all its users.
 */
static void bell_signal(struct bell *bell)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
	eventfd_signal(bell->ctx);
#else
	eventfd_signal(bell->ctx, 1);
#endif
}

/*
 * Runs in a thread of the kernel (a worker), and may sleep. Rings once, and queues itself
 * again while rings are due. The descriptors of the program mean nothing here: this
 * thread has none. Only the counter, which bell_set() found, can be used anywhere.
 */
static void bell_work(struct work_struct *work)
{
	struct bell *bell = container_of(to_delayed_work(work), struct bell, work);

	mutex_lock(&bell->lock);
	if (bell->rings) {
		bell_signal(bell);
		if (--bell->rings)
			schedule_delayed_work(&bell->work, 1);
	}
	mutex_unlock(&bell->lock);
}

/*
 * Runs for the program that called ioctl(2), and may sleep. So eventfd_ctx_fdget() looks
 * the descriptor up among those of this program. A number that is kept and looked up
 * later may be another file by then, or belong to another program. The counter stays in
 * memory until we call eventfd_ctx_put(), even if the program closes the descriptor.
 *
 * eventfd_ctx_fdget() never returns NULL. An error comes as a pointer too (ERR_PTR):
 * IS_ERR() recognises it, and PTR_ERR() makes it a number again.
 *
 * The worker uses the counter only with the lock held. So once we have taken the old
 * counter away under the lock, it is ours alone, and we give it back. The work may still be
 * queued: it then finds no rings, or those of a later RING.
 */
static int bell_set(struct bell *bell, int fd)
{
	struct eventfd_ctx *ctx = NULL;

	if (fd != -1) {
		ctx = eventfd_ctx_fdget(fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	mutex_lock(&bell->lock);
	swap(bell->ctx, ctx);
	bell->rings = 0;
	mutex_unlock(&bell->lock);
	if (ctx)
		eventfd_ctx_put(ctx);
	return 0;
}

/*
 * Runs for the program that called ioctl(2), and may sleep. The lock is never held for
 * long, so nobody needs a signal to end the wait for it.
 *
 * A delay of 1 lasts 1 to 2 ticks of the kernel's timer (a tick is 1 / HZ seconds): the
 * tick that has begun already does not count.
 */
static int bell_ring(struct bell *bell, u32 rings)
{
	int ret = 0;

	if (rings < 1 || rings > RINGS_MAX)
		return -EINVAL;
	mutex_lock(&bell->lock);
	if (!bell->ctx) {
		ret = -ENOTCONN;
	} else if (bell->rings) {
		ret = -EBUSY;
	} else {
		bell->rings = rings;
		schedule_delayed_work(&bell->work, 1);
	}
	mutex_unlock(&bell->lock);
	return ret;
}

/*
 * Runs for the program that called ioctl(2), and may sleep. arg is a pointer of that
 * program (__user): only get_user() and its relatives may follow it.
 */
static long eventfd_example_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct bell *bell = file->private_data;
	__u32 rings;
	__s32 fd;

	/* Size and direction are part of the number. If one is wrong, no case matches. */
	switch (cmd) {
	case EVENTFD_EXAMPLE_BELL:
		if (get_user(fd, (__s32 __user *)arg))
			return -EFAULT;
		return bell_set(bell, fd);
	case EVENTFD_EXAMPLE_RING:
		if (get_user(rings, (__u32 __user *)arg))
			return -EFAULT;
		return bell_ring(bell, rings);
	default:
		return -ENOTTY;
	}
}

/*
 * Runs for the program that called open(2), and may sleep. kzalloc() fills with zeros.
 * GFP_KERNEL_ACCOUNT counts the memory against the memory limit of the program.
 */
static int eventfd_example_open(struct inode *inode, struct file *file)
{
	struct bell *bell = kzalloc(sizeof(*bell), GFP_KERNEL_ACCOUNT);

	if (!bell)
		return -ENOMEM;
	mutex_init(&bell->lock);
	INIT_DELAYED_WORK(&bell->work, bell_work);
	file->private_data = bell; /* in place of the miscdevice that the kernel put there */
	return 0;
}

/*
 * Runs once, after the last close(2) of this open file, and may sleep. Nobody else can call
 * us now, but the work may run, and it uses the bell. cancel_delayed_work_sync() waits for
 * its end, and works although the work queues itself. Only then we give the counter
 * back and free the memory.
 */
static int eventfd_example_release(struct inode *inode, struct file *file)
{
	struct bell *bell = file->private_data;

	cancel_delayed_work_sync(&bell->work);
	if (bell->ctx)
		eventfd_ctx_put(bell->ctx);
	kfree(bell);
	return 0;
}

static const struct file_operations eventfd_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod */
	.open = eventfd_example_open,
	.unlocked_ioctl = eventfd_example_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* 32-bit programs: same numbers, shorter pointer */
	.release = eventfd_example_release,
};

/* The short way to a single node: it needs no major number and no class of your own. */
static struct miscdevice eventfd_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "eventfd_example",
	.fops = &eventfd_example_fops,
	.mode = 0600,
};

/*
 * Makes an init function that registers the device, and an exit function that
 * removes it. The kernel makes and removes the node in /dev.
 */
module_misc_device(eventfd_example_device);

MODULE_DESCRIPTION("A module that rings the eventfd of a program");
MODULE_LICENSE("GPL");
