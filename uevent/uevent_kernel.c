// SPDX-License-Identifier: GPL-2.0-only
/*
 * uevent: a device announces what happens to it, to every program that listens.
 *
 *   /dev/uevent_example                       0600, it can only be opened
 *   /sys/class/misc/uevent_example/announce   0200
 *
 * The kernel announces "add" when the module is loaded, and "remove" when it is removed.
 * One write(2) to announce makes one event "change" with the variable MESSAGE. Its value
 * is the text that was written, up to its first NUL. The text has 1 to 200 bytes.
 * A write of more fails with EMSGSIZE, one from a bad pointer with EFAULT, and one for
 * which there is no memory with ENOMEM or ENOENT. sysfs itself ends a write of no bytes: it
 * returns 0, and the module does not notice.
 *
 *   # ./uevent_user "two words"
 *   kernel said: two words
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/sysfs.h>

/*
 * Bytes. A buffer of this size may be on the stack only because it is small: the kernel's
 * stack has 16 KiB for all functions together. All variables of an event, with those that
 * the kernel adds, have 2048 bytes, and there are 64 of them at most.
 */
#define MESSAGE_MAX 200

/*
 * Runs for the program that called write(2), and may sleep. sysfs has copied the text to
 * memory of the kernel, and has put a NUL (a byte of value 0) behind it. The module keeps
 * no message, so there is nothing for a lock to guard.
 *
 * An event is a list of strings "NAME=value", called variables. NULL ends the list of
 * ours; the kernel adds ACTION, DEVPATH and others. kobject_uevent_env() copies all of
 * them, and may sleep. An interrupt handler has a work item call it.
 *
 * When kobject_uevent_env() returns 0, the event is in the receive buffer of each
 * listener that had space for it. It is no error if nobody listens. A listener whose
 * buffer is full misses the event, and its next read fails with ENOBUFS.
 */
static ssize_t announce_store(struct device *dev, struct device_attribute *attr, const char *buf,
			      size_t count)
{
	char message[sizeof("MESSAGE=") + MESSAGE_MAX]; /* sizeof() counts the NUL */
	char *variables[2] = { message, NULL };
	size_t message_len = strlen(buf);
	int ret;

	if (count > MESSAGE_MAX)
		return -EMSGSIZE;
	snprintf(message, sizeof(message), "MESSAGE=%s", buf);
	ret = kobject_uevent_env(&dev->kobj, KOBJ_CHANGE, variables);
	if (ret)
		return ret;

	/* %*pE escapes control bytes: a message with a newline cannot forge a log line. */
	pr_debug("user said \"%*pE\"\n", (int)message_len, buf);
	return count;
}
static DEVICE_ATTR_WO(announce);

static struct attribute *uevent_example_attrs[] = {
	&dev_attr_announce.attr,
	NULL,
};
ATTRIBUTE_GROUPS(uevent_example);

static const struct file_operations uevent_example_fops = {
	.owner = THIS_MODULE, /* an open node prevents rmmod */
};

/*
 * .groups makes the file announce before the kernel announces "add". So a program that
 * hears "add" finds the file. A file made after misc_register() would come too late.
 */
static struct miscdevice uevent_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "uevent_example",
	.fops = &uevent_example_fops,
	.mode = 0600,
	.groups = uevent_example_groups,
};

/*
 * Makes an init function that registers the device, and an exit function that removes it.
 * The removal first removes the file announce, and waits until no call is left in
 * announce_store(). Later writes to a file that is still open fail with ENODEV in sysfs.
 * Then the kernel announces "remove": it is the last event of this device.
 */
module_misc_device(uevent_example_device);

MODULE_DESCRIPTION("A device that announces messages as uevents");
MODULE_LICENSE("GPL");
