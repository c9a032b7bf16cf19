/* SPDX-License-Identifier: GPL-2.0-only */
/* number.h - numbers on the command line */
#ifndef DDTCTL_NUMBER_H
#define DDTCTL_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

bool parse_int(const char *s, int32_t *val);
bool parse_uint(const char *s, uint32_t *val);
bool parse_bytes(const char *s, uint64_t *val);
bool parse_seconds(const char *s, double *val);

#endif /* DDTCTL_NUMBER_H */
