// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap: one page of memory that a program and the module share.
 *
 *   /sys/kernel/debug/mmap_example   0600
 *
 * Each open(2) gets a page of its own, zeroed except for a greeting. So two programs
 * that open the file share nothing. A child made by fork(2) shares the page.
 * A shared mapping (MAP_SHARED) is that page. A private mapping (MAP_PRIVATE) shows
 * the page too, but at the first write the program gets a copy of its own.
 *
 * mmap(2) with an offset, or of more than one page, fails with EINVAL. mremap(2) can
 * enlarge the mapping, but access beyond the page ends the program with SIGBUS.
 * When the last descriptor and the last mapping are gone, pr_debug() tells what the
 * page holds: at most 200 bytes, up to the first NUL (a byte of value 0). Without
 * debugfs the load fails with EPERM.
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
 * kmalloc() shares its page with other data. And so __GFP_ZERO fills it with zeros:
 * otherwise the program could read what others left there. If you forget __GFP_ZERO,
 * you may not notice it: Debian's kernels zero all memory that they give out, unless
 * you boot with init_on_alloc=0.
 *
 * A program can open the file many times, and each time takes a page. With
 * GFP_KERNEL these pages count against no limit, which is bearable because only
 * root gets here. GFP_KERNEL_ACCOUNT would count them against the memory limit of
 * the program's container (its memory cgroup). But before Linux 5.11 an accounted
 * page must not be mapped: its mark lies where the kernel counts the mappings.
 */
static int mmap_example_open(struct inode *inode, struct file *file)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), greeting, sizeof(greeting));
	/*
	 * The program sees the page at another address than we do. Some processors cache by
	 * address: there, this makes our write visible to the program. On x86 it does nothing.
	 */
	flush_dcache_page(page);
	file->private_data = page;
	return 0;
}

/*
 * Runs when a program touches an address of the mapping that has no page yet, and
 * may sleep. It gives the kernel the page. The kernel then puts the page into the
 * page table of the program: that is how a processor finds it.
 *
 * A page counts its users (references). alloc_page() begins with one, which is ours.
 * get_page() adds one, put_page() takes one away, and at zero the page is freed.
 * The page must live as long as it is mapped, so we add one for the mapping. The
 * kernel takes it away when it removes the page from the page table. For the first
 * write to a private mapping the kernel copies the page, and takes it away at once.
 *
 * pgoff is the number of the page in the file: 0 is the first. mmap(2) has let only
 * 0 through, but mremap(2) enlarges a mapping without asking the module.
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
 * We check what the program asks for, and name the fault function in vm_ops. The
 * mapping stays empty until the program touches it: then that function runs.
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
 * keeps the file open, also a mapping that fork(2) or mremap(2) made. munmap(2) of
 * the middle cuts a mapping into two: then each of the two keeps the file open.
 *
 * Others in the kernel may still hold the page, for example a pipe, or a read from a
 * disk straight into the page (direct I/O). So it is possible that put_page() does not
 * free the page yet, and that the page changes even now. Therefore we copy first, and
 * then look for the end of the text in the copy. In the page itself the end could move
 * after we have found it.
 */
static int mmap_example_release(struct inode *inode, struct file *file)
{
	struct page *page = file->private_data;
	char copy[MESSAGE_MAX];

	flush_dcache_page(page); /* as in open: this makes the program's text visible to us */
	memcpy(copy, page_address(page), sizeof(copy));
	put_page(page);

	/*
	 * %*pE escapes control bytes: a page with a newline cannot forge a log line.
	 * The number that goes with it is the length of the text, not a width.
	 */
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

static struct dentry *mmap_example_file;

/*
 * With debugfs_create_file() the kernel would call operations of debugfs, and these
 * would call ours. The operations of debugfs refuse calls after the file has been
 * removed, but there is no mmap among them: mmap(2) would fail with ENODEV. With
 * debugfs_create_file_unsafe() the kernel calls our operations directly. .owner makes
 * that safe: the file is removed only in exit, and exit runs only after the last
 * descriptor and mapping are gone.
 */
static int __init mmap_example_init(void)
{
	if (!debugfs_initialized()) {
		pr_err("debugfs is missing or switched off, and this module needs it\n");
		return -EPERM;
	}
	mmap_example_file =
		debugfs_create_file_unsafe("mmap_example", 0600, NULL, NULL, &mmap_example_fops);
	return PTR_ERR_OR_ZERO(mmap_example_file);
}

/*
 * A program may call open(2) at this moment. debugfs then sees that the module is being
 * removed, and lets the open(2) fail without calling us. debugfs_remove() removes the
 * file, and waits until that open(2) has left debugfs.
 */
static void __exit mmap_example_exit(void)
{
	debugfs_remove(mmap_example_file);
}

module_init(mmap_example_init);
module_exit(mmap_example_exit);

MODULE_DESCRIPTION("A page shared with programs through mmap");
MODULE_LICENSE("GPL");
