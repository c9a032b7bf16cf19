/* SPDX-License-Identifier: GPL-2.0-only */
/* soak.h - what torture and fuzz share */
#ifndef DDT_SOAK_SOAK_H
#define DDT_SOAK_SOAK_H

#include <stdint.h>
#include <stdnoreturn.h>

#define __printf(format, args)					\
	__attribute__((__format__(__printf__,			\
				  format, args)))

/* xorshift64: the same on all machines. The state must not be 0. */
static inline uint32_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 32;
}

static inline uint32_t below(uint64_t *state, uint32_t limit)
{
	return next_random(state) % limit;
}

/*
 * What the kernel is tainted with, a warning for example, if that has changed
 * since the first call; else NULL.
 */
const char *new_taint(void);

#endif /* DDT_SOAK_SOAK_H */
