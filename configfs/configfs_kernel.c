// SPDX-License-Identifier: GPL-2.0-only
/*
 * configfs: mkdir(2) makes an object in the kernel (an item), rmdir(2) removes it.
 *
 *   /sys/kernel/config/configfs_example/NAME/value     0644, an int, 0 at first
 *   /sys/kernel/config/configfs_example/NAME/message   0644, empty at first
 *
 * One write(2) to message is one message of 1 to 200 bytes. It is stored unchanged
 * and replaces the message before it. A longer write fails with EMSGSIZE. An empty
 * write does not make the message empty again: it fails with EFAULT (Linux 5.10:
 * returns 0). A write to value fails with EINVAL if it is not a number, with
 * ERANGE if the number does not fit into an int. A write that fails changes nothing.
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

/* configfs passes only the first 4095 bytes of a write. So 4095 bytes may be only a part. */
static_assert(MESSAGE_MAX < 4095, "for more than 4094 bytes take CONFIGFS_BIN_ATTR()");

/* One for each item, which is a directory that a user makes. */
struct example_item {
	struct config_item item;
	int value;
	char message[MESSAGE_MAX]; /* bytes, not a string: no NUL ends them */
	size_t message_len;
	struct mutex message_lock; /* guards message and message_len */
};

/*
 * configfs calls our functions with the config_item. It is a member of our struct, so
 * container_of() finds the struct around it.
 */
static struct example_item *to_example_item(struct config_item *item)
{
	return container_of(item, struct example_item, item);
}

/*
 * The show and store functions run for the program that called read(2) or write(2),
 * and may sleep. page is memory of the kernel. configfs copies from the program to
 * page before a store, and from page to the program after a show: without our locks.
 *
 * rmdir(2) waits while a show or store function runs. It does not wait while configfs
 * copies. After rmdir(2) these functions run no more: a read(2) or write(2) that
 * needs one of them fails with ENOENT in configfs itself.
 */
static ssize_t item_value_show(struct config_item *item, char *page)
{
	/* sysfs_emit() prints at most a page. item_value_store() explains READ_ONCE(). */
	return sysfs_emit(page, "%d\n", READ_ONCE(to_example_item(item)->value));
}

static ssize_t item_value_store(struct config_item *item, const char *page, size_t count)
{
	int value, ret;

	/* configfs has put a NUL behind the text. */
	ret = kstrtoint(page, 0, &value);
	if (ret)
		return ret;

	/*
	 * A single int needs no lock. WRITE_ONCE() makes the compiler store it in one piece,
	 * and READ_ONCE() load it in one piece.
	 */
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
 * count is 1 to 4095. If the program's buffer ends early, at memory that does not
 * exist, configfs passes the bytes before that. This function cannot know that there
 * should be more. Linux 5.10 does not call it then: write(2) fails with EFAULT.
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

	/*
	 * %*pE escapes control bytes: a message with a newline cannot forge a log line.
	 * The number that goes with it is the length of the text, not a width.
	 */
	pr_debug("user said \"%*pE\"\n", (int)count, page);
	return count;
}

/*
 * CONFIGFS_ATTR(item_, value) makes item_attr_value, a file of mode 0644 that calls
 * item_value_show() and item_value_store(). The macro makes these names from its
 * arguments. It also names this module as the owner of the file. Therefore the module
 * stays loaded while the file is open.
 */
CONFIGFS_ATTR(item_, value);
CONFIGFS_ATTR(item_, message);

static struct configfs_attribute *item_attrs[] = { &item_attr_value, &item_attr_message, NULL };

/*
 * An item counts its users (references). config_item_get() adds one, config_item_put()
 * takes one away. rmdir(2) takes away the first one, but configfs or your own code may
 * still hold another. The item may be freed only in this function: configfs calls it
 * when the last reference is taken away.
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
 * Runs for the program that called mkdir(2), and may sleep. configfs holds su_mutex:
 * so two mkdir(2) never run this function at once. It makes the item. configfs then
 * makes the directory and the files of the item.
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

/*
 * Both types need .ct_owner. That of the group keeps the module loaded already while
 * mkdir(2) runs. That of the item keeps the module of the item loaded, which in other
 * drivers can be another module.
 */
static const struct config_item_type group_type = {
	.ct_group_ops = &group_ops,
	.ct_owner = THIS_MODULE,
};

/*
 * The directory of the module. A group is an item that can contain other items. A
 * subsystem is a group directly below /sys/kernel/config. configfs holds su_mutex
 * while it adds or removes an item.
 */
static struct configfs_subsystem configfs_example = {
	.su_mutex = __MUTEX_INITIALIZER(configfs_example.su_mutex),
};

/*
 * config_group_init_type_name() takes a name of any length. Many modules write the name
 * into .ci_namebuf instead, an array of 20 bytes. A name of 20 characters compiles there,
 * but it leaves no room for the NUL at its end. The call allocates so long a name: then
 * config_group_put(&configfs_example.su_group) must free it, after unregistering and if
 * registering fails.
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
