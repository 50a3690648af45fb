/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * For unit tests of what allocates: accounts to charge, and the check that
 * everything came back.
 */
#pragma once

#include <arch/host.h>
#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/rcu.h>

#define TEST_PAGES 4096

/* An account below none, with so many pages. */
static inline struct account *test_account_create(uint64_t pages)
{
    struct account *account = NULL;
    struct account_limits limits = ACCOUNT_UNLIMITED;
    limits.pages = pages;
    enum status status = account_create(NULL, &limits, &account);
    assert(status == STATUS_OK);
    return account;
}

static inline uint64_t test_pages_used(const struct account *account)
{
    return atomic_load(&account->used[ALLOW_PAGES]);
}

/* Drop the last reference; everything charged must have been given back. */
static inline void test_account_end(struct account *account)
{
    rcu_quiescent();
    assert(test_pages_used(account) == 0);
    assert(atomic_load(&account->small_bytes) == 0);
    assert(atomic_load(&account->object.references) == 1);
    object_release(&account->object);
    rcu_quiescent();
}
