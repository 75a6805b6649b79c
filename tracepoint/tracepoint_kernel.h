/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event tracepoint_example:tracepoint_example_message, for the module only.
 *
 * TRACE_EVENT() is expanded many times, each time as something else: a function that the
 * module calls, a struct, a function that fills the struct, one that prints it, a text
 * that describes it. So this file is read many times too, by <trace/define_trace.h>.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM tracepoint_example

#if !defined(TRACEPOINT_EXAMPLE_H) || defined(TRACE_HEADER_MULTI_READ)
#define TRACEPOINT_EXAMPLE_H

#include <linux/tracepoint.h>

/*
 * Makes trace_tracepoint_example_message(message, length). The names of events are names
 * of C too, and are known to the whole kernel: so this one begins with the module's name.
 *
 * TP_fast_assign runs once for each instance of tracefs that listens, and once for perf, however
 * many listen there. Preemption is off (no other task gets this processor meanwhile). So it must
 * not sleep, and not follow a pointer of a program. It copies the bytes. A stored pointer
 * would be followed when somebody prints the event, which can be long after the memory is freed.
 *
 * TP_printk prints for the kernel's own file trace. perf and trace-cmd get the struct, and this
 * line as text. They then print the struct as the line says. They know few of the kernel's
 * formats, and not %*pE (it escapes bytes). They know __print_hex_str(), and no message can
 * forge a line with it.
 */
TRACE_EVENT(tracepoint_example_message,

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

/* Where <trace/define_trace.h> finds this file. It stands outside of the guard above. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE tracepoint_kernel
#include <trace/define_trace.h>
