/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Accounts: what a process may cause to be used.
 *
 * Allowances nest: a charge is made at every account up to the root or at none.
 * Fields are atomic; a charge adds at each level and takes all back when one
 * level is full, so it needs no lock.
 */
#pragma once

#include <kernel/object.h>
#include <kernel/relaxed.h>
#include <kernel/share.h>
#include <trellis/structures.h>

/* In the order of struct account_limits. What is used of the last two does not come back. */
enum allowance {
    ALLOW_PAGES,
    ALLOW_HANDLES,
    ALLOW_THREADS,
    ALLOW_PROCESSES,
    ALLOW_CPU_NS,
    ALLOW_MESSAGES,
    ALLOWANCE_COUNT
};

#define ACCOUNT_BATCH 256       /* at most so many messages are paid for at once */
#define ACCOUNT_FRESH_NS 100000 /* so much time may be booked to an account alone */

/* Its threads of one priority that are ready on one CPU, and its part in that CPU's run queue while
 * there are any. */
struct account_turn {
    struct share_queue threads;
    struct share_node share;
};

struct account {
    struct object object;
    struct account *parent; /* a reference; constant; NULL for the root */
    _Atomic uint64_t limit[ALLOWANCE_COUNT];
    _Atomic uint64_t used[ALLOWANCE_COUNT];
    _Atomic uint64_t small_bytes; /* small objects; ALLOW_PAGES holds them in whole pages */
    _Atomic uint64_t fresh_ns;    /* time used that `used` does not yet say, here and above */
    uint64_t had_time_at;         /* relaxed; account_changes when it was last seen to have time */
    uint64_t stride;              /* of its weight; read without a lock */
    struct account_turn *turns;   /* for each CPU and priority; that CPU's run queue lock */
};

static inline struct account_turn *account_turn_of(const struct account *account, uint32_t cpu,
                                                   uint32_t priority)
{
    return &account->turns[cpu * PRIORITY_COUNT + priority];
}

extern struct account *account_root;
/* How often one has used up its time or was given other limits, from 1: what was found before is to
 * be looked at again. */
extern _Atomic uint64_t account_changes;

/* STATUS_NO_MEMORY for pages, STATUS_LIMIT for the others. `account` NULL: the kernel itself, never refused. */
enum status account_charge(struct account *account, enum allowance what, uint64_t count) must_check;
void account_uncharge(struct account *account, enum allowance what, uint64_t count);
/* Memory by the byte: the sum of an account's small objects counts in whole pages. */
enum status account_charge_bytes(struct account *account, uint64_t bytes) must_check;
void account_uncharge_bytes(struct account *account, uint64_t bytes);

/* Whether it has processor time left, as all above it have. */
bool account_look_for_time(struct account *account);
/* What has been booked to it alone is used there and above from now on. */
void account_settle_time(struct account *account);

/* Pay for some messages, at least one if there is one left: *messages, which is 0, says how many. */
ARCH_COLD void account_pay_messages(struct account *account, uint64_t *messages);

/* A new account below `parent` (NULL only for the root), one reference for the caller. */
enum status account_create(struct account *parent, const struct account_limits *limits,
                           struct account **result) must_check;
/* The type's destroy operation (object.h). */
void account_destroy(struct object *object);
