/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* A clone of an address space is made in steps, by whoever needs it made, and is as that was when it was begun. */
#include "space_fake.h"

#include <kernel/mapping.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define PLACE UINT64_C(0x10000000)
#define APART 300
#define LAST (PLACE + 2 * (APART - 1) * PAGE_SIZE)
#define STEPS_MIN (APART * 4 / SPACE_STEP_LIMIT) /* a mapping costs as much as freeing four pages */

static struct space clone;

static unsigned count_steps(enum status (*step)(void))
{
    unsigned steps = 1;
    while (step() == STATUS_RESTART)
        steps++;
    return steps;
}

/* One page each, of which no two can be joined. */
static void map_apart(void)
{
    uint64_t address;
    for (uint64_t i = 0; i < APART; i++) {
        struct map_request request = {.address = PLACE + 2 * i * PAGE_SIZE,
                                      .length = PAGE_SIZE,
                                      .flags = READ_WRITE | MAP_FIXED_ADDRESS,
                                      .allowed = MAP_PROTECTION};
        assert_int_equal(space_map(&space, &request, &address), STATUS_OK);
        assert_true(put_byte(address, (char)(i % 100)));
    }
}

static void expect_apart(struct space *in)
{
    cpu_current()->arch.space = in;
    for (uint64_t i = 0; i < APART; i++)
        assert_int_equal(get_byte(PLACE + 2 * i * PAGE_SIZE), i % 100);
    assert_int_equal(get_byte(PLACE + PAGE_SIZE), -1);
    cpu_current()->arch.space = &space;
}

static enum status clone_step(void)
{
    return space_clone_step(&space, &clone);
}

static void begin_clone(void)
{
    assert_int_equal(space_init(&clone, account), STATUS_OK);
    assert_int_equal(space_clone_begin(&space, &clone, &account->object), STATUS_OK);
}

static void end_all(void)
{
    end_space(&clone);
    end_space(&space);
    assert_int_equal(space_init(&space, account), STATUS_OK);
}

static void a_clone_is_made_in_steps(void **state)
{
    map_apart();
    begin_clone();
    assert_in_range(count_steps(clone_step), STEPS_MIN, 3 * STEPS_MIN);
    for (uint64_t i = 0; i < APART; i++)
        assert_true(put_byte(PLACE + 2 * i * PAGE_SIZE, 'p'));
    expect_apart(&clone);
    end_all();
}

static enum status fault_step(void)
{
    enum fault_kind kind;
    return space_fault(&space, PLACE, FAULT_WRITE, false, &kind);
}

static enum status remap_step(void)
{
    uint64_t address;
    const struct remap_request request = {
        .address = PLACE, .old_length = PAGE_SIZE, .new_length = PAGE_SIZE * 2};
    return space_remap(&space, &request, &address);
}

static enum status protect_step(void)
{
    struct call_step step = {0};
    return space_protect(&space, PLACE, PAGE_SIZE, MAP_READ, &step);
}

static enum status discard_first_step(void)
{
    struct call_step step = {0};
    return space_discard(&space, PLACE, PAGE_SIZE, &step);
}

static enum status map_between_step(void)
{
    uint64_t address;
    struct call_step step = {0};
    struct map_request request = {.address = PLACE + PAGE_SIZE,
                                  .length = PAGE_SIZE,
                                  .flags = READ_WRITE | MAP_FIXED_ADDRESS,
                                  .allowed = MAP_PROTECTION,
                                  .step = &step};
    return space_map(&space, &request, &address);
}

static enum status outsider_step(void)
{
    struct page *page;
    enum status status = space_get_page(&space, PLACE, true, &page);
    if (status == STATUS_OK)
        page_release(page);
    return status;
}

static enum status unmap_all_step(void)
{
    return space_unmap(&space, PLACE, 2 * APART * PAGE_SIZE);
}

/* Whoever wants to change something makes the clone first, and it shows nothing of the change. */
static void who_changes_something_carries_a_clone_on(void **state)
{
    enum status (*const changes[])(void) = {fault_step,         remap_step,       protect_step,
                                            discard_first_step, map_between_step, outsider_step,
                                            unmap_all_step};
    for (unsigned i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        map_apart();
        begin_clone();
        assert_true(count_steps(changes[i]) >= STEPS_MIN);
        assert_null(space.copy);
        assert_int_equal(clone_step(), STATUS_OK);
        expect_apart(&clone);
        end_all();
    }
}

/* A copy that a call makes when all else is done cannot begin again. */
static void what_a_call_writes_at_its_end_waits_for_no_clone(void **state)
{
    map_apart();
    begin_clone();
    assert_int_equal(clone_step(), STATUS_RESTART); /* it is sealed from here on */
    assert_true(put_byte(PLACE, 'z'));
    assert_null(space.copy);
    expect_apart(&clone);
    end_all();
}

static void two_clones_are_made_one_after_the_other(void **state)
{
    struct space second;
    map_apart();
    begin_clone();
    assert_int_equal(space_init(&second, account), STATUS_OK);
    unsigned steps = 0;
    while (space_clone_begin(&space, &second, &account->object) == STATUS_RESTART)
        steps++;
    assert_true(steps >= STEPS_MIN);
    assert_int_equal(clone_step(), STATUS_OK);
    while (space_clone_step(&space, &second) == STATUS_RESTART)
        continue;
    expect_apart(&clone);
    expect_apart(&second);
    end_space(&second);
    end_all();
}

static void a_clone_that_nobody_wants_any_more_is_left(void **state)
{
    map_apart();
    begin_clone();
    assert_int_equal(clone_step(), STATUS_RESTART);
    space_clone_abandon(&space, &clone);
    end_space(&clone);
    assert_int_equal(fault_step(), STATUS_OK);
    end_space(&space);
    assert_int_equal(test_pages_used(account), 0);
    assert_int_equal(space_init(&space, account), STATUS_OK);
}

/* What was written since the last clone is all that the next has to take back. */
static void what_is_written_behind_a_seal_breaks_it(void **state)
{
    struct space other;
    map_apart();
    begin_clone();
    assert_true(count_steps(clone_step) > 1);
    assert_int_equal(space.sealed, LAST + PAGE_SIZE);
    assert_true(put_byte(LAST, 'a'));
    assert_int_equal(space.sealed, LAST);
    assert_int_equal(space_init(&other, account), STATUS_OK);
    assert_int_equal(space_clone_begin(&space, &other, &account->object), STATUS_OK);
    while (space_clone_step(&space, &other) == STATUS_RESTART)
        continue;
    assert_true(put_byte(LAST, 'b'));
    cpu_current()->arch.space = &other;
    assert_int_equal(get_byte(LAST), 'a');
    cpu_current()->arch.space = &space;
    end_space(&other);
    end_all();
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, space_setup, space_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_clone_is_made_in_steps),
        TEST(who_changes_something_carries_a_clone_on),
        TEST(what_a_call_writes_at_its_end_waits_for_no_clone),
        TEST(two_clones_are_made_one_after_the_other),
        TEST(a_clone_that_nobody_wants_any_more_is_left),
        TEST(what_is_written_behind_a_seal_breaks_it),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
