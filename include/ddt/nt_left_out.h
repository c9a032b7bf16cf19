/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nt_left_out.h - names of the Windows kernel that drivers use next to their
 *		   thread, and that <ddt/nt.h> does not have
 *
 * Using one stops the compiler with a sentence that says what to use. The
 * functions are macros, so that arguments of types that do not exist here give
 * no further errors.
 */
#ifndef _DDT_NT_LEFT_OUT_H
#define _DDT_NT_LEFT_OUT_H

#include <linux/compiler.h>

#if __has_attribute(__unavailable__)
#define DDT_NT_LEFT_OUT(sentence) __attribute__((__unavailable__(sentence)))
#else	/* gcc before 12: only functions, and only when they are called */
#define DDT_NT_LEFT_OUT(sentence) __compiletime_error(sentence)
#endif

#define DDT_NT_NO(name, sentence)					\
	long ddt_nt_no_##name(void)					\
	DDT_NT_LEFT_OUT(#name "() is left out: " sentence)

#define DDT_NT_NO_TYPE(name, sentence)					\
	typedef struct ddt_nt_no_##name {				\
		char unused;						\
	} name DDT_NT_LEFT_OUT(#name " is left out: " sentence),	\
	  *P##name DDT_NT_LEFT_OUT(#name " is left out: " sentence)

/* Events: what loses wakeups. */
DDT_NT_NO(KePulseEvent,
	  "it wakes only threads that happen to wait; use KeSetEvent() with a SynchronizationEvent");
#define KePulseEvent(...)	ddt_nt_no_KePulseEvent()

/* Mutual exclusion: Linux has it, with lockdep to check it. */
DDT_NT_NO(KeInitializeMutex, "use struct mutex and mutex_init() of Linux");
#define KeInitializeMutex(...)	ddt_nt_no_KeInitializeMutex()
DDT_NT_NO(KeReadStateMutex, "use mutex_is_locked() of Linux");
#define KeReadStateMutex(...)	ddt_nt_no_KeReadStateMutex()
DDT_NT_NO(KeReleaseMutex, "use mutex_unlock() of Linux");
#define KeReleaseMutex(...)	ddt_nt_no_KeReleaseMutex()
DDT_NT_NO(KeWaitForMutexObject, "use mutex_lock() of Linux");
#define KeWaitForMutexObject(...)	ddt_nt_no_KeWaitForMutexObject()
DDT_NT_NO(ExInitializeFastMutex, "use struct mutex and mutex_init() of Linux");
#define ExInitializeFastMutex(...)	ddt_nt_no_ExInitializeFastMutex()
DDT_NT_NO(ExAcquireFastMutex, "use mutex_lock() of Linux");
#define ExAcquireFastMutex(...)	ddt_nt_no_ExAcquireFastMutex()
DDT_NT_NO(ExReleaseFastMutex, "use mutex_unlock() of Linux");
#define ExReleaseFastMutex(...)	ddt_nt_no_ExReleaseFastMutex()
DDT_NT_NO(ExTryToAcquireFastMutex, "use mutex_trylock() of Linux");
#define ExTryToAcquireFastMutex(...)	ddt_nt_no_ExTryToAcquireFastMutex()
DDT_NT_NO(ExInitializeResourceLite,
	  "use struct rw_semaphore and init_rwsem() of Linux");
#define ExInitializeResourceLite(...)	ddt_nt_no_ExInitializeResourceLite()
DDT_NT_NO(ExAcquireResourceExclusiveLite, "use down_write() of Linux");
#define ExAcquireResourceExclusiveLite(...)	ddt_nt_no_ExAcquireResourceExclusiveLite()
DDT_NT_NO(ExAcquireResourceSharedLite, "use down_read() of Linux");
#define ExAcquireResourceSharedLite(...)	ddt_nt_no_ExAcquireResourceSharedLite()
DDT_NT_NO(ExReleaseResourceLite, "use up_write() or up_read() of Linux");
#define ExReleaseResourceLite(...)	ddt_nt_no_ExReleaseResourceLite()
DDT_NT_NO(KeRaiseIrql, "use a spin lock, or local_bh_disable() of Linux");
#define KeRaiseIrql(...)	ddt_nt_no_KeRaiseIrql()
DDT_NT_NO(KeLowerIrql, "use a spin lock, or local_bh_enable() of Linux");
#define KeLowerIrql(...)	ddt_nt_no_KeLowerIrql()

/* Timers, deferred procedure calls, interrupts. */
DDT_NT_NO(KeInitializeTimer,
	  "use a wait with a timeout, or timer_setup() of Linux");
#define KeInitializeTimer(...)	ddt_nt_no_KeInitializeTimer()
DDT_NT_NO(KeInitializeTimerEx,
	  "use a wait with a timeout, or timer_setup() of Linux");
#define KeInitializeTimerEx(...)	ddt_nt_no_KeInitializeTimerEx()
DDT_NT_NO(KeSetTimer, "use a wait with a timeout, or mod_timer() of Linux");
#define KeSetTimer(...)	ddt_nt_no_KeSetTimer()
DDT_NT_NO(KeSetTimerEx, "use a wait with a timeout, or mod_timer() of Linux");
#define KeSetTimerEx(...)	ddt_nt_no_KeSetTimerEx()
DDT_NT_NO(KeCancelTimer,
	  "use timer_delete_sync() of Linux, which also waits for the timer's function");
#define KeCancelTimer(...)	ddt_nt_no_KeCancelTimer()
DDT_NT_NO(KeInitializeDpc,
	  "use a threaded interrupt handler of Linux: request_threaded_irq()");
#define KeInitializeDpc(...)	ddt_nt_no_KeInitializeDpc()
DDT_NT_NO(KeInsertQueueDpc,
	  "use KeSetEvent() in the interrupt handler itself, which may be called there");
#define KeInsertQueueDpc(...)	ddt_nt_no_KeInsertQueueDpc()
DDT_NT_NO(KeRemoveQueueDpc, "use disable_irq() of Linux");
#define KeRemoveQueueDpc(...)	ddt_nt_no_KeRemoveQueueDpc()
DDT_NT_NO(KeFlushQueuedDpcs, "use synchronize_irq() of Linux");
#define KeFlushQueuedDpcs(...)	ddt_nt_no_KeFlushQueuedDpcs()
DDT_NT_NO(IoInitializeDpcRequest,
	  "use a threaded interrupt handler of Linux: request_threaded_irq()");
#define IoInitializeDpcRequest(...)	ddt_nt_no_IoInitializeDpcRequest()
DDT_NT_NO(IoRequestDpc,
	  "use KeSetEvent() in the interrupt handler itself, which may be called there");
#define IoRequestDpc(...)	ddt_nt_no_IoRequestDpc()
DDT_NT_NO(IoConnectInterrupt, "use request_irq() of Linux");
#define IoConnectInterrupt(...)	ddt_nt_no_IoConnectInterrupt()
DDT_NT_NO(IoDisconnectInterrupt, "use free_irq() of Linux");
#define IoDisconnectInterrupt(...)	ddt_nt_no_IoDisconnectInterrupt()
DDT_NT_NO(KeSynchronizeExecution, "use spin_lock_irqsave() of Linux");
#define KeSynchronizeExecution(...)	ddt_nt_no_KeSynchronizeExecution()

/* Threads: what can be said when one is created. */
DDT_NT_NO(KeSetAffinityThread, "use ddt_thread_create() with CPUs");
#define KeSetAffinityThread(...)	ddt_nt_no_KeSetAffinityThread()
DDT_NT_NO(KeSetSystemAffinityThread, "use ddt_thread_create() with CPUs");
#define KeSetSystemAffinityThread(...)	ddt_nt_no_KeSetSystemAffinityThread()
DDT_NT_NO(KeRevertToUserAffinityThread, "use ddt_thread_create() with CPUs");
#define KeRevertToUserAffinityThread(...)	ddt_nt_no_KeRevertToUserAffinityThread()
DDT_NT_NO(KeSetIdealProcessorThread, "use ddt_thread_create() with CPUs");
#define KeSetIdealProcessorThread(...)	ddt_nt_no_KeSetIdealProcessorThread()
DDT_NT_NO(ExSetTimerResolution,
	  "nothing: delays have the resolution of Linux's hrtimers");
#define ExSetTimerResolution(...)	ddt_nt_no_ExSetTimerResolution()
DDT_NT_NO(ZwCreateEvent, "use KeInitializeEvent() and the event itself");
#define ZwCreateEvent(...)	ddt_nt_no_ZwCreateEvent()
DDT_NT_NO(IoCreateNotificationEvent,
	  "use KeInitializeEvent() and the event itself");
#define IoCreateNotificationEvent(...)	ddt_nt_no_IoCreateNotificationEvent()
DDT_NT_NO(IoCreateSynchronizationEvent,
	  "use KeInitializeEvent() and the event itself");
#define IoCreateSynchronizationEvent(...)	ddt_nt_no_IoCreateSynchronizationEvent()

/* Work items that do not hold their device, or that Linux's queues do better. */
DDT_NT_NO(ExInitializeWorkItem, "use IoAllocateWorkItem()");
#define ExInitializeWorkItem(...)	ddt_nt_no_ExInitializeWorkItem()
DDT_NT_NO(ExQueueWorkItem,
	  "it does not hold the device; use IoQueueWorkItem()");
#define ExQueueWorkItem(...)	ddt_nt_no_ExQueueWorkItem()
DDT_NT_NO(IoInitializeWorkItem, "use IoAllocateWorkItem()");
#define IoInitializeWorkItem(...)	ddt_nt_no_IoInitializeWorkItem()
DDT_NT_NO(IoUninitializeWorkItem, "use IoFreeWorkItem()");
#define IoUninitializeWorkItem(...)	ddt_nt_no_IoUninitializeWorkItem()
DDT_NT_NO(IoQueueWorkItemEx, "use IoQueueWorkItem()");
#define IoQueueWorkItemEx(...)	ddt_nt_no_IoQueueWorkItemEx()
DDT_NT_NO(IoTryQueueWorkItem, "use IoQueueWorkItem()");
#define IoTryQueueWorkItem(...)	ddt_nt_no_IoTryQueueWorkItem()

/*
 * The I/O manager: layers of drivers, requests of a driver's own, names, and
 * what holds a device while it is removed.
 */
DDT_NT_NO(IoAllocateIrp, "use ddt_nt_irp_alloc()");
#define IoAllocateIrp(...)	ddt_nt_no_IoAllocateIrp()
DDT_NT_NO(IoFreeIrp, "use ddt_nt_irp_put()");
#define IoFreeIrp(...)	ddt_nt_no_IoFreeIrp()
DDT_NT_NO(IoCallDriver, "use ddt_nt_send()");
#define IoCallDriver(...)	ddt_nt_no_IoCallDriver()
DDT_NT_NO(IoBuildDeviceIoControlRequest, "use ddt_nt_irp_alloc()");
#define IoBuildDeviceIoControlRequest(...)	ddt_nt_no_IoBuildDeviceIoControlRequest()
DDT_NT_NO(IoBuildSynchronousFsdRequest, "use ddt_nt_irp_alloc()");
#define IoBuildSynchronousFsdRequest(...)	ddt_nt_no_IoBuildSynchronousFsdRequest()
DDT_NT_NO(IoCopyCurrentIrpStackLocationToNext, "use ddt_nt_send()");
#define IoCopyCurrentIrpStackLocationToNext(...) \
	ddt_nt_no_IoCopyCurrentIrpStackLocationToNext()
DDT_NT_NO(IoGetNextIrpStackLocation, "use IoGetCurrentIrpStackLocation()");
#define IoGetNextIrpStackLocation(...)	ddt_nt_no_IoGetNextIrpStackLocation()
DDT_NT_NO(IoSetCompletionRoutine,
	  "use the function that ddt_nt_send() is passed");
#define IoSetCompletionRoutine(...)	ddt_nt_no_IoSetCompletionRoutine()
DDT_NT_NO(IoSkipCurrentIrpStackLocation, "use ddt_nt_send()");
#define IoSkipCurrentIrpStackLocation(...)	ddt_nt_no_IoSkipCurrentIrpStackLocation()
DDT_NT_NO(IoStartPacket, "use IoCsqInsertIrp()");
#define IoStartPacket(...)	ddt_nt_no_IoStartPacket()
DDT_NT_NO(IoStartNextPacket, "use IoCsqRemoveNextIrp()");
#define IoStartNextPacket(...)	ddt_nt_no_IoStartNextPacket()
DDT_NT_NO(IoCreateSymbolicLink,
	  "use misc_register() of Linux, which names the device node");
#define IoCreateSymbolicLink(...)	ddt_nt_no_IoCreateSymbolicLink()
DDT_NT_NO(IoDeleteSymbolicLink, "use misc_deregister() of Linux");
#define IoDeleteSymbolicLink(...)	ddt_nt_no_IoDeleteSymbolicLink()
DDT_NT_NO(RtlInitUnicodeString,
	  "use misc_register() of Linux, which names the device node");
#define RtlInitUnicodeString(...)	ddt_nt_no_RtlInitUnicodeString()
DDT_NT_NO(IoInitializeRemoveLock,
	  "use a percpu_ref or a refcount of Linux, and a KEVENT to wait for");
#define IoInitializeRemoveLock(...)	ddt_nt_no_IoInitializeRemoveLock()
DDT_NT_NO(IoAcquireRemoveLock,
	  "use percpu_ref_tryget_live() or refcount_inc_not_zero() of Linux");
#define IoAcquireRemoveLock(...)	ddt_nt_no_IoAcquireRemoveLock()
DDT_NT_NO(IoReleaseRemoveLock,
	  "use percpu_ref_put() or refcount_dec_and_test() of Linux");
#define IoReleaseRemoveLock(...)	ddt_nt_no_IoReleaseRemoveLock()
DDT_NT_NO(IoReleaseRemoveLockAndWait,
	  "use percpu_ref_kill() of Linux and a wait for a KEVENT");
#define IoReleaseRemoveLockAndWait(...)	ddt_nt_no_IoReleaseRemoveLockAndWait()
DDT_NT_NO(MmGetSystemAddressForMdlSafe,
	  "use DO_BUFFERED_IO: AssociatedIrp.SystemBuffer");
#define MmGetSystemAddressForMdlSafe(...)	ddt_nt_no_MmGetSystemAddressForMdlSafe()

/* Types. */
#if __has_attribute(__unavailable__)
DDT_NT_NO_TYPE(KMUTEX, "use struct mutex of Linux");
DDT_NT_NO_TYPE(KMUTANT, "use struct mutex of Linux");
DDT_NT_NO_TYPE(FAST_MUTEX, "use struct mutex of Linux");
DDT_NT_NO_TYPE(ERESOURCE, "use struct rw_semaphore of Linux");
DDT_NT_NO_TYPE(KTIMER,
	       "use a wait with a timeout, or struct timer_list of Linux");
DDT_NT_NO_TYPE(KDPC, "use a threaded interrupt handler of Linux");
DDT_NT_NO_TYPE(IO_REMOVE_LOCK,
	       "use a percpu_ref or a refcount of Linux, and a KEVENT to wait for");
DDT_NT_NO_TYPE(WORK_QUEUE_ITEM, "use IO_WORKITEM");
#endif

#endif /* _DDT_NT_LEFT_OUT_H */
