/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/memory.h>

#include "../object/machine_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PLACE UINT64_C(0x10000000)
#define PAGES 100
#define SIZE (PAGES * PAGE_SIZE)

static struct thread *pager, *client, *second;
static struct memory *memory;
static handle_t token;
static char contents[16 * PAGE_SIZE];

static void map_memory(struct thread *thread)
{
    uint64_t address;
    struct map_request request = {.memory = memory,
                                  .address = PLACE,
                                  .length = SIZE,
                                  .flags = MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS,
                                  .allowed = MAP_PROTECTION};
    assert_int_equal(space_map(&thread->process->space, &request, &address), STATUS_OK);
}

static int setup(void **state)
{
    machine_setup(state);
    pager = machine_program(PRIORITY_SERVER);
    client = machine_program(PRIORITY_NORMAL);
    second = machine_thread(client->process, PRIORITY_NORMAL);
    assert_int_equal(memory_create(machine_account, SIZE, MEMORY_PAGER_BACKED, &memory), STATUS_OK);
    token = machine_give(pager, &memory->object, RIGHT_ALL);
    map_memory(client);
    memset(contents, 'c', sizeof(contents));
    return 0;
}

static int teardown(void **state)
{
    object_release(&memory->object);
    thread_end(second, 0);
    thread_end(client, 0);
    thread_end(pager, 0);
    return machine_teardown(state);
}

/* A thread touches a page: OK, RESTART if it waits now, or the kind of fault it has. */
static int touch(struct thread *thread, uint64_t page, enum fault_access access)
{
    enum fault_kind kind;
    host_run_thread(thread);
    enum status status =
        space_fault(&thread->process->space, PLACE + page * PAGE_SIZE, access, false, &kind);
    assert_int_equal(machine_waits(thread), status == STATUS_RESTART);
    host_run_thread(pager);
    return status == STATUS_OK || status == STATUS_RESTART ? (int)status : -(int)kind;
}

static int64_t requests(struct pager_request *results, uint64_t count, uint32_t flags)
{
    const struct memory_requests_arguments arguments = {
        .memory = memory, .requests = (uint64_t)results, .count = count, .flags = flags};
    return call_memory_requests(pager, &arguments);
}

/* The one thing that the pager is asked for. */
static void check_asked(uint64_t page, enum pager_request_kind kind)
{
    static struct pager_request results[4];
    assert_true((memory->object.signals & SIGNAL_READABLE) != 0);
    assert_int_equal(requests(results, 4, 0), 1);
    assert_int_equal(results[0].offset, page * PAGE_SIZE);
    assert_int_equal(results[0].kind, kind);
    assert_int_equal(memory->object.signals & SIGNAL_READABLE, 0);
    assert_int_equal(requests(results, 4, 0), status_to_result(STATUS_WOULD_BLOCK));
}

static int64_t supply_to(struct memory *to, uint64_t offset, uint64_t length)
{
    const struct memory_supply_arguments arguments = {
        .memory = to, .offset = offset, .buffer = (uint64_t)contents, .length = length};
    int64_t result;
    pager->step = (struct call_step){0};
    do
        result = call_memory_supply(pager, &arguments);
    while (result == status_to_result(STATUS_RESTART));
    return result;
}

static void supply(uint64_t page, uint64_t pages)
{
    assert_int_equal(supply_to(memory, page * PAGE_SIZE, pages * PAGE_SIZE), 0);
}

static int64_t mark_bytes(uint64_t offset, uint64_t length, uint32_t mark)
{
    const struct memory_mark_arguments arguments = {
        .memory = memory, .offset = offset, .length = length, .mark = mark};
    int64_t result;
    pager->step = (struct call_step){0};
    do
        result = call_memory_mark(pager, &arguments);
    while (result == status_to_result(STATUS_RESTART));
    return result;
}

static void mark(uint64_t page, uint64_t pages, enum page_mark what)
{
    assert_int_equal(mark_bytes(page * PAGE_SIZE, pages * PAGE_SIZE, what), 0);
}

static int64_t collect(uint64_t offset, struct memory_range *ranges, uint64_t count)
{
    const struct memory_collect_arguments arguments = {
        .memory = memory, .offset = offset, .ranges = (uint64_t)ranges, .count = count};
    int64_t result;
    pager->step = (struct call_step){0};
    do
        result = call_memory_collect(pager, &arguments);
    while (result == status_to_result(STATUS_RESTART));
    return result;
}

static void a_missing_page_is_asked_for(void **state)
{
    static struct pager_request results[4];
    assert_int_equal(touch(client, 7, FAULT_READ), STATUS_RESTART);
    check_asked(7, PAGER_SUPPLY);
    assert_int_equal(requests(results, 4, PAGER_AGAIN), 1);
    assert_int_equal(requests(results, 0, 0), status_to_result(STATUS_INVALID));
    supply(7, 1);
    assert_false(machine_waits(client));
    assert_int_equal(touch(client, 7, FAULT_READ), STATUS_OK);
    assert_int_equal(memory->resident_pages, 1);
    supply(0, 16);
    assert_int_equal(memory->resident_pages, 16);
    assert_int_equal(touch(client, 15, FAULT_READ), STATUS_OK);
}

static void two_who_miss_one_page_are_one_request(void **state)
{
    static struct pager_request results[4];
    assert_int_equal(touch(client, 3, FAULT_READ), STATUS_RESTART);
    assert_int_equal(touch(second, 3, FAULT_WRITE), STATUS_RESTART);
    check_asked(3, PAGER_SUPPLY);
    thread_end(client, 0);
    assert_int_equal(requests(results, 4, PAGER_AGAIN), 1);
    supply(3, 1);
    assert_false(machine_waits(second));
    assert_int_equal(touch(second, 3, FAULT_WRITE), STATUS_RESTART);
    check_asked(3, PAGER_WRITE);
}

static void who_comes_after_it_was_told_waits_too(void **state)
{
    static struct pager_request results[4];
    assert_int_equal(touch(client, 3, FAULT_READ), STATUS_RESTART);
    check_asked(3, PAGER_SUPPLY);
    assert_int_equal(touch(second, 3, FAULT_READ), STATUS_RESTART);
    assert_int_equal(requests(results, 4, 0), status_to_result(STATUS_WOULD_BLOCK));
    supply(3, 1);
    assert_false(machine_waits(client) || machine_waits(second));
}

static void the_first_write_is_asked_for(void **state)
{
    static struct memory_range ranges[4];
    supply(0, 4);
    assert_int_equal(touch(client, 1, FAULT_READ), STATUS_OK);
    assert_int_equal(collect(0, ranges, 4), 0);
    assert_int_equal(touch(client, 1, FAULT_WRITE), STATUS_RESTART);
    check_asked(1, PAGER_WRITE);
    mark(0, 3, PAGES_WRITABLE);
    assert_int_equal(touch(client, 1, FAULT_WRITE), STATUS_OK);
    assert_int_equal(touch(client, 2, FAULT_WRITE), STATUS_OK);
    assert_int_equal(collect(0, ranges, 4), 1);
    assert_int_equal(ranges[0].offset, 0);
    assert_int_equal(ranges[0].length, 3 * PAGE_SIZE);
}

static void what_is_written_while_it_is_cleaned_stays_dirty(void **state)
{
    static struct memory_range ranges[4];
    supply(0, 4);
    mark(0, 4, PAGES_WRITABLE);
    assert_int_equal(touch(client, 0, FAULT_WRITE), STATUS_OK);
    assert_int_equal(touch(client, 2, FAULT_WRITE), STATUS_OK);
    uint64_t shown = space_resident_pages(&client->process->space);
    mark(0, 4, PAGES_CLEANING);
    assert_int_equal(space_resident_pages(&client->process->space), shown - 2);
    assert_int_equal(collect(0, ranges, 4), 1);
    assert_int_equal(touch(client, 2, FAULT_WRITE), STATUS_OK);
    mark(0, 4, PAGES_CLEAN);
    assert_int_equal(collect(0, ranges, 4), 1);
    assert_int_equal(ranges[0].offset, 2 * PAGE_SIZE);
    assert_int_equal(collect(3 * PAGE_SIZE, ranges, 4), 0);
    assert_int_equal(touch(client, 0, FAULT_WRITE), STATUS_RESTART);
}

static void ranges_are_told_piece_by_piece(void **state)
{
    static struct memory_range ranges[2];
    supply(0, 16);
    for (uint64_t page = 0; page < 16; page += 5)
        mark(page, 1, PAGES_WRITABLE);
    assert_int_equal(collect(0, ranges, 2), 2);
    assert_int_equal(ranges[1].offset, 5 * PAGE_SIZE);
    assert_int_equal(collect(6 * PAGE_SIZE, ranges, 2), 2);
    assert_int_equal(ranges[1].offset, 15 * PAGE_SIZE);
    assert_int_equal(collect(16 * PAGE_SIZE, ranges, 2), 0);
}

static void a_refusal_is_a_fault_once(void **state)
{
    assert_int_equal(touch(client, 9, FAULT_READ), STATUS_RESTART);
    mark(0, 9, PAGES_REFUSED);
    assert_true(machine_waits(client));
    mark(0, PAGES, PAGES_REFUSED);
    assert_false(machine_waits(client));
    assert_int_equal(touch(client, 9, FAULT_READ), -FAULT_PAGE_PAGER);
    assert_int_equal(touch(client, 9, FAULT_READ), STATUS_RESTART);
    check_asked(9, PAGER_SUPPLY);
}

static void without_a_pager_nobody_waits(void **state)
{
    assert_int_equal(touch(client, 9, FAULT_READ), STATUS_RESTART);
    handle_t other = machine_give(second, &memory->object, RIGHT_READ);
    assert_int_equal(handle_close(&pager->process->handles, token), STATUS_OK);
    assert_false(machine_waits(client));
    assert_int_equal(touch(client, 9, FAULT_READ), -FAULT_PAGE_PAGER);
    machine_give(pager, &memory->object, RIGHT_ALL);
    assert_int_equal(touch(client, 9, FAULT_READ), STATUS_RESTART);
    assert_int_equal(handle_close(&second->process->handles, other), STATUS_OK);
    assert_true(machine_waits(client));
}

static void shrinking_ends_waits_beyond(void **state)
{
    assert_int_equal(touch(client, 50, FAULT_READ), STATUS_RESTART);
    while (memory_resize(memory, 10 * PAGE_SIZE) == STATUS_RESTART)
        continue;
    assert_false(machine_waits(client));
    assert_int_equal(touch(client, 50, FAULT_READ), -FAULT_PAGE_PAGER);
    assert_int_equal(supply_to(memory, 50 * PAGE_SIZE, PAGE_SIZE),
                     status_to_result(STATUS_OUT_OF_RANGE));
}

static void what_is_mapped_may_go_while_it_is_waited_for(void **state)
{
    struct memory *waited = memory;
    assert_int_equal(touch(client, 5, FAULT_READ), STATUS_RESTART);
    assert_int_equal(space_unmap(&client->process->space, PLACE, SIZE), STATUS_OK);
    object_acquire(&waited->object);
    object_release(&waited->object);
    supply(5, 1);
    assert_false(machine_waits(client));
    assert_int_equal(touch(client, 5, FAULT_READ), -FAULT_PAGE_ABSENT);
}

static void wrong_answers_are_errors_to_the_pager(void **state)
{
    struct memory *plain;
    static struct memory_range ranges[2];
    assert_int_equal(supply_to(memory, SIZE, PAGE_SIZE), status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(supply_to(memory, SIZE - PAGE_SIZE, 2 * PAGE_SIZE),
                     status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(supply_to(memory, PAGE_SIZE, 0), status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(supply_to(memory, 1, PAGE_SIZE), status_to_result(STATUS_INVALID));
    assert_int_equal(supply_to(memory, 0, 100), status_to_result(STATUS_INVALID));
    assert_int_equal(mark_bytes(0, PAGE_SIZE, 5), status_to_result(STATUS_INVALID));
    assert_int_equal(mark_bytes(0, UINT64_MAX & ~(PAGE_SIZE - 1), PAGES_CLEAN),
                     status_to_result(STATUS_OUT_OF_RANGE));
    assert_int_equal(collect(1, ranges, 2), status_to_result(STATUS_INVALID));
    assert_int_equal(memory_create(machine_account, SIZE, 0, &plain), STATUS_OK);
    assert_int_equal(supply_to(plain, 0, PAGE_SIZE), status_to_result(STATUS_BAD_STATE));
    object_release(&plain->object);
    struct call_step step = {0};
    assert_int_equal(memory_discard(memory, 0, SIZE, &step), STATUS_UNSUPPORTED);
}

static void what_is_there_is_not_replaced(void **state)
{
    struct page *page;
    supply(0, 1);
    memset(contents, 'd', sizeof(contents));
    supply(0, 2);
    assert_int_equal(memory_get_page(memory, 0, MEMORY_PEEK, &page), STATUS_OK);
    assert_int_equal(*(char *)page_address(page), 'c');
    page_release(page);
    assert_int_equal(memory->resident_pages, 2);
}

static void only_clean_pages_are_dropped(void **state)
{
    supply(0, 4);
    mark(1, 1, PAGES_WRITABLE);
    assert_int_equal(touch(client, 0, FAULT_READ), STATUS_OK);
    mark(0, PAGES, PAGES_DROPPED);
    assert_int_equal(memory->resident_pages, 1);
    assert_int_equal(touch(client, 1, FAULT_WRITE), STATUS_OK);
    assert_int_equal(touch(client, 0, FAULT_READ), STATUS_RESTART);
}

static void private_copies_ask_for_no_write(void **state)
{
    uint64_t address;
    enum fault_kind kind;
    struct map_request request = {.memory = memory,
                                  .length = SIZE,
                                  .flags = MAP_READ | MAP_WRITE | MAP_PRIVATE_COPY,
                                  .allowed = MAP_PROTECTION};
    struct space *space = &client->process->space;
    supply(0, 1);
    assert_int_equal(space_map(space, &request, &address), STATUS_OK);
    host_run_thread(client);
    assert_int_equal(space_fault(space, address, FAULT_WRITE, false, &kind), STATUS_OK);
}

static void running_out_leaves_the_request(void **state)
{
    int64_t result = status_to_result(STATUS_NO_MEMORY);
    unsigned runs = 0;
    assert_int_equal(touch(client, 2, FAULT_READ), STATUS_RESTART);
    for (; result != 0; runs++) {
        assert_true(machine_waits(client));
        page_fail_after(runs + 1);
        result = supply_to(memory, 2 * PAGE_SIZE, PAGE_SIZE);
        page_fail_after(0);
        assert_true(result == 0 || result == status_to_result(STATUS_NO_MEMORY));
    }
    assert_true(runs > 2);
    assert_false(machine_waits(client));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_missing_page_is_asked_for),
        TEST(two_who_miss_one_page_are_one_request),
        TEST(who_comes_after_it_was_told_waits_too),
        TEST(the_first_write_is_asked_for),
        TEST(what_is_written_while_it_is_cleaned_stays_dirty),
        TEST(ranges_are_told_piece_by_piece),
        TEST(a_refusal_is_a_fault_once),
        TEST(without_a_pager_nobody_waits),
        TEST(shrinking_ends_waits_beyond),
        TEST(what_is_mapped_may_go_while_it_is_waited_for),
        TEST(wrong_answers_are_errors_to_the_pager),
        TEST(what_is_there_is_not_replaced),
        TEST(only_clean_pages_are_dropped),
        TEST(private_copies_ask_for_no_write),
        TEST(running_out_leaves_the_request),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
