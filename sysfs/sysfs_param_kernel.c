// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, first lesson: a module parameter is a file.
 *
 *   /sys/module/sysfs_param_kernel/parameters/level           0644
 *   /sys/module/sysfs_param_kernel/parameters/checked_level   0644
 *
 * level takes any int, and the module does not notice. A write to checked_level
 * calls a function of the module, which refuses all but 0 to 7.
 *
 * Text that is not a number, or a number out of range, fails with EINVAL, and a
 * number that does not fit an int with ERANGE. The value is then unchanged. The
 * same values fail the load if they are given to insmod.
 *
 *   # insmod sysfs_param_kernel.ko checked_level=3
 *   # echo 5 > /sys/module/sysfs_param_kernel/parameters/checked_level
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#define LEVEL_MAX 7

/*
 * One line is enough: the kernel's own parameter code makes the file, parses
 * the number and stores it. But then any int may be in the variable, and the int
 * may change between two looks: read it once, with READ_ONCE(), into a local
 * variable. 0644 is the file's mode; with mode 0 there is no file.
 */
static int level;
module_param(level, int, 0644);
MODULE_PARM_DESC(level, "any integer, and the module does not notice");

static int checked_level;

/*
 * Runs for the program that called write(2), or for insmod, before init, if the
 * value is given at load. May sleep (take a mutex, allocate with GFP_KERNEL).
 * The kernel holds the module's parameter lock around this function, and also
 * around the function that reads the file. If your own code uses the variable
 * elsewhere, call kernel_param_lock(THIS_MODULE) there first. That lock is a
 * mutex: interrupts and timers cannot take it, and use READ_ONCE().
 */
static int checked_level_set(const char *val, const struct kernel_param *kp)
{
	int new, ret;

	ret = kstrtoint(val, 0, &new);
	if (ret)
		return ret;
	if (new < 0 || new > LEVEL_MAX)
		return -EINVAL;

	pr_debug("checked_level %d -> %d\n", checked_level, new);
	WRITE_ONCE(checked_level, new);
	return 0;
}

static const struct kernel_param_ops checked_level_ops = {
	.set = checked_level_set,
	.get = param_get_int,
};
module_param_cb(checked_level, &checked_level_ops, &checked_level, 0644);
MODULE_PARM_DESC(checked_level, "0 to 7, checked by the module");

/*
 * There is no init and no exit. The kernel makes the files before init, and
 * removes them after exit, when no call is left in the function above. So if you
 * add an exit function, a parameter may still be set after that has run.
 */
MODULE_DESCRIPTION("Two module parameters, one of them checked");
MODULE_LICENSE("GPL");
