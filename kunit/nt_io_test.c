// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_io_test.c - tests of the NT names: drivers, devices, requests,
 *		  cancel-safe queues, work items
 */

#include <kunit/test.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include <ddt/nt.h>

#include "helper.h"
#include "nt_bug.h"

/*
 * A driver with a cancel-safe queue. What its dispatch routine does with a
 * request is for each test to say.
 */
struct nt_io_test {
	DRIVER_OBJECT driver;
	PDEVICE_OBJECT device;
	FILE_OBJECT file;
	IO_CSQ csq;
	KSPIN_LOCK lock;
	LIST_ENTRY list;
	ULONG queued, depth;
	KIRQL completed_at_irql;
	atomic_t completed;	/* how often a request was */
	PIRP last_completed;
};

struct extension {
	struct nt_io_test *ctx;
};

static struct nt_io_test *ctx_of_device(PDEVICE_OBJECT device)
{
	return ((struct extension *)device->DeviceExtension)->ctx;
}

static struct nt_io_test *ctx_of_csq(PIO_CSQ csq)
{
	return CONTAINING_RECORD(csq, struct nt_io_test, csq);
}

static VOID insert_irp(PIO_CSQ csq, PIRP irp)
{
	struct nt_io_test *ctx = ctx_of_csq(csq);

	InsertTailList(&ctx->list, &irp->Tail.Overlay.ListEntry);
	ctx->queued++;
}

static NTSTATUS insert_irp_ex(PIO_CSQ csq, PIRP irp, PVOID insert_context)
{
	struct nt_io_test *ctx = ctx_of_csq(csq);

	if (ctx->queued >= ctx->depth)
		return STATUS_DEVICE_BUSY;
	insert_irp(csq, irp);
	/* At the head if the test says so. */
	if (insert_context) {
		RemoveEntryList(&irp->Tail.Overlay.ListEntry);
		InsertHeadList(&ctx->list, &irp->Tail.Overlay.ListEntry);
	}
	return STATUS_SUCCESS;
}

static VOID remove_irp(PIO_CSQ csq, PIRP irp)
{
	RemoveEntryList(&irp->Tail.Overlay.ListEntry);
	ctx_of_csq(csq)->queued--;
}

static PIRP peek_next_irp(PIO_CSQ csq, PIRP irp, PVOID peek_context)
{
	struct nt_io_test *ctx = ctx_of_csq(csq);
	PLIST_ENTRY entry = irp ? irp->Tail.Overlay.ListEntry.Flink :
				  ctx->list.Flink;

	for (; entry != &ctx->list; entry = entry->Flink) {
		irp = CONTAINING_RECORD(entry, IRP, Tail.Overlay.ListEntry);
		if (!peek_context ||
		    IoGetCurrentIrpStackLocation(irp)->FileObject ==
			    peek_context)
			return irp;
	}
	return NULL;
}

static PIRP peek_same_irp(PIO_CSQ csq, PIRP irp, PVOID peek_context)
{
	return irp ?: peek_next_irp(csq, NULL, peek_context);
}

_Acquires_lock_(ctx_of_csq(csq)->lock)
static VOID acquire_lock(PIO_CSQ csq, PKIRQL irql)
{
	KeAcquireSpinLock(&ctx_of_csq(csq)->lock, irql);
}

_Releases_lock_(ctx_of_csq(csq)->lock)
static VOID release_lock(PIO_CSQ csq, KIRQL irql)
{
	KeReleaseSpinLock(&ctx_of_csq(csq)->lock, irql);
}

static void complete_irp(PIRP irp, NTSTATUS status)
{
	irp->IoStatus.Status = status;
	irp->IoStatus.Information = 0;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
}

static VOID complete_canceled_irp(PIO_CSQ csq, PIRP irp)
{
	ctx_of_csq(csq)->completed_at_irql = KeGetCurrentIrql();
	complete_irp(irp, STATUS_CANCELLED);
}

/* Dispatch routines. */

static NTSTATUS queue_it(PDEVICE_OBJECT device, PIRP irp)
{
	IoCsqInsertIrp(&ctx_of_device(device)->csq, irp, irp->UserBuffer);
	return STATUS_PENDING;
}

static NTSTATUS queue_it_if_there_is_room(PDEVICE_OBJECT device, PIRP irp)
{
	NTSTATUS status = IoCsqInsertIrpEx(&ctx_of_device(device)->csq, irp,
					   NULL, irp->UserBuffer);

	if (NT_SUCCESS(status))
		return STATUS_PENDING;
	complete_irp(irp, status);
	return status;
}

static NTSTATUS complete_it(PDEVICE_OBJECT device, PIRP irp)
{
	complete_irp(irp, STATUS_SUCCESS);
	return STATUS_SUCCESS;
}

static NTSTATUS keep_it(PDEVICE_OBJECT device, PIRP irp)
{
	IoMarkIrpPending(irp);
	return STATUS_PENDING;
}

static void note_completion(PIRP irp, void *context)
{
	struct nt_io_test *ctx = context;

	ctx->last_completed = irp;
	atomic_inc(&ctx->completed);
}

static NTSTATUS driver_entry(PDRIVER_OBJECT driver,
			     PUNICODE_STRING registry_path)
{
	struct nt_io_test *ctx = CONTAINING_RECORD(driver, struct nt_io_test,
						   driver);
	NTSTATUS status;

	driver->MajorFunction[IRP_MJ_READ] = queue_it;
	driver->MajorFunction[IRP_MJ_WRITE] = queue_it_if_there_is_room;
	driver->MajorFunction[IRP_MJ_CREATE] = complete_it;
	driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = keep_it;
	status = IoCreateDevice(driver, sizeof(struct extension), NULL,
				FILE_DEVICE_UNKNOWN, 0, FALSE, &ctx->device);
	if (NT_SUCCESS(status))
		((struct extension *)ctx->device->DeviceExtension)->ctx = ctx;
	return status;
}

static int nt_io_test_init(struct kunit *test)
{
	struct nt_io_test *ctx;
	int err;

	ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ctx);
	err = ddt_nt_driver_load(&ctx->driver, driver_entry, THIS_MODULE);
	if (err)
		return err;
	ddt_nt_file_init(&ctx->file, ctx->device);
	KeInitializeSpinLock(&ctx->lock);
	InitializeListHead(&ctx->list);
	ctx->depth = 2;
	ctx->completed_at_irql = HIGH_LEVEL;
	IoCsqInitialize(&ctx->csq, insert_irp, remove_irp, peek_next_irp,
			acquire_lock, release_lock, complete_canceled_irp);
	test->priv = ctx;
	nt_bug_init();
	return 0;
}

static void nt_io_test_exit(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;

	if (!ctx)
		return;
	KUNIT_EXPECT_EQ(test, ctx->queued, 0);
	IoDeleteDevice(ctx->device);
	ddt_nt_driver_unload(&ctx->driver);
	nt_bug_exit(test);
}

static PIRP make_irp(struct kunit *test, UCHAR major)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irp = ddt_nt_irp_alloc(ctx->device, &ctx->file, major, NULL, 0,
				    GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, irp);
	return irp;
}

/* Makes a request and has the driver queue it. */
static PIRP send_irp(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_READ);

	KUNIT_EXPECT_EQ(test, ddt_nt_send(irp, note_completion, test->priv),
			STATUS_PENDING);
	return irp;
}

static int completions(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;

	return atomic_read(&ctx->completed);
}

/* Drivers and devices. */

static void device_is_listed_until_it_is_deleted(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PDEVICE_OBJECT second, third;

	KUNIT_EXPECT_PTR_EQ(test, ctx->driver.DeviceObject, ctx->device);
	KUNIT_EXPECT_EQ(test, ctx->device->Flags & DO_DEVICE_INITIALIZING, 0);
	KUNIT_ASSERT_EQ(test, IoCreateDevice(&ctx->driver, 5, NULL,
					     FILE_DEVICE_UNKNOWN, 7, TRUE,
					     &second), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, ctx->driver.DeviceObject, second);
	KUNIT_EXPECT_PTR_EQ(test, second->NextDevice, ctx->device);
	KUNIT_EXPECT_PTR_EQ(test, second->DriverObject, &ctx->driver);
	KUNIT_EXPECT_EQ(test, second->Characteristics, 7);
	KUNIT_EXPECT_EQ(test, second->DeviceType, FILE_DEVICE_UNKNOWN);
	KUNIT_EXPECT_EQ(test, (unsigned long)second->DeviceExtension % 16, 0);
	KUNIT_EXPECT_EQ(test, *(UCHAR *)second->DeviceExtension, 0);
	KUNIT_ASSERT_EQ(test, IoCreateDevice(&ctx->driver, 0, NULL,
					     FILE_DEVICE_UNKNOWN, 0, FALSE,
					     &third), STATUS_SUCCESS);
	IoDeleteDevice(second);
	KUNIT_EXPECT_PTR_EQ(test, ctx->driver.DeviceObject, third);
	KUNIT_EXPECT_PTR_EQ(test, third->NextDevice, ctx->device);
	IoDeleteDevice(third);
	KUNIT_EXPECT_PTR_EQ(test, ctx->driver.DeviceObject, ctx->device);
}

static void device_outlives_its_deletion_by_its_requests(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PDEVICE_OBJECT device;
	PIRP irp;

	KUNIT_ASSERT_EQ(test, IoCreateDevice(&ctx->driver, 0, NULL,
					     FILE_DEVICE_UNKNOWN, 0, FALSE,
					     &device), STATUS_SUCCESS);
	KUNIT_EXPECT_PTR_EQ(test, device->DeviceExtension, NULL);
	irp = ddt_nt_irp_alloc(device, NULL, IRP_MJ_CREATE, NULL, 0,
			       GFP_KERNEL);
	IoDeleteDevice(device);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, irp);
	KUNIT_EXPECT_EQ(test, device->Type, IO_TYPE_DEVICE);
	KUNIT_EXPECT_EQ(test, ddt_nt_call(irp), STATUS_SUCCESS);
	ddt_nt_irp_put(irp);
}

static int unloads;

static VOID count_unload(PDRIVER_OBJECT driver)
{
	unloads++;
}

static NTSTATUS fail(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
	driver->DriverUnload = count_unload;
	return STATUS_NO_SUCH_DEVICE;
}

static NTSTATUS succeed(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path)
{
	driver->DriverUnload = count_unload;
	return STATUS_SUCCESS;
}

static NTSTATUS leave_a_device(PDRIVER_OBJECT driver,
			       PUNICODE_STRING registry_path)
{
	PDEVICE_OBJECT device;

	IoCreateDevice(driver, 0, NULL, FILE_DEVICE_UNKNOWN, 0, FALSE, &device);
	return STATUS_NO_SUCH_DEVICE;
}

static void driver_that_fails_is_not_unloaded(struct kunit *test)
{
	DRIVER_OBJECT driver;

	unloads = 0;
	KUNIT_EXPECT_EQ(test, ddt_nt_driver_load(&driver, fail, THIS_MODULE),
			-ENODEV);
	KUNIT_EXPECT_EQ(test, unloads, 0);
	KUNIT_EXPECT_EQ(test, ddt_nt_driver_load(&driver, succeed, THIS_MODULE),
			0);
	ddt_nt_driver_unload(&driver);
	KUNIT_EXPECT_EQ(test, unloads, 1);
}

static void driver_that_leaves_a_device_has_a_bug(struct kunit *test)
{
	DRIVER_OBJECT driver;

	KUNIT_EXPECT_EQ(test, ddt_nt_driver_load(&driver, leave_a_device,
						 THIS_MODULE), -ENODEV);
	NT_EXPECT_REPORTED(test);
	ddt_nt_driver_unload(&driver);
	NT_EXPECT_REPORTED(test);
	IoDeleteDevice(driver.DeviceObject);
}

/* Requests. */

static void request_without_a_routine_is_refused(struct kunit *test)
{
	static const UCHAR majors[] = {
		IRP_MJ_FLUSH_BUFFERS, IRP_MJ_MAXIMUM_FUNCTION,
		IRP_MJ_MAXIMUM_FUNCTION + 1, 0xff,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(majors); i++) {
		PIRP irp = make_irp(test, majors[i]);

		KUNIT_EXPECT_EQ(test, ddt_nt_call(irp),
				STATUS_INVALID_DEVICE_REQUEST);
		ddt_nt_irp_put(irp);
	}
}

static void request_says_what_it_asks_for(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIO_STACK_LOCATION location;
	char buffer[8];
	PIRP irp;

	irp = ddt_nt_irp_alloc(ctx->device, &ctx->file, IRP_MJ_WRITE, buffer,
			       sizeof(buffer), GFP_ATOMIC);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, irp);
	location = IoGetCurrentIrpStackLocation(irp);
	KUNIT_EXPECT_EQ(test, location->MajorFunction, IRP_MJ_WRITE);
	KUNIT_EXPECT_EQ(test, location->Parameters.Write.Length, 8);
	KUNIT_EXPECT_PTR_EQ(test, location->FileObject, &ctx->file);
	KUNIT_EXPECT_PTR_EQ(test, location->DeviceObject, ctx->device);
	KUNIT_EXPECT_PTR_EQ(test, irp->AssociatedIrp.SystemBuffer,
			    (PVOID)buffer);
	KUNIT_EXPECT_EQ(test, irp->RequestorMode, KernelMode);
	ddt_nt_irp_put(irp);
}

static void request_is_completed_once(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);

	KUNIT_EXPECT_EQ(test, ddt_nt_send(irp, note_completion, test->priv),
			STATUS_PENDING);
	KUNIT_EXPECT_EQ(test, completions(test), 0);
	complete_irp(irp, STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	KUNIT_EXPECT_TRUE(test, irp->PendingReturned);
	complete_irp(irp, STATUS_SUCCESS);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	ddt_nt_irp_put(irp);
}

static void request_that_was_not_sent_is_not_completed(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);

	complete_irp(irp, STATUS_SUCCESS);
	NT_EXPECT_REPORTED(test);
	ddt_nt_irp_put(irp);
}

static void request_is_sent_once(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_CREATE);

	KUNIT_EXPECT_EQ(test, ddt_nt_send(irp, note_completion, test->priv),
			STATUS_SUCCESS);
	KUNIT_EXPECT_FALSE(test, irp->PendingReturned);
	KUNIT_EXPECT_EQ(test, ddt_nt_send(irp, note_completion, test->priv),
			STATUS_INVALID_PARAMETER);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	ddt_nt_irp_put(irp);
}

static VOID release_cancel_lock(PDEVICE_OBJECT device, PIRP irp)
{
	struct nt_io_test *ctx = ctx_of_device(device);

	ctx->completed_at_irql = KeGetCurrentIrql();
	IoReleaseCancelSpinLock(irp->CancelIrql);
}

static void request_completed_with_a_cancel_routine_is_a_bug(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);

	ddt_nt_send(irp, note_completion, test->priv);
	IoSetCancelRoutine(irp, release_cancel_lock);
	complete_irp(irp, STATUS_SUCCESS);
	NT_EXPECT_REPORTED(test);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	/* It is not called any more. */
	KUNIT_EXPECT_FALSE(test, IoCancelIrp(irp));
	ddt_nt_irp_put(irp);
}

static NTSTATUS pend_without_mark(PDEVICE_OBJECT device, PIRP irp)
{
	complete_irp(irp, STATUS_SUCCESS);
	return STATUS_PENDING;
}

static NTSTATUS mark_without_pend(PDEVICE_OBJECT device, PIRP irp)
{
	IoMarkIrpPending(irp);
	complete_irp(irp, STATUS_SUCCESS);
	return STATUS_SUCCESS;
}

static NTSTATUS forget_it(PDEVICE_OBJECT device, PIRP irp)
{
	return STATUS_SUCCESS;
}

static void dispatch_at_odds_with_itself_is_a_bug(struct kunit *test)
{
	static const PDRIVER_DISPATCH routines[] = {
		pend_without_mark, mark_without_pend, forget_it,
	};
	struct nt_io_test *ctx = test->priv;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(routines); i++) {
		PIRP irp = make_irp(test, IRP_MJ_INTERNAL_DEVICE_CONTROL);

		ctx->driver.MajorFunction[IRP_MJ_INTERNAL_DEVICE_CONTROL] =
			routines[i];
		ddt_nt_send(irp, note_completion, ctx);
		NT_EXPECT_REPORTED(test);
		ddt_nt_irp_put(irp);
	}
}

static VOID complete_after_20_ms(PVOID context)
{
	LARGE_INTEGER interval = nt_in_ms(20);

	KeDelayExecutionThread(KernelMode, FALSE, &interval);
	complete_irp(context, STATUS_DEVICE_DATA_ERROR);
}

static void call_waits_for_a_pending_request(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);
	struct nt_io_test *ctx = test->priv;
	HANDLE handle;

	/* The thread completes it before or after it is pending. */
	ddt_nt_irp_get(irp);
	KUNIT_ASSERT_EQ(test, IoCreateSystemThread(ctx->device, &handle, 0,
						   NULL, NULL, NULL,
						   complete_after_20_ms, irp),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, ddt_nt_call(irp), STATUS_DEVICE_DATA_ERROR);
	ddt_nt_irp_put(irp);
	ZwWaitForSingleObject(handle, FALSE, NULL);
	ZwClose(handle);
	ddt_nt_irp_put(irp);
}

static ULONG irps_queued(struct nt_io_test *ctx)
{
	ULONG queued;
	KIRQL irql;

	KeAcquireSpinLock(&ctx->lock, &irql);
	queued = ctx->queued;
	KeReleaseSpinLock(&ctx->lock, irql);
	return queued;
}

/* Calls a driver until it is killed, as a program that waits would be. */
static int call_and_be_killed(void *irp)
{
	allow_signal(SIGKILL);
	return ddt_nt_call(irp);
}

static void call_of_a_killed_task_cancels_its_request(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irp = make_irp(test, IRP_MJ_READ);
	struct task_struct *task;

	task = kthread_create(call_and_be_killed, irp, "nt_io_test");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	get_task_struct(task);
	wake_up_process(task);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(irps_queued(ctx) == 1));
	send_sig(SIGKILL, task, 1);
	KUNIT_EXPECT_TRUE(test, ddt_test_until(irps_queued(ctx) == 0));
	KUNIT_EXPECT_FALSE(test, IoCancelIrp(irp));
	KUNIT_EXPECT_EQ(test, kthread_stop(task), STATUS_CANCELLED);
	put_task_struct(task);
	KUNIT_EXPECT_EQ(test, irp->IoStatus.Status, STATUS_CANCELLED);
	ddt_nt_irp_put(irp);
}

/* Cancelling. */

static void set_cancel_routine_returns_the_one_before(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);

	KUNIT_EXPECT_PTR_EQ(test, IoSetCancelRoutine(irp, release_cancel_lock),
			    (PDRIVER_CANCEL)NULL);
	KUNIT_EXPECT_PTR_EQ(test, IoSetCancelRoutine(irp, NULL),
			    &release_cancel_lock);
	KUNIT_EXPECT_PTR_EQ(test, IoSetCancelRoutine(irp, NULL),
			    (PDRIVER_CANCEL)NULL);
	ddt_nt_irp_put(irp);
}

static void cancel_calls_the_routine_under_the_cancel_lock(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);
	struct nt_io_test *ctx = test->priv;

	IoSetCancelRoutine(irp, release_cancel_lock);
	KUNIT_EXPECT_FALSE(test, irp->Cancel);
	KUNIT_EXPECT_TRUE(test, IoCancelIrp(irp));
	KUNIT_EXPECT_TRUE(test, irp->Cancel);
	KUNIT_EXPECT_EQ(test, ctx->completed_at_irql, DISPATCH_LEVEL);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	/* Once. */
	KUNIT_EXPECT_FALSE(test, IoCancelIrp(irp));
	ddt_nt_irp_put(irp);
}

static void cancel_without_a_routine_sets_the_flag(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_DEVICE_CONTROL);

	KUNIT_EXPECT_FALSE(test, IoCancelIrp(irp));
	KUNIT_EXPECT_TRUE(test, irp->Cancel);
	KUNIT_EXPECT_EQ(test, KeGetCurrentIrql(), PASSIVE_LEVEL);
	ddt_nt_irp_put(irp);
}

/* Cancel-safe queues. */

static void csq_is_first_in_first_out(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irps[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		irps[i] = send_irp(test);
		KUNIT_EXPECT_TRUE(test,
				  IoGetCurrentIrpStackLocation(irps[i])->Control
				  & SL_PENDING_RETURNED);
	}
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL),
				    irps[i]);
		complete_irp(irps[i], STATUS_SUCCESS);
		ddt_nt_irp_put(irps[i]);
	}
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL),
			    (PIRP)NULL);
}

static void csq_removed_request_cannot_be_cancelled(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irp = send_irp(test);

	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL), irp);
	KUNIT_EXPECT_FALSE(test, IoCancelIrp(irp));
	/* But the server can see it. */
	KUNIT_EXPECT_TRUE(test, irp->Cancel);
	KUNIT_EXPECT_EQ(test, completions(test), 0);
	complete_irp(irp, STATUS_SUCCESS);
	ddt_nt_irp_put(irp);
}

static void csq_cancelled_request_is_completed_without_locks(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irp = send_irp(test);

	KUNIT_EXPECT_TRUE(test, IoCancelIrp(irp));
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	KUNIT_EXPECT_EQ(test, irp->IoStatus.Status, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, ctx->completed_at_irql, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, ctx->queued, 0);
	ddt_nt_irp_put(irp);
}

static void csq_request_cancelled_before_is_not_queued(struct kunit *test)
{
	PIRP irp = make_irp(test, IRP_MJ_READ);
	struct nt_io_test *ctx = test->priv;

	IoCancelIrp(irp);
	KUNIT_EXPECT_EQ(test, ddt_nt_send(irp, note_completion, ctx),
			STATUS_PENDING);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	KUNIT_EXPECT_EQ(test, irp->IoStatus.Status, STATUS_CANCELLED);
	KUNIT_EXPECT_EQ(test, ctx->completed_at_irql, PASSIVE_LEVEL);
	KUNIT_EXPECT_EQ(test, ctx->queued, 0);
	ddt_nt_irp_put(irp);
}

static void csq_passes_over_what_is_being_cancelled(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP first = send_irp(test);
	PIRP second = send_irp(test);
	PDRIVER_CANCEL routine;
	KIRQL irql;

	/* As IoCancelIrp() does, up to where it calls the routine. */
	first->Cancel = TRUE;
	routine = IoSetCancelRoutine(first, NULL);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL), second);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL),
			    (PIRP)NULL);
	KUNIT_EXPECT_EQ(test, completions(test), 0);
	IoAcquireCancelSpinLock(&irql);
	first->CancelIrql = irql;
	routine(ctx->device, first);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	KUNIT_EXPECT_PTR_EQ(test, ctx->last_completed, first);

	complete_irp(second, STATUS_SUCCESS);
	ddt_nt_irp_put(first);
	ddt_nt_irp_put(second);
}

static void csq_peek_context_selects(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP first = send_irp(test), second;
	FILE_OBJECT other;

	ddt_nt_file_init(&other, ctx->device);
	second = make_irp(test, IRP_MJ_READ);
	IoGetCurrentIrpStackLocation(second)->FileObject = &other;
	ddt_nt_send(second, note_completion, ctx);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, &other),
			    second);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, &other),
			    (PIRP)NULL);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, &ctx->file),
			    first);
	complete_irp(first, STATUS_SUCCESS);
	complete_irp(second, STATUS_SUCCESS);
	ddt_nt_irp_put(first);
	ddt_nt_irp_put(second);
}

static void csq_peek_that_does_not_get_on_is_a_bug(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irp = send_irp(test);
	PDRIVER_CANCEL routine;

	ctx->csq.CsqPeekNextIrp = peek_same_irp;
	/* Being cancelled; a search that goes on would not end. */
	routine = IoSetCancelRoutine(irp, NULL);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL),
			    (PIRP)NULL);
	NT_EXPECT_REPORTED(test);
	IoSetCancelRoutine(irp, routine);
	KUNIT_EXPECT_TRUE(test, IoCancelIrp(irp));
	ddt_nt_irp_put(irp);
}

static void csq_context_names_a_request_until_it_is_removed(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	IO_CSQ_IRP_CONTEXT context;
	PIRP irp;

	irp = make_irp(test, IRP_MJ_READ);
	irp->UserBuffer = &context;
	ddt_nt_send(irp, note_completion, ctx);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveIrp(&ctx->csq, &context), irp);
	KUNIT_EXPECT_PTR_EQ(test, context.Irp, (PIRP)NULL);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveIrp(&ctx->csq, &context),
			    (PIRP)NULL);
	complete_irp(irp, STATUS_SUCCESS);
	ddt_nt_irp_put(irp);

	/* Removed as the next one. */
	irp = make_irp(test, IRP_MJ_READ);
	irp->UserBuffer = &context;
	ddt_nt_send(irp, note_completion, ctx);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL), irp);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveIrp(&ctx->csq, &context),
			    (PIRP)NULL);
	complete_irp(irp, STATUS_SUCCESS);
	ddt_nt_irp_put(irp);

	/* Cancelled. */
	irp = make_irp(test, IRP_MJ_READ);
	irp->UserBuffer = &context;
	ddt_nt_send(irp, note_completion, ctx);
	KUNIT_EXPECT_TRUE(test, IoCancelIrp(irp));
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveIrp(&ctx->csq, &context),
			    (PIRP)NULL);
	KUNIT_EXPECT_EQ(test, completions(test), 3);
	ddt_nt_irp_put(irp);
}

static void csq_context_of_what_is_being_cancelled_is_none(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	IO_CSQ_IRP_CONTEXT context;
	PDRIVER_CANCEL routine;
	PIRP irp;

	irp = make_irp(test, IRP_MJ_READ);
	irp->UserBuffer = &context;
	ddt_nt_send(irp, note_completion, ctx);
	routine = IoSetCancelRoutine(irp, NULL);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveIrp(&ctx->csq, &context),
			    (PIRP)NULL);
	KUNIT_EXPECT_EQ(test, ctx->queued, 1);
	IoSetCancelRoutine(irp, routine);
	IoCancelIrp(irp);
	ddt_nt_irp_put(irp);
}

static void use_csq_ex(struct nt_io_test *ctx)
{
	IoCsqInitializeEx(&ctx->csq, insert_irp_ex, remove_irp, peek_next_irp,
			  acquire_lock, release_lock, complete_canceled_irp);
}

static void csq_ex_that_refuses_leaves_the_request(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP irp = make_irp(test, IRP_MJ_WRITE);

	use_csq_ex(ctx);
	ctx->depth = 0;
	KUNIT_EXPECT_EQ(test, ddt_nt_send(irp, note_completion, ctx),
			STATUS_DEVICE_BUSY);
	KUNIT_EXPECT_EQ(test, completions(test), 1);
	KUNIT_EXPECT_EQ(test, irp->IoStatus.Status, STATUS_DEVICE_BUSY);
	/* Neither marked pending nor cancellable. */
	KUNIT_EXPECT_FALSE(test, irp->PendingReturned);
	KUNIT_EXPECT_FALSE(test, IoCancelIrp(irp));
	ddt_nt_irp_put(irp);
}

static void csq_ex_passes_the_insert_context(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	PIRP first = make_irp(test, IRP_MJ_WRITE);
	PIRP second = make_irp(test, IRP_MJ_WRITE);

	use_csq_ex(ctx);
	KUNIT_EXPECT_EQ(test, ddt_nt_send(first, note_completion, ctx),
			STATUS_PENDING);
	second->UserBuffer = ctx;		/* at the head */
	KUNIT_EXPECT_EQ(test, ddt_nt_send(second, note_completion, ctx),
			STATUS_PENDING);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL), second);
	KUNIT_EXPECT_PTR_EQ(test, IoCsqRemoveNextIrp(&ctx->csq, NULL), first);
	complete_irp(first, STATUS_SUCCESS);
	complete_irp(second, STATUS_SUCCESS);
	ddt_nt_irp_put(first);
	ddt_nt_irp_put(second);
}

/* Requests that are queued, served and cancelled all at a time. */

#define RACE_IRPS	2000

struct race {
	struct nt_io_test *ctx;
	KSEMAPHORE ready;
	KEVENT stop;
	PIRP irps[RACE_IRPS];
	atomic_t completed[RACE_IRPS];
	atomic_t sent;			/* how many of irps there are */
};

static void note_race_completion(PIRP irp, void *context)
{
	struct race *race = context;

	atomic_inc(&race->completed[(long)irp->UserBuffer]);
}

static NTSTATUS race_dispatch(PDEVICE_OBJECT device, PIRP irp)
{
	IoCsqInsertIrp(&ctx_of_device(device)->csq, irp, NULL);
	return STATUS_PENDING;
}

static VOID race_server(PVOID context)
{
	struct race *race = context;
	PVOID objects[] = { &race->ready, &race->stop };
	NTSTATUS status;
	PIRP irp;

	for (;;) {
		status = KeWaitForMultipleObjects(2, objects, WaitAny,
						  Executive, KernelMode, FALSE,
						  NULL, NULL);
		irp = IoCsqRemoveNextIrp(&race->ctx->csq, NULL);
		if (irp)
			complete_irp(irp, STATUS_SUCCESS);
		else if (status == STATUS_WAIT_1)
			return;
	}
}

static VOID race_canceller(PVOID context)
{
	struct race *race = context;
	int i = 0, sent;

	do {
		sent = atomic_read_acquire(&race->sent);
		if (i == sent) {
			cond_resched();
			continue;
		}
		/* Those that have just been sent. */
		for (; i < sent; i++)
			if (get_random_u32() & 1)
				IoCancelIrp(race->irps[i]);
	} while (i < RACE_IRPS);
}

static void csq_race_completes_every_request_once(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	HANDLE server, canceller;
	struct race *race;
	int i, served = 0;

	race = kunit_kzalloc(test, sizeof(*race), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, race);
	race->ctx = ctx;
	KeInitializeSemaphore(&race->ready, 0, MAXLONG);
	KeInitializeEvent(&race->stop, NotificationEvent, FALSE);
	for (i = 0; i < RACE_IRPS; i++) {
		race->irps[i] = make_irp(test, IRP_MJ_READ);
		race->irps[i]->UserBuffer = (PVOID)(long)i;
	}
	ctx->driver.MajorFunction[IRP_MJ_READ] = race_dispatch;
	KUNIT_ASSERT_EQ(test, PsCreateSystemThread(&server, 0, NULL, NULL, NULL,
						   race_server, race),
			STATUS_SUCCESS);
	KUNIT_EXPECT_EQ(test, PsCreateSystemThread(&canceller, 0, NULL, NULL,
						   NULL, race_canceller, race),
			STATUS_SUCCESS);

	for (i = 0; i < RACE_IRPS; i++) {
		/* The canceller may be first, or come while it is sent. */
		if (get_random_u32() & 1)
			atomic_set_release(&race->sent, i + 1);
		ddt_nt_send(race->irps[i], note_race_completion, race);
		atomic_set_release(&race->sent, i + 1);
		/* On one CPU the canceller runs too seldom. */
		if (!(get_random_u32() & 7))
			IoCancelIrp(race->irps[i]);
		KeReleaseSemaphore(&race->ready, IO_NO_INCREMENT, 1, FALSE);
	}
	ZwWaitForSingleObject(canceller, FALSE, NULL);
	KeSetEvent(&race->stop, IO_NO_INCREMENT, FALSE);
	ZwWaitForSingleObject(server, FALSE, NULL);
	ZwClose(canceller);
	ZwClose(server);

	for (i = 0; i < RACE_IRPS; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&race->completed[i]), 1);
		served += race->irps[i]->IoStatus.Status == STATUS_SUCCESS;
		ddt_nt_irp_put(race->irps[i]);
	}
	KUNIT_EXPECT_GT(test, served, 0);
	KUNIT_EXPECT_LT(test, served, RACE_IRPS);
	kunit_info(test, "%d served, %d cancelled\n", served,
		   RACE_IRPS - served);
}

/* Work items. */

struct work {
	struct nt_io_test *ctx;
	PIO_WORKITEM item;
	struct completion started, go, done;
	PDEVICE_OBJECT device;
	int times;
	int nice;
	KIRQL irql;
	bool kernel_thread;
};

static void init_work(struct kunit *test, struct work *work)
{
	*work = (struct work){ .ctx = test->priv, .irql = HIGH_LEVEL };
	init_completion(&work->started);
	init_completion(&work->go);
	init_completion(&work->done);
	work->item = IoAllocateWorkItem(work->ctx->device);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, work->item);
}

/* Waits until its routine has been called once more. */
static bool work_is_done(struct work *work)
{
	return ddt_test_until(try_wait_for_completion(&work->done));
}

static VOID note_work(PDEVICE_OBJECT device, PVOID context)
{
	struct work *work = context;

	work->device = device;
	work->times++;
	work->nice = task_nice(current);
	work->irql = KeGetCurrentIrql();
	work->kernel_thread = current->flags & PF_KTHREAD;
	complete(&work->done);
}

static void work_item_runs_in_a_worker(struct kunit *test)
{
	struct work work;

	init_work(test, &work);
	IoQueueWorkItem(work.item, note_work, DelayedWorkQueue, &work);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_EQ(test, work.times, 1);
	KUNIT_EXPECT_PTR_EQ(test, work.device, work.ctx->device);
	KUNIT_EXPECT_EQ(test, work.irql, PASSIVE_LEVEL);
	KUNIT_EXPECT_TRUE(test, work.kernel_thread);
	IoFreeWorkItem(work.item);
}

static void work_queue_types_are_two_priorities(struct kunit *test)
{
	static const struct {
		unsigned int type;
		int nice;
	} rows[] = {
		{ CriticalWorkQueue, -20 }, { HyperCriticalWorkQueue, -20 },
		{ SuperCriticalWorkQueue, -20 }, { RealTimeWorkQueue, -20 },
		{ CustomPriorityWorkQueue + 13, -20 },
		{ CustomPriorityWorkQueue + 31, -20 },
		{ DelayedWorkQueue, 0 }, { NormalWorkQueue, 0 },
		{ BackgroundWorkQueue, 0 }, { CustomPriorityWorkQueue + 12, 0 },
		{ CustomPriorityWorkQueue, 0 },
	};
	struct work work;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		init_work(test, &work);
		IoQueueWorkItem(work.item, note_work,
				(WORK_QUEUE_TYPE)rows[i].type, &work);
		KUNIT_EXPECT_TRUE(test, work_is_done(&work));
		KUNIT_EXPECT_EQ_MSG(test, work.nice, rows[i].nice, "type %u",
				    rows[i].type);
		IoFreeWorkItem(work.item);
	}
}

static VOID wait_for_go(PDEVICE_OBJECT device, PVOID context)
{
	struct work *work = context;

	complete(&work->started);
	wait_for_completion(&work->go);
	note_work(device, context);
}

static VOID queue_again(PDEVICE_OBJECT device, PVOID context)
{
	struct work *work = context;

	IoQueueWorkItem(work->item, note_work, DelayedWorkQueue, work);
}

static VOID free_it(PDEVICE_OBJECT device, PVOID context)
{
	struct work *work = context;

	IoFreeWorkItem(work->item);
	note_work(device, context);
}

static void work_item_may_be_queued_again_by_its_routine(struct kunit *test)
{
	struct work work;

	init_work(test, &work);
	IoQueueWorkItem(work.item, queue_again, DelayedWorkQueue, &work);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_EQ(test, work.times, 1);
	IoFreeWorkItem(work.item);
}

static void work_item_may_be_freed_by_its_routine(struct kunit *test)
{
	struct work work;

	init_work(test, &work);
	IoQueueWorkItem(work.item, free_it, CriticalWorkQueue, &work);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_EQ(test, work.times, 1);
}

static void work_item_queued_twice_is_a_bug_and_runs_once(struct kunit *test)
{
	struct work work;

	init_work(test, &work);
	/* While its routine runs it is not queued, and so can be. */
	IoQueueWorkItem(work.item, wait_for_go, DelayedWorkQueue, &work);
	wait_for_completion(&work.started);
	IoQueueWorkItem(work.item, note_work, DelayedWorkQueue, &work);
	KUNIT_EXPECT_EQ(test, atomic_read(&nt_bugs), 0);
	/* It waits for itself. */
	IoQueueWorkItem(work.item, note_work, CriticalWorkQueue, &work);
	NT_EXPECT_REPORTED(test);
	complete(&work.go);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	msleep(20);
	KUNIT_EXPECT_EQ(test, work.times, 2);
	IoFreeWorkItem(work.item);
}

static void work_item_freed_while_queued_is_a_bug_but_runs(struct kunit *test)
{
	struct work work;

	init_work(test, &work);
	IoQueueWorkItem(work.item, wait_for_go, DelayedWorkQueue, &work);
	wait_for_completion(&work.started);
	IoQueueWorkItem(work.item, note_work, DelayedWorkQueue, &work);
	IoFreeWorkItem(work.item);
	NT_EXPECT_REPORTED(test);
	complete(&work.go);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_EQ(test, work.times, 2);
}

static int module_references(void)
{
#ifdef MODULE
	return module_refcount(THIS_MODULE);
#else
	return 0;
#endif
}

static void work_item_holds_its_device_and_driver(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	int references = module_references();
	PDEVICE_OBJECT device;
	struct work work;

	init_work(test, &work);
	KUNIT_ASSERT_EQ(test, IoCreateDevice(&ctx->driver, 0, NULL,
					     FILE_DEVICE_UNKNOWN, 0, FALSE,
					     &device), STATUS_SUCCESS);
	IoFreeWorkItem(work.item);
	work.item = IoAllocateWorkItem(device);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, work.item);
	IoQueueWorkItem(work.item, wait_for_go, DelayedWorkQueue, &work);
	IoDeleteDevice(device);
	if (IS_MODULE(CONFIG_DDT_KUNIT_TEST))
		KUNIT_EXPECT_EQ(test, module_references(), references + 1);
	complete(&work.go);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_PTR_EQ(test, work.device, device);
	IoFreeWorkItem(work.item);
	/* The worker gives back what it holds after the routine. */
	KUNIT_EXPECT_TRUE(test,
			  ddt_test_until(module_references() == references));
}

static void work_item_of_a_driver_that_goes_is_a_bug(struct kunit *test)
{
	struct nt_io_test *ctx = test->priv;
	struct work work;

	init_work(test, &work);
	ctx->driver.ddt_owner = nt_going_module(test);
	IoQueueWorkItem(work.item, note_work, DelayedWorkQueue, &work);
	NT_EXPECT_REPORTED(test);
	/* It is not queued. */
	ctx->driver.ddt_owner = THIS_MODULE;
	IoQueueWorkItem(work.item, note_work, DelayedWorkQueue, &work);
	KUNIT_EXPECT_TRUE(test, work_is_done(&work));
	KUNIT_EXPECT_EQ(test, work.times, 1);
	IoFreeWorkItem(work.item);
}

static struct kunit_case nt_io_test_cases[] = {
	KUNIT_CASE(device_is_listed_until_it_is_deleted),
	KUNIT_CASE(device_outlives_its_deletion_by_its_requests),
	KUNIT_CASE(driver_that_fails_is_not_unloaded),
	KUNIT_CASE(driver_that_leaves_a_device_has_a_bug),
	KUNIT_CASE(request_without_a_routine_is_refused),
	KUNIT_CASE(request_says_what_it_asks_for),
	KUNIT_CASE(request_is_completed_once),
	KUNIT_CASE(request_that_was_not_sent_is_not_completed),
	KUNIT_CASE(request_is_sent_once),
	KUNIT_CASE(request_completed_with_a_cancel_routine_is_a_bug),
	KUNIT_CASE(dispatch_at_odds_with_itself_is_a_bug),
	KUNIT_CASE(call_waits_for_a_pending_request),
	KUNIT_CASE(call_of_a_killed_task_cancels_its_request),
	KUNIT_CASE(set_cancel_routine_returns_the_one_before),
	KUNIT_CASE(cancel_calls_the_routine_under_the_cancel_lock),
	KUNIT_CASE(cancel_without_a_routine_sets_the_flag),
	KUNIT_CASE(csq_is_first_in_first_out),
	KUNIT_CASE(csq_removed_request_cannot_be_cancelled),
	KUNIT_CASE(csq_cancelled_request_is_completed_without_locks),
	KUNIT_CASE(csq_request_cancelled_before_is_not_queued),
	KUNIT_CASE(csq_passes_over_what_is_being_cancelled),
	KUNIT_CASE(csq_peek_context_selects),
	KUNIT_CASE(csq_peek_that_does_not_get_on_is_a_bug),
	KUNIT_CASE(csq_context_names_a_request_until_it_is_removed),
	KUNIT_CASE(csq_context_of_what_is_being_cancelled_is_none),
	KUNIT_CASE(csq_ex_that_refuses_leaves_the_request),
	KUNIT_CASE(csq_ex_passes_the_insert_context),
	KUNIT_CASE(csq_race_completes_every_request_once),
	KUNIT_CASE(work_item_runs_in_a_worker),
	KUNIT_CASE(work_queue_types_are_two_priorities),
	KUNIT_CASE(work_item_may_be_queued_again_by_its_routine),
	KUNIT_CASE(work_item_may_be_freed_by_its_routine),
	KUNIT_CASE(work_item_queued_twice_is_a_bug_and_runs_once),
	KUNIT_CASE(work_item_freed_while_queued_is_a_bug_but_runs),
	KUNIT_CASE(work_item_holds_its_device_and_driver),
	KUNIT_CASE(work_item_of_a_driver_that_goes_is_a_bug),
	{}
};

static struct kunit_suite nt_io_test_suite = {
	.name = "ddt_nt_io",
	.init = nt_io_test_init,
	.exit = nt_io_test_exit,
	.test_cases = nt_io_test_cases,
};

kunit_test_suites(&nt_io_test_suite);
