/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * daq.h - what two drivers for a data-acquisition device have in common
 *
 * The device is an analog-to-digital converter with eight channels. It is told
 * to convert one, which takes its time, and has no interrupt: one has to ask
 * whether it is ready. daq_nt.c is its driver in NT names, as ported from
 * Windows; daq_ddt.c is the same driver for Linux alone. The converter here is
 * made of software, so that both can be run and tested anywhere.
 */
#ifndef _DAQ_H
#define _DAQ_H

#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include <ddt/queue.h>

#define DAQ_CHANNELS		8
#define DAQ_DEPTH		16	/* reads that may be queued */
#define DAQ_POLL_US		1000	/* how often to ask the converter */
#define DAQ_MAX_POLLS		1000	/* then it is broken */

#define DAQ_NEVER		UINT_MAX

/**
 * struct daq_hw - the converter
 * @polls: after how many questions it is ready; DAQ_NEVER if it is broken
 *
 * Used by one thread at a time, which is what the drivers are there for.
 */
struct daq_hw {
	unsigned int polls;
	/* private: */
	unsigned int channel;
	unsigned int asked;
	unsigned int conversions;
};

void daq_hw_start(struct daq_hw *hw, unsigned int channel);
bool daq_hw_ready(struct daq_hw *hw);
u32 daq_hw_value(struct daq_hw *hw);

struct daq;
struct daq_driver;
struct daq_file;

/**
 * struct daq_read - a request for one value
 * @driver: to which driver
 * @file: of which open file
 * @channel: of which channel
 * @value: the value, once it is done
 * @status: 0 or a negative errno, once it is done
 * @done: completed when it is done
 */
struct daq_read {
	const struct daq_driver *driver;
	struct daq_file *file;
	unsigned int channel;
	u32 value;
	int status;
	struct completion done;
	/* private: */
	struct kref refs;
	void *irp;			/* daq_nt_linux.c */
	struct ddt_request request;	/* daq_ddt.c */
	struct list_head link;		/* daq_ddt.c */
	bool closing;			/* daq_ddt.c */
};

struct daq_read *daq_read_alloc(const struct daq_driver *driver,
				struct daq_file *file, unsigned int channel);
void daq_read_submit(struct daq_read *read);
void daq_read_done(struct daq_read *read, int status);
void daq_read_put(struct daq_read *read);

/**
 * struct daq_driver - a driver as Linux sees it
 * @name: of its device node
 * @load: takes a converter into service
 * @unload: ends that; no file is open
 * @open: opens a file
 * @close: cancels the reads of the file and waits for them
 * @submit: starts a read; daq_read_done() is called for it once, perhaps before
 *	this returns
 * @cancel: cancels a read that has been submitted
 * @free_read: frees what @submit has allocated for a read; optional
 */
struct daq_driver {
	const char *name;
	struct daq *(*load)(struct daq_hw *hw);
	void (*unload)(struct daq *daq);
	struct daq_file *(*open)(struct daq *daq);
	void (*close)(struct daq_file *file);
	void (*submit)(struct daq_read *read);
	void (*cancel)(struct daq_read *read);
	void (*free_read)(struct daq_read *read);
};

extern const struct daq_driver daq_nt_driver;
extern const struct daq_driver daq_ddt_driver;

#endif /* _DAQ_H */
