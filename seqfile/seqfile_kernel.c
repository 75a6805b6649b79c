// SPDX-License-Identifier: GPL-2.0-only
/*
 * seqfile: a table of any length as a file below /proc, an entry a line.
 *
 *   /proc/seqfile_example   0444
 *
 * seq_file does the buffering, so reads of any size and at any offset give the
 * same bytes. The module only finds an entry by its number and prints it.
 * Parameter entries, 1 to 1000000, else the load fails with EINVAL (ERANGE if
 * it is too large for an unsigned int).
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
 * An xarray: the kernel's array of pointers, which grows as needed. Filled before
 * the file appears and emptied after it has gone. Nobody changes it in between, so
 * it needs no lock; if entries changed, start() would take one and stop() release it.
 */
static DEFINE_XARRAY(entry_array);

/*
 * The four below run in process context, for the program that called read(2),
 * and may sleep. seq_file has them fill a buffer of one page: start, show, next,
 * show, next ... stop. It hands that out and begins again where it was. So what
 * start() does to find its place, it does for every page: an array finds entry
 * 999999 as fast as entry 0, while a list is walked from its head. start() and
 * next() return what show() is to be given, or NULL at the end.
 */
static void *entry_start(struct seq_file *m, loff_t *pos)
{
	/* Positions count lines, not bytes. Line 0 is the header, for which the token stands. */
	if (*pos == 0)
		return SEQ_START_TOKEN;
	return xa_load(&entry_array, *pos - 1);
}

/* Has to move the position on, also when it finds nothing more there. */
static void *entry_next(struct seq_file *m, void *v, loff_t *pos)
{
	cond_resched(); /* lets others run: pread(2) far away comes here a million times */
	++*pos;
	return entry_start(m, pos);
}

/* Called after every start(), also one that found nothing: gives back what start() took. */
static void entry_stop(struct seq_file *m, void *v)
{
}

/* A line that the buffer has no room for is dropped, and shown again in the next. */
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

/* An error from here fails the load, and the kernel logs which value it refused. */
static int entries_set(const char *val, const struct kernel_param *kp)
{
	unsigned int count;
	int ret = kstrtouint(val, 0, &count);

	if (ret)
		return ret;
	if (count < 1 || count > ENTRIES_MAX)
		return -EINVAL;
	*(unsigned int *)kp->arg = count;
	return 0;
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

/* Frees the entries, then the array itself. */
static void entries_free(void)
{
	struct entry *entry;
	unsigned long index;

	xa_for_each(&entry_array, index, entry) {
		kfree(entry);
		cond_resched(); /* a million take a while */
	}
	xa_destroy(&entry_array);
}

static struct proc_dir_entry *seqfile_file;

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
	seqfile_file = proc_create_seq("seqfile_example", 0444, NULL, &entry_ops);
	if (seqfile_file)
		return 0;
	ret = -ENOMEM;
free:
	entries_free();
	return ret;
}

/*
 * proc_remove() waits for calls that are inside; later reads on
 * an open descriptor get EIO from procfs itself. So from then on nobody looks at the
 * entries, and they may go.
 */
static void __exit seqfile_example_exit(void)
{
	proc_remove(seqfile_file);
	entries_free();
}

module_init(seqfile_example_init);
module_exit(seqfile_example_exit);

MODULE_DESCRIPTION("A table of any length in a file below /proc");
MODULE_LICENSE("GPL");
