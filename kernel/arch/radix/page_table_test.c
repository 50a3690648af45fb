/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Page tables against an array that says what is where, on the host's entries. */
#include <arch/radix.h>

#include <arch/page_entry.h>
#include <arch/test_memory.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE UINT64_C(0x7f00001ff000) /* the last page of a table: the range goes on in another */
#define PAGES 1200
#define RIGHTS PTE_RIGHTS

static struct account *account;
static struct page_table table;

static void free_table(void)
{
    uint32_t limit = UINT32_MAX;
    assert_true(arch_table_free(&table, &limit));
}

static int setup(void **state)
{
    (void)state;
    account = test_account_create(UINT64_MAX);
    assert_int_equal(arch_table_init(&table, account), STATUS_OK);
    host_translation = (struct host_translation){0};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free_table();
    test_account_end(account);
    return 0;
}

static uint64_t count(struct page_table *in, uint64_t start, uint64_t end)
{
    return arch_table_protect(in, start, end, RIGHTS);
}

static uint64_t address_of(unsigned page)
{
    return BASE + page * PAGE_SIZE;
}

static void map(unsigned page, uint64_t physical, uint32_t flags)
{
    assert_int_equal(arch_table_map(&table, address_of(page), physical, flags), STATUS_OK);
}

static void expect(unsigned page, uint64_t physical, uint32_t flags)
{
    uint64_t found_physical;
    uint32_t found_flags;
    bool found = arch_table_lookup(&table, address_of(page), &found_physical, &found_flags);
    assert_int_equal(found, flags != 0);
    if (!found)
        return;
    assert_int_equal(found_physical, physical);
    assert_int_equal(found_flags, flags);
}

static void an_entry_keeps_page_and_rights(void **state)
{
    (void)state;
    static const uint32_t flags[] = {PTE_READ, PTE_READ | PTE_WRITE, PTE_READ | PTE_EXECUTE, RIGHTS,
                                     PTE_READ | PTE_WRITE | PTE_DEVICE};
    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        map(i, (i + 5) * PAGE_SIZE, flags[i]);
        expect(i, (i + 5) * PAGE_SIZE, flags[i]);
    }
    expect(5, 0, 0);
    assert_int_equal(table.resident_pages, 5);
    assert_int_equal(host_translation.added, 5);
    assert_int_equal(host_translation.fetched, 2);
    assert_int_equal(host_translation.forgets, 0);
}

static void another_page_is_told_and_more_rights_are_not(void **state)
{
    (void)state;
    map(0, 0, PTE_READ);
    map(0, 0, PTE_READ | PTE_WRITE);
    map(0, 0, PTE_READ | PTE_WRITE);
    assert_int_equal(host_translation.renewed, 2);
    assert_int_equal(host_translation.forgets, 0);
    map(0, 0, PTE_READ);
    assert_int_equal(host_translation.forgets, 1);
    map(0, PAGE_SIZE, PTE_READ | PTE_WRITE);
    assert_int_equal(host_translation.forgets, 2);
    map(0, PAGE_SIZE, PTE_READ | PTE_WRITE | PTE_DEVICE);
    assert_int_equal(host_translation.forgets, 3);
    expect(0, PAGE_SIZE, PTE_READ | PTE_WRITE | PTE_DEVICE);
    assert_int_equal(table.resident_pages, 1);
}

static void a_change_is_told_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PAGES; i += 3)
        map(i, i * PAGE_SIZE, PTE_READ | PTE_WRITE);
    uint64_t end = address_of(PAGES), mapped = PAGES / 3;
    assert_int_equal(arch_table_protect(&table, BASE, end, PTE_READ), mapped);
    assert_int_equal(host_translation.forgets, 1);
    assert_int_equal(host_translation.forgotten, mapped);
    assert_int_equal(arch_table_protect(&table, BASE, end, PTE_READ | PTE_EXECUTE), mapped);
    assert_int_equal(count(&table, BASE, end), mapped);
    assert_int_equal(host_translation.forgets, 1);
    assert_int_equal(arch_table_protect(&table, BASE, end, 0), mapped);
    assert_int_equal(host_translation.forgets, 2);
    assert_int_equal(arch_table_unmap(&table, BASE, end), 0);
    assert_int_equal(host_translation.forgets, 2);
    assert_int_equal(table.resident_pages, 0);
}

static void next_skips_what_has_no_table(void **state)
{
    (void)state;
    uint64_t far = BASE - (UINT64_C(1) << 40), end = far + (UINT64_C(1) << 30);
    uint64_t start = far - (UINT64_C(1) << 40), first = far & ~(PAGE_SIZE * 512 - 1);
    assert_int_equal(arch_table_next(&table, start, end), end);
    assert_int_equal(arch_table_map(&table, far, 0, PTE_READ), STATUS_OK);
    assert_int_equal(arch_table_next(&table, start, end), first);
    assert_int_equal(arch_table_next(&table, far + PAGE_SIZE, end), end);
    assert_int_equal(arch_table_next(&table, start, first), first);
    assert_int_equal(count(&table, start, end), 1);
}

#define LARGE (BASE + PAGE_SIZE) /* the table after that of BASE */

static bool large_is(uint64_t address, uint64_t physical, uint32_t flags)
{
    uint64_t found_physical;
    uint32_t found_flags;
    return arch_table_lookup(&table, address, &found_physical, &found_flags) &&
           found_physical == physical && found_flags == (flags | PTE_LARGE);
}

static void map_large(uint32_t flags)
{
    assert_int_equal(arch_table_map(&table, LARGE, LARGE_PAGE_SIZE, flags | PTE_LARGE), STATUS_OK);
}

static void a_large_page_is_changed_as_a_whole(void **state)
{
    (void)state;
    const uint64_t end = LARGE + LARGE_PAGE_SIZE;
    map_large(PTE_READ | PTE_WRITE);
    assert_true(
        large_is(LARGE + 5 * PAGE_SIZE, LARGE_PAGE_SIZE + 5 * PAGE_SIZE, PTE_READ | PTE_WRITE));
    assert_int_equal(table.resident_pages, 512);
    assert_int_equal(arch_table_next(&table, BASE, end), LARGE);
    assert_int_equal(count(&table, LARGE + PAGE_SIZE, end), 511);
    assert_int_equal(arch_table_protect(&table, BASE, end + PAGE_SIZE, PTE_READ), 512);
    assert_true(large_is(LARGE, LARGE_PAGE_SIZE, PTE_READ));
    assert_int_equal(arch_table_protect(&table, LARGE + PAGE_SIZE, end, PTE_READ | PTE_EXECUTE),
                     511);
    assert_int_equal(host_translation.forgets, 1);
    map_large(PTE_READ | PTE_WRITE);
    assert_int_equal(host_translation.renewed, 1);
    assert_int_equal(arch_table_unmap(&table, LARGE, end), 512);
    assert_int_equal(table.resident_pages, 0);
}

static void in_part_it_goes(void **state)
{
    (void)state;
    const uint64_t end = LARGE + LARGE_PAGE_SIZE;
    map_large(PTE_READ | PTE_WRITE);
    assert_int_equal(arch_table_protect(&table, LARGE, end - PAGE_SIZE, PTE_READ), 511);
    assert_int_equal(count(&table, LARGE, end), 0);
    map_large(PTE_READ | PTE_WRITE);
    assert_int_equal(arch_table_unmap(&table, LARGE + PAGE_SIZE, LARGE + 2 * PAGE_SIZE), 1);
    assert_int_equal(table.resident_pages, 0);
    map_large(PTE_READ | PTE_WRITE);
    assert_int_equal(host_translation.forgets, 2);
    assert_int_equal(arch_table_map(&table, LARGE + PAGE_SIZE, 0, PTE_READ), STATUS_OK);
    assert_int_equal(host_translation.forgets, 3);
    assert_int_equal(count(&table, LARGE, end), 1);
    assert_int_equal(table.resident_pages, 1);
    uint64_t used = test_pages_used(account);
    map_large(PTE_READ);
    assert_int_equal(table.resident_pages, 512);
    assert_int_equal(test_pages_used(account), used - 1);
    assert_int_equal(host_translation.forgets, 5);
}

static void the_table_that_a_large_page_replaces_is_used_no_more(void **state)
{
    (void)state;
    const uint64_t second = LARGE + PAGE_SIZE;
    assert_int_equal(arch_table_map(&table, second, 0, PTE_READ), STATUS_OK);
    map_large(PTE_READ);
    assert_int_equal(arch_table_unmap(&table, second, second + PAGE_SIZE), 1);
    assert_int_equal(count(&table, LARGE, LARGE + LARGE_PAGE_SIZE), 0);
    assert_int_equal(table.resident_pages, 0);
}

static void without_memory_nothing_changes(void **state)
{
    (void)state;
    uint64_t physical;
    uint32_t flags;
    uint64_t used = test_pages_used(account);
    unsigned failures = 0;
    for (enum status status = STATUS_NO_MEMORY; status != STATUS_OK;) {
        page_fail_after(failures + 1);
        status = arch_table_map(&table, BASE, 0, PTE_READ);
        page_fail_after(0);
        assert_int_equal(arch_table_lookup(&table, BASE, &physical, &flags), status == STATUS_OK);
        assert_int_equal(table.resident_pages, status == STATUS_OK);
        free_table();
        assert_int_equal(test_pages_used(account), used - 1);
        assert_int_equal(arch_table_init(&table, account), STATUS_OK);
        failures += status != STATUS_OK;
    }
    assert_int_equal(failures, ARCH_PAGE_LEVELS - 1);
}

static void tables_go_in_steps(void **state)
{
    (void)state;
    enum { TABLES = 40, LIMIT = 8 };
    for (uint64_t i = 0; i < TABLES; i++)
        assert_int_equal(arch_table_map(&table, LARGE + i * LARGE_PAGE_SIZE, 0, PTE_READ),
                         STATUS_OK);
    unsigned steps = 0;
    for (bool done = false; !done; steps++) {
        uint32_t limit = LIMIT;
        uint64_t used = test_pages_used(account);
        done = arch_table_free(&table, &limit);
        assert_int_equal(used - test_pages_used(account), LIMIT - limit);
    }
    assert_in_range(steps, TABLES / LIMIT + 1, TABLES / LIMIT + 2);
    assert_int_equal(arch_table_init(&table, account), STATUS_OK);
}

static void no_root_without_memory(void **state)
{
    (void)state;
    struct page_table other;
    page_fail_after(1);
    assert_int_equal(arch_table_init(&other, account), STATUS_NO_MEMORY);
    page_fail_after(0);
}

struct model {
    uint64_t physical;
    uint32_t flags; /* 0: nothing is there */
};

static unsigned model_count(const struct model *model, unsigned first, unsigned end)
{
    unsigned count = 0;
    for (; first < end; first++)
        count += model[first].flags != 0;
    return count;
}

/* One change of a random range, or a page mapped. */
static void change_both(struct model *model)
{
    unsigned first = (unsigned)rand() % PAGES, end = first + 1 + (unsigned)rand() % (PAGES - first);
    uint64_t start = address_of(first), stop = address_of(end);
    uint32_t flags = PTE_READ | ((uint32_t)rand() & (PTE_WRITE | PTE_EXECUTE));
    unsigned there = model_count(model, first, end);
    switch (rand() % 8) {
    case 0:
        assert_int_equal(arch_table_unmap(&table, start, stop), there);
        memset(&model[first], 0, (end - first) * sizeof(*model));
        break;
    case 1:
        assert_int_equal(arch_table_protect(&table, start, stop, flags), there);
        for (unsigned i = first; i < end; i++)
            model[i].flags &= flags;
        break;
    default:
        model[first] = (struct model){(unsigned)rand() % TEST_PAGES * PAGE_SIZE, flags};
        map(first, model[first].physical, flags);
    }
    assert_int_equal(count(&table, start, stop), model_count(model, first, end));
}

static void random_changes_do_what_they_do_to_an_array(void **state)
{
    (void)state;
    static struct model model[PAGES];
    srand(7);
    for (unsigned round = 0; round < 20000; round++) {
        change_both(model);
        if (round % 100 != 0)
            continue;
        for (unsigned i = 0; i < PAGES; i++)
            expect(i, model[i].physical, model[i].flags);
        assert_int_equal(table.resident_pages, model_count(model, 0, PAGES));
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_entry_keeps_page_and_rights),
        TEST(another_page_is_told_and_more_rights_are_not),
        TEST(a_change_is_told_once),
        TEST(next_skips_what_has_no_table),
        TEST(a_large_page_is_changed_as_a_whole),
        TEST(in_part_it_goes),
        TEST(the_table_that_a_large_page_replaces_is_used_no_more),
        TEST(without_memory_nothing_changes),
        TEST(tables_go_in_steps),
        TEST(no_root_without_memory),
        TEST(random_changes_do_what_they_do_to_an_array),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
