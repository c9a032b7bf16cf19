/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * torture.h - what the parts of the torture program share
 *
 * torture.c is the parent: it adds drives, starts processes that use them
 * (worker.c), disturbs and kills them, and lets all drain between. Each process
 * owns a range of a medium; content.c knows what must be there.
 *
 * All that outlives a process that is killed is in memory that is shared.
 */
#ifndef DDT_SOAK_TORTURE_H
#define DDT_SOAK_TORTURE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/ddt_drive.h>

#include "soak.h"

#define MAX_DRIVES	8
#define WORKERS		3	/* processes of a drive */
#define THREADS		3	/* of a process */
#define SLOTS		16	/* requests of a thread */
#define HISTORY		12	/* events of a slot */
#define SECTOR		DDT_DRIVE_SECTOR_SIZE
#define RANGE		1344	/* sectors of a process */
#define LARGE		1200	/* sectors of the largest request */
#define SMALL		16	/* of most; a provided buffer has so many too */
#define SKEW		37	/* where the first range begins: odd */
#define CAPACITY_KIB	2048	/* more than all ranges */
#define PATIENCE	(30 * SEC)	/* after which something is lost */

/* No write is in flight. */
#define NONE		UINT32_MAX

enum op {
	OP_READ, OP_WRITE, OP_VERIFY, OP_ERASE, OP_MOTOR, OP_FSYNC,
};

enum way {
	WAY_SYNC, WAY_RING, WAY_AIO, WAY_CONTROL,
};

enum what {
	EVENT_NOTHING, EVENT_SUBMIT, EVENT_ACCEPTED, EVENT_REFUSED,
	EVENT_CANCEL, EVENT_COMPLETED,
};

struct event {
	uint64_t when;
	enum what what;
	int64_t arg;
};

/* A request. Used by one thread only; others may look. */
struct slot {
	atomic_bool flying;
	uint32_t generation;		/* counts its requests */
	enum op op;
	enum way way;
	uint32_t sector, count;		/* in the range */
	uint32_t version;		/* what a write writes */
	uint32_t issued;		/* the last version at a read's begin */
	uint32_t id;			/* of a control operation */
	uint64_t submitted_at;		/* or earlier */
	uint64_t cancelled_at;		/* CANCEL has returned 0 */
	bool cancelled;			/* may end with ECANCELED */
	bool provided;			/* reads to a provided buffer */
	bool may_again;			/* may end with EAGAIN */
	unsigned int nr_events;
	struct event history[HISTORY];
};

/* What must be on the medium. */
struct range {
	uint32_t version;		/* the last that was given out */
	uint32_t stable[RANGE];
	uint32_t pending[RANGE];	/* what is being written, or NONE */
	uint16_t readers[RANGE];
};

struct worker {
	pid_t pid;			/* 0 if there is none */
	unsigned int drive, nr;
	bool stopped;
	uint64_t killed_at;
	bool dead;			/* not as it was told: see settle() */
	atomic_bool may_end;		/* it ends itself */
	atomic_uint idle;		/* threads that have drained */
	atomic_uint ended;		/* threads that have ended */
	atomic_uint waits_for_cancel;
	atomic_ulong requests;
	struct range range;
	struct slot slots[THREADS][SLOTS];
};

struct drive {
	unsigned int index;
	int fd;				/* the parent's */
	pid_t thread;			/* the drive's */
	bool gone;
	atomic_bool removing;
	bool uncertain;			/* a process died: bytes are not known */
	atomic_ulong bytes_read, bytes_written;
	struct ddt_drive_stats stats;	/* when it was last quiet */
	struct worker workers[WORKERS];
};

enum phase { PHASE_BUSY, PHASE_QUIET, PHASE_STOP };

struct shared {
	atomic_int phase;
	atomic_bool calm;		/* nothing is disturbed: no errors */
	atomic_bool failed;
	uint64_t begin;
	struct drive drives[MAX_DRIVES];
};

extern struct shared *shared;
extern unsigned int nr_cpus;

/* content.c */
uint64_t range_offset(const struct worker *worker, uint32_t sector);
void fill_sector(const struct worker *worker, uint32_t sector,
		 uint32_t version, void *data);
bool find_version(const struct worker *worker, uint32_t sector,
		  const void *data, uint32_t *version);
uint32_t crc_of(const struct worker *worker, uint32_t sector, uint32_t count);

/* torture.c */
void record(struct slot *slot, enum what what, int64_t arg);
__printf(3, 4)
noreturn void fail(const struct worker *worker, const struct slot *slot,
	  const char *fmt, ...);

/* worker.c */
noreturn void run_worker(struct worker *worker, uint64_t seed);

#endif /* DDT_SOAK_TORTURE_H */
