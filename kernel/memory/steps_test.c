/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Long work on memory goes in steps, and what it is about is in order between any two of them. */
#include "space_fake.h"

#include <kernel/mapping.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define PLACE UINT64_C(0x10000000)
#define MANY 1800
#define SIZE (MANY * PAGE_SIZE)
#define STEPS_MIN (MANY / SPACE_STEP_LIMIT)

static enum status map_step(struct memory *memory, uint64_t address, uint32_t flags,
                            struct call_step *step)
{
    uint64_t result;
    struct map_request request = {.memory = memory,
                                  .address = address,
                                  .length = SIZE,
                                  .flags = flags,
                                  .allowed = MAP_PROTECTION,
                                  .step = step};
    return space_map(&space, &request, &result);
}

/* Mapped at PLACE with every page written. */
static void map_filled(struct memory *memory)
{
    struct call_step step = {0};
    unsigned steps = 1;
    const uint32_t flags = READ_WRITE | MAP_FIXED_ADDRESS | MAP_POPULATE;
    while (map_step(memory, PLACE, flags, &step) == STATUS_RESTART)
        steps++;
    assert_true(steps > STEPS_MIN);
    assert_int_equal(space_resident_pages(&space), MANY);
}

/* Steps until a call says that it is done; none may free more than its share. */
static unsigned count_steps(enum status (*step)(void))
{
    uint64_t used = test_pages_used(account);
    unsigned steps = 1;
    while (step() == STATUS_RESTART) {
        assert_in_range(used - test_pages_used(account), 0, 2 * SPACE_STEP_LIMIT);
        used = test_pages_used(account);
        steps++;
    }
    return steps;
}

static enum status unmap_step(void)
{
    return space_unmap(&space, PLACE, SIZE);
}

static void unmapping_frees_some_pages_in_each_step(void **state)
{
    map_filled(NULL);
    assert_in_range(count_steps(unmap_step), STEPS_MIN, 3 * STEPS_MIN);
    assert_int_equal(space_resident_pages(&space), 0);
    assert_int_equal(space.mapped_bytes, 0);
    assert_null(space.root);
}

static void a_range_stays_taken_until_it_is_unmapped(void **state)
{
    uint64_t address;
    struct mapping_information information;
    struct call_step step = {0};
    map_filled(NULL);
    assert_int_equal(unmap_step(), STATUS_RESTART);
    assert_int_equal(get_byte(PLACE), -1);
    struct map_request request = {
        .address = PLACE, .length = PAGE_SIZE, .flags = READ_WRITE, .allowed = MAP_PROTECTION};
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    assert_true(address >= PLACE + SIZE);
    assert_int_equal(space_inspect(&space, 0, true, &information, &step), STATUS_OK);
    assert_int_equal(information.start, address);
    assert_int_equal(space_protect(&space, PLACE, PAGE_SIZE, READ_WRITE, &step), STATUS_NO_RIGHT);
    assert_int_equal(space_unmap(&space, PLACE + 5 * PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    count_steps(unmap_step);
    assert_int_equal(space_unmap(&space, address, PAGE_SIZE), STATUS_OK);
    assert_null(space.root);
    assert_int_equal(space.mapped_bytes, 0);
}

static enum status replace_step(void)
{
    struct call_step step = {0};
    return map_step(NULL, PLACE, READ_WRITE | MAP_FIXED_ADDRESS, &step);
}

/* Of several mappings with holes between them. */
static void replacing_leaves_no_gap_in_time(void **state)
{
    map_filled(NULL);
    for (uint64_t i = 10; i < MANY; i += 100)
        assert_int_equal(space_unmap(&space, PLACE + i * PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    while (replace_step() == STATUS_RESTART)
        assert_false(range_is_free(&space, PLACE, SIZE));
    assert_int_equal(space.mapped_bytes, SIZE);
    assert_int_equal(get_byte(PLACE), 0);
    assert_true(put_byte(PLACE + 10 * PAGE_SIZE, 'x'));
    count_steps(unmap_step);
    assert_int_equal(space.mapped_bytes, 0);
}

/* What is there takes steps to go before the new pages take steps to come. */
static void replacing_with_pages_present_does_both(void **state)
{
    map_filled(NULL);
    assert_true(put_byte(PLACE + SIZE - 1, 'o'));
    map_filled(NULL);
    assert_int_equal(get_byte(PLACE + SIZE - 1), 0);
    assert_true(put_byte(PLACE + SIZE - 1, 'n'));
    count_steps(unmap_step);
    assert_int_equal(space.mapped_bytes, 0);
}

static struct call_step progress;

static enum status protect_step(void)
{
    return space_protect(&space, PLACE, SIZE, MAP_READ, &progress);
}

static void protection_shrinks_in_steps(void **state)
{
    map_filled(NULL);
    assert_true(put_byte(PLACE + SIZE - 1, 'z'));
    progress = (struct call_step){0};
    assert_int_equal(protect_step(), STATUS_RESTART);
    assert_false(put_byte(PLACE, 'x'));
    count_steps(protect_step);
    for (uint64_t i = 0; i < MANY; i += 7)
        assert_false(put_byte(PLACE + i * PAGE_SIZE, 'x'));
    assert_int_equal(get_byte(PLACE + SIZE - 1), 'z');
    count_steps(unmap_step);
}

static enum status discard_step(void)
{
    return space_discard(&space, PLACE, SIZE, &progress);
}

static void private_pages_are_discarded_in_steps(void **state)
{
    map_filled(NULL);
    assert_true(put_byte(PLACE + SIZE - 1, 'z'));
    progress = (struct call_step){0};
    assert_true(count_steps(discard_step) >= STEPS_MIN);
    assert_int_equal(space_resident_pages(&space), 0);
    assert_int_equal(get_byte(PLACE + SIZE - 1), 0);
    count_steps(unmap_step);
}

static void a_large_mapping_is_counted_in_steps(void **state)
{
    struct mapping_information information;
    struct call_step step = {0};
    unsigned steps = 1;
    map_filled(NULL);
    while (space_inspect(&space, PLACE, true, &information, &step) == STATUS_RESTART)
        steps++;
    assert_true(steps > 1);
    assert_int_equal(information.resident_pages, MANY);
    count_steps(unmap_step);
}

static enum status move_step(void)
{
    uint64_t address;
    const struct remap_request request = {.address = PLACE,
                                          .old_length = SIZE,
                                          .new_length = SIZE,
                                          .new_address = PLACE + 2 * SIZE,
                                          .flags = REMAP_MAY_MOVE | REMAP_FIXED};
    return space_remap(&space, &request, &address);
}

static void a_mapping_is_moved_in_steps(void **state)
{
    map_filled(NULL);
    assert_true(put_byte(PLACE, 'a'));
    assert_int_equal(move_step(), STATUS_RESTART);
    assert_int_equal(get_byte(PLACE), 'a');
    assert_true(put_byte(PLACE + PAGE_SIZE, 'b'));
    assert_true(count_steps(move_step) > 1);
    assert_int_equal(space_resident_pages(&space), 0);
    assert_int_equal(get_byte(PLACE), -1);
    assert_int_equal(get_byte(PLACE + 2 * SIZE), 'a');
    assert_int_equal(get_byte(PLACE + 2 * SIZE + PAGE_SIZE), 'b');
    end_space(&space);
    assert_int_equal(space_init(&space, account), STATUS_OK);
}

static void a_process_may_end_between_steps(void **state)
{
    map_filled(NULL);
    assert_int_equal(unmap_step(), STATUS_RESTART);
    end_space(&space);
    assert_int_equal(test_pages_used(account), 0);
    assert_int_equal(space_init(&space, account), STATUS_OK);
}

/* Memory objects. */

static struct memory *memory;

static enum status resize_step(void)
{
    return memory_resize(memory, PAGE_SIZE + 1);
}

static void a_memory_object_shrinks_in_steps(void **state)
{
    assert_int_equal(memory_create(account, SIZE, 0, &memory), STATUS_OK);
    map_filled(memory);
    assert_true(put_byte(PLACE + 900 * PAGE_SIZE, 'o'));
    assert_int_equal(resize_step(), STATUS_RESTART);
    assert_int_equal(memory->size, PAGE_SIZE + 1);
    assert_int_equal(memory_resize(memory, SIZE), STATUS_RESTART);
    assert_int_equal(memory->size, PAGE_SIZE + 1);
    assert_true(count_steps(resize_step) > STEPS_MIN / 2);
    assert_int_equal(memory->resident_pages, 2);
    assert_int_equal(space_resident_pages(&space), 2);
    while (memory_resize(memory, SIZE) == STATUS_RESTART)
        continue;
    assert_int_equal(get_byte(PLACE + 900 * PAGE_SIZE), 0);
    count_steps(unmap_step);
    object_release(&memory->object);
}

/* All of `memory`, at the i-th of a row of places; where that is. */
static uint64_t map_in_row(uint64_t i)
{
    struct map_request request = {.memory = memory,
                                  .address = PLACE + 2 * i * SIZE,
                                  .length = SIZE,
                                  .flags = READ_WRITE | MAP_FIXED_ADDRESS,
                                  .allowed = MAP_PROTECTION};
    uint64_t address;
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    return address;
}

/* A walk over more mappings than one step deals with. */
static void pages_leave_many_mappings_in_steps(void **state)
{
    struct call_step step = {0};
    unsigned steps = 1;
    assert_int_equal(memory_create(account, SIZE, 0, &memory), STATUS_OK);
    for (uint64_t i = 0; i < 40; i++) {
        assert_true(put_byte(map_in_row(i), (char)i));
    }
    while (memory_discard(memory, 0, PAGE_SIZE, &step) == STATUS_RESTART)
        steps++;
    assert_true(steps > 3);
    assert_int_equal(space_resident_pages(&space), 0);
    for (uint64_t i = 0; i < 40; i++) {
        assert_int_equal(get_byte(PLACE + 2 * i * SIZE), 0);
        while (space_unmap(&space, PLACE + 2 * i * SIZE, SIZE) == STATUS_RESTART)
            continue;
    }
    object_release(&memory->object);
}

static void protect_part(uint64_t address, uint64_t length, uint32_t flags)
{
    struct call_step step = {0};
    while (space_protect(&space, address, length, flags, &step) == STATUS_RESTART)
        continue;
}

/* What one mapping shows becomes another's while a walk has dealt with one of the two. */
static void no_page_escapes_a_walk_by_a_cut_or_a_join(void **state)
{
    const uint64_t half = SIZE / 2;
    struct call_step step = {0};
    uint64_t address;
    assert_int_equal(memory_create(account, SIZE, 0, &memory), STATUS_OK);
    for (uint64_t i = 0; i < 20; i++) {
        address = map_in_row(i);
        assert_true(put_byte(address + SIZE - 1, (char)i));
    }
    protect_part(PLACE + half, half, MAP_READ);
    assert_int_equal(memory_discard(memory, SIZE - PAGE_SIZE, PAGE_SIZE, &step), STATUS_RESTART);
    protect_part(PLACE + half, half, READ_WRITE);
    protect_part(address + half, half, MAP_READ);
    while (memory_discard(memory, SIZE - PAGE_SIZE, PAGE_SIZE, &step) == STATUS_RESTART)
        continue;
    assert_int_equal(space_resident_pages(&space), 0);
    end_space(&space);
    assert_int_equal(space_init(&space, account), STATUS_OK);
    object_release(&memory->object);
}

/* A memory object, mapped at PLACE by a handle of its own. */
static struct map_request map_derived(struct derivation *derivation)
{
    uint64_t address;
    assert_int_equal(memory_create(account, SIZE, 0, &memory), STATUS_OK);
    struct map_request request = {.memory = memory,
                                  .derivation = derivation,
                                  .address = PLACE,
                                  .length = SIZE,
                                  .flags = READ_WRITE | MAP_FIXED_ADDRESS,
                                  .allowed = MAP_PROTECTION};
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    return request;
}

static void revoked_mappings_go_in_steps(void **state)
{
    struct derivation derivation = {.references = 1};
    unsigned steps = 1;
    (void)map_derived(&derivation);
    for (uint64_t i = 0; i < MANY; i++)
        assert_true(put_byte(PLACE + i * PAGE_SIZE, 'r'));
    derivation.dead = true;
    while (!memory_unmap_revoked_step(memory))
        steps++;
    assert_true(steps > 1);
    assert_int_equal(space_resident_pages(&space), 0);
    assert_int_equal(get_byte(PLACE), -1);
    count_steps(unmap_step);
    assert_int_equal(derivation.references, 1);
    object_release(&memory->object);
}

/* Of a mapping that was cut, and then grew downwards by what was mapped next to it. */
static void what_was_joined_is_revoked_too(void **state)
{
    struct derivation derivation = {.references = 1};
    uint64_t address;
    struct map_request request = map_derived(&derivation);
    while (space_unmap(&space, PLACE, SIZE / 2) == STATUS_RESTART)
        continue;
    request.length = SIZE / 2;
    assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
    assert_int_equal(derivation.references, 2);
    assert_true(put_byte(PLACE, 'r'));
    derivation.dead = true;
    while (!memory_unmap_revoked_step(memory))
        continue;
    assert_int_equal(space_resident_pages(&space), 0);
    count_steps(unmap_step);
    object_release(&memory->object);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, space_setup, space_teardown)
    const struct CMUnitTest tests[] = {
        TEST(unmapping_frees_some_pages_in_each_step),
        TEST(a_range_stays_taken_until_it_is_unmapped),
        TEST(replacing_leaves_no_gap_in_time),
        TEST(replacing_with_pages_present_does_both),
        TEST(protection_shrinks_in_steps),
        TEST(private_pages_are_discarded_in_steps),
        TEST(a_large_mapping_is_counted_in_steps),
        TEST(a_mapping_is_moved_in_steps),
        TEST(a_process_may_end_between_steps),
        TEST(a_memory_object_shrinks_in_steps),
        TEST(pages_leave_many_mappings_in_steps),
        TEST(no_page_escapes_a_walk_by_a_cut_or_a_join),
        TEST(revoked_mappings_go_in_steps),
        TEST(what_was_joined_is_revoked_too),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
