/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Large pages: when there is one, and that whatever happens to a part of it the rest is as before. */
#include "space_fake.h"

#include <kernel/mapping.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define READ_WRITE (MAP_READ | MAP_WRITE)
#define PLACE UINT64_C(0x10000000)
#define SIZE (3 * LARGE_PAGE_SIZE)
#define PAGES 512
#define MACHINE_PAGES 8192
#define STEPS_MAX 40 /* of sixteen pages each, and some to spare */

/* What memory holds before it is used. */
static void dirty_memory(void)
{
    static struct page *pages[MACHINE_PAGES];
    uint64_t count = 0;
    for (; page_allocate(NULL, 0, PAGE_NODE_ANY, &pages[count]) == STATUS_OK; count++)
        memset(page_address(pages[count]), 0xa5, PAGE_SIZE);
    while (count > 0)
        page_release(pages[--count]);
}

static enum status map(uint64_t length)
{
    uint64_t address;
    struct map_request request = {.address = PLACE,
                                  .length = length,
                                  .flags = READ_WRITE | MAP_FIXED_ADDRESS,
                                  .allowed = MAP_PROTECTION};
    return space_map(&space, &request, &address);
}

static int setup(void **state)
{
    dirty_memory();
    space_setup(state);
    atomic_store(&account->limit[ALLOW_PAGES], UINT64_MAX);
    assert_int_equal(map(SIZE), STATUS_OK);
    return 0;
}

static enum status touch(struct space *in, uint64_t address, enum fault_access access)
{
    enum fault_kind kind;
    enum status status = STATUS_RESTART;
    for (unsigned steps = 0; status == STATUS_RESTART; steps++) {
        assert_true(steps < STEPS_MAX);
        status = space_fault(in, address, access, false, &kind);
    }
    return status;
}

static bool is_large(const struct space *in, uint64_t address, uint32_t rights)
{
    uint64_t physical;
    uint32_t flags;
    return arch_table_lookup(&in->table, address, &physical, &flags) &&
           flags == (PTE_LARGE | PTE_READ | rights);
}

/* What a program that runs in it sees and writes. */
static char *byte(struct space *in, uint64_t address, enum fault_access access)
{
    uint64_t physical;
    uint32_t flags, needed = access == FAULT_WRITE ? PTE_WRITE : PTE_READ;
    if (!arch_table_lookup(&in->table, address, &physical, &flags) || (flags & needed) == 0) {
        if (touch(in, address, access) != STATUS_OK)
            return NULL;
        assert_true(arch_table_lookup(&in->table, address, &physical, &flags));
        assert_true((flags & needed) != 0);
    }
    return (char *)arch_physical_to_virtual(physical & ~(PAGE_SIZE - 1)) + address % PAGE_SIZE;
}

static void put(struct space *in, uint64_t page, char value)
{
    *byte(in, PLACE + page * PAGE_SIZE, FAULT_WRITE) = value;
}

static int get(struct space *in, uint64_t page)
{
    const char *seen = byte(in, PLACE + page * PAGE_SIZE, FAULT_READ);
    return seen == NULL ? -1 : (unsigned char)*seen;
}

/* Pages [first, end) hold `value` in their first bytes, the rest of the first large page 'x'. */
static void expect_in(struct space *in, uint64_t first, uint64_t end, int value)
{
    for (uint64_t page = 0; page < PAGES; page++)
        assert_int_equal(get(in, page), page >= first && page < end ? value : 'x');
}

static void fill(void)
{
    for (uint64_t page = 0; page < PAGES; page++)
        put(&space, page, 'x');
    assert_true(is_large(&space, PLACE, PTE_WRITE));
}

static enum status repeat(enum status (*change)(struct call_step *step))
{
    struct call_step step = {0};
    enum status status;
    do
        status = change(&step);
    while (status == STATUS_RESTART);
    return status;
}

static enum status unmap_part(struct call_step *step)
{
    return space_unmap(&space, PLACE + 100 * PAGE_SIZE, 60 * PAGE_SIZE);
}

static enum status protect_part(struct call_step *step)
{
    return space_protect(&space, PLACE + 100 * PAGE_SIZE, 60 * PAGE_SIZE, MAP_READ, step);
}

static enum status discard_part(struct call_step *step)
{
    return space_discard(&space, PLACE + 100 * PAGE_SIZE, 60 * PAGE_SIZE, step);
}

static enum status discard_all(struct call_step *step)
{
    return space_discard(&space, PLACE, LARGE_PAGE_SIZE, step);
}

static enum status unmap_all(struct call_step *step)
{
    return space_unmap(&space, PLACE, SIZE);
}

static enum status move_part(struct call_step *step)
{
    const struct remap_request request = {PLACE, 100 * PAGE_SIZE, 100 * PAGE_SIZE, PLACE + SIZE,
                                          REMAP_MAY_MOVE | REMAP_FIXED};
    uint64_t address;
    return space_remap(&space, &request, &address);
}

static void a_stretch_entered_at_its_beginning_is_large(void **state)
{
    uint64_t used = test_pages_used(account);
    assert_int_equal(touch(&space, PLACE + 3 * PAGE_SIZE, FAULT_WRITE), STATUS_OK);
    assert_true(is_large(&space, PLACE, PTE_WRITE));
    assert_int_equal(space_resident_pages(&space), PAGES);
    assert_in_range(test_pages_used(account), used + PAGES, used + PAGES + 5);
    for (uint64_t at = 0; at < LARGE_PAGE_SIZE; at++)
        assert_int_equal(*byte(&space, PLACE + at, FAULT_READ), 0);
    assert_int_equal(repeat(unmap_all), STATUS_OK);
    assert_int_equal(space_resident_pages(&space), 0);
    assert_in_range(test_pages_used(account), used, used + 3);
}

static void one_entered_elsewhere_is_not(void **state)
{
    assert_int_equal(touch(&space, PLACE + 40 * PAGE_SIZE, FAULT_WRITE), STATUS_OK);
    assert_int_equal(touch(&space, PLACE, FAULT_WRITE), STATUS_OK);
    assert_int_equal(space_resident_pages(&space), 2);
    for (uint64_t at = 0; at < PAGE_SIZE; at++)
        assert_int_equal(*byte(&space, PLACE + at, FAULT_READ), 0);
}

static void nor_is_what_a_mapping_has_in_part(void **state)
{
    const uint64_t last = PLACE + 3 * LARGE_PAGE_SIZE;
    struct call_step step = {0};
    assert_int_equal(space_unmap(&space, last - PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    assert_int_equal(touch(&space, last - LARGE_PAGE_SIZE, FAULT_WRITE), STATUS_OK);
    assert_int_equal(space_resident_pages(&space), 1);
    assert_int_equal(space_protect(&space, PLACE, PAGE_SIZE, MAP_READ, &step), STATUS_OK);
    assert_int_equal(touch(&space, PLACE + PAGE_SIZE, FAULT_WRITE), STATUS_OK);
    assert_int_equal(space_resident_pages(&space), 2);
}

static void who_is_poor_gets_small_pages(void **state)
{
    atomic_store(&account->limit[ALLOW_PAGES], test_pages_used(account) + PAGES - 1);
    assert_int_equal(touch(&space, PLACE, FAULT_WRITE), STATUS_OK);
    assert_int_equal(space_resident_pages(&space), 1);
}

static void without_a_block_there_are_small_pages(void **state)
{
    page_fail_after(1);
    assert_int_equal(touch(&space, PLACE, FAULT_WRITE), STATUS_OK);
    page_fail_after(0);
    assert_int_equal(space_resident_pages(&space), 1);
}

static void a_part_is_unmapped(void **state)
{
    fill();
    uint64_t used = test_pages_used(account);
    assert_int_equal(repeat(unmap_part), STATUS_OK);
    assert_in_range(test_pages_used(account), used - 60, used - 57);
    expect_in(&space, 100, 160, -1);
    put(&space, 99, 'x');
}

static void a_part_is_protected(void **state)
{
    enum fault_kind kind;
    fill();
    assert_int_equal(repeat(protect_part), STATUS_OK);
    assert_int_equal(space_fault(&space, PLACE + 120 * PAGE_SIZE, FAULT_WRITE, false, &kind),
                     STATUS_BAD_ADDRESS);
    expect_in(&space, 0, 0, 0);
}

static void a_part_is_discarded(void **state)
{
    fill();
    uint64_t used = test_pages_used(account);
    assert_int_equal(repeat(discard_part), STATUS_OK);
    assert_int_equal(test_pages_used(account), used - 60);
    expect_in(&space, 100, 160, 0);
}

static void what_was_discarded_is_large_again(void **state)
{
    fill();
    assert_int_equal(repeat(discard_all), STATUS_OK);
    assert_int_equal(get(&space, 0), 0);
    assert_true(is_large(&space, PLACE, PTE_WRITE));
    for (uint64_t page = 0; page < PAGES; page++)
        assert_int_equal(get(&space, page), 0);
}

static void whose_small_pages_have_gone_is_large(void **state)
{
    put(&space, 300, 'x');
    assert_int_equal(space_resident_pages(&space), 1);
    assert_int_equal(repeat(discard_all), STATUS_OK);
    put(&space, 0, 'x');
    assert_true(is_large(&space, PLACE, PTE_WRITE));
    assert_int_equal(get(&space, 300), 0);
}

static void a_part_is_moved(void **state)
{
    fill();
    assert_int_equal(repeat(move_part), STATUS_OK);
    expect_in(&space, 0, 100, -1);
    assert_int_equal(get(&space, SIZE / PAGE_SIZE + 99), 'x');
}

static void clone(struct space *to)
{
    assert_int_equal(space_init(to, account), STATUS_OK);
    assert_int_equal(clone_space(to), STATUS_OK);
}

static void a_clone_sees_none_of_what_is_written(void **state)
{
    struct space other;
    fill();
    clone(&other);
    assert_true(is_large(&space, PLACE, 0));
    put(&space, 100, 'p');
    put(&other, 100, 'c');
    expect_in(&space, 100, 101, 'p');
    expect_in(&other, 100, 101, 'c');
    end_space(&other);
    put(&space, 101, 'x');
    expect_in(&space, 100, 101, 'p');
}

static void without_the_clone_it_can_be_written_as_a_whole(void **state)
{
    struct space other;
    fill();
    clone(&other);
    end_space(&other);
    put(&space, 511, 'x');
    assert_true(is_large(&space, PLACE, PTE_WRITE));
    expect_in(&space, 0, 0, 0);
}

/* The pages that are not zeroed yet are nobody's to see. */
static void a_clone_is_made_while_it_is_filled(void **state)
{
    struct space other;
    enum fault_kind kind;
    for (unsigned steps = 0; steps < 10; steps++)
        assert_int_equal(space_fault(&space, PLACE, FAULT_WRITE, false, &kind), STATUS_RESTART);
    clone(&other);
    put(&space, 300, 'p');
    put(&other, 300, 'c');
    for (uint64_t page = 0; page < PAGES; page++) {
        assert_int_equal(get(&space, page), page == 300 ? 'p' : 0);
        assert_int_equal(get(&other, page), page == 300 ? 'c' : 0);
    }
    end_space(&other);
}

static void an_outsider_comes_while_it_is_filled(void **state)
{
    struct page *page;
    enum fault_kind kind;
    assert_int_equal(space_fault(&space, PLACE, FAULT_WRITE, false, &kind), STATUS_RESTART);
    assert_int_equal(space_get_page(&space, PLACE + 320 * PAGE_SIZE, true, &page), STATUS_OK);
    const char *bytes = page_address(page);
    for (uint64_t at = 0; at < PAGE_SIZE; at++)
        assert_int_equal(bytes[at], 0);
    page_release(page);
    assert_int_equal(touch(&space, PLACE, FAULT_WRITE), STATUS_OK);
    for (uint64_t at = 0; at < PAGES; at++)
        assert_int_equal(get(&space, at), 0);
}

static void it_may_be_unmapped_while_it_is_filled(void **state)
{
    enum fault_kind kind;
    uint64_t used = test_pages_used(account);
    assert_int_equal(space_fault(&space, PLACE, FAULT_WRITE, false, &kind), STATUS_RESTART);
    assert_int_equal(repeat(unmap_all), STATUS_OK);
    assert_in_range(test_pages_used(account), used - 1, used);
}

/* Everything that allocates about a large page, stopping at the first failure. */
static enum status exercise(struct space *other)
{
    struct call_step step = {0};
    enum status status = map(SIZE);
    for (uint64_t at = 0; status == STATUS_OK && at < SIZE; at += LARGE_PAGE_SIZE)
        status = touch(&space, PLACE + at, FAULT_WRITE);
    if (status == STATUS_OK)
        status = clone_space(other);
    if (status == STATUS_OK)
        status = touch(&space, PLACE, FAULT_WRITE);
    if (status == STATUS_OK)
        status = touch(other, PLACE + LARGE_PAGE_SIZE, FAULT_WRITE);
    if (status == STATUS_OK)
        status = repeat(unmap_part);
    if (status == STATUS_OK)
        status = space_discard(other, PLACE + 2 * LARGE_PAGE_SIZE, 4 * PAGE_SIZE, &step);
    return status;
}

static void failing_anywhere_leaks_nothing(void **state)
{
    enum status status = STATUS_NO_MEMORY;
    uint64_t runs = 0, free_before = page_count_free();
    for (; runs < 40 || status != STATUS_OK; runs++) {
        struct account *poor = test_account_create(MACHINE_PAGES);
        struct space saved = space, other;
        assert_int_equal(space_init(&space, poor), STATUS_OK);
        assert_int_equal(space_init(&other, poor), STATUS_OK);
        page_fail_after(runs + 1);
        status = exercise(&other);
        page_fail_after(0);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        end_space(&other);
        end_space(&space);
        test_account_end(poor);
        space = saved;
    }
    assert_in_range(page_count_free(), free_before - 16, free_before);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, space_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_stretch_entered_at_its_beginning_is_large),
        TEST(one_entered_elsewhere_is_not),
        TEST(nor_is_what_a_mapping_has_in_part),
        TEST(who_is_poor_gets_small_pages),
        TEST(without_a_block_there_are_small_pages),
        TEST(a_part_is_unmapped),
        TEST(a_part_is_protected),
        TEST(a_part_is_discarded),
        TEST(what_was_discarded_is_large_again),
        TEST(whose_small_pages_have_gone_is_large),
        TEST(a_part_is_moved),
        TEST(a_clone_sees_none_of_what_is_written),
        TEST(without_the_clone_it_can_be_written_as_a_whole),
        TEST(a_clone_is_made_while_it_is_filled),
        TEST(an_outsider_comes_while_it_is_filled),
        TEST(it_may_be_unmapped_while_it_is_filled),
        TEST(failing_anywhere_leaks_nothing),
    };
    host_memory_init(MACHINE_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
