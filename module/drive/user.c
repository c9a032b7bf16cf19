// SPDX-License-Identifier: GPL-2.0-only
/*
 * user.c - the users of a drive, and their shares of its depth
 *
 * Opening one more file costs nothing, so requests are counted for each user, and
 * not for each file. All users that have the drive open, or requests in flight,
 * share its depth evenly. A part of it is kept for one more, which must not find
 * the queue full; root alone may use that too. Submitters that wait for the share
 * of their user get it in the order of their arrival.
 *
 * A user stands for the user id that opened a file, and lives as long as a file, a
 * request in flight or a detached operation refers to it.
 *
 * Locking: the lock of the table protects the table and all users, but for the
 * results that are kept: see control.c.
 */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "drive.h"

/* How many submitters one request that ends may let in, if the share grew. */
#define DDT_USER_GRANTS		2

/* One part of this many of the depth is kept for one more user. */
#define DDT_USER_KEPT_PART	8

/* A submitter that waits for its user's share. */
struct ddt_user_waiter {
	struct list_head link;
	struct ddt_event granted;
};

static void ddt_user_assert_held(const struct ddt_drive_user *user)
{
	lockdep_assert_held(&user->table->users.xa_lock);
}

static void ddt_user_begin_use(struct ddt_drive_user *user)
{
	ddt_user_assert_held(user);

	user->refs++;
	if (!user->uses++)
		user->table->nr_in_use++;
}

static void ddt_user_end_use(struct ddt_drive_user *user)
{
	ddt_user_assert_held(user);

	if (!--user->uses)
		user->table->nr_in_use--;
}

/* Returns what to free once the lock has been dropped, or NULL. */
static struct ddt_drive_user *ddt_user_put_locked(struct ddt_drive_user *user)
{
	ddt_user_assert_held(user);

	if (--user->refs)
		return NULL;
	__xa_erase(&user->table->users, __kuid_val(user->uid));
	return user;
}

/*
 * Whether the user may have one more request in flight. All users may have as
 * many as can be queued, and the one in service.
 */
static bool ddt_user_may_charge(const struct ddt_drive_user *user)
{
	const struct ddt_user_table *table = user->table;
	unsigned int all = table->depth + 1;

	ddt_user_assert_held(user);

	if (!uid_eq(user->uid, GLOBAL_ROOT_UID))
		all -= table->kept;
	return user->in_flight < max(all / table->nr_in_use, 1U);
}

/* Whether a submitter need not wait, behind others that do. */
static bool ddt_user_may_begin(const struct ddt_drive_user *user)
{
	return list_empty(&user->waiting) && ddt_user_may_charge(user);
}

static void ddt_user_charge_one(struct ddt_drive_user *user)
{
	ddt_user_begin_use(user);
	user->in_flight++;
}

/*
 * Counts one more request in flight. Returns 0; -EAGAIN if the user has its
 * share of them; or with @wait waits, killably, and returns -EINTR if killed.
 */
int ddt_user_charge(struct ddt_drive_user *user, bool wait)
{
	struct xarray *users = &user->table->users;
	struct ddt_user_waiter waiter;
	bool granted;
	int err;

	xa_lock(users);
	granted = ddt_user_may_begin(user);
	if (granted) {
		ddt_user_charge_one(user);
	} else if (wait) {
		ddt_event_init(&waiter.granted, DDT_EVENT_MANUAL, false);
		list_add_tail(&waiter.link, &user->waiting);
	}
	xa_unlock(users);
	if (granted)
		return 0;
	if (!wait)
		return -EAGAIN;

	err = ddt_wait(&waiter.granted.object, DDT_WAIT_KILLABLE, DDT_FOREVER);
	/* Synchronize with the setter, which may still hold the lock. */
	xa_lock(users);
	if (list_empty(&waiter.link))
		err = 0;
	else
		list_del(&waiter.link);
	xa_unlock(users);
	return err;
}

static void ddt_user_grant(struct ddt_drive_user *user)
{
	struct ddt_user_waiter *waiter;
	int i;

	for (i = 0; i < DDT_USER_GRANTS; i++) {
		if (list_empty(&user->waiting) || !ddt_user_may_charge(user))
			return;
		waiter = list_first_entry(&user->waiting,
					  struct ddt_user_waiter, link);
		list_del_init(&waiter->link);
		ddt_user_charge_one(user);
		ddt_event_set(&waiter->granted);
	}
}

/* A request that was charged has been completed, or was not accepted. */
void ddt_user_uncharge(struct ddt_drive_user *user)
{
	struct xarray *users = &user->table->users;

	xa_lock(users);
	user->in_flight--;
	ddt_user_grant(user);
	ddt_user_end_use(user);
	user = ddt_user_put_locked(user);
	xa_unlock(users);
	kfree(user);
}

/* Whether a submission that does not wait would be accepted now. */
bool ddt_user_may_submit(struct ddt_drive_user *user)
{
	struct xarray *users = &user->table->users;
	bool may;

	xa_lock(users);
	may = ddt_user_may_begin(user);
	xa_unlock(users);
	return may;
}

void ddt_user_get(struct ddt_drive_user *user)
{
	xa_lock(&user->table->users);
	user->refs++;
	xa_unlock(&user->table->users);
}

void ddt_user_put(struct ddt_drive_user *user)
{
	struct xarray *users = &user->table->users;

	xa_lock(users);
	user = ddt_user_put_locked(user);
	xa_unlock(users);
	kfree(user);
}

/*
 * The user that opens a file, with a reference. Has a share until
 * ddt_user_close(), and as long as requests are in flight.
 */
struct ddt_drive_user *ddt_user_open(struct ddt_user_table *table)
{
	struct ddt_drive_user *user, *new;

	new = kzalloc_obj(*new, GFP_KERNEL_ACCOUNT);
	if (!new)
		return ERR_PTR(-ENOMEM);
	new->table = table;
	new->uid = current_uid();
	INIT_LIST_HEAD(&new->waiting);
	ddt_flow_init(&new->detached);
	INIT_LIST_HEAD(&new->finished);

	xa_lock(&table->users);
	user = __xa_cmpxchg(&table->users, __kuid_val(new->uid), NULL, new,
			    GFP_KERNEL_ACCOUNT);
	if (!user) {
		user = new;
		new = NULL;
	}
	if (xa_is_err(user))
		user = ERR_PTR(xa_err(user));
	else
		ddt_user_begin_use(user);
	xa_unlock(&table->users);
	kfree(new);
	return user;
}

/* A file has been closed. It keeps its reference. */
void ddt_user_close(struct ddt_drive_user *user)
{
	xa_lock(&user->table->users);
	ddt_user_end_use(user);
	xa_unlock(&user->table->users);
}

void ddt_user_init(struct ddt_user_table *table, unsigned int depth)
{
	xa_init_flags(&table->users, XA_FLAGS_ACCOUNT);
	table->depth = depth;
	table->kept = DIV_ROUND_UP(depth - 1, DDT_USER_KEPT_PART);
}

/* When no file is open, and all operations have been freed. */
void ddt_user_exit(struct ddt_user_table *table)
{
	xa_destroy(&table->users);
}
