// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal: a program writes a PID to a file. The module sends real-time signal 44,
 * with the value 1234, to the main thread of that process.
 *
 *   /sys/kernel/debug/signalconfpid   0200
 *
 * One write(2) is one PID, as the writer's PID namespace knows it, and sends one
 * signal. A write that fails sends nothing. EINVAL: not a number, or not
 * positive. ERANGE: too large for an int. ESRCH: there is no such process (the
 * ID of a thread other than the first does not count). EAGAIN: too many signals
 * wait already, or memory is short. EFAULT: a bad pointer. Without debugfs the
 * load fails with EPERM.
 *
 *   # ./signal_user
 *   kernel said: 1234
 */
/* pr_err() puts this before each line. It must stand before the includes. */
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
 * The program must use the same number. SIGRTMIN + 10 would not do: the kernel's
 * SIGRTMIN is 32, but C libraries keep the first two or three for themselves.
 */
#define SIGNAL 44
#define ANSWER 1234
#define NUMBER_MAX 32 /* bytes: kstrtoint_from_user() silently ignores what follows byte 34 */

/*
 * Runs for the program that called write(2), and may sleep. Takes no lock: there
 * is no state. buf is a pointer of that program (__user).
 *
 * The kernel gives the PID of a process that has ended to a new process, some
 * time later. A struct pid always means the same process. So the PID is looked
 * up once, and the references to what was found are dropped at the end. Code
 * that sends later must keep the struct pid, never the number.
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
	/* The rest of a longer text was ignored, so number is perhaps only its beginning. */
	if (count > NUMBER_MAX || number <= 0)
		return -EINVAL;

	/*
	 * The whole struct is copied to the receiver. clear_siginfo() makes sure that
	 * no old bytes of the stack go with it.
	 *
	 * SI_QUEUE says that si_int has a value. It really means that a process called
	 * sigqueue(3), but SI_KERNEL has no value: signalfd and 32-bit programs would
	 * then read 0. si_pid stays 0, because no process is the sender.
	 */
	clear_siginfo(&info);
	info.si_signo = SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_int = ANSWER;

	/*
	 * Looks in the writer's PID namespace. Without such a PID the result is NULL,
	 * which get_pid_task() and put_pid() accept. PIDTYPE_TGID finds only processes;
	 * PIDTYPE_PID would find their threads too.
	 */
	pid = find_get_pid(number);
	do {
		task = get_pid_task(pid, PIDTYPE_TGID);
		if (!task) {
			ret = -ESRCH;
			break;
		}
		/*
		 * Sends to this one thread, the main thread. Checks no permission, and asks no
		 * security module (LSM): only the mode of the file protects other processes.
		 *
		 * EAGAIN: RLIMIT_SIGPENDING is reached, or memory is short. ESRCH: the thread has
		 * ended. Then look again, because the process may go on: if another thread calls
		 * execve(2), that thread becomes the main thread.
		 */
		ret = send_sig_info(SIGNAL, &info, task);
		put_task_struct(task);
	} while (ret == -ESRCH);
	put_pid(pid);
	return ret ? ret : count;
}

static const struct file_operations signalconfpid_fops = {
	.owner = THIS_MODULE, /* while the file is open, rmmod is refused */
	.write = signalconfpid_write,
};

static struct dentry *signalconfpid_file;

static int __init signal_example_init(void)
{
	/* Most modules should load without debugfs. This one would be of no use. */
	if (!debugfs_initialized()) {
		pr_err("debugfs is missing or switched off, and this module needs it\n");
		return -EPERM;
	}
	signalconfpid_file =
		debugfs_create_file("signalconfpid", 0200, NULL, NULL, &signalconfpid_fops);
	return PTR_ERR_OR_ZERO(signalconfpid_file);
}

/*
 * Nobody has the file open, because .owner refuses rmmod until then. An open(2)
 * may be running in debugfs. It fails, and debugfs_remove() waits for it.
 */
static void __exit signal_example_exit(void)
{
	debugfs_remove(signalconfpid_file);
}

module_init(signal_example_init);
module_exit(signal_example_exit);

MODULE_DESCRIPTION("A signal with a value to a process");
MODULE_LICENSE("GPL");
