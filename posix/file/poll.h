/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Readiness of many files at once.
 */
#pragma once

#include "sorts.h"

struct poll_item {
    struct file *file; /* a reference, or NULL: left out */
    uint32_t events;   /* LINUX_POLL* wanted */
    uint32_t ready;    /* out: of those, and errors */
};

/* What holds of a file now, of `events` and errors; what to wait for is added to `interest`. */
uint32_t poll_file(struct task *task, struct file *file, struct file_interest *interest);

/* Until one is ready or the deadline. How many are, or negative as a wait. */
int64_t poll_items(struct task *task, struct poll_item *items, size_t count, uint64_t deadline);

/* A signal mask that holds during one wait (ppoll and its relatives). */
struct poll_mask {
    bool given;
    uint64_t mask, old;
};
/* Address 0: none is given. 0, -EINVAL, -EFAULT. */
int poll_mask_begin(struct task *task, struct poll_mask *mask, uint64_t address, uint64_t size);
/* Afterwards; a mask stays until the handler has run if the wait ended by a signal. */
void poll_mask_end(struct task *task, const struct poll_mask *mask, int64_t result);
