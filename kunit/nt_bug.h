/* SPDX-License-Identifier: GPL-2.0-only */
/* nt_bug.h - what tests of the NT names use to see bugs reported */
#ifndef _DDT_KUNIT_NT_BUG_H
#define _DDT_KUNIT_NT_BUG_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/module.h>

#include <ddt/nt.h>

/* Static: each test file has its own. Only one suite runs at a time. */
static atomic_t nt_bugs;

static void nt_note_bug(const char *function, const char *what)
{
	atomic_inc(&nt_bugs);
}

static inline void nt_bug_init(void)
{
	atomic_set(&nt_bugs, 0);
	ddt_nt_set_bug_fn(nt_note_bug);
}

static inline void nt_bug_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, atomic_read(&nt_bugs), 0);
	ddt_nt_set_bug_fn(NULL);
}

/* One bug has been reported since the test began or this was last used. */
#define NT_EXPECT_REPORTED(test) \
	KUNIT_EXPECT_EQ(test, atomic_xchg(&nt_bugs, 0), 1)

/* What a module is that is being unloaded. */
static inline struct module *nt_going_module(struct kunit *test)
{
	struct module *module = NULL;

	if (!IS_ENABLED(CONFIG_MODULES))
		kunit_skip(test, "needs modules");
#ifdef CONFIG_MODULES
	module = kunit_kzalloc(test, sizeof(*module), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, module);
	module->state = MODULE_STATE_GOING;
#endif
	return module;
}

static inline LARGE_INTEGER nt_in_ms(int ms)
{
	return (LARGE_INTEGER){ .QuadPart = -10000LL * ms };
}

#endif /* _DDT_KUNIT_NT_BUG_H */
