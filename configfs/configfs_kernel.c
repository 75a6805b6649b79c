// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs: mkdir(2) makes an object in the kernel (an item), rmdir(2) removes it.
 *
 *   /sys/kernel/config/configfs_example/NAME/value     0644, an int, 0 at first
 *   /sys/kernel/config/configfs_example/NAME/message   0644, 1 to 200 bytes
 *
 * One write(2) to message is one message. It is stored unchanged and replaces the
 * message before it. A write of more than 200 bytes fails with EMSGSIZE, an empty
 * one with EFAULT. A write to value fails with EINVAL if it is not a number, with
 * ERANGE if the number does not fit into an int. The item is then unchanged.
 *
 *   # mkdir /sys/kernel/config/configfs_example/one
 *   # echo hi > /sys/kernel/config/configfs_example/one/message
 *   # cat /sys/kernel/config/configfs_example/one/message
 *   hi
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define MESSAGE_MAX 200 /* bytes */

/* Of a longer write configfs passes the first 4095 bytes, so 4095 may be only a part. */
static_assert(MESSAGE_MAX < 4095, "for more than 4094 bytes take CONFIGFS_BIN_ATTR()");

/* One for each directory that a user makes. */
struct example_item {
	struct config_item item;
	int value;
	char message[MESSAGE_MAX]; /* bytes, not a string: no NUL ends them */
	size_t message_len;
	struct mutex message_lock; /* guards message and message_len */
};

static struct example_item *to_example_item(struct config_item *item)
{
	return container_of(item, struct example_item, item);
}

/*
 * The show and store functions run for the program that called read(2) or write(2),
 * and may sleep. Their page is memory of the kernel: configfs copies between it and
 * the program, and holds none of our locks meanwhile. rmdir(2) waits for calls that
 * still run in them; later ones fail with ENOENT in configfs itself.
 */
static ssize_t item_value_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_example_item(item)->value));
}

static ssize_t item_value_store(struct config_item *item, const char *page, size_t count)
{
	int value, ret;

	/* configfs has put a NUL behind the text. */
	ret = kstrtoint(page, 0, &value);
	if (ret)
		return ret;

	/* A single int needs no lock: WRITE_ONCE() makes the compiler store it in one piece. */
	WRITE_ONCE(to_example_item(item)->value, value);
	return count;
}

static ssize_t item_message_show(struct config_item *item, char *page)
{
	struct example_item *example = to_example_item(item);
	size_t len;

	mutex_lock(&example->message_lock);
	len = example->message_len;
	memcpy(page, example->message, len);
	mutex_unlock(&example->message_lock);
	return len;
}

/*
 * configfs calls this with count bytes from 1 to 4095. If the program's pointer turned
 * out to be bad half way, these are the bytes before that. We cannot see it here.
 */
static ssize_t item_message_store(struct config_item *item, const char *page, size_t count)
{
	struct example_item *example = to_example_item(item);

	if (count > MESSAGE_MAX)
		return -EMSGSIZE;

	mutex_lock(&example->message_lock);
	memcpy(example->message, page, count);
	example->message_len = count;
	mutex_unlock(&example->message_lock);

	/* %*pE escapes control bytes: a message with a newline cannot forge a log line. */
	pr_debug("user said \"%*pE\"\n", (int)count, page);
	return count;
}

/*
 * They make item_attr_value and item_attr_message, two files of mode 0644. They find
 * the functions by their names. An open file keeps the module loaded.
 */
CONFIGFS_ATTR(item_, value);
CONFIGFS_ATTR(item_, message);

static struct configfs_attribute *item_attrs[] = { &item_attr_value, &item_attr_message, NULL };

/*
 * An item counts its users (references). rmdir(2) takes the item out of the directory
 * and gives its own reference back, but an open file may still hold another. The item
 * may be freed only here: this runs when the last reference is given back.
 */
static void item_release(struct config_item *item)
{
	kfree(to_example_item(item));
}

static struct configfs_item_operations item_ops = {
	.release = item_release,
};

static const struct config_item_type item_type = {
	.ct_item_ops = &item_ops,
	.ct_attrs = item_attrs,
	.ct_owner = THIS_MODULE, /* an item keeps the module loaded */
};

/*
 * Runs for the program that called mkdir(2), and may sleep. configfs holds su_mutex.
 * We make the item; configfs then makes its directory and its files.
 */
static struct config_item *group_make_item(struct config_group *group, const char *name)
{
	struct example_item *example = kzalloc(sizeof(*example), GFP_KERNEL);

	if (!example)
		return ERR_PTR(-ENOMEM);
	mutex_init(&example->message_lock);
	config_item_init_type_name(&example->item, name, &item_type);
	return &example->item;
}

static struct configfs_group_operations group_ops = {
	.make_item = group_make_item,
};

static const struct config_item_type group_type = {
	.ct_group_ops = &group_ops,
	.ct_owner = THIS_MODULE,
};

/*
 * The directory of the module. A group is an item that can contain other items, and a
 * subsystem is a group directly below /sys/kernel/config. configfs holds su_mutex
 * while it adds or removes an item.
 */
static struct configfs_subsystem configfs_example = {
	.su_mutex = __MUTEX_INITIALIZER(configfs_example.su_mutex),
};

/*
 * This call takes a name of any length. Many modules write theirs into .ci_namebuf,
 * where a name of 20 characters or more compiles, but loses the NUL at its end.
 *
 * Registering comes last: once it is done, programs can call the module. If init
 * failed after that, the kernel would free the code that they are running.
 */
static int __init configfs_example_init(void)
{
	config_group_init_type_name(&configfs_example.su_group, "configfs_example", &group_type);
	return configfs_register_subsystem(&configfs_example);
}

/* Runs only when no item and no open file is left: each of them keeps the module loaded. */
static void __exit configfs_example_exit(void)
{
	configfs_unregister_subsystem(&configfs_example);
}

module_init(configfs_example_init);
module_exit(configfs_example_exit);

MODULE_DESCRIPTION("Objects with a value and a message, which users make and remove");
MODULE_LICENSE("GPL");
