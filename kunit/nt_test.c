// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_test.c - tests of the NT names: dispatcher objects, waits, handles,
 *	       threads, lists
 */

/* First, so that it is seen to need no other header before it. */
#include <ddt/nt.h>

#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "nt_bug.h"

static LARGE_INTEGER zero;	/* a timeout: test only */

static int nt_test_init(struct kunit *test)
{
	nt_bug_init();
	return 0;
}

static void nt_test_exit(struct kunit *test)
{
	nt_bug_exit(test);
}

/* Waits for the object without a timeout, or tests it. */
static NTSTATUS wait_for(PVOID object)
{
	return KeWaitForSingleObject(object, Executive, KernelMode, FALSE,
				     NULL);
}

static NTSTATUS test_object(PVOID object)
{
	return KeWaitForSingleObject(object, Executive, KernelMode, FALSE,
				     &zero);
}

/* Semaphores. */

static void semaphore_release_returns_the_previous_count(struct kunit *test)
{
	KSEMAPHORE sem;

	KeInitializeSemaphore(&sem, 0, 10);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, IO_NO_INCREMENT, 1,
						 FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, IO_NO_INCREMENT, 3,
						 FALSE), 1);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 4);
}

static void semaphore_release_past_limit_changes_nothing(struct kunit *test)
{
	KSEMAPHORE sem;

	KeInitializeSemaphore(&sem, 3, 5);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, 3, FALSE), 3);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 3);
	/* The sum would be negative. */
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, MAXLONG, FALSE), 3);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 3);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, 2, FALSE), 3);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 5);
}

static void semaphore_with_limit_maxlong_does_not_wrap(struct kunit *test)
{
	KSEMAPHORE sem;

	KeInitializeSemaphore(&sem, MAXLONG, MAXLONG);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, 1, FALSE), MAXLONG);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), MAXLONG);
}

static void semaphore_release_by_a_negative_number_is_a_bug(struct kunit *test)
{
	KSEMAPHORE sem;

	KeInitializeSemaphore(&sem, 3, 5);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, -1, FALSE), 3);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 3);
}

static void semaphore_release_by_0_returns_the_count(struct kunit *test)
{
	KSEMAPHORE sem;

	KeInitializeSemaphore(&sem, 2, 2);
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, 0, FALSE), 2);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 2);
}

static void semaphore_that_makes_no_sense_is_a_bug(struct kunit *test)
{
	static const struct {
		LONG count, limit;
	} rows[] = { { 0, 0 }, { 0, -1 }, { 2, 1 }, { -1, 1 } };
	KSEMAPHORE sem;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KeInitializeSemaphore(&sem, rows[i].count, rows[i].limit);
		NT_EXPECT_REPORTED(test);
		/* It can be used all the same. */
		KUNIT_EXPECT_EQ(test, test_object(&sem), STATUS_TIMEOUT);
		KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, 1, TRUE), 0);
		KUNIT_EXPECT_EQ(test, test_object(&sem), STATUS_SUCCESS);
	}
}

static void semaphore_wait_takes_one_count(struct kunit *test)
{
	KSEMAPHORE sem;

	KeInitializeSemaphore(&sem, 2, 2);
	KUNIT_EXPECT_EQ(test, wait_for(&sem), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 1);
	KUNIT_EXPECT_EQ(test, test_object(&sem), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, test_object(&sem), STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 0);
}

/* Events. */

static void notification_event_stays_set(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, KeSetEvent(&event, IO_NO_INCREMENT, FALSE), 0);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_SUCCESS);
	KUNIT_EXPECT_NE(test, KeReadStateEvent(&event), 0);
}

static void synchronization_event_is_reset_by_one_wait(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, SynchronizationEvent, TRUE);
	KUNIT_EXPECT_NE(test, KeReadStateEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, KeReadStateEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_TIMEOUT);
}

static void set_event_returns_the_previous_state(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, KeSetEvent(&event, EVENT_INCREMENT, TRUE), 0);
	KUNIT_EXPECT_NE(test, KeSetEvent(&event, EVENT_INCREMENT, TRUE), 0);
}

static void setting_a_set_event_does_not_count(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, SynchronizationEvent, FALSE);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_TIMEOUT);
}

static void reset_event_returns_the_previous_state(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, TRUE);
	KUNIT_EXPECT_NE(test, KeResetEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, KeResetEvent(&event), 0);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_TIMEOUT);
}

static void clear_event_resets(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, TRUE);
	KeClearEvent(&event);
	KUNIT_EXPECT_EQ(test, KeReadStateEvent(&event), 0);
}

/* Waits and times. */

/* A thread that sets an event after a while. */
struct setter {
	KEVENT event;
	PKTHREAD thread;
};

static VOID set_after_20_ms(PVOID context)
{
	struct setter *setter = context;
	LARGE_INTEGER interval = nt_in_ms(20);

	KeDelayExecutionThread(KernelMode, FALSE, &interval);
	KeSetEvent(&setter->event, IO_NO_INCREMENT, FALSE);
}

/* Creates a thread and returns it with a reference. */
static PKTHREAD begin_thread(struct kunit *test, PKSTART_ROUTINE routine,
			     PVOID context)
{
	PVOID thread;
	HANDLE handle;

	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, THREAD_ALL_ACCESS,
						   NULL, NULL, NULL, routine,
						   context), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test,
			ObReferenceObjectByHandle(handle, THREAD_ALL_ACCESS,
						  *PsThreadType, KernelMode,
						  &thread, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
	return thread;
}

static void end_thread(struct kunit *test, PKTHREAD thread)
{
	KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	ObDereferenceObject(thread);
}

static void start_setter(struct kunit *test, struct setter *setter)
{
	KeInitializeEvent(&setter->event, NotificationEvent, FALSE);
	setter->thread = begin_thread(test, set_after_20_ms, setter);
}

static void no_timeout_waits_until_signaled(struct kunit *test)
{
	struct setter setter;

	start_setter(test, &setter);
	KUNIT_EXPECT_EQ(test, wait_for(&setter.event), STATUS_SUCCESS);
	end_thread(test, setter.thread);
}

static void timeouts_beyond_all_clocks_wait_until_signaled(struct kunit *test)
{
	static const LONGLONG times[] = {
		S64_MIN, S64_MIN + 1, -(S64_MAX / 100) - 1, S64_MAX,
		S64_MAX / 100 + DDT_NT_EPOCH + 1,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(times); i++) {
		LARGE_INTEGER timeout = { .QuadPart = times[i] };
		struct setter setter;

		start_setter(test, &setter);
		KUNIT_EXPECT_EQ_MSG(test,
				    KeWaitForSingleObject(&setter.event,
							  Executive, KernelMode,
							  FALSE, &timeout),
				    STATUS_SUCCESS, "timeout %lld", times[i]);
		end_thread(test, setter.thread);
	}
}

static void timeout_0_does_not_block(struct kunit *test)
{
	KEVENT event;
	KIRQL irql;
	KSPIN_LOCK lock;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KeInitializeSpinLock(&lock);
	/* At DISPATCH_LEVEL a wait that could block would be reported. */
	KeAcquireSpinLock(&lock, &irql);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_TIMEOUT);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	KUNIT_EXPECT_EQ(test, test_object(&event), STATUS_SUCCESS);
	KeReleaseSpinLock(&lock, irql);
}

static void negative_timeout_is_an_interval_of_100_ns(struct kunit *test)
{
	LARGE_INTEGER timeout = { .QuadPart = -200000 };	/* 20 ms */
	ktime_t start = ktime_get();
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&event, Executive,
						    KernelMode, FALSE,
						    &timeout),
			STATUS_TIMEOUT);
	KUNIT_EXPECT_GE(test, ktime_ms_delta(ktime_get(), start), 20);
}

static void positive_timeout_is_a_date_since_1601(struct kunit *test)
{
	LARGE_INTEGER now, timeout;
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KeQuerySystemTime(&timeout);
	timeout.QuadPart += 200000;			/* 20 ms */
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&event, Executive,
						    KernelMode, FALSE,
						    &timeout),
			STATUS_TIMEOUT);
	KeQuerySystemTime(&now);
	KUNIT_EXPECT_GE(test, now.QuadPart, timeout.QuadPart);
}

static void date_long_past_does_not_block(struct kunit *test)
{
	/* Meant as an interval of an hour, but the sign was forgotten. */
	LARGE_INTEGER hour = { .QuadPart = 36000000000LL };
	LARGE_INTEGER just_past;
	ktime_t start = ktime_get();
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&event, Executive,
						    KernelMode, FALSE, &hour),
			STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(KernelMode, FALSE, &hour),
			STATUS_SUCCESS);
	/* One that is past by less than a tick is not for ever. */
	KeQuerySystemTime(&just_past);
	just_past.QuadPart -= 1;
	KUNIT_EXPECT_EQ(test, KeWaitForSingleObject(&event, Executive,
						    KernelMode, FALSE,
						    &just_past),
			STATUS_TIMEOUT);
	KUNIT_EXPECT_LT(test, ktime_ms_delta(ktime_get(), start), 60000);
}

static void epoch_is_1601(struct kunit *test)
{
	/* From 1601 to 1970: 369 years, 89 of them leap years. */
	KUNIT_EXPECT_EQ(test, DDT_NT_EPOCH,
			(369LL * 365 + 89) * 24 * 3600 * 10000000);
}

static void delay_never_returns_early(struct kunit *test)
{
	unsigned int i;

	for (i = 1; i <= 20; i++) {
		LARGE_INTEGER interval = { .QuadPart = -1000LL * i };
		ktime_t start = ktime_get();

		KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(KernelMode, FALSE,
							     &interval),
				STATUS_SUCCESS);
		KUNIT_EXPECT_GE(test, ktime_us_delta(ktime_get(), start),
				100 * i);
	}
}

static void delay_of_0_returns_at_once(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, KeDelayExecutionThread(KernelMode, FALSE, &zero),
			STATUS_SUCCESS);
}

static void timeout_and_alert_are_success_to_nt_success(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(STATUS_SUCCESS));
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(STATUS_TIMEOUT));
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(STATUS_ALERTED));
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(STATUS_USER_APC));
	KUNIT_EXPECT_TRUE(test, NT_SUCCESS(STATUS_PENDING));
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(STATUS_CANCELLED));
	KUNIT_EXPECT_FALSE(test, NT_SUCCESS(STATUS_DEVICE_BUSY));
	KUNIT_EXPECT_TRUE(test, NT_WARNING(STATUS_DEVICE_BUSY));
	KUNIT_EXPECT_TRUE(test, NT_ERROR(STATUS_CANCELLED));
	/* None of them is to ddt_nt_errno(). */
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_SUCCESS), 0);
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_TIMEOUT), -ETIME);
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_ALERTED), -EINTR);
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_USER_APC), -EINTR);
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_PENDING), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_CANCELLED), -ECANCELED);
	/* Neither known nor a failure; not known and a failure. */
	KUNIT_EXPECT_EQ(test, ddt_nt_errno(STATUS_WAIT_1), 0);
	KUNIT_EXPECT_EQ(test, ddt_nt_errno((NTSTATUS)0xc0001234), -EIO);
}

/* What a thread sees that has been told to stop. */
struct alerted {
	KEVENT set, never;
	NTSTATUS signaled, blocking, testing, delay, delay_0;
	NTSTATUS unalertable, delay_unalertable;
	s64 delay_unalertable_ms;
};

static int be_alerted(void *context)
{
	LARGE_INTEGER timeout = nt_in_ms(20);
	struct alerted *alerted = context;
	ktime_t start;

	while (!kthread_should_stop())
		usleep_range(100, 200);

	alerted->signaled = KeWaitForSingleObject(&alerted->set, Executive,
						  KernelMode, TRUE, NULL);
	alerted->blocking = KeWaitForSingleObject(&alerted->never, Executive,
						  KernelMode, TRUE, NULL);
	alerted->testing = KeWaitForSingleObject(&alerted->never, Executive,
						 UserMode, TRUE, &zero);
	alerted->delay = KeDelayExecutionThread(KernelMode, TRUE, &timeout);
	alerted->delay_0 = KeDelayExecutionThread(KernelMode, TRUE, &zero);
	alerted->unalertable = KeWaitForSingleObject(&alerted->never, Executive,
						     KernelMode, FALSE,
						     &timeout);
	start = ktime_get();
	alerted->delay_unalertable = KeDelayExecutionThread(UserMode, FALSE,
							    &timeout);
	alerted->delay_unalertable_ms = ktime_ms_delta(ktime_get(), start);
	return 0;
}

static void stop_ends_alertable_waits_only(struct kunit *test)
{
	static const struct ddt_thread_attr attr = {
		.name = "alerted",
	};
	struct ddt_thread *thread;
	struct alerted alerted;

	KeInitializeEvent(&alerted.set, NotificationEvent, TRUE);
	KeInitializeEvent(&alerted.never, NotificationEvent, FALSE);
	thread = ddt_thread_create(be_alerted, &alerted, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	ddt_thread_stop(thread);
	ddt_thread_put(thread);

	/* A signaled object beats the alert, and the alert the timeout. */
	KUNIT_EXPECT_EQ(test, alerted.signaled, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, alerted.blocking, STATUS_ALERTED);
	KUNIT_EXPECT_EQ(test, alerted.testing, STATUS_ALERTED);
	KUNIT_EXPECT_EQ(test, alerted.delay, STATUS_ALERTED);
	KUNIT_EXPECT_EQ(test, alerted.delay_0, STATUS_ALERTED);
	KUNIT_EXPECT_EQ(test, alerted.unalertable, STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, alerted.delay_unalertable, STATUS_SUCCESS);
	KUNIT_EXPECT_GE(test, alerted.delay_unalertable_ms, 20);
}

/* Waits for several objects. */

static void wait_any_takes_the_lowest_index_only(struct kunit *test)
{
	KSEMAPHORE a, b, c;
	PVOID objects[] = { &a, &b, &c };

	KeInitializeSemaphore(&a, 0, 1);
	KeInitializeSemaphore(&b, 1, 1);
	KeInitializeSemaphore(&c, 1, 1);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(3, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_WAIT_1);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&b), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&c), 1);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(3, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_WAIT_2);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(3, objects, WaitAny, Executive,
						 KernelMode, FALSE, &zero,
						 NULL),
			STATUS_TIMEOUT);
}

static void wait_any_leaves_no_block_behind(struct kunit *test)
{
	/* The idiom of drivers: the semaphore first, then the stop event. */
	struct setter setter;
	KSEMAPHORE sem;
	PVOID objects[] = { &sem, &setter.event };

	KeInitializeSemaphore(&sem, 0, 10);
	start_setter(test, &setter);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(2, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_WAIT_1);
	/* Would write to the frame of the wait, which is gone. */
	KUNIT_EXPECT_EQ(test, KeReleaseSemaphore(&sem, 0, 1, FALSE), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&sem), 1);
	end_thread(test, setter.thread);
}

static void wait_all_changes_nothing_before_all_are_signaled(struct kunit *test)
{
	LARGE_INTEGER timeout = nt_in_ms(10);
	KSEMAPHORE a, b;
	PVOID objects[] = { &a, &b };

	KeInitializeSemaphore(&a, 1, 1);
	KeInitializeSemaphore(&b, 0, 1);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(2, objects, WaitAll, Executive,
						 KernelMode, FALSE, &timeout,
						 NULL),
			STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&a), 1);
	KeReleaseSemaphore(&b, 0, 1, FALSE);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(2, objects, WaitAll, Executive,
						 KernelMode, FALSE, &timeout,
						 NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&a), 0);
	KUNIT_EXPECT_EQ(test, KeReadStateSemaphore(&b), 0);
}

static void wait_for_64_objects_in_the_callers_memory(struct kunit *test)
{
	PKWAIT_BLOCK blocks;
	PVOID objects[65];
	KEVENT *events;
	unsigned int i;

	events = kunit_kzalloc(test, 65 * sizeof(*events), GFP_KERNEL);
	blocks = kunit_kzalloc(test, 65 * sizeof(*blocks), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, events);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, blocks);
	for (i = 0; i < 65; i++) {
		KeInitializeEvent(&events[i], NotificationEvent, i >= 63);
		objects[i] = &events[i];
	}
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(64, objects, WaitAny,
						 Executive, KernelMode, FALSE,
						 NULL, blocks),
			STATUS_WAIT_63);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(65, objects, WaitAny,
						 Executive, KernelMode, FALSE,
						 NULL, blocks),
			STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
}

static void wait_for_more_than_3_needs_memory(struct kunit *test)
{
	KEVENT event[4];
	PVOID objects[] = { &event[0], &event[1], &event[2], &event[3] };
	KWAIT_BLOCK blocks[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		KeInitializeEvent(&event[i], NotificationEvent, i == 2);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(4, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(4, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL,
						 blocks),
			STATUS_WAIT_2);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(3, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_WAIT_2);
}

static void wait_for_none_or_the_same_twice_is_a_bug(struct kunit *test)
{
	KEVENT event;
	PVOID objects[] = { &event, &event };

	KeInitializeEvent(&event, NotificationEvent, TRUE);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(0, objects, WaitAny, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test,
			KeWaitForMultipleObjects(2, objects, WaitAll, Executive,
						 KernelMode, FALSE, NULL, NULL),
			STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
}

static void wait_for_something_else_is_a_bug(struct kunit *test)
{
	/* Like the address of a pointer to an object: no type in it. */
	u64 *garbage = kunit_kzalloc(test, sizeof(KEVENT), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, garbage);
	memset(garbage, 0xdd, sizeof(KEVENT));
	KUNIT_EXPECT_EQ(test, test_object(garbage), STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, test_object(NULL), STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
}

/* Threads and handles. */

static VOID do_nothing(PVOID context)
{
}

static VOID wait_for_event(PVOID context)
{
	wait_for(context);
}

static void returning_is_exit_with_success(struct kunit *test)
{
	PKTHREAD thread = begin_thread(test, do_nothing, NULL);

	KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, PsGetThreadExitStatus(thread), STATUS_SUCCESS);
	ObDereferenceObject(thread);
}

static VOID terminate(PVOID context)
{
	PsTerminateSystemThread(STATUS_DEVICE_NOT_READY);
	*(bool *)context = true;
}

static void terminate_does_not_return(struct kunit *test)
{
	bool returned = false;
	PKTHREAD thread = begin_thread(test, terminate, &returned);

	KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	KUNIT_EXPECT_FALSE(test, returned);
	KUNIT_EXPECT_EQ(test, PsGetThreadExitStatus(thread),
			STATUS_DEVICE_NOT_READY);
	ObDereferenceObject(thread);
}

static int terminate_somebody_elses(void *context)
{
	return PsTerminateSystemThread(STATUS_SUCCESS);
}

static void terminate_is_for_system_threads_only(struct kunit *test)
{
	static const struct ddt_thread_attr attr = {
		.name = "terminate",
	};
	struct ddt_thread *thread;
	int code = 0;
	void *context;

	KUNIT_EXPECT_EQ(test, PsTerminateSystemThread(STATUS_SUCCESS),
			STATUS_INVALID_PARAMETER);
	/* What a system thread has as its context, it could take this for. */
	context = kunit_kzalloc(test, 64, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, context);
	thread = ddt_thread_create(terminate_somebody_elses, context, &attr);
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	ddt_thread_stop(thread);
	KUNIT_EXPECT_EQ(test, ddt_thread_exit_code(thread, &code), 0);
	KUNIT_EXPECT_EQ(test, code, STATUS_INVALID_PARAMETER);
	ddt_thread_put(thread);
}

static void ended_thread_is_signaled_for_ever(struct kunit *test)
{
	PKTHREAD thread;
	KEVENT event;
	unsigned int i;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	thread = begin_thread(test, wait_for_event, &event);
	KUNIT_EXPECT_EQ(test, test_object(thread), STATUS_TIMEOUT);
	KUNIT_EXPECT_EQ(test, PsGetThreadExitStatus(thread), STATUS_PENDING);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	ObDereferenceObject(thread);
}

static void thread_runs_on_when_its_handle_is_closed(struct kunit *test)
{
	/* The thread uses it until it has left KeSetEvent(). */
	static struct setter setter;
	HANDLE handle;

	/* Only the thread itself refers to the thread. */
	KeInitializeEvent(&setter.event, NotificationEvent, FALSE);
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL,
						   set_after_20_ms, &setter),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, wait_for(&setter.event), STATUS_SUCCESS);
}

static void handle_keeps_an_ended_thread(struct kunit *test)
{
	OBJECT_HANDLE_INFORMATION information;
	HANDLE handle;
	PVOID thread;

	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL,
						   terminate, NULL),
			STATUS_SUCCESS);
	msleep(20);
	KUNIT_ASSERT_EQ(test, ObReferenceObjectByHandle(handle, 0, NULL,
							KernelMode, &thread,
							&information),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, information.GrantedAccess, THREAD_ALL_ACCESS);
	KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, PsGetThreadExitStatus(thread),
			STATUS_DEVICE_NOT_READY);
	ObDereferenceObject(thread);
	KUNIT_EXPECT_EQ(test, ZwWaitForSingleObject(handle, FALSE, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
}

static void reference_outlives_the_handle(struct kunit *test)
{
	PKTHREAD thread = begin_thread(test, do_nothing, NULL);

	ObReferenceObject(thread);
	ObDereferenceObject(thread);
	KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, test_object(thread), STATUS_SUCCESS);
	ObDereferenceObject(thread);
}

static void handle_of_the_wrong_type_is_refused(struct kunit *test)
{
	HANDLE handle;
	PVOID object = test;

	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL,
						   do_nothing, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0,
							*ExEventObjectType,
							KernelMode, &object,
							NULL),
			STATUS_OBJECT_TYPE_MISMATCH);
	KUNIT_EXPECT_PTR_EQ(test, object, NULL);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0,
							*ExSemaphoreObjectType,
							KernelMode, &object,
							NULL),
			STATUS_OBJECT_TYPE_MISMATCH);
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_SUCCESS);
}

static void handle_that_is_none_is_refused(struct kunit *test)
{
	HANDLE handle, other;
	PVOID object;

	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL,
						   do_nothing, NULL),
			STATUS_SUCCESS);
	/* Kernel handles are nothing to a program. */
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0,
							*PsThreadType, UserMode,
							&object, NULL),
			STATUS_INVALID_HANDLE);
	/* The lower two bits of a handle are the user's. */
	other = (HANDLE)((unsigned long)handle | 3);
	KUNIT_EXPECT_EQ(test, ZwWaitForSingleObject(other, FALSE, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwClose(other), STATUS_SUCCESS);
	/* Closed. */
	KUNIT_EXPECT_EQ(test, ZwClose(handle), STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, ZwWaitForSingleObject(handle, FALSE, NULL),
			STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0,
							*PsThreadType,
							KernelMode, &object,
							NULL),
			STATUS_INVALID_HANDLE);
	KUNIT_EXPECT_EQ(test, ZwClose(NULL), STATUS_INVALID_HANDLE);
	/* A pointer to the object is not a handle. */
	KUNIT_EXPECT_EQ(test, ZwClose(test), STATUS_INVALID_HANDLE);
}

static void object_that_is_no_thread_is_a_bug(struct kunit *test)
{
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	ObReferenceObject(&event);
	NT_EXPECT_REPORTED(test);
	ObDereferenceObject(&event);
	NT_EXPECT_REPORTED(test);
	ObDereferenceObject(NULL);
	NT_EXPECT_REPORTED(test);
}

static void attributes_that_threads_cannot_have_are_refused(struct kunit *test)
{
	static const struct {
		ULONG attributes;
		NTSTATUS status;
	} rows[] = {
		{ OBJ_PERMANENT, STATUS_INVALID_PARAMETER },
		{ OBJ_EXCLUSIVE, STATUS_INVALID_PARAMETER },
		{ OBJ_OPENIF, STATUS_INVALID_PARAMETER },
		{ OBJ_KERNEL_HANDLE, STATUS_SUCCESS },
		{ 0, STATUS_SUCCESS },
	};
	OBJECT_ATTRIBUTES attributes;
	unsigned int i;
	NTSTATUS status;
	HANDLE handle;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		InitializeObjectAttributes(&attributes, NULL,
					   rows[i].attributes, NULL, NULL);
		status = PsCreateSystemThread(&handle, THREAD_ALL_ACCESS,
					      &attributes, NULL, NULL,
					      do_nothing, NULL);
		KUNIT_EXPECT_EQ(test, status, rows[i].status);
		if (NT_SUCCESS(status))
			ZwClose(handle);
	}
}

static void thread_of_another_process_is_refused(struct kunit *test)
{
	HANDLE handle;

	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&handle, 0, NULL,
						   (HANDLE)4, NULL, do_nothing,
						   NULL),
			STATUS_INVALID_HANDLE);
}

/* Creates a thread once it has been killed itself. */
static int create_and_be_killed(void *context)
{
	HANDLE handle;

	allow_signal(SIGKILL);
	KeSetEvent(context, IO_NO_INCREMENT, FALSE);
	while (!signal_pending(current))
		usleep_range(100, 200);
	return PsCreateSystemThread(&handle, 0, NULL, NULL, NULL, do_nothing,
				    NULL);
}

static void killed_creator_gets_no_thread(struct kunit *test)
{
	struct task_struct *task;
	KEVENT ready;

	KeInitializeEvent(&ready, NotificationEvent, FALSE);
	task = kthread_create(create_and_be_killed, &ready, "nt_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	wait_for(&ready);
	send_sig(SIGKILL, task, 1);
	KUNIT_EXPECT_EQ(test, kthread_stop(task),
			STATUS_PROCESS_IS_TERMINATING);
	put_task_struct(task);
}

/* References by a handle, while it is closed. */

#define CLOSE_ROUNDS	200

struct close_race {
	HANDLE handle;
	KEVENT go;
	int referenced, refused;
};

static VOID reference_until_refused(PVOID context)
{
	struct close_race *race = context;
	PVOID thread;

	KeSetEvent(&race->go, IO_NO_INCREMENT, FALSE);
	while (ObReferenceObjectByHandle(race->handle, 0, *PsThreadType,
					 KernelMode, &thread, NULL) ==
	       STATUS_SUCCESS) {
		race->referenced++;
		/* Would be in freed memory. */
		wait_for(thread);
		ObDereferenceObject(thread);
		/* On one CPU no other thread would run otherwise. */
		KeDelayExecutionThread(KernelMode, FALSE, &zero);
	}
	race->refused++;
}

static void reference_and_close_may_race(struct kunit *test)
{
	struct close_race race = { .refused = 0 };
	PKTHREAD other;
	int i;

	KeInitializeEvent(&race.go, SynchronizationEvent, FALSE);
	for (i = 0; i < CLOSE_ROUNDS; i++) {
		KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&race.handle, 0,
							   NULL, NULL, NULL,
							   do_nothing, NULL),
				STATUS_SUCCESS);
		other = begin_thread(test, reference_until_refused, &race);
		wait_for(&race.go);
		udelay(get_random_u32() % 100);
		/* The last reference but those of the other thread. */
		KUNIT_EXPECT_EQ(test, ZwClose(race.handle), STATUS_SUCCESS);
		end_thread(test, other);
	}
	KUNIT_EXPECT_EQ(test, race.refused, CLOSE_ROUNDS);
	kunit_info(test, "referenced %d times\n", race.referenced);
}

/*
 * The library closes it when it goes. That the thread is not leaked then is for
 * kmemleak to tell.
 */
static void handle_may_be_left_open(struct kunit *test)
{
	HANDLE handle;

	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, NULL,
						   do_nothing, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ZwWaitForSingleObject(handle, FALSE, NULL),
			STATUS_SUCCESS);
}

/* What a thread sees of itself. */
struct self {
	KEVENT go;
	PKTHREAD current_thread;
	char comm[TASK_COMM_LEN];
	pid_t pid;
	KIRQL irql;
};

static VOID look_at_self(PVOID context)
{
	struct self *self = context;

	wait_for(&self->go);
	self->current_thread = KeGetCurrentThread();
	strscpy(self->comm, current->comm, sizeof(self->comm));
	self->pid = current->pid;
	self->irql = KeGetCurrentIrql();
}

static void thread_knows_itself(struct kunit *test)
{
	struct self self = { .irql = HIGH_LEVEL };
	CLIENT_ID id = { 0 };
	HANDLE handle;
	PVOID thread;

	KeInitializeEvent(&self.go, NotificationEvent, FALSE);
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&handle, 0, NULL, NULL, &id,
						   look_at_self, &self),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ObReferenceObjectByHandle(handle, 0,
							*PsThreadType,
							KernelMode, &thread,
							NULL),
			STATUS_SUCCESS);
	ZwClose(handle);
	KeSetEvent(&self.go, IO_NO_INCREMENT, FALSE);
	KUNIT_EXPECT_EQ(test, wait_for(thread), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, (PVOID)self.current_thread, thread);
	KUNIT_EXPECT_EQ(test, (long)id.UniqueThread, (long)self.pid);
	KUNIT_EXPECT_EQ(test, self.irql, PASSIVE_LEVEL);
	if (IS_ENABLED(CONFIG_KALLSYMS))
		KUNIT_EXPECT_STREQ(test, self.comm, "look_at_self");
	ObDereferenceObject(thread);

	/* The test's own thread is none of the library's. */
	KUNIT_EXPECT_PTR_EQ(test, KeGetCurrentThread(), NULL);
}

/* IoCreateSystemThread(). */

static int module_references(void)
{
#ifdef MODULE
	return module_refcount(THIS_MODULE);
#else
	return 0;
#endif
}

static NTSTATUS no_devices(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
	return STATUS_SUCCESS;
}

static VOID terminate_after_event(PVOID context)
{
	wait_for(context);
	PsTerminateSystemThread(STATUS_SUCCESS);
}

static void check_io_thread(struct kunit *test, PVOID object,
			    PKSTART_ROUTINE routine)
{
	int references = module_references();
	HANDLE handle;
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	KUNIT_ASSERT_EQ(test, IoCreateSystemThread(object, &handle,
						   THREAD_ALL_ACCESS, NULL,
						   NULL, NULL, routine, &event),
			STATUS_SUCCESS);
	if (IS_MODULE(CONFIG_DDT_KUNIT_TEST))
		KUNIT_EXPECT_EQ(test, module_references(), references + 1);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	KUNIT_EXPECT_EQ(test, ZwWaitForSingleObject(handle, FALSE, NULL),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, module_references(), references);
	ZwClose(handle);
}

static void io_thread_holds_its_driver_until_it_ends(struct kunit *test)
{
	DRIVER_OBJECT driver;
	PDEVICE_OBJECT device;

	KUNIT_ASSERT_EQ(test, ddt_nt_driver_load(&driver, no_devices,
						 THIS_MODULE), 0);
	check_io_thread(test, &driver, wait_for_event);
	check_io_thread(test, &driver, terminate_after_event);

	KUNIT_ASSERT_EQ(test, IoCreateDevice(&driver, 0, NULL,
					     FILE_DEVICE_UNKNOWN, 0, FALSE,
					     &device), STATUS_SUCCESS);
	check_io_thread(test, device, wait_for_event);
	check_io_thread(test, device, terminate_after_event);
	/* Frees the device, which kmemleak would tell otherwise. */
	IoDeleteDevice(device);
	ddt_nt_driver_unload(&driver);
}

/* Uses its device after the driver has deleted it. */
struct late_user {
	KEVENT go;
	PDEVICE_OBJECT device;
	ULONG value;
};

static VOID use_device(PVOID context)
{
	struct late_user *user = context;

	wait_for(&user->go);
	user->value = *(ULONG *)user->device->DeviceExtension;
}

static void io_thread_keeps_a_deleted_device(struct kunit *test)
{
	struct late_user user = { .value = 0 };
	DRIVER_OBJECT driver;
	HANDLE handle;

	KUNIT_ASSERT_EQ(test, ddt_nt_driver_load(&driver, no_devices,
						 THIS_MODULE), 0);
	KUNIT_ASSERT_EQ(test, IoCreateDevice(&driver, sizeof(ULONG), NULL,
					     FILE_DEVICE_UNKNOWN, 0, FALSE,
					     &user.device), STATUS_SUCCESS);
	*(ULONG *)user.device->DeviceExtension = 4711;
	KeInitializeEvent(&user.go, NotificationEvent, FALSE);
	KUNIT_ASSERT_EQ(test, IoCreateSystemThread(user.device, &handle, 0,
						   NULL, NULL, NULL, use_device,
						   &user),
			STATUS_SUCCESS);
	IoDeleteDevice(user.device);
	KeSetEvent(&user.go, IO_NO_INCREMENT, FALSE);
	ZwWaitForSingleObject(handle, FALSE, NULL);
	ZwClose(handle);
	KUNIT_EXPECT_EQ(test, user.value, 4711);
	ddt_nt_driver_unload(&driver);
}

static void io_thread_of_a_driver_that_goes_is_refused(struct kunit *test)
{
	DRIVER_OBJECT driver;
	HANDLE handle;

	KUNIT_ASSERT_EQ(test, ddt_nt_driver_load(&driver, no_devices,
						 nt_going_module(test)), 0);
	KUNIT_EXPECT_EQ(test, IoCreateSystemThread(&driver, &handle, 0, NULL,
						   NULL, NULL, do_nothing,
						   NULL),
			STATUS_DELETE_PENDING);
	ddt_nt_driver_unload(&driver);
}

static void io_thread_of_something_else_is_a_bug(struct kunit *test)
{
	FILE_OBJECT file;
	HANDLE handle;

	ddt_nt_file_init(&file, NULL);
	KUNIT_EXPECT_EQ(test, IoCreateSystemThread(&file, &handle, 0, NULL,
						   NULL, NULL, do_nothing,
						   NULL),
			STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
}

/* Priorities; the rules of the increment are tested in priority_test.c. */

static void base_priority_returns_the_previous_increment(struct kunit *test)
{
	PKTHREAD thread;
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	thread = begin_thread(test, wait_for_event, &event);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 8);
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(thread, 2), 0);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 10);
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(thread, 2), 2);
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(thread, 20), 2);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 15);
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(thread, -20), 16);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 1);
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(thread, 0), -16);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 8);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	end_thread(test, thread);
}

static void set_priority_leaves_the_base_priority(struct kunit *test)
{
	PKTHREAD thread;
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	thread = begin_thread(test, wait_for_event, &event);
	KUNIT_EXPECT_EQ(test, KeSetPriorityThread(thread, 12), 8);
	KUNIT_EXPECT_LT(test, ddt_thread_nice(thread), 0);
	KUNIT_EXPECT_EQ(test, KeSetPriorityThread(thread,
						  LOW_REALTIME_PRIORITY), 12);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 16);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread), -20);
	/* 0 is for the system; others get 1. */
	KUNIT_EXPECT_EQ(test, KeSetPriorityThread(thread, LOW_PRIORITY), 16);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 1);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread), 19);
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(thread, 0), 0);
	KUNIT_EXPECT_EQ(test, ddt_thread_nice(thread), 0);
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	end_thread(test, thread);
}

static void base_priority_takes_the_priority_along(struct kunit *test)
{
	/* Base before, priority set, base after, priority then. */
	static const struct {
		LONG before;
		KPRIORITY priority;
		LONG after;
		KPRIORITY then;
	} rows[] = {
		{ 0, 12, 2, 14 },	/* by the difference */
		{ 0, 12, 5, 15 },	/* not past 15 */
		{ 0, 12, -2, 10 },
		{ 0, 4, 1, 9 },		/* from below, from the base */
		{ 0, 31, 0, 15 },	/* out of real time, never back in */
		{ 0, 12, 16, 15 },	/* saturated: the base itself */
		{ 0, 12, -16, 1 },
	};
	PKTHREAD thread;
	unsigned int i;
	KEVENT event;

	KeInitializeEvent(&event, NotificationEvent, FALSE);
	thread = begin_thread(test, wait_for_event, &event);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		/* Saturation forgets what was set. */
		KeSetBasePriorityThread(thread, 16);
		KeSetBasePriorityThread(thread, rows[i].before);
		KeSetPriorityThread(thread, rows[i].priority);
		KeSetBasePriorityThread(thread, rows[i].after);
		KUNIT_EXPECT_EQ_MSG(test, KeQueryPriorityThread(thread),
				    rows[i].then, "row %u", i);
	}
	KeSetEvent(&event, IO_NO_INCREMENT, FALSE);
	end_thread(test, thread);
}

static void priority_of_no_thread_is_a_bug(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, KeSetBasePriorityThread(NULL, 1), 0);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeSetPriorityThread(NULL, 1), 0);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(NULL), 0);
	NT_EXPECT_REPORTED(test);
}

static void priority_that_is_none_is_a_bug(struct kunit *test)
{
	PKTHREAD thread = begin_thread(test, do_nothing, NULL);

	KUNIT_EXPECT_EQ(test, KeSetPriorityThread(thread, -1), 0);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeSetPriorityThread(thread, MAXIMUM_PRIORITY), 0);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, KeQueryPriorityThread(thread), 8);
	end_thread(test, thread);
}

/* Lists, locks, memory, numbers. */

struct item {
	int value;
	LIST_ENTRY link;
};

static int value_of(PLIST_ENTRY entry)
{
	return CONTAINING_RECORD(entry, struct item, link)->value;
}

static void list_functions_keep_order(struct kunit *test)
{
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };
	LIST_ENTRY list;

	InitializeListHead(&list);
	KUNIT_EXPECT_TRUE(test, IsListEmpty(&list));
	InsertTailList(&list, &b.link);
	InsertTailList(&list, &c.link);
	InsertHeadList(&list, &a.link);
	KUNIT_EXPECT_FALSE(test, IsListEmpty(&list));
	KUNIT_EXPECT_EQ(test, value_of(list.Flink), 1);
	KUNIT_EXPECT_EQ(test, value_of(list.Blink), 3);
	KUNIT_EXPECT_EQ(test, value_of(RemoveHeadList(&list)), 1);
	KUNIT_EXPECT_EQ(test, value_of(RemoveTailList(&list)), 3);
	KUNIT_EXPECT_EQ(test, value_of(RemoveHeadList(&list)), 2);
	KUNIT_EXPECT_TRUE(test, IsListEmpty(&list));
}

static void remove_from_an_empty_list_returns_its_head(struct kunit *test)
{
	LIST_ENTRY list;

	InitializeListHead(&list);
	KUNIT_EXPECT_PTR_EQ(test, RemoveHeadList(&list), &list);
	KUNIT_EXPECT_PTR_EQ(test, RemoveTailList(&list), &list);
	KUNIT_EXPECT_TRUE(test, IsListEmpty(&list));
}

static void remove_entry_tells_whether_the_list_is_empty(struct kunit *test)
{
	struct item a = { .value = 1 }, b = { .value = 2 };
	LIST_ENTRY list;

	InitializeListHead(&list);
	InsertTailList(&list, &a.link);
	InsertTailList(&list, &b.link);
	KUNIT_EXPECT_FALSE(test, RemoveEntryList(&a.link));
	KUNIT_EXPECT_TRUE(test, RemoveEntryList(&b.link));
}

static void interlocked_insert_returns_the_previous_entry(struct kunit *test)
{
	struct item a = { .value = 1 }, b = { .value = 2 }, c = { .value = 3 };
	LIST_ENTRY list;
	KSPIN_LOCK lock;

	InitializeListHead(&list);
	KeInitializeSpinLock(&lock);
	KUNIT_EXPECT_PTR_EQ(test, ExInterlockedRemoveHeadList(&list, &lock),
			    (PLIST_ENTRY)NULL);
	KUNIT_EXPECT_PTR_EQ(test,
			    ExInterlockedInsertTailList(&list, &b.link, &lock),
			    (PLIST_ENTRY)NULL);
	/* The first one at the head, the last one at the tail. */
	KUNIT_EXPECT_PTR_EQ(test,
			    ExInterlockedInsertHeadList(&list, &a.link, &lock),
			    &b.link);
	KUNIT_EXPECT_PTR_EQ(test,
			    ExInterlockedInsertTailList(&list, &c.link, &lock),
			    &b.link);
	KUNIT_EXPECT_PTR_EQ(test, ExInterlockedRemoveHeadList(&list, &lock),
			    &a.link);
	KUNIT_EXPECT_PTR_EQ(test, ExInterlockedRemoveHeadList(&list, &lock),
			    &b.link);
	KUNIT_EXPECT_PTR_EQ(test, ExInterlockedRemoveHeadList(&list, &lock),
			    &c.link);

	InitializeListHead(&list);
	KUNIT_EXPECT_PTR_EQ(test,
			    ExInterlockedInsertHeadList(&list, &a.link, &lock),
			    (PLIST_ENTRY)NULL);
}

static void spin_lock_raises_irql_and_lowers_it_again(struct kunit *test)
{
	KIRQL outer = HIGH_LEVEL, inner = HIGH_LEVEL;
	KSPIN_LOCK a, b;

	KeInitializeSpinLock(&a);
	KeInitializeSpinLock(&b);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	KeAcquireSpinLock(&a, &outer);
	KUNIT_EXPECT_EQ(test, outer, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeAcquireSpinLock(&b, &inner);
	KUNIT_EXPECT_EQ(test, inner, DISPATCH_LEVEL);
	KeReleaseSpinLock(&b, inner);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), DISPATCH_LEVEL);
	KeAcquireSpinLockAtDpcLevel(&b);
	KeReleaseSpinLockFromDpcLevel(&b);
	KeReleaseSpinLock(&a, outer);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
}

static void irql_is_high_without_interrupts(struct kunit *test)
{
	KIRQL irql;

	local_irq_disable();
	irql = KeGetCurrentIrql();
	local_irq_enable();
	KUNIT_EXPECT_EQ(test, irql, HIGH_LEVEL);
}

#define TAG	0x44646474	/* Dddt */

static void pool_can_be_allocated_at_any_irql(struct kunit *test)
{
	KSPIN_LOCK lock;
	KIRQL irql;
	UCHAR *a, *b;

	KeInitializeSpinLock(&lock);
	a = ExAllocatePoolWithTag(NonPagedPool, 100, TAG);
	KeAcquireSpinLock(&lock, &irql);
	b = ExAllocatePool2(POOL_FLAG_NON_PAGED, 100, TAG);
	KeReleaseSpinLock(&lock, irql);
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, a);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, b);
	KUNIT_EXPECT_EQ(test, b[0] | b[99], 0);
	ExFreePoolWithTag(a, TAG);
	ExFreePool(b);
}

static void interlocked_functions_return_what_they_should(struct kunit *test)
{
	LONG n = 5;
	PVOID p = NULL;

	/* New value; new value; the old one for all others. */
	KUNIT_EXPECT_EQ(test, InterlockedIncrement(&n), 6);
	KUNIT_EXPECT_EQ(test, InterlockedDecrement(&n), 5);
	KUNIT_EXPECT_EQ(test, InterlockedExchangeAdd(&n, 10), 5);
	KUNIT_EXPECT_EQ(test, InterlockedExchange(&n, 7), 15);
	/* Destination, new, expected: not the order of Linux. */
	KUNIT_EXPECT_EQ(test, InterlockedCompareExchange(&n, 8, 6), 7);
	KUNIT_EXPECT_EQ(test, n, 7);
	KUNIT_EXPECT_EQ(test, InterlockedCompareExchange(&n, 8, 7), 7);
	KUNIT_EXPECT_EQ(test, n, 8);
	KUNIT_EXPECT_PTR_EQ(test, InterlockedExchangePointer(&p, (PVOID)test),
			    (PVOID)NULL);
	KUNIT_EXPECT_PTR_EQ(test,
			    InterlockedCompareExchangePointer(&p, NULL, test),
			    (PVOID)test);
	KUNIT_EXPECT_PTR_EQ(test, p, (PVOID)NULL);
}

static void large_integer_has_two_halves(struct kunit *test)
{
	LARGE_INTEGER number = { .QuadPart = 0x123456789abcdef0LL };

	KUNIT_EXPECT_EQ(test, number.LowPart, 0x9abcdef0);
	KUNIT_EXPECT_EQ(test, number.HighPart, 0x12345678);
	KUNIT_EXPECT_EQ(test, number.u.LowPart, 0x9abcdef0);
	KUNIT_EXPECT_EQ(test, number.u.HighPart, 0x12345678);
}

static void types_have_the_sizes_of_64_bit_windows(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, sizeof(BOOLEAN), 1);
	KUNIT_EXPECT_EQ(test, sizeof(WCHAR), 2);
	KUNIT_EXPECT_EQ(test, sizeof(L'x'), 2);
	KUNIT_EXPECT_EQ(test, sizeof(ULONG), 4);
	KUNIT_EXPECT_EQ(test, sizeof(NTSTATUS), 4);
	KUNIT_EXPECT_EQ(test, sizeof(LARGE_INTEGER), 8);
	KUNIT_EXPECT_EQ(test, sizeof(ULONG_PTR), sizeof(void *));
}

static struct kunit_case nt_test_cases[] = {
	KUNIT_CASE(semaphore_release_returns_the_previous_count),
	KUNIT_CASE(semaphore_release_past_limit_changes_nothing),
	KUNIT_CASE(semaphore_with_limit_maxlong_does_not_wrap),
	KUNIT_CASE(semaphore_release_by_a_negative_number_is_a_bug),
	KUNIT_CASE(semaphore_release_by_0_returns_the_count),
	KUNIT_CASE(semaphore_that_makes_no_sense_is_a_bug),
	KUNIT_CASE(semaphore_wait_takes_one_count),
	KUNIT_CASE(notification_event_stays_set),
	KUNIT_CASE(synchronization_event_is_reset_by_one_wait),
	KUNIT_CASE(set_event_returns_the_previous_state),
	KUNIT_CASE(setting_a_set_event_does_not_count),
	KUNIT_CASE(reset_event_returns_the_previous_state),
	KUNIT_CASE(clear_event_resets),
	KUNIT_CASE(no_timeout_waits_until_signaled),
	KUNIT_CASE(timeouts_beyond_all_clocks_wait_until_signaled),
	KUNIT_CASE(timeout_0_does_not_block),
	KUNIT_CASE(negative_timeout_is_an_interval_of_100_ns),
	KUNIT_CASE(positive_timeout_is_a_date_since_1601),
	KUNIT_CASE(date_long_past_does_not_block),
	KUNIT_CASE(epoch_is_1601),
	KUNIT_CASE(delay_never_returns_early),
	KUNIT_CASE(delay_of_0_returns_at_once),
	KUNIT_CASE(timeout_and_alert_are_success_to_nt_success),
	KUNIT_CASE(stop_ends_alertable_waits_only),
	KUNIT_CASE(wait_any_takes_the_lowest_index_only),
	KUNIT_CASE(wait_any_leaves_no_block_behind),
	KUNIT_CASE(wait_all_changes_nothing_before_all_are_signaled),
	KUNIT_CASE(wait_for_64_objects_in_the_callers_memory),
	KUNIT_CASE(wait_for_more_than_3_needs_memory),
	KUNIT_CASE(wait_for_none_or_the_same_twice_is_a_bug),
	KUNIT_CASE(wait_for_something_else_is_a_bug),
	KUNIT_CASE(returning_is_exit_with_success),
	KUNIT_CASE(terminate_does_not_return),
	KUNIT_CASE(terminate_is_for_system_threads_only),
	KUNIT_CASE(ended_thread_is_signaled_for_ever),
	KUNIT_CASE(thread_runs_on_when_its_handle_is_closed),
	KUNIT_CASE(handle_keeps_an_ended_thread),
	KUNIT_CASE(reference_outlives_the_handle),
	KUNIT_CASE(handle_of_the_wrong_type_is_refused),
	KUNIT_CASE(handle_that_is_none_is_refused),
	KUNIT_CASE(object_that_is_no_thread_is_a_bug),
	KUNIT_CASE(attributes_that_threads_cannot_have_are_refused),
	KUNIT_CASE(thread_of_another_process_is_refused),
	KUNIT_CASE(killed_creator_gets_no_thread),
	KUNIT_CASE(reference_and_close_may_race),
	KUNIT_CASE(handle_may_be_left_open),
	KUNIT_CASE(thread_knows_itself),
	KUNIT_CASE(io_thread_holds_its_driver_until_it_ends),
	KUNIT_CASE(io_thread_keeps_a_deleted_device),
	KUNIT_CASE(io_thread_of_a_driver_that_goes_is_refused),
	KUNIT_CASE(io_thread_of_something_else_is_a_bug),
	KUNIT_CASE(base_priority_returns_the_previous_increment),
	KUNIT_CASE(set_priority_leaves_the_base_priority),
	KUNIT_CASE(base_priority_takes_the_priority_along),
	KUNIT_CASE(priority_of_no_thread_is_a_bug),
	KUNIT_CASE(priority_that_is_none_is_a_bug),
	KUNIT_CASE(list_functions_keep_order),
	KUNIT_CASE(remove_from_an_empty_list_returns_its_head),
	KUNIT_CASE(remove_entry_tells_whether_the_list_is_empty),
	KUNIT_CASE(interlocked_insert_returns_the_previous_entry),
	KUNIT_CASE(spin_lock_raises_irql_and_lowers_it_again),
	KUNIT_CASE(irql_is_high_without_interrupts),
	KUNIT_CASE(pool_can_be_allocated_at_any_irql),
	KUNIT_CASE(interlocked_functions_return_what_they_should),
	KUNIT_CASE(large_integer_has_two_halves),
	KUNIT_CASE(types_have_the_sizes_of_64_bit_windows),
	{}
};

static struct kunit_suite nt_test_suite = {
	.name = "ddt_nt",
	.init = nt_test_init,
	.exit = nt_test_exit,
	.test_cases = nt_test_cases,
};

kunit_test_suites(&nt_test_suite);
