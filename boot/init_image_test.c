/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/init_image.h>

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <trellis/structures.h>

#include <cmocka.h>

struct program {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    uint8_t bytes[64];
};

static struct program program_good(void)
{
    struct program program = {
        .header =
            {
                .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                .e_type = ET_EXEC,
                .e_machine = EM_X86_64,
                .e_entry = 0x400100,
                .e_phoff = offsetof(struct program, segments),
                .e_phentsize = sizeof(Elf64_Phdr),
                .e_phnum = 2,
            },
        .segments =
            {
                {.p_type = PT_LOAD,
                 .p_flags = PF_R | PF_X,
                 .p_vaddr = 0x400000,
                 .p_filesz = sizeof(struct program),
                 .p_memsz = sizeof(struct program)},
                {.p_type = PT_LOAD,
                 .p_flags = PF_R | PF_W,
                 .p_vaddr = 0x402010,
                 .p_offset = 16,
                 .p_filesz = 32,
                 .p_memsz = 0x2000},
            },
    };
    return program;
}

static bool parse(const struct program *program, struct init_image *image)
{
    struct archive_file file = {(const uint8_t *)program, sizeof(*program)};
    return init_image_parse(&file, image);
}

static void test_good_program(void **state)
{
    struct program program = program_good();
    struct init_image image;
    (void)state;
    assert_true(parse(&program, &image));
    assert_int_equal(image.entry, 0x400100);
    assert_int_equal(image.count, 2);
    assert_int_equal(image.segments[0].flags, MAP_READ | MAP_EXECUTE);
    assert_int_equal(image.segments[1].address, 0x402000);
    assert_int_equal(image.segments[1].page_offset, 0x10);
    assert_int_equal(image.segments[1].size, 0x3000);
    assert_int_equal(image.segments[1].flags, MAP_READ | MAP_WRITE);
}

static void expect_refused(struct program program)
{
    struct init_image image;
    assert_false(parse(&program, &image));
}

static void test_bad_programs(void **state)
{
    struct program program;
    (void)state;
#define REFUSED(field, value)                                                                      \
    program = program_good();                                                                      \
    program.field = (value);                                                                       \
    expect_refused(program)
    REFUSED(header.e_ident[0], 0);
    REFUSED(header.e_ident[EI_CLASS], ELFCLASS32);
    REFUSED(header.e_type, ET_DYN);
    REFUSED(header.e_machine, EM_AARCH64);
    REFUSED(header.e_phnum, 200);
    REFUSED(header.e_phnum, 0);
    REFUSED(header.e_phoff, UINT64_MAX);
    REFUSED(header.e_phentsize, 7);
    REFUSED(segments[0].p_type, PT_INTERP);
    REFUSED(segments[0].p_flags, PF_R | PF_W | PF_X);
    REFUSED(segments[0].p_vaddr, 0);
    REFUSED(segments[0].p_vaddr, UINT64_MAX);
    REFUSED(segments[0].p_offset, UINT64_MAX);
    REFUSED(segments[0].p_filesz, UINT64_MAX);
    REFUSED(segments[0].p_memsz, 1);
    REFUSED(segments[1].p_memsz, UINT64_MAX);
    REFUSED(segments[1].p_vaddr, 0x400800);
#undef REFUSED
}

static size_t add_file(uint8_t *archive, size_t at, const char *name, const char *text)
{
    size_t start = at, length = strlen(text);
    at += (size_t)sprintf((char *)archive + at,
                          "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1, 0x81a4,
                          0, 0, 1, 0, length, 0, 0, 0, 0, strlen(name) + 1, 0);
    strcpy((char *)archive + at, name);
    at = start + ((110 + strlen(name) + 1 + 3) & ~(size_t)3);
    memcpy(archive + at, text, length);
    return at + ((length + 3) & ~(size_t)3);
}

static size_t archive_good(uint8_t *archive)
{
    size_t end = add_file(archive, 0, "first", "one");
    end = add_file(archive, end, "init", "the program");
    return add_file(archive, end, "TRAILER!!!", "");
}

static void test_archive(void **state)
{
    static uint8_t archive[1024];
    struct archive_file file;
    (void)state;
    size_t size = archive_good(archive);
    assert_true(archive_find(archive, size, "init", &file));
    assert_int_equal(file.size, 11);
    assert_memory_equal(file.bytes, "the program", 11);
    assert_false(archive_find(archive, size, "ini", &file));
    assert_false(archive_find(archive, 300, "nothing", &file));
    assert_false(archive_find(archive, 0, "init", &file));
}

/* Damaged and cut archives and programs, in blocks of their exact size; the sanitizers judge. */
static void test_random_damage(void **state)
{
    (void)state;
    srand(1);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *archive = calloc(1, 1024);
        size_t size = archive_good(archive);
        for (unsigned i = 0; i < 3; i++)
            archive[(unsigned)rand() % size] = (uint8_t)rand();
        size = (unsigned)rand() % size;
        archive = realloc(archive, size + 1);
        struct archive_file file;
        if (archive_find(archive, size, "init", &file))
            assert_true(file.bytes + file.size <= archive + size);
        free(archive);

        struct program program = program_good();
        for (unsigned i = 0; i < 4; i++)
            ((uint8_t *)&program)[(unsigned)rand() % sizeof(program)] = (uint8_t)rand();
        struct init_image image;
        if (parse(&program, &image))
            assert_in_range(image.count, 1, 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_program),
        cmocka_unit_test(test_bad_programs),
        cmocka_unit_test(test_archive),
        cmocka_unit_test(test_random_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
