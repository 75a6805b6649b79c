// SPDX-License-Identifier: MIT
/*
 * Does what test.sh cannot do in shell: loads that print the errno itself, a helper
 * whose exec is held back, loads and unloads without a pause. Prints the results.
 *
 * Usage: upcall_test [-u] load PARAMETERS               (-u: as nobody)
 *        upcall_test unload
 *        upcall_test try PARAMETERS...                  (loads and unloads with each)
 *        upcall_test held-load|held-unload FILE PARAMETERS
 *        upcall_test often PARAMETERS
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MODULE "upcall_kernel"

/* Both return 0 or an errno. */
static int load(const char *parameters)
{
	int fd = open(MODULE ".ko", O_RDONLY);
	int ret = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;

	close(fd);
	return ret;
}

static int unload(void)
{
	return syscall(SYS_delete_module, MODULE, O_NONBLOCK) ? errno : 0;
}

static void try(const char *parameters)
{
	int ret = load(parameters);

	printf("%s%s\n", strerror(ret), unload() == (ret ? ENOENT : 0) ? "" : ", cannot unload");
}

/* The state of a process as in ps(1). D is a sleep that no signal ends. */
static char state_of(pid_t pid)
{
	char path[32], state = '?';
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%*d %*s %c", &state) != 1)
		err(1, "%s", path);
	fclose(file);
	return state;
}

/* "returns" if the child ends, "waits" if it sleeps for 0.2 s without interruption. */
static const char *returns(pid_t child)
{
	siginfo_t info = { 0 };
	int asleep = 0;

	while (asleep < 20) {
		if (waitid(P_PID, child, &info, WEXITED | WNOHANG | WNOWAIT))
			err(1, "waitid");
		if (info.si_pid)
			return "returns";
		asleep = state_of(child) == 'D' ? asleep + 1 : 0;
		usleep(10000);
	}
	return "waits";
}

/* A lease on the helper's file makes exec wait until the lease is given up. */
static void held(int unloading, const char *path, const char *parameters)
{
	struct timespec limit = { .tv_sec = 5 };
	int fd = open(path, O_RDONLY), status;
	sigset_t set;
	pid_t child;

	sigemptyset(&set);
	sigaddset(&set, SIGIO); /* the kernel sends this when exec opens the file */
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (fd < 0 || fcntl(fd, F_SETLEASE, F_WRLCK))
		err(1, "lease on %s", path);
	if (unloading && load(parameters))
		err(1, "load");
	child = fork();
	if (!child)
		exit(unloading ? unload() : load(parameters));
	if (sigtimedwait(&set, NULL, &limit) < 0)
		printf("no exec, ");
	printf("%s, ", returns(child));
	fcntl(fd, F_SETLEASE, F_UNLCK);
	waitpid(child, &status, 0);
	printf("then %s\n", strerror(WEXITSTATUS(status)));
}

/* Loads and unloads the module a hundred times; insmod and rmmod would leave pauses. */
static void often(const char *parameters)
{
	int i;

	for (i = 0; i < 100; i++)
		if (load(parameters) || unload())
			err(1, "round %d", i);
	printf("%d\n", i);
}

int main(int argc, char *argv[])
{
	if (argc > 1 && !strcmp(argv[1], "-u")) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			err(1, "setuid");
		argc--;
		argv++;
	}
	if (argc == 3 && !strcmp(argv[1], "load"))
		printf("%s\n", strerror(load(argv[2])));
	else if (argc == 2 && !strcmp(argv[1], "unload"))
		printf("%s\n", strerror(unload()));
	else if (argc > 2 && !strcmp(argv[1], "try"))
		for (argv += 2; *argv; argv++)
			try(*argv);
	else if (argc == 4 && !strncmp(argv[1], "held-", 5))
		held(argv[1][5] == 'u', argv[2], argv[3]);
	else if (argc == 3 && !strcmp(argv[1], "often"))
		often(argv[2]);
	else
		errx(2, "usage: see the head of upcall_test.c");
	return 0;
}
