// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring: two queues in memory that a program and the module share.
 *
 *   /dev/ring_example   0600, its memory and its command are in ring.h
 *
 * Each open(2) gets memory of its own: the queue to_kernel for messages of the program,
 * and the queue to_user for the answers. Each has 16 slots. After the ioctl
 * RING_EXAMPLE_DOORBELL a worker answers each message with the same bytes. If its length
 * is not 0 to 200, the answer has the length -EMSGSIZE and no bytes. When to_user is
 * full, the worker stops: take answers and ring again.
 *
 * poll(2) reports POLLIN while there is an answer, and POLLOUT while to_kernel has a
 * free slot. If an index says that a queue holds more than 16 messages, the worker
 * never answers again: poll(2) reports POLLERR, and the ioctl fails with EPROTO. Any
 * other ioctl fails with ENOTTY. mmap(2) of a private mapping, or of more than the
 * memory, fails with EINVAL.
 *
 *   # ./ring_user one two
 *   kernel said: one
 *   kernel said: two
 */
#include <linux/compiler.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <asm/barrier.h>

#include "ring.h"

#define TURN_MAX 16 /* messages, see ring_example_answer() */

/*
 * One open file. The program can overwrite each byte of the shared memory at any time,
 * also what only the module should write. So the module keeps its own indices here. In
 * the shared memory it writes copies for the program, and never reads them.
 *
 * Only the worker changes tail, head and broken, and it never runs twice at the same
 * time for one file. So they need no lock. poll and ioctl look at them meanwhile: hence
 * READ_ONCE() there and WRITE_ONCE() in the worker.
 */
struct ring_example_file {
	struct ring_example *shared;
	struct work_struct work;
	wait_queue_head_t wait; /* programs that wait in poll(2) */
	u32 tail; /* of to_kernel: messages that were taken */
	u32 head; /* of to_user: answers that were given */
	bool broken; /* for good: the program has written an impossible index */
};

/*
 * Says whether the worker can answer a message now.
 *
 * Each index of the program is read once, and checked: a second read could return another
 * value. Compilers and processors change the order of reads and writes where one thread
 * alone cannot notice it. smp_load_acquire() forbids that: what the worker does in the
 * slots comes after it. smp_store_release() below is its counterpart: what the worker did
 * in the slots comes before it. Each pairs with one of the other kind in the program.
 */
static bool ring_example_ready(struct ring_example_file *ring)
{
	u32 messages, answers;

	/* Acquire: if we see the new head, we see the whole message in its slot. */
	messages = smp_load_acquire(&ring->shared->to_kernel.head) - ring->tail;
	/* Acquire: the program has read the old answer before we overwrite it. */
	answers = ring->head - smp_load_acquire(&ring->shared->to_user.tail);
	/* The difference is unsigned: fewer than none is a huge number, and impossible too. */
	if (messages > RING_EXAMPLE_SLOTS || answers > RING_EXAMPLE_SLOTS)
		WRITE_ONCE(ring->broken, true);
	return !ring->broken && messages && answers < RING_EXAMPLE_SLOTS;
}

/*
 * Copies one message out of its slot, and answers with the copy. The program may change
 * the slot meanwhile. So the length is read once, by READ_ONCE(): otherwise the compiler
 * may read it again after the check. For the bytes any value is good here. A driver that
 * looks at them looks at its copy.
 *
 * The copy may be on the stack only because it is small: the kernel's stack has 16 KiB for
 * all functions together. For more than about 500 bytes use the heap: kmalloc() once in
 * open, kfree() in release.
 */
static void ring_example_answer_one(struct ring_example_file *ring)
{
	const struct ring_example_slot *from =
		&ring->shared->to_kernel.slots[ring->tail % RING_EXAMPLE_SLOTS];
	struct ring_example_slot *to =
		&ring->shared->to_user.slots[ring->head % RING_EXAMPLE_SLOTS];
	s32 message_len = READ_ONCE(from->length);
	u8 message[RING_EXAMPLE_MAX];

	if (message_len < 0 || message_len > RING_EXAMPLE_MAX)
		message_len = -EMSGSIZE;
	else
		memcpy(message, from->data, message_len);
	WRITE_ONCE(ring->tail, ring->tail + 1);
	/* Release: we have read the slot before the program sees that it is free. */
	smp_store_release(&ring->shared->to_kernel.tail, ring->tail);

	to->length = message_len;
	if (message_len > 0)
		memcpy(to->data, message, message_len);
	WRITE_ONCE(ring->head, ring->head + 1);
	/* Release: the answer is in its slot before the program sees that there is one. */
	smp_store_release(&ring->shared->to_user.head, ring->head);
}

/*
 * Runs in a kernel thread (the worker) after the doorbell has rung, and may sleep. It ends
 * when there is no message left or no space for an answer. After TURN_MAX messages it ends
 * too, and has itself called again. A program can fill the queue as fast as the worker
 * empties it. Without turns, other work of the kernel would wait for this one forever.
 */
static void ring_example_answer(struct work_struct *work)
{
	struct ring_example_file *ring = container_of(work, struct ring_example_file, work);
	int i;

	for (i = 0; ring_example_ready(ring); i++) {
		if (i == TURN_MAX) {
			schedule_work(work);
			break;
		}
		ring_example_answer_one(ring);
	}
	/* One wake-up for the whole batch. poll looks for itself what has changed. */
	wake_up_interruptible(&ring->wait);
}

/*
 * The functions below run for the program that called, and may sleep.
 *
 * A mapping shows whole pages. vmalloc_user() gives pages that hold nothing else, fills
 * them with zeros, and marks them as memory that programs may map. They count against no
 * memory limit, and each open(2) takes two of them. That is bearable because only root may
 * open the node. There is no vmalloc_user() that counts against a limit.
 */
static int ring_example_open(struct inode *inode, struct file *file)
{
	struct ring_example_file *ring = kzalloc(sizeof(*ring), GFP_KERNEL);

	if (!ring)
		return -ENOMEM;
	ring->shared = vmalloc_user(sizeof(*ring->shared));
	if (!ring->shared) {
		kfree(ring);
		return -ENOMEM;
	}
	INIT_WORK(&ring->work, ring_example_answer);
	init_waitqueue_head(&ring->wait);
	file->private_data = ring;
	return 0;
}

/*
 * After the first write to a private mapping the program would have a copy, and wait for
 * answers in it forever. VM_MAYSHARE is set in every shared mapping. VM_SHARED is not: it
 * is missing in a shared mapping of a descriptor that was opened only for reading.
 *
 * remap_vmalloc_range() puts the pages into the page table of the program. It checks
 * length and offset, and sets VM_DONTEXPAND: so mremap(2) cannot enlarge the mapping.
 *
 * Linux 7.2 and 7.3 call .mmap deprecated, and want .mmap_prepare in new code.
 * Linux 6.12 and older do not have that, so no one form is right everywhere.
 */
static int ring_example_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ring_example_file *ring = file->private_data;

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	return remap_vmalloc_range(vma, ring->shared, vma->vm_pgoff);
}

/*
 * Work that is queued already is not queued twice. If it runs at this moment, it is queued
 * once more. So no ring is lost: after each a worker looks at the queue.
 */
static long ring_example_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct ring_example_file *ring = file->private_data;

	if (cmd != RING_EXAMPLE_DOORBELL)
		return -ENOTTY;
	if (READ_ONCE(ring->broken))
		return -EPROTO;
	schedule_work(&ring->work);
	return 0;
}

/*
 * Registers the program first and looks at the indices after that, so that no change is
 * missed. What it reads here decides nothing in the module: only the worker checks indices.
 * So a wrong index only makes the answer of poll(2) wrong.
 */
static __poll_t ring_example_poll(struct file *file, poll_table *wait)
{
	struct ring_example_file *ring = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, &ring->wait, wait);
	if (READ_ONCE(ring->broken))
		return EPOLLERR;
	if (READ_ONCE(ring->head) != READ_ONCE(ring->shared->to_user.tail))
		ready |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(ring->shared->to_kernel.head) - READ_ONCE(ring->tail) < RING_EXAMPLE_SLOTS)
		ready |= EPOLLOUT | EPOLLWRNORM;
	return ready;
}

/*
 * Runs once, after the last close(2) and munmap(2): each mapping keeps the file open. So
 * nobody can ring any more. Work that is queued or runs now still uses the memory:
 * cancel_work_sync() stops it, and waits until it has ended.
 */
static int ring_example_release(struct inode *inode, struct file *file)
{
	struct ring_example_file *ring = file->private_data;

	cancel_work_sync(&ring->work);
	vfree(ring->shared);
	kfree(ring);
	return 0;
}

static const struct file_operations ring_example_fops = {
	.owner = THIS_MODULE, /* while a descriptor or a mapping is left, rmmod is refused */
	.open = ring_example_open,
	.mmap = ring_example_mmap,
	.unlocked_ioctl = ring_example_ioctl,
	.compat_ioctl = compat_ptr_ioctl, /* 32-bit programs: same number, same memory */
	.poll = ring_example_poll,
	.release = ring_example_release,
};

static struct miscdevice ring_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "ring_example",
	.fops = &ring_example_fops,
	.mode = 0600,
};

/*
 * Makes an init function that registers the device, and an exit function that
 * removes it. The kernel makes and removes the node in /dev.
 */
module_misc_device(ring_example_device);

MODULE_DESCRIPTION("Two queues in memory shared with programs");
MODULE_LICENSE("GPL");
