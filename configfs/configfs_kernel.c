// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs: mkdir(2) makes a kernel object, rmdir(2) removes it.
 *
 *   /sys/kernel/config/configfs_example/NAME/value     0644, an int
 *   /sys/kernel/config/configfs_example/NAME/message   0644, 1 to 200 bytes
 *
 * Refused, with nothing changed: EMSGSIZE over 200 bytes, EINVAL for what is
 * no number, ERANGE for what is no int. The core does not pass on an empty write.
 *
 *   # mkdir /sys/kernel/config/configfs_example/one
 *   # echo hi > /sys/kernel/config/configfs_example/one/message
 *   # cat /sys/kernel/config/configfs_example/one/message
 *   hi
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/configfs.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#define MESSAGE_MAX 200

/* One for each directory that a user makes. */
struct example_item {
	struct config_item item;
	int value;
	char message[MESSAGE_MAX];
	size_t message_len;
	struct mutex message_lock; /* guards message and message_len */
};

static struct example_item *to_example_item(struct config_item *item)
{
	return container_of(item, struct example_item, item);
}

/*
 * Shows and stores run for the program that called read(2) or write(2), and may
 * sleep. They see a page of the kernel's, never user memory: the core, configfs
 * itself, copies between the two. While one of them runs rmdir(2) waits; from
 * then on the core answers ENOENT instead of calling them.
 */
static ssize_t item_value_show(struct config_item *item, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_example_item(item)->value));
}

static ssize_t item_value_store(struct config_item *item, const char *page, size_t count)
{
	int value, ret;

	/* The core has put a NUL behind what was written. */
	ret = kstrtoint(page, 0, &value);
	if (ret)
		return ret;

	/* One int alone needs no lock; WRITE_ONCE() has the compiler store it in one piece. */
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
 * count is what the core could copy: 4095 bytes at most, and only those before
 * a bad pointer. That some are missing cannot be seen from here.
 */
static ssize_t item_message_store(struct config_item *item, const char *page, size_t count)
{
	struct example_item *example = to_example_item(item);

	if (count > sizeof(example->message))
		return -EMSGSIZE;

	mutex_lock(&example->message_lock);
	memcpy(example->message, page, count);
	example->message_len = count;
	mutex_unlock(&example->message_lock);

	/* %*pE escapes control bytes, so that no message can forge a log line. */
	pr_info("user said \"%*pE\"\n", (int)count, page);
	return count;
}

/* item_attr_value and item_attr_message: find show and store by their names, hold the module. */
CONFIGFS_ATTR(item_, value);
CONFIGFS_ATTR(item_, message);

static struct configfs_attribute *item_attrs[] = { &item_attr_value, &item_attr_message, NULL };

/*
 * An item counts its users (references). This runs when the last one has gone, and
 * here alone the item may be freed. rmdir(2) does not free it: it unhooks the item
 * and gives back ("puts") its own reference.
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
	.ct_owner = THIS_MODULE, /* an item keeps the module in */
};

/* mkdir(2), may sleep, su_mutex held. Makes the item; the core makes its directory and files. */
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
 * The module's own directory. A group is an item that can hold others, a subsystem
 * is a group at the top. The core holds su_mutex while it makes or unlinks items.
 */
static struct configfs_subsystem configfs_example = {
	.su_group.cg_item = { .ci_namebuf = "configfs_example", .ci_type = &group_type },
	.su_mutex = __MUTEX_INITIALIZER(configfs_example.su_mutex),
};

static int __init configfs_example_init(void)
{
	config_group_init(&configfs_example.su_group);
	return configfs_register_subsystem(&configfs_example);
}

/* Not reached while there is an item or an open attribute: these hold the module. */
static void __exit configfs_example_exit(void)
{
	configfs_unregister_subsystem(&configfs_example);
}

module_init(configfs_example_init);
module_exit(configfs_example_exit);

MODULE_DESCRIPTION("Objects with a value and a message, made and removed by the user");
MODULE_LICENSE("GPL");
