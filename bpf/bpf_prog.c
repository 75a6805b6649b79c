// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The BPF program: BPF C, which clang compiles to instructions that each kernel can run.
 * It runs in the kernel, once for each message, and cannot harm it: when it is loaded, the
 * kernel's verifier proves that it ends, and that it touches only memory that it may touch.
 */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h> /* needs the types of those above */

#include "bpf_example.h"

/* Maps are the memory that the BPF program and programs in user space share. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bpf_example_settings);
} settings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BPF_EXAMPLE_RING_SIZE);
} ring SEC(".maps");

/*
 * Runs in the middle of the module's write(2), and must not sleep. The name in SEC() says
 * what to attach it to. args[] are the arguments of the tracepoint, as TP_PROTO() has them.
 *
 * The verifier demands each check here but that of least. A map may lack the key, and a
 * ring buffer the space: then the helper (a function of the kernel for BPF programs)
 * returns NULL. The number of bytes to copy must have an upper limit that the verifier can
 * see. A record that is reserved must be submitted or discarded.
 *
 * The message is kernel memory that the verifier knows nothing about, so it can be read
 * only by bpf_probe_read_kernel(), which checks each access.
 */
SEC("raw_tracepoint/bpf_example_message")
int bpf_prog_message(struct bpf_raw_tracepoint_args *ctx)
{
	const void *message = (const void *)ctx->args[0];
	__u32 length = ctx->args[1], key = 0;
	struct bpf_example_settings *now;
	struct bpf_example_record *record;

	now = bpf_map_lookup_elem(&settings, &key);
	if (!now || length < now->least || length > sizeof(record->message))
		return 0;
	record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&now->lost, 1); /* two processors may be here at once */
		return 0;
	}
	record->length = length;
	bpf_probe_read_kernel(record->message, length, message);
	bpf_ringbuf_submit(record, 0);
	return 0;
}

/* The kernel reads this: bpf_probe_read_kernel() is for BPF programs under the GPL only. */
char _license[] SEC("license") = "Dual MIT/GPL";
