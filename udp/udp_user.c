// SPDX-License-Identifier: MIT
/*
 * Sends a message to the kernel's UDP socket and prints the answer.
 *
 * Usage: udp_user [-h HOST] [-p PORT] [message]
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
	const char *host = "127.0.0.1", *message = "hi kernel";
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM }, *to;
	struct timeval patience = { .tv_sec = 1 };
	int fd, option, ret, wrong = 0;
	char answer[200], *end = "";
	long port = 5555;
	ssize_t len;

	while ((option = getopt(argc, argv, "h:p:")) != -1) {
		if (option == 'h')
			host = optarg;
		else if (option == 'p')
			port = strtol(optarg, &end, 10);
		else
			wrong = 1;
	}
	if (wrong || *end || port < 1 || port > 65535 || argc - optind > 1) {
		fprintf(stderr, "usage: udp_user [-h HOST] [-p PORT] [message]\n");
		return 2;
	}
	if (optind < argc)
		message = argv[optind];

	ret = getaddrinfo(host, NULL, &hints, &to);
	if (ret)
		errx(EXIT_FAILURE, "getaddrinfo %s: %s", host, gai_strerror(ret));
	((struct sockaddr_in *)to->ai_addr)->sin_port = htons(port);
	fd = socket(to->ai_family, to->ai_socktype, to->ai_protocol);
	if (fd < 0)
		err(EXIT_FAILURE, "socket");

	/*
	 * Sends nothing. It names who may answer: without it recv() would take a
	 * datagram from anybody, and would not tell that nobody listens there.
	 */
	if (connect(fd, to->ai_addr, to->ai_addrlen))
		err(EXIT_FAILURE, "connect %s port %ld", host, port);

	/* Datagrams get lost, and the module drops some: the wait needs a limit. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(EXIT_FAILURE, "setsockopt SO_RCVTIMEO");
	if (send(fd, message, strlen(message), 0) < 0)
		err(EXIT_FAILURE, "send to %s port %ld", host, port);
	len = recv(fd, answer, sizeof(answer), 0);
	if (len < 0)
		err(EXIT_FAILURE, "recv from %s port %ld%s", host, port,
		    errno == EAGAIN ? ": no answer within 1 s" : "");
	printf("kernel said: ");
	fwrite(answer, 1, len, stdout);
	printf("\n");
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
