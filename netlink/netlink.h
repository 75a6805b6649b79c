/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What module and programs must agree on. The number of the family is not here:
 * the kernel chooses it at load, and programs ask for it by the family's name.
 * Numbers that are published must never change, so add new ones at the end.
 * control_exmpl.yaml describes the same for the tool ynl: change both together.
 * The names are those of the HOWTO that this example grew from.
 */
#ifndef NETLINK_EXAMPLE_H
#define NETLINK_EXAMPLE_H

#include <linux/genetlink.h>

#define DOC_EXMPL_FAMILY "CONTROL_EXMPL"
#define DOC_EXMPL_VERSION 1
#define DOC_EXMPL_GROUP "events"

#define DOC_EXMPL_MSG_MAX 200 /* bytes of a message, without its NUL */

/*
 * A name has at most 15 characters. With 16, the kernel's compiler drops the NUL without
 * a warning, and no program would find the family. So these two lines stop the compiler.
 */
_Static_assert(sizeof(DOC_EXMPL_FAMILY) <= GENL_NAMSIZ, "family: at most 15 characters");
_Static_assert(sizeof(DOC_EXMPL_GROUP) <= GENL_NAMSIZ, "group: at most 15 characters");

/*
 * Commands. A request and its answer have the same number. An event has another number, so
 * that a program does not take an event for an answer.
 */
enum {
	DOC_EXMPL_C_ECHO = 1, /* needs DOC_EXMPL_A_MSG; the answer carries the same text */
	DOC_EXMPL_C_EVENT, /* the kernel sends it to the group: DOC_EXMPL_A_MSG was echoed */
};

/* Attributes. */
enum {
	DOC_EXMPL_A_MSG = 1, /* string, NUL-terminated */
	__DOC_EXMPL_A_MAX,
	DOC_EXMPL_A_MAX = __DOC_EXMPL_A_MAX - 1
};

#endif
