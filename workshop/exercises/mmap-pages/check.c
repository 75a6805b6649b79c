// SPDX-License-Identifier: MIT
/*
 * Does what check.sh cannot do in shell: maps the pages. Prints the results.
 *
 * Usage: mmap_check map OFFSET LENGTH      (in pages)
 *        mmap_check fresh|fill|late|beyond|two|text
 *        mmap_check often TIMES
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PATH "/sys/kernel/debug/mmap_example"

static long page;

static int open_file(void)
{
	int fd = open(PATH, O_RDWR);

	if (fd < 0)
		err(1, "open %s", PATH);
	return fd;
}

static char *map(int fd, long offset, long length)
{
	return mmap(NULL, length * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset * page);
}

/* Ends the program where a mapping that a check needs is refused. */
static char *must_map(int fd, long offset, long length)
{
	char *pages = map(fd, offset, length);

	if (pages == MAP_FAILED) {
		printf("mmap: %m\n");
		exit(0);
	}
	return pages;
}

static void on_bus_error(int signal)
{
	(void)signal;
	write(1, "SIGBUS\n", 7);
	_exit(0);
}

int main(int argc, char *argv[])
{
	const char *what = argc > 1 ? argv[1] : "";
	int fd = open_file(), i, n = 0;
	char *pages, *others;

	page = sysconf(_SC_PAGESIZE);
	if (!strcmp(what, "map") && argc == 4) {
		pages = map(fd, atol(argv[2]), atol(argv[3]));
		if (pages == MAP_FAILED)
			printf("%m\n");
		else
			printf("mapped\n");
	} else if (!strcmp(what, "fresh")) {
		pages = must_map(fd, 0, 4);
		for (i = strlen(pages); i < 4 * page; i++)
			n += pages[i] != 0;
		printf("%s; %d bytes are not zero\n", pages, n);
	} else if (!strcmp(what, "fill")) {
		pages = must_map(fd, 0, 4);
		for (i = 0; i < 4; i++)
			pages[i * page] = '1' + i;
		munmap(pages, 4 * page);
		pages = must_map(fd, 0, 4);
		printf("%c %c %c %c\n", pages[0], pages[page], pages[2 * page], pages[3 * page]);
	} else if (!strcmp(what, "late")) {
		pages = must_map(fd, 0, 4);
		for (i = 0; i < 4; i++)
			pages[i * page] = '1' + i;
		printf("%c\n", must_map(fd, 2, 2)[0]);
	} else if (!strcmp(what, "beyond")) {
		signal(SIGBUS, on_bus_error);
		pages = must_map(fd, 0, 4);
		pages = mremap(pages, 4 * page, 5 * page, MREMAP_MAYMOVE);
		if (pages == MAP_FAILED)
			err(1, "mremap");
		printf("no signal: %d\n", pages[4 * page]);
	} else if (!strcmp(what, "two")) {
		pages = must_map(fd, 0, 4);
		others = must_map(open_file(), 0, 4);
		memset(pages, 'x', 4 * page);
		printf("%s\n", others[0] == 'H' && !others[3 * page] ? "each its own" : "shared");
	} else if (!strcmp(what, "text")) {
		strcpy(must_map(fd, 0, 4), "first");
	} else if (!strcmp(what, "often") && argc == 3) {
		for (i = atoi(argv[2]); i > 0; i--) {
			fd = open_file();
			pages = must_map(fd, 0, 4);
			memset(pages, 'x', 4 * page);
			munmap(pages, 4 * page);
			close(fd);
		}
	} else {
		errx(2, "usage: see the head of mmap_check.c");
	}
	return 0;
}
