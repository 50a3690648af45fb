/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "space_fake.h"

#include <kernel/mapping.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define PLACE UINT64_C(0x10000000)

static enum status map_at(uint64_t address, uint64_t pages, uint32_t flags, uint64_t *result)
{
    struct map_request request = {.address = address,
                                  .length = pages * PAGE_SIZE,
                                  .flags = flags,
                                  .allowed = MAP_PROTECTION,
                                  .step = &(struct call_step){0}};
    return space_map(&space, &request, result);
}

static uint64_t map(uint64_t address, uint64_t pages, uint32_t flags)
{
    uint64_t result = 0;
    assert_int_equal(map_at(address, pages, flags, &result), STATUS_OK);
    return result;
}

static enum status unmap(struct space *from, uint64_t address, uint64_t length)
{
    enum status status;
    do
        status = space_unmap(from, address, length);
    while (status == STATUS_RESTART);
    return status;
}

static enum status protect(uint64_t address, uint64_t length, uint32_t flags)
{
    struct call_step step = {0};
    enum status status;
    do
        status = space_protect(&space, address, length, flags, &step);
    while (status == STATUS_RESTART);
    return status;
}

static enum status inspect(uint64_t address, bool hidden, struct mapping_information *information)
{
    struct call_step step = {0};
    return space_inspect(&space, address, hidden, information, &step);
}

/* The byte at an address, or -1. */
static unsigned count_mappings(void)
{
    unsigned count = 0;
    uint64_t last = 0;
    list_for_each (&space.mappings, node) {
        const struct mapping *mapping = container_of(node, struct mapping, link);
        assert_true(mapping->start >= last && mapping->end > mapping->start);
        assert_ptr_equal(mapping_find(&space, mapping->start), mapping);
        assert_ptr_equal(mapping_find(&space, mapping->end - 1), mapping);
        last = mapping->end;
        count++;
    }
    return count;
}

static void fresh_memory_is_zero_and_keeps_what_is_written(void **state)
{
    uint64_t address = map(0, 3, READ_WRITE);
    assert_true(address + 3 * PAGE_SIZE == USER_LIBRARY);
    assert_int_equal(get_byte(address), 0);
    assert_true(put_byte(address + 2 * PAGE_SIZE, 'x'));
    assert_int_equal(get_byte(address + 2 * PAGE_SIZE), 'x');
    assert_int_equal(get_byte(address + 3 * PAGE_SIZE), -1);
    assert_int_equal(unmap(&space, address, 3 * PAGE_SIZE), STATUS_OK);
    assert_int_equal(get_byte(address), -1);
    assert_int_equal(space_resident_pages(&space), 0);
    assert_int_equal(space.mapped_bytes, 0);
}

static void places_are_refused_that_are_not_the_programs(void **state)
{
    uint64_t address;
    const uint32_t fixed = READ_WRITE | MAP_FIXED_ADDRESS;
    assert_int_equal(map_at(0, 1, fixed, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(USER_START - PAGE_SIZE, 2, fixed, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(FRAME_BASE - PAGE_SIZE, 2, fixed, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(FRAME_BASE, 1, fixed, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(USER_END, 1, fixed, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(UINT64_MAX - PAGE_SIZE + 1, 1, fixed, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(PLACE + 1, 1, fixed, &address), STATUS_INVALID);
    assert_int_equal(map_at(0, 0, READ_WRITE, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(0, UINT64_C(1) << 40, READ_WRITE, &address), STATUS_OUT_OF_RANGE);
    assert_int_equal(map_at(0, 1, READ_WRITE | MAP_EXECUTE, &address), STATUS_INVALID);
    assert_int_equal(map_at(0, 1, READ_WRITE | MAP_EXECUTE | MAP_ALLOW_WX, &address), STATUS_OK);
    assert_int_equal(unmap(&space, PLACE, 0), STATUS_OUT_OF_RANGE);
    assert_int_equal(unmap(&space, PLACE, UINT64_MAX), STATUS_OUT_OF_RANGE);
}

static void the_library_has_its_own_region(void **state)
{
    uint64_t address = map(0, 4, READ_WRITE | MAP_LIBRARY);
    assert_true(address >= USER_LIBRARY && address + 4 * PAGE_SIZE <= FRAME_BASE);
}

static void neighbours_become_one(void **state)
{
    const uint64_t middle = PLACE + (UINT64_C(1) << 20);
    map(middle, 2, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_true(put_byte(middle, 'a'));
    for (unsigned i = 1; i < 50; i++)
        map(middle + 2 * i * PAGE_SIZE, 2, READ_WRITE | MAP_FIXED_ADDRESS);
    for (unsigned i = 1; i < 50; i++)
        map(middle - 2 * i * PAGE_SIZE, 2, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_int_equal(count_mappings(), 1);
    assert_int_equal(get_byte(middle), 'a');
    assert_true(put_byte(middle + 97 * PAGE_SIZE, 'b'));
    assert_true(put_byte(middle - 97 * PAGE_SIZE, 'c'));
    assert_int_equal(get_byte(middle), 'a');
}

static void one_that_is_untouched_grows_down(void **state)
{
    map(PLACE, 1, READ_WRITE);
    map(PLACE - 3 * PAGE_SIZE, 3, READ_WRITE);
    assert_int_equal(count_mappings(), 1);
    assert_true(put_byte(PLACE - 3 * PAGE_SIZE, 1) && put_byte(PLACE, 2));
    assert_int_equal(get_byte(PLACE - 3 * PAGE_SIZE), 1);
    assert_int_equal(get_byte(PLACE), 2);
}

static void a_hole_in_the_middle(void **state)
{
    map(PLACE, 9, READ_WRITE | MAP_FIXED_ADDRESS);
    for (int i = 0; i < 9; i++)
        assert_true(put_byte(PLACE + (uint64_t)i * PAGE_SIZE, (char)('0' + i)));
    uint64_t used = test_pages_used(account);
    assert_int_equal(unmap(&space, PLACE + 3 * PAGE_SIZE, 3 * PAGE_SIZE), STATUS_OK);
    assert_in_range(test_pages_used(account), used - 3, used - 2);
    assert_int_equal(count_mappings(), 2);
    for (int i = 0; i < 9; i++)
        assert_int_equal(get_byte(PLACE + (uint64_t)i * PAGE_SIZE), i < 3 || i > 5 ? '0' + i : -1);
    map(PLACE + 3 * PAGE_SIZE, 3, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_int_equal(get_byte(PLACE + 4 * PAGE_SIZE), 0);
    assert_int_equal(get_byte(PLACE + 8 * PAGE_SIZE), '8');
}

static void what_shrank_and_grew_again_is_zero(void **state)
{
    map(PLACE, 4, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_true(put_byte(PLACE, 'a') && put_byte(PLACE + 3 * PAGE_SIZE, 'd'));
    assert_int_equal(unmap(&space, PLACE + 2 * PAGE_SIZE, 2 * PAGE_SIZE), STATUS_OK);
    map(PLACE + 2 * PAGE_SIZE, 2, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_int_equal(count_mappings(), 1);
    assert_int_equal(get_byte(PLACE + 3 * PAGE_SIZE), 0);
    assert_int_equal(get_byte(PLACE), 'a');
}

static void replacing_only_if_asked(void **state)
{
    uint64_t address;
    map(PLACE, 4, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_true(put_byte(PLACE, 'a'));
    const uint32_t careful = READ_WRITE | MAP_FIXED_ADDRESS | MAP_NO_REPLACE;
    assert_int_equal(map_at(PLACE + PAGE_SIZE, 1, careful, &address), STATUS_EXISTS);
    map(PLACE, 1, MAP_READ | MAP_FIXED_ADDRESS);
    assert_int_equal(get_byte(PLACE), 0);
    assert_false(put_byte(PLACE, 'b'));
    uint64_t elsewhere = map(PLACE, 1, READ_WRITE);
    assert_true(elsewhere != PLACE);
}

static void protection_is_enforced_and_restored(void **state)
{
    enum fault_kind kind;
    map(PLACE, 5, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_true(put_byte(PLACE + 2 * PAGE_SIZE, 'p'));
    assert_int_equal(protect(PLACE + PAGE_SIZE, 3 * PAGE_SIZE, MAP_READ), STATUS_OK);
    assert_int_equal(count_mappings(), 3);
    assert_false(put_byte(PLACE + 2 * PAGE_SIZE, 'q'));
    assert_int_equal(get_byte(PLACE + 2 * PAGE_SIZE), 'p');
    assert_true(put_byte(PLACE, 'q'));
    assert_int_not_equal(space_fault(&space, PLACE + PAGE_SIZE, FAULT_EXECUTE, false, &kind),
                         STATUS_OK);
    assert_int_equal(kind, FAULT_PAGE_ACCESS);
    assert_int_equal(protect(PLACE + PAGE_SIZE, PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(get_byte(PLACE + PAGE_SIZE), -1);
    assert_int_equal(protect(PLACE, 5 * PAGE_SIZE, READ_WRITE), STATUS_OK);
    assert_true(put_byte(PLACE + 2 * PAGE_SIZE, 'r'));
    assert_int_equal(protect(PLACE, 6 * PAGE_SIZE, MAP_READ), STATUS_NOT_FOUND);
    assert_true(put_byte(PLACE, 's'));
    assert_int_equal(protect(PLACE, PAGE_SIZE, MAP_WRITE | MAP_EXECUTE), STATUS_INVALID);
}

static void a_stack_grows_down_to_its_limit(void **state)
{
    uint64_t top = PLACE + SPACE_STACK_MAX * 2;
    map(top - PAGE_SIZE, 1, READ_WRITE | MAP_GROWS_DOWN | MAP_FIXED_ADDRESS);
    assert_true(put_byte(top - 1, 't'));
    assert_true(put_byte(top - 100 * PAGE_SIZE, 'u'));
    assert_true(put_byte(top - SPACE_STACK_MAX, 'v'));
    assert_false(put_byte(top - SPACE_STACK_MAX - 1, 'w'));
    assert_int_equal(get_byte(top - 1), 't');
    assert_int_equal(get_byte(top - 100 * PAGE_SIZE), 'u');
    assert_int_equal(space.mapped_bytes, SPACE_STACK_MAX);
}

static void a_stack_stops_before_its_neighbour(void **state)
{
    uint64_t top = PLACE + SPACE_STACK_MAX;
    map(PLACE + SPACE_STACK_MAX / 2, 1, READ_WRITE | MAP_FIXED_ADDRESS);
    map(top - PAGE_SIZE, 1, READ_WRITE | MAP_GROWS_DOWN | MAP_FIXED_ADDRESS);
    assert_false(put_byte(PLACE + SPACE_STACK_MAX / 2 + 2 * PAGE_SIZE, 'x'));
    assert_true(put_byte(top - 2 * PAGE_SIZE, 'x'));
}

static uint64_t remap(uint64_t address, uint64_t old, uint64_t new, uint32_t flags, uint64_t to)
{
    uint64_t result = 0;
    const struct remap_request request = {address, old * PAGE_SIZE, new *PAGE_SIZE, to, flags};
    enum status status = space_remap(&space, &request, &result);
    return status == STATUS_OK ? result : (uint64_t)status_to_result(status);
}

static void remapping_takes_the_pages_along(void **state)
{
    map(PLACE, 4, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_true(put_byte(PLACE, 'a') && put_byte(PLACE + 3 * PAGE_SIZE, 'd'));
    assert_int_equal(remap(PLACE, 4, 8, 0, 0), PLACE);
    assert_int_equal(get_byte(PLACE + 7 * PAGE_SIZE), 0);
    assert_int_equal(remap(PLACE, 8, 4, 0, 0), PLACE);
    assert_int_equal(get_byte(PLACE + 4 * PAGE_SIZE), -1);
    map(PLACE + 4 * PAGE_SIZE, 1, MAP_READ | MAP_FIXED_ADDRESS);
    assert_int_equal(remap(PLACE, 4, 5, 0, 0), status_to_result(STATUS_NO_MEMORY));
    uint64_t moved = remap(PLACE, 4, 6, REMAP_MAY_MOVE, 0);
    assert_int_equal(get_byte(PLACE), -1);
    assert_int_equal(get_byte(moved), 'a');
    assert_int_equal(get_byte(moved + 3 * PAGE_SIZE), 'd');
    assert_int_equal(get_byte(moved + 5 * PAGE_SIZE), 0);
    assert_int_equal(remap(moved + 3 * PAGE_SIZE, 1, 1, REMAP_MAY_MOVE | REMAP_FIXED, PLACE),
                     PLACE);
    assert_int_equal(get_byte(PLACE), 'd');
    assert_int_equal(get_byte(moved + 3 * PAGE_SIZE), -1);
    assert_int_equal(remap(PLACE, 1, 2, REMAP_FIXED, PLACE), status_to_result(STATUS_INVALID));
    assert_int_equal(remap(PLACE + PAGE_SIZE * 1000, 1, 2, 0, 0),
                     status_to_result(STATUS_NOT_FOUND));
    count_mappings();
}

static void a_clone_and_its_original_are_apart(void **state)
{
    struct space clone;
    map(PLACE, 100, READ_WRITE | MAP_FIXED_ADDRESS);
    for (uint64_t i = 0; i < 100; i++)
        assert_true(put_byte(PLACE + i * PAGE_SIZE, 'p'));
    uint64_t used = test_pages_used(account);
    assert_int_equal(space_init(&clone, account), STATUS_OK);
    assert_int_equal(clone_space(&clone), STATUS_OK);
    assert_in_range(test_pages_used(account), used, used + 1);
    assert_true(put_byte(PLACE, 'q'));
    cpu_current()->arch.space = &clone;
    assert_int_equal(get_byte(PLACE), 'p');
    assert_true(put_byte(PLACE + PAGE_SIZE, 'c'));
    assert_int_equal(unmap(&clone, PLACE + 50 * PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    cpu_current()->arch.space = &space;
    assert_int_equal(get_byte(PLACE), 'q');
    assert_int_equal(get_byte(PLACE + PAGE_SIZE), 'p');
    assert_int_equal(get_byte(PLACE + 50 * PAGE_SIZE), 'p');
    end_space(&clone);
    uint64_t faults = test_pages_used(account);
    for (uint64_t i = 0; i < 100; i++)
        assert_true(put_byte(PLACE + i * PAGE_SIZE, 'r'));
    assert_in_range(test_pages_used(account), faults, faults + 1);
}

static void frames_are_outside_of_mappings(void **state)
{
    struct page *pages[2];
    struct mapping_information information;
    for (int i = 0; i < 2; i++)
        assert_int_equal(page_allocate_zeroed(account, &pages[i]), STATUS_OK);
    assert_int_equal(space_map_frame(&space, 7, pages), STATUS_OK);
    assert_true(put_byte(FRAME_BASE + 7 * FRAME_STRIDE + PAGE_SIZE, 'f'));
    assert_int_equal(*(char *)page_address(pages[1]), 'f');
    assert_int_equal(inspect(0, true, &information), STATUS_NOT_FOUND);
    assert_int_equal(unmap(&space, FRAME_BASE + 7 * FRAME_STRIDE, PAGE_SIZE), STATUS_OUT_OF_RANGE);
    space_unmap_frame(&space, 7);
    assert_int_equal(get_byte(FRAME_BASE + 7 * FRAME_STRIDE), -1);
    for (int i = 0; i < 2; i++)
        page_release(pages[i]);
}

static void inspecting_passes_over_the_hidden(void **state)
{
    struct mapping_information information;
    map(PLACE, 2, MAP_READ | MAP_FIXED_ADDRESS | MAP_HIDDEN);
    map(PLACE + 4 * PAGE_SIZE, 2, READ_WRITE | MAP_FIXED_ADDRESS | MAP_POPULATE);
    assert_int_equal(inspect(0, true, &information), STATUS_OK);
    assert_int_equal(information.start, PLACE);
    assert_int_equal(inspect(0, false, &information), STATUS_OK);
    assert_int_equal(information.start, PLACE + 4 * PAGE_SIZE);
    assert_int_equal(information.end, PLACE + 6 * PAGE_SIZE);
    assert_int_equal(information.flags, READ_WRITE);
    assert_int_equal(information.resident_pages, 2);
    assert_int_equal(inspect(information.end, true, &information), STATUS_NOT_FOUND);
}

static void an_outsider_sees_and_changes_pages(void **state)
{
    struct page *page;
    map(PLACE, 2, MAP_READ | MAP_FIXED_ADDRESS);
    assert_int_equal(get_byte(PLACE), 0);
    assert_int_equal(space_get_page(&space, PLACE + 5, true, &page), STATUS_OK);
    *(char *)page_address(page) = 'o';
    page_release(page);
    assert_int_equal(get_byte(PLACE), 'o');
    assert_int_equal(space_get_page(&space, PLACE + 2 * PAGE_SIZE, false, &page),
                     STATUS_BAD_ADDRESS);
}

static void addresses_have_keys(void **state)
{
    uint64_t object, offset, second_object, second_offset;
    struct memory *memory;
    assert_int_equal(memory_create(account, 4 * PAGE_SIZE, 0, &memory), STATUS_OK);
    struct map_request request = {.memory = memory,
                                  .offset = PAGE_SIZE,
                                  .length = PAGE_SIZE,
                                  .flags = READ_WRITE,
                                  .allowed = MAP_PROTECTION};
    uint64_t first, second, own = map(PLACE, 1, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_int_equal(space_map(&space, &request, &first), STATUS_OK);
    assert_int_equal(space_map(&space, &request, &second), STATUS_OK);
    assert_int_equal(space_address_key(&space, first + 8, true, &object, &offset), STATUS_OK);
    assert_int_equal(space_address_key(&space, second + 8, true, &second_object, &second_offset),
                     STATUS_OK);
    assert_int_equal(object, memory->object.id);
    assert_int_equal(second_object, object);
    assert_int_equal(offset, PAGE_SIZE + 8);
    assert_int_equal(second_offset, offset);
    assert_int_equal(space_address_key(&space, own + 4, true, &object, &offset), STATUS_OK);
    assert_int_equal(offset, own + 4);
    assert_int_equal(space_address_key(&space, PLACE - 4, true, &object, &offset),
                     STATUS_BAD_ADDRESS);
    object_release(&memory->object);
}

/* Everything that allocates, over a clone, stopping at the first failure. */
static enum status exercise(struct space *clone)
{
    uint64_t address;
    enum fault_kind kind;
    struct call_step step = {0};
    enum status status = map_at(PLACE, 20, READ_WRITE | MAP_FIXED_ADDRESS, &address);
    for (uint64_t i = 0; status == STATUS_OK && i < 20; i++)
        status = space_fault(&space, PLACE + i * PAGE_SIZE, FAULT_WRITE, false, &kind);
    if (status == STATUS_OK)
        status = clone_space(clone);
    if (status == STATUS_OK)
        status = space_fault(&space, PLACE, FAULT_WRITE, false, &kind);
    if (status == STATUS_OK)
        status = unmap(clone, PLACE + 4 * PAGE_SIZE, 3 * PAGE_SIZE);
    if (status == STATUS_OK)
        status = protect(PLACE + 10 * PAGE_SIZE, PAGE_SIZE, MAP_READ);
    if (status == STATUS_OK)
        status = space_discard(clone, PLACE + 12 * PAGE_SIZE, 2 * PAGE_SIZE, &step);
    const struct remap_request request = {PLACE, 4 * PAGE_SIZE, 8 * PAGE_SIZE, 0, REMAP_MAY_MOVE};
    if (status == STATUS_OK)
        status = space_remap(&space, &request, &address);
    return status;
}

static void failing_anywhere_leaks_nothing(void **state)
{
    enum status status = STATUS_NO_MEMORY;
    uint64_t runs = 0;
    for (; status != STATUS_OK; runs++) {
        struct account *poor = test_account_create(TEST_PAGES);
        struct space saved = space, clone;
        assert_int_equal(space_init(&space, poor), STATUS_OK);
        assert_int_equal(space_init(&clone, poor), STATUS_OK);
        page_fail_after(runs + 1);
        status = exercise(&clone);
        page_fail_after(0);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        end_space(&clone);
        end_space(&space);
        test_account_end(poor);
        space = saved;
        cpu_current()->arch.space = NULL;
    }
    assert_true(runs > 30);
}

static void running_out_is_an_error_to_the_program(void **state)
{
    enum fault_kind kind = FAULT_OTHER;
    map(PLACE, 2 * TEST_PAGES, READ_WRITE | MAP_FIXED_ADDRESS);
    uint64_t at = PLACE;
    while (space_fault(&space, at, FAULT_WRITE, false, &kind) == STATUS_OK)
        at += PAGE_SIZE;
    assert_int_equal(kind, FAULT_PAGE_MEMORY);
    assert_int_equal(unmap(&space, PLACE, 2 * TEST_PAGES * PAGE_SIZE), STATUS_OK);
    map(PLACE, 1, READ_WRITE | MAP_FIXED_ADDRESS);
    assert_true(put_byte(PLACE, 'x'));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, space_setup, space_teardown)
    const struct CMUnitTest tests[] = {
        TEST(fresh_memory_is_zero_and_keeps_what_is_written),
        TEST(places_are_refused_that_are_not_the_programs),
        TEST(the_library_has_its_own_region),
        TEST(neighbours_become_one),
        TEST(one_that_is_untouched_grows_down),
        TEST(a_hole_in_the_middle),
        TEST(what_shrank_and_grew_again_is_zero),
        TEST(replacing_only_if_asked),
        TEST(protection_is_enforced_and_restored),
        TEST(a_stack_grows_down_to_its_limit),
        TEST(a_stack_stops_before_its_neighbour),
        TEST(remapping_takes_the_pages_along),
        TEST(a_clone_and_its_original_are_apart),
        TEST(frames_are_outside_of_mappings),
        TEST(inspecting_passes_over_the_hidden),
        TEST(an_outsider_sees_and_changes_pages),
        TEST(addresses_have_keys),
        TEST(failing_anywhere_leaks_nothing),
        TEST(running_out_is_an_error_to_the_program),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
