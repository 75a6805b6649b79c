// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: files for those who debug the kernel. In /sys/kernel/debug/debugfs_example,
 * all 0644:
 *
 *   value     8 bits, by the one-line API, which turns 300 into 44 without a word
 *   message   one write(2) is one message of up to 200 bytes, kept as it came
 *   history   the last 8 messages, oldest first, escaped, one a line
 *
 * message refuses, with nothing changed: EMSGSIZE over 200 bytes, EFAULT for a
 * bad pointer. Without debugfs the module loads all the same.
 *
 *   # echo hi > /sys/kernel/debug/debugfs_example/message
 *   # cat /sys/kernel/debug/debugfs_example/history
 *   hi\n
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#define MESSAGE_MAX 200
#define HISTORY_MAX 8

static u8 value; /* debugfs reads and writes it by itself, without a lock */

static char message[MESSAGE_MAX];
static size_t message_len;
static struct {
	char data[MESSAGE_MAX];
	size_t len;
} history[HISTORY_MAX]; /* oldest first */
static unsigned int history_len;
static DEFINE_MUTEX(message_lock); /* guards message and history */

/*
 * Process context: runs for the program that called read(2), and may sleep.
 * __user marks a pointer into that program's memory, which only copy_to_user()
 * and its kin may follow. Such a copy may have to wait for a missing page, for
 * as long as the caller arranges (userfaultfd), and whoever gets past the mount
 * may open this file: so the lock is held for a snapshot only, never across the
 * copy.
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

/* Called with message_lock held. */
static void history_add(const char *data, size_t len)
{
	if (history_len == HISTORY_MAX)
		memmove(history, history + 1, sizeof(history) - sizeof(*history));
	else
		history_len++;
	memcpy(history[history_len - 1].data, data, len);
	history[history_len - 1].len = len;
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
	history_add(copy, count);
	mutex_unlock(&message_lock);

	/* %*pE escapes control bytes, so that no message can forge a log line. */
	pr_info("user said \"%*pE\"\n", (int)count, copy);
	*ppos += count;
	return count;
}

/*
 * debugfs itself turns calls away once the file has been removed. But close(2)
 * still looks at this table, so .owner must keep the module in until then.
 */
static const struct file_operations message_fops = {
	.owner = THIS_MODULE,
	.read = message_read,
	.write = message_write,
	.llseek = default_llseek, /* unset, lseek(2) fails with ESPIPE */
};

/*
 * Process context, may sleep. All lines are one record: seq_file calls this
 * once into a buffer of its own, again with a larger one if that was too small,
 * and serves reads of any size from there. So a reader sees the history of one
 * moment, and the lock is not held while seq_file copies to user space.
 */
static int history_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	mutex_lock(&message_lock);
	for (i = 0; i < history_len; i++)
		seq_printf(m, "%*pE\n", (int)history[i].len, history[i].data);
	mutex_unlock(&message_lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(history); /* history_fops: seq_file with this one show(), .owner included */

static struct dentry *debugfs_dir;

/*
 * Nothing is checked, on purpose. Without debugfs the first call returns an
 * error, which the others and debugfs_remove() accept, and do nothing then.
 * A module that can do its work without these files should not fail for them.
 */
static int __init debugfs_example_init(void)
{
	debugfs_dir = debugfs_create_dir("debugfs_example", NULL);
	debugfs_create_u8("value", 0644, debugfs_dir, &value);
	debugfs_create_file("message", 0644, debugfs_dir, NULL, &message_fops);
	debugfs_create_file("history", 0644, debugfs_dir, NULL, &history_fops);
	return 0;
}

/*
 * debugfs_remove() takes the whole directory. message and history are not open
 * here, their .owner saw to that. value may be, since its operations are the
 * core's own: calls inside are waited for, later ones get EIO.
 */
static void __exit debugfs_example_exit(void)
{
	debugfs_remove(debugfs_dir);
}

module_init(debugfs_example_init);
module_exit(debugfs_example_exit);

MODULE_DESCRIPTION("A number, a message and a history in debugfs");
MODULE_LICENSE("GPL");
