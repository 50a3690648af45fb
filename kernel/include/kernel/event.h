/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Events: level bits with observers, or a counter; either may have a timer.
 */
#pragma once

#include <kernel/object.h>
#include <kernel/timer.h>

#define EVENT_COUNT_MAX (UINT64_MAX - 1)
/* A periodic timer fires at most this often; all its periods are counted. */
#define EVENT_PERIOD_MIN_NS UINT64_C(100000)

struct event {
    struct object object;
    uint32_t flags;    /* enum event_flag; constant */
    uint64_t count;    /* object.lock; with EVENT_COUNTER */
    uint64_t deadline; /* object.lock; next of the timer, DEADLINE_NEVER if it is not set */
    uint64_t period;   /* object.lock; 0: once */
    struct timer timer;
};

/* Object operations (object.h). */
void event_unreachable(struct object *object);
void event_destroy(struct object *object);
