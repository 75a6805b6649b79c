// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, second lesson: a directory of your own, with one number in each file.
 *
 *   /sys/fs/myfs/first    0644
 *   /sys/fs/myfs/second   0644
 *
 * Each file takes an int. Every accepted write wakes the programs that wait in
 * poll(2) for this file. Text that is not a number fails with EINVAL, and a
 * number that does not fit an int with ERANGE. The number is then unchanged.
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

/*
 * A file of sysfs is called an attribute. sysfs calls show and store with the
 * attribute. The attribute is a member of our struct, so container_of() finds
 * the struct around it. Two functions are enough for any number of files.
 */
struct number {
	struct kobj_attribute attr;
	int value;
};

static DEFINE_MUTEX(number_lock); /* guards the value of every number */

/*
 * Runs for the program that called read(2), and may sleep (take a mutex,
 * allocate with GFP_KERNEL). buf is memory of the kernel, one page large. sysfs
 * copies buf to the program afterwards, without our lock.
 */
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
 * Runs for the program that called write(2), and may sleep. sysfs has copied the
 * text to memory of the kernel, and has put a NUL (a byte of value 0) behind it.
 * write(2) returns what this function returns: count, because all the text was
 * used. If it returned less, a program would write the rest as a second number.
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

	/* After the change, so that a program that wakes reads the new number. */
	sysfs_notify(kobj, NULL, attr->attr.name);
	return count;
}

/*
 * __ATTR() gives a file its name, its mode and its two functions. Name and mode
 * are in a struct attribute, which lies in the kobj_attribute, which lies in our
 * number: hence first.attr.attr. These two numbers are static. For a number that
 * you allocate, call sysfs_attr_init(&number->attr.attr) first. Otherwise
 * lockdep, which checks locks in kernels made for debugging, complains.
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

/* A kobject is the object in the kernel behind a directory of sysfs. */
static struct kobject *myfs;

/*
 * fs_kobj is /sys/fs. The files come last: once they exist, programs can call
 * the module. If init failed after that, the kernel would free the code that
 * they are running.
 */
static int __init sysfs_fs_init(void)
{
	int ret;

	myfs = kobject_create_and_add("myfs", fs_kobj);
	if (!myfs)
		return -ENOMEM; /* the function returns no errno */
	ret = sysfs_create_group(myfs, &myfs_group);
	if (ret)
		kobject_put(myfs);
	return ret;
}

/*
 * kobject_del() removes the directory with its files, and waits until no call
 * is left in show and store. So hold no lock here that show and store take.
 * Later calls on a file that is still open fail with ENODEV in sysfs itself. So
 * the module can be removed while a file is open.
 *
 * A kobject counts its users. kobject_put() takes one user away, and frees the
 * kobject after the last one. kobject_put() alone would remove the directory
 * too, but perhaps later: only with the last user.
 */
static void __exit sysfs_fs_exit(void)
{
	kobject_del(myfs);
	kobject_put(myfs);
}

module_init(sysfs_fs_init);
module_exit(sysfs_fs_exit);

MODULE_DESCRIPTION("Two numbers in a directory below /sys/fs");
MODULE_LICENSE("GPL");
