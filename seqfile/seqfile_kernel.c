// SPDX-License-Identifier: GPL-2.0-only
/*
 * seqfile: a file below /proc that shows a table of any length.
 *
 *   /proc/seqfile_example   0444
 *
 * Each entry of the table is one line. The module finds an entry by its number
 * and prints it. seq_file, a part of the kernel, does the buffering: reads of
 * any size and at any offset return the same bytes as one big read.
 *
 * The parameter entries says how many entries there are: 1 to 1000000, default
 * 1000. The load fails with EINVAL for other values, and with ERANGE for a
 * number that does not fit an unsigned int.
 *
 *   # head -n 3 /proc/seqfile_example
 *   # index square
 *   0 0
 *   1 1
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#define ENTRIES_MAX 1000000

struct entry {
	unsigned int index;
	u64 square;
};

/*
 * The xarray is the kernel's array of pointers, and grows as needed. It is
 * filled before the file appears and emptied after the file is removed. Nobody
 * changes it in between, so no lock guards it. If your table changes,
 * entry_start() must take a lock and entry_stop() must release it.
 */
static DEFINE_XARRAY(entry_array);

/*
 * The four functions from here on run for the program that called read(2), and
 * may sleep (take a mutex, allocate with GFP_KERNEL). seq_file calls them to
 * fill a buffer of one page: start, show, next, show, next ... stop. Then it
 * copies the buffer to the program. For the next buffer it calls start() again,
 * with the position where it stopped.
 *
 * So start() looks for its entry once for every page of output. An array finds
 * entry 999999 as fast as entry 0. In a list start() would walk from the head.
 *
 * Positions count lines, not bytes. Line 0 is the header. SEQ_START_TOKEN, a
 * pointer that no entry can have, means the header. NULL means the end.
 */
static void *entry_start(struct seq_file *m, loff_t *pos)
{
	if (*pos == 0)
		return SEQ_START_TOKEN;
	return xa_load(&entry_array, *pos - 1);
}

/* Must advance the position also at the end of the table, else seq_file logs a warning. */
static void *entry_next(struct seq_file *m, void *v, loff_t *pos)
{
	/*
	 * Lets other programs run: a pread(2) far back comes here a million times
	 * in one call. cond_resched() may sleep, so take it out if start() takes a
	 * spinlock or calls rcu_read_lock().
	 */
	cond_resched();
	++*pos;
	return entry_start(m, pos);
}

/* Called after every start(), also if it found nothing. Releases what start() took. */
static void entry_stop(struct seq_file *m, void *v)
{
}

/*
 * If a line does not fit into the buffer, seq_file drops the line, and calls this
 * function again with the next buffer.
 */
static int entry_show(struct seq_file *m, void *v)
{
	const struct entry *entry = v;

	if (v == SEQ_START_TOKEN)
		seq_puts(m, "# index square\n");
	else
		seq_printf(m, "%u %llu\n", entry->index, entry->square);
	return 0;
}

static const struct seq_operations entry_ops = {
	.start = entry_start,
	.next = entry_next,
	.stop = entry_stop,
	.show = entry_show,
};

static unsigned int entries = 1000;

/*
 * Runs at load, before init. An error fails the load, and the kernel logs the
 * value that was refused.
 */
static int entries_set(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 1, ENTRIES_MAX);
}

static const struct kernel_param_ops entries_ops = {
	.set = entries_set,
	.get = param_get_uint,
};
module_param_cb(entries, &entries_ops, &entries, 0444);
MODULE_PARM_DESC(entries, "how many entries, 1 to 1000000, 1000 by default");

static int __init entry_add(unsigned int index)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	int ret;

	if (!entry)
		return -ENOMEM;
	entry->index = index;
	entry->square = (u64)index * index;
	ret = xa_insert(&entry_array, index, entry, GFP_KERNEL);
	if (ret)
		kfree(entry);
	return ret;
}

/* Frees the entries, and then the array. No program may read any more. */
static void entries_free(void)
{
	struct entry *entry;
	unsigned long index;

	xa_for_each(&entry_array, index, entry) {
		kfree(entry);
		cond_resched(); /* a million entries take a while */
	}
	xa_destroy(&entry_array);
}

static struct proc_dir_entry *seqfile_example_file;

/*
 * The file comes last: once it exists, programs can call the module. If init
 * failed after that, the kernel would free the code that they are running.
 */
static int __init seqfile_example_init(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < entries; i++) {
		ret = entry_add(i);
		if (ret)
			goto free;
		cond_resched();
	}
	seqfile_example_file = proc_create_seq("seqfile_example", 0444, NULL, &entry_ops);
	if (seqfile_example_file)
		return 0;
	ret = -ENOMEM;
free:
	entries_free();
	return ret;
}

/*
 * proc_remove() removes the file, and waits until no read is left in the
 * functions above. Later reads from a file that is still open fail with EIO in
 * procfs itself. So after this call nobody uses the entries: free them.
 */
static void __exit seqfile_example_exit(void)
{
	proc_remove(seqfile_example_file);
	entries_free();
}

module_init(seqfile_example_init);
module_exit(seqfile_example_exit);

MODULE_DESCRIPTION("A table of any length in a file below /proc");
MODULE_LICENSE("GPL");
