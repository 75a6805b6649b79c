// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, second lesson: a directory of one's own, with a number in each file.
 *
 *   /sys/fs/myfs/first    0644
 *   /sys/fs/myfs/second   0644
 *
 * Each takes an int, and every write that is accepted wakes those who poll the
 * file. Refused, with nothing changed: EINVAL for what is not a number, ERANGE
 * for what does not fit an int.
 *
 *   # echo 5 > /sys/fs/myfs/first
 *   # cat /sys/fs/myfs/first
 *   5
 */
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

/* What the core hands to show and store is the attribute: the number is around it. */
struct number {
	struct kobj_attribute attr;
	int value;
};

static DEFINE_MUTEX(number_lock); /* guards the values; for more than an int it must be a lock */

/* Process context, may sleep. buf is one page of the kernel's; the core copies it out. */
static ssize_t number_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct number *number = container_of(attr, struct number, attr);
	int value;

	mutex_lock(&number_lock);
	value = number->value;
	mutex_unlock(&number_lock);

	return sysfs_emit(buf, "%d\n", value);
}

/*
 * Process context, may sleep. buf is the kernel's as well, and ends in a NUL.
 * What is returned is what write(2) returns: count, since all of it was used.
 */
static ssize_t number_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	struct number *number = container_of(attr, struct number, attr);
	int value, ret;

	ret = kstrtoint(buf, 0, &value);
	if (ret)
		return ret;

	mutex_lock(&number_lock);
	number->value = value;
	mutex_unlock(&number_lock);

	sysfs_notify(kobj, NULL, attr->attr.name);
	return count;
}

/*
 * A kobject is what the kernel has for a directory in sysfs; a kset is one made to
 * hold others, fs_kobj is /sys/fs. __ATTR() gives a file its name, mode and two
 * functions. The plain attribute (name and mode) lies inside the kobj_attribute,
 * and that inside our number: hence first.attr.attr.
 */
static struct number first = { .attr = __ATTR(first, 0644, number_show, number_store) };
static struct number second = { .attr = __ATTR(second, 0644, number_show, number_store) };

static struct attribute *myfs_attrs[] = {
	&first.attr.attr,
	&second.attr.attr,
	NULL,
};

static const struct attribute_group myfs_group = {
	.attrs = myfs_attrs,
};

static struct kset *myfs;

static int __init sysfs_fs_init(void)
{
	int ret;

	myfs = kset_create_and_add("myfs", NULL, fs_kobj);
	if (!myfs)
		return -ENOMEM; /* it tells no reason */
	ret = sysfs_create_group(&myfs->kobj, &myfs_group);
	if (ret)
		kset_unregister(myfs);
	return ret;
}

/*
 * Takes the directory with its files, and waits for calls that are inside show
 * or store: so hold no lock here that they take. Later calls on an open
 * descriptor get ENODEV from sysfs itself. So the module may go while a file
 * is open.
 */
static void __exit sysfs_fs_exit(void)
{
	kset_unregister(myfs);
}

module_init(sysfs_fs_init);
module_exit(sysfs_fs_exit);

MODULE_DESCRIPTION("Two numbers in a directory below /sys/fs");
MODULE_LICENSE("GPL");
