/* SPDX-License-Identifier: GPL-2.0-only */
/* module.h - whether the modules are installed, and how they are loaded */
#ifndef DDTCTL_MODULE_H
#define DDTCTL_MODULE_H

#include <stdbool.h>

bool module_is_listed(const char *root, const char *release, const char *list,
		      const char *name);
const char *module_load_command(const char *root, const char *release);
const char *module_missing_hint(void);

#endif /* DDTCTL_MODULE_H */
