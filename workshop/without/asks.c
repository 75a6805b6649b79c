// SPDX-License-Identifier: MIT
/*
 * The kernel asks a program: a child calls mkdirat(2), the kernel stops the call and asks the
 * parent, and the parent says what becomes of it. This is the user notification of seccomp.
 *
 * Usage: asks PATH [OTHER]
 *
 * The parent's rule: /tmp/asks-good may be made, all else fails with EPERM. With OTHER, the path in
 * the child's memory becomes OTHER after the parent has read it, which gets round the rule.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#endif

/*
 * From here on the kernel runs the filter at each system call of the process. Returns the listener,
 * the descriptor through which the kernel asks.
 */
static int install_filter(void)
{
	/* Classic BPF, older than that of bpf/. A jump ends in what to skip: if true, if false. */
	struct sock_filter filter[] = {
		/* Another architecture has other numbers for the calls. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = sizeof(filter) / sizeof(*filter), .filter = filter };
	int listener;

	/* Else only root may: a set-user-ID program must not run under the filter of its caller. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err(EXIT_FAILURE, "prctl");
	listener = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			   &program);
	if (listener < 0)
		err(EXIT_FAILURE, "seccomp");
	return listener;
}

static void run_child(int parent, const char *path)
{
	int listener = install_filter();
	char taken;

	if (write(parent, &listener, sizeof(listener)) < 0 || read(parent, &taken, 1) < 0)
		err(EXIT_FAILURE, "child: socket");
	/* Now only the parent has it. If the parent ends, the call fails with ENOSYS. */
	close(listener);
	if (mkdirat(AT_FDCWD, path, 0755))
		err(EXIT_FAILURE, "child: mkdirat %s", path);
	exit(EXIT_SUCCESS);
}

/* Takes over the descriptor whose number the child has sent, and tells the child so. */
static int take_listener(int pidfd, int child)
{
	int number, listener;

	if (read(child, &number, sizeof(number)) != sizeof(number))
		errx(EXIT_FAILURE, "the child has no filter");
	listener = syscall(__NR_pidfd_getfd, pidfd, number, 0);
	if (listener < 0 || write(child, "", 1) < 0)
		err(EXIT_FAILURE, "pidfd_getfd");
	return listener;
}

/* Answers one question. ENOENT: the call has ended meanwhile, because of a signal. */
static void answer(int listener, char *memory, const char *other)
{
	struct seccomp_notif question = { 0 };
	struct seccomp_notif_resp reply = { 0 };
	char name[32], path[PATH_MAX] = "";
	int mem;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question)) {
		if (errno == ENOENT)
			return;
		err(EXIT_FAILURE, "SECCOMP_IOCTL_NOTIF_RECV");
	}
	/* The question has the arguments. The second is a pointer to the child's memory. */
	snprintf(name, sizeof(name), "/proc/%u/mem", question.pid);
	mem = open(name, O_RDONLY | O_CLOEXEC);
	if (pread(mem, path, sizeof(path) - 1, question.data.args[1]) < 0)
		warn("read %s", name);
	close(mem);
	/* Does the child still wait? Else the bytes may be those of another process. */
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &question.id))
		return;
	printf("the kernel asks: mkdirat %s\n", path);

	/* What a second thread of the child can do at any time. */
	if (other)
		snprintf(memory, PATH_MAX, "%s", other);
	reply.id = question.id;
	if (!strcmp(path, "/tmp/asks-good"))
		reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else
		reply.error = -EPERM;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply) && errno != ENOENT)
		err(EXIT_FAILURE, "SECCOMP_IOCTL_NOTIF_SEND");
}

int main(int argc, char *argv[])
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	int sockets[2], status;
	char *path;
	pid_t pid;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: asks PATH [OTHER]\n");
		return 2;
	}
	setlinebuf(stdout);
	/* Shared, so that this process can play the second thread of the child. */
	path = mmap(NULL, PATH_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (path == MAP_FAILED || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets))
		err(EXIT_FAILURE, "mmap, socketpair");
	snprintf(path, PATH_MAX, "%s", argv[1]);
	pid = fork();
	if (pid < 0)
		err(EXIT_FAILURE, "fork");
	if (pid == 0)
		run_child(sockets[1], path);
	close(sockets[1]);

	/* The pidfd tells when the child has ended: before Linux 6.11 the listener does not. */
	fds[1].fd = syscall(__NR_pidfd_open, pid, 0);
	fds[0].fd = take_listener(fds[1].fd, sockets[0]);
	while (poll(fds, 2, -1) > 0 && fds[0].revents & POLLIN)
		answer(fds[0].fd, path, argv[2]);
	if (waitpid(pid, &status, 0) < 0)
		err(EXIT_FAILURE, "waitpid");
	return status != 0;
}
