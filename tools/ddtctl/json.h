/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - making JSON
 *
 * An object or array is made, filled and given to another one or to
 * json_print(), which free it.
 */
#ifndef DDTCTL_JSON_H
#define DDTCTL_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_object.h>

struct drive;

struct json_object *json_new_object(void);
struct json_object *json_new_array(void);

void json_add(struct json_object *obj, const char *key, struct json_object *val);
void json_add_null(struct json_object *obj, const char *key);
void json_add_bool(struct json_object *obj, const char *key, bool val);
void json_add_int(struct json_object *obj, const char *key, int64_t val);
void json_add_uint(struct json_object *obj, const char *key, uint64_t val);
void json_add_string(struct json_object *obj, const char *key, const char *val);

void json_append(struct json_object *array, struct json_object *val);

void json_print(struct json_object *obj);
void json_print_name(const struct drive *drive);

#endif /* DDTCTL_JSON_H */
