/* SPDX-License-Identifier: GPL-2.0-only */
/* trace.h - the tracepoints, with what their header needs */
#include "../compat.h"

#include <trace/events/ddt.h>
