/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "space_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct memory *memory;

#define MEMORY_PAGES 100
#define PLACE UINT64_C(0x40000000)

static int setup(void **state)
{
    space_setup(state);
    assert_int_equal(memory_create(account, MEMORY_PAGES * PAGE_SIZE, 0, &memory), STATUS_OK);
    return 0;
}

static int teardown(void **state)
{
    object_release(&memory->object);
    return space_teardown(state);
}

/* The byte at an offset; zero where no page is. */
static char load(uint64_t offset)
{
    struct page *page;
    if (memory_get_page(memory, offset, MEMORY_PEEK, &page) != STATUS_OK)
        return 0;
    char byte = ((char *)page_address(page))[offset % PAGE_SIZE];
    page_release(page);
    return byte;
}

static enum status resize(struct memory *resized, uint64_t size)
{
    enum status status;
    do
        status = memory_resize(resized, size);
    while (status == STATUS_RESTART);
    return status;
}

static enum status discard(uint64_t offset, uint64_t length)
{
    struct call_step step = {0};
    enum status status;
    do
        status = memory_discard(memory, offset, length, &step);
    while (status == STATUS_RESTART);
    return status;
}

static uint64_t map(uint64_t offset, uint64_t length, uint32_t flags)
{
    uint64_t address = 0;
    struct map_request request = {.memory = memory,
                                  .offset = offset,
                                  .address = PLACE,
                                  .length = length,
                                  .flags = flags,
                                  .allowed = MAP_PROTECTION};
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    return address;
}

static void bytes_come_back(void **state)
{
    static char out[3 * PAGE_SIZE];
    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (char)(i * 31 >> 3);
    assert_int_equal(memory_store(memory, 1000, out, sizeof(out)), STATUS_OK);
    for (size_t i = 0; i < sizeof(out); i += 7)
        assert_int_equal(load(1000 + i), out[i]);
    assert_int_equal(memory_store(memory, MEMORY_PAGES * PAGE_SIZE - 1, out, 2),
                     STATUS_OUT_OF_RANGE);
}

static void what_is_cut_off_reads_as_zero(void **state)
{
    char byte = 'x';
    uint64_t address = map(0, MEMORY_PAGES * PAGE_SIZE, MAP_READ | MAP_WRITE);
    assert_int_equal(arch_copy_to_user(address + 5000, &byte, 1), 0);
    assert_int_equal(arch_copy_to_user(address + 20000, &byte, 1), 0);
    assert_int_equal(resize(memory, 4999), STATUS_OK);
    assert_int_equal(arch_copy_from_user(&byte, address + 20000, 1), 1);
    enum fault_kind kind;
    assert_int_not_equal(space_fault(&space, address + 20000, FAULT_READ, false, &kind), STATUS_OK);
    assert_int_equal(kind, FAULT_PAGE_PAGER);
    assert_int_equal(resize(memory, 50000), STATUS_OK);
    assert_int_equal(arch_copy_from_user(&byte, address + 5000, 1), 0);
    assert_int_equal(byte, 0);
    assert_int_equal(arch_copy_from_user(&byte, address + 20000, 1), 0);
    assert_int_equal(byte, 0);
}

static void a_fixed_size_is_fixed(void **state)
{
    struct memory *fixed;
    assert_int_equal(memory_create(account, 100, MEMORY_FIXED_SIZE, &fixed), STATUS_OK);
    assert_int_equal(memory_resize(fixed, 50), STATUS_BAD_STATE);
    assert_int_equal(resize(memory, MEMORY_SIZE_MAX + 1), STATUS_OUT_OF_RANGE);
    object_release(&fixed->object);
    assert_int_equal(memory_create(account, MEMORY_SIZE_MAX + 1, 0, &fixed), STATUS_OUT_OF_RANGE);
}

static void discarding_frees_whole_pages(void **state)
{
    char bytes[64];
    uint64_t address = map(0, 8 * PAGE_SIZE, MAP_READ | MAP_WRITE);
    memset(bytes, 'y', sizeof(bytes));
    for (uint64_t i = 0; i < 8; i++)
        assert_int_equal(arch_copy_to_user(address + i * PAGE_SIZE, bytes, 64), 0);
    uint64_t used = test_pages_used(account);
    assert_int_equal(discard(10, 3 * PAGE_SIZE), STATUS_OK);
    assert_int_equal(test_pages_used(account), used - 2);
    for (uint64_t i = 0; i < 8; i++) {
        assert_int_equal(arch_copy_from_user(bytes, address + i * PAGE_SIZE, 1), 0);
        assert_int_equal(bytes[0], i == 1 || i == 2 ? 0 : 'y');
    }
    assert_int_equal(discard(1, UINT64_MAX), STATUS_OUT_OF_RANGE);
}

static void private_copies_leave_the_object_alone(void **state)
{
    char byte = 'a';
    assert_int_equal(memory_store(memory, 0, &byte, 1), STATUS_OK);
    uint64_t address = map(0, 4 * PAGE_SIZE, MAP_READ | MAP_WRITE | MAP_PRIVATE_COPY);
    byte = 'b';
    assert_int_equal(arch_copy_to_user(address, &byte, 1), 0);
    assert_int_equal(load(0), 'a');
    assert_int_equal(arch_copy_from_user(&byte, address, 1), 0);
    assert_int_equal(byte, 'b');
    struct call_step step = {0};
    assert_int_equal(space_discard(&space, address, PAGE_SIZE, &step), STATUS_OK);
    assert_int_equal(arch_copy_from_user(&byte, address, 1), 0);
    assert_int_equal(byte, 'a');
}

static void a_revoked_mapping_faults(void **state)
{
    char byte = 'z';
    struct derivation derivation = {.references = 1};
    uint64_t address = 0;
    struct map_request request = {.memory = memory,
                                  .derivation = &derivation,
                                  .length = PAGE_SIZE,
                                  .flags = MAP_READ | MAP_WRITE,
                                  .allowed = MAP_PROTECTION};
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    uint64_t other = map(0, PAGE_SIZE, MAP_READ);
    assert_int_equal(arch_copy_to_user(address, &byte, 1), 0);
    derivation.dead = true;
    assert_true(memory_unmap_revoked_step(memory));
    assert_int_equal(arch_copy_from_user(&byte, address, 1), 1);
    assert_int_equal(arch_copy_from_user(&byte, other, 1), 0);
    assert_int_equal(derivation.references, 2);
    assert_int_equal(space_unmap(&space, address, PAGE_SIZE), STATUS_OK);
    assert_int_equal(derivation.references, 1);
}

static void neighbours_that_are_there_come_along(void **state)
{
    char byte = 'n';
    for (uint64_t i = 0; i < 20; i += 2)
        assert_int_equal(memory_store(memory, i * PAGE_SIZE, &byte, 1), STATUS_OK);
    uint64_t address = map(0, 20 * PAGE_SIZE, MAP_READ);
    assert_int_equal(arch_copy_from_user(&byte, address, 1), 0);
    assert_int_equal(space.faults, 1);
    assert_int_equal(space_resident_pages(&space), 8);
    assert_int_equal(arch_copy_from_user(&byte, address + 14 * PAGE_SIZE, 1), 0);
    assert_int_equal(space.faults, 1);
}

static void physical_memory_is_shown_as_it_is(void **state)
{
    struct page *page;
    struct memory *physical;
    char byte;
    assert_int_equal(page_allocate_zeroed(NULL, &page), STATUS_OK);
    memset(page_address(page), 'p', PAGE_SIZE);
    assert_int_equal(
        memory_create_physical(account, page_physical(page), PAGE_SIZE, false, &physical),
        STATUS_OK);
    uint64_t address = 0;
    struct map_request request = {
        .memory = physical, .length = PAGE_SIZE, .flags = MAP_READ, .allowed = MAP_READ};
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    assert_int_equal(arch_copy_from_user(&byte, address, 1), 0);
    assert_int_equal(byte, 'p');
    struct call_step step = {0};
    assert_int_equal(space_protect(&space, address, PAGE_SIZE, MAP_WRITE, &step), STATUS_NO_RIGHT);
    assert_int_equal(space_unmap(&space, address, PAGE_SIZE), STATUS_OK);
    object_release(&physical->object);
    page_release(page);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(bytes_come_back),
        TEST(what_is_cut_off_reads_as_zero),
        TEST(a_fixed_size_is_fixed),
        TEST(discarding_frees_whole_pages),
        TEST(private_copies_leave_the_object_alone),
        TEST(a_revoked_mapping_faults),
        TEST(neighbours_that_are_there_come_along),
        TEST(physical_memory_is_shown_as_it_is),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
