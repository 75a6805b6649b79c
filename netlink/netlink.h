/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * What both sides of the generic netlink family must agree on. The family's
 * number is not here: the kernel gives one out at load, programs ask for it by
 * name. Numbers once published stay; new ones go to the end of each enum.
 * The names are those of the HOWTO that this example grew from.
 */
#ifndef NETLINK_EXAMPLE_H
#define NETLINK_EXAMPLE_H

#define DOC_EXMPL_FAMILY "CONTROL_EXMPL"
#define DOC_EXMPL_VERSION 1
#define DOC_EXMPL_GROUP "events"

#define DOC_EXMPL_MSG_MAX 200 /* bytes of a message, without its NUL */

enum {
	DOC_EXMPL_C_UNSPEC,
	DOC_EXMPL_C_ECHO, /* needs DOC_EXMPL_A_MSG, answers with the same */
};

enum {
	DOC_EXMPL_A_UNSPEC,
	DOC_EXMPL_A_MSG, /* string, NUL-terminated */
	__DOC_EXMPL_A_MAX,
};

#define DOC_EXMPL_A_MAX (__DOC_EXMPL_A_MAX - 1)

#endif
