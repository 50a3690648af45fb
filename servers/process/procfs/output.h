/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Text that is put together piece by piece. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#define OUTPUT_SIZE 65536

struct output {
    size_t length;
    char bytes[OUTPUT_SIZE];
};

/* What does not fit is cut off. */
void output_add(struct output *output, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void output_add_bytes(struct output *output, const void *bytes, size_t length);
