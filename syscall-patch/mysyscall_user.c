// SPDX-License-Identifier: MIT
/*
 * Says something to the kernel through the system call mysyscall() and prints
 * the answer.
 *
 * Usage: mysyscall_user [message]
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The number is in a patched kernel's headers. Built with others: one that no call has. */
#ifndef __NR_mysyscall
#define __NR_mysyscall -1
#endif

#define BUFFER_SIZE 200 /* the most that the kernel takes */

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	size_t len, size;
	long answer_len;
	char *buf;

	if (getopt(argc, argv, "") != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: mysyscall_user [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	/* The answer comes back in the same buffer. What is too long, the kernel refuses. */
	len = strlen(message);
	size = len > BUFFER_SIZE ? len : BUFFER_SIZE;
	buf = calloc(1, size);
	if (!buf)
		err(EXIT_FAILURE, "calloc");
	memcpy(buf, message, len);

	answer_len = syscall(__NR_mysyscall, buf, size);
	if (answer_len < 0 && errno == ENOSYS)
		errx(EXIT_FAILURE, "this kernel has no such call: make boot builds one with it");
	if (answer_len < 0)
		err(EXIT_FAILURE, "mysyscall");
	printf("kernel said: ");
	fwrite(buf, 1, answer_len - 1, stdout); /* its NUL counts, and is not for people */
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
