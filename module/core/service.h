/* SPDX-License-Identifier: GPL-2.0-only */
/* service.h - the service loop of a queue */
#ifndef _DDT_CORE_SERVICE_H
#define _DDT_CORE_SERVICE_H

struct ddt_server;

void ddt_queue_serve(struct ddt_server *server);

#endif /* _DDT_CORE_SERVICE_H */
