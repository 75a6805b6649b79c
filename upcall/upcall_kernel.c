// SPDX-License-Identifier: GPL-2.0-only
/*
 * upcall: at load the module starts a program, as root, and may wait for it.
 *
 *   helper   absolute path of the program, no default
 *   beeps    0 to 10, default 3, handed over as argv[1]
 *   wait     exec (default): for the start. proc: for the end, which is logged. none: for nothing
 *
 * The load fails with what exec says of the helper (ENOENT, EACCES, ENOEXEC ...);
 * with wait=none that is only logged. EINVAL for a parameter that is missing or
 * out of range, ERANGE for no int, ENOSPC for a path over 1024 bytes.
 *
 *   # insmod upcall_kernel.ko helper=$PWD/upcall_user wait=proc; dmesg | tail -n 1
 *   upcall_kernel: helper exited with 0
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/umh.h>
#include <linux/workqueue.h>

#define BEEPS_MAX 10

/* Whoever sets this can run any program as root: so it is set at load only (0444: read-only). */
static char *helper;
module_param(helper, charp, 0444);
MODULE_PARM_DESC(helper, "the program to start, an absolute path");

static int beeps = 3;
module_param(beeps, int, 0444);
MODULE_PARM_DESC(beeps, "0 to 10, its first argument");

static char *wait = "exec";
module_param(wait, charp, 0444);
MODULE_PARM_DESC(wait, "exec, proc or none: what the load waits for");

/*
 * Process context, sleeps. A worker of the kernel forks and execs, so the helper
 * inherits nothing from the caller, neither namespaces nor limits. Returns a
 * negative errno if it could not be started. Else UMH_WAIT_EXEC gives 0 once it
 * runs, and UMH_WAIT_PROC, once it has ended, the status that wait(2) would tell.
 *
 * By then the kernel has finished with path, argv and envp, so the arrays can be
 * on the stack. UMH_NO_WAIT returns earlier, and so does UMH_KILLABLE when killed:
 * init could then fail, and the module be gone, while the worker still reads them.
 */
static int upcall_start(int wait_for)
{
	char number[12]; /* fits any int */
	char *argv[3] = { helper, number, NULL };
	char *envp[3] = { "HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	int ret;

	snprintf(number, sizeof(number), "%d", beeps);
	ret = call_usermodehelper(helper, argv, envp, wait_for);
	if (ret < 0)
		pr_err("helper not started: %pe\n", ERR_PTR(ret));
	return ret;
}

/* For wait=none. Process context, in a worker of the kernel; nobody is left to tell but the log. */
static void upcall_work_start(struct work_struct *work)
{
	upcall_start(UMH_WAIT_EXEC);
}

static DECLARE_WORK(upcall_work, upcall_work_start);

static int __init upcall_example_init(void)
{
	int ret;

	/* The kernel would take a relative one too, below the working directory of process 1. */
	if (!helper || helper[0] != '/') {
		pr_err("helper must be an absolute path\n");
		return -EINVAL;
	}
	if (beeps < 0 || beeps > BEEPS_MAX) {
		pr_err("beeps must be 0 to %d\n", BEEPS_MAX);
		return -EINVAL;
	}

	if (!strcmp(wait, "exec"))
		return upcall_start(UMH_WAIT_EXEC);
	if (!strcmp(wait, "none")) {
		/* Not schedule_work(): its queue is for short work, an exec may wait for a disk. */
		queue_work(system_long_wq, &upcall_work);
		return 0;
	}
	if (strcmp(wait, "proc")) {
		pr_err("wait must be exec, proc or none\n");
		return -EINVAL;
	}

	ret = upcall_start(UMH_WAIT_PROC);
	if (ret < 0)
		return ret;
	/* The signal that killed it in the low 7 bits, or its exit status from bit 8 on. */
	if (ret & 0x7f)
		pr_info("helper killed by signal %d\n", ret & 0x7f);
	else
		pr_info("helper exited with %d\n", ret >> 8);
	return 0; /* not ret: a positive value makes the kernel warn */
}

/* Waits until the helper has started: what the work item uses (code, helper) is freed next. */
static void __exit upcall_example_exit(void)
{
	flush_work(&upcall_work);
}

module_init(upcall_example_init);
module_exit(upcall_example_exit);

MODULE_DESCRIPTION("A program that the kernel starts");
MODULE_LICENSE("GPL");
