// SPDX-License-Identifier: GPL-2.0-only
/*
 * daq_nt.c - the driver of a data-acquisition device in NT names
 *
 * Its dispatch routines only queue; a thread of the device's own does the slow
 * work. This is the file that a Windows driver's source becomes; what its I/O
 * manager does is in daq_nt_linux.c.
 */

#include <ddt/nt.h>

#include "daq_nt.h"

static KSTART_ROUTINE DaqThread;
static DRIVER_UNLOAD DaqUnload;
static DRIVER_DISPATCH DaqCreateClose;
static DRIVER_DISPATCH DaqRead;
static DRIVER_DISPATCH DaqCleanup;
static IO_CSQ_INSERT_IRP_EX DaqInsertIrp;
static IO_CSQ_REMOVE_IRP DaqRemoveIrp;
static IO_CSQ_PEEK_NEXT_IRP DaqPeekNextIrp;
static IO_CSQ_ACQUIRE_LOCK DaqAcquireLock;
static IO_CSQ_RELEASE_LOCK DaqReleaseLock;
static IO_CSQ_COMPLETE_CANCELED_IRP DaqCompleteCanceledIrp;

/* A little ahead of the threads that read, lest it misses its poll times. */
#define DAQ_PRIORITY_INCREMENT	1

typedef struct _DAQ_EXTENSION {
	struct daq_hw *Converter;

	IO_CSQ Queue;
	KSPIN_LOCK QueueLock;	/* protects QueueList, QueueLength */
	LIST_ENTRY QueueList;
	ULONG QueueLength;

	KSEMAPHORE Ready;	/* one count for each IRP that was queued */
	KEVENT Stop;
	PVOID Thread;
} DAQ_EXTENSION, *PDAQ_EXTENSION;

static PDAQ_EXTENSION DaqOfQueue(PIO_CSQ Csq)
{
	return CONTAINING_RECORD(Csq, DAQ_EXTENSION, Queue);
}

static NTSTATUS DaqComplete(PIRP Irp, NTSTATUS Status, ULONG_PTR Information)
{
	Irp->IoStatus.Status = Status;
	Irp->IoStatus.Information = Information;
	IoCompleteRequest(Irp, IO_NO_INCREMENT);
	return Status;
}

/* The thread. */

static NTSTATUS DaqConvert(PDAQ_EXTENSION Daq, PIRP Irp)
{
	PIO_STACK_LOCATION Location = IoGetCurrentIrpStackLocation(Irp);
	LARGE_INTEGER Interval;
	ULONG Polls;

	Interval.QuadPart = -10LL * DAQ_POLL_US;
	daq_hw_start(Daq->Converter, Location->Parameters.Read.ByteOffset.LowPart);
	for (Polls = 0; Polls < DAQ_MAX_POLLS; Polls++) {
		if (daq_hw_ready(Daq->Converter)) {
			*(PULONG)Irp->AssociatedIrp.SystemBuffer =
				daq_hw_value(Daq->Converter);
			return STATUS_SUCCESS;
		}
		if (Irp->Cancel)
			return STATUS_CANCELLED;
		KeDelayExecutionThread(KernelMode, FALSE, &Interval);
	}
	return STATUS_IO_TIMEOUT;
}

static VOID DaqThread(PVOID StartContext)
{
	PDAQ_EXTENSION Daq = StartContext;
	/* Stop comes first: of several objects the first one counts. */
	PVOID Objects[] = { &Daq->Stop, &Daq->Ready };
	NTSTATUS Status;
	PIRP Irp;

	for (;;) {
		Status = KeWaitForMultipleObjects(2, Objects, WaitAny,
						  Executive, KernelMode, FALSE,
						  NULL, NULL);
		if (Status == STATUS_WAIT_0)
			break;
		/* An IRP that was cancelled has left its count behind. */
		Irp = IoCsqRemoveNextIrp(&Daq->Queue, NULL);
		if (!Irp)
			continue;
		Status = DaqConvert(Daq, Irp);
		DaqComplete(Irp, Status,
			    Status == STATUS_SUCCESS ? sizeof(ULONG) : 0);
	}
	PsTerminateSystemThread(STATUS_SUCCESS);
}

/* Dispatch routines. */

static NTSTATUS DaqCreateClose(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	return DaqComplete(Irp, STATUS_SUCCESS, 0);
}

static NTSTATUS DaqRead(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_STACK_LOCATION Location = IoGetCurrentIrpStackLocation(Irp);
	PDAQ_EXTENSION Daq = DeviceObject->DeviceExtension;
	NTSTATUS Status;

	if (Location->Parameters.Read.Length < sizeof(ULONG))
		return DaqComplete(Irp, STATUS_BUFFER_TOO_SMALL, 0);
	if (Location->Parameters.Read.ByteOffset.QuadPart < 0 ||
	    Location->Parameters.Read.ByteOffset.QuadPart >= DAQ_CHANNELS)
		return DaqComplete(Irp, STATUS_INVALID_PARAMETER, 0);

	Status = IoCsqInsertIrpEx(&Daq->Queue, Irp, NULL, NULL);
	if (!NT_SUCCESS(Status))
		return DaqComplete(Irp, Status, 0);
	/* From here on the IRP may be gone. */
	KeReleaseSemaphore(&Daq->Ready, IO_NO_INCREMENT, 1, FALSE);
	return STATUS_PENDING;
}

/* The last handle of a file has been closed: nobody waits for its IRPs. */
static NTSTATUS DaqCleanup(PDEVICE_OBJECT DeviceObject, PIRP Irp)
{
	PIO_STACK_LOCATION Location = IoGetCurrentIrpStackLocation(Irp);
	PDAQ_EXTENSION Daq = DeviceObject->DeviceExtension;
	PIRP Queued;

	while ((Queued = IoCsqRemoveNextIrp(&Daq->Queue, Location->FileObject)))
		DaqComplete(Queued, STATUS_CANCELLED, 0);
	return DaqComplete(Irp, STATUS_SUCCESS, 0);
}

/* The queue. */

static NTSTATUS DaqInsertIrp(PIO_CSQ Csq, PIRP Irp, PVOID InsertContext)
{
	PDAQ_EXTENSION Daq = DaqOfQueue(Csq);

	if (Daq->QueueLength == DAQ_DEPTH)
		return STATUS_DEVICE_BUSY;
	InsertTailList(&Daq->QueueList, &Irp->Tail.Overlay.ListEntry);
	Daq->QueueLength++;
	return STATUS_SUCCESS;
}

static VOID DaqRemoveIrp(PIO_CSQ Csq, PIRP Irp)
{
	RemoveEntryList(&Irp->Tail.Overlay.ListEntry);
	DaqOfQueue(Csq)->QueueLength--;
}

/* PeekContext is the file of which to find an IRP, or NULL. */
static PIRP DaqPeekNextIrp(PIO_CSQ Csq, PIRP Irp, PVOID PeekContext)
{
	PDAQ_EXTENSION Daq = DaqOfQueue(Csq);
	PLIST_ENTRY Entry;

	Entry = Irp ? Irp->Tail.Overlay.ListEntry.Flink : Daq->QueueList.Flink;
	for (; Entry != &Daq->QueueList; Entry = Entry->Flink) {
		PIRP Next = CONTAINING_RECORD(Entry, IRP,
					      Tail.Overlay.ListEntry);

		if (!PeekContext ||
		    IoGetCurrentIrpStackLocation(Next)->FileObject ==
			    PeekContext)
			return Next;
	}
	return NULL;
}

_Acquires_lock_(DaqOfQueue(Csq)->QueueLock)
static VOID DaqAcquireLock(PIO_CSQ Csq, PKIRQL Irql)
{
	KeAcquireSpinLock(&DaqOfQueue(Csq)->QueueLock, Irql);
}

_Releases_lock_(DaqOfQueue(Csq)->QueueLock)
static VOID DaqReleaseLock(PIO_CSQ Csq, KIRQL Irql)
{
	KeReleaseSpinLock(&DaqOfQueue(Csq)->QueueLock, Irql);
}

static VOID DaqCompleteCanceledIrp(PIO_CSQ Csq, PIRP Irp)
{
	DaqComplete(Irp, STATUS_CANCELLED, 0);
}

/* Loading and unloading. */

NTSTATUS DaqDriverEntry(PDRIVER_OBJECT DriverObject,
			PUNICODE_STRING RegistryPath)
{
	PDEVICE_OBJECT DeviceObject;
	PDAQ_EXTENSION Daq;
	HANDLE Handle;
	NTSTATUS Status;

	UNREFERENCED_PARAMETER(RegistryPath);

	Status = IoCreateDevice(DriverObject, sizeof(DAQ_EXTENSION), NULL,
				FILE_DEVICE_UNKNOWN, 0, FALSE, &DeviceObject);
	if (!NT_SUCCESS(Status))
		return Status;
	DeviceObject->Flags |= DO_BUFFERED_IO;

	Daq = DeviceObject->DeviceExtension;
	Daq->Converter = DaqFindConverter();
	KeInitializeSpinLock(&Daq->QueueLock);
	InitializeListHead(&Daq->QueueList);
	KeInitializeSemaphore(&Daq->Ready, 0, MAXLONG);
	KeInitializeEvent(&Daq->Stop, NotificationEvent, FALSE);
	IoCsqInitializeEx(&Daq->Queue, DaqInsertIrp, DaqRemoveIrp,
			  DaqPeekNextIrp, DaqAcquireLock, DaqReleaseLock,
			  DaqCompleteCanceledIrp);

	Status = PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, NULL, NULL,
				      NULL, DaqThread, Daq);
	if (!NT_SUCCESS(Status)) {
		IoDeleteDevice(DeviceObject);
		return Status;
	}
	Status = ObReferenceObjectByHandle(Handle, THREAD_ALL_ACCESS,
					   *PsThreadType, KernelMode,
					   &Daq->Thread, NULL);
	if (!NT_SUCCESS(Status)) {
		/* The thread runs: it has to be ended by its handle. */
		KeSetEvent(&Daq->Stop, IO_NO_INCREMENT, FALSE);
		ZwWaitForSingleObject(Handle, FALSE, NULL);
		ZwClose(Handle);
		IoDeleteDevice(DeviceObject);
		return Status;
	}
	ZwClose(Handle);
	KeSetBasePriorityThread(Daq->Thread, DAQ_PRIORITY_INCREMENT);

	DriverObject->MajorFunction[IRP_MJ_CREATE] = DaqCreateClose;
	DriverObject->MajorFunction[IRP_MJ_CLOSE] = DaqCreateClose;
	DriverObject->MajorFunction[IRP_MJ_READ] = DaqRead;
	DriverObject->MajorFunction[IRP_MJ_CLEANUP] = DaqCleanup;
	DriverObject->DriverUnload = DaqUnload;
	return STATUS_SUCCESS;
}

/* No file is open, so there are no IRPs. */
static VOID DaqUnload(PDRIVER_OBJECT DriverObject)
{
	PDEVICE_OBJECT DeviceObject = DriverObject->DeviceObject;
	PDAQ_EXTENSION Daq = DeviceObject->DeviceExtension;

	/* The thread object, and nothing else, says that the thread is gone. */
	KeSetEvent(&Daq->Stop, IO_NO_INCREMENT, FALSE);
	KeWaitForSingleObject(Daq->Thread, Executive, KernelMode, FALSE, NULL);
	ObDereferenceObject(Daq->Thread);
	IoDeleteDevice(DeviceObject);
}
