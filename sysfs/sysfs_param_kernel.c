// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysfs, first lesson: a module parameter is a file.
 *
 *   /sys/module/sysfs_param_kernel/parameters/level           0644
 *   /sys/module/sysfs_param_kernel/parameters/checked_level   0644
 *
 * level takes any int, and the module is not told. checked_level takes 0 to 7,
 * asks the module and is logged. Refused, with nothing changed: EINVAL for what
 * is not a number or out of range, ERANGE for what does not fit an int. The
 * same at load, which then fails.
 *
 *   # insmod sysfs_param_kernel.ko checked_level=3
 *   # echo 5 > /sys/module/sysfs_param_kernel/parameters/checked_level
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#define LEVEL_MAX 7

/*
 * The core, the kernel's own code behind the file, parses and stores it, so one
 * line is all it takes. The price: any int may be in it, and another one at the
 * next look. 0644 is the file's mode, 0 would mean no file.
 */
static int level;
module_param(level, int, 0644);
MODULE_PARM_DESC(level, "any integer, the module is not told");

static int checked_level;

/*
 * Process context, may sleep. Called at each write, and before init if given at load.
 * The core holds its parameter lock over set and get. Whoever else reads the
 * variable takes it with kernel_param_lock(THIS_MODULE).
 */
static int checked_level_set(const char *val, const struct kernel_param *kp)
{
	int new, ret;

	ret = kstrtoint(val, 0, &new);
	if (ret)
		return ret;
	if (new < 0 || new > LEVEL_MAX)
		return -EINVAL;

	pr_info("checked_level %d -> %d\n", checked_level, new);
	checked_level = new;
	return 0;
}

static const struct kernel_param_ops checked_level_ops = {
	.set = checked_level_set,
	.get = param_get_int,
};
module_param_cb(checked_level, &checked_level_ops, &checked_level, 0644);
MODULE_PARM_DESC(checked_level, "0 to 7, the module is told and may refuse");

/*
 * No init and no exit: the core makes the files before init and removes them after
 * exit, waiting for calls that are inside. So in a module that has an exit function
 * a parameter may still be set after that function has run.
 */
MODULE_DESCRIPTION("Two module parameters, one of them checked");
MODULE_LICENSE("GPL");
