/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A pager in a process of its own, and what becomes of those who use its memory:
 * it answers, answers late, answers wrongly, refuses, dies.
 */
#include <base/service.h>

#include "harness.h"
#include "stubs.h"
#include "threads.h"

#define PAGE ((uint64_t)USER_PAGE_SIZE)
#define PAGES 64
#define SIZE (PAGES * PAGE)
#define READ_WRITE (MAP_READ | MAP_WRITE)
#define CLIENT_RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_INSPECT)

/* What a page contains when it comes from the pager: its number in each word, and this. */
#define SEED UINT64_C(0x5eed0000)

/* From this page on it refuses, and from that one on it never answers. */
#define PAGE_REFUSED 40
#define PAGE_NEVER 50

static handle_t memory, client_memory;
static struct test_child pager;
static uint64_t place;
static uint64_t page_contents[USER_PAGE_SIZE / sizeof(uint64_t)];

static volatile uint64_t *word(uint64_t page)
{
    return (volatile uint64_t *)(place + page * PAGE);
}

/* The pager. */

static void supply(handle_t object, uint64_t offset)
{
    for (unsigned i = 0; i < sizeof(page_contents) / sizeof(page_contents[0]); i++)
        page_contents[i] = SEED + offset / PAGE;
    SUCCEED(native_memory_supply(object, offset, page_contents, PAGE));
}

static void answer(handle_t object, const struct pager_request *request)
{
    if (request->offset >= PAGE_NEVER * PAGE)
        return;
    if (request->offset >= PAGE_REFUSED * PAGE)
        SUCCEED(native_memory_mark(object, request->offset, PAGE, PAGES_REFUSED));
    else if (request->kind == PAGER_WRITE)
        SUCCEED(native_memory_mark(object, request->offset, PAGE, PAGES_WRITABLE));
    else
        supply(object, request->offset);
}

static void wait_for_requests(handle_t object)
{
    struct wait_item item = {.handle = object, .mask = SIGNAL_READABLE};
    CHECK_EQUAL(native_wait_many(&item, 1, DEADLINE_NEVER), 1);
}

static uint64_t serve(uint64_t object, struct frame *frame)
{
    struct pager_request requests[4];
    for (uint32_t flags = PAGER_AGAIN;; flags = 0) {
        int64_t count = native_memory_requests(object, requests, 4, flags);
        for (int64_t i = 0; i < count; i++)
            answer(object, &requests[i]);
        if (count == status_to_result(STATUS_WOULD_BLOCK))
            wait_for_requests(object);
    }
}

/* It answers wrongly first, in each way there is, and then as it should. */
static uint64_t serve_badly(uint64_t object, struct frame *frame)
{
    struct pager_request request;
    wait_for_requests(object);
    CHECK_EQUAL(native_memory_requests(object, &request, 1, 0), 1);
    CHECK_STATUS(native_memory_supply(object, SIZE, page_contents, PAGE), OUT_OF_RANGE);
    CHECK_STATUS(native_memory_supply(object, SIZE - PAGE, page_contents, 2 * PAGE), OUT_OF_RANGE);
    CHECK_STATUS(native_memory_supply(object, 8, page_contents, PAGE), INVALID);
    CHECK_STATUS(native_memory_supply(object, 0, (void *)8, PAGE), BAD_ADDRESS);
    CHECK_STATUS(native_memory_mark(object, 0, PAGE, 99), INVALID);
    SUCCEED(native_memory_mark(object, 0, SIZE, PAGES_CLEAN));
    supply(object, (PAGES - 1) * PAGE);
    CHECK_STATUS(native_memory_requests(object, &request, 1, 0), WOULD_BLOCK);
    return serve(object, frame);
}

/* The object, with a pager that does not run yet, mapped by this process. A process is a copy of
 * this one's memory, so it is made before that. */
static void prepare(test_function *function)
{
    memory = SUCCEED(native_memory_create(test_world.account, SIZE, MEMORY_PAGER_BACKED));
    client_memory = SUCCEED(native_handle_copy(memory, CLIENT_RIGHTS, 0));
    pager = (struct test_child){.function = function};
    test_child_create(&pager);
    pager.argument = test_child_give(&pager, memory, RIGHT_SAME);
    place = SUCCEED(native_map(test_world.self, client_memory, 0, 0, SIZE, READ_WRITE));
}

static void stop_pager(void)
{
    struct process_information information;
    SUCCEED(native_process_end(pager.process, 1));
    test_child_join(&pager, &information);
}

/* The child alone is the pager. */
static void begin(test_function *function)
{
    prepare(function);
    test_child_start(&pager);
    CLOSE(memory);
}

static void end(void)
{
    stop_pager();
    SUCCEED(native_unmap(test_world.self, place, SIZE));
    CLOSE(client_memory);
}

static void test_faults(void)
{
    begin(serve);
    for (uint64_t page = 0; page < PAGE_REFUSED; page += 3)
        CHECK_EQUAL(*word(page), SEED + page);
    *word(3) = 7;
    CHECK_EQUAL(*word(3), 7);
    *word(4) = 8;
    CHECK_EQUAL(*(word(4) + 1), SEED + 4);
    end();
}

/* Calls that touch such memory wait for it too: the object itself, buffers, other processes. */
static void test_calls(void)
{
    uint64_t value = 0, other = SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, 0, PAGE, 3));
    begin(serve);
    CHECK_EQUAL(native_memory_read(client_memory, 5 * PAGE, &value, 8), 8);
    CHECK_EQUAL(value, SEED + 5);
    value = 9;
    CHECK_EQUAL(native_memory_write(client_memory, 6 * PAGE, &value, 8), 8);
    CHECK_EQUAL(*word(6), 9);
    CHECK_EQUAL(native_process_read(test_world.self, place + 7 * PAGE, &value, 8), 8);
    CHECK_EQUAL(value, SEED + 7);
    CHECK_EQUAL(native_process_write(test_world.self, other, (const void *)(place + 8 * PAGE), 8),
                8);
    CHECK_EQUAL(*(volatile uint64_t *)other, SEED + 8);
    struct handle_information *told = (struct handle_information *)(place + 9 * PAGE);
    SUCCEED(native_handle_inspect(client_memory, told));
    CHECK_EQUAL(told->type, OBJECT_MEMORY);
    CHECK_STATUS(native_memory_read(client_memory, PAGE_REFUSED * PAGE, &value, 8), NOT_FOUND);
    CHECK_STATUS(native_handle_inspect(client_memory, (void *)word(PAGE_REFUSED)), BAD_ADDRESS);
    end();
    SUCCEED(native_unmap(test_world.self, other, PAGE));
}

static uint64_t touch(uint64_t page, struct frame *frame)
{
    return *word(page);
}

static void test_two_at_once(void)
{
    struct test_thread threads[4];
    begin(serve);
    for (unsigned i = 0; i < 4; i++)
        test_thread_run(&threads[i], touch, 10 + i / 3);
    for (unsigned i = 0; i < 4; i++)
        test_thread_join(&threads[i]);
    CHECK_EQUAL(*word(10), SEED + 10);
    end();
}

static void test_wrong_answers(void)
{
    begin(serve_badly);
    CHECK_EQUAL(*word(2), SEED + 2);
    CHECK_EQUAL(*word(PAGES - 1), SEED + PAGES - 1);
    end();
}

/* Who waits for ever can be ended. */
static void test_no_answer(void)
{
    struct test_thread thread;
    begin(serve);
    test_thread_run(&thread, touch, PAGE_NEVER);
    test_thread_await(thread.handle, THREAD_WAITING);
    CHECK_EQUAL(*word(1), SEED + 1);
    SUCCEED(native_thread_kill(thread.handle));
    test_thread_join(&thread);
    end();
}

/* A process whose fault is refused, or whose pager dies, has a fault. */
static uint64_t touch_mapped(uint64_t argument, struct frame *frame)
{
    return *(volatile uint64_t *)argument;
}

static void start_client(struct test_child *client, uint64_t page)
{
    *client = (struct test_child){.function = touch_mapped};
    test_child_create(client);
    uint64_t at = SUCCEED(native_map(client->process, client_memory, 0, 0, SIZE, MAP_READ));
    client->argument = at + page * PAGE;
    test_child_start(client);
}

static void check_pager_fault(struct test_child *client)
{
    struct process_information information;
    test_child_join(client, &information);
    CHECK_EQUAL(information.reason, END_FAULT);
    CHECK_EQUAL(information.code, FAULT_PAGE_PAGER);
}

/* The object is not mapped here while clients are made: they are copies of this memory. */
static void begin_unmapped(void)
{
    begin(serve);
    SUCCEED(native_unmap(test_world.self, place, SIZE));
}

static void end_unmapped(void)
{
    CLOSE(client_memory);
}

static void test_refused(void)
{
    struct test_child client;
    begin_unmapped();
    start_client(&client, PAGE_REFUSED);
    check_pager_fault(&client);
    stop_pager();
    end_unmapped();
}

static void test_death(void)
{
    struct test_child client;
    begin_unmapped();
    start_client(&client, PAGE_NEVER);
    test_thread_await(client.thread, THREAD_WAITING);
    stop_pager();
    check_pager_fault(&client);
    start_client(&client, 0);
    check_pager_fault(&client);
    end_unmapped();
}

/* While somebody keeps the pager's handle its death is only a delay. */
static void test_restart(void)
{
    struct test_thread thread;
    prepare(serve);
    test_thread_run(&thread, touch, 20);
    test_thread_await(thread.handle, THREAD_WAITING);
    struct pager_request request;
    CHECK_EQUAL(native_memory_requests(memory, &request, 1, 0), 1);
    CHECK_STATUS(native_memory_requests(memory, &request, 1, 0), WOULD_BLOCK);
    test_child_start(&pager);
    test_thread_join(&thread);
    CLOSE(memory);
    end();
}

static void test_resize(void)
{
    struct test_child client;
    memory = SUCCEED(native_memory_create(test_world.account, SIZE, MEMORY_PAGER_BACKED));
    client_memory = SUCCEED(native_handle_copy(memory, CLIENT_RIGHTS, 0));
    start_client(&client, 30);
    test_thread_await(client.thread, THREAD_WAITING);
    SUCCEED(native_memory_resize(memory, 10 * PAGE));
    check_pager_fault(&client);
    CLOSE(memory);
    CLOSE(client_memory);
}

/* What is written is collected until it has been cleaned, and clean pages can be dropped. */
static void test_cleaning(void)
{
    struct memory_range ranges[4];
    struct memory_information information;
    prepare(serve);
    test_child_start(&pager);
    *word(1) = 1;
    *word(2) = 2;
    CHECK_EQUAL(*word(4), SEED + 4);
    CHECK_EQUAL(native_memory_collect(memory, 0, ranges, 4), 1);
    CHECK_EQUAL(ranges[0].offset, PAGE);
    CHECK_EQUAL(ranges[0].length, 2 * PAGE);
    SUCCEED(native_memory_mark(memory, PAGE, 2 * PAGE, PAGES_CLEANING));
    *word(2) = 22;
    SUCCEED(native_memory_mark(memory, PAGE, 2 * PAGE, PAGES_CLEAN));
    CHECK_EQUAL(native_memory_collect(memory, 0, ranges, 4), 1);
    CHECK_EQUAL(ranges[0].offset, 2 * PAGE);
    SUCCEED(native_memory_mark(memory, 0, SIZE, PAGES_DROPPED));
    SUCCEED(native_memory_inspect(memory, &information));
    CHECK_EQUAL(information.resident_pages, 1);
    CHECK_EQUAL(information.flags, MEMORY_PAGER_BACKED);
    CHECK_EQUAL(*word(2), 22);
    CHECK_EQUAL(*word(1), SEED + 1);
    CLOSE(memory);
    end();
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"faults are answered", test_faults},
        {"calls wait for pages", test_calls},
        {"two faults on one page", test_two_at_once},
        {"wrong answers", test_wrong_answers},
        {"no answer", test_no_answer},
        {"a refusal", test_refused},
        {"the pager dies", test_death},
        {"another pager goes on", test_restart},
        {"resized during a fault", test_resize},
        {"cleaning and dropping", test_cleaning},
    };
    test_begin();
    TEST_RUN(cases);
}
