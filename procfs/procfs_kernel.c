// SPDX-License-Identifier: GPL-2.0-only
/*
 * procfs: a file below /proc that holds one message of up to 200 bytes.
 *
 *   /proc/procfs_example/message   0644
 *
 * One write(2) is one message, kept as it came, wherever the file position
 * stands. read(2) hands out any slice of it. Refused, with nothing changed:
 * EMSGSIZE over 200 bytes, EFAULT for a bad pointer.
 *
 *   # echo hi > /proc/procfs_example/message
 *   # cat /proc/procfs_example/message
 *   hi
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define MESSAGE_MAX 200

static char message[MESSAGE_MAX];
static size_t message_len;
static DEFINE_MUTEX(message_lock); /* guards message and message_len */

/*
 * Process context: runs for the program that called read(2), and may sleep.
 * __user marks a pointer into that program's memory, which only copy_to_user()
 * and its kin may follow. Such a copy may have to wait for a missing page, for
 * as long as the caller arranges (userfaultfd), and anybody may open this file:
 * so the lock is held for a snapshot only, never across the copy.
 */
static ssize_t message_read(struct file *file, char __user *buf, size_t count, loff_t *ppos)
{
	char copy[MESSAGE_MAX];
	size_t len;

	mutex_lock(&message_lock);
	len = message_len;
	memcpy(copy, message, len);
	mutex_unlock(&message_lock);

	/* At most count bytes from *ppos on; moves *ppos behind them. */
	return simple_read_from_buffer(buf, count, ppos, copy, len);
}

/*
 * Process context, may sleep. The new message is complete before the old one
 * is touched, so a pointer that fails half way leaves the old one standing.
 */
static ssize_t message_write(struct file *file, const char __user *buf, size_t count, loff_t *ppos)
{
	char copy[MESSAGE_MAX];

	if (count > sizeof(copy))
		return -EMSGSIZE;
	if (copy_from_user(copy, buf, count))
		return -EFAULT;

	mutex_lock(&message_lock);
	memcpy(message, copy, count);
	message_len = count;
	mutex_unlock(&message_lock);

	/* %*pE escapes control bytes, so that no message can forge a log line. */
	pr_info("user said \"%*pE\"\n", (int)count, copy);
	*ppos += count;
	return count;
}

/*
 * Not file_operations, whose .owner keeps the module in while a file is open:
 * procfs counts the calls itself and turns them away once the file has gone.
 */
static const struct proc_ops message_ops = {
	.proc_read = message_read,
	.proc_write = message_write,
	.proc_lseek = default_llseek, /* unset, lseek(2) fails since 6.0 */
};

static struct proc_dir_entry *procfs_dir;

static int __init procfs_example_init(void)
{
	procfs_dir = proc_mkdir("procfs_example", NULL);
	if (!procfs_dir)
		return -ENOMEM;
	if (!proc_create("message", 0644, procfs_dir, &message_ops)) {
		proc_remove(procfs_dir);
		return -ENOMEM;
	}
	return 0;
}

/*
 * proc_remove() takes the whole directory. It waits for calls that are inside
 * message_read() or message_write(), however long they take; later reads and
 * writes on an open descriptor get EIO from procfs itself. So the module may go while the
 * file is open.
 */
static void __exit procfs_example_exit(void)
{
	proc_remove(procfs_dir);
}

module_init(procfs_example_init);
module_exit(procfs_example_exit);

MODULE_DESCRIPTION("A message kept in a file below /proc");
MODULE_LICENSE("GPL");
