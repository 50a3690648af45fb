/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Random bytes that nobody can foretell: ChaCha20 (RFC 8439) as a generator
 * with fast key erasure: what was given out cannot be found again from the
 * state.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RANDOM_KEY_WORDS 8

struct random {
    uint32_t key[RANDOM_KEY_WORDS]; /* zero at first */
};

/* Mix in `length` bytes; may be called any number of times, before and after use. */
void random_seed(struct random *random, const void *bytes, size_t length);
void random_fill(struct random *random, void *bytes, size_t length);
uint64_t random_number(struct random *random);
