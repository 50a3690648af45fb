/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What torture.c, which keeps the processes of a round, and what they do, in torture_work.c and
 * torture_memory.c, know of each other.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <trellis/frame.h>

#include "../../draw.h"
#include "threads.h"

/* What a worker of a round asks its keeper for: to be cloned. The answer's first word is 0 to the
 * original; to the clone it is the handle to its own process, or CLONE_WITHOUT_SELF. */
#define TORTURE_CLONE 7
#define CLONE_WITHOUT_SELF UINT64_C(1)

/* What all processes of all rounds have done: shared memory. */
struct torture_tally {
    _Atomic uint64_t operations;
    _Atomic uint64_t order; /* says which came after which */
};

struct torture {
    uint64_t seed;
    uint64_t operations; /* of each worker; a clone makes fewer */
    struct torture_tally *tally;
};
extern struct torture torture;

/* The first thread of a round's process; the argument is its session with the keeper. */
uint64_t torture_round(uint64_t keeper, struct frame *frame);

#define TORTURE_WORKERS 4
#define TORTURE_PAGES UINT64_C(32) /* of each worker's area */

struct worker {
    uint64_t random;
    uint64_t index;
    struct frame *frame;
    uint64_t place;                  /* of its two areas the one that is mapped */
    uint64_t written[TORTURE_PAGES]; /* what each page has; 0: nothing since it was new */
    uint64_t stamps;                 /* given so far */
    uint32_t count;                  /* what it has counted to in the page that all write to */
    handle_t reply;                  /* of a call that it is to answer, or HANDLE_NONE ... */
    uint64_t question;               /* ... and what that asked */
    bool is_helped, is_clone;
    struct test_thread helper;
};

static inline uint64_t below(struct worker *self, uint64_t end)
{
    return draw_below(&self->random, end);
}

/* A handle that somebody may close at any time, or HANDLE_NONE. */
handle_t torture_peek(struct worker *self);

/* Its area, at the first of its places. */
void torture_map_area(const struct worker *self);
/* What it does to memory; each fails the test if it finds what nobody wrote. */
void torture_write(struct worker *self);
void torture_check(struct worker *self);
void torture_count(struct worker *self);
void torture_discard(struct worker *self);
void torture_replace(struct worker *self);
void torture_protect(struct worker *self);
void torture_move(struct worker *self);
void torture_twice(struct worker *self);
void torture_map(struct worker *self);
