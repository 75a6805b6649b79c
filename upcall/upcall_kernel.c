// SPDX-License-Identifier: GPL-2.0-only
/*
 * upcall: at load the module starts a program, the helper, as root.
 *
 *   helper   absolute path of the helper, no default
 *   beeps    0 to 10, default 3; the helper gets the number as argv[1]
 *   wait     what insmod waits for: exec (default): until the helper has started;
 *            proc: until it has ended, and how it ended is logged; none: it does
 *            not wait
 *
 * If the helper does not start, the load fails with the errno of exec (ENOENT,
 * EACCES, ENOEXEC ...). With wait=none the load succeeds, and the errno is only
 * logged. EINVAL: a parameter is missing or out of range. ERANGE: too large for
 * an int. ENOSPC: a path of more than 1024 bytes.
 *
 *   # insmod upcall_kernel.ko helper=$PWD/upcall_user wait=proc; dmesg | tail -n 1
 *   upcall_kernel: helper exited with 0
 */
/* pr_info() and pr_err() put this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/umh.h>
#include <linux/workqueue.h>

#define BEEPS_MAX 10

/* Who sets this can run any program as root. So nobody can change it after the load (0444). */
static char *helper;
module_param(helper, charp, 0444);
MODULE_PARM_DESC(helper, "the program to start, an absolute path");

static int beeps = 3;
module_param(beeps, int, 0444);
MODULE_PARM_DESC(beeps, "0 to 10, the first argument of the helper");

static char *wait = "exec";
module_param(wait, charp, 0444);
MODULE_PARM_DESC(wait, "exec, proc or none: what insmod waits for");

/*
 * Sleeps (waits), so it must not run in interrupts or under a spinlock. A worker
 * thread of the kernel forks and calls exec. So the helper inherits nothing from the
 * program that loads the module, neither its container (namespaces) nor its limits.
 *
 * Returns a negative errno if the helper did not start. Otherwise UMH_WAIT_EXEC
 * returns 0 as soon as the helper runs. UMH_WAIT_PROC returns after the helper has
 * ended, and returns the status that wait(2) would give.
 *
 * With these two flags the kernel no longer needs path, argv and envp when the call
 * returns. So the arrays may be on the stack. With UMH_NO_WAIT the call returns
 * earlier, and with UMH_KILLABLE kill -9 makes it return earlier. The module could then
 * be removed while the worker still reads the arrays and helper.
 */
static int upcall_example_start(int wait_for)
{
	char number[12]; /* large enough for any int */
	char *argv[3] = { helper, number, NULL };
	char *envp[3] = { "HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int ret;

	snprintf(number, sizeof(number), "%d", beeps);
	ret = call_usermodehelper(helper, argv, envp, wait_for);
	if (ret < 0)
		pr_err("helper not started: %pe\n", ERR_PTR(ret));
	return ret;
}

/* For wait=none. Runs in a worker thread of the kernel, so it may sleep. Errors are only logged. */
static void upcall_example_work_start(struct work_struct *work)
{
	upcall_example_start(UMH_WAIT_EXEC);
}

static DECLARE_WORK(upcall_example_work, upcall_example_work_start);

static int __init upcall_example_init(void)
{
	int ret;

	/* The kernel would look for a relative path in the directory of process 1, mostly in /. */
	if (!helper || helper[0] != '/') {
		pr_err("helper must be an absolute path\n");
		return -EINVAL;
	}
	if (beeps < 0 || beeps > BEEPS_MAX) {
		pr_err("beeps must be 0 to %d\n", BEEPS_MAX);
		return -EINVAL;
	}

	if (!strcmp(wait, "exec"))
		return upcall_example_start(UMH_WAIT_EXEC);
	if (!strcmp(wait, "none")) {
		/* schedule_work() is for short work, but exec may have to wait for a disk. */
		queue_work(system_long_wq, &upcall_example_work);
		return 0;
	}
	if (strcmp(wait, "proc")) {
		pr_err("wait must be exec, proc or none\n");
		return -EINVAL;
	}

	ret = upcall_example_start(UMH_WAIT_PROC);
	if (ret < 0)
		return ret;
	/* The low 7 bits are the signal that killed the helper. The exit status begins at bit 8. */
	if (ret & 0x7f)
		pr_info("helper killed by signal %d\n", ret & 0x7f);
	else
		pr_info("helper exited with %d\n", ret >> 8);
	return 0; /* not ret: if init returns a positive value, the kernel warns */
}

/*
 * Waits until the work item has run, and with it until the helper has started. The
 * work item uses the code and the parameters of the module, which are freed next.
 */
static void __exit upcall_example_exit(void)
{
	flush_work(&upcall_example_work);
}

module_init(upcall_example_init);
module_exit(upcall_example_exit);

MODULE_DESCRIPTION("A program that the kernel starts");
MODULE_LICENSE("GPL");
