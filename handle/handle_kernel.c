// SPDX-License-Identifier: GPL-2.0-only
/*
 * handle: the kernel hands out objects as descriptors of files that have no name.
 *
 *   /dev/handle_example   0600, its command is in handle.h
 *
 * CREATE makes a box, and returns a descriptor of it that exec(3) closes. A box keeps
 * one message of up to 200 bytes. write(2) replaces the message, read(2) takes it out.
 * A read from an empty box returns 0. A read into a buffer that is too small, or a write
 * of more than 200 bytes, fails with EMSGSIZE, a bad pointer with EFAULT. The box is
 * unchanged after that. A box is gone after its last close(2).
 *
 * CREATE fails with EMFILE if the program has no free descriptor, and with ENOSPC if
 * there are 100 boxes. An argument that is not 0 is EINVAL, another command ENOTTY.
 *
 *   # ./handle_user "two words"
 *   kernel said: two words
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>

#include "handle.h"

/*
 * Bytes. A buffer of this size may be on the stack only because it is small: the
 * kernel's stack has 16 KiB for all functions together. For more than about 500
 * bytes use the heap: kmalloc() and kfree().
 */
#define MESSAGE_MAX 200
#define BOXES_MAX 100

struct box {
	char message[MESSAGE_MAX];
	size_t message_len; /* 0: the box is empty */
	struct mutex message_lock; /* guards message and message_len */
};

static atomic_t boxes = ATOMIC_INIT(0); /* how many there are now */

/*
 * Read and write run for the program that called, and may sleep. It may be a program
 * that cannot open the node: whoever has a descriptor of a box can use the box.
 *
 * A kiocb is one call of read or write; ki_filp is the open file. An iov_iter is the
 * program's buffer, or all buffers of a readv(2) or writev(2). Only copy_to_iter() and
 * its relatives may follow its pointers.
 *
 * Takes the message out only after all of it has reached the program. The lock is held
 * over the copy, so that two readers never get the same message. The copy can sleep, and
 * a program can make it sleep as long as it likes (userfaultfd). Only those who use the
 * same box wait meanwhile. They wait interruptibly: a signal, like that of Ctrl-C, ends
 * it. -ERESTARTSYS never reaches the program: after the signal's handler the kernel
 * starts the call again (SA_RESTART), or lets it fail with EINTR.
 */
static ssize_t box_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct box *box = iocb->ki_filp->private_data;
	size_t len;
	ssize_t ret;

	if (mutex_lock_interruptible(&box->message_lock))
		return -ERESTARTSYS;
	len = box->message_len;
	ret = len;
	if (len > iov_iter_count(to))
		ret = -EMSGSIZE;
	else if (copy_to_iter(box->message, len, to) != len)
		ret = -EFAULT;
	else
		box->message_len = 0;
	mutex_unlock(&box->message_lock);
	return ret;
}

/*
 * Copies to the stack first, without the lock. So nobody waits for this copy, and if it
 * fails half way, the message in the box is still whole.
 */
static ssize_t box_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct box *box = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	char new[MESSAGE_MAX];

	if (len > sizeof(new))
		return -EMSGSIZE;
	if (!copy_from_iter_full(new, len, from))
		return -EFAULT;
	if (mutex_lock_interruptible(&box->message_lock))
		return -ERESTARTSYS;
	memcpy(box->message, new, len);
	box->message_len = len;
	mutex_unlock(&box->message_lock);

	/* %*pE escapes control bytes: a message with a newline cannot forge a log line. */
	pr_debug("user said \"%*pE\"\n", (int)len, new);
	return len;
}

/*
 * Runs once, when the last descriptor of the box is closed, in whichever process that
 * is. No read or write of this box is running then: each keeps the file open.
 */
static int box_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	atomic_dec(&boxes);
	return 0;
}

/*
 * read_iter and write_iter get all buffers of a readv(2) or writev(2) at once.
 * With .read and .write the kernel would call us for each buffer.
 */
static const struct file_operations box_fops = {
	.owner = THIS_MODULE, /* each box prevents rmmod, also after the node is closed */
	.read_iter = box_read,
	.write_iter = box_write,
	.release = box_release,
};

/*
 * Makes a box, and returns a descriptor of it. Runs for the program that called
 * ioctl(2), and may sleep. GFP_KERNEL_ACCOUNT counts the memory against the memory
 * limit of the program's container (its memory cgroup).
 *
 * anon_inode_getfd() makes an open file without a name, and puts a descriptor of it
 * into the program's table. It comes last. From then on another thread of the program
 * can close the descriptor at any time, which frees the box: so we never look at the
 * box again. And nothing may fail after it, because a descriptor cannot be taken back.
 * If anon_inode_getfd() fails, there is no file: nobody calls box_release(), and the
 * box is still ours to free.
 */
static int box_create(void)
{
	struct box *box;
	int ret = -ENOMEM;

	if (!atomic_add_unless(&boxes, 1, BOXES_MAX))
		return -ENOSPC;
	box = kzalloc(sizeof(*box), GFP_KERNEL_ACCOUNT);
	if (!box)
		goto uncount;
	mutex_init(&box->message_lock);
	ret = anon_inode_getfd("[handle_example]", &box_fops, box, O_RDWR | O_CLOEXEC);
	if (ret < 0)
		goto free_box;
	return ret;

free_box:
	kfree(box);
uncount:
	atomic_dec(&boxes);
	return ret;
}

/* An argument that has no meaning yet must be 0: so it can get a meaning later. */
static long handle_example_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (cmd != HANDLE_EXAMPLE_CREATE)
		return -ENOTTY;
	if (arg)
		return -EINVAL;
	return box_create();
}

static const struct file_operations handle_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod */
	.unlocked_ioctl = handle_example_ioctl,
	.compat_ioctl = handle_example_ioctl, /* 32-bit programs: same number, no pointer */
};

/* The short way to a single node: it needs no major number and no class of your own. */
static struct miscdevice handle_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "handle_example",
	.fops = &handle_example_fops,
	.mode = 0600,
};

/*
 * Makes an init function that registers the device, and an exit function that
 * removes it. The kernel makes and removes the node in /dev.
 */
module_misc_device(handle_example_device);

MODULE_DESCRIPTION("Boxes for a message, handed out as descriptors");
MODULE_LICENSE("GPL");
