// SPDX-License-Identifier: GPL-2.0-only
/*
 * sysctl: two numbers for sysctl(8) to set, in the initial network namespace.
 *
 *   /proc/sys/net/test/value1   0644
 *   /proc/sys/net/test/value2   0644
 *
 * Each holds an integer from 10 to 20 and starts at 10. The kernel's stock
 * handler parses and prints it. Refused, with nothing changed: EINVAL for what
 * is not such a number, EFAULT for a bad pointer, ENOMEM from 4 MiB on.
 *
 *   # sysctl -w net.test.value1=15
 *   net.test.value1 = 15
 */
#include <linux/module.h>
#include <linux/sysctl.h>
#include <net/net_namespace.h>

/*
 * No lock: the handler parses into a variable of its own, checks the range, and
 * only then stores one int, which nobody can see half done.
 */
static int value1 = 10;
static int value2 = 10;

/* Variables, since extra1 and extra2 are pointers that the handler follows. */
static int value_min = 10;
static int value_max = 20;

/*
 * Why a struct, and not a plain array: kernels before 6.6 walk through the table
 * until an entry without a name, so one has to follow the last. Newer ones
 * make register_net_sysctl() a macro that counts the array with ARRAY_SIZE(),
 * and 6.12 fails the registration if one of those counted has no name. Here
 * the array holds the real entries alone, for kernels that count, and .end
 * lies behind it in memory, for kernels that walk.
 */
static struct {
	struct ctl_table t[2];
	struct ctl_table end;
} sysctl_example_table = {
	.t = {
		{
			.procname = "value1",
			.data = &value1,
			.maxlen = sizeof(value1), /* room for one int: one number a write */
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
 * With &init_net the directory is in the initial network namespace, and others
 * do not see it. For a number in each of them a module registers a copy of the
 * table for each, in the init function of its pernet_operations.
 */
static int __init sysctl_example_init(void)
{
	sysctl_example_header = register_net_sysctl(&init_net, "net/test", sysctl_example_table.t);
	if (!sysctl_example_header)
		return -ENOMEM;
	return 0;
}

/*
 * Waits for reads and writes that are under way, however long they take; later
 * ones on an open descriptor get ENOENT from the sysctl core itself. So the
 * module may go while a file is open.
 */
static void __exit sysctl_example_exit(void)
{
	unregister_net_sysctl_table(sysctl_example_header);
}

module_init(sysctl_example_init);
module_exit(sysctl_example_exit);

MODULE_DESCRIPTION("Two numbers below /proc/sys/net");
MODULE_LICENSE("GPL");
