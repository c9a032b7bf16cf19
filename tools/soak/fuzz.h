/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuzz.h - what the parts of the fuzzer share
 *
 * fuzz.c starts processes and keeps what they find; program.c makes programs,
 * changes them, reads and writes them; execute.c runs them and checks what the
 * driver did; cover.c knows what has been reached.
 */
#ifndef DDT_SOAK_FUZZ_H
#define DDT_SOAK_FUZZ_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/ddt_drive.h>

#include "soak.h"

#define MAX_CALLS	16
#define MAX_DATA	704	/* more than the largest structure has */
#define MAX_LENGTH	6000	/* of memory that a call is given */
#define NR_FDS		8
#define NR_THREADS	3
#define MAX_PROCESSES	16
/* The numbers of the drives that they may have, two each. */
#define FIRST_INDEX	8
#define END_INDEX	(FIRST_INDEX + 2 * MAX_PROCESSES)
#define MAX_CORPUS	2048
#define NO_FLIP		0xffff

enum kind {
	CALL_OPEN, CALL_CLOSE, CALL_DUP, CALL_IOCTL, CALL_EVENTS, CALL_READ,
	CALL_WRITE, CALL_PREAD, CALL_PWRITE, CALL_PREADV, CALL_PWRITEV,
	CALL_LSEEK, CALL_FSYNC, CALL_FALLOCATE, CALL_FTRUNCATE, CALL_MMAP,
	CALL_POLL, CALL_EPOLL, CALL_SPLICE_IN, CALL_SPLICE_OUT, CALL_SETFL,
	CALL_FSTAT, CALL_URING, CALL_AIO, CALL_AIO_CANCEL, CALL_REAP, CALL_FORK,
	CALL_SLEEP,
	NR_KINDS
};

/* Where the memory of a call is. */
enum place {
	PLACE_MIDDLE,			/* of a page */
	PLACE_ODD,			/* not aligned */
	PLACE_STRADDLE,			/* two pages */
	PLACE_END,			/* at the end of what is mapped */
	PLACE_BEYOND,			/* its last bytes are not mapped */
	PLACE_READONLY,
	PLACE_HALF,			/* its second page is read-only */
	PLACE_VANISH,			/* unmapped and mapped meanwhile */
	PLACE_NULL,
	PLACE_KERNEL,
	NR_PLACES
};

struct call {
	uint8_t kind, thread, fd, place;
	uint8_t ref;			/* 1 + the call whose id it uses, or 0 */
	uint16_t flip;			/* a word that another thread changes */
	uint16_t length;		/* of its memory */
	uint32_t cmd;
	uint64_t a, b;
	unsigned char data[MAX_DATA];	/* what its memory begins with */
};

struct program {
	uint32_t n;
	struct call calls[MAX_CALLS];
};

/* A structure of the driver's. */
struct spec {
	const char *name;
	uint32_t cmd, size;
	uint16_t out, out_end;		/* what is filled in */
	uint16_t id;			/* where an id goes in, or 0 */
	bool query;			/* changes nothing: can be repeated */
	bool stores;			/* its size too */
	bool control;			/* of /dev/ddt-control */
	const int *errors;		/* beside those of all, up to 0 */
};

extern const struct spec specs[];
extern const unsigned int nr_specs;

/* What all processes share. */
struct shared {
	atomic_ulong calls, programs;
	atomic_uint nr_corpus;
	atomic_uint next_seed;		/* of the corpus that was loaded */
	unsigned int nr_seeds;
	atomic_bool failed, stop;
	atomic_bool ready[MAX_CORPUS];
	struct program corpus[MAX_CORPUS];
	struct program current[MAX_PROCESSES];
	atomic_ulong beats[MAX_PROCESSES];
	atomic_uint nr_cover;
	atomic_ulong cover[1 << 16];
};

extern struct shared *shared;
extern bool verbose;

/* cover.c */
bool cover_init(void);
void cover_thread(unsigned int thread);
void cover_begin(unsigned int thread);
void cover_call(unsigned int thread);
void cover_result(unsigned int thread, uint64_t result);
bool cover_has(const uint64_t *items, unsigned int n);
unsigned int cover_take_new(uint64_t *items, unsigned int max);

/* program.c */
const struct spec *find_spec(uint32_t cmd);
void generate(struct program *program, uint64_t *random);
void mutate(struct program *program, const struct program *other,
	    uint64_t *random);
void remove_call(struct program *program, unsigned int i);
void write_program(FILE *file, const struct program *program);
bool read_program(FILE *file, struct program *program);

/* execute.c */
void execute_init(unsigned int process, uint64_t seed);
void execute(const struct program *program);

/* fuzz.c */
__printf(2, 3)
noreturn void fail(const struct program *program, const char *fmt, ...);

#endif /* DDT_SOAK_FUZZ_H */
