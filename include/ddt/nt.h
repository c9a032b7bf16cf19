/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nt.h - the names of the Windows kernel over the ddt library
 *
 * For the thread part of a Windows driver: with this in place of <ntddk.h> or
 * <wdm.h> it compiles, and it does what it did there. What is not here but is
 * often used next to it stops the compiler with a sentence that says what to
 * use: see nt_left_out.h. What differs is in docs/porting-from-windows.md.
 *
 * Two things are the same for all that is in here:
 *
 * - What Windows stops the machine for (a bug check), and the exceptions that
 *   its functions raise, are bugs of the driver. Here they are reported, once
 *   for each, by a warning with a stack trace, nothing is changed, and the
 *   function returns; see ddt_nt_set_bug_fn().
 * - Priority boosts of the threads that a signal or a completion wakes (the
 *   arguments called Increment and PriorityBoost) do not exist here: the
 *   arguments have no effect. Neither has Wait.
 *
 * IRQL DISPATCH_LEVEL is Linux's softirq context, or bottom halves disabled;
 * unless said otherwise nothing here may be called in a hardware interrupt.
 */
#ifndef _DDT_NT_H
#define _DDT_NT_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <linux/bug.h>
#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/types.h>

#include <ddt/dispatcher.h>
#include <ddt/thread.h>

struct module;

/* Pool tags are written as character constants of four letters. */
#pragma GCC diagnostic ignored "-Wmultichar"

/*
 * Words that say something to Windows' compiler or to its readers. Windows'
 * older __in and __out are missing: Linux has other uses for these names.
 */
#ifndef IN
#define IN
#endif
#ifndef OUT
#define OUT
#endif
#ifndef OPTIONAL
#define OPTIONAL
#endif
#ifndef CONST
#define CONST				const
#endif
#define NTAPI
#define NTSYSAPI
#define NTKERNELAPI
#define FASTCALL
#define FORCEINLINE			static __always_inline

#define _In_
#define _In_opt_
#define _Inout_
#define _Inout_opt_
#define _Out_
#define _Out_opt_
#define _Outptr_
#define _Outptr_opt_
#define _In_reads_(count)
#define _In_reads_bytes_(size)
#define _Out_writes_(count)
#define _Out_writes_bytes_(size)
#define _Must_inspect_result_
#define _Use_decl_annotations_
#define _Function_class_(type)
#define _Dispatch_type_(type)
#define _Requires_lock_held_(lock)
#define _IRQL_always_function_min_(irql)
#define _IRQL_raises_(irql)
#define _IRQL_requires_(irql)
#define _IRQL_requires_max_(irql)
#define _IRQL_requires_min_(irql)
#define _IRQL_requires_same_
#define _IRQL_restores_
#define _IRQL_saves_
#define _When_(condition, annotations)

/* Two of them mean something to sparse. */
#ifdef __CHECKER__
#define _Acquires_lock_(lock)		__acquires(lock)
#define _Releases_lock_(lock)		__releases(lock)
#else
#define _Acquires_lock_(lock)
#define _Releases_lock_(lock)
#endif

/* Basic types, of the sizes that they have on 64-bit Windows. */
typedef void VOID;
typedef void *PVOID;
typedef char CHAR, *PCHAR;
typedef unsigned char UCHAR, *PUCHAR;
typedef unsigned char BOOLEAN, *PBOOLEAN;
typedef s16 SHORT, CSHORT;
typedef u16 USHORT, *PUSHORT;
typedef s32 LONG, *PLONG;
typedef u32 ULONG, *PULONG;
typedef s64 LONGLONG, *PLONGLONG;
typedef u64 ULONGLONG, *PULONGLONG;
typedef s64 LONG64;
typedef u64 ULONG64;
typedef long LONG_PTR;
typedef unsigned long ULONG_PTR;
typedef size_t SIZE_T, *PSIZE_T;
typedef u16 WCHAR, *PWCHAR, *PWSTR;

typedef LONG NTSTATUS, *PNTSTATUS;
typedef LONG KPRIORITY;
typedef UCHAR KIRQL, *PKIRQL;
typedef CHAR KPROCESSOR_MODE;
typedef ULONG ACCESS_MASK;
typedef PVOID HANDLE, *PHANDLE;

#ifndef TRUE
#define TRUE				1
#endif
#ifndef FALSE
#define FALSE				0
#endif

#define MAXLONG				0x7fffffff
#define MAXULONG			0xffffffff

/**
 * union _LARGE_INTEGER - LARGE_INTEGER: 64 bits, or two halves
 * @QuadPart: as a number; of times in 100 ns, see KeWaitForSingleObject()
 * @u: the halves
 * @u.LowPart: the lower one
 * @u.HighPart: the higher one
 * @LowPart: the same without a name for both
 * @HighPart: the same without a name for both
 */
typedef union _LARGE_INTEGER {
#ifdef __BIG_ENDIAN
	struct {
		LONG HighPart;
		ULONG LowPart;
	};
	struct {
		LONG HighPart;
		ULONG LowPart;
	} u;
#else
	struct {
		ULONG LowPart;
		LONG HighPart;
	};
	struct {
		ULONG LowPart;
		LONG HighPart;
	} u;
#endif
	LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

typedef struct _UNICODE_STRING {
	USHORT Length;		/* in bytes */
	USHORT MaximumLength;
	PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;

/* Status codes. */
#define STATUS_SUCCESS			((NTSTATUS)0x00000000)
#define STATUS_WAIT_0			((NTSTATUS)0x00000000)
#define STATUS_WAIT_1			((NTSTATUS)0x00000001)
#define STATUS_WAIT_2			((NTSTATUS)0x00000002)
#define STATUS_WAIT_3			((NTSTATUS)0x00000003)
#define STATUS_WAIT_63			((NTSTATUS)0x0000003f)
#define STATUS_ABANDONED_WAIT_0		((NTSTATUS)0x00000080)
#define STATUS_USER_APC			((NTSTATUS)0x000000c0)
#define STATUS_ALERTED			((NTSTATUS)0x00000101)
#define STATUS_TIMEOUT			((NTSTATUS)0x00000102)
#define STATUS_PENDING			((NTSTATUS)0x00000103)
#define STATUS_BUFFER_OVERFLOW		((NTSTATUS)0x80000005)
#define STATUS_DEVICE_BUSY		((NTSTATUS)0x80000011)
#define STATUS_UNSUCCESSFUL		((NTSTATUS)0xc0000001)
#define STATUS_NOT_IMPLEMENTED		((NTSTATUS)0xc0000002)
#define STATUS_INVALID_HANDLE		((NTSTATUS)0xc0000008)
#define STATUS_INVALID_PARAMETER	((NTSTATUS)0xc000000d)
#define STATUS_NO_SUCH_DEVICE		((NTSTATUS)0xc000000e)
#define STATUS_INVALID_DEVICE_REQUEST	((NTSTATUS)0xc0000010)
#define STATUS_END_OF_FILE		((NTSTATUS)0xc0000011)
#define STATUS_NO_MEDIA_IN_DEVICE	((NTSTATUS)0xc0000013)
#define STATUS_NO_MEMORY		((NTSTATUS)0xc0000017)
#define STATUS_ACCESS_DENIED		((NTSTATUS)0xc0000022)
#define STATUS_BUFFER_TOO_SMALL		((NTSTATUS)0xc0000023)
#define STATUS_OBJECT_TYPE_MISMATCH	((NTSTATUS)0xc0000024)
#define STATUS_SEMAPHORE_LIMIT_EXCEEDED	((NTSTATUS)0xc0000047)
#define STATUS_THREAD_IS_TERMINATING	((NTSTATUS)0xc000004b)
#define STATUS_DELETE_PENDING		((NTSTATUS)0xc0000056)
#define STATUS_INSUFFICIENT_RESOURCES	((NTSTATUS)0xc000009a)
#define STATUS_DEVICE_DATA_ERROR	((NTSTATUS)0xc000009c)
#define STATUS_DEVICE_NOT_CONNECTED	((NTSTATUS)0xc000009d)
#define STATUS_DEVICE_NOT_READY		((NTSTATUS)0xc00000a3)
#define STATUS_IO_TIMEOUT		((NTSTATUS)0xc00000b5)
#define STATUS_NOT_SUPPORTED		((NTSTATUS)0xc00000bb)
#define STATUS_PROCESS_IS_TERMINATING	((NTSTATUS)0xc000010a)
#define STATUS_CANCELLED		((NTSTATUS)0xc0000120)
#define STATUS_INVALID_DEVICE_STATE	((NTSTATUS)0xc0000184)
#define STATUS_IO_DEVICE_ERROR		((NTSTATUS)0xc0000185)
#define STATUS_INVALID_BUFFER_SIZE	((NTSTATUS)0xc0000206)
#define STATUS_HANDLE_NOT_CLOSABLE	((NTSTATUS)0xc0000235)
#define STATUS_POWER_STATE_INVALID	((NTSTATUS)0xc00002d3)

/* True for STATUS_TIMEOUT, STATUS_ALERTED and STATUS_PENDING too. */
#define NT_SUCCESS(status)		((NTSTATUS)(status) >= 0)
#define NT_INFORMATION(status)		((ULONG)(status) >> 30 == 1)
#define NT_WARNING(status)		((ULONG)(status) >> 30 == 2)
#define NT_ERROR(status)		((ULONG)(status) >> 30 == 3)

/*
 * What Windows counts as bugs, and what the Linux side of a ported driver
 * needs to know of results.
 */

/**
 * typedef ddt_nt_bug_fn - is told of a bug of the driver
 * @function: which function found it
 * @what: what it is
 *
 * Context: that of the function.
 */
typedef void (*ddt_nt_bug_fn)(const char *function, const char *what);

ddt_nt_bug_fn ddt_nt_set_bug_fn(ddt_nt_bug_fn fn);
int ddt_nt_errno(NTSTATUS status);

/* Debugging. */
#define DbgPrint(fmt, ...)		printk(KERN_DEBUG fmt, ##__VA_ARGS__)
#define DbgPrintEx(id, level, fmt, ...)	DbgPrint(fmt, ##__VA_ARGS__)
#define DPFLTR_IHVDRIVER_ID		77
#define DPFLTR_ERROR_LEVEL		0
#define DPFLTR_WARNING_LEVEL		1
#define DPFLTR_TRACE_LEVEL		2
#define DPFLTR_INFO_LEVEL		3

/* Only in what Windows calls a checked build. */
#if defined(DBG) && DBG
#define KdPrint(arguments)		DbgPrint arguments
#define KdPrintEx(arguments)		DbgPrintEx arguments
#ifndef ASSERT
#define ASSERT(condition)		WARN_ON_ONCE(!(condition))
#endif
#define NT_ASSERT(condition)		WARN_ON_ONCE(!(condition))
#else
#define KdPrint(arguments)		((void)0)
#define KdPrintEx(arguments)		((void)0)
#ifndef ASSERT
#define ASSERT(condition)		((void)sizeof(!(condition)))
#endif
#define NT_ASSERT(condition)		((void)sizeof(!(condition)))
#endif

#define C_ASSERT(condition)		static_assert(condition)
#define UNREFERENCED_PARAMETER(name)	((void)(name))
#define PAGED_CODE()			might_sleep()

#define CONTAINING_RECORD(address, type, field) \
	((type *)((char *)(address) - offsetof(type, field)))
#define FIELD_OFFSET(type, field)	((LONG)offsetof(type, field))

/* Memory. */
#define RtlZeroMemory(to, length)	memset(to, 0, length)
#define RtlFillMemory(to, length, byte)	memset(to, byte, length)
#define RtlCopyMemory(to, from, length)	memcpy(to, from, length)
#define RtlMoveMemory(to, from, length)	memmove(to, from, length)

typedef enum _POOL_TYPE {
	NonPagedPool = 0,
	PagedPool = 1,
	NonPagedPoolNx = 512,
} POOL_TYPE;

typedef ULONG64 POOL_FLAGS;
#define POOL_FLAG_NON_PAGED		0x0000000000000040ULL
#define POOL_FLAG_PAGED			0x0000000000000100ULL

/* IRQL. */
#define PASSIVE_LEVEL			0
#define LOW_LEVEL			0
#define APC_LEVEL			1
#define DISPATCH_LEVEL			2
#define HIGH_LEVEL			15

/**
 * KeGetCurrentIrql() - what the caller may do
 *
 * Without preemption (CONFIG_PREEMPT_COUNT) Linux does not know that a spin
 * lock is held that was not taken by KeAcquireSpinLock().
 *
 * Context: Any.
 * Return: PASSIVE_LEVEL if it may sleep, DISPATCH_LEVEL if it is in softirq
 * context, holds a spin lock or has disabled preemption, HIGH_LEVEL if it is
 * in a hardware interrupt or has disabled interrupts.
 */
static inline KIRQL KeGetCurrentIrql(void)
{
	if (in_hardirq() || irqs_disabled())
		return HIGH_LEVEL;
	if (softirq_count() || preempt_count())
		return DISPATCH_LEVEL;
	return PASSIVE_LEVEL;
}

/**
 * ExAllocatePoolWithTag() - allocate memory
 * @PoolType: all memory of a Linux kernel is resident
 * @NumberOfBytes: how much
 * @Tag: not used
 *
 * Context: Any. At PASSIVE_LEVEL it may sleep.
 * Return: the memory, to be given back with ExFreePoolWithTag(), or NULL.
 */
static inline PVOID ExAllocatePoolWithTag(POOL_TYPE PoolType,
					  SIZE_T NumberOfBytes, ULONG Tag)
{
	return kmalloc(NumberOfBytes,
		       KeGetCurrentIrql() == PASSIVE_LEVEL ? GFP_KERNEL :
							     GFP_ATOMIC);
}

/**
 * ExAllocatePool2() - allocate memory and clear it
 * @Flags: as PoolType of ExAllocatePoolWithTag()
 * @NumberOfBytes: how much
 * @Tag: not used
 *
 * Context: Any. At PASSIVE_LEVEL it may sleep.
 * Return: the memory, all 0, to be given back with ExFreePoolWithTag(), or
 * NULL.
 */
static inline PVOID ExAllocatePool2(POOL_FLAGS Flags, SIZE_T NumberOfBytes,
				    ULONG Tag)
{
	return kzalloc(NumberOfBytes,
		       KeGetCurrentIrql() == PASSIVE_LEVEL ? GFP_KERNEL :
							     GFP_ATOMIC);
}

/**
 * ExFreePoolWithTag() - give back memory
 * @P: the memory
 * @Tag: not used
 *
 * Context: Any.
 */
static inline VOID ExFreePoolWithTag(PVOID P, ULONG Tag)
{
	kfree(P);
}

/**
 * ExFreePool() - give back memory
 * @P: the memory
 *
 * Context: Any.
 */
static inline VOID ExFreePool(PVOID P)
{
	kfree(P);
}

/* Atomic operations; all are full barriers, as on Windows. */
#define InterlockedIncrement(p)		atomic_inc_return((atomic_t *)(p))
#define InterlockedDecrement(p)		atomic_dec_return((atomic_t *)(p))
#define InterlockedExchangeAdd(p, n)	atomic_fetch_add(n, (atomic_t *)(p))
#define InterlockedExchange(p, new)	xchg(p, new)
#define InterlockedExchangePointer(p, new) xchg(p, new)
#define InterlockedCompareExchange(p, new, old) cmpxchg(p, old, new)
#define InterlockedCompareExchangePointer(p, new, old) cmpxchg(p, old, new)

/* Lists. */
typedef struct _LIST_ENTRY {
	struct _LIST_ENTRY *Flink;
	struct _LIST_ENTRY *Blink;
} LIST_ENTRY, *PLIST_ENTRY;

/**
 * InitializeListHead() - make an empty list
 * @ListHead: its head
 *
 * Context: Any.
 */
static inline VOID InitializeListHead(PLIST_ENTRY ListHead)
{
	ListHead->Flink = ListHead;
	ListHead->Blink = ListHead;
}

/**
 * IsListEmpty() - whether a list has no entries
 * @ListHead: its head
 *
 * Context: Any.
 * Return: TRUE if it has none.
 */
static inline BOOLEAN IsListEmpty(const LIST_ENTRY *ListHead)
{
	return READ_ONCE(ListHead->Flink) == ListHead;
}

/**
 * RemoveEntryList() - remove an entry from its list
 * @Entry: the entry
 *
 * Context: Any.
 * Return: TRUE if the list is empty now.
 */
static inline BOOLEAN RemoveEntryList(PLIST_ENTRY Entry)
{
	PLIST_ENTRY next = Entry->Flink;
	PLIST_ENTRY prev = Entry->Blink;

	WRITE_ONCE(prev->Flink, next);
	next->Blink = prev;
	return next == prev;
}

/**
 * RemoveHeadList() - remove the first entry of a list
 * @ListHead: the list's head
 *
 * Context: Any.
 * Return: the entry; @ListHead itself if the list was empty.
 */
static inline PLIST_ENTRY RemoveHeadList(PLIST_ENTRY ListHead)
{
	PLIST_ENTRY entry = ListHead->Flink;

	RemoveEntryList(entry);
	return entry;
}

/**
 * RemoveTailList() - remove the last entry of a list
 * @ListHead: the list's head
 *
 * Context: Any.
 * Return: the entry; @ListHead itself if the list was empty.
 */
static inline PLIST_ENTRY RemoveTailList(PLIST_ENTRY ListHead)
{
	PLIST_ENTRY entry = ListHead->Blink;

	RemoveEntryList(entry);
	return entry;
}

/**
 * InsertHeadList() - insert an entry at the head of a list
 * @ListHead: the list's head
 * @Entry: the entry
 *
 * Context: Any.
 */
static inline VOID InsertHeadList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
	Entry->Flink = ListHead->Flink;
	Entry->Blink = ListHead;
	Entry->Flink->Blink = Entry;
	WRITE_ONCE(ListHead->Flink, Entry);
}

/**
 * InsertTailList() - insert an entry at the tail of a list
 * @ListHead: the list's head
 * @Entry: the entry
 *
 * Context: Any.
 */
static inline VOID InsertTailList(PLIST_ENTRY ListHead, PLIST_ENTRY Entry)
{
	InsertHeadList(ListHead->Blink, Entry);
}

/* Spin locks. */
typedef spinlock_t KSPIN_LOCK, *PKSPIN_LOCK;

/**
 * KeInitializeSpinLock() - initialise a spin lock
 * @SpinLock: the lock
 *
 * A macro, so that lockdep tells apart the locks that are initialised at
 * different places.
 *
 * Context: Any.
 */
#define KeInitializeSpinLock(SpinLock)	spin_lock_init(SpinLock)

/**
 * KeAcquireSpinLockRaiseToDpc() - take a spin lock
 * @SpinLock: the lock
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL. DISPATCH_LEVEL on return.
 * Return: the IRQL before, for KeReleaseSpinLock().
 */
static inline KIRQL KeAcquireSpinLockRaiseToDpc(PKSPIN_LOCK SpinLock)
	__acquires(SpinLock)
{
	KIRQL old = KeGetCurrentIrql();

	spin_lock_bh(SpinLock);
	return old;
}

/**
 * KeAcquireSpinLock() - take a spin lock
 * @SpinLock: the lock
 * @OldIrql: where to store the IRQL before
 *
 * Context: PASSIVE_LEVEL to DISPATCH_LEVEL. DISPATCH_LEVEL on return.
 */
static inline VOID KeAcquireSpinLock(PKSPIN_LOCK SpinLock, PKIRQL OldIrql)
	__acquires(SpinLock)
{
	*OldIrql = KeAcquireSpinLockRaiseToDpc(SpinLock);
}

/**
 * KeReleaseSpinLock() - release a spin lock
 * @SpinLock: the lock
 * @NewIrql: the IRQL before it was taken
 *
 * Context: DISPATCH_LEVEL. @NewIrql on return.
 */
static inline VOID KeReleaseSpinLock(PKSPIN_LOCK SpinLock, KIRQL NewIrql)
	__releases(SpinLock)
{
	spin_unlock_bh(SpinLock);
}

/**
 * KeAcquireSpinLockAtDpcLevel() - take a spin lock
 * @SpinLock: the lock
 *
 * Context: DISPATCH_LEVEL.
 */
static inline VOID KeAcquireSpinLockAtDpcLevel(PKSPIN_LOCK SpinLock)
	__acquires(SpinLock)
{
	spin_lock(SpinLock);
}

/**
 * KeReleaseSpinLockFromDpcLevel() - release a spin lock
 * @SpinLock: the lock
 *
 * Context: DISPATCH_LEVEL.
 */
static inline VOID KeReleaseSpinLockFromDpcLevel(PKSPIN_LOCK SpinLock)
	__releases(SpinLock)
{
	spin_unlock(SpinLock);
}

PLIST_ENTRY ExInterlockedInsertHeadList(PLIST_ENTRY ListHead,
					PLIST_ENTRY ListEntry,
					PKSPIN_LOCK Lock);
PLIST_ENTRY ExInterlockedInsertTailList(PLIST_ENTRY ListHead,
					PLIST_ENTRY ListEntry,
					PKSPIN_LOCK Lock);
PLIST_ENTRY ExInterlockedRemoveHeadList(PLIST_ENTRY ListHead,
					PKSPIN_LOCK Lock);

/* Windows does not suspend a thread between these, Linux never does. */
#define KeEnterCriticalRegion()		((void)0)
#define KeLeaveCriticalRegion()		((void)0)

/* Time. */

/* From 1601 to 1970, in 100 ns. */
#define DDT_NT_EPOCH			116444736000000000LL

/**
 * KeQuerySystemTime() - the time of day
 * @CurrentTime: where to store it: in 100 ns since 1601 began, UTC
 *
 * Context: Any.
 */
static inline VOID KeQuerySystemTime(PLARGE_INTEGER CurrentTime)
{
	CurrentTime->QuadPart = DDT_NT_EPOCH +
				(LONGLONG)(ktime_get_real_ns() / 100);
}

/**
 * KeQueryInterruptTime() - the time since the system was started
 *
 * Context: Any.
 * Return: the time in 100 ns.
 */
static inline ULONGLONG KeQueryInterruptTime(void)
{
	return ktime_get_boottime_ns() / 100;
}

/**
 * KeStallExecutionProcessor() - wait without sleeping
 * @MicroSeconds: how long, up to 50
 *
 * Context: Any.
 */
static inline VOID KeStallExecutionProcessor(ULONG MicroSeconds)
{
	udelay(MicroSeconds);
}

/* Semaphores. */
typedef struct ddt_semaphore KSEMAPHORE, *PKSEMAPHORE, *PRKSEMAPHORE;

#define SEMAPHORE_INCREMENT		1

VOID KeInitializeSemaphore(PRKSEMAPHORE Semaphore, LONG Count, LONG Limit);
LONG KeReleaseSemaphore(PRKSEMAPHORE Semaphore, KPRIORITY Increment,
			LONG Adjustment, BOOLEAN Wait);

/**
 * KeReadStateSemaphore() - read the count of a semaphore
 * @Semaphore: the semaphore
 *
 * Context: Any. The count may have changed when it is returned.
 * Return: the count; 0 if the semaphore is not signaled.
 */
static inline LONG KeReadStateSemaphore(PRKSEMAPHORE Semaphore)
{
	return ddt_semaphore_count(Semaphore);
}

/* Events. */
typedef struct ddt_event KEVENT, *PKEVENT, *PRKEVENT;

typedef enum _EVENT_TYPE {
	NotificationEvent,	/* stays set: Linux's manual reset */
	SynchronizationEvent,	/* one wait resets it */
} EVENT_TYPE;

#define EVENT_INCREMENT			1

/**
 * KeInitializeEvent() - initialise an event
 * @Event: the event, not in use yet
 * @Type: NotificationEvent or SynchronizationEvent
 * @State: TRUE to have it set
 *
 * Context: Any.
 */
static inline VOID KeInitializeEvent(PRKEVENT Event, EVENT_TYPE Type,
				     BOOLEAN State)
{
	ddt_event_init(Event,
		       Type == SynchronizationEvent ? DDT_EVENT_AUTO :
						      DDT_EVENT_MANUAL,
		       State);
}

/**
 * KeSetEvent() - set an event
 * @Event: the event
 * @Increment: no effect
 * @Wait: no effect
 *
 * Setting an event that is set changes nothing: events do not count.
 *
 * Context: Any.
 * Return: other than 0 if it was set before.
 */
static inline LONG KeSetEvent(PRKEVENT Event, KPRIORITY Increment,
			      BOOLEAN Wait)
{
	return ddt_event_set(Event);
}

/**
 * KeClearEvent() - reset an event
 * @Event: the event
 *
 * Context: Any.
 */
static inline VOID KeClearEvent(PRKEVENT Event)
{
	ddt_event_reset(Event);
}

/**
 * KeResetEvent() - reset an event
 * @Event: the event
 *
 * Waits that it has ended stay ended.
 *
 * Context: Any.
 * Return: other than 0 if it was set before.
 */
static inline LONG KeResetEvent(PRKEVENT Event)
{
	return ddt_event_reset(Event);
}

/**
 * KeReadStateEvent() - read the state of an event
 * @Event: the event
 *
 * Context: Any. The state may have changed when it is returned.
 * Return: other than 0 if it is set.
 */
static inline LONG KeReadStateEvent(PRKEVENT Event)
{
	return ddt_event_is_set(Event);
}

/* Waits. */
typedef enum _MODE {
	KernelMode,
	UserMode,
	MaximumMode,
} MODE;

typedef enum _WAIT_TYPE {
	WaitAll,
	WaitAny,
} WAIT_TYPE;

/* The reason of a wait: for debuggers, no effect. */
typedef enum _KWAIT_REASON {
	Executive,
	FreePage,
	PageIn,
	PoolAllocation,
	DelayExecution,
	Suspended,
	UserRequest,
	WrExecutive,
	WrFreePage,
	WrPageIn,
	WrPoolAllocation,
	WrDelayExecution,
	WrSuspended,
	WrUserRequest,
} KWAIT_REASON;

/**
 * struct _KWAIT_BLOCK - KWAIT_BLOCK: memory for a wait for several objects
 */
typedef struct _KWAIT_BLOCK {
	/* private: */
	PVOID Reserved[4];
} KWAIT_BLOCK, *PKWAIT_BLOCK;

#define THREAD_WAIT_OBJECTS		3	/* without KWAIT_BLOCKs */
#define MAXIMUM_WAIT_OBJECTS		64

NTSTATUS KeWaitForSingleObject(PVOID Object, KWAIT_REASON WaitReason,
			       KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
			       PLARGE_INTEGER Timeout);
NTSTATUS KeWaitForMultipleObjects(ULONG Count, PVOID Object[],
				  WAIT_TYPE WaitType, KWAIT_REASON WaitReason,
				  KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				  PLARGE_INTEGER Timeout,
				  PKWAIT_BLOCK WaitBlockArray);
NTSTATUS KeDelayExecutionThread(KPROCESSOR_MODE WaitMode, BOOLEAN Alertable,
				PLARGE_INTEGER Interval);

/* Objects and handles. The only ones that have handles here are threads. */
typedef struct ddt_thread KTHREAD, *PKTHREAD, *PRKTHREAD;
typedef struct ddt_thread ETHREAD, *PETHREAD;

struct _OBJECT_TYPE;
typedef struct _OBJECT_TYPE *POBJECT_TYPE;

extern POBJECT_TYPE *PsThreadType;
extern POBJECT_TYPE *ExEventObjectType;
extern POBJECT_TYPE *ExSemaphoreObjectType;

typedef struct _OBJECT_ATTRIBUTES {
	ULONG Length;
	HANDLE RootDirectory;
	PUNICODE_STRING ObjectName;
	ULONG Attributes;
	PVOID SecurityDescriptor;
	PVOID SecurityQualityOfService;
} OBJECT_ATTRIBUTES, *POBJECT_ATTRIBUTES;

#define OBJ_INHERIT			0x00000002
#define OBJ_PERMANENT			0x00000010
#define OBJ_EXCLUSIVE			0x00000020
#define OBJ_CASE_INSENSITIVE		0x00000040
#define OBJ_OPENIF			0x00000080
#define OBJ_OPENLINK			0x00000100
#define OBJ_KERNEL_HANDLE		0x00000200
#define OBJ_FORCE_ACCESS_CHECK		0x00000400

/**
 * InitializeObjectAttributes() - fill in an OBJECT_ATTRIBUTES
 * @p: the OBJECT_ATTRIBUTES
 * @n: the name of the object, or NULL
 * @a: OBJ_ flags
 * @r: the directory of the name, or NULL
 * @s: a security descriptor, or NULL
 *
 * Context: Any.
 */
static inline VOID InitializeObjectAttributes(POBJECT_ATTRIBUTES p,
					      PUNICODE_STRING n, ULONG a,
					      HANDLE r, PVOID s)
{
	*p = (struct _OBJECT_ATTRIBUTES){
		.Length = sizeof(*p),
		.RootDirectory = r,
		.ObjectName = n,
		.Attributes = a,
		.SecurityDescriptor = s,
	};
}

typedef struct _OBJECT_HANDLE_INFORMATION {
	ULONG HandleAttributes;
	ACCESS_MASK GrantedAccess;
} OBJECT_HANDLE_INFORMATION, *POBJECT_HANDLE_INFORMATION;

typedef struct _CLIENT_ID {
	HANDLE UniqueProcess;
	HANDLE UniqueThread;
} CLIENT_ID, *PCLIENT_ID;

#define STANDARD_RIGHTS_REQUIRED	0x000f0000
#define SYNCHRONIZE			0x00100000
#define THREAD_ALL_ACCESS		0x001fffff

NTSTATUS ObReferenceObjectByHandle(HANDLE Handle, ACCESS_MASK DesiredAccess,
				   POBJECT_TYPE ObjectType,
				   KPROCESSOR_MODE AccessMode, PVOID *Object,
				   POBJECT_HANDLE_INFORMATION HandleInformation);
LONG_PTR ObReferenceObject(PVOID Object);
LONG_PTR ObDereferenceObject(PVOID Object);
NTSTATUS ZwClose(HANDLE Handle);
NTSTATUS ZwWaitForSingleObject(HANDLE Handle, BOOLEAN Alertable,
			       PLARGE_INTEGER Timeout);

/* Threads. */

/**
 * typedef KSTART_ROUTINE - what a thread does
 * @StartContext: what the creator passed
 *
 * Returning is the same as PsTerminateSystemThread(STATUS_SUCCESS).
 *
 * Context: the new thread, PASSIVE_LEVEL.
 */
typedef VOID KSTART_ROUTINE(PVOID StartContext);
typedef KSTART_ROUTINE *PKSTART_ROUTINE;

NTSTATUS PsCreateSystemThread(PHANDLE ThreadHandle, ULONG DesiredAccess,
			      POBJECT_ATTRIBUTES ObjectAttributes,
			      HANDLE ProcessHandle, PCLIENT_ID ClientId,
			      PKSTART_ROUTINE StartRoutine,
			      PVOID StartContext);
NTSTATUS IoCreateSystemThread(PVOID IoObject, PHANDLE ThreadHandle,
			      ULONG DesiredAccess,
			      POBJECT_ATTRIBUTES ObjectAttributes,
			      HANDLE ProcessHandle, PCLIENT_ID ClientId,
			      PKSTART_ROUTINE StartRoutine,
			      PVOID StartContext);
NTSTATUS PsTerminateSystemThread(NTSTATUS ExitStatus);
NTSTATUS PsGetThreadExitStatus(PETHREAD Thread);
PKTHREAD KeGetCurrentThread(void);
#define PsGetCurrentThread()		((PETHREAD)KeGetCurrentThread())

#define LOW_PRIORITY			0
#define LOW_REALTIME_PRIORITY		16
#define HIGH_PRIORITY			31
#define MAXIMUM_PRIORITY		32

LONG KeSetBasePriorityThread(PKTHREAD Thread, LONG Increment);
KPRIORITY KeSetPriorityThread(PKTHREAD Thread, KPRIORITY Priority);
KPRIORITY KeQueryPriorityThread(PKTHREAD Thread);

/* Drivers, devices, files and requests. */
typedef struct _DEVICE_OBJECT DEVICE_OBJECT, *PDEVICE_OBJECT;
typedef struct _DRIVER_OBJECT DRIVER_OBJECT, *PDRIVER_OBJECT;
typedef struct _FILE_OBJECT FILE_OBJECT, *PFILE_OBJECT;
typedef struct _IO_STACK_LOCATION IO_STACK_LOCATION, *PIO_STACK_LOCATION;
typedef struct _IRP IRP, *PIRP;

#define IRP_MJ_CREATE			0x00
#define IRP_MJ_CLOSE			0x02
#define IRP_MJ_READ			0x03
#define IRP_MJ_WRITE			0x04
#define IRP_MJ_FLUSH_BUFFERS		0x09
#define IRP_MJ_DEVICE_CONTROL		0x0e
#define IRP_MJ_INTERNAL_DEVICE_CONTROL	0x0f
#define IRP_MJ_SHUTDOWN			0x10
#define IRP_MJ_CLEANUP			0x12
#define IRP_MJ_POWER			0x16
#define IRP_MJ_SYSTEM_CONTROL		0x17
#define IRP_MJ_PNP			0x1b
#define IRP_MJ_MAXIMUM_FUNCTION		0x1b

#define IO_TYPE_DEVICE			3
#define IO_TYPE_DRIVER			4
#define IO_TYPE_FILE			5
#define IO_TYPE_IRP			6

#define IO_NO_INCREMENT			0
#define IO_DISK_INCREMENT		1
#define IO_PARALLEL_INCREMENT		1
#define IO_SERIAL_INCREMENT		2

typedef ULONG DEVICE_TYPE;
#define FILE_DEVICE_UNKNOWN		0x00000022

#define DO_BUFFERED_IO			0x00000004
#define DO_DIRECT_IO			0x00000010
#define DO_DEVICE_INITIALIZING		0x00000080

typedef NTSTATUS DRIVER_INITIALIZE(PDRIVER_OBJECT DriverObject,
				   PUNICODE_STRING RegistryPath);
typedef VOID DRIVER_UNLOAD(PDRIVER_OBJECT DriverObject);
typedef NTSTATUS DRIVER_DISPATCH(PDEVICE_OBJECT DeviceObject, PIRP Irp);
typedef VOID DRIVER_CANCEL(PDEVICE_OBJECT DeviceObject, PIRP Irp);
typedef DRIVER_INITIALIZE *PDRIVER_INITIALIZE;
typedef DRIVER_UNLOAD *PDRIVER_UNLOAD;
typedef DRIVER_DISPATCH *PDRIVER_DISPATCH;
typedef DRIVER_CANCEL *PDRIVER_CANCEL;

/**
 * struct _DRIVER_OBJECT - DRIVER_OBJECT: a driver
 * @Type: IO_TYPE_DRIVER
 * @Size: its size
 * @DeviceObject: its devices, linked by DEVICE_OBJECT.NextDevice
 * @DriverUnload: set by the driver's DriverEntry, if it can be unloaded
 * @MajorFunction: what handles a request, by its IRP_MJ_ code
 *
 * See ddt_nt_driver_load().
 */
struct _DRIVER_OBJECT {
	CSHORT Type;
	CSHORT Size;
	PDEVICE_OBJECT DeviceObject;
	PDRIVER_UNLOAD DriverUnload;
	PDRIVER_DISPATCH MajorFunction[IRP_MJ_MAXIMUM_FUNCTION + 1];
	/* private: */
	struct module *ddt_owner;
};

/**
 * struct _DEVICE_OBJECT - DEVICE_OBJECT: a device
 * @Type: IO_TYPE_DEVICE
 * @Size: its size with the extension
 * @DriverObject: its driver
 * @NextDevice: the driver's next device
 * @Flags: DO_ flags
 * @Characteristics: as passed to IoCreateDevice()
 * @DeviceExtension: the driver's own data
 * @DeviceType: as passed to IoCreateDevice()
 */
struct _DEVICE_OBJECT {
	CSHORT Type;
	USHORT Size;
	PDRIVER_OBJECT DriverObject;
	PDEVICE_OBJECT NextDevice;
	ULONG Flags;
	ULONG Characteristics;
	PVOID DeviceExtension;
	DEVICE_TYPE DeviceType;
	/* private: */
	refcount_t ddt_refs;
};

/**
 * struct _FILE_OBJECT - FILE_OBJECT: an open file
 * @Type: IO_TYPE_FILE
 * @Size: its size
 * @DeviceObject: the device
 * @FsContext: for the driver
 * @FsContext2: for the driver
 *
 * Made and freed by the Linux side, which embeds it in what it has for an open
 * file. See ddt_nt_file_init().
 */
struct _FILE_OBJECT {
	CSHORT Type;
	CSHORT Size;
	PDEVICE_OBJECT DeviceObject;
	PVOID FsContext;
	PVOID FsContext2;
};

/**
 * struct _IO_STATUS_BLOCK - IO_STATUS_BLOCK: how a request ended
 * @Status: the status
 * @Information: by the kind of request; mostly the number of bytes transferred
 */
typedef struct _IO_STATUS_BLOCK {
	NTSTATUS Status;
	ULONG_PTR Information;
} IO_STATUS_BLOCK, *PIO_STATUS_BLOCK;

#define SL_PENDING_RETURNED		0x01

/**
 * struct _IO_STACK_LOCATION - IO_STACK_LOCATION: what a request asks for
 * @MajorFunction: an IRP_MJ_ code
 * @MinorFunction: depends on @MajorFunction
 * @Flags: depends on @MajorFunction
 * @Control: SL_PENDING_RETURNED once the IRP has been marked pending
 * @Parameters: depends on @MajorFunction
 * @DeviceObject: the device
 * @FileObject: the open file, or NULL
 */
struct _IO_STACK_LOCATION {
	UCHAR MajorFunction;
	UCHAR MinorFunction;
	UCHAR Flags;
	UCHAR Control;
	union {
		struct {
			ULONG Length;
			ULONG Key;
			LARGE_INTEGER ByteOffset;
		} Read;
		struct {
			ULONG Length;
			ULONG Key;
			LARGE_INTEGER ByteOffset;
		} Write;
		struct {
			ULONG OutputBufferLength;
			ULONG InputBufferLength;
			ULONG IoControlCode;
			PVOID Type3InputBuffer;
		} DeviceIoControl;
		struct {
			PVOID Argument1;
			PVOID Argument2;
			PVOID Argument3;
			PVOID Argument4;
		} Others;
	} Parameters;
	PDEVICE_OBJECT DeviceObject;
	PFILE_OBJECT FileObject;
};

/**
 * struct _IRP - IRP: a request
 * @Type: IO_TYPE_IRP
 * @Size: its size
 * @Flags: not used
 * @AssociatedIrp: SystemBuffer is the buffer, which the kernel may access
 * @IoStatus: set by the driver before it completes the request
 * @RequestorMode: UserMode if a program has asked
 * @PendingReturned: once it has been completed: whether it was marked pending
 * @Cancel: set once it has been cancelled
 * @CancelIrql: for IoReleaseCancelSpinLock() in the cancel routine
 * @CancelRoutine: see IoSetCancelRoutine()
 * @UserBuffer: for the Linux side
 * @Tail: DriverContext and ListEntry are the driver's while it has the request
 *
 * There are no layers of drivers, so there is one IO_STACK_LOCATION. See
 * ddt_nt_irp_alloc().
 */
struct _IRP {
	CSHORT Type;
	USHORT Size;
	ULONG Flags;
	union {
		PIRP MasterIrp;
		LONG IrpCount;
		PVOID SystemBuffer;
	} AssociatedIrp;
	IO_STATUS_BLOCK IoStatus;
	KPROCESSOR_MODE RequestorMode;
	BOOLEAN PendingReturned;
	BOOLEAN Cancel;
	KIRQL CancelIrql;
	PDRIVER_CANCEL CancelRoutine;
	PVOID UserBuffer;
	union {
		struct {
			PVOID DriverContext[4];
			LIST_ENTRY ListEntry;
		} Overlay;
	} Tail;
	/* private: */
	IO_STACK_LOCATION ddt_location;
	refcount_t ddt_refs;
	unsigned long ddt_flags;
	VOID (*ddt_complete)(PIRP irp, void *context);
	void *ddt_context;
};

NTSTATUS IoCreateDevice(PDRIVER_OBJECT DriverObject, ULONG DeviceExtensionSize,
			PUNICODE_STRING DeviceName, DEVICE_TYPE DeviceType,
			ULONG DeviceCharacteristics, BOOLEAN Exclusive,
			PDEVICE_OBJECT *DeviceObject);
VOID IoDeleteDevice(PDEVICE_OBJECT DeviceObject);

/**
 * IoGetCurrentIrpStackLocation() - what a request asks for
 * @Irp: the request
 *
 * Context: Any.
 * Return: its IO_STACK_LOCATION.
 */
static inline PIO_STACK_LOCATION IoGetCurrentIrpStackLocation(PIRP Irp)
{
	return &Irp->ddt_location;
}

/**
 * IoMarkIrpPending() - say that a request will be completed later
 * @Irp: the request
 *
 * Before anybody else can see the request; then the dispatch routine has to
 * return STATUS_PENDING, even if the request has been completed meanwhile.
 *
 * Context: Any.
 */
static inline VOID IoMarkIrpPending(PIRP Irp)
{
	IoGetCurrentIrpStackLocation(Irp)->Control |= SL_PENDING_RETURNED;
}

/**
 * IoSetCancelRoutine() - set what handles the cancellation of a request
 * @Irp: the request
 * @CancelRoutine: the routine, or NULL. It is called with the cancel spin lock
 *	held, which it has to release with IoReleaseCancelSpinLock() and the
 *	CancelIrql of the request.
 *
 * Atomic: the caller to which it returns the routine owns the request.
 *
 * Context: Any.
 * Return: the routine before; NULL if there was none, or it has been called.
 */
static inline PDRIVER_CANCEL IoSetCancelRoutine(PIRP Irp,
						PDRIVER_CANCEL CancelRoutine)
{
	return xchg(&Irp->CancelRoutine, CancelRoutine);
}

VOID IoAcquireCancelSpinLock(PKIRQL Irql);
VOID IoReleaseCancelSpinLock(KIRQL Irql);
BOOLEAN IoCancelIrp(PIRP Irp);
VOID IoCompleteRequest(PIRP Irp, CHAR PriorityBoost);

/* Cancel-safe queues. */
typedef struct _IO_CSQ IO_CSQ, *PIO_CSQ;
typedef struct _IO_CSQ_IRP_CONTEXT IO_CSQ_IRP_CONTEXT, *PIO_CSQ_IRP_CONTEXT;

typedef VOID IO_CSQ_INSERT_IRP(PIO_CSQ Csq, PIRP Irp);
typedef NTSTATUS IO_CSQ_INSERT_IRP_EX(PIO_CSQ Csq, PIRP Irp,
				      PVOID InsertContext);
typedef VOID IO_CSQ_REMOVE_IRP(PIO_CSQ Csq, PIRP Irp);
typedef PIRP IO_CSQ_PEEK_NEXT_IRP(PIO_CSQ Csq, PIRP Irp, PVOID PeekContext);
typedef VOID IO_CSQ_ACQUIRE_LOCK(PIO_CSQ Csq, PKIRQL Irql);
typedef VOID IO_CSQ_RELEASE_LOCK(PIO_CSQ Csq, KIRQL Irql);
typedef VOID IO_CSQ_COMPLETE_CANCELED_IRP(PIO_CSQ Csq, PIRP Irp);
typedef IO_CSQ_INSERT_IRP *PIO_CSQ_INSERT_IRP;
typedef IO_CSQ_INSERT_IRP_EX *PIO_CSQ_INSERT_IRP_EX;
typedef IO_CSQ_REMOVE_IRP *PIO_CSQ_REMOVE_IRP;
typedef IO_CSQ_PEEK_NEXT_IRP *PIO_CSQ_PEEK_NEXT_IRP;
typedef IO_CSQ_ACQUIRE_LOCK *PIO_CSQ_ACQUIRE_LOCK;
typedef IO_CSQ_RELEASE_LOCK *PIO_CSQ_RELEASE_LOCK;
typedef IO_CSQ_COMPLETE_CANCELED_IRP *PIO_CSQ_COMPLETE_CANCELED_IRP;

#define IO_TYPE_CSQ_IRP_CONTEXT		1
#define IO_TYPE_CSQ			2
#define IO_TYPE_CSQ_EX			3

/**
 * struct _IO_CSQ - IO_CSQ: a queue of requests that can be cancelled
 *
 * See IoCsqInitialize().
 */
struct _IO_CSQ {
	/* private: */
	ULONG Type;
	union {
		PIO_CSQ_INSERT_IRP Insert;
		PIO_CSQ_INSERT_IRP_EX InsertEx;
	} CsqInsertIrp;
	PIO_CSQ_REMOVE_IRP CsqRemoveIrp;
	PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp;
	PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock;
	PIO_CSQ_RELEASE_LOCK CsqReleaseLock;
	PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp;
};

/**
 * struct _IO_CSQ_IRP_CONTEXT - IO_CSQ_IRP_CONTEXT: names a request in a queue
 *
 * See IoCsqInsertIrp() and IoCsqRemoveIrp().
 */
struct _IO_CSQ_IRP_CONTEXT {
	/* private: */
	ULONG Type;
	PIRP Irp;
	PIO_CSQ Csq;
};

NTSTATUS IoCsqInitialize(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP CsqInsertIrp,
			 PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
			 PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
			 PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
			 PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
			 PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp);
NTSTATUS IoCsqInitializeEx(PIO_CSQ Csq, PIO_CSQ_INSERT_IRP_EX CsqInsertIrp,
			   PIO_CSQ_REMOVE_IRP CsqRemoveIrp,
			   PIO_CSQ_PEEK_NEXT_IRP CsqPeekNextIrp,
			   PIO_CSQ_ACQUIRE_LOCK CsqAcquireLock,
			   PIO_CSQ_RELEASE_LOCK CsqReleaseLock,
			   PIO_CSQ_COMPLETE_CANCELED_IRP CsqCompleteCanceledIrp);
VOID IoCsqInsertIrp(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context);
NTSTATUS IoCsqInsertIrpEx(PIO_CSQ Csq, PIRP Irp, PIO_CSQ_IRP_CONTEXT Context,
			  PVOID InsertContext);
PIRP IoCsqRemoveIrp(PIO_CSQ Csq, PIO_CSQ_IRP_CONTEXT Context);
PIRP IoCsqRemoveNextIrp(PIO_CSQ Csq, PVOID PeekContext);

/* Work items. */
typedef struct _IO_WORKITEM IO_WORKITEM, *PIO_WORKITEM;

/* Windows' priorities are two here: see IoQueueWorkItem(). */
typedef enum _WORK_QUEUE_TYPE {
	CriticalWorkQueue,
	DelayedWorkQueue,
	HyperCriticalWorkQueue,
	NormalWorkQueue,
	BackgroundWorkQueue,
	RealTimeWorkQueue,
	SuperCriticalWorkQueue,
	MaximumWorkQueue,
	CustomPriorityWorkQueue = 32,
} WORK_QUEUE_TYPE;

typedef VOID IO_WORKITEM_ROUTINE(PDEVICE_OBJECT DeviceObject, PVOID Context);
typedef IO_WORKITEM_ROUTINE *PIO_WORKITEM_ROUTINE;

PIO_WORKITEM IoAllocateWorkItem(PDEVICE_OBJECT DeviceObject);
VOID IoQueueWorkItem(PIO_WORKITEM IoWorkItem,
		     PIO_WORKITEM_ROUTINE WorkerRoutine,
		     WORK_QUEUE_TYPE QueueType, PVOID Context);
VOID IoFreeWorkItem(PIO_WORKITEM IoWorkItem);

/* The Linux side: what Windows' I/O manager does for a driver. */
int ddt_nt_driver_load(PDRIVER_OBJECT driver, PDRIVER_INITIALIZE entry,
		       struct module *owner);
void ddt_nt_driver_unload(PDRIVER_OBJECT driver);
void ddt_nt_file_init(PFILE_OBJECT file, PDEVICE_OBJECT device);
PIRP ddt_nt_irp_alloc(PDEVICE_OBJECT device, PFILE_OBJECT file, UCHAR major,
		      void *buffer, ULONG length, gfp_t gfp);
PIRP ddt_nt_irp_get(PIRP irp);
void ddt_nt_irp_put(PIRP irp);
NTSTATUS ddt_nt_send(PIRP irp, void (*complete)(PIRP irp, void *context),
		     void *context);
NTSTATUS ddt_nt_call(PIRP irp);

#include <ddt/nt_left_out.h>

#endif /* _DDT_NT_H */
