// SPDX-License-Identifier: GPL-2.0-only
/*
 * program.c - programs: how they are made, changed, written and read
 *
 * A program is a text of one call a line: the name of the call, then NAME=VALUE
 * for all that is not 0, the memory in hexadecimal without the zeros at its end.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../ddtctl/tests/check.h"
#include "fuzz.h"

static const int submit_errors[] = { EBADF, ENOSPC, EAGAIN, EBUSY, 0 };
static const int wait_errors[] = { ENOENT, ETIME, EINTR, 0 };
static const int cancel_errors[] = { ENOENT, EALREADY, 0 };
static const int priority_errors[] = { EBADF, ERANGE, EPERM, 0 };
static const int model_errors[] = { EBADF, ERANGE, 0 };
static const int medium_errors[] = { EBADF, 0 };
static const int fault_errors[] = { EBADF, ENOSPC, 0 };
static const int get_errors[] = { ENOENT, 0 };
static const int remove_errors[] = { EBADF, ENOENT, 0 };
static const int add_errors[] = { EBADF, EEXIST, ENOSPC, ERANGE, EPERM, 0 };

#define SPEC(type, name_)						\
	.name = #name_, .cmd = DDT_DRIVE_IOC_##name_, .size = sizeof(struct type)

const struct spec specs[] = {
	{ SPEC(ddt_drive_info, INFO), .out = 4, .out_end = 64, .query = true,
	  .stores = true },
	{ SPEC(ddt_drive_stats, STATS), .out = 4, .out_end = 88, .query = true,
	  .stores = true },
	{ SPEC(ddt_drive_priority, GET_PRIORITY), .out = 4, .out_end = 8,
	  .query = true, .stores = true },
	{ SPEC(ddt_drive_priority, SET_PRIORITY), .errors = priority_errors },
	{ SPEC(ddt_drive_submit, SUBMIT), .out = 12, .out_end = 16,
	  .errors = submit_errors },
	{ SPEC(ddt_drive_wait, WAIT), .out = 8, .out_end = 56, .id = 8,
	  .stores = true, .errors = wait_errors },
	{ SPEC(ddt_drive_cancel, CANCEL), .id = 4, .errors = cancel_errors },
	{ SPEC(ddt_drive_model, GET_MODEL), .out = 4, .out_end = 32,
	  .query = true, .stores = true },
	{ SPEC(ddt_drive_model, SET_MODEL), .errors = model_errors },
	{ SPEC(ddt_drive_medium, SET_MEDIUM), .errors = medium_errors },
	{ SPEC(ddt_drive_fault, FAULT_ADD), .out = 4, .out_end = 8,
	  .errors = fault_errors },
	{ SPEC(ddt_drive_fault, FAULT_REMOVE), .id = 4,
	  .errors = remove_errors },
	{ SPEC(ddt_drive_fault, FAULT_GET), .out = 4, .out_end = 48, .id = 4,
	  .query = true, .stores = true, .errors = get_errors },
	{ SPEC(ddt_drive_times, TIMES), .out = 4, .out_end = 648,
	  .query = true, .stores = true },
	{ SPEC(ddt_drive_add, ADD), .out = 8, .out_end = 12,
	  .control = true, .errors = add_errors },
	{ SPEC(ddt_drive_remove, REMOVE), .control = true,
	  .errors = remove_errors },
};

const unsigned int nr_specs = ARRAY_SIZE(specs);

const struct spec *find_spec(uint32_t cmd)
{
	for (unsigned int i = 0; i < nr_specs; i++)
		if (specs[i].cmd == cmd)
			return &specs[i];
	return NULL;
}

/* Text */

static const char *const kinds[NR_KINDS] = {
	[CALL_OPEN] = "open", [CALL_CLOSE] = "close", [CALL_DUP] = "dup",
	[CALL_IOCTL] = "ioctl", [CALL_EVENTS] = "events",
	[CALL_READ] = "read", [CALL_WRITE] = "write", [CALL_PREAD] = "pread",
	[CALL_PWRITE] = "pwrite", [CALL_PREADV] = "preadv",
	[CALL_PWRITEV] = "pwritev", [CALL_LSEEK] = "lseek",
	[CALL_FSYNC] = "fsync", [CALL_FALLOCATE] = "fallocate",
	[CALL_FTRUNCATE] = "ftruncate", [CALL_MMAP] = "mmap",
	[CALL_POLL] = "poll", [CALL_EPOLL] = "epoll",
	[CALL_SPLICE_IN] = "splice_in", [CALL_SPLICE_OUT] = "splice_out",
	[CALL_SETFL] = "setfl", [CALL_FSTAT] = "fstat",
	[CALL_URING] = "uring", [CALL_AIO] = "aio",
	[CALL_AIO_CANCEL] = "aio_cancel", [CALL_REAP] = "reap",
	[CALL_FORK] = "fork", [CALL_SLEEP] = "sleep",
};

static const char *const places[NR_PLACES] = {
	[PLACE_MIDDLE] = "middle", [PLACE_ODD] = "odd",
	[PLACE_STRADDLE] = "straddle", [PLACE_END] = "end",
	[PLACE_BEYOND] = "beyond", [PLACE_READONLY] = "readonly",
	[PLACE_HALF] = "half", [PLACE_VANISH] = "vanish",
	[PLACE_NULL] = "null", [PLACE_KERNEL] = "kernel",
};

static void write_call(FILE *file, const struct call *call)
{
	const struct spec *spec = find_spec(call->cmd);
	unsigned int n = MAX_DATA;

	fputs(kinds[call->kind], file);
	if (call->thread)
		fprintf(file, " thread=%u", call->thread);
	if (call->fd)
		fprintf(file, " fd=%u", call->fd);
	if (call->kind == CALL_IOCTL && spec)
		fprintf(file, " cmd=%s", spec->name);
	else if (call->cmd)
		fprintf(file, " cmd=%#x", call->cmd);
	if (call->a)
		fprintf(file, " a=%#llx", (unsigned long long)call->a);
	if (call->b)
		fprintf(file, " b=%#llx", (unsigned long long)call->b);
	if (call->place)
		fprintf(file, " place=%s", places[call->place]);
	if (call->ref)
		fprintf(file, " ref=%u", call->ref);
	if (call->flip != NO_FLIP)
		fprintf(file, " flip=%u", call->flip);
	if (call->length)
		fprintf(file, " length=%u", call->length);
	while (n && !call->data[n - 1])
		n--;
	if (n)
		fputs(" data=", file);
	for (unsigned int i = 0; i < n; i++)
		fprintf(file, "%02x", call->data[i]);
	fputc('\n', file);
}

void write_program(FILE *file, const struct program *program)
{
	for (uint32_t i = 0; i < program->n; i++)
		write_call(file, &program->calls[i]);
}

static int find_name(const char *const *names, unsigned int n, const char *name)
{
	for (unsigned int i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

static uint32_t read_cmd(const char *text)
{
	for (unsigned int i = 0; i < nr_specs; i++)
		if (!strcmp(specs[i].name, text))
			return specs[i].cmd;
	return strtoul(text, NULL, 0);
}

static void read_data(struct call *call, const char *text)
{
	for (unsigned int i = 0; i < MAX_DATA && text[2 * i]; i++)
		if (sscanf(text + 2 * i, "%2hhx", &call->data[i]) != 1)
			return;
}

static bool read_field(struct call *call, const char *name, const char *text)
{
	uint64_t value = strtoull(text, NULL, 0);
	int place = find_name(places, NR_PLACES, text);

	if (!strcmp(name, "thread"))
		call->thread = value % NR_THREADS;
	else if (!strcmp(name, "fd"))
		call->fd = value % NR_FDS;
	else if (!strcmp(name, "cmd"))
		call->cmd = read_cmd(text);
	else if (!strcmp(name, "a"))
		call->a = value;
	else if (!strcmp(name, "b"))
		call->b = value;
	else if (!strcmp(name, "ref"))
		call->ref = value % (MAX_CALLS + 1);
	else if (!strcmp(name, "flip"))
		call->flip = value;
	else if (!strcmp(name, "length"))
		call->length = value < MAX_LENGTH ? value : MAX_LENGTH;
	else if (!strcmp(name, "data"))
		read_data(call, text);
	else if (!strcmp(name, "place") && place >= 0)
		call->place = place;
	else
		return false;
	return true;
}

static bool read_call(struct call *call, char *line)
{
	char *saved, *word = strtok_r(line, "\n ", &saved);
	int kind;

	memset(call, 0, sizeof(*call));
	call->flip = NO_FLIP;
	kind = word ? find_name(kinds, NR_KINDS, word) : -1;
	if (kind < 0)
		return false;
	call->kind = kind;
	while ((word = strtok_r(NULL, "\n ", &saved))) {
		char *value = strchr(word, '=');

		if (!value)
			return false;
		*value++ = 0;
		if (!read_field(call, word, value))
			return false;
	}
	return true;
}

/* Lines that begin with # are comments. */
bool read_program(FILE *file, struct program *program)
{
	char line[2 * MAX_DATA + 256];

	memset(program, 0, sizeof(*program));
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (program->n == MAX_CALLS ||
		    !read_call(&program->calls[program->n], line))
			return false;
		program->n++;
	}
	return program->n;
}

/* Random calls */

static unsigned int chance(uint64_t *random, unsigned int limit)
{
	return below(random, limit);
}

static bool one_in(uint64_t *random, unsigned int n)
{
	return !below(random, n);
}

static uint64_t interesting(uint64_t *random)
{
	static const uint64_t values[] = {
		0, 1, 2, 3, 4, 7, 8, 20, 63, 64, 100, 511, 512, 513, 1023, 1024,
		4095, 4096, 4097, 65535, 65536, 65537, 262143, 262144, 262145,
		10000000, 10000001, 60000, 60001, 3600000, 3600001,
		1048576, 1048577, INT32_MAX, 1ULL << 31, UINT32_MAX,
		1ULL << 32, INT64_MAX, 1ULL << 63, UINT64_MAX - 511, UINT64_MAX,
		(uint64_t)-20, (uint64_t)-21, 19,
	};
	uint64_t value = values[chance(random, ARRAY_SIZE(values))];

	if (one_in(random, 8))
		value += chance(random, 3) - 1;
	return value;
}

static void put32(struct call *call, unsigned int offset, uint32_t value)
{
	memcpy(call->data + offset, &value, sizeof(value));
}

static void put64(struct call *call, unsigned int offset, uint64_t value)
{
	memcpy(call->data + offset, &value, sizeof(value));
}

static uint64_t some_offset(uint64_t *random)
{
	if (one_in(random, 6))
		return interesting(random);
	return chance(random, 600 * 1024);
}

/* The size of a structure, or nearly so. */
static void set_size(struct call *call, uint32_t size, uint64_t *random)
{
	uint32_t claimed = size;

	switch (chance(random, 16)) {
	case 0:
		claimed = size - 1 - chance(random, 8);
		break;
	case 1:
		claimed = size + 1 + chance(random, 64);
		break;
	case 2:
		claimed = interesting(random);
		break;
	case 3:
		claimed = 4096 + chance(random, 3) - 1;
		break;
	}
	put32(call, 0, claimed);
	call->length = claimed < MAX_LENGTH && claimed > size ? claimed : size;
}

static void make_valid(struct call *call, const struct spec *spec,
		       uint64_t *random)
{
	const uint64_t far = one_in(random, 2) ? 0 : 20000000000000ULL;

	switch (spec->cmd) {
	case DDT_DRIVE_IOC_SET_PRIORITY:
		put32(call, 4, (int)chance(random, 44) - 22);
		break;
	case DDT_DRIVE_IOC_SUBMIT:
		put32(call, 4, one_in(random, 3));
		put32(call, 8, 1 + chance(random, 4));
		if (call->data[8] >= DDT_DRIVE_OP_VERIFY || one_in(random, 8)) {
			put64(call, 16, some_offset(random));
			put64(call, 24, 1 + chance(random, 100000));
		}
		break;
	case DDT_DRIVE_IOC_WAIT:
		put64(call, 16, one_in(random, 3) ? UINT64_MAX : far);
		break;
	case DDT_DRIVE_IOC_CANCEL:
	case DDT_DRIVE_IOC_FAULT_REMOVE:
	case DDT_DRIVE_IOC_FAULT_GET:
		put32(call, 4, chance(random, 4));
		break;
	case DDT_DRIVE_IOC_SET_MODEL:
		put32(call, 4, chance(random, 100));
		put32(call, 8, chance(random, 100));
		put32(call, 12, one_in(random, 2) ? 0 : chance(random, 1000000));
		put32(call, 16, chance(random, 3));
		put32(call, 20, chance(random, 3));
		break;
	case DDT_DRIVE_IOC_SET_MEDIUM:
		put32(call, 4, chance(random, 4));
		break;
	case DDT_DRIVE_IOC_FAULT_ADD:
		put32(call, 8, 1 + chance(random, 3));
		put32(call, 12, 1 + chance(random, 7));
		put32(call, 16, chance(random, 3));
		if (call->data[8] == DDT_DRIVE_FAULT_DELAY)
			put32(call, 24, 1 + chance(random, 5));
		if (one_in(random, 2)) {
			put64(call, 32, some_offset(random));
			put64(call, 40, 1 + chance(random, 100000));
		}
		break;
	case DDT_DRIVE_IOC_ADD:
		put32(call, 8, one_in(random, 2) ? DDT_DRIVE_ANY_INDEX :
						   chance(random, 66));
		put32(call, 12, chance(random, 64));
		put32(call, 16, chance(random, 64));
		if (one_in(random, 2)) {
			put32(call, 4, DDT_DRIVE_ADD_MODEL);
			put32(call, 24, sizeof(struct ddt_drive_model));
			put32(call, 28, chance(random, 100));
		}
		break;
	case DDT_DRIVE_IOC_REMOVE:
		put32(call, 4, chance(random, 66));
		break;
	default:
		/* All that is filled in has a pattern before. */
		for (unsigned int i = spec->out; i < spec->out_end; i++)
			call->data[i] = next_random(random);
		break;
	}
}

static void make_ioctl(struct call *call, uint64_t *random)
{
	const struct spec *spec = &specs[chance(random, nr_specs)];

	call->cmd = spec->cmd;
	if (spec->control)
		call->fd = NR_FDS - 1;
	make_valid(call, spec, random);
	set_size(call, spec->size, random);
	if (one_in(random, 24))
		call->cmd ^= 1U << chance(random, 32);
	if (one_in(random, 8))
		call->data[chance(random, spec->size)] = interesting(random);
	if (one_in(random, 8))
		call->ref = 1 + chance(random, MAX_CALLS);
	else if (spec->id && !one_in(random, 4))
		call->ref = 1 + chance(random, 6);
	if (one_in(random, 10))
		call->flip = one_in(random, 2) ? 0 :
			     chance(random, spec->size / 4) * 4;
}

/* An sqe: what is an address, a file or user_data is set when it is used. */
static void make_sqe(struct call *call, uint64_t *random)
{
	static const uint8_t opcodes[] = {
		1, 2, 3, 4, 5, 6, 14, 22, 22, 22, 23, 23, 23, 30, 46, 49, 17, 0,
	};

	call->data[0] = opcodes[chance(random, ARRAY_SIZE(opcodes))];
	call->data[1] = one_in(random, 4) ? 1 << chance(random, 6) : 0;
	put64(call, 8, some_offset(random));
	put32(call, 24, one_in(random, 8) ? interesting(random) :
					    chance(random, 3000));
	if (one_in(random, 4))
		put32(call, 28, 1U << chance(random, 32));
	call->length = 1 + chance(random, 3000);
}

static void make_call(struct call *call, uint64_t *random)
{
	static const int flags[] = {
		O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_NONBLOCK,
		O_RDWR | O_DIRECT, O_RDWR | O_APPEND, O_RDWR | O_TRUNC,
		O_RDWR | O_SYNC, O_ACCMODE,
	};

	memset(call, 0, sizeof(*call));
	call->flip = NO_FLIP;
	call->fd = one_in(random, 4) ? chance(random, NR_FDS) : 0;
	call->thread = one_in(random, 3) ? chance(random, NR_THREADS) : 0;
	call->place = one_in(random, 3) ? chance(random, NR_PLACES) : 0;
	if (one_in(random, 2)) {
		call->kind = CALL_IOCTL;
		make_ioctl(call, random);
		return;
	}
	call->kind = chance(random, NR_KINDS);
	call->length = 1 + chance(random, 3000);
	call->a = some_offset(random);
	call->b = chance(random, 8);
	switch (call->kind) {
	case CALL_OPEN:
		call->cmd = one_in(random, 3) ?
			    flags[chance(random, ARRAY_SIZE(flags))] : O_RDWR;
		call->a = chance(random, 3);
		break;
	case CALL_IOCTL:
		make_ioctl(call, random);
		break;
	case CALL_LSEEK:
		call->b = chance(random, 6);
		break;
	case CALL_SETFL:
		call->cmd = one_in(random, 2) ? O_NONBLOCK :
						1U << chance(random, 22);
		break;
	case CALL_PREADV:
	case CALL_PWRITEV:
		call->cmd = one_in(random, 2) ? 0 : 1U << chance(random, 7);
		break;
	case CALL_URING:
		make_sqe(call, random);
		break;
	case CALL_FORK:
		/* It takes long. */
		if (!one_in(random, 8))
			call->kind = CALL_PREAD;
		break;
	}
}

static void open_first(struct program *program)
{
	struct call *call = &program->calls[0];

	memset(call, 0, sizeof(*call));
	call->kind = CALL_OPEN;
	call->flip = NO_FLIP;
	call->cmd = O_RDWR;
	program->n = 1;
}

static void open_control(struct program *program)
{
	struct call *call = &program->calls[program->n++];

	memset(call, 0, sizeof(*call));
	call->kind = CALL_OPEN;
	call->flip = NO_FLIP;
	call->fd = NR_FDS - 1;
	call->a = 1;
	call->cmd = O_RDWR;
}

/* Lets calls that take an id have that of a call which gives one. */
static void refer(struct program *program, uint64_t *random)
{
	for (unsigned int i = 1; i < program->n; i++) {
		const struct spec *spec = find_spec(program->calls[i].cmd);
		unsigned int from = chance(random, i);
		const struct spec *giver = find_spec(program->calls[from].cmd);

		if (spec && spec->id && giver && giver->out && !giver->query)
			program->calls[i].ref = from + 1;
	}
}

void generate(struct program *program, uint64_t *random)
{
	unsigned int n = 1 + chance(random, 8);

	open_first(program);
	if (one_in(random, 4))
		open_control(program);
	while (n--)
		make_call(&program->calls[program->n++], random);
	refer(program, random);
}

/* Changes */

void remove_call(struct program *program, unsigned int i)
{
	program->n--;
	memmove(&program->calls[i], &program->calls[i + 1],
		(program->n - i) * sizeof(struct call));
	for (unsigned int j = 0; j < program->n; j++) {
		if (program->calls[j].ref == i + 1)
			program->calls[j].ref = 0;
		else if (program->calls[j].ref > i + 1)
			program->calls[j].ref--;
	}
}

static void insert_call(struct program *program, unsigned int i,
			const struct call *call)
{
	if (program->n == MAX_CALLS)
		return;
	memmove(&program->calls[i + 1], &program->calls[i],
		(program->n - i) * sizeof(struct call));
	program->calls[i] = *call;
	program->n++;
	for (unsigned int j = 0; j < program->n; j++)
		if (j != i && program->calls[j].ref > i &&
		    program->calls[j].ref < MAX_CALLS)
			program->calls[j].ref++;
}

static void change_call(struct call *call, uint64_t *random)
{
	unsigned int word = chance(random, call->length / 4 + 1) * 4;
	uint64_t value = interesting(random);

	if (word > MAX_DATA - 8)
		word = 0;
	switch (chance(random, 12)) {
	case 0:
		call->place = chance(random, NR_PLACES);
		break;
	case 1:
		call->thread = chance(random, NR_THREADS);
		break;
	case 2:
		call->fd = chance(random, NR_FDS);
		break;
	case 3:
		call->a = one_in(random, 2) ? value : call->a + 1;
		break;
	case 4:
		call->b = one_in(random, 2) ? value : call->b - 1;
		break;
	case 5:
		call->cmd ^= 1U << chance(random, 32);
		break;
	case 6:
		memcpy(call->data + word, &value, 4);
		break;
	case 7:
		memcpy(call->data + word, &value, 8);
		break;
	case 8:
		call->data[chance(random, word + 4)] ^= 1 << chance(random, 8);
		break;
	case 9:
		call->ref = chance(random, MAX_CALLS);
		break;
	case 10:
		call->flip = one_in(random, 2) ? NO_FLIP : word;
		break;
	case 11:
		call->length = chance(random, 5000);
		break;
	}
}

void mutate(struct program *program, const struct program *other,
	    uint64_t *random)
{
	unsigned int n = 1 + chance(random, 4);

	while (n--) {
		unsigned int i = program->n ? chance(random, program->n) : 0;
		struct call call;

		switch (chance(random, 8)) {
		case 0:
			if (program->n > 1)
				remove_call(program, i);
			break;
		case 1:
		case 2:
			make_call(&call, random);
			insert_call(program, chance(random, program->n + 1),
				    &call);
			break;
		case 3:
			call = program->calls[i];
			call.thread = chance(random, NR_THREADS);
			insert_call(program, i, &call);
			break;
		case 4:
			if (other->n)
				insert_call(program, chance(random, program->n + 1),
					    &other->calls[chance(random, other->n)]);
			break;
		default:
			if (program->n)
				change_call(&program->calls[i], random);
			break;
		}
	}
}
