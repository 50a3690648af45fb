/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The program's memory, as its calls name it: the only way to touch it.
 *
 * The routines that do so are assembly in a range that the kernel knows; a fault
 * there ends the copy. The library's own region is never the program's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether [address, address + size) lies below the library; native calls that take program buffers need it. */
bool copy_range_valid(uint64_t address, uint64_t size);

/* 0 or -EFAULT. */
int copy_from_program(void *to, uint64_t from, size_t size);
int copy_to_program(uint64_t to, const void *from, size_t size);
int copy_zero_program(uint64_t to, size_t size);

/* How many bytes could not be copied, the last ones. */
size_t copy_some_from_program(void *to, uint64_t from, size_t size);
size_t copy_some_to_program(uint64_t to, const void *from, size_t size);

/*
 * A string and its NUL into `size` bytes. Its length, -EFAULT, or -ENAMETOOLONG
 * if the NUL is not among the first `size` bytes.
 */
int64_t copy_string_from_program(char *to, uint64_t from, size_t size);

/* A 32-bit word, read once. 0 or -EFAULT. */
int copy_word_from_program(uint32_t *value, uint64_t from);
/* Atomically replace *value by `desired` if *at is *value; *value becomes what was there. 0 or -EFAULT. */
int copy_exchange_program(uint64_t at, uint32_t *value, uint32_t desired);
