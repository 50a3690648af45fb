/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Timers: a heap for each CPU, one hardware deadline.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct timer {
    uint64_t deadline;               /* ns since boot */
    uint32_t heap_index;             /* timer lock; TIMER_IDLE when not armed */
    uint32_t cpu;
    void (*fire)(struct timer *timer); /* no locks held; may arm it again */
};

#define TIMER_IDLE UINT32_MAX

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
/* Arm or move. The heap's space is reserved when timers are made, so this cannot fail. */
void timer_arm(struct timer *timer, uint64_t deadline);
void timer_disarm(struct timer *timer);
/* Run what is due (the timer interrupt, and the way into idle), then set the hardware. */
void timer_run(void);
/* The scheduler's wish to be called at a time too: UINT64_MAX for none. */
void timer_set_slice_end(uint64_t deadline);
