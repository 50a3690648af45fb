/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/nodes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

static struct boot_info boot;

static int setup(void **state)
{
    (void)state;
    nodes_forget();
    boot = (struct boot_info){.cpu_count = 3, .cpu_ids = {5, 9, 7}, .memory_count = 2};
    boot.memory[0] = (struct boot_memory){.end = 1 * MIB, .kind = BOOT_MEMORY_FREE};
    boot.memory[1] =
        (struct boot_memory){.start = 1 * MIB, .end = 9 * MIB, .kind = BOOT_MEMORY_KERNEL};
    return 0;
}

static void expect(uint32_t at, uint64_t start, uint64_t end, uint32_t kind, uint32_t node)
{
    assert_int_equal(boot.memory[at].start, start);
    assert_int_equal(boot.memory[at].end, end);
    assert_int_equal(boot.memory[at].kind, kind);
    assert_int_equal(boot.memory[at].node, node);
}

static void a_machine_that_says_nothing_has_one(void **state)
{
    (void)state;
    nodes_finish(&boot);
    assert_int_equal(boot.node_count, 1);
    assert_int_equal(boot.memory_count, 2);
    expect(1, 1 * MIB, 9 * MIB, BOOT_MEMORY_KERNEL, 0);
    assert_int_equal(boot.nearest[0], 0);
}

static void ranges_are_split_where_nodes_meet(void **state)
{
    (void)state;
    nodes_add_memory(40, 5 * MIB, 4 * MIB);
    nodes_add_memory(30, 0, 4 * MIB);
    nodes_add_cpu(30, 9);
    nodes_add_cpu(40, 7);
    nodes_add_cpu(40, 1234);
    nodes_finish(&boot);
    assert_int_equal(boot.node_count, 2);
    assert_int_equal(boot.memory_count, 4);
    expect(0, 0, 1 * MIB, BOOT_MEMORY_FREE, 1);
    expect(1, 1 * MIB, 4 * MIB, BOOT_MEMORY_KERNEL, 1);
    expect(2, 4 * MIB, 5 * MIB, BOOT_MEMORY_KERNEL, 0);
    expect(3, 5 * MIB, 9 * MIB, BOOT_MEMORY_KERNEL, 0);
    assert_int_equal(boot.cpu_nodes[0], 0);
    assert_int_equal(boot.cpu_nodes[1], 1);
    assert_int_equal(boot.cpu_nodes[2], 0);
}

static void the_nearest_come_first(void **state)
{
    (void)state;
    static const uint8_t distances[3][3] = {{10, 40, 20}, {40, 10, 15}, {20, 15, 10}};
    for (uint32_t from = 0; from < 3; from++) {
        nodes_add_memory(from, from * MIB, MIB);
        for (uint32_t to = 0; to < 3; to++)
            nodes_add_distance(from, to, distances[from][to]);
    }
    nodes_add_distance(99, 1, 1);
    nodes_finish(&boot);
    static const uint8_t nearest[3][3] = {{0, 2, 1}, {1, 2, 0}, {2, 1, 0}};
    for (unsigned from = 0; from < 3; from++)
        assert_memory_equal(&boot.nearest[from * BOOT_NODES], nearest[from], 3);
}

static void too_many_are_passed_over(void **state)
{
    (void)state;
    for (uint32_t domain = 0; domain < 100; domain++) {
        nodes_add_memory(domain, domain * MIB / 10 & ~UINT64_C(4095), 64 * 1024);
        nodes_add_cpu(domain, domain);
    }
    boot.memory_count = BOOT_MEMORY_RANGES;
    for (uint64_t i = 0; i < BOOT_MEMORY_RANGES; i++)
        boot.memory[i] =
            (struct boot_memory){.start = i * MIB, .end = (i + 1) * MIB, .kind = BOOT_MEMORY_FREE};
    nodes_finish(&boot);
    assert_int_equal(boot.node_count, BOOT_NODES);
    assert_int_equal(boot.memory_count, BOOT_MEMORY_RANGES);
    for (uint64_t i = 0; i < BOOT_MEMORY_RANGES; i++) {
        assert_int_equal(boot.memory[i].start, i * MIB);
        assert_true(boot.memory[i].node < BOOT_NODES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_machine_that_says_nothing_has_one, setup),
        cmocka_unit_test_setup(ranges_are_split_where_nodes_meet, setup),
        cmocka_unit_test_setup(the_nearest_come_first, setup),
        cmocka_unit_test_setup(too_many_are_passed_over, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
