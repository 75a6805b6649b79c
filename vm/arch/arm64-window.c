// SPDX-License-Identifier: MIT
/*
 * window FIRST COUNT: these pages of 4096 bytes of the window, whose address is in $WINDOW, to standard output.
 * On arm64 read(2) of /dev/mem takes memory that the kernel uses, and is refused just that. So dd
 * cannot do it, and mmap(2) can.
 */
#include <err.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char *argv[])
{
	int fd = open("/dev/mem", O_RDONLY);
	size_t size = argc == 3 ? strtoul(argv[2], NULL, 10) * 4096 : 0;
	off_t offset = size ? strtoul(getenv("WINDOW"), NULL, 10) + strtoul(argv[1], NULL, 10) * 4096 : 0;
	volatile uint64_t *word = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, offset);

	if (word == MAP_FAILED)
		err(EXIT_FAILURE, "mmap");
	/* It is mapped like the registers of a device: whole words at aligned addresses only. */
	for (size_t i = 0; i < size / sizeof(*word); i++) {
		uint64_t value = word[i];

		if (!fwrite(&value, sizeof(value), 1, stdout))
			err(EXIT_FAILURE, "write");
	}
	return fclose(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
