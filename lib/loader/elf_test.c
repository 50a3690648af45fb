/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <loader/elf.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <loader/arch/machine.h>

#define FILE_SIZE 0x3000
#define PROGRAMS 64

static uint8_t file[FILE_SIZE];

static void put(size_t offset, uint64_t value, size_t size)
{
    memcpy(file + offset, &value, size);
}

static void program(unsigned index, uint32_t type, uint32_t flags, const uint64_t numbers[4])
{
    size_t at = PROGRAMS + index * 56;
    put(at, type, 4);
    put(at + 4, flags, 4);
    put(at + 8, numbers[0], 8);  /* offset */
    put(at + 16, numbers[1], 8); /* address */
    put(at + 32, numbers[2], 8); /* file size */
    put(at + 40, numbers[3], 8); /* memory size */
}

/* Text with the headers, then data with bss, then PT_INTERP and PT_GNU_STACK. */
static int make_file(void **state)
{
    (void)state;
    memset(file, 0, sizeof(file));
    memcpy(file, "\177ELF\2\1\1", 7);
    put(16, 2, 2);
    put(18, ELF_MACHINE, 2);
    put(20, 1, 4);
    put(24, 0x401000, 8);
    put(32, PROGRAMS, 8);
    put(54, 56, 2);
    put(56, 4, 2);
    program(0, 1, ELF_READ | ELF_EXECUTE, (uint64_t[]){0, 0x400000, 0x1800, 0x1800});
    program(1, 1, ELF_READ | ELF_WRITE, (uint64_t[]){0x1800, 0x402800, 0x400, 0x3000});
    program(2, 3, ELF_READ, (uint64_t[]){0x300, 0x400300, 0x1c, 0x1c});
    program(3, 0x6474e551, ELF_READ | ELF_WRITE, (uint64_t[]){0, 0, 0, 0});
    return 0;
}

static enum elf_outcome outcome_of_file(void)
{
    struct elf_image image;
    return elf_read(file, sizeof(file), &image);
}

static void a_program_is_described(void **state)
{
    (void)state;
    struct elf_image image;
    assert_int_equal(elf_read(file, sizeof(file), &image), ELF_OK);
    assert_int_equal(image.entry, 0x401000);
    assert_int_equal(image.low, 0x400000);
    assert_int_equal(image.high, 0x406000);
    assert_int_equal(image.headers, 0x400000 + PROGRAMS);
    assert_int_equal(image.header_count, 4);
    assert_int_equal(image.segment_count, 2);
    assert_int_equal(image.segments[1].address, 0x402800);
    assert_int_equal(image.segments[1].access, ELF_READ | ELF_WRITE);
    assert_true(image.interpreted);
    assert_int_equal(image.interpreter_offset, 0x300);
    assert_int_equal(image.interpreter_size, 0x1b);
    assert_false(image.relocatable);
    assert_false(image.stack_executable);
}

static void other_files_are_told_apart(void **state)
{
    (void)state;
    file[1] = 'e';
    assert_int_equal(outcome_of_file(), ELF_NOT_ELF);
    make_file(NULL);
    file[4] = 1; /* class, byte order and version are not looked at */
    file[5] = 2;
    file[6] = 0;
    assert_int_equal(outcome_of_file(), ELF_OK);
    make_file(NULL);
    put(18, 183, 2);
    assert_int_equal(outcome_of_file(), ELF_OTHER_MACHINE);
    make_file(NULL);
    put(16, 1, 2);
    assert_int_equal(outcome_of_file(), ELF_NOT_PROGRAM);
}

static void impossible_segments_are_refused(void **state)
{
    (void)state;
    static const struct {
        unsigned index;
        uint64_t numbers[4];
    } cases[] = {
        {1, {0x2c00, 0x402c00, 0x401, 0x401}},              /* beyond the file */
        {1, {UINT64_MAX, 0x402fff, 2, 2}},                  /* offset wraps */
        {1, {0x1800, 0x402801, 0x400, 0x400}},              /* address and offset disagree */
        {1, {0x1800, 0x402800, 0x400, 0x3ff}},              /* more in the file than in memory */
        {1, {0x1800, 0x401800, 0x400, 0x400}},              /* shares a page with the first */
        {1, {0x1800, 0x3ff800, 0x400, 0x400}},              /* not by address */
        {1, {0x1800, 0x402800, 0x400, UINT64_MAX - 0x400}}, /* memory wraps */
        {1, {0x1800, UINT64_MAX - 0x7ff, 0x400, 0x400}},    /* a kernel address */
        {2, {0x2ff0, 0, 0x20, 0x20}},                       /* interpreter beyond the file */
        {2, {0x300, 0, 1, 1}},                              /* no path */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        make_file(NULL);
        program(cases[i].index, cases[i].index == 1 ? 1 : 3, ELF_READ, cases[i].numbers);
        assert_int_equal(outcome_of_file(), cases[i].index == 1 ? ELF_UNMAPPABLE : ELF_DAMAGED);
    }
}

static void segments_may_pass_the_end_of_a_file_whose_size_is_not_told(void **state)
{
    (void)state;
    struct elf_image image;
    program(1, 1, ELF_READ, (const uint64_t[]){0x2c00, 0x402c00, 0x401, 0x401});
    assert_int_equal(elf_read_headers(file, file + PROGRAMS, UINT64_MAX, &image), ELF_OK);
    assert_int_equal(image.segment_count, 2);
    program(1, 1, ELF_READ, (const uint64_t[]){UINT64_MAX, 0x402fff, 2, 2});
    assert_int_equal(elf_read_headers(file, file + PROGRAMS, UINT64_MAX, &image), ELF_UNMAPPABLE);
    assert_int_equal(image.segment_count, 0);
}

static void headers_must_be_there(void **state)
{
    (void)state;
    struct elf_image image;
    for (size_t size = 0; size < PROGRAMS + 4 * 56; size++) {
        uint8_t *copy = malloc(size + (size == 0));
        memcpy(copy, file, size);
        assert_int_not_equal(elf_read(copy, size, &image), ELF_OK);
        free(copy);
    }
    put(32, UINT64_MAX - 8, 8);
    assert_int_equal(outcome_of_file(), ELF_DAMAGED);
    make_file(NULL);
    put(56, 0, 2);
    assert_int_equal(outcome_of_file(), ELF_DAMAGED);
    make_file(NULL);
    put(56, ELF_HEADERS_MAX / 56 + 1, 2);
    assert_int_equal(outcome_of_file(), ELF_DAMAGED);
    make_file(NULL);
    put(54, 55, 2);
    assert_int_equal(outcome_of_file(), ELF_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_program_is_described, make_file),
        cmocka_unit_test_setup(other_files_are_told_apart, make_file),
        cmocka_unit_test_setup(impossible_segments_are_refused, make_file),
        cmocka_unit_test_setup(segments_may_pass_the_end_of_a_file_whose_size_is_not_told,
                               make_file),
        cmocka_unit_test_setup(headers_must_be_there, make_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
