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

/*
 * The headers of a patched kernel define the number. With other headers we take -1, which no
 * call has: the kernel then fails with ENOSYS, as it does for every number it does not know.
 */
#ifndef __NR_mysyscall
#define __NR_mysyscall -1
#endif

#define BUFFER_SIZE 200 /* the largest buffer that the kernel takes */

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

	/*
	 * The answer comes back in the same buffer. A message that is too long makes a buffer
	 * that is too long, and the kernel refuses it.
	 */
	len = strlen(message);
	size = len > BUFFER_SIZE ? len : BUFFER_SIZE;
	buf = calloc(1, size);
	if (!buf)
		err(EXIT_FAILURE, "calloc");
	memcpy(buf, message, len);

	/* syscall(2) calls by number, because glibc has no function for this call. */
	answer_len = syscall(__NR_mysyscall, buf, size);
	if (answer_len < 0 && errno == ENOSYS)
		errx(EXIT_FAILURE, "this kernel has no such call: \"make boot\" boots one with it");
	if (answer_len < 0)
		err(EXIT_FAILURE, "mysyscall");
	/* On another kernel the number may belong to another call, with other results. */
	if (answer_len < 1 || (size_t)answer_len > size)
		errx(EXIT_FAILURE, "mysyscall: the kernel returned %ld, not an answer", answer_len);
	printf("kernel said: ");
	fwrite(buf, 1, answer_len - 1, stdout); /* the NUL counts, but we do not print it */
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
