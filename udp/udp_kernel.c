// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp: a socket of the kernel's own that sends each datagram back.
 *
 *   UDP port 5555 of 127.0.0.1, parameters port (1 to 65535) and address
 *
 * A datagram of up to 200 bytes is answered with the same bytes, an empty one
 * too. Longer ones are dropped, and so is what comes from port 0 or from the
 * module's own port: UDP has no errno for a sender. The load fails with
 * EINVAL or ERANGE for a bad parameter, EADDRINUSE, EADDRNOTAVAIL.
 *
 *   $ ./udp_user "two words"
 *   kernel said: two words
 */
/* Puts the module's name before each line of pr_info(); must precede the includes. */
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

#define MESSAGE_MAX 200
#define TURN_MAX 64 /* datagrams that the worker takes in one go, see there */

static unsigned short port = 5555;

/* An error from a setter fails the load, and the kernel logs which value it refused. */
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

/* Loopback: whoever can reach an echo can have it send to others, by a forged source. */
static __be32 address = htonl(INADDR_LOOPBACK);

static int address_set(const char *val, const struct kernel_param *kp)
{
	const char *end;
	__be32 new;

	/* -1: up to the NUL, no delimiter. It accepts text behind the address, hence *end. */
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

static struct socket *udp_socket;
static void (*saved_data_ready)(struct sock *sk); /* wakes sleeping readers; we have none */
static struct workqueue_struct *udp_example_wq;

/*
 * Process context, in a thread of the workqueue, and never twice at once: so it
 * may sleep, and needs no lock. It ends when nothing is left, or after a turn;
 * then it puts itself at the end of the line. If it went on until nothing is
 * left, a flood could keep it from ever ending, and rmmod with it.
 */
static void udp_example_answer(struct work_struct *work)
{
	char message[MESSAGE_MAX + 1]; /* one byte more, to see what is too long */
	struct sockaddr_in from;
	int i, len;

	for (i = 0; i < TURN_MAX; i++) {
		struct msghdr msg = { .msg_name = &from };
		struct kvec vec = { .iov_base = message, .iov_len = sizeof(message) };

		/* What does not fit is thrown away by the kernel. */
		len = kernel_recvmsg(udp_socket, &msg, &vec, 1, sizeof(message), MSG_DONTWAIT);
		if (len < 0)
			return; /* most likely EAGAIN; the next datagram queues us again */

		/* Port 0 cannot be answered; ours may be another echo: two never stop. */
		if (len > MESSAGE_MAX || !from.sin_port || from.sin_port == htons(port))
			continue;

		/* %*pE escapes control bytes, so that no message can forge a log line. */
		pr_info_ratelimited("user said \"%*pE\"\n", len, message);

		/*
		 * msg still names the sender. Where there is no room to send, the answer
		 * is lost, as UDP may: to wait for room would hold up everybody, and rmmod.
		 */
		msg.msg_flags = MSG_DONTWAIT;
		kernel_sendmsg(udp_socket, &msg, &vec, 1, len);
	}
	queue_work(udp_example_wq, work);
}

static DECLARE_WORK(udp_example_work, udp_example_answer);

/*
 * Softirq context: called by UDP for each datagram that it has put into the
 * socket's queue. It must not sleep, as sending may, and holds up whatever else
 * this CPU receives. Work that is queued already is not queued twice, so the
 * worker may find any number of datagrams, even none.
 */
static void udp_example_data_ready(struct sock *sk)
{
	queue_work(udp_example_wq, &udp_example_work);
}

static int __init udp_example_init(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = address,
	};
	struct sock *sk;
	int ret;

	/* Our own: a flood delays nobody else's work. UNBOUND: not tied to the receiving CPU. */
	udp_example_wq = alloc_workqueue("udp_example", WQ_UNBOUND, 0);
	if (!udp_example_wq)
		return -ENOMEM;

	/* Not sock_create(), which takes the network namespace of whoever runs insmod. */
	ret = sock_create_kern(&init_net, AF_INET, SOCK_DGRAM, IPPROTO_UDP, &udp_socket);
	if (ret)
		goto destroy_workqueue;
	/* (void *), since kernels differ in the type that they give this parameter. */
	ret = kernel_bind(udp_socket, (void *)&addr, sizeof(addr));
	if (ret)
		goto release_socket;

	/* Changing the callback needs the lock. UDP reads it without, hence WRITE_ONCE(). */
	sk = udp_socket->sk;
	write_lock_bh(&sk->sk_callback_lock);
	saved_data_ready = sk->sk_data_ready;
	WRITE_ONCE(sk->sk_data_ready, udp_example_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);

	/* Datagrams that came in between bind and here have not called us. */
	queue_work(udp_example_wq, &udp_example_work);
	return 0;

release_socket:
	sock_release(udp_socket);
destroy_workqueue:
	destroy_workqueue(udp_example_wq);
	return ret;
}

static void __exit udp_example_exit(void)
{
	struct sock *sk = udp_socket->sk;

	write_lock_bh(&sk->sk_callback_lock);
	WRITE_ONCE(sk->sk_data_ready, saved_data_ready);
	write_unlock_bh(&sk->sk_callback_lock);

	/*
	 * Putting it back is not enough: another CPU may have fetched our callback just
	 * before, and call it now. Like all receiving, that happens under
	 * rcu_read_lock(); synchronize_net() waits until it is over.
	 */
	synchronize_net();
	/* Now only the work queues itself; this call stops that too, and waits for it. */
	cancel_work_sync(&udp_example_work);
	sock_release(udp_socket);
	destroy_workqueue(udp_example_wq);
}

module_init(udp_example_init);
module_exit(udp_example_exit);

MODULE_DESCRIPTION("A UDP socket in the kernel that echoes datagrams");
MODULE_LICENSE("GPL");
