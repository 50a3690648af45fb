/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "device.h"

#include <device_tree/tree_fake.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <trellis/structures.h>

#include <cmocka.h>

static uint64_t tree[TREE_FAKE_SIZE / sizeof(uint64_t)];

static bool find(const char *name, struct device *device)
{
    *device = (struct device){0};
    return tree_find_device(tree, name, strlen(name), device);
}

static void test_the_console_is_the_first_serial_line(void **state)
{
    struct device device;
    (void)state;
    tree_fake_riscv(tree);
    assert_true(find("serial0", &device));
    assert_string_equal(device.driver, "uart16550");
    assert_int_equal(device.registers.kind, START_REGISTERS_MEMORY);
    assert_int_equal(device.registers.first, 0x10000000);
    assert_int_equal(device.registers.count, 0x1000);
    assert_int_equal(device.line, 10);
    assert_int_equal(device.flags, INTERRUPT_LEVEL);
}

static void test_each_machine_has_its_driver(void **state)
{
    struct device device;
    (void)state;
    tree_fake_arm(tree);
    assert_true(find("serial0", &device));
    assert_string_equal(device.driver, "pl011");
    assert_int_equal(device.line, 33);
}

static void test_what_is_not_there_is_not_found(void **state)
{
    static const char *const names[] = {"",  "serial",   "serial1", "clock0",
                                        "0", "serial0x", "seria0"};
    struct device device;
    (void)state;
    tree_fake_riscv(tree);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(find(names[i], &device));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_console_is_the_first_serial_line),
        cmocka_unit_test(test_each_machine_has_its_driver),
        cmocka_unit_test(test_what_is_not_there_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
