/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/memory_map.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void expect_range(const struct boot_info *boot, uint32_t n, uint64_t start, uint64_t end,
                         uint32_t kind)
{
    assert_true(n < boot->memory_count);
    assert_int_equal(boot->memory[n].start, start);
    assert_int_equal(boot->memory[n].end, end);
    assert_int_equal(boot->memory[n].kind, kind);
}

static void test_sorts_and_joins(void **state)
{
    struct boot_info boot = {0};
    (void)state;
    assert_true(memory_map_set(&boot, 0x5000, 0x6000, BOOT_MEMORY_FREE));
    assert_true(memory_map_set(&boot, 0x1000, 0x2000, BOOT_MEMORY_FREE));
    assert_true(memory_map_set(&boot, 0x2000, 0x3000, BOOT_MEMORY_FREE));
    assert_int_equal(boot.memory_count, 2);
    expect_range(&boot, 0, 0x1000, 0x3000, BOOT_MEMORY_FREE);
    expect_range(&boot, 1, 0x5000, 0x6000, BOOT_MEMORY_FREE);
}

static void test_splits(void **state)
{
    struct boot_info boot = {0};
    (void)state;
    assert_true(memory_map_set(&boot, 0x0, 0x10000, BOOT_MEMORY_FREE));
    assert_true(memory_map_set(&boot, 0x4000, 0x5000, BOOT_MEMORY_KERNEL));
    assert_int_equal(boot.memory_count, 3);
    expect_range(&boot, 0, 0x0, 0x4000, BOOT_MEMORY_FREE);
    expect_range(&boot, 1, 0x4000, 0x5000, BOOT_MEMORY_KERNEL);
    expect_range(&boot, 2, 0x5000, 0x10000, BOOT_MEMORY_FREE);
    assert_int_equal(memory_map_find(&boot, 0x4fff)->kind, BOOT_MEMORY_KERNEL);
    assert_null(memory_map_find(&boot, 0x10000));
}

static void test_covers_several(void **state)
{
    struct boot_info boot = {0};
    (void)state;
    for (uint64_t at = 0; at < 8; at++)
        assert_true(memory_map_set(&boot, at * 0x2000, at * 0x2000 + 0x1000, BOOT_MEMORY_FREE));
    assert_true(memory_map_set(&boot, 0x2800, 0xa800, BOOT_MEMORY_RESERVED));
    assert_int_equal(boot.memory_count, 4);
    expect_range(&boot, 1, 0x2000, 0xb000, BOOT_MEMORY_RESERVED);
}

static void test_rounds_free_memory_inwards(void **state)
{
    struct boot_info boot = {0};
    (void)state;
    assert_true(memory_map_set(&boot, 0x100, 0x2f00, BOOT_MEMORY_FREE));
    expect_range(&boot, 0, 0x1000, 0x2000, BOOT_MEMORY_FREE);
    assert_true(memory_map_set(&boot, 0x3100, 0x3200, BOOT_MEMORY_FREE));
    assert_true(memory_map_set(&boot, UINT64_MAX - 1, 5, BOOT_MEMORY_RESERVED));
    assert_int_equal(boot.memory_count, 1);
}

static void test_full_table_changes_nothing(void **state)
{
    struct boot_info boot = {0};
    (void)state;
    for (uint64_t at = 0; at < BOOT_MEMORY_RANGES; at++)
        assert_true(memory_map_set(&boot, at * 0x4000, at * 0x4000 + 0x3000, BOOT_MEMORY_FREE));
    struct boot_info before = boot;
    assert_false(memory_map_set(&boot, 0x1000, 0x2000, BOOT_MEMORY_KERNEL));
    assert_memory_equal(&before, &boot, sizeof(boot));
}

/* Against a plain array of kinds, one for each page. */
static void test_random_ranges(void **state)
{
    enum { PAGES = 24 };
    struct boot_info boot = {0};
    uint32_t model[PAGES] = {0};
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 2000; round++) {
        unsigned start = (unsigned)rand() % PAGES, length = (unsigned)rand() % 6;
        unsigned end = start + length < PAGES ? start + length : PAGES;
        uint32_t kind = 1 + (uint32_t)rand() % 5;
        assert_true(memory_map_set(&boot, start * 0x1000ul, end * 0x1000ul, kind));
        for (unsigned page = start; page < end; page++)
            model[page] = kind;
        for (unsigned page = 0; page < PAGES; page++) {
            const struct boot_memory *range = memory_map_find(&boot, page * 0x1000ul + 5);
            assert_int_equal(range == NULL ? 0 : range->kind, model[page]);
        }
        for (uint32_t i = 1; i < boot.memory_count; i++)
            assert_true(boot.memory[i - 1].end <= boot.memory[i].start);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorts_and_joins),
        cmocka_unit_test(test_splits),
        cmocka_unit_test(test_covers_several),
        cmocka_unit_test(test_rounds_free_memory_inwards),
        cmocka_unit_test(test_full_table_changes_nothing),
        cmocka_unit_test(test_random_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
