/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Memory objects and address spaces: what is mapped reads as it should, what is
 * given up is gone, and memory running out hurts nobody else.
 */
#include <base/service.h>
#include <base/text.h>

#include "harness.h"
#include "stubs.h"
#include "threads.h"

#define PAGE ((uint64_t)USER_PAGE_SIZE)
#define PAGES 8
#define SIZE (PAGES * PAGE)
#define READ_WRITE (MAP_READ | MAP_WRITE)
#define FREE_PAGES_KEPT 64 /* what the kernel may keep for itself after a process has gone */

static handle_t make_memory(uint64_t size, uint32_t flags)
{
    return SUCCEED(native_memory_create(test_world.account, size, flags));
}

static uint64_t map(handle_t memory, uint64_t length, uint32_t flags)
{
    return SUCCEED(native_map(test_world.self, memory, 0, 0, length, flags));
}

static void unmap(uint64_t address, uint64_t length)
{
    SUCCEED(native_unmap(test_world.self, address, length));
}

static volatile uint64_t *word(uint64_t address)
{
    return (volatile uint64_t *)address;
}

/* Each page's first word is its number and a seed. */
static void fill(uint64_t address, uint64_t seed)
{
    for (uint64_t i = 0; i < PAGES; i++)
        *word(address + i * PAGE) = seed + i;
}

static void check_filled(uint64_t address, uint64_t first, uint64_t end, uint64_t seed)
{
    for (uint64_t i = first; i < end; i++)
        CHECK_EQUAL(*word(address + i * PAGE), seed == 0 ? 0 : seed + i);
}

static bool is_mapped(uint64_t address)
{
    uint64_t value;
    return native_process_read(test_world.self, address, &value, sizeof(value)) == sizeof(value);
}

static uint64_t resident_pages(handle_t memory)
{
    struct memory_information information;
    SUCCEED(native_memory_inspect(memory, &information));
    return information.resident_pages;
}

static void test_shared(void)
{
    handle_t memory = make_memory(SIZE, 0);
    uint64_t first = map(memory, SIZE, READ_WRITE), second = map(memory, SIZE, MAP_READ);
    CHECK(first != second);
    check_filled(second, 0, PAGES, 0);
    fill(first, 100);
    check_filled(second, 0, PAGES, 100);
    CHECK_EQUAL(resident_pages(memory), PAGES);
    unmap(first, SIZE);
    check_filled(second, 0, PAGES, 100);
    CHECK(!is_mapped(first));
    unmap(second, SIZE);
    uint64_t value;
    CHECK_EQUAL(native_memory_read(memory, PAGE, &value, sizeof(value)), sizeof(value));
    CHECK_EQUAL(value, 101);
    CLOSE(memory);
}

static void test_private(void)
{
    handle_t memory = make_memory(SIZE, 0);
    uint64_t shared = map(memory, SIZE, READ_WRITE);
    uint64_t copy = map(memory, SIZE, READ_WRITE | MAP_PRIVATE_COPY);
    fill(shared, 10);
    check_filled(copy, 0, PAGES, 10);
    *word(copy + PAGE) = 99;
    CHECK_EQUAL(*word(shared + PAGE), 11);
    fill(shared, 20);
    CHECK_EQUAL(*word(copy + PAGE), 99);
    CHECK_EQUAL(*word(copy), 20);
    SUCCEED(native_space_discard(test_world.self, copy, SIZE));
    check_filled(copy, 0, PAGES, 20);
    unmap(copy, SIZE);
    unmap(shared, SIZE);
    CLOSE(memory);
}

static void test_unmap_parts(void)
{
    uint64_t address = map(HANDLE_NONE, SIZE, READ_WRITE);
    fill(address, 5);
    unmap(address + 2 * PAGE, 3 * PAGE);
    check_filled(address, 0, 2, 5);
    check_filled(address, 5, PAGES, 5);
    CHECK(!is_mapped(address + 2 * PAGE) && !is_mapped(address + 4 * PAGE));
    unmap(address, SIZE);
    CHECK(!is_mapped(address) && !is_mapped(address + 7 * PAGE));
    unmap(address, SIZE);
}

static void test_fixed_places(void)
{
    uint64_t address = map(HANDLE_NONE, SIZE, READ_WRITE);
    fill(address, 5);
    CHECK_STATUS(native_map(test_world.self, HANDLE_NONE, 0, address + PAGE, PAGE,
                            READ_WRITE | MAP_FIXED_ADDRESS | MAP_NO_REPLACE),
                 EXISTS);
    CHECK_EQUAL(native_map(test_world.self, HANDLE_NONE, 0, address + PAGE, PAGE,
                           READ_WRITE | MAP_FIXED_ADDRESS),
                address + PAGE);
    CHECK_EQUAL(*word(address + PAGE), 0);
    CHECK_EQUAL(*word(address + 2 * PAGE), 7);
    unmap(address, SIZE);
}

struct bad_range {
    uint64_t address, length;
    enum status status;
};

static void test_bad_ranges(void)
{
    static const struct bad_range ranges[] = {
        {0x10000000, 0, STATUS_OUT_OF_RANGE},
        {0x10000001, PAGE, STATUS_INVALID},
        {0, PAGE, STATUS_OUT_OF_RANGE},
        {USER_START - PAGE, PAGE, STATUS_OUT_OF_RANGE},
        {FRAME_BASE, PAGE, STATUS_OUT_OF_RANGE},
        {FRAME_BASE - PAGE, 2 * PAGE, STATUS_OUT_OF_RANGE},
        {USER_END, PAGE, STATUS_OUT_OF_RANGE},
        {USER_END - PAGE, 2 * PAGE, STATUS_OUT_OF_RANGE},
        {0xffffffff80000000, PAGE, STATUS_OUT_OF_RANGE},
        {0x10000000, UINT64_MAX, STATUS_OUT_OF_RANGE},
        {0x10000000, UINT64_MAX - 0x10000000 - PAGE, STATUS_OUT_OF_RANGE},
        {UINT64_MAX - PAGE + 1, PAGE, STATUS_OUT_OF_RANGE},
    };
    handle_t self = test_world.self;
    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        const struct bad_range *range = &ranges[i];
        uint64_t address = range->address, length = range->length;
        const struct test_place *place = TEST_PLACE("a bad range");
        test_check_result(
            place, native_map(self, HANDLE_NONE, 0, address, length, MAP_READ | MAP_FIXED_ADDRESS),
            range->status);
        test_check_result(place, native_unmap(self, address, length), range->status);
        test_check_result(place, native_protect(self, address, length, MAP_READ), range->status);
        test_check_result(place, native_space_discard(self, address, length), range->status);
    }
    handle_t memory = make_memory(SIZE, 0);
    CHECK_STATUS(native_map(self, memory, 1, 0, PAGE, MAP_READ), INVALID);
    CHECK_STATUS(native_map(self, memory, 0, 0, PAGE, MAP_WRITE | MAP_EXECUTE), INVALID);
    CHECK_STATUS(native_memory_create(test_world.account, UINT64_MAX, 0), OUT_OF_RANGE);
    CHECK_STATUS(native_memory_resize(memory, UINT64_MAX), OUT_OF_RANGE);
    CLOSE(memory);
}

static void test_rights_of_mappings(void)
{
    handle_t self = test_world.self, memory = make_memory(SIZE, 0);
    handle_t reader = SUCCEED(native_handle_copy(memory, RIGHT_READ, 0));
    handle_t writer = SUCCEED(native_handle_copy(memory, RIGHT_WRITE, 0));
    CHECK_STATUS(native_map(self, writer, 0, 0, SIZE, MAP_READ), NO_RIGHT);
    CHECK_STATUS(native_map(self, reader, 0, 0, SIZE, READ_WRITE), NO_RIGHT);
    CHECK_STATUS(native_map(self, reader, 0, 0, SIZE, MAP_READ | MAP_EXECUTE), NO_RIGHT);
    uint64_t address = map(reader, SIZE, MAP_READ);
    CHECK_STATUS(native_protect(self, address, SIZE, READ_WRITE), NO_RIGHT);
    uint64_t copy = map(reader, SIZE, READ_WRITE | MAP_PRIVATE_COPY);
    *word(copy) = 5;
    CHECK_EQUAL(*word(address), 0);
    unmap(address, SIZE);
    unmap(copy, SIZE);
    CLOSE(reader);
    CLOSE(writer);
    CLOSE(memory);
}

/* What may not be touched stops a process; here it is only looked at through calls. */
static void test_protect(void)
{
    uint64_t value = 1, address = map(HANDLE_NONE, SIZE, READ_WRITE);
    handle_t self = test_world.self;
    fill(address, 3);
    SUCCEED(native_protect(self, address + PAGE, 2 * PAGE, MAP_READ));
    handle_t memory = make_memory(PAGE, 0);
    CHECK_STATUS(native_memory_read(memory, 0, (void *)(address + PAGE), 8), BAD_ADDRESS);
    CHECK_EQUAL(native_memory_read(memory, 0, (void *)(address + 3 * PAGE), 8), 8);
    SUCCEED(native_protect(self, address + PAGE, PAGE, 0));
    CHECK_STATUS(native_memory_write(memory, 0, (void *)(address + PAGE), 8), BAD_ADDRESS);
    CHECK_EQUAL(native_memory_write(memory, 0, (void *)(address + 2 * PAGE), 8), 8);
    CHECK_EQUAL(native_memory_read(memory, 0, &value, 8), 8);
    CHECK_EQUAL(value, 5);
    SUCCEED(native_protect(self, address, SIZE, READ_WRITE));
    CHECK_EQUAL(*word(address + PAGE), 4);
    unmap(address + 4 * PAGE, PAGE);
    CHECK_STATUS(native_protect(self, address, SIZE, MAP_READ), NOT_FOUND);
    *word(address) = 1;
    CLOSE(memory);
    unmap(address, SIZE);
}

static void test_remap(void)
{
    handle_t self = test_world.self;
    uint64_t address = map(HANDLE_NONE, SIZE, READ_WRITE);
    fill(address, 30);
    uint64_t moved = SUCCEED(native_remap(self, address, SIZE, 4 * SIZE, REMAP_MAY_MOVE, 0));
    check_filled(moved, 0, PAGES, 30);
    CHECK_EQUAL(*word(moved + 4 * SIZE - PAGE), 0);
    CHECK_EQUAL(native_remap(self, moved, 4 * SIZE, SIZE, 0, 0), moved);
    CHECK(!is_mapped(moved + SIZE));
    uint64_t place = SUCCEED(native_map(self, HANDLE_NONE, 0, 0, SIZE, MAP_READ));
    CHECK_EQUAL(native_remap(self, moved, SIZE, SIZE, REMAP_MAY_MOVE | REMAP_FIXED, place), place);
    check_filled(place, 0, PAGES, 30);
    CHECK(!is_mapped(moved));
    unmap(place, SIZE);
}

static void test_discard(void)
{
    handle_t memory = make_memory(SIZE, 0);
    uint64_t address = map(memory, SIZE, READ_WRITE);
    fill(address, 40);
    SUCCEED(native_memory_discard(memory, 2 * PAGE, 3 * PAGE));
    CHECK_EQUAL(resident_pages(memory), PAGES - 3);
    check_filled(address, 0, 2, 40);
    check_filled(address, 2, 5, 0);
    check_filled(address, 5, PAGES, 40);
    uint64_t private = map(HANDLE_NONE, SIZE, READ_WRITE);
    fill(private, 50);
    SUCCEED(native_space_discard(test_world.self, private + PAGE, PAGE));
    CHECK_EQUAL(*word(private + PAGE), 0);
    CHECK_EQUAL(*word(private + 2 * PAGE), 52);
    unmap(private, SIZE);
    unmap(address, SIZE);
    CLOSE(memory);
}

/* What is cut off is gone for mappings too, and the rest of the last page is zeroes. */
static void test_resize(void)
{
    uint64_t value = 0;
    handle_t memory = make_memory(SIZE, 0);
    uint64_t address = map(memory, SIZE, READ_WRITE);
    fill(address, 60);
    *word(address + PAGE + 128) = 7;
    SUCCEED(native_memory_resize(memory, PAGE + 100));
    CHECK_EQUAL(*word(address + PAGE), 61);
    CHECK_EQUAL(*word(address + PAGE + 128), 0);
    CHECK(!is_mapped(address + 2 * PAGE));
    CHECK_EQUAL(native_memory_read(memory, PAGE + 96, &value, 8), 4);
    CHECK_EQUAL(native_memory_read(memory, PAGE + 100, &value, 8), 0);
    CHECK_EQUAL(native_memory_write(memory, PAGE + 96, &value, 8), 4);
    SUCCEED(native_memory_resize(memory, SIZE));
    check_filled(address, 2, PAGES, 0);
    unmap(address, SIZE);
    CLOSE(memory);
    handle_t fixed = make_memory(SIZE, MEMORY_FIXED_SIZE);
    CHECK_STATUS(native_memory_resize(fixed, PAGE), BAD_STATE);
    CLOSE(fixed);
}

static void test_inspect(void)
{
    handle_t self = test_world.self, memory = make_memory(SIZE, 0);
    struct mapping_information information;
    struct handle_information object;
    SUCCEED(native_memory_tag(memory, 1234));
    SUCCEED(native_handle_inspect(memory, &object));
    uint64_t address = SUCCEED(native_map(self, memory, PAGE, 0, 2 * PAGE, MAP_READ | MAP_HIDDEN));
    SUCCEED(native_space_inspect(self, address, 1, &information));
    CHECK_EQUAL(information.start, address);
    CHECK_EQUAL(information.end, address + 2 * PAGE);
    CHECK_EQUAL(information.flags, MAP_READ | MAP_HIDDEN);
    CHECK_EQUAL(information.object_id, object.object_id);
    CHECK_EQUAL(information.object_offset, PAGE);
    CHECK_EQUAL(information.tag, 1234);
    if (native_space_inspect(self, address, 0, &information) == 0)
        CHECK(information.start != address);
    CHECK_STATUS(native_space_inspect(self, USER_END, 1, &information), NOT_FOUND);
    unmap(address, 2 * PAGE);
    CLOSE(memory);
}

/* Large pages: a stretch that is filled from its beginning is there at once. */

#define LARGE_SIZE (512 * PAGE)

static uint64_t pages_shown(uint64_t address)
{
    struct mapping_information information;
    SUCCEED(native_space_inspect(test_world.self, address, 1, &information));
    return information.resident_pages;
}

static void check_words(uint64_t address, uint64_t first, uint64_t end, uint64_t expected)
{
    for (uint64_t i = first; i < end; i++)
        CHECK_EQUAL(*word(address + i * PAGE), expected == 0 ? 0 : expected + i);
}

static void test_large(void)
{
    uint64_t address = map(HANDLE_NONE, 4 * LARGE_SIZE, READ_WRITE);
    uint64_t large = (address + LARGE_SIZE - 1) & ~(LARGE_SIZE - 1);
    uint64_t before = pages_shown(address);
    *word(large) = 1;
    CHECK_EQUAL(pages_shown(address), before + 512);
    for (uint64_t at = large + 8; at < large + LARGE_SIZE; at += 8)
        CHECK_EQUAL(*word(at), 0);
    for (uint64_t i = 0; i < 512; i++)
        *word(large + i * PAGE) = 1000 + i;
    SUCCEED(native_space_discard(test_world.self, large + 20 * PAGE, 10 * PAGE));
    check_words(large, 0, 20, 1000);
    check_words(large, 20, 30, 0);
    check_words(large, 30, 512, 1000);
    *word(large + LARGE_SIZE) = 2;
    unmap(large + LARGE_SIZE + 100 * PAGE, PAGE);
    CHECK(!is_mapped(large + LARGE_SIZE + 100 * PAGE));
    CHECK_EQUAL(*word(large + LARGE_SIZE), 2);
    *word(large + LARGE_SIZE + 101 * PAGE) = 3;
    unmap(address, 4 * LARGE_SIZE);
}

/* Other processes' memory. */

static uint64_t wait_for_word(uint64_t place, struct frame *frame)
{
    while (*word(place) == 0)
        (void)native_thread_yield();
    return *word(place + PAGE);
}

static void test_process_memory(void)
{
    struct process_information information;
    struct test_child child = {.function = wait_for_word};
    uint64_t values[2] = {0}, number = 77;
    test_child_create(&child);
    child.argument = SUCCEED(native_map(child.process, HANDLE_NONE, 0, 0, 3 * PAGE, READ_WRITE));
    SUCCEED(native_unmap(child.process, child.argument + 2 * PAGE, PAGE));
    test_child_start(&child);
    SUCCEED(native_protect(child.process, child.argument + PAGE, PAGE, MAP_READ));
    CHECK_EQUAL(native_process_write(child.process, child.argument + PAGE, &number, 8), 8);
    CHECK_EQUAL(native_process_write(child.process, child.argument, &number, 8), 8);
    CHECK_EQUAL(native_process_read(child.process, child.argument + 2 * PAGE - 8, values, 16), 8);
    test_wait(child.process, SIGNAL_ENDED);
    CHECK_EQUAL(native_process_read(child.process, child.argument + PAGE, values, 8), 8);
    CHECK_EQUAL(values[0], 77);
    CHECK_EQUAL(native_process_read(child.process, FRAME_BASE - PAGE, values, 8), 0);
    test_child_join(&child, &information);
    CHECK_EQUAL(information.code, 77);
}

/* A stack that grows by faults just below it. */
static void test_growing(void)
{
    uint64_t top = map(HANDLE_NONE, PAGE, READ_WRITE | MAP_GROWS_DOWN) + PAGE;
    for (uint64_t at = top - 8; at > top - 32 * PAGE; at -= 512)
        *word(at) = at;
    CHECK_EQUAL(*word(top - 8), top - 8);
    unmap(top - 64 * PAGE, 64 * PAGE);
}

/* Exhaustion. */

static uint64_t use_everything(uint64_t argument, struct frame *frame)
{
    uint64_t address =
        SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, 0, 4096 * PAGE, READ_WRITE));
    handle_t memory = make_memory(4096 * PAGE, 0);
    uint64_t offset = 0;
    int64_t result;
    do {
        result = native_memory_write(memory, offset, &offset, sizeof(offset));
        offset += PAGE;
    } while (result == sizeof(offset));
    CHECK_STATUS(result, NO_MEMORY);
    SUCCEED(native_memory_discard(memory, 0, 4096 * PAGE));
    for (offset = 0; offset < 4096 * PAGE; offset += PAGE)
        *word(address + offset) = 1;
    return 0;
}

/* A process in a small account: calls tell it NO_MEMORY, a fault ends it, and nobody else hears of it. */
static void test_exhausted_account(void)
{
    const struct account_limits limits = {600,        UINT64_MAX, UINT64_MAX,
                                          UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct process_information information;
    struct test_child child = {
        .function = use_everything,
        .account = SUCCEED(native_account_create(test_world.account, &limits)),
    };
    test_child_create(&child);
    test_child_start(&child);
    test_child_join(&child, &information);
    CHECK_EQUAL(information.reason, END_FAULT);
    CHECK_EQUAL(information.code, FAULT_PAGE_MEMORY);
    test_await_unused(child.account);
    CLOSE(child.account);
    uint64_t address = map(HANDLE_NONE, SIZE, READ_WRITE);
    fill(address, 1);
    unmap(address, SIZE);
}

/* The machine's free pages come back with everything a process had. */
static void test_pages_return(void)
{
    handle_t machine = service_need_handle("machine");
    struct machine_information before, after;
    struct account_limits use;
    test_settled_use(test_world.account, &use);
    SUCCEED(native_machine_inspect(machine, &before));
    for (unsigned i = 0; i < 8; i++) {
        test_exhausted_account();
        test_process_memory();
        test_private();
    }
    test_settled_use(test_world.account, &use);
    SUCCEED(native_machine_inspect(machine, &after));
    CHECK_EQUAL(after.pages_total, before.pages_total);
    CHECK(after.pages_free + FREE_PAGES_KEPT >= before.pages_free);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"shared memory", test_shared},
        {"private copies", test_private},
        {"parts are unmapped", test_unmap_parts},
        {"fixed places", test_fixed_places},
        {"bad ranges", test_bad_ranges},
        {"rights of mappings", test_rights_of_mappings},
        {"protection", test_protect},
        {"remap", test_remap},
        {"discard", test_discard},
        {"resize", test_resize},
        {"a large page", test_large},
        {"what is mapped is told", test_inspect},
        {"other processes' memory", test_process_memory},
        {"a growing stack", test_growing},
        {"an exhausted account", test_exhausted_account},
        {"free pages return", test_pages_return},
    };
    test_begin();
    TEST_RUN(cases);
}
