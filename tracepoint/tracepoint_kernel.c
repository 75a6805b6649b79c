// SPDX-License-Identifier: GPL-2.0-only
/*
 * tracepoint: a module tells what it does, to whoever wants to know at the moment.
 *
 *   /dev/tracepoint_example   0600: each write of up to 200 bytes is an event
 *   tracepoint_example:tracepoint_example_message   the event, with length and message
 *
 * A tracepoint is a place in the code where others can listen. It is off, and costs next to
 * nothing, until somebody turns it on: through tracefs, with perf, with a BPF program.
 *
 * A longer write fails with EMSGSIZE, one from a bad pointer with EFAULT. Neither is an event.
 *
 *   # ./tracepoint_user "two words"
 *   kernel said: two words
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uio.h>

/* Exactly one file of a module defines this: it gets the code of the events. */
#define CREATE_TRACE_POINTS
#include "tracepoint_kernel.h"

/*
 * Bytes. A buffer of this size may be on the stack only because it is small: the
 * kernel's stack has 16 KiB for all functions together. For more than about 500
 * bytes use the heap: kmalloc() and kfree().
 */
#define MESSAGE_MAX 200

/*
 * Runs for the program that called write(2), and may sleep. A kiocb is one call. An iov_iter
 * is the program's buffer, or all buffers of a writev(2). Only copy_from_iter_full() and
 * its relatives may follow its pointers.
 *
 * While the tracepoint is off, the call of trace_tracepoint_example_message() is one
 * instruction that does nothing (a nop). When somebody listens, the kernel replaces it by a jump.
 */
static ssize_t tracepoint_example_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t len = iov_iter_count(from);
	u8 message[MESSAGE_MAX];

	if (len > sizeof(message))
		return -EMSGSIZE;
	if (!copy_from_iter_full(message, len, from))
		return -EFAULT;
	trace_tracepoint_example_message(message, len);
	return len;
}

static const struct file_operations tracepoint_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod */
	.write_iter = tracepoint_example_write,
};

/* The short way to a single node: it needs no major number and no class of your own. */
static struct miscdevice tracepoint_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tracepoint_example",
	.fops = &tracepoint_example_fops,
	.mode = 0600,
};

/*
 * Makes an init function that registers the device, and an exit function that
 * removes it. The kernel makes and removes the node in /dev, and the event in tracefs.
 */
module_misc_device(tracepoint_example_device);

MODULE_DESCRIPTION("A tracepoint that each message passes");
MODULE_LICENSE("GPL");
