/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Handles: copied, derived, revoked. */
#include "bench.h"

#include "harness.h"

#define DERIVED_MAX 10000

static handle_t event;
static handle_t derived[DERIVED_MAX];
static unsigned derived_count;

static void make_event(void)
{
    event = SUCCEED(native_event_create(test_world.account, 0, 0));
}

static void close_event(void)
{
    CLOSE(event);
}

static void run_copy_close(uint64_t round)
{
    (void)native_handle_close((handle_t)native_handle_copy(event, RIGHT_SAME, 0));
}

static void run_derive_close(uint64_t round)
{
    (void)native_handle_close((handle_t)native_handle_derive(event, RIGHT_SAME));
}

/* Those of the operation before are dead, but stand in the table. */
static void derive(unsigned count)
{
    for (unsigned i = 0; i < derived_count; i++)
        CLOSE(derived[i]);
    derived_count = count;
    for (unsigned i = 0; i < count; i++)
        derived[i] = SUCCEED(native_handle_derive(event, RIGHT_SAME));
}

static void derive_1(void)
{
    derive(1);
}

static void derive_100(void)
{
    derive(100);
}

static void derive_10000(void)
{
    derive(10000);
}

static void run_revoke(uint64_t round)
{
    (void)native_handle_revoke(event);
}

static void close_all(void)
{
    derive(0);
    close_event();
}

static const struct bench_row rows[] = {
    {.name = "handle_copy_close",
     .prepare = make_event,
     .run = run_copy_close,
     .finish = close_event},
    {.name = "handle_derive_close",
     .prepare = make_event,
     .run = run_derive_close,
     .finish = close_event},
    {.name = "revoke_1",
     .prepare = make_event,
     .each = derive_1,
     .run = run_revoke,
     .finish = close_all},
    {.name = "revoke_100",
     .prepare = make_event,
     .each = derive_100,
     .run = run_revoke,
     .finish = close_all},
    {.name = "revoke_10000",
     .prepare = make_event,
     .each = derive_10000,
     .run = run_revoke,
     .finish = close_all},
};
BENCH_FAMILY(bench_handles, rows);
