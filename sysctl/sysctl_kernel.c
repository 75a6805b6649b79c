// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysctl: two numbers that an administrator sets with sysctl(8). A network namespace
 * is a network stack of its own, such as a container has. The numbers are in the
 * initial one, that of the host. Other network namespaces do not have them.
 *
 *   /proc/sys/net/test/value1   0644
 *   /proc/sys/net/test/value2   0644
 *
 * Each file holds an integer from 10 to 20, and starts at 10. A function of the kernel
 * parses and prints the number. Another number fails with EINVAL, a write from a bad
 * pointer with EFAULT. The number is then unchanged. README.md has the exceptions.
 *
 *   # sysctl -w net.test.value1=15
 *   net.test.value1 = 15
 */
#include <linux/module.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>

/*
 * No lock: proc_dointvec_minmax() parses into a variable of its own, checks the
 * range, and only then stores the int in one piece. So nobody sees half a number.
 * Code of yours that uses a number reads it once, with READ_ONCE(), into a local
 * variable: between two looks it may change.
 */
static int value1 = 10;
static int value2 = 10;

/* Variables and not just numbers, because extra1 and extra2 below are pointers. */
static int value_min = 10;
static int value_max = 20;

/*
 * The table: one entry for each file. Kernels disagree on how it ends.
 * Before Linux 6.6 the kernel reads entries until one has no name, so an empty entry
 * must follow. Since 6.6 register_net_sysctl() is a macro that counts the entries of
 * an array, and 6.12 refuses a table in which one of them has no name. This struct
 * suits both: the array has real entries only, and the empty one follows.
 *
 * The 2 must be the number of entries. If you add a third entry and leave the 2, the
 * compiler warns ("excess elements") and the third file is missing. If the number is too
 * large, the module does not load on 6.12 and later (log: "procname is null").
 */
static struct sysctl_example_table {
	struct ctl_table t[2];
	struct ctl_table end;
} sysctl_example_table = {
	.t = {
		{
			.procname = "value1",
			.data = &value1,
			.maxlen = sizeof(value1), /* bytes: one int, so one number */
			.mode = 0644,
			.proc_handler = proc_dointvec_minmax,
			.extra1 = &value_min,
			.extra2 = &value_max,
		},
		{
			.procname = "value2",
			.data = &value2,
			.maxlen = sizeof(value2),
			.mode = 0644,
			.proc_handler = proc_dointvec_minmax,
			.extra1 = &value_min,
			.extra2 = &value_max,
		},
	},
};

static struct ctl_table_header *sysctl_example_header;

/*
 * &init_net is the initial network namespace. README.md says how each namespace can
 * have its own numbers. Registering comes last: once it is done, programs can reach
 * the table. If init failed after that, the kernel would free what they are using.
 */
static int __init sysctl_example_init(void)
{
	sysctl_example_header = register_net_sysctl(&init_net, "net/test", sysctl_example_table.t);
	if (!sysctl_example_header)
		return -ENOMEM;
	return 0;
}

/*
 * Waits until no read or write of the files is left. Later reads and writes, on files
 * that are still open, fail with ENOENT in sysctl itself. So the module can be removed
 * while a file is open.
 */
static void __exit sysctl_example_exit(void)
{
	unregister_net_sysctl_table(sysctl_example_header);
}

module_init(sysctl_example_init);
module_exit(sysctl_example_exit);

MODULE_DESCRIPTION("Two numbers below /proc/sys/net");
MODULE_LICENSE("GPL");
