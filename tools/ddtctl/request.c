// SPDX-License-Identifier: GPL-2.0-only
/* request.c - what the commands for requests share */

#include <errno.h>

#include "ddtctl.h"
#include "drive.h"
#include "number.h"
#include "request.h"

/*
 * Makes numbers of the arguments behind the first one, to be freed by the
 * caller. Returns an exit status.
 */
int request_ids(const struct invocation *inv, uint32_t **ids)
{
	*ids = check_memory(calloc(inv->nr_args, sizeof(**ids)));

	for (unsigned int i = 1; i < inv->nr_args; i++) {
		if (parse_uint(inv->args[i], &(*ids)[i - 1]))
			continue;
		free(*ids);
		return usage_error(inv, "%s is not the id of a request",
				   inv->args[i]);
	}
	return EXIT_SUCCESS;
}

/*
 * Waits for a request and collects its result. Returns 0 or a negative error
 * number.
 */
int request_collect(const struct drive *drive, uint32_t id, uint64_t deadline,
		    struct ddt_drive_wait *result)
{
	*result = (struct ddt_drive_wait){
		.size = sizeof(*result),
		.id = id,
		.deadline = deadline,
	};
	return drive_ioctl(drive, DDT_DRIVE_IOC_WAIT, result);
}

/* Reports that a request could not be waited for or cancelled. */
void request_error(const struct drive *drive, uint32_t id, int err)
{
	switch (-err) {
	case ENOENT:
		error("%s: no request %u: it has been collected, or is another program's",
		      drive->path, id);
		break;
	case EALREADY:
		error("%s: request %u has finished: ddtctl wait %s %u collects its result",
		      drive->path, id, drive->name, id);
		break;
	default:
		drive_error(drive, err);
	}
}
