/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Accounts: each allowance is a limit that is met exactly, refuses cleanly and
 * is had back; an account below another is limited by both.
 */
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define MANY 300
#define SOME 20
#define SWEEP_PAGES 64

static struct account_limits unlimited(void)
{
    return (struct account_limits)ACCOUNT_UNLIMITED;
}

static handle_t make_account(handle_t above, const struct account_limits *limits)
{
    return SUCCEED(native_account_create(above, limits));
}

static struct account_information inspect(handle_t account)
{
    struct account_information information;
    SUCCEED(native_account_inspect(account, &information));
    return information;
}

static handle_t make_process(handle_t account)
{
    return SUCCEED(native_process_create(account, HANDLE_NONE, "small", 5, 0));
}

static void test_handles(void)
{
    struct account_limits limits = unlimited();
    limits.handles = SOME;
    handle_t account = make_account(test_world.account, &limits);
    handle_t process = make_process(account);
    for (unsigned i = 0; i < SOME; i++)
        SUCCEED(native_process_give(process, account, RIGHT_SAME, 0));
    CHECK_STATUS(native_process_give(process, account, RIGHT_SAME, 0), LIMIT);
    CHECK_EQUAL(inspect(account).used.handles, SOME);
    limits.handles = SOME + 1;
    SUCCEED(native_account_set_limits(account, &limits));
    SUCCEED(native_process_give(process, account, RIGHT_SAME, 0));
    CHECK_STATUS(native_process_give(process, account, RIGHT_SAME, 0), LIMIT);
    SUCCEED(native_process_end(process, 0));
    CLOSE(process);
    test_await_unused(account);
    CLOSE(account);
}

static void test_threads(void)
{
    struct account_limits limits = unlimited();
    const struct thread_start start = {
        .pc = USER_START, .sp = USER_START, .flags = THREAD_SUSPENDED};
    handle_t threads[SOME];
    limits.threads = SOME;
    handle_t account = make_account(test_world.account, &limits);
    handle_t process = make_process(account);
    for (unsigned i = 0; i < SOME; i++)
        threads[i] = SUCCEED(native_thread_create(process, &start));
    CHECK_STATUS(native_thread_create(process, &start), LIMIT);
    SUCCEED(native_thread_kill(threads[0]));
    CLOSE(threads[0]);
    threads[0] = SUCCEED(native_thread_create(process, &start));
    CHECK_STATUS(native_thread_create(process, &start), LIMIT);
    SUCCEED(native_process_end(process, 0));
    for (unsigned i = 0; i < SOME; i++)
        CLOSE(threads[i]);
    CLOSE(process);
    test_await_unused(account);
    CLOSE(account);
}

static void test_processes(void)
{
    struct account_limits limits = unlimited();
    handle_t processes[SOME];
    limits.processes = SOME;
    handle_t account = make_account(test_world.account, &limits);
    for (unsigned i = 0; i < SOME; i++)
        processes[i] = make_process(account);
    CHECK_STATUS(native_process_create(account, HANDLE_NONE, "one more", 8, 0), LIMIT);
    for (unsigned i = 0; i < SOME; i++)
        CLOSE(processes[i]); /* one that never ran goes with its last handle */
    test_await_unused(account);
    CLOSE(make_process(account));
    CLOSE(account);
}

static void test_pages(void)
{
    struct account_limits limits = unlimited();
    uint64_t offset = 0;
    limits.pages = MANY;
    handle_t account = make_account(test_world.account, &limits);
    handle_t memory = SUCCEED(native_memory_create(account, 2 * MANY * USER_PAGE_SIZE, 0));
    while (native_memory_write(memory, offset, &offset, 8) == 8)
        offset += USER_PAGE_SIZE;
    CHECK_STATUS(native_memory_write(memory, offset, &offset, 8), NO_MEMORY);
    CHECK(offset / USER_PAGE_SIZE > MANY - 16); /* the rest are tables */
    CHECK(inspect(account).used.pages <= MANY);
    SUCCEED(native_memory_discard(memory, 0, USER_PAGE_SIZE));
    CHECK_EQUAL(native_memory_write(memory, offset, &offset, 8), 8);
    CLOSE(memory);
    test_await_unused(account);
    CLOSE(account);
}

/* The upper account pays too, and its limit holds for what is below. */
static void test_nested(void)
{
    struct account_limits limits = unlimited();
    handle_t processes[4];
    limits.processes = 3;
    handle_t upper = make_account(test_world.account, &limits);
    limits.processes = 2;
    handle_t left = make_account(upper, &limits), right = make_account(upper, &limits);
    processes[0] = make_process(left);
    processes[1] = make_process(left);
    CHECK_STATUS(native_process_create(left, HANDLE_NONE, "x", 1, 0), LIMIT);
    processes[2] = make_process(right);
    CHECK_STATUS(native_process_create(right, HANDLE_NONE, "x", 1, 0), LIMIT);
    CHECK_EQUAL(inspect(upper).used.processes, 3);
    CHECK_EQUAL(inspect(left).used.processes, 2);
    CHECK_EQUAL(inspect(right).used.processes, 1);
    CLOSE(processes[0]);
    struct account_limits used;
    test_settled_use(upper, &used);
    processes[3] = make_process(right);
    for (unsigned i = 1; i < 4; i++)
        CLOSE(processes[i]);
    test_await_unused(left);
    test_await_unused(right);
    CLOSE(left);
    CLOSE(right);
    test_await_unused(upper);
    CLOSE(upper);
}

static void test_lowered(void)
{
    struct account_limits limits = unlimited();
    handle_t account = make_account(test_world.account, &limits);
    handle_t process = make_process(account);
    handle_t memory = SUCCEED(native_memory_create(account, USER_PAGE_SIZE, 0));
    uint64_t value = 0;
    limits = (struct account_limits){0};
    SUCCEED(native_account_set_limits(account, &limits));
    CHECK_EQUAL(inspect(account).limits.pages, 0);
    CHECK_EQUAL(inspect(account).used.processes, 1);
    CHECK_STATUS(native_memory_write(memory, 0, &value, sizeof(value)), NO_MEMORY);
    CHECK_STATUS(native_process_create(account, HANDLE_NONE, "x", 1, 0), LIMIT);
    CLOSE(memory);
    CLOSE(process);
    test_await_unused(account);
    CLOSE(account);
}

/* Amounts are added each to its own limit; there is no limit above the greatest number. */
static void test_refill(void)
{
    struct account_information information;
    struct account_limits limits = {1, 2, 3, 4, 5, UINT64_MAX};
    const struct account_limits amounts = {10, 20, 30, 40, UINT64_MAX - 5, 60};
    handle_t account = make_account(test_world.account, &limits);
    SUCCEED(native_account_refill(account, &amounts));
    SUCCEED(native_account_inspect(account, &information));
    CHECK_EQUAL(information.limits.pages, 11);
    CHECK_EQUAL(information.limits.handles, 22);
    CHECK_EQUAL(information.limits.threads, 33);
    CHECK_EQUAL(information.limits.processes, 44);
    CHECK_EQUAL(information.limits.cpu_ns, UINT64_MAX);
    CHECK_EQUAL(information.limits.messages, UINT64_MAX);
    SUCCEED(native_account_refill(account, &amounts));
    SUCCEED(native_account_inspect(account, &information));
    CHECK_EQUAL(information.limits.cpu_ns, UINT64_MAX);
    CLOSE(account);
}

/* Making each kind of object with 0, 1, 2 ... pages: refused cleanly until there are enough. */

static int64_t create_stream(handle_t account)
{
    struct stream_handles ends;
    int64_t result = native_stream_create(account, STREAM_ATOMIC, 0, &ends);
    if (result < 0)
        return result;
    CLOSE(ends.write_end);
    return (int64_t)ends.read_end;
}

static int64_t create_event(handle_t account)
{
    return native_event_create(account, 0, 0);
}

static int64_t create_memory(handle_t account)
{
    return native_memory_create(account, USER_PAGE_SIZE, 0);
}

static int64_t create_below(handle_t account)
{
    const struct account_limits limits = unlimited();
    return native_account_create(account, &limits);
}

static int64_t create_process(handle_t account)
{
    return native_process_create(account, test_world.self, "sweep", 5, 0);
}

static int64_t create_thread(handle_t account)
{
    const struct thread_start start = {
        .pc = USER_START, .sp = USER_START, .flags = THREAD_SUSPENDED};
    int64_t process = native_process_create(account, HANDLE_NONE, "sweep", 5, 0);
    if (process < 0)
        return process;
    int64_t thread = native_thread_create((handle_t)process, &start);
    SUCCEED(native_process_end((handle_t)process, 0));
    CLOSE((handle_t)process);
    return thread;
}

static int64_t create_mapping(handle_t account)
{
    int64_t process = native_process_create(account, HANDLE_NONE, "sweep", 5, 0);
    if (process < 0)
        return process;
    int64_t result =
        native_map((handle_t)process, HANDLE_NONE, 0, 0, 8 * USER_PAGE_SIZE, MAP_READ | MAP_WRITE);
    if (result >= 0)
        result = native_process_write((handle_t)process, (uint64_t)result, &process, 8);
    if (result >= 0)
        return process;
    CLOSE((handle_t)process);
    return result;
}

static void sweep(int64_t (*create)(handle_t account))
{
    struct account_limits limits = unlimited();
    limits.pages = 0;
    handle_t account = make_account(test_world.account, &limits);
    int64_t made = create(account);
    for (; made < 0 && limits.pages < SWEEP_PAGES; limits.pages++) {
        CHECK_STATUS(made, NO_MEMORY);
        test_await_unused(account);
        SUCCEED(native_account_set_limits(account, &limits));
        made = create(account);
    }
    CHECK(limits.pages > 0);
    CLOSE(SUCCEED(made));
    test_await_unused(account);
    CLOSE(account);
}

static void test_sweep(void)
{
    static int64_t (*const creators[])(handle_t account) = {
        native_endpoint_create, native_port_create, create_event,   create_memory,  create_stream,
        create_below,           create_thread,      create_process, create_mapping,
    };
    for (unsigned i = 0; i < sizeof(creators) / sizeof(creators[0]); i++)
        sweep(creators[i]);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"handles", test_handles},        {"threads", test_threads},
        {"processes", test_processes},    {"pages", test_pages},
        {"nested accounts", test_nested}, {"lowered limits", test_lowered},
        {"refill", test_refill},          {"no memory for each object", test_sweep},
    };
    test_begin();
    TEST_RUN(cases);
}
