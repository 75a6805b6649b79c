// SPDX-License-Identifier: MIT
/*
 * points [-w] [-l MODULE [-p PARAMETERS] [-u] [-d] [-r ROUNDS]] [-q] [-e] PROGRAM [ARGUMENT...]: has the
 * kernel fail the first of all the allocations and user copies it makes for a load of
 * MODULE.ko, or for the program, then only the second, and so on until there are no more.
 * Which of them count is up to the filters in /sys/kernel/debug/failslab and so on, see
 * stress. Each time whoever was hit must say so properly or not mind, nothing may be left
 * behind or gone, and the next load and run must go well. Prints what was not so, and into
 * /tmp/points how many points there are.
 *
 *   -w  fails those of anybody, say a worker, not only the caller's; kmalloc()'s alone
 *   -u  a load that did not mind need not be of use
 *   -d  for a load EINVAL is proper too: the driver core says so where it has no memory
 *   -r  so often it is loaded and unloaded in the end, with nothing failing
 *   -q  full queues are proper too
 *   -e  ENOENT is proper too: kobject_uevent_env() says so where it has no memory for a path
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SAID "/tmp/said"
#define COUNTED "/tmp/counted"
#define DEBUGFS "/sys/kernel/debug/"
#define MOST 500

static const char *module, *parameters = "";
static char **program;
static int module_fd, workers, useless, driver, rounds, queues, events;
static unsigned int point;

static void complain(const char *format, ...)
{
	va_list args;

	printf("point %u: ", point);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static void put(const char *path, unsigned int number)
{
	FILE *file = fopen(path, "w");

	if (!file || fprintf(file, "%u", number) < 0 || fclose(file))
		err(2, "%s", path);
}

static unsigned int get(const char *path)
{
	FILE *file = fopen(path, "r");
	unsigned int number;

	if (!file || fscanf(file, "%u", &number) != 1)
		err(2, "%s", path);
	fclose(file);
	return number;
}

/* Everything that a module could have left behind: names, and numbers that were taken. */
static char *world(void)
{
	static const char *const directories[] = {
		"/proc",
		"/proc/sys/net",
		"/proc/sys/net/test",
		"/proc/procfs_example",
		"/sys/fs",
		"/sys/bus",
		"/sys/class",
		"/sys/class/misc",
		"/sys/module",
		"/sys/kernel/config",
		DEBUGFS,
		DEBUGFS "debugfs_example",
		"/dev",
	};
	static const char *const tables[] = {
		"/proc/devices",
		"/proc/misc",
		"/proc/modules",
		"/proc/net/udp",
	};
	char line[400], word[2][100], *text;
	struct dirent *entry;
	FILE *out, *in;
	size_t size, i;
	DIR *directory;

	out = open_memstream(&text, &size);
	fprintf(out, "\n");
	for (i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		directory = opendir(directories[i]);
		while (directory && (entry = readdir(directory)))
			/* Processes come and go. */
			if (entry->d_name[0] > '9')
				fprintf(out, "%s/%s\n", directories[i], entry->d_name);
		if (directory)
			closedir(directory);
	}
	for (i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		in = fopen(tables[i], "r");
		while (in && fgets(line, sizeof(line), in))
			if (sscanf(line, "%99s %99s", word[0], word[1]) == 2)
				fprintf(out, "%s: %s %s\n", tables[i], word[0], word[1]);
		if (in)
			fclose(in);
	}
	fclose(out);
	return text;
}

/* Complains of each line of ALL that is not in KNOWN. */
static void more(const char *all, const char *known, const char *what)
{
	char *copy = strdup(all + 1), *rest = copy, *line, *whole;

	while ((line = strsep(&rest, "\n")) && rest) {
		if (asprintf(&whole, "\n%s\n", line) == -1)
			err(2, "asprintf");
		if (!strstr(known, whole))
			complain("%s: %s", what, line);
		free(whole);
	}
	free(copy);
}

static void compare(const char *before)
{
	char *after = world();

	more(after, before, "left behind");
	more(before, after, "gone");
	free(after);
}

static int load(void)
{
	return syscall(SYS_finit_module, module_fd, parameters, 0) ? errno : 0;
}

/* With work under way upcall/ stays for a moment. */
static void unload(void)
{
	int tries = 50;

	while (syscall(SYS_delete_module, module, O_NONBLOCK)) {
		if (errno != EAGAIN || !--tries) {
			complain("rmmod: %s", strerror(errno));
			return;
		}
		usleep(100000);
	}
}

static int reached; /* by the last child: the call that was to fail */

/*
 * Runs the program, or loads the module, in a process of its own, whose call number HIT
 * fails. Gives its exit status, for a load the errno.
 */
static int child(int loads, unsigned int hit)
{
	char path[40];
	siginfo_t info;
	pid_t pid;
	int fd;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fd = open(SAID, O_RDWR | O_CREAT | O_TRUNC, 0600);
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
		alarm(60); /* whoever waits for ever has not reported it */
		if (hit)
			put("/proc/self/fail-nth", hit);
		if (loads)
			_exit(load());
		execvp(program[0], program);
		err(127, "%s", program[0]);
	}

	/* What has ended and was not waited for still has its files in /proc. */
	if (pid == -1)
		err(2, "fork");
	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		err(2, "waitid");
	snprintf(path, sizeof(path), "/proc/%d/fail-nth", pid);
	reached = !get(path);
	waitpid(pid, NULL, 0);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/* The same for what anybody gets from kmalloc(). */
static int child_and_workers(unsigned int hit)
{
	unsigned int calls = access(COUNTED, F_OK) ? 0 : get(COUNTED);
	int status;

	/*
	 * One in so many fails, and until the next boot the kernel does not begin to count anew.
	 * Where none failed there were HIT - 1 calls, as the run before has shown; if not, the
	 * next to use this has too few points, which stress complains of.
	 */
	calls += hit > 1 ? hit : 0;
	put(DEBUGFS "failslab/interval", hit > 1 ? calls : 1);
	put(DEBUGFS "failslab/times", 1);
	put(DEBUGFS "failslab/probability", 100);
	status = child(!!module, 0);
	usleep(200000);
	put(DEBUGFS "failslab/probability", 0);
	reached = !get(DEBUGFS "failslab/times");
	put(COUNTED, hit > 1 && !reached ? calls - 1 : calls);
	return status;
}

/* What was printed by the last child */
static const char *said(void)
{
	static char text[4000];
	int fd = open(SAID, O_RDONLY);
	ssize_t len = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

	close(fd);
	text[len > 0 ? len - 1 : 0] = '\0';
	return text;
}

/* Whether one of its lines ends with this */
static int says(const char *error)
{
	const char *line = said();

	while ((line = strstr(line, error))) {
		line += strlen(error);
		if (!*line || *line == '\n')
			return 1;
	}
	return 0;
}

static int proper(int status)
{
	static const int errors[] = { ENOMEM, EFAULT, ENOBUFS, ENFILE, EAGAIN };
	size_t i, n = queues ? sizeof(errors) / sizeof(*errors) : 2;

	if (!status || (driver && module && status == EINVAL))
		return 1;
	if (events && !module && status < 100 && says(strerror(ENOENT)))
		return 1;
	for (i = 0; i < n; i++)
		if (module ? status == errors[i] : status < 100 && says(strerror(errors[i])))
			return 1;
	return !module && status < 100 && says("Out of memory"); /* libnl's word for it */
}

static void works(const char *when)
{
	int status = child(0, 0);

	if (status)
		complain("%s the program ends with %d: %s", when, status, said());
}

int main(int argc, char *argv[])
{
	char *before, file[100];
	int option, status, last;

	while ((option = getopt(argc, argv, "+wl:p:udr:qe")) != -1) {
		switch (option) {
		case 'w':
			workers = 1;
			break;
		case 'l':
			module = optarg;
			break;
		case 'p':
			parameters = optarg;
			break;
		case 'u':
			useless = 1;
			break;
		case 'd':
			driver = 1;
			break;
		case 'r':
			rounds = atoi(optarg);
			break;
		case 'q':
			queues = 1;
			break;
		case 'e':
			events = 1;
			break;
		default:
			return 2;
		}
	}
	program = argv + optind;
	if (!*program)
		errx(2, "usage: see the head of points.c");
	if (module) {
		snprintf(file, sizeof(file), "%s.ko", module);
		module_fd = open(file, O_RDONLY | O_CLOEXEC);
		if (module_fd == -1)
			err(2, "%s", file);
	}

	before = world();
	for (point = 1; point < MOST; point++) {
		status = workers ? child_and_workers(point) : child(!!module, point);
		last = !reached;
		if (!proper(status)) {
			if (module)
				complain("the load: errno %d", status);
			else
				complain("status %d: %s", status, said());
		}
		if (module && !status) {
			if (!useless)
				works("loaded, but");
			unload();
		}
		compare(before);
		if (last)
			break;

		status = module ? load() : 0;
		if (status)
			complain("the next load: %s", strerror(status));
		works("afterwards");
		if (module)
			unload();
	}
	if (point == MOST)
		complain("there is no end of them");
	put("/tmp/points", point - 1);

	for (; rounds > 0; rounds--) {
		status = load();
		if (status) {
			complain("a later load: %s", strerror(status));
			break;
		}
		unload();
	}
	compare(before);
	return 0;
}
