// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal: sends real-time signal 44, with the number 1234 in it, to the main
 * thread of the process whose PID is written to a file in debugfs.
 *
 *   /sys/kernel/debug/signalconfpid   0200
 *
 * One write(2) is one PID, as the writer's PID namespace knows it, and one
 * signal. Refused, with nothing sent: EINVAL for 0, less, or no number, ERANGE
 * for no int, ESRCH for no process (a thread's number is none), EAGAIN if too
 * many signals wait for it, EFAULT for a bad pointer. EPERM at load: no debugfs.
 *
 *   # ./signal_user
 *   kernel said: 1234
 */
/* Puts the module's name before each line of pr_err(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

/*
 * The program names the same number. Not SIGRTMIN + n: the kernel's SIGRTMIN is
 * 32, and C libraries keep the first two or three for themselves.
 */
#define SIGNAL 44
#define ANSWER 1234
#define NUMBER_MAX 32 /* as text, a newline included */

/*
 * Process context, may sleep. A number passes to another process some time after
 * its own has ended. A struct pid or a task_struct does not, while one holds a
 * reference: so the number is looked up once, and the references are given back
 * at the end. Who sends later keeps the struct pid, never the number.
 */
static ssize_t signalconfpid_write(struct file *file, const char __user *buf, size_t count,
				   loff_t *ppos)
{
	struct kernel_siginfo info;
	struct task_struct *task;
	struct pid *pid;
	int number, ret;

	ret = kstrtoint_from_user(buf, count, 0, &number);
	if (ret)
		return ret;
	/* Of a long text only the beginning was read, and that may be another number. */
	if (count > NUMBER_MAX || number <= 0)
		return -EINVAL;

	/* In the writer's PID namespace. A mere thread has a struct pid too, but no TGID. */
	pid = find_get_pid(number);
	task = get_pid_task(pid, PIDTYPE_TGID);
	put_pid(pid);
	if (!task)
		return -ESRCH;

	/*
	 * All of it is copied to the program: no byte may be left over from the stack.
	 * SI_QUEUE says that si_int is set; with SI_KERNEL neither signalfd nor a 32-bit
	 * program is given it. si_pid stays 0: no process is the sender.
	 */
	clear_siginfo(&info);
	info.si_signo = SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_int = ANSWER;

	/* To this one thread. ESRCH if it has been reaped by now, EAGAIN: RLIMIT_SIGPENDING. */
	ret = send_sig_info(SIGNAL, &info, task);
	put_task_struct(task);
	if (ret)
		return ret;
	return count;
}

static const struct file_operations signalconfpid_fops = {
	.owner = THIS_MODULE, /* an open file keeps the module in */
	.write = signalconfpid_write,
};

static struct dentry *signalconfpid_file;

static int __init signal_example_init(void)
{
	/* Most modules should do without debugfs; this one is of no use then. */
	if (!debugfs_initialized()) {
		pr_err("debugfs is missing or switched off, and this module lives there\n");
		return -EPERM;
	}
	signalconfpid_file =
		debugfs_create_file("signalconfpid", 0200, NULL, NULL, &signalconfpid_fops);
	return PTR_ERR_OR_ZERO(signalconfpid_file);
}

/*
 * Nobody has the file open, .owner saw to that. debugfs_remove() waits for an
 * open(2) that is under way, which debugfs then turns away.
 */
static void __exit signal_example_exit(void)
{
	debugfs_remove(signalconfpid_file);
}

module_init(signal_example_init);
module_exit(signal_example_exit);

MODULE_DESCRIPTION("A signal with a number to the process that a program names");
MODULE_LICENSE("GPL");
