/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/test_memory.h>
#include <kernel/slab.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void blocks_are_aligned_and_come_back_together(void **state)
{
    uint64_t free_before = page_count_free();
    struct page *pages[PAGE_ORDER_MAX + 1];
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
        assert_int_equal(page_allocate(NULL, order, PAGE_NODE_ANY, &pages[order]), STATUS_OK);
        assert_int_equal(page_physical(pages[order]) % (PAGE_SIZE << order), 0);
        assert_ptr_equal(page_of_physical(page_physical(pages[order])), pages[order]);
    }
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++)
        page_release(pages[order]);
    assert_int_equal(page_count_free(), free_before);
    assert_int_equal(page_allocate(NULL, PAGE_ORDER_MAX, PAGE_NODE_ANY, &pages[0]), STATUS_OK);
    page_release(pages[0]);
}

static void every_page_can_be_had_once(void **state)
{
    static struct page *pages[TEST_PAGES];
    uint64_t free_before = page_count_free(), count = 0;
    while (page_allocate(NULL, 0, PAGE_NODE_ANY, &pages[count]) == STATUS_OK) {
        memset(page_address(pages[count]), 0xa5, PAGE_SIZE);
        count++;
    }
    assert_int_equal(count, free_before);
    assert_int_equal(page_count_free(), 0);
    for (uint64_t i = 0; i < count; i++)
        page_release(pages[i]);
    assert_int_equal(page_count_free(), free_before);
}

static void an_account_pays_until_its_limit(void **state)
{
    struct account *account = test_account_create(5);
    struct page *four, *two;
    assert_int_equal(page_allocate(account, 2, PAGE_NODE_ANY, &four), STATUS_OK);
    assert_int_equal(test_pages_used(account), 4);
    assert_int_equal(page_allocate(account, 1, PAGE_NODE_ANY, &two), STATUS_NO_MEMORY);
    assert_int_equal(test_pages_used(account), 4);
    page_acquire(four);
    page_release(four);
    assert_int_equal(test_pages_used(account), 4);
    page_release(four);
    test_account_end(account);
}

static void charges_reach_the_parents(void **state)
{
    struct account *parent = test_account_create(10), *child;
    const struct account_limits limits = {.pages = 100, .handles = 3};
    assert_int_equal(account_create(parent, &limits, &child), STATUS_OK);
    uint64_t own = test_pages_used(parent);
    assert_int_equal(account_charge(child, ALLOW_PAGES, 10 - own), STATUS_OK);
    assert_int_equal(test_pages_used(parent), 10);
    assert_int_equal(account_charge(child, ALLOW_PAGES, 1), STATUS_NO_MEMORY);
    assert_int_equal(test_pages_used(child), 10 - own);
    assert_int_equal(account_charge(child, ALLOW_HANDLES, 4), STATUS_LIMIT);
    assert_int_equal(account_charge(child, ALLOW_HANDLES, UINT64_MAX), STATUS_LIMIT);
    account_uncharge(child, ALLOW_PAGES, 10 - own);
    test_account_end(child);
    test_account_end(parent);
}

static void small_objects_count_by_the_byte(void **state)
{
    struct account *account = test_account_create(2);
    assert_int_equal(account_charge_bytes(account, 1), STATUS_OK);
    assert_int_equal(account_charge_bytes(account, PAGE_SIZE - 1), STATUS_OK);
    assert_int_equal(test_pages_used(account), 1);
    assert_int_equal(account_charge_bytes(account, PAGE_SIZE + 1), STATUS_NO_MEMORY);
    assert_int_equal(account_charge_bytes(account, PAGE_SIZE), STATUS_OK);
    assert_int_equal(test_pages_used(account), 2);
    account_uncharge_bytes(account, 2 * PAGE_SIZE);
    test_account_end(account);
}

struct thing {
    char bytes[200];
};

static struct slab_cache thing_cache = SLAB_CACHE("thing", struct thing);

static void slab_objects_are_zero_apart_and_charged(void **state)
{
    enum { COUNT = 100 };
    struct account *account = test_account_create(COUNT);
    struct thing *things[COUNT];
    for (int i = 0; i < COUNT; i++) {
        things[i] = slab_allocate(&thing_cache, account);
        assert_non_null(things[i]);
        for (size_t j = 0; j < sizeof(struct thing); j++)
            assert_int_equal(things[i]->bytes[j], 0);
        memset(things[i], i + 1, sizeof(struct thing));
    }
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(things[i]->bytes[sizeof(struct thing) - 1], i + 1);
    assert_in_range(test_pages_used(account), 5, 6);
    for (int i = 0; i < COUNT; i++)
        slab_free(&thing_cache, account, things[(i * 37) % COUNT]);
    assert_int_equal(thing_cache.used, 0);
    assert_int_equal(thing_cache.pages, 1);
    test_account_end(account);
}

static void arrays_of_every_size(void **state)
{
    struct account *account = test_account_create(TEST_PAGES);
    for (size_t size = 1; size < 100000; size = size * 3 / 2 + 1) {
        void *array = memory_allocate(account, size);
        assert_non_null(array);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(((char *)array)[i], 0);
        memset(array, 1, size);
        memory_free(account, array, size);
    }
    assert_null(memory_allocate(account, SIZE_MAX / 2));
    test_account_end(account);
}

static void a_refused_allocation_costs_nothing(void **state)
{
    struct account *account = test_account_create(TEST_PAGES);
    struct page *page;
    page_fail_after(1);
    assert_null(slab_allocate(&thing_cache, account));
    page_fail_after(1);
    assert_int_equal(page_allocate(account, 0, PAGE_NODE_ANY, &page), STATUS_NO_MEMORY);
    page_fail_after(0);
    test_account_end(account);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_aligned_and_come_back_together),
        cmocka_unit_test(every_page_can_be_had_once),
        cmocka_unit_test(an_account_pays_until_its_limit),
        cmocka_unit_test(charges_reach_the_parents),
        cmocka_unit_test(small_objects_count_by_the_byte),
        cmocka_unit_test(slab_objects_are_zero_apart_and_charged),
        cmocka_unit_test(arrays_of_every_size),
        cmocka_unit_test(a_refused_allocation_costs_nothing),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
