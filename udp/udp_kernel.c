// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp: a socket inside the kernel that sends each datagram back.
 *
 *   UDP port 5555 of 127.0.0.1; parameters port (1 to 65535) and address
 *
 * A datagram of up to 200 bytes, or of none, is answered with the same bytes.
 * Longer ones are dropped silently: UDP itself tells the sender nothing.
 * So are datagrams from port 0 or from the module's own port number.
 * The load fails with EINVAL or ERANGE for a bad parameter, with EADDRINUSE if
 * the port is taken, and with EADDRNOTAVAIL if no interface has the address.
 *
 *   $ ./udp_user "two words"
 *   kernel said: two words
 */
/* pr_debug() puts this before each line. It must stand before the includes. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/in.h>
#include <linux/inet.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/socket.h>
#include <linux/uio.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/sock.h>

/*
 * Bytes. A buffer of this size may be on the stack only because it is small:
 * the kernel's stack has 16 KiB for all functions together. For more than about
 * 500 bytes use the heap: kmalloc() once in init, kfree() in exit.
 */
#define MESSAGE_MAX 200
#define TURN_MAX 64 /* datagrams, see udp_example_answer() */

static unsigned short port = 5555;

/* If a setter returns an error, the load fails, and the kernel logs the refused value. */
static int port_set(const char *val, const struct kernel_param *kp)
{
	u16 new;
	int ret = kstrtou16(val, 0, &new);

	if (ret)
		return ret;
	if (!new) /* the kernel would choose a port, and nobody would know which */
		return -EINVAL;
	port = new;
	return 0;
}

static const struct kernel_param_ops port_ops = {
	.set = port_set,
	.get = param_get_ushort,
};
module_param_cb(port, &port_ops, &port, 0444);
MODULE_PARM_DESC(port, "UDP port to listen on, 1 to 65535, 5555 by default");

/* Loopback: a forged source address makes an echo send to others, so few may reach the echo. */
static __be32 address = htonl(INADDR_LOOPBACK);

/*
 * The first -1 says that the text ends at its NUL. The second -1 says that any
 * character that cannot belong to an address ends the address: so 127.0.0.1x is
 * accepted. end points to where in4_pton() stopped. Only the NUL may stand there.
 */
static int address_set(const char *val, const struct kernel_param *kp)
{
	const char *end;
	__be32 new;

	if (!in4_pton(val, -1, (u8 *)&new, -1, &end) || *end)
		return -EINVAL;
	address = new;
	return 0;
}

static int address_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%pI4\n", &address);
}

static const struct kernel_param_ops address_ops = {
	.set = address_set,
	.get = address_get,
};
module_param_cb(address, &address_ops, &address, 0444);
MODULE_PARM_DESC(address, "IPv4 address to listen on, 127.0.0.1 by default");

/*
 * There is one socket, so its state is global. With more sockets, put the state
 * of each into a struct. The callback finds the struct by sk->sk_user_data.
 */
static struct socket *udp_example_socket;
static void (*saved_data_ready)(struct sock *sk); /* wakes sleeping readers; we have none */
static struct workqueue_struct *udp_example_wq;

/*
 * Runs in a kernel thread of the workqueue (the worker), and never twice at the
 * same time. So the function may sleep (take a mutex, allocate with GFP_KERNEL),
 * and needs no lock. It ends when the socket has no more datagrams. After TURN_MAX
 * datagrams it ends too, and has itself called again. Between two turns the work can be
 * cancelled: without turns, a flood could make rmmod wait forever.
 */
static void udp_example_answer(struct work_struct *work)
{
	char message[MESSAGE_MAX + 1]; /* one byte more, to notice longer datagrams */
	struct sockaddr_in from;
	int i, len;

	for (i = 0; i < TURN_MAX; i++) {
		struct msghdr msg = { .msg_name = &from };
		struct kvec vec = { .iov_base = message, .iov_len = sizeof(message) };

		/* The kernel drops the bytes of a datagram that do not fit. */
		len = kernel_recvmsg(udp_example_socket, &msg, &vec, 1, sizeof(message),
				     MSG_DONTWAIT);
		if (len == -EAGAIN)
			return; /* no more datagrams; the next one queues the work again */
		/*
		 * Other errors say nothing about the queue. An error that waits on the socket
		 * is returned first, once, although datagrams are queued. So go on.
		 */
		if (len < 0)
			continue;

		/*
		 * Port 0 cannot be answered. A sender with our port number may be another copy of
		 * this module, on another address: the two would answer each other forever.
		 */
		if (len > MESSAGE_MAX || !from.sin_port || from.sin_port == htons(port))
			continue;

		/*
		 * %*pE escapes control bytes: a message with a newline cannot forge a log line.
		 * The number that goes with it is the length of the text, not a width.
		 */
		pr_debug("user said \"%*pE\"\n", len, message);

		/*
		 * msg still has the sender's address. If the send buffer is full, the answer is
		 * lost, as UDP may lose it. If we waited for space, datagrams would pile up, and
		 * rmmod would wait for us.
		 */
		msg.msg_flags = MSG_DONTWAIT;
		kernel_sendmsg(udp_example_socket, &msg, &vec, 1, len);
	}
	queue_work(udp_example_wq, work);
}

static DECLARE_WORK(udp_example_work, udp_example_answer);

/*
 * UDP calls this for each datagram that it has put into the socket's queue.
 * That happens in softirq context: usually right after an interrupt, on some
 * kernels (PREEMPT_RT, threaded NAPI) in a kernel thread. The rules are the same.
 * The callback must not sleep. Sending can sleep. Until the callback returns,
 * this CPU receives nothing else. So the callback only queues work. Work that is
 * queued already is not queued twice: the worker may find any number of
 * datagrams, even none.
 */
static void udp_example_data_ready(struct sock *sk)
{
	queue_work(udp_example_wq, &udp_example_work);
}

/* The callback comes last: nothing may fail once datagrams can call the module. */
static int __init udp_example_init(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = address,
	};
	struct sock *sk;
	int ret;

	/*
	 * A workqueue of our own, so that a flood delays nobody else's work. WQ_UNBOUND:
	 * the worker may run on any CPU, not only on the one that receives.
	 */
	udp_example_wq = alloc_workqueue("udp_example", WQ_UNBOUND, 0);
	if (!udp_example_wq)
		return -ENOMEM;

	/* Not sock_create(), which takes the network namespace of the process that runs insmod. */
	ret = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &udp_example_socket);
	if (ret)
		goto destroy_workqueue;
	/* (void *), because newer kernels have another type here, struct sockaddr_unsized. */
	ret = kernel_bind(udp_example_socket, (void *)&addr, sizeof(addr));
	if (ret)
		goto release_socket;

	/*
	 * The lock is for those who change the callback. UDP reads the pointer without
	 * the lock, so WRITE_ONCE() makes the compiler store the pointer in one piece.
	 */
	sk = udp_example_socket->sk;
	write_lock_bh(&sk->sk_callback_lock);
	saved_data_ready = sk->sk_data_ready;
	WRITE_ONCE(sk->sk_data_ready, udp_example_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);

	/* Datagrams that arrived after bind and before our callback did not queue the work. */
	queue_work(udp_example_wq, &udp_example_work);
	return 0;

release_socket:
	sock_release(udp_example_socket);
destroy_workqueue:
	destroy_workqueue(udp_example_wq);
	return ret;
}

static void __exit udp_example_exit(void)
{
	struct sock *sk = udp_example_socket->sk;

	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_data_ready, saved_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);

	/*
	 * That is not enough: another CPU may have read the pointer to our callback just
	 * before, and call it now. UDP receives under rcu_read_lock(). synchronize_net()
	 * waits until all who hold that lock now have released it.
	 */
	synchronize_net();
	/* Now only the work can queue itself. This call stops it, and waits until it has ended. */
	cancel_work_sync(&udp_example_work);
	sock_release(udp_example_socket);
	destroy_workqueue(udp_example_wq);
}

module_init(udp_example_init);
module_exit(udp_example_exit);

MODULE_DESCRIPTION("A UDP socket in the kernel that echoes datagrams");
MODULE_LICENSE("GPL");
