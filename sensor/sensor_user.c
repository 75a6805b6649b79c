// SPDX-License-Identifier: MIT
/*
 * Prints the next samples of the first sensor, and how many were missed between two of
 * them. With a period and a limit it first sets both at once, and prints the old ones.
 *
 * Usage: sensor_user [count [period_ms limit]]
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sensor.h"

#define PATH "/dev/sensor_example0"

static void wrong_usage(void)
{
	fprintf(stderr, "usage: sensor_user [count [period_ms limit]]\n");
	exit(2);
}

static long long number(const char *text, long long min, long long max)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 0);
	if (errno || end == text || *end || n < min || n > max)
		wrong_usage();
	return n;
}

int main(int argc, char *argv[])
{
	struct sensor_example_settings settings;
	struct sensor_example_sample sample;
	long count = 3, i;
	__u32 next = 0;
	ssize_t ret;
	int fd;

	if (getopt(argc, argv, "+") != -1)
		wrong_usage();
	argc -= optind;
	argv += optind;
	if (argc == 2 || argc > 3)
		wrong_usage();
	if (argc > 0)
		count = number(argv[0], 1, 1000000);
	if (argc > 1) {
		settings.period_ms = number(argv[1], 0, 0xffffffff);
		settings.limit = number(argv[2], -0x7fffffff - 1, 0x7fffffff);
	}

	fd = open(PATH, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_FAILURE, "open %s", PATH);
	if (argc > 1) {
		if (ioctl(fd, SENSOR_EXAMPLE_EXCHANGE, &settings))
			err(EXIT_FAILURE, "SENSOR_EXAMPLE_EXCHANGE");
		printf("before: every %u ms, limit %d\n", settings.period_ms, settings.limit);
	}
	for (i = 0; i < count; i++) {
		/* The kernel returns whole samples, so this is one, or an error. */
		ret = read(fd, &sample, sizeof(sample));
		if (ret < 0)
			err(EXIT_FAILURE, "read %s", PATH);
		if (ret != sizeof(sample))
			errx(EXIT_FAILURE, "read %s: %zd of %zu bytes read", PATH, ret,
			     sizeof(sample));
		/* Unsigned: the difference is right even where the sequence wraps around. */
		if (i && sample.sequence != next)
			printf("missed %u\n", sample.sequence - next);
		next = sample.sequence + 1;
		printf("kernel said: %d\n", sample.value);
	}
	if (fclose(stdout))
		err(EXIT_FAILURE, "write standard output");
	return 0;
}
