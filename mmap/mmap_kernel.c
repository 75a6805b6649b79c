// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap: a page of memory that a program and the module share.
 *
 *   /sys/kernel/debug/mmap_example   0600
 *
 * Each open(2) has a page of its own, zeroed but for a greeting. A shared
 * mapping is that page; a private one has a copy from the first write on.
 * Refused with EINVAL: an offset, more than one page. SIGBUS: touching what
 * lies beyond the page, once mremap(2) has made room. When the last descriptor
 * and mapping are gone, the module logs what the page holds. EPERM at load
 * where there is no debugfs.
 *
 *   # ./mmap_user
 *   kernel said: Hello from the kernel, this is file mmap_example
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/highmem.h> /* flush_dcache_page() */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/string.h>

#define MESSAGE_MAX 200

static const char greeting[] = "Hello from the kernel, this is file mmap_example";

/*
 * Process context, may sleep. The page belongs to the open file, so it needs
 * neither a list nor a lock. alloc_page(), not kmalloc(), whose memory shares
 * its page with others: a mapping shows the whole page. For the same reason it
 * is zeroed, or the program would see somebody's old data. Debian's kernels
 * zero all memory, which hides that mistake until one boots with init_on_alloc=0.
 */
static int mmap_example_open(struct inode *inode, struct file *file)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), greeting, sizeof(greeting));
	/* Where caches go by virtual address: the program's is another one. */
	flush_dcache_page(page);
	file->private_data = page;
	return 0;
}

/*
 * Process context, may sleep. Runs when a program touches an address that has
 * no page yet; the kernel then puts the page there, or a copy of it for a write
 * to a private mapping. The reference belongs to that entry of the page table:
 * the kernel drops it when the entry goes. pgoff counts pages from the start of
 * the file. mmap() has let only 0 through, but mremap(2) does not ask us.
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

/* Process context, may sleep. Only checks: which page it is, fault() says when it is touched. */
static int mmap_example_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma_pages(vma) > 1)
		return -EINVAL;
	vma->vm_ops = &mmap_example_vm_ops;
	return 0;
}

/*
 * Process context, may sleep. Runs once, after the last close(2) and munmap(2):
 * each mapping holds a reference to the file, also those made by fork(2),
 * mremap(2) or by cutting one in two. Even now the page may change: direct I/O
 * or io_uring can hold it for longer, which is why put_page() drops no more
 * than our own reference. So it is copied first, and only the copy is searched
 * for its end and printed. In the page itself the end could move in between.
 */
static int mmap_example_release(struct inode *inode, struct file *file)
{
	struct page *page = file->private_data;
	char copy[MESSAGE_MAX];

	flush_dcache_page(page); /* as above, the other way round */
	memcpy(copy, page_address(page), sizeof(copy));
	put_page(page);

	/* %*pE escapes control bytes, so that no page can forge a log line. */
	pr_info("page holds \"%*pE\"\n", (int)strnlen(copy, sizeof(copy)), copy);
	return 0;
}

static const struct file_operations mmap_example_fops = {
	.owner = THIS_MODULE, /* an open descriptor or a mapping keeps the module in */
	.open = mmap_example_open,
	.mmap = mmap_example_mmap,
	.release = mmap_example_release,
};

static struct dentry *mmap_file;

/*
 * debugfs_create_file() would put operations of its own before ours, which
 * turn calls away once the file has been removed; but they have no mmap(), and
 * mmap(2) would end in ENODEV. The unsafe call hands ours over at open(2). What
 * makes it safe is .owner: the file is removed at exit only, and until then
 * everybody who had it open has gone.
 */
static int __init mmap_example_init(void)
{
	if (!debugfs_initialized()) {
		pr_err("debugfs is missing or switched off, and this module lives there\n");
		return -EPERM;
	}
	mmap_file =
		debugfs_create_file_unsafe("mmap_example", 0600, NULL, NULL, &mmap_example_fops);
	return PTR_ERR_OR_ZERO(mmap_file);
}

/* Waits for an open(2) that is under way; the core turns it away, since the module is leaving. */
static void __exit mmap_example_exit(void)
{
	debugfs_remove(mmap_file);
}

module_init(mmap_example_init);
module_exit(mmap_example_exit);

MODULE_DESCRIPTION("A page shared with user space through mmap");
MODULE_LICENSE("GPL");
