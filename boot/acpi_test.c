/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/acpi.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE 0xe0000
#define ROOT 0x20
#define LIST 0x80
#define MADT 0x100
#define FADT 0x200

static uint8_t memory[0x400];

static const void *view(uint64_t physical, size_t length)
{
    if (physical < BASE || physical - BASE > sizeof(memory) ||
        length > sizeof(memory) - (physical - BASE))
        return NULL;
    return memory + (physical - BASE);
}

static void put(size_t at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        memory[at + i] = (uint8_t)(value >> 8 * i);
}

static void set_checksum(size_t start, size_t length, size_t at)
{
    uint8_t sum = 0;
    memory[at] = 0;
    for (size_t i = start; i < start + length; i++)
        sum = (uint8_t)(sum + memory[i]);
    memory[at] = (uint8_t)-sum;
}

static void finish_table(size_t at, const char *name, uint32_t length)
{
    memcpy(memory + at, name, 4);
    put(at + 4, length, 4);
    set_checksum(at, length, at + 9);
}

static size_t add_entry(size_t at, const uint8_t *bytes, size_t length)
{
    memcpy(memory + at, bytes, length);
    return at + length;
}

static void build(void)
{
    static const uint8_t cpu[] = {0, 8, 0, 7, 1, 0, 0, 0};
    static const uint8_t disabled_cpu[] = {0, 8, 1, 8, 0, 0, 0, 0};
    static const uint8_t controller[] = {1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0};
    static const uint8_t override[] = {2, 10, 0, 9, 20, 0, 0, 0, 0x0f, 0};
    memset(memory, 0, sizeof(memory));
    put(MADT + 36, 0xfee00000, 4);
    size_t end = add_entry(MADT + 44, cpu, sizeof(cpu));
    end = add_entry(end, disabled_cpu, sizeof(disabled_cpu));
    end = add_entry(end, controller, sizeof(controller));
    end = add_entry(end, override, sizeof(override));
    finish_table(MADT, "APIC", (uint32_t)(end - MADT));
    put(FADT + 64, 0x604, 4);
    put(FADT + 76, 0x608, 4);
    finish_table(FADT, "FACP", 116);
    put(LIST + 36, BASE + MADT, 4);
    put(LIST + 40, BASE + FADT, 4);
    finish_table(LIST, "RSDT", 44);
    memcpy(memory + ROOT, "RSD PTR ", 8);
    put(ROOT + 16, BASE + LIST, 4);
    set_checksum(ROOT, 20, ROOT + 8);
}

static void test_reads_tables(void **state)
{
    struct boot_info boot = {0};
    (void)state;
    build();
    boot.acpi_root = acpi_find_root(view, BASE, BASE + sizeof(memory));
    assert_int_equal(boot.acpi_root, BASE + ROOT);
    assert_true(acpi_read(&boot, view));
    assert_int_equal(boot.cpu_count, 1);
    assert_int_equal(boot.cpu_ids[0], 7);
    assert_int_equal(boot.local_interrupts, 0xfee00000);
    assert_int_equal(boot.shared_interrupts, 0xfec00000);
    assert_int_equal(boot.override_count, 1);
    assert_int_equal(boot.overrides[0].source, 9);
    assert_int_equal(boot.overrides[0].line, 20);
    assert_int_equal(boot.overrides[0].flags, 3);
    assert_int_equal(boot.power_port, 0x604);
    assert_int_equal(boot.timer_port, 0x608);
}

static void test_bad_checksum_is_no_root(void **state)
{
    (void)state;
    build();
    memory[ROOT + 12] ^= 1;
    assert_int_equal(acpi_find_root(view, BASE, BASE + sizeof(memory)), 0);
}

static void test_damaged_table_is_passed_over(void **state)
{
    struct boot_info boot = {.acpi_root = BASE + ROOT};
    (void)state;
    build();
    memory[MADT + 50] ^= 1;
    assert_true(acpi_read(&boot, view));
    assert_int_equal(boot.cpu_count, 0);
    assert_int_equal(boot.timer_port, 0x608);
}

/* With checksums repaired, so that the bytes reach the parsers; the sanitizers judge. */
static void test_random_damage(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 20000; round++) {
        struct boot_info boot = {.acpi_root = BASE + ROOT};
        build();
        for (unsigned i = 0; i < 3; i++)
            memory[(unsigned)rand() % sizeof(memory)] = (uint8_t)rand();
        set_checksum(ROOT, 20, ROOT + 8);
        set_checksum(LIST, 44, LIST + 9);
        set_checksum(MADT, 82, MADT + 9);
        (void)acpi_read(&boot, view);
        assert_true(boot.cpu_count <= BOOT_CPUS);
        assert_true(boot.override_count <= BOOT_INTERRUPT_OVERRIDES);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_tables),
        cmocka_unit_test(test_bad_checksum_is_no_root),
        cmocka_unit_test(test_damaged_table_is_passed_over),
        cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
