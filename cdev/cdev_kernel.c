// SPDX-License-Identifier: GPL-2.0-only
/*
 * cdev: a character device that is a queue of bytes.
 *
 *   /dev/cdev_example   0600, major number in the kernel log
 *
 * All openers share one queue of 1024 bytes. write(2) takes what fits and
 * blocks only when the queue is full, read(2) takes what is there and blocks
 * only when it is empty. With O_NONBLOCK they fail with EAGAIN instead of
 * blocking, after a signal with EINTR, for a bad pointer with EFAULT: and then
 * nothing has been queued or taken. poll(2) and epoll(7) tell which of the two
 * would not block.
 *
 *   # echo hi > /dev/cdev_example
 *   # head -c 3 /dev/cdev_example
 *   hi
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kfifo.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#define QUEUE_SIZE 1024

static DEFINE_KFIFO(queue, char, QUEUE_SIZE); /* the kernel's ring buffer */
static u64 queue_taken; /* bytes taken so far: tells a reader that another was faster */
static DEFINE_MUTEX(queue_lock); /* guards queue and queue_taken */

static DECLARE_WAIT_QUEUE_HEAD(read_wait); /* those who wait for bytes */
static DECLARE_WAIT_QUEUE_HEAD(write_wait); /* those who wait for room */

/*
 * Waits until the length of the queue is not what it was. The condition is a
 * hint, looked at without the lock: a change that it misses is followed by a
 * wake-up.
 */
static int queue_wait(struct file *file, wait_queue_head_t *wait, unsigned int len)
{
	if (file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	/* -ERESTARTSYS after a signal: the call starts again (SA_RESTART) or ends in EINTR. */
	return wait_event_interruptible(*wait, data_race(kfifo_len(&queue)) != len);
}

/*
 * Read and write run in process context, for the program that called, and may
 * sleep. Copying from or to its memory (__user) may have to wait for a missing
 * page, for as long as the caller arranges (userfaultfd). So both look at the
 * queue, copy without the lock, and then change the queue if what they saw
 * still holds; else they begin again. Nothing has changed before the copy is
 * complete. kfifo_to_user() and kfifo_from_user() would keep what was copied
 * before a fault.
 *
 * Each change wakes everybody who waits for it. A wake-up for one alone would
 * be lost on the others for as long as that one is held up in its copy.
 */
static ssize_t cdev_example_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	ssize_t ret = 0;
	char *copy;
	size_t len;
	u64 taken;

	if (!count)
		return 0;
	copy = kmalloc(QUEUE_SIZE, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	while (!ret) {
		mutex_lock(&queue_lock);
		len = kfifo_out_peek(&queue, copy, count);
		taken = queue_taken;
		mutex_unlock(&queue_lock);

		if (!len) {
			ret = queue_wait(file, &read_wait, 0);
		} else if (copy_to_user(buf, copy, len)) {
			ret = -EFAULT;
		} else {
			mutex_lock(&queue_lock);
			if (taken == queue_taken) { /* else another reader has these bytes */
				ret = kfifo_out(&queue, copy, len);
				queue_taken += ret;
			}
			mutex_unlock(&queue_lock);
		}
	}
	kfree(copy);
	if (ret > 0)
		wake_up_interruptible_poll(&write_wait, EPOLLOUT | EPOLLWRNORM);
	return ret;
}

static ssize_t cdev_example_write(struct file *file, const char __user *buf, size_t count,
				  loff_t *ppos)
{
	ssize_t ret = 0;
	char *copy;
	size_t len;

	if (!count)
		return 0;
	copy = kmalloc(QUEUE_SIZE, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	while (!ret) {
		mutex_lock(&queue_lock);
		len = min_t(size_t, count, kfifo_avail(&queue));
		mutex_unlock(&queue_lock);

		if (!len) {
			ret = queue_wait(file, &write_wait, QUEUE_SIZE);
		} else if (copy_from_user(copy, buf, len)) {
			ret = -EFAULT;
		} else {
			mutex_lock(&queue_lock);
			ret = kfifo_in(&queue, copy, len); /* less, or 0, after another writer */
			mutex_unlock(&queue_lock);
		}
	}
	kfree(copy);
	if (ret > 0)
		wake_up_interruptible_poll(&read_wait, EPOLLIN | EPOLLRDNORM);
	return ret;
}

/* Process context, may sleep. First on the lists of those to wake, then a look: misses nothing. */
static __poll_t cdev_example_poll(struct file *file, poll_table *wait)
{
	__poll_t ready = 0;

	poll_wait(file, &read_wait, wait);
	poll_wait(file, &write_wait, wait);
	mutex_lock(&queue_lock);
	if (!kfifo_is_empty(&queue))
		ready |= EPOLLIN | EPOLLRDNORM;
	if (!kfifo_is_full(&queue))
		ready |= EPOLLOUT | EPOLLWRNORM;
	mutex_unlock(&queue_lock);
	return ready;
}

static const struct file_operations cdev_example_fops = {
	.owner = THIS_MODULE, /* an open descriptor keeps the module in */
	.open = stream_open, /* no position: lseek, pread, pwrite end in ESPIPE */
	.read = cdev_example_read,
	.write = cdev_example_write,
	.poll = cdev_example_poll,
};

static struct class cdev_example_class = { .name = "cdev_example" };
static struct cdev cdev_example_cdev;
static dev_t cdev_example_devt; /* major and minor number */

/*
 * A free major number; a class, which devices in sysfs belong to; the device
 * behind the number, which can be opened from there on; and its entry in sysfs,
 * for which the kernel makes a node in /dev. This comes last, since programs
 * take the node for "ready".
 */
static int __init cdev_example_init(void)
{
	struct device *device;
	int ret;

	ret = alloc_chrdev_region(&cdev_example_devt, 0, 1, "cdev_example");
	if (ret)
		return ret;
	ret = class_register(&cdev_example_class);
	if (ret)
		goto unregister_number;
	cdev_init(&cdev_example_cdev, &cdev_example_fops);
	cdev_example_cdev.owner = THIS_MODULE;
	ret = cdev_add(&cdev_example_cdev, cdev_example_devt, 1);
	if (ret)
		goto unregister_class;
	device = device_create(&cdev_example_class, NULL, cdev_example_devt, NULL, "cdev_example");
	ret = PTR_ERR_OR_ZERO(device);
	if (ret)
		goto delete_cdev;
	pr_info("major %d\n", MAJOR(cdev_example_devt));
	return 0;

delete_cdev:
	cdev_del(&cdev_example_cdev);
unregister_class:
	class_unregister(&cdev_example_class);
unregister_number:
	unregister_chrdev_region(cdev_example_devt, 1);
	return ret;
}

static void __exit cdev_example_exit(void)
{
	device_destroy(&cdev_example_class, cdev_example_devt);
	cdev_del(&cdev_example_cdev);
	class_unregister(&cdev_example_class);
	unregister_chrdev_region(cdev_example_devt, 1);
}

module_init(cdev_example_init);
module_exit(cdev_example_exit);

MODULE_DESCRIPTION("A queue of bytes behind a character device");
MODULE_LICENSE("GPL");
