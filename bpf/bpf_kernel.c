// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf: a program of yours runs inside the kernel each time the module gets a message.
 *
 *   /dev/bpf_example                  0600, each write of up to 200 bytes is one message
 *   bpf_example:bpf_example_message   the tracepoint that each message passes
 *
 * The module knows nothing of BPF. It has a tracepoint, and BPF programs can be attached
 * to any tracepoint. A write of more than 200 bytes fails with EMSGSIZE, a bad pointer
 * with EFAULT. Such a write does not pass the tracepoint.
 *
 * rmmod is refused while the node is open, and while a BPF program is attached.
 *
 *   # ./bpf_user "two words"
 *   kernel said: two words
 *   # ./bpf_user -m 10 "two words"
 *   kernel said: nothing
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uio.h>

/* In one file of a module, and only there, this makes the tracepoint itself. */
#define CREATE_TRACE_POINTS
#include "bpf_example_trace.h"

/*
 * Bytes. A buffer of this size may be on the stack only because it is small: the
 * kernel's stack has 16 KiB for all functions together. For more than about 500
 * bytes use the heap: kmalloc() and kfree().
 */
#define MESSAGE_MAX 200

/*
 * Runs for the program that called write(2), and may sleep. An iov_iter is the program's
 * buffer, or all buffers of a writev(2).
 *
 * The tracepoint gets a copy in the kernel, never the program's pointer. What is attached
 * to a tracepoint may not sleep, so it could not wait for a page of the program.
 *
 * While nothing is attached, the tracepoint is a single instruction that does nothing
 * (nop). The first to attach makes the kernel replace it by a jump.
 */
static ssize_t bpf_example_write(struct kiocb *iocb, struct iov_iter *from)
{
	size_t len = iov_iter_count(from);
	u8 message[MESSAGE_MAX];

	if (len > sizeof(message))
		return -EMSGSIZE;
	if (!copy_from_iter_full(message, len, from))
		return -EFAULT;
	trace_bpf_example_message(message, len);
	return len;
}

static const struct file_operations bpf_example_fops = {
	.owner = THIS_MODULE, /* an open file prevents rmmod */
	.write_iter = bpf_example_write,
};

/* The short way to a single node: it needs no major number and no class of your own. */
static struct miscdevice bpf_example_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bpf_example",
	.fops = &bpf_example_fops,
	.mode = 0600,
};

/*
 * Makes an init function that registers the device, and an exit function that
 * removes it. The kernel makes and removes the node in /dev, and, as part of loading
 * and unloading any module, adds and removes its tracepoints.
 */
module_misc_device(bpf_example_device);

MODULE_DESCRIPTION("A tracepoint that BPF programs can be attached to");
MODULE_LICENSE("GPL"); /* or one compatible with it: others may not have tracepoints */
