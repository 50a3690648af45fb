/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * NUMA: memory that is touched on a CPU comes from that CPU's node, and from another only
 * when that has no more.
 */
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define PAGE ((uint64_t)USER_PAGE_SIZE)
#define LARGE_PAGES 512
#define FEW 2000 /* pages */
#define ELSE 400 /* that the machine may take or give back meanwhile, also for tables */
#define NODES 2

static struct cpu_information look(uint64_t cpu)
{
    struct cpu_information information;
    SUCCEED(native_cpu_inspect(service_need_handle("machine"), (uint32_t)cpu, &information));
    return information;
}

/* What is free in the nodes of this CPU and of the other. */
static void look_at_both(uint64_t cpu, uint64_t pages_free[NODES])
{
    pages_free[0] = look(cpu).node_pages_free;
    pages_free[1] = look(1 - cpu).node_pages_free;
}

/* From the last page down, so that they are small ones. */
static uint64_t touch(uint64_t pages)
{
    uint64_t start =
        SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, 0, pages * PAGE, MAP_READ | MAP_WRITE));
    for (uint64_t left = pages; left > 0; left--)
        *(volatile uint64_t *)(start + (left - 1) * PAGE) = left;
    return start;
}

static void unmap(uint64_t start, uint64_t pages)
{
    SUCCEED(native_unmap(test_world.self, start, pages * PAGE));
}

static uint64_t take_a_few(uint64_t cpu, struct frame *frame)
{
    uint64_t before[NODES], after[NODES];
    CHECK_EQUAL(native_cpu_number(), cpu);
    look_at_both(cpu, before);
    uint64_t start = touch(FEW);
    look_at_both(cpu, after);
    CHECK(after[0] + FEW <= before[0]);
    CHECK(after[1] + ELSE >= before[1]);
    unmap(start, FEW);
    return 0;
}

static uint64_t take_a_large_one(uint64_t cpu, struct frame *frame)
{
    uint64_t before[NODES], after[NODES];
    look_at_both(cpu, before);
    uint64_t start = SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, 0, 2 * LARGE_PAGES * PAGE,
                                        MAP_READ | MAP_WRITE));
    *(volatile uint64_t *)((start + LARGE_PAGES * PAGE - 1) & ~(LARGE_PAGES * PAGE - 1)) = 1;
    look_at_both(cpu, after);
    CHECK(after[0] + LARGE_PAGES <= before[0]);
    CHECK(after[1] + ELSE >= before[1]);
    unmap(start, 2 * LARGE_PAGES);
    return 0;
}

/* All that the own node has, and as much again as a few pages. */
static uint64_t take_more_than_there_is(uint64_t cpu, struct frame *frame)
{
    uint64_t before[NODES], after[NODES];
    look_at_both(cpu, before);
    uint64_t pages = before[0] + FEW, start = touch(pages);
    look_at_both(cpu, after);
    CHECK(after[0] < ELSE);
    CHECK(after[1] + FEW - ELSE <= before[1]);
    unmap(start, pages);
    return 0;
}

static void run_on_each(uint64_t (*function)(uint64_t cpu, struct frame *frame))
{
    for (uint64_t cpu = 0; cpu < NODES; cpu++) {
        struct test_thread thread = {.function = function,
                                     .argument = cpu,
                                     .priority = PRIORITY_NORMAL,
                                     .cpus = UINT64_C(1) << cpu};
        test_thread_start(&thread);
        test_thread_join(&thread);
    }
}

static void test_nodes(void)
{
    CHECK(look(0).node != look(1).node);
}

static void test_local(void)
{
    run_on_each(take_a_few);
}

static void test_large(void)
{
    run_on_each(take_a_large_one);
}

static void test_exhausted(void)
{
    run_on_each(take_more_than_there_is);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"two CPUs in two nodes", test_nodes},
        {"pages from the own node", test_local},
        {"a large page from the own node", test_large},
        {"more than the own node has", test_exhausted},
    };
    test_begin();
    TEST_RUN(cases);
}
