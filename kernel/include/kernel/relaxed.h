/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Fields that are written under a lock, or by one CPU, and looked at by others
 * without it: what these see was so a moment ago, and is whole.
 */
#pragma once

#define relaxed_load(place) __atomic_load_n(place, __ATOMIC_RELAXED)
#define relaxed_store(place, value) __atomic_store_n(place, value, __ATOMIC_RELAXED)
/* For the one who writes. */
#define relaxed_add(place, value) relaxed_store(place, relaxed_load(place) + (value))
