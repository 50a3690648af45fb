/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Random numbers of tests: xorshift64 (Marsaglia, Journal of Statistical Software 8(14),
 * 2003). The state is the seed, not 0; the lower bits are the weaker ones.
 */
#pragma once

#include <stdint.h>

static inline uint64_t draw_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static inline uint64_t draw_below(uint64_t *state, uint64_t end)
{
    return (draw_next(state) >> 16) % end;
}
