/* SPDX-License-Identifier: GPL-2.0-only */
/* The tracepoint of the module. Its name is one for the whole kernel, hence the prefix. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM bpf_example

/* define_trace.h reads this file several times, each time with other meanings of TRACE_EVENT(). */
#if !defined(BPF_EXAMPLE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define BPF_EXAMPLE_TRACE_H

#include <linux/tracepoint.h>

/*
 * TP_PROTO is what a BPF program gets: ctx->args[0] is the first argument, and so on.
 * What follows it is for perf(1), trace-cmd(1) and the files in tracefs: the record that
 * they get, and how they print it. A BPF program at the raw tracepoint does not see it,
 * and the kernel does not make the record for it.
 */
TRACE_EVENT(bpf_example_message,

	TP_PROTO(const u8 *message, unsigned int length),

	TP_ARGS(message, length),

	TP_STRUCT__entry(
		__field(unsigned int, length)
		__dynamic_array(u8, message, length)
	),

	TP_fast_assign(
		__entry->length = length;
		memcpy(__get_dynamic_array(message), message, length);
	),

	TP_printk("length=%u message=%s", __entry->length,
		  __print_hex_str(__get_dynamic_array(message), __entry->length))
);

#endif

/* This stands outside of the #if: define_trace.h looks for the file in this directory. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE bpf_example_trace
#include <trace/define_trace.h>
