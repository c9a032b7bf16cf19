// SPDX-License-Identifier: GPL-2.0-only
/* json.c - making JSON; without memory for it the program ends */

#include <stdio.h>

#include "ddtctl.h"
#include "drive.h"
#include "json.h"

#define JSON_STYLE	(JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | \
			 JSON_C_TO_STRING_NOSLASHESCAPE)

struct json_object *json_new_object(void)
{
	return check_memory(json_object_new_object());
}

struct json_object *json_new_array(void)
{
	return check_memory(json_object_new_array());
}

static void check_added(int ret)
{
	check_memory(ret ? NULL : &ret);
}

static void add(struct json_object *obj, const char *key,
		struct json_object *val)
{
	check_added(json_object_object_add(obj, key, val));
}

void json_add(struct json_object *obj, const char *key, struct json_object *val)
{
	add(obj, key, check_memory(val));
}

void json_add_null(struct json_object *obj, const char *key)
{
	add(obj, key, NULL);
}

void json_add_bool(struct json_object *obj, const char *key, bool val)
{
	json_add(obj, key, json_object_new_boolean(val));
}

void json_add_int(struct json_object *obj, const char *key, int64_t val)
{
	json_add(obj, key, json_object_new_int64(val));
}

void json_add_uint(struct json_object *obj, const char *key, uint64_t val)
{
	json_add(obj, key, json_object_new_uint64(val));
}

void json_add_string(struct json_object *obj, const char *key, const char *val)
{
	json_add(obj, key, json_object_new_string(val));
}

void json_append(struct json_object *array, struct json_object *val)
{
	check_added(json_object_array_add(array, val));
}

void json_print(struct json_object *obj)
{
	puts(check_memory((char *)json_object_to_json_string_ext(obj,
								 JSON_STYLE)));
	json_object_put(obj);
}

/* What a command prints that has nothing to say but that it is done. */
void json_print_name(const struct drive *drive)
{
	struct json_object *obj = json_new_object();

	json_add_string(obj, "name", drive->name);
	json_print(obj);
}
