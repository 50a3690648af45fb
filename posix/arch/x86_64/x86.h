/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what the files of this folder share.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Vector state to and from the program's memory; other than 0: a fault. */
size_t x86_save_vector(void *area, uint32_t components);
size_t x86_load_vector(const void *area, uint32_t components);
