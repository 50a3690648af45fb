/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A growing row of NUL-terminated strings: argv and the environment of exec.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STRING_MAX 131072 /* bytes of one string with its NUL: Linux' MAX_ARG_STRLEN */

struct strings {
    char *bytes;
    size_t size, capacity;
    size_t limit; /* bytes of all strings and their pointers */
    uint32_t count;
};

void strings_init(struct strings *strings, size_t limit);
void strings_release(struct strings *strings);
/* 0, -E2BIG or -ENOMEM. */
int strings_add(struct strings *strings, const char *string);
/* A string of the program; also -EFAULT. */
int strings_add_from_program(struct strings *strings, uint64_t address);
/* The array at `address` up to its null pointer, without the first `skip`; no array at 0. */
int strings_add_array(struct strings *strings, uint64_t address, size_t skip);
