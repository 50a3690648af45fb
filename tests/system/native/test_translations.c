/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What CPUs remember of page tables: threads take away pages that all of them look at, all at
 * once, so that each CPU asks the others while they ask it. Nobody may see what was in a page
 * after it has been taken away.
 */
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define PAGE ((uint64_t)USER_PAGE_SIZE)
#define THREADS 4
#define ROUNDS 20

static uint64_t area;                   /* of each thread a page */
static _Atomic uint64_t taken[THREADS]; /* how often a thread's page has been taken away */

static volatile uint64_t *word_of(uint64_t thread)
{
    return (volatile uint64_t *)(area + thread * PAGE);
}

/* A page is empty, or has what was written since it was last taken. */
static void look_at(uint64_t thread)
{
    uint64_t least = taken[thread], seen = *word_of(thread);
    CHECK(seen == 0 || seen >= least);
}

static uint64_t take_and_look(uint64_t own, struct frame *frame)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        *word_of(own) = round;
        for (uint64_t thread = 0; thread < THREADS; thread++)
            look_at(thread);
        SUCCEED(native_space_discard(test_world.self, area + own * PAGE, PAGE));
        taken[own] = round + 1;
        look_at(own);
    }
    return 0;
}

static void test_taken_by_all(void)
{
    struct test_thread threads[THREADS];
    area = SUCCEED(
        native_map(test_world.self, HANDLE_NONE, 0, 0, THREADS * PAGE, MAP_READ | MAP_WRITE));
    for (uint64_t i = 0; i < THREADS; i++)
        taken[i] = 0;
    for (uint64_t i = 0; i < THREADS; i++)
        test_thread_run(&threads[i], take_and_look, i);
    for (uint64_t i = 0; i < THREADS; i++)
        test_thread_join(&threads[i]);
    SUCCEED(native_unmap(test_world.self, area, THREADS * PAGE));
}

/* The same in several processes, which take turns on each CPU. */
static uint64_t child_takes(uint64_t unused, struct frame *frame)
{
    test_taken_by_all();
    return 0;
}

static void test_taken_in_turns(void)
{
    struct test_child children[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        children[i].function = child_takes;
        test_child_create(&children[i]);
        test_child_start(&children[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        test_child_finish(&children[i]);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"pages that all look at are taken away by all", test_taken_by_all},
        {"the same in processes that take turns", test_taken_in_turns},
    };
    test_begin();
    TEST_RUN(cases);
}
