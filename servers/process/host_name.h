/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host and domain name. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define HOST_NAME_MAX_LENGTH 64
enum host_name { HOST_NAME = 1, DOMAIN_NAME = 2 };

/* NULL for another number. */
const char *host_name_get(unsigned which);
/* False: too long, or another number. */
bool host_name_set(unsigned which, const char *name, size_t length);
