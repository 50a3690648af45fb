/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Mapping, page faults and copies of address spaces. */
#include "bench.h"

#include <base/ipc.h>

#include "harness.h"
#include "threads.h"

#define MIB (UINT64_C(1) << 20)
#define READ_WRITE ((uint32_t)(MAP_READ | MAP_WRITE))

static handle_t object;
static uint64_t object_size, region, region_size;

static void unmap(int64_t address, uint64_t size)
{
    (void)native_unmap(test_world.self, (uint64_t)address, size);
}

static int64_t map_anonymous(uint64_t size)
{
    return native_map(test_world.self, HANDLE_NONE, 0, 0, size, READ_WRITE);
}

static void run_map_anonymous(uint64_t round)
{
    unmap(map_anonymous(USER_PAGE_SIZE), USER_PAGE_SIZE);
}

static void run_map_touch(uint64_t round)
{
    int64_t page = map_anonymous(USER_PAGE_SIZE);
    *(volatile uint64_t *)page = 1;
    unmap(page, USER_PAGE_SIZE);
}

/* Filled from its beginning, as by a program that clears it. */
static void run_touch_64_mib(uint64_t round)
{
    int64_t start = map_anonymous(64 * MIB);
    for (uint64_t at = 0; at < 64 * MIB; at += USER_PAGE_SIZE)
        *(volatile uint64_t *)((uint64_t)start + at) = 1;
    unmap(start, 64 * MIB);
}

/* A fresh page for each fault, from the last one down: filled upwards there would be large ones. */
static void map_region(uint64_t rounds)
{
    if (region_size != 0)
        SUCCEED(native_unmap(test_world.self, region, region_size));
    region_size = rounds * USER_PAGE_SIZE;
    region = SUCCEED(map_anonymous(region_size));
}

static void unmap_region(void)
{
    SUCCEED(native_unmap(test_world.self, region, region_size));
    region_size = 0;
}

static void run_page_fault(uint64_t round)
{
    *(volatile uint64_t *)(region + region_size - (round + 1) * USER_PAGE_SIZE) = 1;
}

static void make_object(uint64_t size)
{
    object_size = size;
    object = SUCCEED(native_memory_create(test_world.account, size, MEMORY_FIXED_SIZE));
    CHECK_EQUAL(native_memory_write(object, 0, &size, sizeof(size)), sizeof(size));
}

static void make_page(void)
{
    make_object(USER_PAGE_SIZE);
}

static void make_2_mib(void)
{
    make_object(2 * MIB);
}

static void make_1_gib(void)
{
    make_object(1024 * MIB);
}

static void close_object(void)
{
    CLOSE(object);
}

static void run_map_object(uint64_t round)
{
    unmap(native_map(test_world.self, object, 0, 0, object_size, READ_WRITE), object_size);
}

/* With the page in the tables, as a kernel has it that maps pages alone. */
static void run_map_present(uint64_t round)
{
    unmap(native_map(test_world.self, object, 0, 0, object_size, READ_WRITE | MAP_POPULATE),
          object_size);
}

/* Copies of an address space: of a process that has so much memory and waits in a call. */

static struct test_child parent;
static handle_t endpoint, session, reply;

struct wish {
    handle_t session;
    uint64_t size;
};
static struct wish wish;

static uint64_t hold_memory(uint64_t argument, struct frame *frame)
{
    struct message message;
    char *memory = (char *)SUCCEED(map_anonymous(wish.size));
    for (uint64_t at = 0; at < wish.size; at += USER_PAGE_SIZE)
        memory[at] = 1;
    message_begin(&message, 0);
    (void)ipc_call(wish.session, &message);
    return 0;
}

static void start_parent(uint64_t size)
{
    struct message message;
    parent = (struct test_child){.function = hold_memory, .priority = BENCH_PRIORITY};
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, 1));
    test_child_create(&parent);
    const struct wish child_wish = {test_child_give(&parent, session, RIGHT_SAME), size};
    SUCCEED(native_process_write(parent.process, (uint64_t)&wish, &child_wish, sizeof(wish)));
    test_child_start(&parent);
    CHECK_EQUAL(ipc_receive(endpoint, &message), RECEIVED_CALL);
    reply = SUCCEED(native_reply_take());
}

static void start_parent_of_1(void)
{
    start_parent(MIB);
}

static void start_parent_of_64(void)
{
    start_parent(64 * MIB);
}

static void end_parent(void)
{
    struct process_information information;
    SUCCEED(native_process_end(parent.process, 0));
    test_child_join(&parent, &information);
    CLOSE(reply);
    CLOSE(session);
    CLOSE(endpoint);
}

static void run_clone(uint64_t round)
{
    struct process_clone_result clone;
    SUCCEED(native_process_clone(parent.process, reply, test_world.account, 0, &clone));
    SUCCEED(native_process_end(clone.process, 0));
    test_wait(clone.process, SIGNAL_ENDED);
    CLOSE(clone.process);
    CLOSE(clone.thread);
    CLOSE(clone.reply);
}

static const struct bench_row rows[] = {
    {.name = "page_fault", .before = map_region, .run = run_page_fault, .finish = unmap_region},
    {.name = "map_unmap", .run = run_map_anonymous},
    {.name = "map_touch_unmap", .run = run_map_touch},
    {.name = "touch_64_mib_unmap", .run = run_touch_64_mib},
    {.name = "map_unmap_object_page",
     .prepare = make_page,
     .run = run_map_object,
     .finish = close_object},
    {.name = "map_unmap_present_page",
     .prepare = make_page,
     .run = run_map_present,
     .finish = close_object},
    {.name = "map_unmap_2_mib",
     .prepare = make_2_mib,
     .run = run_map_object,
     .finish = close_object},
    {.name = "map_unmap_1_gib",
     .prepare = make_1_gib,
     .run = run_map_object,
     .finish = close_object},
    {.name = "clone_1_mib", .prepare = start_parent_of_1, .run = run_clone, .finish = end_parent},
    {.name = "clone_64_mib", .prepare = start_parent_of_64, .run = run_clone, .finish = end_parent},
};
BENCH_FAMILY(bench_memory, rows);
