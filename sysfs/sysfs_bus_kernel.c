// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, third lesson: an attribute of a bus, and an interface that changed.
 *
 *   /sys/bus/my_pseudo_bus/value   0644
 *
 * The file takes an int. Text that is not a number fails with EINVAL, and a
 * number that does not fit an int with ERANGE. The number is then unchanged.
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
 * A program can rely on the system calls of the kernel. A module can rely on
 * nothing inside the kernel. Linux 6.4 made the bus const in both functions
 * below, and no single form fits the kernels before and after.
 *
 * Modules outside the kernel's source collect such conditionals. A module in
 * the kernel's source needs none: whoever changes an interface there also
 * changes all its users.
 *
 * Do not use a cast instead. It silences the compiler. But a kernel with CFI, a
 * protection against attacks, compares the type of a function with the type that
 * its caller expects, and the call ends in an Oops (a crash).
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define BUS_TYPE const struct bus_type
#else
#define BUS_TYPE struct bus_type
#endif

static int value;
static DEFINE_MUTEX(value_lock); /* guards value */

/*
 * Runs for the program that called read(2), and may sleep (take a mutex,
 * allocate with GFP_KERNEL). buf is memory of the kernel, one page large. sysfs
 * copies buf to the program afterwards.
 */
static ssize_t value_show(BUS_TYPE *bus, char *buf)
{
	int copy;

	mutex_lock(&value_lock);
	copy = value;
	mutex_unlock(&value_lock);

	return sysfs_emit(buf, "%d\n", copy);
}

/*
 * Runs for the program that called write(2), and may sleep. Does not call
 * sysfs_notify(), so a program cannot wait in poll(2) for a change.
 */
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

/* Makes bus_attr_value, a file called value, and finds value_show() and value_store() by name. */
static BUS_ATTR_RW(value);

static struct attribute *my_pseudo_bus_attrs[] = {
	&bus_attr_value.attr,
	NULL,
};
ATTRIBUTE_GROUPS(my_pseudo_bus); /* makes my_pseudo_bus_groups of my_pseudo_bus_attrs */

/* A bus without devices. bus_register() makes its files, bus_unregister() removes them. */
static struct bus_type my_pseudo_bus = {
	.name = "my_pseudo_bus",
	.bus_groups = my_pseudo_bus_groups,
};

static int __init sysfs_bus_init(void)
{
	return bus_register(&my_pseudo_bus);
}

/*
 * Removes the files first, and waits until no call is left in show and store.
 * Later calls on a file that is still open fail with ENODEV in sysfs itself. So
 * the module can be removed while the file is open.
 */
static void __exit sysfs_bus_exit(void)
{
	bus_unregister(&my_pseudo_bus);
}

module_init(sysfs_bus_init);
module_exit(sysfs_bus_exit);

MODULE_DESCRIPTION("A number in a file of a bus");
MODULE_LICENSE("GPL");
