/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Fields that are written under a lock, or by one CPU, and looked at by others
 * without it: what these see was so a moment ago, and is whole.
 *
 * And two that each tell the other something, then look at what it told: of their
 * stores one at least must be seen. That is ordered_store, never atomic_store: on
 * AArch64 QEMU lets the load of an LDAR overtake the store of an STLR.
 */
#pragma once

#include <stdatomic.h>

#define relaxed_load(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define relaxed_store(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)
/* Of a pointer that is all the reader has: what was written to it before is seen too. */
#define acquire_load(place) __atomic_load_n(place, __ATOMIC_ACQUIRE)
#define release_store(place, value) __atomic_store_n(place, value, __ATOMIC_RELEASE)
/* For the one who writes. */
#define relaxed_add(place, value) relaxed_store(place, relaxed_load(place) + (value))

/* Nothing that comes after it is looked at before others see it. The place is _Atomic. */
#define ordered_store(place, value)                                                                \
    do {                                                                                           \
        atomic_store_explicit(place, value, memory_order_release);                                 \
        atomic_thread_fence(memory_order_seq_cst);                                                 \
    } while (0)
