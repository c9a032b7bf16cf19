// SPDX-License-Identifier: GPL-2.0-only
/*
 * torture_model.c - the records, the queue's callbacks, and what they check:
 *		     see torture.h
 */

#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "torture.h"

#define TORTURE_INCARNATIONS	(U32_MAX >> TORTURE_STATE_BITS)

static const char *const torture_event_names[] = {
	[TORTURE_EVENT_SUBMIT] = "submitted",
	[TORTURE_EVENT_REFUSED] = "refused",
	[TORTURE_EVENT_SERVE] = "in service",
	[TORTURE_EVENT_RETRY] = "requeued",
	[TORTURE_EVENT_CANCEL] = "cancelled",
	[TORTURE_EVENT_COMPLETE] = "completed",
	[TORTURE_EVENT_OVERTAKEN] = "overtaken",
};

static const char *const torture_state_names[] = {
	[TORTURE_IDLE] = "idle",
	[TORTURE_SUBMITTED] = "submitted",
	[TORTURE_SERVING] = "in service",
	[TORTURE_ENDED] = "served",
	[TORTURE_RETRIED] = "requeued",
	[TORTURE_COMPLETED] = "completed",
};

/*
 * Several contexts may write, and wrap; an event that is torn only harms what
 * is printed.
 */
__no_kcsan
void torture_note(struct torture_record *record, enum torture_event_kind kind,
		  s64 value)
{
	unsigned int i = atomic_inc_return(&record->events) - 1;
	struct torture_event *event = &record->history[i % TORTURE_EVENTS];

	event->ns = ktime_get_ns();
	event->value = value;
	event->incarnation = atomic_read(&record->word) >> TORTURE_STATE_BITS;
	event->pid = current->pid;
	event->cpu = raw_smp_processor_id();
	event->kind = kind;
	event->interrupt = !in_task();
	memcpy(event->comm, current->comm, sizeof(event->comm));
}

__no_kcsan
void torture_history(const struct torture_record *record)
{
	unsigned int end = atomic_read(&record->events), i;
	u32 word = atomic_read(&record->word);
	const struct torture_event *event;
	struct torture_event copy;

	pr_err("record %u of queue %u, flow %u, submitter %u: %s, incarnation %u, since %lld, deadline %lld, work %u, retries left %u, told %u, overtaken %u\n",
	       record->index, record->queue->index, record->flow,
	       record->submitter->index,
	       torture_state_names[torture_state_of(word)],
	       word >> TORTURE_STATE_BITS, record->since, record->deadline,
	       record->work, record->retries, record->told, record->overtaken);
	for (i = end > TORTURE_EVENTS ? end - TORTURE_EVENTS : 0; i < end; i++) {
		event = &record->history[i % TORTURE_EVENTS];
		copy = *event;
		pr_err("  %llu ns, CPU %u, %.*s[%d]%s: incarnation %u %s, %lld\n",
		       copy.ns, copy.cpu, TASK_COMM_LEN, copy.comm, copy.pid,
		       copy.interrupt ? " (interrupt)" : "", copy.incarnation,
		       torture_event_names[copy.kind], copy.value);
	}
}

static bool torture_own_flow(const struct torture_record *record)
{
	return record->flow;
}

/* A request that is waiting to be served for the first time, known as accepted. */
static u64 torture_witness(const struct torture_record *record, u32 word)
{
	return (u64)(record->index + 1) << 32 | word;
}

static bool torture_witness_waits(struct torture_queue *q, u64 witness)
{
	struct torture_record *record;

	if (!witness)
		return false;
	record = &q->records[(witness >> 32) - 1];
	return atomic_read(&record->word) == (u32)witness;
}

/* What the witness says was served too late, unless it is not served at all. */
static void torture_overtake(struct torture_queue *q, u64 witness,
			     struct torture_record *by)
{
	struct torture_record *record = &q->records[(witness >> 32) - 1];

	torture_note(record, TORTURE_EVENT_OVERTAKEN, by->index);
	record->overtaken = (u32)witness >> TORTURE_STATE_BITS;
}

static u64 torture_payload(const struct torture_record *record)
{
	return torture_mix(record->index, record->incarnation ^ record->random);
}

/* A new incarnation. Returns the word before. */
static u32 torture_begin(struct torture_record *record)
{
	record->incarnation = (record->incarnation + 1) & TORTURE_INCARNATIONS;
	record->begun = false;
	record->behind = 0;
	record->payload = torture_payload(record);
	record->cancels_before = atomic_read(&record->cancels_ended);
	record->all_before = atomic_read(&record->queue->all_ended);
	WRITE_ONCE(record->since, ktime_get());
	return atomic_xchg(&record->word, torture_word(record->incarnation,
						       TORTURE_SUBMITTED));
}

/* Returns the incarnation that is to be submitted. */
u32 torture_prepare(struct torture_record *record)
{
	u32 word = torture_begin(record);

	if (torture_state_of(word) != TORTURE_IDLE)
		torture_fail(record, "a free record is in use");
	torture_note(record, TORTURE_EVENT_SUBMIT, record->flow);
	return record->incarnation;
}

/* Decides what becomes of the next request of a submitter. */
void torture_plan(struct torture_submitter *submitter,
		  struct torture_record *record)
{
	struct rnd_state *rnd = &submitter->rnd;
	u32 r = torture_random(rnd, 1000);

	record->random = prandom_u32_state(rnd);
	record->flow = torture_random(rnd, 2) ? submitter->index + 1 : 0;
	record->sequence = ++submitter->sequence;
	WRITE_ONCE(record->blocking, false);
	record->ephemeral = false;
	record->resubmits = 0;
	record->retries = 0;
	record->deadline = 0;
	record->work = TORTURE_WORK_NONE;
	if (r < 30)
		record->work = TORTURE_WORK_SPIN;
	else if (r < 40)
		record->work = TORTURE_WORK_DELAY;
	else if (r < 42)
		record->work = TORTURE_WORK_STICKY;
	else if (r < 50)
		record->work = TORTURE_WORK_CANCEL_SELF;
	else if (r < 80)
		record->work = TORTURE_WORK_CANCEL_OTHER;
	if (torture_one_in(rnd, 12))
		record->retries = 1 + torture_random(rnd, 3);
	if (torture_one_in(rnd, 8))
		record->deadline = ktime_get() - 20000 +
				   torture_random(rnd, 2000000);
	else if (torture_one_in(rnd, 16))
		record->deadline = ktime_get() + NSEC_PER_SEC;
	if (!record->flow && torture_one_in(rnd, 16))
		record->resubmits = 1 + torture_random(rnd, 3);
}

/*
 * For a submitter whose request was accepted: it may have been completed, and
 * submitted again.
 */
void torture_accepted(struct torture_record *record, u32 incarnation)
{
	u32 word = torture_word(incarnation, TORTURE_SUBMITTED);
	struct torture_queue *q = record->queue;

	atomic_inc(&q->accepted);
	torture_count(TORTURE_COUNT_REQUESTS);
	WRITE_ONCE(record->accepted, incarnation);
	atomic64_set(&q->flows[record->flow].witness,
		     torture_witness(record, word));
}

void torture_refused(struct torture_record *record, int err)
{
	u32 word = torture_word(record->incarnation, TORTURE_SUBMITTED);
	u32 old;

	torture_note(record, TORTURE_EVENT_REFUSED, err);
	old = atomic_xchg(&record->word,
			  torture_word(record->incarnation, TORTURE_IDLE));
	if (old != word)
		torture_fail(record, "refused with %d, but %s", err,
			     torture_state_names[torture_state_of(old)]);
	torture_count(TORTURE_COUNT_REFUSED);
}

/* Takes back the oldest record of a submitter if it has been completed. */
bool torture_reap(struct torture_submitter *submitter)
{
	struct torture_record *record;
	u64 expected;

	if (submitter->tail == submitter->head)
		return false;
	record = &submitter->records[submitter->tail % TORTURE_RING];
	if (torture_state_of(atomic_read_acquire(&record->word)) !=
	    TORTURE_COMPLETED)
		return false;

	if (torture_own_flow(record) && record->begun) {
		expected = torture_mix(submitter->sum, record->payload);
		if (record->result != expected)
			torture_fail(record, "result %llx, expected %llx",
				     record->result, expected);
		submitter->sum = expected;
	}
	atomic_set(&record->word,
		   torture_word(record->incarnation, TORTURE_IDLE));
	submitter->tail++;
	return true;
}

/* ddt_queue_cancel(), from any context. */
int torture_cancel(struct ddt_queue *queue, struct torture_record *record)
{
	u32 before, after;
	bool blocking;
	int ret;

	/* Full barriers: the counts enclose the call. */
	atomic_inc_return(&record->cancels_begun);
	before = atomic_read_acquire(&record->word);
	blocking = READ_ONCE(record->blocking);
	ret = ddt_queue_cancel(queue, &record->carrier.req);
	after = atomic_read_acquire(&record->word);
	if (ret == -EINPROGRESS &&
	    before >> TORTURE_STATE_BITS == after >> TORTURE_STATE_BITS)
		/* After what the call did: pairs with torture_work(). */
		smp_store_release(&record->told, after >> TORTURE_STATE_BITS);
	atomic_inc_return(&record->cancels_ended);

	if (ret != -EALREADY)
		torture_note(record, TORTURE_EVENT_CANCEL, ret);
	if (ret && ret != -EINPROGRESS && ret != -EALREADY)
		torture_fail(record, "ddt_queue_cancel() returned %d", ret);
	if (!ret && before == after && !blocking && torture_outstanding(after))
		torture_fail(record, "cancelled, but not completed");
	return ret;
}

/* The callbacks */

/* The first time that a request is served. */
static void torture_check_order(struct torture_queue *q,
				struct torture_record *record, u64 number)
{
	struct torture_submitter *submitter = record->submitter;
	struct torture_flow *flow = &q->flows[record->flow];
	u64 *served = &submitter->served[torture_own_flow(record)];

	if (record->sequence && record->sequence <= *served)
		torture_fail(record,
			     "number %llu of its submitter is served after %llu",
			     record->sequence, *served);
	if (record->sequence)
		*served = record->sequence;
	if (number <= flow->last_number)
		torture_fail(record, "number %llu is served after %llu",
			     number, flow->last_number);
	flow->last_number = number;
	if (record->deadline && record->deadline < record->since)
		torture_fail(record,
			     "served, though its deadline had passed before");

	if (record->payload != torture_payload(record))
		torture_fail(record, "its payload has changed");
	record->result = torture_mix(flow->sum, record->payload);
	if (record->random % 64 == 1)
		udelay(2);
	flow->sum = record->result;
	record->begun = true;
}

/* Each time that a request is served. */
static void torture_check_turn(struct torture_queue *q,
			       struct torture_record *record)
{
	int expirations = atomic_read(&q->expirations);
	struct torture_flow *flow;
	struct torture_record *head;
	unsigned int i;
	bool ready;
	u64 witness;

	/* One that expires when its turn has come takes that turn. */
	if (expirations != q->expirations_seen)
		q->turns = 0;
	q->expirations_seen = expirations;
	q->turns++;
	for (i = 0; i < q->flows_count; i++) {
		flow = &q->flows[i];
		witness = atomic64_read(&flow->witness);
		ready = !READ_ONCE(flow->head) &&
			torture_witness_waits(q, witness);
		if (i != record->flow && ready && q->turns >= 3 &&
		    q->last_flow == record->flow && flow->seen[1] == witness)
			torture_overtake(q, witness, record);
		flow->seen[1] = flow->seen[0];
		flow->seen[0] = ready ? witness : 0;
	}
	q->last_flow = record->flow;

	flow = &q->flows[record->flow];
	head = READ_ONCE(flow->head);
	if (head && head != record)
		torture_overtake(q, flow->head_witness, record);
	WRITE_ONCE(flow->head, NULL);
	if (torture_witness_waits(q, record->behind))
		torture_overtake(q, record->behind, record);
	record->behind = 0;
	if (record->overtaken == record->incarnation)
		torture_fail(record, "served after one that came later");
}

static int torture_work(struct torture_queue *q, struct ddt_queue *queue,
			struct torture_record *record, struct ddt_request *req)
{
	struct torture_record *other;
	ktime_t begin = ktime_get();
	ktime_t delay;
	bool told;
	int i, ret;

	switch (record->work) {
	case TORTURE_WORK_SPIN:
		udelay(1 + record->random % 16);
		break;
	case TORTURE_WORK_DELAY:
		delay = record->random % 100000;
		ret = ddt_queue_delay(queue, delay);
		if (!ret && ktime_get() - begin < delay)
			torture_fail(record, "a delay was too short");
		if (ret && !ddt_request_cancelled(req))
			torture_fail(record,
				     "a delay ended with %d, not cancelled",
				     ret);
		break;
	case TORTURE_WORK_STICKY:
		for (i = 0, ret = 0; i < 10 && !ret; i++) {
			told = READ_ONCE(record->told) == record->incarnation;
			ret = ddt_queue_delay(queue, NSEC_PER_MSEC);
			if (told && !ret)
				torture_fail(record,
					     "cancelled, but its delay went on");
		}
		break;
	case TORTURE_WORK_CANCEL_SELF:
		if (record->ephemeral)
			break;
		ret = torture_cancel(queue, record);
		if (ret != -EINPROGRESS)
			torture_fail(record, "cancelled by its server: %d",
				     ret);
		break;
	case TORTURE_WORK_CANCEL_OTHER:
		other = &q->records[record->random % q->records_count];
		torture_cancel(queue, other);
		break;
	default:
		break;
	}
	told = READ_ONCE(record->told) == record->incarnation;
	smp_rmb();	/* pairs with torture_cancel() */
	if (ddt_request_cancelled(req))
		return -ECANCELED;
	if (told)
		torture_fail(record, "cancelled, but its server is not told");
	return record->random & 1 ? -EIO : record->random >> 24;
}

static void torture_retry(struct torture_queue *q,
			  struct torture_record *record,
			  struct ddt_request *req)
{
	struct torture_flow *flow = &q->flows[record->flow];
	enum ddt_retry_place place = torture_random(&q->callback_rnd, 2);
	ktime_t delay = 0;
	u32 word;

	record->retries--;
	if (torture_one_in(&q->callback_rnd, 4))
		delay = torture_random(&q->callback_rnd, 300000);
	if (place == DDT_RETRY_HEAD) {
		word = torture_word(record->incarnation, TORTURE_RETRIED);
		flow->head_witness = torture_witness(record, word);
		WRITE_ONCE(flow->head, record);
		/* Held from here on, its flow loses its turn. */
		flow->seen[0] = 0;
		flow->seen[1] = 0;
	} else {
		record->behind = atomic64_read(&flow->witness);
		if (!torture_witness_waits(q, record->behind))
			record->behind = 0;
	}
	torture_note(record, TORTURE_EVENT_RETRY,
		     place == DDT_RETRY_HEAD ? delay : -delay);
	atomic_inc(&q->retried);
	torture_count(TORTURE_COUNT_RETRIED);
	ddt_request_retry(req, delay, place);
}

static int torture_serve(struct ddt_queue *queue, struct ddt_request *req)
{
	struct torture_carrier *carrier =
		container_of(req, struct torture_carrier, req);
	struct torture_record *record = carrier->record;
	struct torture_queue *q = ddt_queue_context(queue);
	u32 incarnation = record->incarnation, old, state;
	struct torture_record *other;
	int ret;

	other = xchg(&q->serving, record);
	if (other)
		torture_fail(other, "two callbacks of a server at a time");
	WRITE_ONCE(q->server, current);
	q->last = NULL;
	if (atomic_read(&q->paused) && !READ_ONCE(q->stopping))
		torture_fail(record, "served during a pause");
	if (READ_ONCE(q->stopped))
		torture_fail(record, "served after the queue was stopped");
	old = atomic_xchg(&record->word,
			  torture_word(incarnation, TORTURE_SERVING));
	torture_note(record, TORTURE_EVENT_SERVE, req->number);
	state = torture_state_of(old);
	if (old >> TORTURE_STATE_BITS != incarnation ||
	    (state != TORTURE_SUBMITTED && state != TORTURE_RETRIED))
		torture_fail(record, "served while it is %s",
			     torture_state_names[state]);
	torture_check_turn(q, record);
	if (state == TORTURE_SUBMITTED)
		torture_check_order(q, record, req->number);
	q->worked = true;

	ret = torture_work(q, queue, record, req);
	if (record->retries) {
		torture_retry(q, record, req);
		state = TORTURE_RETRIED;
	} else {
		record->status = ret;
		state = TORTURE_ENDED;
	}
	old = atomic_xchg(&record->word, torture_word(incarnation, state));
	if (old != torture_word(incarnation, TORTURE_SERVING))
		torture_fail(record, "%s while it was in service",
			     torture_state_names[torture_state_of(old)]);
	q->last = record;
	other = xchg(&q->serving, NULL);
	if (other != record)
		torture_fail(record, "two callbacks of a server at a time");
	return ret;
}

static bool torture_cancel_asked(struct torture_queue *q,
				 struct torture_record *record)
{
	return atomic_read(&record->cancels_begun) != record->cancels_before ||
	       atomic_read(&q->all_begun) != record->all_before;
}

static void torture_check_status(struct torture_queue *q,
				 struct torture_record *record, int status,
				 enum torture_state state, bool direct)
{
	if (state == TORTURE_ENDED) {
		if (!direct)
			torture_fail(record, "served, but completed by another");
		if (status != record->status)
			torture_fail(record, "status %d, but %d was returned",
				     status, record->status);
		if (status != -ECANCELED) {
			torture_count(TORTURE_COUNT_SERVED);
			return;
		}
	}
	switch (status) {
	case -ECANCELED:
		if (!torture_cancel_asked(q, record))
			torture_fail(record, "cancelled, but not asked to be");
		torture_count(TORTURE_COUNT_CANCELLED);
		break;
	case -ESHUTDOWN:
		if (!READ_ONCE(q->stopping))
			torture_fail(record, "aborted, but not stopped");
		torture_count(TORTURE_COUNT_ABORTED);
		break;
	case -ETIME:
		if (state != TORTURE_SUBMITTED || !record->deadline ||
		    record->deadline >= ktime_get())
			torture_fail(record, "expired, but not late");
		torture_count(TORTURE_COUNT_EXPIRED);
		break;
	case -ENOMEM:
		if (state == TORTURE_SUBMITTED &&
		    q->attr.server == DDT_SERVER_ON_DEMAND)
			break;
		fallthrough;
	default:
		torture_fail(record, "status %d, but it was not served",
			     status);
	}
}

/* Submits a request again, from its completion. Returns whether it did. */
static bool torture_resubmit(struct ddt_queue *queue,
			     struct torture_record *record, u32 word)
{
	struct torture_submitter *submitter = record->submitter;
	u32 old, incarnation;
	int err;

	if (!record->resubmits)
		return false;
	record->resubmits--;
	record->sequence = 0;
	record->deadline = 0;
	record->carrier.req.deadline = 0;
	old = torture_begin(record);
	if (old != word)
		torture_fail(record, "completed twice at the same time");
	incarnation = record->incarnation;
	torture_note(record, TORTURE_EVENT_SUBMIT, record->flow);
	err = ddt_queue_submit(queue, &record->carrier.req);
	if (!err) {
		torture_accepted(record, incarnation);
		return true;
	}
	torture_note(record, TORTURE_EVENT_REFUSED, err);
	old = atomic_xchg(&record->word,
			  torture_word(incarnation, TORTURE_COMPLETED));
	if (old != torture_word(incarnation, TORTURE_SUBMITTED))
		torture_fail(record, "refused with %d, but %s", err,
			     torture_state_names[torture_state_of(old)]);
	if (READ_ONCE(submitter->awaited) == record)
		wake_up(&submitter->wait);
	return true;
}

static void torture_complete(struct ddt_queue *queue, struct ddt_request *req)
{
	struct torture_carrier *carrier =
		container_of(req, struct torture_carrier, req);
	struct torture_record *record = carrier->record;
	struct torture_queue *q = ddt_queue_context(queue);
	struct torture_submitter *submitter = record->submitter;
	u32 incarnation = record->incarnation;
	struct torture_flow *flow = &q->flows[record->flow];
	u32 word = atomic_read(&record->word), old;
	enum torture_state state = torture_state_of(word);
	int status = req->status;
	bool direct, resubmitted;

	atomic_inc(&q->completing);
	/* A worker that has served may be the one that stops the queue now. */
	direct = in_task() && READ_ONCE(q->server) == current &&
		 READ_ONCE(q->helper) != current && q->last == record &&
		 state != TORTURE_SUBMITTED;
	torture_note(record, TORTURE_EVENT_COMPLETE, status);
	if (READ_ONCE(q->stopped))
		torture_fail(record, "completed after the queue was stopped");
	if (state != TORTURE_SUBMITTED && state != TORTURE_ENDED &&
	    state != TORTURE_RETRIED)
		torture_fail(record, "completed while it is %s",
			     torture_state_names[state]);
	torture_check_status(q, record, status, state, direct);
	if (state == TORTURE_RETRIED)
		cmpxchg(&flow->head, record, NULL);
	if (direct && state == TORTURE_RETRIED)
		atomic_dec(&q->retried);

	if (direct)
		atomic_inc(&q->served);
	else if (status == -ETIME)
		atomic_inc(&q->expired);
	else
		atomic_inc(&q->claimed);
	if (status == -ETIME)
		atomic_inc(&q->expirations);
	if (!in_task())
		torture_count(TORTURE_COUNT_IN_INTERRUPT);
	atomic_inc(&q->completed);
	if (direct)
		q->last = NULL;
	else if (record->random % 8 == 3)
		udelay(record->random / 8 % 64);	/* a stop waits for it */
	if (READ_ONCE(q->stopped))
		torture_fail(record, "the stop did not wait for it");
	resubmitted = torture_resubmit(queue, record, word);
	atomic_dec(&q->completing);
	if (resubmitted)
		return;

	if (carrier != &record->carrier)
		kfree(carrier);
	old = atomic_xchg(&record->word,
			  torture_word(incarnation, TORTURE_COMPLETED));
	/* From here on the record may be used again. */
	if (old != word)
		torture_fail(record, "completed twice at the same time");
	if (READ_ONCE(submitter->awaited) == record)
		wake_up(&submitter->wait);
}

static void torture_idle(struct ddt_queue *queue)
{
	struct torture_queue *q = ddt_queue_context(queue);

	/* Any record: it only says that there is a callback. */
	if (xchg(&q->serving, q->records))
		torture_fail(NULL, "queue %u: idle() during another callback",
			     q->index);
	if (!q->worked)
		torture_fail(NULL, "queue %u: idle() without work before",
			     q->index);
	if (atomic_read(&q->paused) && !READ_ONCE(q->stopping))
		torture_fail(NULL, "queue %u: idle() during a pause", q->index);
	q->worked = false;
	if (torture_one_in(&q->callback_rnd, 4))
		ddt_queue_delay(queue, torture_random(&q->callback_rnd, 100000));
	torture_count(TORTURE_COUNT_IDLE);
	if (xchg(&q->serving, NULL) != q->records)
		torture_fail(NULL, "queue %u: a callback during idle()",
			     q->index);
}

const struct ddt_queue_ops torture_ops = {
	.serve = torture_serve,
	.complete = torture_complete,
	.idle = torture_idle,
};

/* For ddt_queue_for_each(): @context is the number of the walk. */
void torture_visit(struct ddt_request *req, bool in_service, void *context)
{
	struct torture_record *record =
		container_of(req, struct torture_carrier, req)->record;
	u32 word = atomic_read(&record->word);
	const unsigned int *walk = context;

	if (!torture_outstanding(word))
		torture_fail(record, "%s, but %s",
			     in_service ? "in service" : "queued",
			     torture_state_names[torture_state_of(word)]);
	if (record->visited == *walk)
		torture_fail(record, "visited twice in one walk");
	record->visited = *walk;
}
