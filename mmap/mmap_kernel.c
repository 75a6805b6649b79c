// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap: one page of memory that programs and the module share.
 *
 *   /sys/kernel/debug/mmap_example   0600
 *
 * Each open(2) gets a page of its own, zeroed except for a greeting. A shared
 * mapping is that page. A private mapping gets a copy at the first write.
 * EINVAL: an offset, or a mapping of more than one page. SIGBUS: access beyond the
 * page, after mremap(2) has enlarged the mapping. When the last descriptor and
 * the last mapping are gone, pr_debug() tells what the page holds, up to the
 * first NUL and 200 bytes. Without debugfs the load fails with EPERM.
 *
 *   # ./mmap_user
 *   kernel said: Hello from the kernel, this is file mmap_example
 */
/* pr_debug() and pr_err() put this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h> /* flush_dcache_page() */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

/*
 * Bytes. A buffer of this size may be on the stack only because it is small: the
 * kernel's stack has 16 KiB for all functions together. For more than about 500
 * bytes use the heap: kmalloc() and kfree().
 */
#define MESSAGE_MAX 200

static const char greeting[] = "Hello from the kernel, this is file mmap_example";

/*
 * Runs for the program that called open(2), and may sleep. The page belongs to
 * this open file alone, so the module needs no list and no lock.
 *
 * A mapping shows the whole page. So the page comes from alloc_page(): memory of
 * kmalloc() shares its page with other data. And so it is zeroed: otherwise the
 * program could read what others left there. Debian's kernels zero all memory,
 * which hides that mistake until you boot with init_on_alloc=0.
 *
 * A program decides how often it opens the file. GFP_KERNEL_ACCOUNT charges the
 * pages to the memory cgroup (container) of the program, whose limit then holds.
 */
static int mmap_example_open(struct inode *inode, struct file *file)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), greeting, sizeof(greeting));
	/* Some processors cache by virtual address, and the program's address is another one. */
	flush_dcache_page(page);
	file->private_data = page;
	return 0;
}

/*
 * Runs when a program touches an address of the mapping that has no page yet, and
 * may sleep. It gives the kernel the page, with a reference, because the page
 * must live as long as it is mapped. The kernel puts the page into the program's
 * page table, and drops the reference when it removes that entry. For a write to
 * a private mapping it copies the page, and drops the reference at once.
 *
 * pgoff is the number of the page, counted from the start of the file. mmap() has
 * let only 0 through, but mremap(2) enlarges a mapping without asking the module.
 */
static vm_fault_t mmap_example_fault(struct vm_fault *vmf)
{
	struct page *page = vmf->vma->vm_file->private_data;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct mmap_example_vm_ops = {
	.fault = mmap_example_fault,
};

/*
 * Runs for the program that called mmap(2), and may sleep. vma is the new mapping.
 * It stays empty until the program touches it: then the kernel calls fault().
 */
static int mmap_example_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma_pages(vma) > 1)
		return -EINVAL;
	vma->vm_ops = &mmap_example_vm_ops;
	return 0;
}

/*
 * Runs once, after the last close(2) and munmap(2), and may sleep. Each mapping
 * holds a reference to the open file, also the mappings that fork(2) or mremap(2)
 * made, and the parts of one that was cut.
 *
 * The page may change even now, because direct I/O and io_uring can hold it
 * longer. For the same reason put_page() drops only our own reference. So copy
 * first, then look for the end of the text in the copy: in the page itself the
 * end could move between the look and the use.
 */
static int mmap_example_release(struct inode *inode, struct file *file)
{
	struct page *page = file->private_data;
	char copy[MESSAGE_MAX];

	flush_dcache_page(page); /* as above: now the program's text must become visible here */
	memcpy(copy, page_address(page), sizeof(copy));
	put_page(page);

	/* %*pE escapes control bytes: a page with a newline cannot forge a log line. */
	pr_debug("page holds \"%*pE\"\n", (int)strnlen(copy, sizeof(copy)), copy);
	return 0;
}

/*
 * Linux 7.2 and 7.3 call .mmap deprecated, and want .mmap_prepare in new code.
 * Linux 6.12 and older do not have that, so no one form is right everywhere.
 * .mmap works on all of them.
 */
static const struct file_operations mmap_example_fops = {
	.owner = THIS_MODULE, /* while a descriptor or a mapping is left, rmmod is refused */
	.open = mmap_example_open,
	.mmap = mmap_example_mmap,
	.release = mmap_example_release,
};

static struct dentry *mmap_file;

/*
 * debugfs_create_file() would put operations of debugfs before ours, which refuse
 * calls after the file has been removed. But these have no mmap(), so mmap(2)
 * would fail with ENODEV. With the unsafe call the kernel uses ours directly. .owner
 * makes that safe: the file is removed only in exit, and exit runs only after the
 * last descriptor and mapping are gone.
 */
static int __init mmap_example_init(void)
{
	if (!debugfs_initialized()) {
		pr_err("debugfs is missing or switched off, and this module needs it\n");
		return -EPERM;
	}
	mmap_file =
		debugfs_create_file_unsafe("mmap_example", 0600, NULL, NULL, &mmap_example_fops);
	return PTR_ERR_OR_ZERO(mmap_file);
}

/*
 * An open(2) may be running in debugfs. It fails, because the module is being
 * removed, and debugfs_remove() waits for it.
 */
static void __exit mmap_example_exit(void)
{
	debugfs_remove(mmap_file);
}

module_init(mmap_example_init);
module_exit(mmap_example_exit);

MODULE_DESCRIPTION("A page shared with programs through mmap");
MODULE_LICENSE("GPL");
