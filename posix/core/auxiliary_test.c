/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "auxiliary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <posix/linux/process.h>

static struct stack_auxiliary vector[STACK_AUXV_MAX];
static unsigned count;

static const struct process_info_page info = {
    .hardware.capabilities = {3, 4}, .uid = 1000, .euid = 0, .gid = 100, .egid = 101, .secure = 1};
static struct elf_image program = {
    .headers = 0x40, .header_count = 7, .entry = 0x1000, .low = 0, .high = 0x5000};
static const struct elf_image interpreter = {.low = 0x2000, .entry = 0x2100};

/* The one value of a type; the test fails if there is not exactly one. */
static uint64_t value_of(uint64_t type)
{
    unsigned found = 0;
    uint64_t value = 0;

    for (unsigned i = 0; i < count; i++) {
        if (vector[i].type == type) {
            found++;
            value = vector[i].value;
        }
    }
    assert_int_equal(found, 1);
    return value;
}

static void a_program_with_an_interpreter(void **state)
{
    const struct auxiliary_facts facts = {.program = &program,
                                          .bias = 0x500000,
                                          .interpreter = &interpreter,
                                          .interpreter_bias = 0x700000,
                                          .vdso = 0x900000,
                                          .signal_frame_size = 1000};

    (void)state;
    count = auxiliary_fill(&facts, &info, vector);
    assert_int_equal(value_of(LINUX_AT_PHDR), 0x500040);
    assert_int_equal(value_of(LINUX_AT_PHNUM), 7);
    assert_int_equal(value_of(LINUX_AT_ENTRY), 0x501000);
    assert_int_equal(value_of(LINUX_AT_BASE), 0x702000);
    assert_int_equal(value_of(LINUX_AT_HWCAP), 3);
    assert_int_equal(value_of(LINUX_AT_HWCAP2), 4);
    assert_int_equal(value_of(LINUX_AT_SYSINFO_EHDR), 0x900000);
    assert_int_equal(value_of(LINUX_AT_MINSIGSTKSZ), 1000);
    assert_int_equal(value_of(LINUX_AT_PAGESZ), 4096);
}

static void who_runs_it(void **state)
{
    const struct auxiliary_facts facts = {.program = &program};

    (void)state;
    count = auxiliary_fill(&facts, &info, vector);
    assert_int_equal(value_of(LINUX_AT_UID), 1000);
    assert_int_equal(value_of(LINUX_AT_EUID), 0);
    assert_int_equal(value_of(LINUX_AT_GID), 100);
    assert_int_equal(value_of(LINUX_AT_EGID), 101);
    assert_int_equal(value_of(LINUX_AT_SECURE), 1);
    assert_int_equal(value_of(LINUX_AT_BASE), 0);
}

static void headers_that_are_not_mapped(void **state)
{
    struct elf_image bare = program;
    const struct auxiliary_facts facts = {.program = &bare, .bias = 0x500000};

    (void)state;
    bare.headers = 0;
    count = auxiliary_fill(&facts, &info, vector);
    assert_int_equal(value_of(LINUX_AT_PHDR), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_with_an_interpreter),
        cmocka_unit_test(who_runs_it),
        cmocka_unit_test(headers_that_are_not_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
