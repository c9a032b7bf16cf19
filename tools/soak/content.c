// SPDX-License-Identifier: GPL-2.0-only
/*
 * content.c - what is written to the medium
 *
 * A sector says where it belongs and which write it is from: its first word is
 * the version, all others follow from drive, sector and version. Version 0 is
 * zeros: a new medium, or one that was erased.
 */

#include <string.h>

#include "torture.h"

enum { WORDS = SECTOR / 8 };

uint64_t range_offset(const struct worker *worker, uint32_t sector)
{
	return SKEW + ((uint64_t)worker->nr * RANGE + sector) * SECTOR;
}

static uint64_t mix(uint64_t x)
{
	x ^= x >> 31;
	x *= 0x9e3779b97f4a7c15;
	x ^= x >> 29;
	return x;
}

static uint64_t key_of(const struct worker *worker, uint32_t sector,
		       uint32_t version)
{
	uint64_t where = (worker->drive * WORKERS + worker->nr) * RANGE + sector;

	return mix((where << 32 | version) + 1);
}

void fill_sector(const struct worker *worker, uint32_t sector,
		 uint32_t version, void *data)
{
	uint64_t key = key_of(worker, sector, version);
	uint64_t *words = data;

	if (!version) {
		memset(data, 0, SECTOR);
		return;
	}
	words[0] = version;
	for (int i = 1; i < WORDS; i++)
		words[i] = key + i * 0x9e3779b97f4a7c15;
}

/* Whether @data is a whole sector of this place; which version of it. */
bool find_version(const struct worker *worker, uint32_t sector,
		  const void *data, uint32_t *version)
{
	uint64_t expected[WORDS];

	*version = *(const uint64_t *)data;
	fill_sector(worker, sector, *version, expected);
	return !memcmp(data, expected, SECTOR);
}

/* As the drive computes it. */
uint32_t crc_of(const struct worker *worker, uint32_t sector, uint32_t count)
{
	static uint32_t table[256];
	unsigned char data[SECTOR];
	uint32_t crc = ~0U;

	if (!table[1]) {
		/* Other threads may do the same: it has the same outcome. */
		for (uint32_t i = 256; i-- > 0;) {
			uint32_t value = i;

			for (int bit = 0; bit < 8; bit++)
				value = value >> 1 ^ (value & 1 ? 0xedb88320 : 0);
			__atomic_store_n(&table[i], value, __ATOMIC_RELEASE);
		}
	}
	for (; count; count--, sector++) {
		fill_sector(worker, sector, worker->range.stable[sector], data);
		for (int i = 0; i < SECTOR; i++)
			crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
	}
	return ~crc;
}
