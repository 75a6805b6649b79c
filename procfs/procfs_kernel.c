// SPDX-License-Identifier: GPL-2.0-only
/*
 * procfs: a file below /proc that holds one message of up to 200 bytes.
 *
 *   /proc/procfs_example/message   0644
 *
 * One write(2) is one message. It is stored unchanged and replaces the message
 * before it, wherever the file position is. read(2) returns any part of it.
 * A write of more than 200 bytes fails with EMSGSIZE, one from a bad pointer
 * with EFAULT. The message is then unchanged.
 *
 *   # echo hi > /proc/procfs_example/message
 *   # cat /proc/procfs_example/message
 *   hi
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/*
 * Bytes. A buffer of this size may be on the stack only because it is small:
 * the kernel's stack has 16 KiB for all functions together. For more than about
 * 500 bytes use the heap: memdup_user() to write, kmalloc() and kfree() to read.
 */
#define MESSAGE_MAX 200

static char message[MESSAGE_MAX]; /* bytes, not a string: no NUL ends them */
static size_t message_len;
static DEFINE_MUTEX(message_lock); /* guards message and message_len */

/*
 * Runs for the program that called read(2), and may sleep (take a mutex,
 * allocate with GFP_KERNEL). buf is a pointer of that program (__user): only
 * copy_to_user() and its relatives may follow it.
 *
 * The copy can sleep until the program's page is in memory. By userfaultfd(2) a
 * program can make that last as long as it likes. Anybody may open this file.
 * If we held the lock during the copy, anybody could block everybody. So: take
 * the lock, make a snapshot, release the lock, copy.
 */
static ssize_t message_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	char copy[MESSAGE_MAX];
	size_t len;

	mutex_lock(&message_lock);
	len = message_len;
	memcpy(copy, message, len);
	mutex_unlock(&message_lock);

	/* Copies at most count bytes from offset *ppos on, and advances *ppos. */
	return simple_read_from_buffer(buf, count, ppos, copy, len);
}

/*
 * Runs for the program that called write(2), and may sleep. The message that
 * others see changes only after the new one is complete. If the program's
 * pointer turns out to be bad half way, the old message is unchanged.
 */
static ssize_t message_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	char copy[MESSAGE_MAX];

	if (count > MESSAGE_MAX)
		return -EMSGSIZE;
	if (copy_from_user(copy, buf, count))
		return -EFAULT;

	mutex_lock(&message_lock);
	memcpy(message, copy, count);
	message_len = count;
	mutex_unlock(&message_lock);

	/*
	 * %*pE escapes control bytes: a message with a newline cannot forge a log line.
	 * The number that goes with it is the length of the text, not a width.
	 */
	pr_debug("user said \"%*pE\"\n", (int)count, copy);
	*ppos += count;
	return count;
}

/*
 * proc_ops has no .owner, which elsewhere keeps the module loaded while a file
 * is open. procfs needs none: it counts the calls that run in the module, and
 * refuses new calls once the file is removed.
 */
static const struct proc_ops message_ops = {
	.proc_read = message_read,
	.proc_write = message_write,
	.proc_lseek = default_llseek, /* without it lseek(2) fails since Linux 6.0 */
};

static struct proc_dir_entry *procfs_example_dir;

/*
 * The file comes last: once it exists, programs can call the module. If init
 * failed after that, the kernel would free the code that they are running.
 */
static int __init procfs_example_init(void)
{
	procfs_example_dir = proc_mkdir("procfs_example", NULL);
	if (!procfs_example_dir)
		return -ENOMEM;
	if (!proc_create("message", 0644, procfs_example_dir, &message_ops)) {
		proc_remove(procfs_example_dir);
		return -ENOMEM;
	}
	return 0;
}

/*
 * proc_remove() removes the directory with the file, and waits until no call is
 * left in message_read() and message_write(). Later reads and writes on a file
 * that is still open fail with EIO in procfs itself. So the module can be
 * removed while the file is open.
 */
static void __exit procfs_example_exit(void)
{
	proc_remove(procfs_example_dir);
}

module_init(procfs_example_init);
module_exit(procfs_example_exit);

MODULE_DESCRIPTION("A message kept in a file below /proc");
MODULE_LICENSE("GPL");
