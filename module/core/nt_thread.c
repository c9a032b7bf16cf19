// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_thread.c - the NT names: dispatcher objects, waits, handles, threads
 *
 * Handles: the table maps a handle to a thread, to which it has a reference.
 * So a handle stays valid when its thread has ended. All handles are kernel
 * handles, as those of Windows' system threads are since Vista: they belong to
 * no process.
 */

#include <linux/err.h>
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "nt.h"

/*
 * Lists with a spin lock. Interrupts are disabled because these functions, and
 * only these, may be used in interrupt handlers.
 */

/**
 * ExInterlockedInsertHeadList() - insert an entry at the head of a list
 * @ListHead: the list's head
 * @ListEntry: the entry
 * @Lock: the list's lock
 *
 * Context: Any, also hardware interrupts if the lock is used for nothing but
 * these functions.
 * Return: the entry that was the first before, or NULL if there was none.
 */
PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead,
					PLIST_ENTRY ListEntry,
					PKSPIN_LOCK Lock)
{
	unsigned long irqflags;
	PLIST_ENTRY first;

	spin_lock_irqsave(Lock, irqflags);
	first = IsListEmpty(ListHead) ? NULL : ListHead->Flink;
	InsertHeadList(ListHead, ListEntry);
	spin_unlock_irqrestore(Lock, irqflags);
	return first;
}
EXPORT_SYMBOL_GPL(ExInterlockedInsertHeadList);

/**
 * ExInterlockedInsertTailList() - insert an entry at the tail of a list
 * @ListHead: the list's head
 * @ListEntry: the entry
 * @Lock: the list's lock
 *
 * Context: as ExInterlockedInsertHeadList().
 * Return: the entry that was the last before, or NULL if there was none.
 */
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead,
					PLIST_ENTRY ListEntry,
					PKSPIN_LOCK Lock)
{
	unsigned long irqflags;
	PLIST_ENTRY last;

	spin_lock_irqsave(Lock, irqflags);
	last = IsListEmpty(ListHead) ? NULL : ListHead->Blink;
	InsertTailList(ListHead, ListEntry);
	spin_unlock_irqrestore(Lock, irqflags);
	return last;
}
EXPORT_SYMBOL_GPL(ExInterlockedInsertTailList);

/**
 * ExInterlockedRemoveHeadList() - remove the first entry of a list
 * @ListHead: the list's head
 * @Lock: the list's lock
 *
 * Context: as ExInterlockedInsertHeadList().
 * Return: the entry, or NULL if there was none.
 */
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead,
					PKSPIN_LOCK Lock)
{
	unsigned long irqflags;
	PLIST_ENTRY entry = NULL;

	spin_lock_irqsave(Lock, irqflags);
	if (!IsListEmpty(ListHead))
		entry = RemoveHeadList(ListHead);
	spin_unlock_irqrestore(Lock, irqflags);
	return entry;
}
EXPORT_SYMBOL_GPL(ExInterlockedRemoveHeadList);

/**
 * KeInitializeSemaphore() - initialise a semaphore
 * @Semaphore: the semaphore, not in use yet
 * @Count: its count, 0 to @Limit
 * @Limit: the highest count it may reach, at least 1
 *
 * A count or limit that makes no sense, which Windows takes as it is, is a bug;
 * the semaphore then has the count 0 and the limit 1.
 *
 * Context: Any.
 */
VOID KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit)
{
	if (ddt_semaphore_init(Semaphore, Count, Limit)) {
		ddt_nt_bug("count or limit makes no sense");
		ddt_semaphore_init(Semaphore, 0, 1);
	}
}
EXPORT_SYMBOL_GPL(KeInitializeSemaphore);

/**
 * KeReleaseSemaphore() - add to the count of a semaphore
 * @Semaphore: the semaphore
 * @Increment: no effect
 * @Adjustment: how much to add; 0 only reads the count
 * @Wait: no effect
 *
 * A count past the limit, or a negative @Adjustment, is a bug, for which
 * Windows raises the exception STATUS_SEMAPHORE_LIMIT_EXCEEDED. Here, as there,
 * the count stays as it is.
 *
 * Context: Any.
 * Return: the count before.
 */
LONG KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment,
			LONG Adjustment, BOOLEAN Wait)
{
	int count = -EOVERFLOW;

	if (Adjustment >= 0)
		count = ddt_semaphore_release(Semaphore, Adjustment);
	if (count < 0) {
		ddt_nt_bug("STATUS_SEMAPHORE_LIMIT_EXCEEDED");
		count = ddt_semaphore_count(Semaphore);
	}
	return count;
}
EXPORT_SYMBOL_GPL(KeReleaseSemaphore);

static unsigned int nt_wait_flags(KPROCESSOR_MODE mode, BOOLEAN alertable)
{
	if (alertable)
		return DDT_WAIT_ALERTABLE;
	if (mode == UserMode)
		return DDT_WAIT_KILLABLE;
	return 0;
}

/* From 100 ns to ns; what no ktime_t can hold is for ever. */
static ktime_t nt_ns(LONGLONG time)
{
	return time < DDT_FOREVER / 100 ? time * 100 : DDT_FOREVER;
}

/* No pointer is for ever, 0 a test, below 0 an interval, above 0 a date. */
static ktime_t nt_timeout(PLARGE_INTEGER timeout, unsigned int *flags)
{
	LONGLONG time;

	if (!timeout)
		return DDT_FOREVER;
	time = timeout->QuadPart;
	if (time == S64_MIN)
		return DDT_FOREVER;
	if (time <= 0)
		return nt_ns(-time);
	*flags |= DDT_WAIT_REALTIME;
	return time > DDT_NT_EPOCH ? nt_ns(time - DDT_NT_EPOCH) : 0;
}

/*
 * Whether the caller would not have been put to sleep, had it been about to.
 * ddt_wait() asks this only before it sleeps, but Windows also when it is only
 * to test an object that is not signaled.
 */
static bool nt_alerted(KPROCESSOR_MODE mode, BOOLEAN alertable)
{
	if (KeGetCurrentIrql() != PASSIVE_LEVEL)
		return false;
	if (current->flags & PF_KTHREAD)
		return alertable && kthread_should_stop();
	if (alertable)
		return signal_pending(current);
	return mode == UserMode && fatal_signal_pending(current);
}

static NTSTATUS nt_alert_status(KPROCESSOR_MODE mode)
{
	/* A signal is what comes nearest to a user APC. */
	if (mode == UserMode && !(current->flags & PF_KTHREAD))
		return STATUS_USER_APC;
	return STATUS_ALERTED;
}

static bool nt_is_object(const struct ddt_object *object)
{
	return object && object->type <= DDT_OBJECT_THREAD;
}

static NTSTATUS nt_wait(struct ddt_object *const *objects, ULONG count,
			WAIT_TYPE type, KPROCESSOR_MODE mode,
			BOOLEAN alertable, PLARGE_INTEGER timeout,
			struct ddt_wait_block *blocks)
{
	unsigned int flags = nt_wait_flags(mode, alertable);
	ktime_t time = nt_timeout(timeout, &flags);
	ULONG i;
	int ret;

	for (i = 0; i < count; i++) {
		if (!nt_is_object(objects[i])) {
			ddt_nt_bug("not a dispatcher object");
			return STATUS_INVALID_PARAMETER;
		}
	}

	ret = ddt_wait_blocks(objects, count, type == WaitAll, flags, time,
			      blocks);
	if (ret >= 0)
		return STATUS_WAIT_0 + ret;
	if (ret == -EINTR)
		return nt_alert_status(mode);
	if (ret == -ETIME) {
		if (time <= 0 && nt_alerted(mode, alertable))
			return nt_alert_status(mode);
		return STATUS_TIMEOUT;
	}
	ddt_nt_bug("no object, or the same one twice");
	return STATUS_INVALID_PARAMETER;
}

/**
 * KeWaitForSingleObject() - wait until an object is signaled
 * @Object: a KSEMAPHORE, KEVENT or thread
 * @WaitReason: no effect
 * @WaitMode: UserMode to have the wait ended by a signal that kills the calling
 *	task
 * @Alertable: TRUE to have it ended by any signal, and for a kernel thread by
 *	kthread_stop()
 * @Timeout: NULL to wait for ever; or a number of 100 ns: 0 to test the object
 *	only, a negative one to wait so long, a positive one to wait until then,
 *	since 1601 began, UTC, and whatever becomes of the clock meanwhile
 *
 * Without UserMode and Alertable nothing but the object and the time ends the
 * wait, not even the end of the process. An object that is signaled ends it
 * even if there is no time or if the caller has been alerted.
 *
 * Something that is no such object is a bug.
 *
 * Context: PASSIVE_LEVEL; DISPATCH_LEVEL to test the object.
 * Return: STATUS_SUCCESS; STATUS_TIMEOUT; STATUS_ALERTED, or STATUS_USER_APC if
 * a task waits in UserMode, when one of the signals has come. All of them are
 * success to NT_SUCCESS(). STATUS_INVALID_PARAMETER after a bug.
 */
NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason,
			       KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
			       PLARGE_INTEGER Timeout)
{
	struct ddt_object *object = Object;

	return nt_wait(&object, 1, WaitAny, WaitMode, Alertable, Timeout, NULL);
}
EXPORT_SYMBOL_GPL(KeWaitForSingleObject);

/**
 * KeWaitForMultipleObjects() - wait for any or all of several objects
 * @Count: how many, up to MAXIMUM_WAIT_OBJECTS
 * @Object: the objects
 * @WaitType: WaitAny: the first in the array that is signaled ends the wait,
 *	and only that one is changed. WaitAll: none is changed before all are
 *	signaled at the same time.
 * @WaitReason: no effect
 * @WaitMode: as for KeWaitForSingleObject()
 * @Alertable: as for KeWaitForSingleObject()
 * @Timeout: as for KeWaitForSingleObject()
 * @WaitBlockArray: memory for @Count blocks; NULL is enough for
 *	THREAD_WAIT_OBJECTS
 *
 * Too many objects, or more than there is memory for, none, or with WaitAll the
 * same one twice, are bugs.
 *
 * Context: as for KeWaitForSingleObject(). Allocates no memory.
 * Return: STATUS_WAIT_0 and the index of the object that ended the wait, or
 * STATUS_SUCCESS with WaitAll; others as for KeWaitForSingleObject().
 */
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[],
				  WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
				  KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				  PLARGE_INTEGER Timeout,
				  PKWAIT_BLOCK WaitBlockArray)
{
	BUILD_BUG_ON(sizeof(KWAIT_BLOCK) < sizeof(struct ddt_wait_block));
	BUILD_BUG_ON(MAXIMUM_WAIT_OBJECTS != DDT_MAX_WAIT_OBJECTS);

	if (Count > MAXIMUM_WAIT_OBJECTS ||
	    (Count > THREAD_WAIT_OBJECTS && !WaitBlockArray)) {
		ddt_nt_bug("MAXIMUM_WAIT_OBJECTS_EXCEEDED");
		return STATUS_INVALID_PARAMETER;
	}
	return nt_wait((struct ddt_object *const *)Object, Count, WaitType,
		       WaitMode, Alertable, Timeout,
		       (struct ddt_wait_block *)WaitBlockArray);
}
EXPORT_SYMBOL_GPL(KeWaitForMultipleObjects);

/**
 * KeDelayExecutionThread() - sleep for a time
 * @WaitMode: as for KeWaitForSingleObject()
 * @Alertable: as for KeWaitForSingleObject()
 * @Interval: as Timeout of KeWaitForSingleObject(); 0 lets others run. A
 *	positive number that was meant to be an interval is long past.
 *
 * Never returns STATUS_SUCCESS early.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS when the time is up; STATUS_ALERTED, STATUS_USER_APC
 * as for KeWaitForSingleObject().
 */
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				PLARGE_INTEGER Interval)
{
	unsigned int flags = nt_wait_flags(WaitMode, Alertable);
	ktime_t time = nt_timeout(Interval, &flags);

	if (time > 0) {
		if (ddt_delay(flags, time))
			return nt_alert_status(WaitMode);
		return STATUS_SUCCESS;
	}
	if (nt_alerted(WaitMode, Alertable))
		return nt_alert_status(WaitMode);
	schedule();
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(KeDelayExecutionThread);

/* Object types are told apart by their addresses only. */
struct _OBJECT_TYPE {
	const char *name;
};

static struct _OBJECT_TYPE nt_thread_type = { "Thread" };
static struct _OBJECT_TYPE nt_event_type = { "Event" };
static struct _OBJECT_TYPE nt_semaphore_type = { "Semaphore" };

static POBJECT_TYPE nt_thread_type_pointer = &nt_thread_type;
static POBJECT_TYPE nt_event_type_pointer = &nt_event_type;
static POBJECT_TYPE nt_semaphore_type_pointer = &nt_semaphore_type;

POBJECT_TYPE *PsThreadType = &nt_thread_type_pointer;
EXPORT_SYMBOL_GPL(PsThreadType);
POBJECT_TYPE *ExEventObjectType = &nt_event_type_pointer;
EXPORT_SYMBOL_GPL(ExEventObjectType);
POBJECT_TYPE *ExSemaphoreObjectType = &nt_semaphore_type_pointer;
EXPORT_SYMBOL_GPL(ExSemaphoreObjectType);

static DEFINE_XARRAY_ALLOC1(nt_handles);

/* As on Windows, where the lower two bits are the user's. */
#define NT_HANDLE_SHIFT	2

static HANDLE nt_handle(u32 index)
{
	return (HANDLE)((unsigned long)index << NT_HANDLE_SHIFT);
}

static unsigned long nt_handle_index(HANDLE handle)
{
	return (unsigned long)handle >> NT_HANDLE_SHIFT;
}

/* Returns the thread with a reference, or NULL. */
static struct ddt_thread *nt_handle_get(HANDLE handle)
{
	struct ddt_thread *thread;

	/* The lock keeps the handle's reference from being given back. */
	xa_lock(&nt_handles);
	thread = xa_load(&nt_handles, nt_handle_index(handle));
	if (thread)
		ddt_thread_get(thread);
	xa_unlock(&nt_handles);
	return thread;
}

/**
 * ObReferenceObjectByHandle() - take a reference to the thread of a handle
 * @Handle: the handle
 * @DesiredAccess: not used
 * @ObjectType: \*PsThreadType, or NULL for any type
 * @AccessMode: KernelMode; the handles are of no use to a program
 * @Object: where to store the thread, to be given back with
 *	ObDereferenceObject()
 * @HandleInformation: NULL, or where to store what is known of the handle
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_HANDLE; STATUS_OBJECT_TYPE_MISMATCH.
 */
NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
				   POBJECT_TYPE ObjectType,
				   KPROCESSOR_MODE AccessMode, PVOID *Object,
				   POBJECT_HANDLE_INFORMATION HandleInformation)
{
	struct ddt_thread *thread;

	*Object = NULL;
	if (AccessMode != KernelMode)
		return STATUS_INVALID_HANDLE;
	thread = nt_handle_get(Handle);
	if (!thread)
		return STATUS_INVALID_HANDLE;
	if (ObjectType && ObjectType != &nt_thread_type) {
		ddt_thread_put(thread);
		return STATUS_OBJECT_TYPE_MISMATCH;
	}
	if (HandleInformation) {
		HandleInformation->HandleAttributes = 0;
		HandleInformation->GrantedAccess = THREAD_ALL_ACCESS;
	}
	*Object = thread;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ObReferenceObjectByHandle);

static bool nt_is_thread(struct ddt_thread *thread)
{
	return thread && ddt_thread_object(thread)->type == DDT_OBJECT_THREAD;
}

/**
 * ObReferenceObject() - take a reference to a thread
 * @Object: the thread, to which the caller has a reference
 *
 * Other objects are not counted here; passing one is a bug.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: 0; on Windows the value is reserved.
 */
LONG_PTR ObReferenceObject(PVOID Object)
{
	if (nt_is_thread(Object))
		ddt_thread_get(Object);
	else
		ddt_nt_bug("not a thread");
	return 0;
}
EXPORT_SYMBOL_GPL(ObReferenceObject);

/**
 * ObDereferenceObject() - give back a reference to a thread
 * @Object: the thread
 *
 * It runs on, with or without references. See ObReferenceObject().
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: 0; on Windows the value is reserved.
 */
LONG_PTR ObDereferenceObject(PVOID Object)
{
	if (nt_is_thread(Object))
		ddt_thread_put(Object);
	else
		ddt_nt_bug("not a thread");
	return 0;
}
EXPORT_SYMBOL_GPL(ObDereferenceObject);

/**
 * ZwClose() - close the handle of a thread
 * @Handle: the handle
 *
 * The thread runs on.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_HANDLE.
 */
NTSTATUS ZwClose(HANDLE Handle)
{
	struct ddt_thread *thread;

	thread = xa_erase(&nt_handles, nt_handle_index(Handle));
	if (!thread)
		return STATUS_INVALID_HANDLE;
	ddt_thread_put(thread);
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(ZwClose);

/**
 * ZwWaitForSingleObject() - wait until the thread of a handle has ended
 * @Handle: the handle, which may be closed meanwhile
 * @Alertable: as for KeWaitForSingleObject()
 * @Timeout: as for KeWaitForSingleObject()
 *
 * Context: PASSIVE_LEVEL.
 * Return: as KeWaitForSingleObject() in KernelMode; STATUS_INVALID_HANDLE.
 */
NTSTATUS ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable,
			       PLARGE_INTEGER Timeout)
{
	struct ddt_thread *thread = nt_handle_get(Handle);
	NTSTATUS status;

	if (!thread)
		return STATUS_INVALID_HANDLE;
	status = KeWaitForSingleObject(thread, Executive, KernelMode, Alertable,
				       Timeout);
	ddt_thread_put(thread);
	return status;
}
EXPORT_SYMBOL_GPL(ZwWaitForSingleObject);

/* What a new thread needs to know; belongs to the thread. */
struct nt_start {
	PKSTART_ROUTINE routine;
	PVOID context;
	PDEVICE_OBJECT device;		/* held until the routine is over */
};

static void nt_start_free(struct nt_start *start)
{
	if (start->device)
		ddt_nt_device_put(start->device);
	kfree(start);
}

static int nt_thread_main(void *context)
{
	struct nt_start *start = context;

	start->routine(start->context);
	nt_start_free(start);
	return STATUS_SUCCESS;
}

static NTSTATUS nt_create_status(int err)
{
	switch (err) {
	case -EINTR:
		return STATUS_PROCESS_IS_TERMINATING;
	case -ENODEV:
		return STATUS_DELETE_PENDING;
	default:
		return STATUS_INSUFFICIENT_RESOURCES;
	}
}

static NTSTATUS nt_create_thread(PDEVICE_OBJECT device, struct module *owner,
				 PHANDLE handle, POBJECT_ATTRIBUTES attributes,
				 HANDLE process, PCLIENT_ID id,
				 PKSTART_ROUTINE routine, PVOID context)
{
	struct ddt_thread_attr attr = {
		.owner = owner,
	};
	struct ddt_thread *thread;
	struct nt_start *start;
	char name[TASK_COMM_LEN];
	u32 index;
	int err;

	if (attributes && attributes->Attributes &
			  (OBJ_PERMANENT | OBJ_EXCLUSIVE | OBJ_OPENIF))
		return STATUS_INVALID_PARAMETER;
	/* Only the system process has threads of drivers. */
	if (process)
		return STATUS_INVALID_HANDLE;

	start = kzalloc_obj(*start, GFP_KERNEL);
	if (!start)
		return STATUS_INSUFFICIENT_RESOURCES;
	start->routine = routine;
	start->context = context;
	start->device = device;
	if (device)
		ddt_nt_device_get(device);

	/* First a place for the handle: a thread cannot be taken back. */
	err = xa_alloc(&nt_handles, &index, NULL, xa_limit_31b, GFP_KERNEL);
	if (err)
		goto free_start;

	/* The thread is called as its routine is, without the module. */
	snprintf(name, sizeof(name), "%ps", routine);
	name[strcspn(name, " ")] = '\0';
	attr.name = name;
	thread = ddt_thread_create(nt_thread_main, start, &attr);
	if (IS_ERR(thread)) {
		err = PTR_ERR(thread);
		goto release_handle;
	}

	if (id) {
		struct ddt_thread_usage usage;

		ddt_thread_usage(thread, &usage);
		id->UniqueProcess = (HANDLE)(long)usage.pid;
		id->UniqueThread = (HANDLE)(long)usage.pid;
	}
	/* Needs no memory. The creator's reference becomes the handle's. */
	xa_store(&nt_handles, index, thread, GFP_KERNEL);
	*handle = nt_handle(index);
	return STATUS_SUCCESS;

release_handle:
	xa_release(&nt_handles, index);
free_start:
	nt_start_free(start);
	return nt_create_status(err);
}

/**
 * PsCreateSystemThread() - create a thread and start it
 * @ThreadHandle: where to store its handle, to be closed with ZwClose()
 * @DesiredAccess: not used
 * @ObjectAttributes: NULL, or attributes of the handle; all handles are kernel
 *	handles
 * @ProcessHandle: NULL
 * @ClientId: NULL, or where to store its process id
 * @StartRoutine: what it is to do
 * @StartContext: passed to @StartRoutine
 *
 * The thread has the name of @StartRoutine and the base priority 8, nice 0. It
 * does not keep the driver's module from being unloaded: for that there is
 * IoCreateSystemThread(), and otherwise the driver's unload routine must wait
 * for the thread.
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INVALID_PARAMETER for attributes that a thread
 * cannot have; STATUS_INVALID_HANDLE for another process;
 * STATUS_INSUFFICIENT_RESOURCES; STATUS_PROCESS_IS_TERMINATING if the caller
 * has been killed.
 */
NTSTATUS PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess,
			      POBJECT_ATTRIBUTES ObjectAttributes,
			      HANDLE ProcessHandle, PCLIENT_ID ClientId,
			      PKSTART_ROUTINE StartRoutine,
			      PVOID StartContext)
{
	return nt_create_thread(NULL, NULL, ThreadHandle, ObjectAttributes,
				ProcessHandle, ClientId, StartRoutine,
				StartContext);
}
EXPORT_SYMBOL_GPL(PsCreateSystemThread);

/**
 * IoCreateSystemThread() - create a thread that holds its driver
 * @IoObject: the driver's DRIVER_OBJECT or DEVICE_OBJECT
 * @ThreadHandle: as for PsCreateSystemThread()
 * @DesiredAccess: not used
 * @ObjectAttributes: as for PsCreateSystemThread()
 * @ProcessHandle: NULL
 * @ClientId: as for PsCreateSystemThread()
 * @StartRoutine: as for PsCreateSystemThread()
 * @StartContext: as for PsCreateSystemThread()
 *
 * Until @StartRoutine is over, which includes PsTerminateSystemThread(), the
 * driver's module cannot be unloaded and the device's memory is not freed.
 *
 * Another object is a bug.
 *
 * Context: PASSIVE_LEVEL.
 * Return: as PsCreateSystemThread(); also STATUS_DELETE_PENDING if the module
 * is being unloaded, and STATUS_INVALID_PARAMETER after a bug.
 */
NTSTATUS IoCreateSystemThread(PVOID IoObject, PHANDLE ThreadHandle,
			      ULONG DesiredAccess,
			      POBJECT_ATTRIBUTES ObjectAttributes,
			      HANDLE ProcessHandle, PCLIENT_ID ClientId,
			      PKSTART_ROUTINE StartRoutine,
			      PVOID StartContext)
{
	PDEVICE_OBJECT device = NULL;
	PDRIVER_OBJECT driver;
	CSHORT type = *(CSHORT *)IoObject;

	if (type == IO_TYPE_DEVICE) {
		device = IoObject;
		driver = device->DriverObject;
	} else if (type == IO_TYPE_DRIVER) {
		driver = IoObject;
	} else {
		ddt_nt_bug("neither a driver nor a device");
		return STATUS_INVALID_PARAMETER;
	}
	return nt_create_thread(device, driver->ddt_owner, ThreadHandle,
				ObjectAttributes, ProcessHandle, ClientId,
				StartRoutine, StartContext);
}
EXPORT_SYMBOL_GPL(IoCreateSystemThread);

/**
 * PsTerminateSystemThread() - end the calling thread
 * @ExitStatus: its exit status
 *
 * Also for a thread of IoCreateSystemThread(), which on Windows would never
 * let go of its driver.
 *
 * Context: a thread that PsCreateSystemThread() or IoCreateSystemThread() has
 * created, PASSIVE_LEVEL.
 * Return: STATUS_INVALID_PARAMETER if the caller is another thread. Otherwise
 * it does not return.
 */
NTSTATUS PsTerminateSystemThread(NTSTATUS ExitStatus)
{
	struct nt_start *start = ddt_thread_context(nt_thread_main);

	if (!start)
		return STATUS_INVALID_PARAMETER;
	nt_start_free(start);
	ddt_thread_exit(ExitStatus);
}
EXPORT_SYMBOL_GPL(PsTerminateSystemThread);

/**
 * PsGetThreadExitStatus() - the exit status of a thread
 * @Thread: the thread
 *
 * Context: PASSIVE_LEVEL.
 * Return: the status, or STATUS_PENDING as long as the thread has not ended.
 */
NTSTATUS PsGetThreadExitStatus(PETHREAD Thread)
{
	int code;

	return ddt_thread_exit_code(Thread, &code) ? STATUS_PENDING : code;
}
EXPORT_SYMBOL_GPL(PsGetThreadExitStatus);

/**
 * KeGetCurrentThread() - the calling thread
 *
 * Context: PASSIVE_LEVEL.
 * Return: the thread, without a reference of the caller's; NULL if the library
 * has not created it, for example in a dispatch routine.
 */
PKTHREAD KeGetCurrentThread(void)
{
	return ddt_thread_current();
}
EXPORT_SYMBOL_GPL(KeGetCurrentThread);

/**
 * KeSetBasePriorityThread() - set the base priority of a thread
 * @Thread: the thread
 * @Increment: what to add to 8; see ddt_thread_set_increment()
 *
 * Context: PASSIVE_LEVEL.
 * Return: the previous increment; 16 or -16 if it was more than that, either
 * way. 0 after a bug: no thread.
 */
LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment)
{
	if (!nt_is_thread(Thread)) {
		ddt_nt_bug("not a thread");
		return 0;
	}
	return ddt_thread_set_increment(Thread, Increment);
}
EXPORT_SYMBOL_GPL(KeSetBasePriorityThread);

/**
 * KeSetPriorityThread() - set the current priority of a thread
 * @Thread: the thread
 * @Priority: 0 to HIGH_PRIORITY. 0 counts as 1. From LOW_REALTIME_PRIORITY on
 *	it is nice -20, as 15 is: see priority.c for why there is no SCHED_FIFO.
 *
 * The base priority stays. While on Windows a priority below
 * LOW_REALTIME_PRIORITY goes back to the base priority as the thread uses CPU
 * time, here it stays until it or the base priority is set.
 *
 * Context: PASSIVE_LEVEL.
 * Return: the previous current priority; 0 after a bug: no thread, or no
 * priority.
 */
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority)
{
	if (!nt_is_thread(Thread) || Priority < LOW_PRIORITY ||
	    Priority > HIGH_PRIORITY) {
		ddt_nt_bug("not a thread, or not a priority");
		return 0;
	}
	return ddt_thread_set_priority(Thread, Priority);
}
EXPORT_SYMBOL_GPL(KeSetPriorityThread);

/**
 * KeQueryPriorityThread() - the current priority of a thread
 * @Thread: the thread
 *
 * Context: PASSIVE_LEVEL.
 * Return: 1 to HIGH_PRIORITY; 0 after a bug: no thread.
 */
KPRIORITY KeQueryPriorityThread(PKTHREAD Thread)
{
	if (!nt_is_thread(Thread)) {
		ddt_nt_bug("not a thread");
		return 0;
	}
	return ddt_thread_priority(Thread);
}
EXPORT_SYMBOL_GPL(KeQueryPriorityThread);

int ddt_nt_init(void)
{
	return ddt_nt_io_init();
}

/* No thread runs any more, but handles may have been left open. */
void ddt_nt_exit(void)
{
	struct ddt_thread *thread;
	unsigned long index;

	ddt_nt_io_exit();
	xa_for_each(&nt_handles, index, thread)
		ddt_thread_put(thread);
	xa_destroy(&nt_handles);
}
