// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal: a program writes a PID to a file. The module sends real-time signal 44,
 * with the value 1234, to the main thread of that process.
 *
 *   /sys/kernel/debug/signalconfpid   0200
 *
 * One write(2) is one PID, and sends one signal. The PID counts in the PID
 * namespace of the writer: a container has such a namespace, with PIDs of its own.
 *
 * A write that fails sends nothing. EINVAL: the text is not a number, or the
 * number is not positive. ERANGE: it is too large for an int. ESRCH: no process
 * has this PID (it may be the ID of a thread other than the first). EAGAIN: too
 * many signals wait already, or memory is short. EFAULT: a bad pointer. Without
 * debugfs the load fails with EPERM.
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
 * The program must use the same number, so both write 44 and not SIGRTMIN + 10.
 * SIGRTMIN is the first real-time signal: 32 in the kernel, 34 in a program with
 * glibc, 35 with musl. These C libraries use the signals before it themselves.
 */
#define SIGNAL 44
#define ANSWER 1234

/*
 * The longest text, in bytes. kstrtoint_from_user() reads 34 bytes and silently
 * ignores the rest, so we refuse longer texts. An int in decimal needs only 10.
 */
#define NUMBER_MAX 34

/*
 * Runs for the program that called write(2), and may sleep. Takes no lock: there
 * is no state. buf is a pointer of that program (__user): only copy_from_user()
 * and its relatives may follow it, like kstrtoint_from_user().
 *
 * The kernel gives the PID of a process that has ended to a new process, some
 * time later. A struct pid always means the same process. So the PID is looked
 * up once. The look-up takes a reference, which keeps the struct in memory, and
 * we drop the reference at the end. Code that sends later must keep the struct
 * pid with its reference, never the number.
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
	/* Of a longer text, number is only the beginning. */
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
		 * security module (LSM: SELinux, for example). Only the mode of the file protects
		 * other processes.
		 *
		 * EAGAIN: RLIMIT_SIGPENDING is reached, or memory is short. ESRCH: since the
		 * look-up, the kernel has removed this thread. Then we look again. If the process
		 * has ended, get_pid_task() finds nothing, and the loop ends. If another thread
		 * has called execve(2), that thread is now the main thread, and gets the signal.
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
