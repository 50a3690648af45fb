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
#include <kernel/share.h>
#include <trellis/structures.h>

enum allowance { ALLOW_PAGES, ALLOW_HANDLES, ALLOW_THREADS, ALLOW_PROCESSES, ALLOWANCE_COUNT };

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
    _Atomic uint64_t cpu_ns;
    uint64_t stride;            /* of its weight; read without a lock */
    struct account_turn *turns; /* for each CPU and priority; that CPU's run queue lock */
};

static inline struct account_turn *account_turn_of(const struct account *account, uint32_t cpu,
                                                   uint32_t priority)
{
    return &account->turns[cpu * PRIORITY_COUNT + priority];
}

extern struct account *account_root;

/* STATUS_NO_MEMORY for pages, STATUS_LIMIT for the others. `account` NULL: the kernel itself, never refused. */
enum status account_charge(struct account *account, enum allowance what, uint64_t count) must_check;
void account_uncharge(struct account *account, enum allowance what, uint64_t count);
/* Memory by the byte: the sum of an account's small objects counts in whole pages. */
enum status account_charge_bytes(struct account *account, uint64_t bytes) must_check;
void account_uncharge_bytes(struct account *account, uint64_t bytes);

/* A new account below `parent` (NULL only for the root), one reference for the caller. */
enum status account_create(struct account *parent, const struct account_limits *limits,
                           struct account **result) must_check;
/* The type's destroy operation (object.h). */
void account_destroy(struct object *object);
