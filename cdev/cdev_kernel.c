// SPDX-License-Identifier: GPL-2.0-only
/*
 * cdev: character devices, each of them a queue of bytes.
 *
 *   /dev/cdev_example0, /dev/cdev_example1 ...   0600
 *   parameter devices: how many, 1 to 8, 2 by default
 *
 * Each device has a queue of up to 1024 bytes, which all programs that open the
 * device share. write(2) adds the bytes that fit, and waits only while the
 * queue is full. read(2) takes the bytes that are there, and waits only while
 * the queue is empty. With O_NONBLOCK they fail with EAGAIN instead. Every call
 * also waits while another one copies. A signal ends the wait: EINTR, unless its
 * handler has SA_RESTART. If a pointer turns out to be bad half way, the call
 * returns the number of bytes before the bad address, or EFAULT if there is none.
 *
 *   # echo hi > /dev/cdev_example0
 *   # head -c 3 /dev/cdev_example0
 *   hi
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/wait.h>

#define DEVICES_MAX 8
#define QUEUE_SIZE 1024 /* bytes */

/* One device. All of its state is here, so two devices share nothing. */
struct cdev_example {
	char queue[QUEUE_SIZE]; /* the oldest byte comes first */
	size_t queue_len;
	struct mutex queue_lock; /* guards queue and queue_len */
	wait_queue_head_t read_wait; /* programs that wait for bytes */
	wait_queue_head_t write_wait; /* programs that wait for space */
};

static struct cdev_example cdev_examples[DEVICES_MAX];

/*
 * Runs for the program that called open(2). Our minor numbers begin at 0, and
 * the kernel opens only those that were given to cdev_add(): so the minor number
 * is an index, and needs no check. stream_open() says that the file has no
 * position. lseek(2), pread(2) and pwrite(2) then fail with ESPIPE.
 */
static int cdev_example_open(struct inode *inode, struct file *file)
{
	file->private_data = &cdev_examples[iminor(inode)];
	return stream_open(inode, file);
}

/*
 * Waits while the queue's length is the unwanted one: 0 for a reader, QUEUE_SIZE
 * for a writer. Sleeps without the lock, otherwise nobody could change the queue.
 * Returns 0 with the lock held, or an error without it. A kiocb is one call of
 * read or write; ki_filp is the open file.
 *
 * wait_event_interruptible(), and poll below, look at the length without the lock.
 * READ_ONCE() and WRITE_ONCE() say so to the compiler and to those who look for
 * data races. The loop looks again when it has the lock.
 *
 * -ERESTARTSYS never reaches the program. After the signal's handler the kernel
 * starts the system call again (SA_RESTART), or lets it fail with EINTR.
 */
static int queue_lock_unless(struct kiocb *iocb, wait_queue_head_t *wait, size_t unwanted)
{
	struct cdev_example *example = iocb->ki_filp->private_data;

	if (mutex_lock_interruptible(&example->queue_lock))
		return -ERESTARTSYS;
	while (example->queue_len == unwanted) {
		mutex_unlock(&example->queue_lock);
		/* O_NONBLOCK is for the open file, IOCB_NOWAIT for this call (io_uring). */
		if ((iocb->ki_filp->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT))
			return -EAGAIN;
		if (wait_event_interruptible(*wait, READ_ONCE(example->queue_len) != unwanted))
			return -ERESTARTSYS;
		if (mutex_lock_interruptible(&example->queue_lock))
			return -ERESTARTSYS;
	}
	return 0;
}

/*
 * Read and write run for the program that called, and may sleep. An iov_iter is
 * the program's buffer, or all buffers of a readv(2) or writev(2). It knows how
 * many bytes are left to copy. Only copy_to_iter() and its relatives may follow
 * its pointers. They return the number of bytes copied before a bad pointer.
 *
 * The copy can sleep, and a program can make it sleep as long as it likes
 * (userfaultfd). The lock is held meanwhile, as in a pipe. So the others take it
 * interruptibly: a signal, like that of Ctrl-C, ends their wait. That is bearable
 * because not everybody may open the node.
 *
 * Each change of the queue wakes all programs that wait for it.
 */
static ssize_t cdev_example_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct cdev_example *example = iocb->ki_filp->private_data;
	size_t n;
	int ret;

	if (!iov_iter_count(to))
		return 0;
	ret = queue_lock_unless(iocb, &example->read_wait, 0);
	if (ret)
		return ret;
	n = copy_to_iter(example->queue, example->queue_len, to);
	WRITE_ONCE(example->queue_len, example->queue_len - n);
	/* Simple, and fast enough for 1024 bytes. A large queue would be a ring (kfifo). */
	memmove(example->queue, example->queue + n, example->queue_len);
	mutex_unlock(&example->queue_lock);

	if (!n)
		return -EFAULT;
	wake_up_interruptible_poll(&example->write_wait, EPOLLOUT | EPOLLWRNORM);
	return n;
}

static ssize_t cdev_example_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct cdev_example *example = iocb->ki_filp->private_data;
	size_t n;
	int ret;

	if (!iov_iter_count(from))
		return 0;
	ret = queue_lock_unless(iocb, &example->write_wait, QUEUE_SIZE);
	if (ret)
		return ret;
	n = copy_from_iter(example->queue + example->queue_len, QUEUE_SIZE - example->queue_len,
			   from);
	WRITE_ONCE(example->queue_len, example->queue_len + n);
	mutex_unlock(&example->queue_lock);

	if (!n)
		return -EFAULT;
	wake_up_interruptible_poll(&example->read_wait, EPOLLIN | EPOLLRDNORM);
	return n;
}

/*
 * Runs for the program that called poll(2) or epoll_wait(2). It registers the
 * program with both wait queues first and looks at the queue after that, so that
 * no change is missed. It takes no lock: a poll must not wait for a copy.
 */
static __poll_t cdev_example_poll(struct file *file, poll_table *wait)
{
	struct cdev_example *example = file->private_data;
	__poll_t ready = 0;
	size_t len;

	poll_wait(file, &example->read_wait, wait);
	poll_wait(file, &example->write_wait, wait);
	len = READ_ONCE(example->queue_len);
	if (len > 0)
		ready |= EPOLLIN | EPOLLRDNORM;
	if (len < QUEUE_SIZE)
		ready |= EPOLLOUT | EPOLLWRNORM;
	return ready;
}

/*
 * read_iter and write_iter get all buffers of a readv(2) or writev(2) at once.
 * With .read and .write the kernel would call us for each buffer.
 */
static const struct file_operations cdev_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod */
	.open = cdev_example_open,
	.read_iter = cdev_example_read,
	.write_iter = cdev_example_write,
	.poll = cdev_example_poll,
};

static unsigned int devices = 2;

/* An error from here fails the load, and the kernel logs which value was refused. */
static int devices_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, DEVICES_MAX);
}

static const struct kernel_param_ops devices_ops = {
	.set = devices_set,
	.get = param_get_uint,
};
module_param_cb(devices, &devices_ops, &devices, 0444);
MODULE_PARM_DESC(devices, "how many devices, 1 to 8, 2 by default");

static struct class cdev_example_class = { .name = "cdev_example" };
static struct cdev *cdev_example_cdev;
static dev_t cdev_example_devt; /* major number, and minor number 0 */

/*
 * Takes a free major number, registers a class (a group of devices in sysfs), and
 * creates the devices, for each of which the kernel makes a node in /dev.
 *
 * cdev_add() comes last: from then on programs can open the nodes, and also nodes
 * that somebody made by hand. If init failed after that, the kernel would free
 * the code that they are running. Before cdev_add(), open(2) fails with ENXIO,
 * also for udev, which hears of a device as soon as it is created. Drivers add the
 * cdev before the device (cdev_device_add()): when the function that sets up one
 * device fails, the module stays loaded.
 *
 * A struct cdev counts its users, and the kernel may free it some time after
 * cdev_del(). So it must not be in the module's own memory: cdev_alloc().
 */
static int __init cdev_example_init(void)
{
	struct device *device;
	unsigned int i;
	int ret;

	ret = alloc_chrdev_region(&cdev_example_devt, 0, devices, "cdev_example");
	if (ret)
		return ret;
	ret = class_register(&cdev_example_class);
	if (ret)
		goto unregister_numbers;
	for (i = 0; i < devices; i++) {
		mutex_init(&cdev_examples[i].queue_lock);
		init_waitqueue_head(&cdev_examples[i].read_wait);
		init_waitqueue_head(&cdev_examples[i].write_wait);
		device = device_create(&cdev_example_class, NULL, cdev_example_devt + i, NULL,
				       "cdev_example%u", i);
		ret = PTR_ERR_OR_ZERO(device);
		if (ret)
			goto destroy_devices;
	}
	cdev_example_cdev = cdev_alloc();
	if (!cdev_example_cdev) {
		ret = -ENOMEM;
		goto destroy_devices;
	}
	cdev_example_cdev->ops = &cdev_example_fops;
	cdev_example_cdev->owner = THIS_MODULE; /* keeps the module loaded during open(2) */
	ret = cdev_add(cdev_example_cdev, cdev_example_devt, devices);
	if (ret)
		goto free_cdev;
	pr_debug("major %d\n", MAJOR(cdev_example_devt));
	return 0;

free_cdev:
	kobject_put(&cdev_example_cdev->kobj); /* what cdev_del() does after cdev_add() */
destroy_devices:
	while (i--)
		device_destroy(&cdev_example_class, cdev_example_devt + i);
	class_unregister(&cdev_example_class);
unregister_numbers:
	unregister_chrdev_region(cdev_example_devt, devices);
	return ret;
}

static void __exit cdev_example_exit(void)
{
	unsigned int i;

	cdev_del(cdev_example_cdev);
	for (i = 0; i < devices; i++)
		device_destroy(&cdev_example_class, cdev_example_devt + i);
	class_unregister(&cdev_example_class);
	unregister_chrdev_region(cdev_example_devt, devices);
}

module_init(cdev_example_init);
module_exit(cdev_example_exit);

MODULE_DESCRIPTION("Character devices, each of them a queue of bytes");
MODULE_LICENSE("GPL");
