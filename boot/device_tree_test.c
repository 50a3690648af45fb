/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/device_tree.h>

#include <boot/memory_map.h>
#include <device_tree/tree.h>
#include <device_tree/tree_fake.h>
#include <libfdt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <trellis/structures.h>

#include <cmocka.h>

#define TREE_ADDRESS 0x8fe00000

static uint8_t tree[TREE_FAKE_SIZE] __attribute__((aligned(8)));
static struct boot_info boot;

static bool read_sample(void (*make)(void *), uint64_t boot_cpu)
{
    make(tree);
    boot = (struct boot_info){.device_tree = TREE_ADDRESS, .device_tree_size = TREE_FAKE_SIZE};
    assert_true(tree_check(tree, sizeof(tree)));
    return device_tree_read(&boot, tree, boot_cpu);
}

static uint32_t kind_at(uint64_t address)
{
    const struct boot_memory *range = memory_map_find(&boot, address);
    return range == NULL ? 0 : range->kind;
}

static void test_memory_and_what_is_reserved(void **state)
{
    (void)state;
    assert_true(read_sample(tree_fake_riscv, 0));
    assert_int_equal(kind_at(0x7ffff000), 0);
    assert_int_equal(kind_at(0x80000000), BOOT_MEMORY_RESERVED);
    assert_int_equal(kind_at(0x80080000), BOOT_MEMORY_FREE);
    assert_int_equal(kind_at(0x8f000000), BOOT_MEMORY_RESERVED);
    assert_int_equal(kind_at(TREE_ADDRESS), BOOT_MEMORY_TABLES);
    assert_int_equal(kind_at(0x90000000), 0);
}

static void test_what_the_loader_chose(void **state)
{
    (void)state;
    assert_true(read_sample(tree_fake_riscv, 0));
    assert_string_equal(boot.command_line, "console=framed init.run=bin/test");
    assert_int_equal(boot.archive_start, 0x88000000);
    assert_int_equal(boot.archive_end, 0x88012345);
    assert_int_equal(boot.console_registers, 0x10000000);
    assert_int_equal(boot.entropy_bytes, 32);
    assert_int_equal(boot.entropy[0], UINT64_C(0x0200000001000000));
}

static void test_the_machine_of_riscv(void **state)
{
    (void)state;
    assert_true(read_sample(tree_fake_riscv, 1));
    assert_int_equal(boot.cpu_count, 2);
    assert_int_equal(boot.cpu_ids[0], 1);
    assert_int_equal(boot.cpu_ids[1], 0);
    assert_int_equal(boot.cpu_contexts[0], 3);
    assert_int_equal(boot.cpu_contexts[1], 1);
    assert_int_equal(boot.interrupts, BOOT_INTERRUPTS_PLIC);
    assert_int_equal(boot.shared_interrupts, 0xc000000);
    assert_int_equal(boot.interrupt_lines, 95);
    assert_int_equal(boot.timer_frequency, 10000000);
    assert_int_equal(boot.timer_compares, 1);
    assert_int_equal(boot.power_registers, 0x100000);
    assert_int_equal(boot.firmware, BOOT_FIRMWARE_NONE);
}

static uint64_t extensions(void)
{
    return boot.processor[PROCESSOR_RISCV_EXTENSIONS];
}

/* Those that have a letter, and those with a name that is known; only what every hart has. */
static void test_the_extensions_of_riscv(void **state)
{
    (void)state;
    assert_true(read_sample(tree_fake_riscv, 0));
    assert_int_equal(extensions(), RISCV_GENERAL | RISCV_LETTER('h') | UINT64_C(1) << RISCV_ZICSR |
                                       UINT64_C(1) << RISCV_ZBS | UINT64_C(1) << RISCV_SSTC);
    int second =
        tree_next_compatible(tree, tree_next_compatible(tree, TREE_NONE, "riscv"), "riscv");
    char *isa = fdt_getprop_w(tree, second, "riscv,isa", NULL);
    memcpy(isa + strlen("rv64imafdch_zicsr_zbs_"), "sscc", 4);
    boot = (struct boot_info){.device_tree = TREE_ADDRESS, .device_tree_size = TREE_FAKE_SIZE};
    assert_true(device_tree_read(&boot, tree, 0));
    assert_int_equal(extensions() >> RISCV_SSTC & 1, 0);
    assert_int_equal(extensions() >> RISCV_ZBS & 1, 1);
    assert_int_equal(boot.timer_compares, 0);
}

static void test_extensions_in_a_list(void **state)
{
    (void)state;
    assert_true(read_sample(tree_fake_riscv_list, 0));
    assert_int_equal(extensions(), RISCV_LETTER('i') | RISCV_LETTER('m') |
                                       UINT64_C(1) << RISCV_ZBA | UINT64_C(1) << RISCV_SSTC);
}

static void test_the_machine_of_arm(void **state)
{
    (void)state;
    assert_true(read_sample(tree_fake_arm, 0));
    assert_int_equal(boot.cpu_count, 2);
    assert_int_equal(boot.interrupts, BOOT_INTERRUPTS_GIC3);
    assert_int_equal(boot.shared_interrupts, 0x8000000);
    assert_int_equal(boot.local_interrupts, 0x80a0000);
    assert_int_equal(boot.local_interrupts_size, 0xf60000);
    assert_int_equal(boot.timer_line, 27);
    assert_int_equal(boot.timer_compares, 0);
    assert_int_equal(boot.firmware, BOOT_FIRMWARE_PSCI_SMC);
    assert_int_equal(boot.console_registers, 0x9000000);
}

static void test_devices(void **state)
{
    (void)state;
    struct tree_registers registers;
    struct tree_interrupt interrupt;
    tree_fake_riscv(tree);
    int node = tree_next_compatible(tree, TREE_NONE, "ns16550a");
    assert_true(tree_registers(tree, node, 0, &registers));
    assert_int_equal(registers.start, 0x10000000);
    assert_int_equal(registers.size, 0x1000);
    assert_false(tree_registers(tree, node, 1, &registers));
    assert_true(tree_interrupt(tree, node, 0, &interrupt));
    assert_int_equal(interrupt.line, 10);
    assert_int_equal(interrupt.flags, INTERRUPT_LEVEL);
    assert_false(tree_interrupt(tree, node, 1, &interrupt));
    assert_int_equal(tree_next_compatible(tree, node, "ns16550a"), TREE_NONE);
    tree_fake_arm(tree);
    node = tree_next_compatible(tree, TREE_NONE, "arm,pl011");
    assert_true(tree_interrupt(tree, node, 0, &interrupt));
    assert_int_equal(interrupt.line, 33);
}

static void test_no_memory_is_no_machine(void **state)
{
    (void)state;
    tree_fake_riscv(tree);
    char *type = fdt_getprop_w(tree, fdt_path_offset(tree, "/memory"), "device_type", NULL);
    type[0] = 'x';
    boot = (struct boot_info){0};
    assert_true(tree_check(tree, sizeof(tree)));
    assert_false(device_tree_read(&boot, tree, 0));
}

static void test_what_is_cut_off_or_no_tree_is_refused(void **state)
{
    (void)state;
    tree_fake_riscv(tree);
    assert_false(tree_check(tree, 0));
    assert_false(tree_check(tree, tree_size(tree) - 1));
    tree[0] ^= 1;
    assert_int_equal(tree_size(tree), 0);
    assert_false(tree_check(tree, sizeof(tree)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_and_what_is_reserved),
        cmocka_unit_test(test_what_the_loader_chose),
        cmocka_unit_test(test_the_machine_of_riscv),
        cmocka_unit_test(test_the_extensions_of_riscv),
        cmocka_unit_test(test_extensions_in_a_list),
        cmocka_unit_test(test_the_machine_of_arm),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_no_memory_is_no_machine),
        cmocka_unit_test(test_what_is_cut_off_or_no_tree_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
