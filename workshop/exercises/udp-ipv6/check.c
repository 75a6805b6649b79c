// SPDX-License-Identifier: MIT
/*
 * Sends a datagram, and prints the answer, or why there is none.
 *
 * Usage: udp_check ADDRESS TEXT [OWN-ADDRESS OWN-PORT]
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static union address parse(const char *text, int port)
{
	union address address;

	memset(&address, 0, sizeof(address));
	if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1)
		address.v6.sin6_family = AF_INET6;
	else if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1)
		address.v4.sin_family = AF_INET;
	else
		errx(2, "no address: %s", text);
	address.v4.sin_port = htons(port); /* in the same place in both */
	return address;
}

static socklen_t size(const union address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

int main(int argc, char *argv[])
{
	struct timeval patience = { .tv_sec = 1 };
	union address to, own;
	char answer[1000];
	ssize_t n;
	int fd;

	if (argc < 3)
		errx(2, "usage: udp_check ADDRESS TEXT [OWN-ADDRESS OWN-PORT]");
	to = parse(argv[1], 5555);
	fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
	if (fd < 0)
		err(1, "socket");
	if (argc > 4) {
		own = parse(argv[3], atoi(argv[4]));
		if (bind(fd, &own.any, size(&own)))
			err(1, "bind");
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, &to.any, size(&to)))
		err(1, "connect");
	if (send(fd, argv[2], strlen(argv[2]), 0) < 0)
		err(1, "send");
	n = recv(fd, answer, sizeof(answer), 0);
	if (n < 0)
		printf("%m\n");
	else
		printf("%.*s\n", (int)n, answer);
	return 0;
}
