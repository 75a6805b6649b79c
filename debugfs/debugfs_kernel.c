// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: files for people who debug the kernel, in /sys/kernel/debug/debugfs_example.
 *
 *   value     0644   a number of 8 bits; 300 silently becomes 44
 *   message   0644   one message of up to 200 bytes, like that of procfs
 *   history   0444   the last 8 messages, oldest first, escaped, one per line
 *
 * One write(2) to message is one message. It is stored unchanged and replaces the
 * message before it. A write of more than 200 bytes fails with EMSGSIZE, one from
 * a bad pointer with EFAULT. The message and the history are then unchanged.
 *
 *   # echo hi > /sys/kernel/debug/debugfs_example/message
 *   # cat /sys/kernel/debug/debugfs_example/history
 *   hi\n
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

/*
 * Bytes. A buffer of this size may be on the stack only because it is small:
 * the kernel's stack has 16 KiB for all functions together. For more than about
 * 500 bytes use the heap: memdup_user() to write, kmalloc() and kfree() to read.
 */
#define MESSAGE_MAX 200

#define HISTORY_MAX 8

static u8 value; /* debugfs reads and writes it without calling us, and without a lock */

static char message[MESSAGE_MAX]; /* bytes, not a string: no NUL ends them */
static size_t message_len;
static struct {
	char data[MESSAGE_MAX];
	size_t len;
} history[HISTORY_MAX]; /* the first history_len are in use, oldest first */
static unsigned int history_len;
static DEFINE_MUTEX(message_lock); /* guards message, history and their lengths */

/*
 * Runs for the program that called read(2), and may sleep (take a mutex,
 * allocate with GFP_KERNEL). buf is a pointer of that program (__user): only
 * copy_to_user() and its relatives may follow it.
 *
 * The copy can sleep until the program's page is in memory. By userfaultfd(2) a
 * program can make that last as long as it likes. If we held the lock during
 * the copy, one program could block all others. So: take the lock, make a
 * snapshot, release the lock, copy.
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

/* Needs message_lock. Appends len bytes; a full history drops its oldest message. */
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
	history_add(copy, count);
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
 * debugfs refuses reads and writes once the file is removed. But close(2) still
 * looks into this table. So .owner keeps the module loaded until the last close.
 */
static const struct file_operations message_fops = {
	.owner = THIS_MODULE,
	.read = message_read,
	.write = message_write,
	.llseek = default_llseek, /* without it lseek(2) fails with ESPIPE */
};

/*
 * Runs for the program that called read(2), and may sleep. seq_file, a part of the
 * kernel, collects the whole text in a buffer. If the text does not fit, seq_file takes
 * a larger buffer and calls this function again. Later reads get their parts from the
 * buffer. So a reader sees the history of one moment, and the copy to the program
 * runs without our lock.
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
DEFINE_SHOW_ATTRIBUTE(history); /* makes history_fops: with .owner, without a write */

static struct dentry *debugfs_example_dir;

/*
 * We check no return value, on purpose. Without debugfs the first call returns an
 * error pointer. The other calls and debugfs_remove() accept it and do nothing.
 * A module must not fail because the files for its debugging are missing.
 *
 * history is 0444, because nobody can write to it. Under lockdown (Secure Boot)
 * debugfs opens only such files, and only if they have neither ioctl nor mmap.
 */
static int __init debugfs_example_init(void)
{
	debugfs_example_dir = debugfs_create_dir("debugfs_example", NULL);
	debugfs_create_u8("value", 0644, debugfs_example_dir, &value);
	debugfs_create_file("message", 0644, debugfs_example_dir, NULL, &message_fops);
	debugfs_create_file("history", 0444, debugfs_example_dir, NULL, &history_fops);
	return 0;
}

/*
 * debugfs_remove() removes the directory with all files. message and history are
 * not open now: their .owner would have refused the removal. value may be open,
 * because its functions belong to debugfs and not to us. debugfs_remove() waits
 * for reads and writes that still run there. Later reads and writes fail with EIO.
 */
static void __exit debugfs_example_exit(void)
{
	debugfs_remove(debugfs_example_dir);
}

module_init(debugfs_example_init);
module_exit(debugfs_example_exit);

MODULE_DESCRIPTION("A number, a message and a history in debugfs");
MODULE_LICENSE("GPL");
