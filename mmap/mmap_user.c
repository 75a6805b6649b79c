// SPDX-License-Identifier: MIT
/*
 * Maps the page of the mmap module, prints the greeting in it and writes a message
 * over it. With -d a child process, which shares the page, waits until it is woken,
 * and prints the message.
 *
 * Usage: mmap_user [-d] [message]
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH "/sys/kernel/debug/mmap_example"
#define MESSAGE_MAX 200 /* bytes: the module logs no more of the page */

/* Memory wakes nobody. So the parent writes the message, and then wakes the child by an eventfd. */
static void write_and_ring(char *page, const char *message)
{
	int bell = eventfd(0, EFD_CLOEXEC), status;
	eventfd_t rings;
	pid_t child;

	if (bell < 0)
		err(EXIT_FAILURE, "eventfd");
	fflush(stdout); /* otherwise the child would print the greeting again */
	child = fork();
	if (child < 0)
		err(EXIT_FAILURE, "fork");
	if (!child) {
		if (eventfd_read(bell, &rings))
			err(EXIT_FAILURE, "eventfd_read");
		printf("page says: %s\n", page);
		return;
	}
	strcpy(page, message);
	if (eventfd_write(bell, 1))
		err(EXIT_FAILURE, "eventfd_write");
	if (wait(&status) < 0 || status)
		errx(EXIT_FAILURE, "the child failed");
}

int main(int argc, char *argv[])
{
	const char *message = "hi kernel";
	int fd, option, doorbell = 0;
	char *page;

	while ((option = getopt(argc, argv, "d")) == 'd')
		doorbell = 1;
	if (option != -1 || argc - optind > 1) {
		fprintf(stderr, "usage: mmap_user [-d] [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	/* A module cannot refuse what a program writes to memory. So the program checks. */
	if (strlen(message) > MESSAGE_MAX) {
		errno = EMSGSIZE;
		err(EXIT_FAILURE, "message of %zu bytes", strlen(message));
	}

	fd = open(PATH, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	page = mmap(NULL, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		err(EXIT_FAILURE, "mmap %s", PATH);
	close(fd); /* the mapping keeps the page */

	printf("kernel said: %s\n", page);
	if (doorbell)
		write_and_ring(page, message);
	else
		strcpy(page, message);
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
