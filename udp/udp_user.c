// SPDX-License-Identifier: MIT
/*
 * Sends a message to the UDP socket of udp_kernel and prints the answer.
 *
 * Usage: udp_user [-h HOST] [-p PORT] [message]
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	const char *host = "127.0.0.1", *port = "5555", *message = "hi kernel";
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM }, *to;
	struct timeval patience = { .tv_sec = 1 };
	int fd, option, ret, wrong = 0;
	size_t message_len;
	char answer[200], *end;
	long number;
	ssize_t len;

	while ((option = getopt(argc, argv, "h:p:")) != -1) {
		if (option == 'h')
			host = optarg;
		else if (option == 'p')
			port = optarg;
		else
			wrong = 1;
	}
	number = strtol(port, &end, 10);
	if (wrong || *end || number < 1 || number > 65535 || argc - optind > 1) {
		fprintf(stderr, "usage: udp_user [-h HOST] [-p PORT] [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];
	message_len = strlen(message);

	ret = getaddrinfo(host, port, &hints, &to);
	if (ret)
		errx(EXIT_FAILURE, "getaddrinfo %s: %s", host, gai_strerror(ret));
	fd = socket(to->ai_family, to->ai_socktype | SOCK_CLOEXEC, to->ai_protocol);
	if (fd < 0)
		err(EXIT_FAILURE, "socket");

	/*
	 * Sends nothing. It tells the kernel who may answer. Without it recv() would take a
	 * datagram from anybody, and would not report that nobody listens on the port.
	 */
	if (connect(fd, to->ai_addr, to->ai_addrlen))
		err(EXIT_FAILURE, "connect %s port %s", host, port);
	freeaddrinfo(to);

	/* Datagrams get lost, and the module drops some. So do not wait forever. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(EXIT_FAILURE, "setsockopt SO_RCVTIMEO");
	/* A datagram is sent whole or not at all. */
	if (send(fd, message, message_len, 0) < 0)
		err(EXIT_FAILURE, "send to %s port %s", host, port);
	len = recv(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "recv from %s port %s%s", host, port,
		    errno == EAGAIN ? ": no answer within 1 s" : "");
	if ((size_t)len != message_len)
		errx(EXIT_FAILURE, "recv from %s port %s: %zu bytes were sent, %zd came back", host,
		     port, message_len, len);
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
