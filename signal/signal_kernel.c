// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal: sends real-time signal 44, with the value 1234 in it, to the main
 * thread of the process whose PID is written to a file in debugfs.
 *
 *   /sys/kernel/debug/signalconfpid   0200, the only check: who has it open may signal anybody
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
#define NUMBER_MAX 32 /* bytes of text; of more than 34 kstrtoint_from_user() sees the first only */

/*
 * Process context, may sleep. A PID is reused some time after its process has
 * ended. A struct pid or a task_struct is not, while we hold a reference: so the
 * PID is looked up once, and the references are given back at the end. Code that
 * sends later must keep the struct pid, never the number.
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

	/*
	 * All of it is copied to the program: no byte may be left over from the stack.
	 * SI_QUEUE says that si_int is set; with SI_KERNEL neither signalfd nor a 32-bit
	 * program is given it. si_pid stays 0: no process is the sender.
	 */
	clear_siginfo(&info);
	info.si_signo = SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_int = ANSWER;

	/*
	 * In the writer's PID namespace. Without such a PID it is NULL, which the other
	 * calls accept. PIDTYPE_TGID finds processes, not mere threads.
	 */
	pid = find_get_pid(number);
	do {
		task = get_pid_task(pid, PIDTYPE_TGID);
		if (!task) {
			ret = -ESRCH;
			break;
		}
		/*
		 * To this one thread, the main one. EAGAIN: RLIMIT_SIGPENDING. ESRCH: it has
		 * been reaped. Look again: after an execve(2) another thread is the main one.
		 */
		ret = send_sig_info(SIGNAL, &info, task);
		put_task_struct(task);
	} while (ret == -ESRCH);
	put_pid(pid);
	return ret ? ret : count;
}

static const struct file_operations signalconfpid_fops = {
	.owner = THIS_MODULE, /* an open file keeps the module in */
	.write = signalconfpid_write,
};

static struct dentry *signalconfpid_file;

static int __init signal_example_init(void)
{
	/* Other modules should load without debugfs; this one would be useless. */
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

MODULE_DESCRIPTION("A signal with a value to the process that a program names");
MODULE_LICENSE("GPL");
