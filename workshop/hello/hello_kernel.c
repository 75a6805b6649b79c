// SPDX-License-Identifier: GPL-2.0-only
/*
 * hello: the smallest module that is worth loading. It says a line in the kernel's log when it is
 * loaded, and another when it is removed. README.md explains every line.
 */
#include <linux/module.h>

static int __init hello_init(void)
{
	pr_info("hello, kernel\n");
	return 0;
}

static void __exit hello_exit(void)
{
	pr_info("goodbye, kernel\n");
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_DESCRIPTION("The first module");
MODULE_LICENSE("GPL");
