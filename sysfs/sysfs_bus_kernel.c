// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, third lesson: an attribute of a bus, and an interface that changed.
 *
 *   /sys/bus/my_pseudo_bus/value   0644
 *
 * Takes an int. Refused, with nothing changed: EINVAL for what is not a number,
 * ERANGE for what does not fit an int.
 *
 *   # echo 5 > /sys/bus/my_pseudo_bus/value
 *   # cat /sys/bus/my_pseudo_bus/value
 *   5
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>
#include <linux/version.h>

/*
 * A program may rely on the kernel's system calls; a module may rely on nothing
 * inside it. Linux 6.4 made the bus const in both callbacks below, and no one
 * form fits the kernels before and after. Whoever keeps a module outside the
 * kernel's tree collects such conditionals. One that is in the tree is changed
 * along with the interface, by whoever changes that. A cast would quiet the
 * compiler, but a kernel built with CFI, which checks the type of a function that
 * is called by pointer, then refuses the call with an Oops.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define BUS_TYPE const struct bus_type
#else
#define BUS_TYPE struct bus_type
#endif

static int value;
static DEFINE_MUTEX(value_lock); /* guards value */

/* Process context, may sleep. BUS_ATTR_RW() finds both functions by their names. */
static ssize_t value_show(BUS_TYPE *bus, char *buf)
{
	int copy;

	mutex_lock(&value_lock);
	copy = value;
	mutex_unlock(&value_lock);

	return sysfs_emit(buf, "%d\n", copy);
}

static ssize_t value_store(BUS_TYPE *bus, const char *buf, size_t count)
{
	int new, ret;

	ret = kstrtoint(buf, 0, &new);
	if (ret)
		return ret;

	mutex_lock(&value_lock);
	value = new;
	mutex_unlock(&value_lock);

	return count;
}

static BUS_ATTR_RW(value);

static struct attribute *my_pseudo_bus_attrs[] = {
	&bus_attr_value.attr,
	NULL,
};
ATTRIBUTE_GROUPS(my_pseudo_bus); /* makes my_pseudo_bus_groups of my_pseudo_bus_attrs */

/* A bus without devices. Its file comes with it and goes with it. */
static struct bus_type my_pseudo_bus = {
	.name = "my_pseudo_bus",
	.bus_groups = my_pseudo_bus_groups,
};

static int __init sysfs_bus_init(void)
{
	return bus_register(&my_pseudo_bus);
}

/*
 * Removes the file first, and waits for calls that are inside; later ones on an
 * open descriptor get ENODEV. So the module may go while the file is open.
 */
static void __exit sysfs_bus_exit(void)
{
	bus_unregister(&my_pseudo_bus);
}

module_init(sysfs_bus_init);
module_exit(sysfs_bus_exit);

MODULE_DESCRIPTION("A number in a file of a bus");
MODULE_LICENSE("GPL");
