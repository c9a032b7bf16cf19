// SPDX-License-Identifier: GPL-2.0-only
/*
 * number.c - numbers on the command line
 *
 * Each function returns false if the string is anything but such a number, or
 * if the number does not fit.
 */

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

/* Parses decimal or hexadecimal digits, and moves *s behind them. */
static bool parse_digits(const char **s, uint64_t *val)
{
	bool hex = (*s)[0] == '0' && ((*s)[1] == 'x' || (*s)[1] == 'X');
	const char *digits = hex ? *s + 2 : *s;
	char *end;

	/* strtoull() would also accept a sign, blanks and a second prefix. */
	if (!strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") ||
	    digits[1] == 'x' || digits[1] == 'X')
		return false;

	errno = 0;
	*val = strtoull(digits, &end, hex ? 16 : 10);
	*s = end;
	return !errno;
}

bool parse_int(const char *s, int32_t *val)
{
	bool negative = *s == '-';
	uint64_t abs;

	if (*s == '-' || *s == '+')
		s++;
	if (!parse_digits(&s, &abs) || *s || abs > INT32_MAX)
		return false;
	*val = negative ? -(int32_t)abs : (int32_t)abs;
	return true;
}

bool parse_uint(const char *s, uint32_t *val)
{
	uint64_t wide;

	if (!parse_digits(&s, &wide) || *s || wide > UINT32_MAX)
		return false;
	*val = wide;
	return true;
}

/* With k, M or G behind it for the powers of 1024. */
bool parse_bytes(const char *s, uint64_t *val)
{
	static const char suffixes[] = "kMG";
	unsigned int shift = 0;
	const char *suffix;

	if (!parse_digits(&s, val))
		return false;
	if (*s) {
		suffix = strchr(suffixes, *s == 'K' ? 'k' : *s);
		if (!suffix || s[1])
			return false;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (*val > UINT64_MAX >> shift)
		return false;
	*val <<= shift;
	return true;
}

/* With a fraction. */
bool parse_seconds(const char *s, double *val)
{
	char *end;

	if (strspn(s, "0123456789.") != strlen(s))
		return false;
	*val = strtod(s, &end);
	return end != s && !*end && isfinite(*val);
}
