/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Timers: a heap for each CPU, one hardware deadline.
 */
#pragma once

#include <kernel/heap.h>
#include <stdbool.h>
#include <stdint.h>

struct timer {
    struct heap_node due;              /* timer lock; ns since boot */
    void (*fire)(struct timer *timer); /* no locks held; may arm it again */
    /* NULL, or asked with the timer lock held: whether to fire, or just to be armed no longer. */
    bool (*claim)(struct timer *timer);
    _Atomic uint32_t cpu; /* in whose heap it is, or was last */
};

/*
 * Arming, moving and disarming cannot fail. For one timer the caller's own lock
 * keeps them apart; `fire` may run on another CPU until after they return.
 */
void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
void timer_arm(struct timer *timer, uint64_t deadline);
void timer_disarm(struct timer *timer);
bool timer_is_armed(const struct timer *timer);
/* Run what is due (the timer interrupt, and the way into idle), then set the hardware. */
void timer_run(void);
/* The scheduler's wish to be called at a time too: UINT64_MAX for none. */
void timer_set_slice_end(uint64_t deadline);
