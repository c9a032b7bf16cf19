// SPDX-License-Identifier: GPL-2.0-only
/*
 * nt_io.c - the NT names: drivers, devices, requests, cancel-safe queues, work
 *	     items
 *
 * References: a device has one of its creator's until IoDeleteDevice(), one of
 * each IRP, of each thread of IoCreateSystemThread() and of each queued work
 * item. An IRP has those of its allocator, and one of ddt_nt_send()
 * while that runs. A work item has one of its owner and one while it is queued
 * or runs.
 *
 * Cancelling: the context to which IoSetCancelRoutine() returns the cancel
 * routine of an IRP owns the IRP. A canceller sets Cancel, then takes the
 * routine; a queue sets the routine, then reads Cancel. Both exchanges are full
 * barriers, so at least one side sees the other's store.
 */

#include <linux/bitops.h>
#include <linux/completion.h>
#include <linux/export.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "nt.h"

/* IRP.ddt_flags */
#define NT_IRP_SENT		0
#define NT_IRP_COMPLETED	1

/* A device and its extension, which may hold anything. */
struct nt_device {
	DEVICE_OBJECT object;
	u8 extension[] __aligned(16);
};

/* Protects the lists of the devices of the drivers. */
static DEFINE_SPINLOCK(nt_device_lock);

static DEFINE_SPINLOCK(nt_cancel_lock);

void ddt_nt_device_get(PDEVICE_OBJECT device)
{
	refcount_inc(&device->ddt_refs);
}

void ddt_nt_device_put(PDEVICE_OBJECT device)
{
	if (refcount_dec_and_test(&device->ddt_refs))
		kfree(container_of(device, struct nt_device, object));
}

/**
 * IoCreateDevice() - create a device
 * @DriverObject: its driver
 * @DeviceExtensionSize: how much memory the driver wants for itself
 * @DeviceName: not used: the Linux side names the device node
 * @DeviceType: kept in the device
 * @DeviceCharacteristics: kept in the device
 * @Exclusive: not used: the Linux side opens files
 * @DeviceObject: where to store the device
 *
 * Context: PASSIVE_LEVEL.
 * Return: STATUS_SUCCESS; STATUS_INSUFFICIENT_RESOURCES.
 */
NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
			PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
			ULONG DeviceCharacteristics, BOOLEAN Exclusive,
			PDEVICE_OBJECT *DeviceObject)
{
	struct nt_device *device;
	PDEVICE_OBJECT object;

	device = kzalloc(struct_size(device, extension, DeviceExtensionSize),
			 GFP_KERNEL);
	if (!device)
		return STATUS_INSUFFICIENT_RESOURCES;
	object = &device->object;
	object->Type = IO_TYPE_DEVICE;
	object->Size = sizeof(DEVICE_OBJECT) + DeviceExtensionSize;
	object->DriverObject = DriverObject;
	object->Flags = DO_DEVICE_INITIALIZING;
	object->Characteristics = DeviceCharacteristics;
	object->DeviceType = DeviceType;
	if (DeviceExtensionSize)
		object->DeviceExtension = device->extension;
	refcount_set(&object->ddt_refs, 1);

	spin_lock(&nt_device_lock);
	object->NextDevice = DriverObject->DeviceObject;
	DriverObject->DeviceObject = object;
	spin_unlock(&nt_device_lock);

	*DeviceObject = object;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(IoCreateDevice);

/**
 * IoDeleteDevice() - delete a device
 * @DeviceObject: the device
 *
 * Its memory is freed when the last request, thread and work item has let go
 * of it.
 *
 * Context: PASSIVE_LEVEL.
 */
VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject)
{
	PDEVICE_OBJECT *link;

	spin_lock(&nt_device_lock);
	link = &DeviceObject->DriverObject->DeviceObject;
	while (*link && *link != DeviceObject)
		link = &(*link)->NextDevice;
	if (*link)
		*link = DeviceObject->NextDevice;
	spin_unlock(&nt_device_lock);

	ddt_nt_device_put(DeviceObject);
}
EXPORT_SYMBOL_GPL(IoDeleteDevice);

static NTSTATUS nt_invalid_request(PDEVICE_OBJECT device, PIRP irp)
{
	irp->IoStatus.Status = STATUS_INVALID_DEVICE_REQUEST;
	irp->IoStatus.Information = 0;
	IoCompleteRequest(irp, IO_NO_INCREMENT);
	return STATUS_INVALID_DEVICE_REQUEST;
}

/**
 * ddt_nt_driver_load() - start a driver
 * @driver: memory for its DRIVER_OBJECT
 * @entry: its DriverEntry routine
 * @owner: its module: THIS_MODULE
 *
 * What module_init() of a ported driver calls. A request for which the driver
 * has no routine is completed with STATUS_INVALID_DEVICE_REQUEST. A driver
 * whose DriverEntry fails and leaves a device behind has a bug.
 *
 * Context: Process context, may sleep.
 * Return: 0, or a negative errno for what DriverEntry returned: see
 * ddt_nt_errno(). Then the driver's unload routine must not be called.
 */
int ddt_nt_driver_load(PDRIVER_OBJECT driver, PDRIVER_INITIALIZE entry,
		       struct module *owner)
{
	UNICODE_STRING registry_path = { 0 };
	PDEVICE_OBJECT device;
	NTSTATUS status;
	unsigned int i;

	*driver = (struct _DRIVER_OBJECT){
		.Type = IO_TYPE_DRIVER,
		.Size = sizeof(*driver),
		.ddt_owner = owner,
	};
	for (i = 0; i < ARRAY_SIZE(driver->MajorFunction); i++)
		driver->MajorFunction[i] = nt_invalid_request;

	status = entry(driver, &registry_path);
	if (!NT_SUCCESS(status)) {
		if (driver->DeviceObject)
			ddt_nt_bug("DriverEntry failed and left a device");
		return ddt_nt_errno(status);
	}

	spin_lock(&nt_device_lock);
	for (device = driver->DeviceObject; device; device = device->NextDevice)
		device->Flags &= ~DO_DEVICE_INITIALIZING;
	spin_unlock(&nt_device_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(ddt_nt_driver_load);

/**
 * ddt_nt_driver_unload() - end a driver
 * @driver: the driver, of which no file is open and no request is left
 *
 * What module_exit() of a ported driver calls. A driver that leaves a device
 * behind has a bug.
 *
 * Context: Process context, may sleep.
 */
void ddt_nt_driver_unload(PDRIVER_OBJECT driver)
{
	if (driver->DriverUnload)
		driver->DriverUnload(driver);
	if (driver->DeviceObject)
		ddt_nt_bug("DriverUnload left a device");
}
EXPORT_SYMBOL_GPL(ddt_nt_driver_unload);

/**
 * ddt_nt_file_init() - initialise what a driver sees of an open file
 * @file: what it sees
 * @device: the device
 *
 * Context: Any.
 */
void ddt_nt_file_init(PFILE_OBJECT file, PDEVICE_OBJECT device)
{
	*file = (struct _FILE_OBJECT){
		.Type = IO_TYPE_FILE,
		.Size = sizeof(*file),
		.DeviceObject = device,
	};
}
EXPORT_SYMBOL_GPL(ddt_nt_file_init);

/**
 * ddt_nt_irp_alloc() - make a request
 * @device: for which device
 * @file: of which open file, or NULL
 * @major: what for: an IRP_MJ_ code
 * @buffer: where the data is or goes, in the kernel, or NULL
 * @length: its length, for IRP_MJ_READ and IRP_MJ_WRITE
 * @gfp: how to allocate memory
 *
 * Other parameters are for the caller to set in the IRP's stack location. A
 * request can be sent once.
 *
 * Context: Any, as @gfp says.
 * Return: the IRP, to be given back with ddt_nt_irp_put(), or NULL.
 */
PIRP ddt_nt_irp_alloc(PDEVICE_OBJECT device, PFILE_OBJECT file, UCHAR major,
		      void *buffer, ULONG length, gfp_t gfp)
{
	PIRP irp = kzalloc(sizeof(*irp), gfp);
	PIO_STACK_LOCATION location;

	if (!irp)
		return NULL;
	irp->Type = IO_TYPE_IRP;
	irp->Size = sizeof(*irp);
	irp->AssociatedIrp.SystemBuffer = buffer;
	irp->RequestorMode = current->flags & PF_KTHREAD ? KernelMode :
							   UserMode;
	refcount_set(&irp->ddt_refs, 1);
	ddt_nt_device_get(device);

	location = IoGetCurrentIrpStackLocation(irp);
	location->MajorFunction = major;
	location->DeviceObject = device;
	location->FileObject = file;
	if (major == IRP_MJ_READ)
		location->Parameters.Read.Length = length;
	else if (major == IRP_MJ_WRITE)
		location->Parameters.Write.Length = length;
	return irp;
}
EXPORT_SYMBOL_GPL(ddt_nt_irp_alloc);

/**
 * ddt_nt_irp_get() - take a reference to a request
 * @irp: the request, to which the caller has a reference
 *
 * A context that cancels a request needs a reference of its own.
 *
 * Context: Any.
 * Return: @irp.
 */
PIRP ddt_nt_irp_get(PIRP irp)
{
	refcount_inc(&irp->ddt_refs);
	return irp;
}
EXPORT_SYMBOL_GPL(ddt_nt_irp_get);

/**
 * ddt_nt_irp_put() - give back a reference to a request
 * @irp: the request; the last reference not before it has been completed
 *
 * Context: Any.
 */
void ddt_nt_irp_put(PIRP irp)
{
	if (!refcount_dec_and_test(&irp->ddt_refs))
		return;
	ddt_nt_device_put(irp->ddt_location.DeviceObject);
	kfree(irp);
}
EXPORT_SYMBOL_GPL(ddt_nt_irp_put);

/**
 * ddt_nt_send() - send a request to its driver
 * @irp: the request, which has not been sent before
 * @complete: called once when the driver completes it, perhaps before this
 *	returns and whatever this returns
 * @context: passed to @complete
 *
 * Sending a request twice is a bug; so is a driver's answer that is at odds
 * with what it did: STATUS_PENDING without IoMarkIrpPending() or the reverse,
 * or another status for a request that it has not completed.
 *
 * Context: Process context, may sleep; @complete: PASSIVE_LEVEL to
 * DISPATCH_LEVEL.
 * Return: what the driver's dispatch routine returned.
 */
NTSTATUS ddt_nt_send(PIRP irp, void (*complete)(PIRP irp, void *context),
		     void *context)
{
	PIO_STACK_LOCATION location = IoGetCurrentIrpStackLocation(irp);
	PDEVICE_OBJECT device = location->DeviceObject;
	PDRIVER_DISPATCH dispatch = nt_invalid_request;
	bool marked, pending;
	NTSTATUS status;

	if (test_and_set_bit(NT_IRP_SENT, &irp->ddt_flags)) {
		ddt_nt_bug("the request has been sent before");
		return STATUS_INVALID_PARAMETER;
	}
	irp->ddt_complete = complete;
	irp->ddt_context = context;

	ddt_nt_irp_get(irp);
	if (location->MajorFunction <= IRP_MJ_MAXIMUM_FUNCTION)
		dispatch = device->DriverObject->MajorFunction
						[location->MajorFunction];
	status = dispatch(device, irp);
	marked = location->Control & SL_PENDING_RETURNED;
	pending = status == STATUS_PENDING;
	if (marked != pending)
		ddt_nt_bug("STATUS_PENDING and IoMarkIrpPending() go together");
	else if (!pending && !test_bit(NT_IRP_COMPLETED, &irp->ddt_flags))
		ddt_nt_bug("neither completed nor pending");
	ddt_nt_irp_put(irp);
	return status;
}
EXPORT_SYMBOL_GPL(ddt_nt_send);

static void nt_call_complete(PIRP irp, void *context)
{
	complete(context);
}

/**
 * ddt_nt_call() - send a request and wait until it is completed
 * @irp: the request, which has not been sent before
 *
 * When the calling task is killed the request is cancelled; but the call still
 * waits for the driver to complete it.
 *
 * Context: Process context, may sleep.
 * Return: the request's status.
 */
NTSTATUS ddt_nt_call(PIRP irp)
{
	DECLARE_COMPLETION_ONSTACK(done);

	ddt_nt_send(irp, nt_call_complete, &done);
	if (wait_for_completion_killable(&done)) {
		IoCancelIrp(irp);
		wait_for_completion(&done);
	}
	return irp->IoStatus.Status;
}
EXPORT_SYMBOL_GPL(ddt_nt_call);

/**
 * IoAcquireCancelSpinLock() - take the lock under which cancel routines start
 * @Irql: where to store the IRQL before
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL. DISPATCH_LEVEL on return.
 */
VOID IoAcquireCancelSpinLock(PKIRQL Irql)
	__acquires(&nt_cancel_lock)
{
	KeAcquireSpinLock(&nt_cancel_lock, Irql);
}
EXPORT_SYMBOL_GPL(IoAcquireCancelSpinLock);

/**
 * IoReleaseCancelSpinLock() - release the lock under which cancel routines
 *	start
 * @Irql: the IRQL before it was taken; in a cancel routine CancelIrql of the
 *	request
 *
 * Context: DISPATCH_LEVEL.
 */
VOID IoReleaseCancelSpinLock(KIRQL Irql)
	__releases(&nt_cancel_lock)
{
	KeReleaseSpinLock(&nt_cancel_lock, Irql);
}
EXPORT_SYMBOL_GPL(IoReleaseCancelSpinLock);

/**
 * IoCancelIrp() - cancel a request
 * @Irp: the request, to which the caller has a reference: ddt_nt_irp_get()
 *
 * Calls the request's cancel routine, if it has one, under the cancel spin
 * lock. One that is in service, and so has none, finds Cancel set if it looks.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: TRUE if a routine was called.
 */
BOOLEAN IoCancelIrp(PIRP Irp)
{
	PDRIVER_CANCEL routine;
	KIRQL irql;

	IoAcquireCancelSpinLock(&irql);
	WRITE_ONCE(Irp->Cancel, TRUE);
	routine = IoSetCancelRoutine(Irp, NULL);
	if (!routine) {
		IoReleaseCancelSpinLock(irql);
		return FALSE;
	}
	Irp->CancelIrql = irql;
	routine(IoGetCurrentIrpStackLocation(Irp)->DeviceObject, Irp);
	return TRUE;
}
EXPORT_SYMBOL_GPL(IoCancelIrp);

/**
 * IoCompleteRequest() - say that a request has been dealt with
 * @Irp: the request, with its IoStatus set; not the driver's any more
 *	afterwards
 * @PriorityBoost: no effect
 *
 * Completing a request again, or one that still has a cancel routine, is a bug.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL, without a spin lock of the
 * driver's held.
 */
VOID IoCompleteRequest(PIRP Irp, CHAR PriorityBoost)
{
	if (!test_bit(NT_IRP_SENT, &Irp->ddt_flags) ||
	    test_and_set_bit(NT_IRP_COMPLETED, &Irp->ddt_flags)) {
		ddt_nt_bug("MULTIPLE_IRP_COMPLETE_REQUESTS");
		return;
	}
	if (IoSetCancelRoutine(Irp, NULL))
		ddt_nt_bug("CANCEL_STATE_IN_COMPLETED_IRP");
	Irp->PendingReturned = !!(IoGetCurrentIrpStackLocation(Irp)->Control &
				  SL_PENDING_RETURNED);
	Irp->ddt_complete(Irp, Irp->ddt_context);
}
EXPORT_SYMBOL_GPL(IoCompleteRequest);

/* Where a queued IRP says what it is queued by, as on Windows. */
#define NT_CSQ_SLOT	3

/* Returns the context by which an IRP is queued, or NULL. */
static PIO_CSQ_IRP_CONTEXT nt_csq_context(PIRP irp)
{
	PIO_CSQ_IRP_CONTEXT context =
		irp->Tail.Overlay.DriverContext[NT_CSQ_SLOT];

	return context->Type == IO_TYPE_CSQ_IRP_CONTEXT ? context : NULL;
}

/* Takes an IRP whose cancel routine the caller has got out of its queue. */
static void nt_csq_remove(PIO_CSQ csq, PIRP irp)
{
	PIO_CSQ_IRP_CONTEXT context = nt_csq_context(irp);

	csq->CsqRemoveIrp(csq, irp);
	if (context)
		context->Irp = NULL;
	irp->Tail.Overlay.DriverContext[NT_CSQ_SLOT] = NULL;
}

/* The cancel routine of all queued IRPs. */
static VOID nt_csq_cancel(PDEVICE_OBJECT device, PIRP irp)
{
	PIO_CSQ_IRP_CONTEXT context;
	PIO_CSQ csq;
	KIRQL irql;

	/* The queue's lock is never taken under the cancel spin lock. */
	IoReleaseCancelSpinLock(irp->CancelIrql);

	/* The IRP stays in the queue until we take it out. */
	context = nt_csq_context(irp);
	csq = context ? context->Csq :
			irp->Tail.Overlay.DriverContext[NT_CSQ_SLOT];

	csq->CsqAcquireLock(csq, &irql);
	nt_csq_remove(csq, irp);
	csq->CsqReleaseLock(csq, irql);
	csq->CsqCompleteCanceledIrp(csq, irp);
}

static NTSTATUS nt_csq_call_insert(PIO_CSQ csq, PIRP irp, PVOID insert_context)
{
	if (csq->Type == IO_TYPE_CSQ_EX)
		return csq->CsqInsertIrp.InsertEx(csq, irp, insert_context);
	csq->CsqInsertIrp.Insert(csq, irp);
	return STATUS_SUCCESS;
}

/**
 * IoCsqInitialize() - initialise a queue of requests that can be cancelled
 * @Csq: the queue
 * @CsqInsertIrp: puts a request in the driver's list
 * @CsqRemoveIrp: takes it out
 * @CsqPeekNextIrp: returns the request in the list after a given one, or after
 *	its head, that fits what IoCsqRemoveNextIrp() was passed; or NULL
 * @CsqAcquireLock: takes the list's lock
 * @CsqReleaseLock: releases it
 * @CsqCompleteCanceledIrp: completes a request with STATUS_CANCELLED; called
 *	without the list's lock
 *
 * Context: Any.
 * Return: STATUS_SUCCESS.
 */
NTSTATUS IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp,
			 PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
			 PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
			 PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
			 PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
			 PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
	*Csq = (struct _IO_CSQ){
		.Type = IO_TYPE_CSQ,
		.CsqInsertIrp.Insert = CsqInsertIrp,
		.CsqRemoveIrp = CsqRemoveIrp,
		.CsqPeekNextIrp = CsqPeekNextIrp,
		.CsqAcquireLock = CsqAcquireLock,
		.CsqReleaseLock = CsqReleaseLock,
		.CsqCompleteCanceledIrp = CsqCompleteCanceledIrp,
	};
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(IoCsqInitialize);

/**
 * IoCsqInitializeEx() - the same, with a queue that may refuse requests
 * @Csq: the queue
 * @CsqInsertIrp: puts a request in the driver's list, or returns a status that
 *	is not NT_SUCCESS()
 * @CsqRemoveIrp: as for IoCsqInitialize()
 * @CsqPeekNextIrp: as for IoCsqInitialize()
 * @CsqAcquireLock: as for IoCsqInitialize()
 * @CsqReleaseLock: as for IoCsqInitialize()
 * @CsqCompleteCanceledIrp: as for IoCsqInitialize()
 *
 * Context: Any.
 * Return: STATUS_SUCCESS.
 */
NTSTATUS IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp,
			   PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
			   PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
			   PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
			   PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
			   PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp)
{
	IoCsqInitialize(Csq, NULL, CsqRemoveIrp, CsqPeekNextIrp, CsqAcquireLock,
			CsqReleaseLock, CsqCompleteCanceledIrp);
	Csq->Type = IO_TYPE_CSQ_EX;
	Csq->CsqInsertIrp.InsertEx = CsqInsertIrp;
	return STATUS_SUCCESS;
}
EXPORT_SYMBOL_GPL(IoCsqInitializeEx);

/**
 * IoCsqInsertIrpEx() - queue a request
 * @Csq: the queue
 * @Irp: the request
 * @Context: for IoCsqRemoveIrp(), or NULL; belongs to the queue as long as the
 *	request is in it
 * @InsertContext: passed to the queue's insert routine
 *
 * Marks the request pending. One that has been cancelled already is completed
 * by the queue's CsqCompleteCanceledIrp; it is pending all the same.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: what the insert routine returned. If that is not NT_SUCCESS() the
 * request is neither queued nor marked pending, and the caller has it still.
 */
NTSTATUS IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context,
			  PVOID InsertContext)
{
	void **slot = &Irp->Tail.Overlay.DriverContext[NT_CSQ_SLOT];
	bool cancelled = false;
	NTSTATUS status;
	KIRQL irql;

	Csq->CsqAcquireLock(Csq, &irql);
	status = nt_csq_call_insert(Csq, Irp, InsertContext);
	if (!NT_SUCCESS(status)) {
		Csq->CsqReleaseLock(Csq, irql);
		return status;
	}
	if (Context) {
		*Context = (struct _IO_CSQ_IRP_CONTEXT){
			.Type = IO_TYPE_CSQ_IRP_CONTEXT,
			.Irp = Irp,
			.Csq = Csq,
		};
		*slot = Context;
	} else {
		*slot = Csq;
	}
	IoMarkIrpPending(Irp);
	IoSetCancelRoutine(Irp, nt_csq_cancel);
	/*
	 * A canceller that has got the routine meanwhile removes the request
	 * itself.
	 */
	if (READ_ONCE(Irp->Cancel) && IoSetCancelRoutine(Irp, NULL)) {
		nt_csq_remove(Csq, Irp);
		cancelled = true;
	}
	Csq->CsqReleaseLock(Csq, irql);

	if (cancelled)
		Csq->CsqCompleteCanceledIrp(Csq, Irp);
	return status;
}
EXPORT_SYMBOL_GPL(IoCsqInsertIrpEx);

/**
 * IoCsqInsertIrp() - queue a request
 * @Csq: the queue
 * @Irp: the request
 * @Context: as for IoCsqInsertIrpEx()
 *
 * For a queue that refuses no requests: see IoCsqInsertIrpEx().
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 */
VOID IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context)
{
	IoCsqInsertIrpEx(Csq, Irp, Context, NULL);
}
EXPORT_SYMBOL_GPL(IoCsqInsertIrp);

/**
 * IoCsqRemoveIrp() - take a given request out of a queue
 * @Csq: the queue
 * @Context: what it was queued with
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: the request, which cannot be cancelled any more; or NULL if it is not
 * in the queue, or has been cancelled and will be completed.
 */
PIRP IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context)
{
	PIRP irp;
	KIRQL irql;

	Csq->CsqAcquireLock(Csq, &irql);
	irp = Context->Irp;
	if (irp) {
		if (IoSetCancelRoutine(irp, NULL))
			nt_csq_remove(Csq, irp);
		else
			irp = NULL;
	}
	Csq->CsqReleaseLock(Csq, irql);
	return irp;
}
EXPORT_SYMBOL_GPL(IoCsqRemoveIrp);

/**
 * IoCsqRemoveNextIrp() - take the next request out of a queue
 * @Csq: the queue
 * @PeekContext: passed to the queue's CsqPeekNextIrp
 *
 * Requests that are being cancelled are passed over. A CsqPeekNextIrp that
 * returns the request it was given has a bug, and ends the search.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: the request, which cannot be cancelled any more, or NULL.
 */
PIRP IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext)
{
	PIRP irp = NULL, next;
	KIRQL irql;

	Csq->CsqAcquireLock(Csq, &irql);
	for (;;) {
		next = Csq->CsqPeekNextIrp(Csq, irp, PeekContext);
		if (next && next == irp) {
			ddt_nt_bug("CsqPeekNextIrp does not get on");
			next = NULL;
		}
		irp = next;
		if (!irp)
			break;
		if (IoSetCancelRoutine(irp, NULL)) {
			nt_csq_remove(Csq, irp);
			break;
		}
	}
	Csq->CsqReleaseLock(Csq, irql);
	return irp;
}
EXPORT_SYMBOL_GPL(IoCsqRemoveNextIrp);

struct _IO_WORKITEM {
	struct kref refs;
	struct work_struct work;
	unsigned long queued;		/* bit 0 */
	PDEVICE_OBJECT device;
	/* Belong to the caller that has set queued, then to the worker. */
	PIO_WORKITEM_ROUTINE routine;
	PVOID context;
};

/* For the lower priorities, and for the higher ones. */
static struct workqueue_struct *nt_delayed_workqueue;
static struct workqueue_struct *nt_critical_workqueue;

static void nt_workitem_release(struct kref *refs)
{
	kfree(container_of(refs, struct _IO_WORKITEM, refs));
}

static void nt_workitem_work(struct work_struct *work)
{
	PIO_WORKITEM item = container_of(work, struct _IO_WORKITEM, work);
	PIO_WORKITEM_ROUTINE routine = item->routine;
	PDEVICE_OBJECT device = item->device;
	struct module *owner = device->DriverObject->ddt_owner;
	PVOID context = item->context;

	/* From here on it may be queued again. */
	clear_bit_unlock(0, &item->queued);
	routine(device, context);

	kref_put(&item->refs, nt_workitem_release);
	ddt_nt_device_put(device);
	module_put(owner);
}

/**
 * IoAllocateWorkItem() - allocate a work item
 * @DeviceObject: the device for which it will be used
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 * Return: the item, to be given back with IoFreeWorkItem(), or NULL.
 */
PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject)
{
	PIO_WORKITEM item = kzalloc(sizeof(*item), GFP_ATOMIC);

	if (!item)
		return NULL;
	kref_init(&item->refs);
	INIT_WORK(&item->work, nt_workitem_work);
	item->device = DeviceObject;
	return item;
}
EXPORT_SYMBOL_GPL(IoAllocateWorkItem);

/**
 * IoQueueWorkItem() - have a function called by a worker thread
 * @IoWorkItem: the work item, which is not queued
 * @WorkerRoutine: the function
 * @QueueType: CriticalWorkQueue, HyperCriticalWorkQueue,
 *	SuperCriticalWorkQueue, RealTimeWorkQueue or CustomPriorityWorkQueue and
 *	a priority above 12: workers of nice -20. Others: workers of nice 0.
 * @Context: passed to @WorkerRoutine
 *
 * Until @WorkerRoutine has returned, the device's memory is not freed and the
 * driver's module cannot be unloaded. When it is called the item is not queued
 * any more, so it may queue the item again or free it.
 *
 * Queueing an item that is queued, which on Windows destroys the list it is in,
 * is a bug: the item stays queued as it was. Queueing it while the module is
 * being unloaded is a bug too: then it is not queued.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL. @WorkerRoutine: PASSIVE_LEVEL.
 */
VOID IoQueueWorkItem(PIO_WORKITEM IoWorkItem,
		     PIO_WORKITEM_ROUTINE WorkerRoutine,
		     WORK_QUEUE_TYPE QueueType, PVOID Context)
{
	PDEVICE_OBJECT device = IoWorkItem->device;
	struct workqueue_struct *queue = nt_delayed_workqueue;

	if (test_and_set_bit_lock(0, &IoWorkItem->queued)) {
		ddt_nt_bug("the work item is queued already");
		return;
	}
	if (!try_module_get(device->DriverObject->ddt_owner)) {
		ddt_nt_bug("the driver is being unloaded");
		clear_bit_unlock(0, &IoWorkItem->queued);
		return;
	}
	ddt_nt_device_get(device);
	kref_get(&IoWorkItem->refs);
	IoWorkItem->routine = WorkerRoutine;
	IoWorkItem->context = Context;

	switch ((unsigned int)QueueType) {
	case CriticalWorkQueue:
	case HyperCriticalWorkQueue:
	case SuperCriticalWorkQueue:
	case RealTimeWorkQueue:
	case CustomPriorityWorkQueue + 13 ... CustomPriorityWorkQueue + 31:
		queue = nt_critical_workqueue;
		break;
	}
	queue_work(queue, &IoWorkItem->work);
}
EXPORT_SYMBOL_GPL(IoQueueWorkItem);

/**
 * IoFreeWorkItem() - free a work item
 * @IoWorkItem: the work item
 *
 * Freeing an item that is queued is a bug; it is freed once it has been worked
 * on.
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL.
 */
VOID IoFreeWorkItem(PIO_WORKITEM IoWorkItem)
{
	if (test_bit(0, &IoWorkItem->queued))
		ddt_nt_bug("the work item is queued");
	kref_put(&IoWorkItem->refs, nt_workitem_release);
}
EXPORT_SYMBOL_GPL(IoFreeWorkItem);

int ddt_nt_io_init(void)
{
	nt_delayed_workqueue = alloc_workqueue("ddt_delayed", WQ_UNBOUND, 0);
	if (!nt_delayed_workqueue)
		return -ENOMEM;
	nt_critical_workqueue = alloc_workqueue("ddt_critical",
						WQ_UNBOUND | WQ_HIGHPRI, 0);
	if (!nt_critical_workqueue) {
		destroy_workqueue(nt_delayed_workqueue);
		return -ENOMEM;
	}
	return 0;
}

/* Returns when the last worker has left this module's code. */
void ddt_nt_io_exit(void)
{
	destroy_workqueue(nt_critical_workqueue);
	destroy_workqueue(nt_delayed_workqueue);
}
