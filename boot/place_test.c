/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <boot/place.h>

#include <arch/page_table.h>
#include <boot/init_image.h>
#include <boot/memory_map.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MEMORY UINT64_C(0x100000)
#define MEMORY_END UINT64_C(0x800000)

static char image[0x3000] __attribute__((aligned(4096)));
static struct boot_info boot;
static char said[256];
static jmp_buf ended;

void boot_write(const char *text, size_t length)
{
    strncat(said, text, length);
}

_Noreturn void boot_end(enum stop_kind kind)
{
    longjmp(ended, kind);
}

bool archive_find(const uint8_t *archive, size_t size, const char *name, struct archive_file *file)
{
    (void)archive, (void)size, (void)file;
    assert_string_equal(name, "init");
    return false;
}

bool init_image_parse(const struct archive_file *file, struct init_image *parsed)
{
    (void)file, (void)parsed;
    return false;
}

/* How it ends with an archive at this place; 0 if it does not. */
static int place(uint64_t start, uint64_t end)
{
    uint64_t from = arch_virtual_to_physical(image);
    boot = (struct boot_info){.archive_start = start, .archive_end = end};
    said[0] = 0;
    boot_set_memory(&boot, MEMORY, MEMORY_END, BOOT_MEMORY_FREE);
    boot_set_memory(&boot, from - 0x100000, from + 0x100000, BOOT_MEMORY_FREE);
    int kind = setjmp(ended);
    if (kind == 0)
        boot_place(&boot, image, image + sizeof(image));
    return kind;
}

static uint32_t kind_at(uint64_t address)
{
    return memory_map_find(&boot, address)->kind;
}

static void test_image_and_archive_are_entered(void **state)
{
    (void)state;
    assert_int_equal(place(MEMORY, MEMORY + 0x12345), 0);
    assert_int_equal(kind_at(MEMORY), BOOT_MEMORY_ARCHIVE);
    assert_int_equal(kind_at(MEMORY + 0x12fff), BOOT_MEMORY_ARCHIVE);
    assert_int_equal(kind_at(MEMORY + 0x13000), BOOT_MEMORY_FREE);
    assert_int_equal(kind_at(boot.kernel_start), BOOT_MEMORY_KERNEL);
    assert_int_equal(kind_at(boot.kernel_end), BOOT_MEMORY_FREE);
}

static void test_there_need_not_be_an_archive(void **state)
{
    (void)state;
    assert_int_equal(place(0, 0), 0);
    assert_int_equal(boot_find_init(&boot)->count, 0);
}

static void test_an_archive_that_is_not_all_in_memory(void **state)
{
    (void)state;
    assert_int_equal(place(MEMORY_END - 0x1000, MEMORY_END + 1), STOP_MEMORY);
    assert_string_equal(said,
                        "trellis: cannot boot: there is not enough memory for the boot archive\n");
    assert_int_equal(place(MEMORY_END, MEMORY_END + 0x1000), STOP_MEMORY);
    assert_int_equal(place(MEMORY_END - 0x1000, MEMORY_END), 0);
}

static void test_an_archive_over_the_image(void **state)
{
    (void)state;
    uint64_t start = arch_virtual_to_physical(image);
    assert_int_equal(place(start - 0x2000, start + 1), STOP_MEMORY);
    assert_int_equal(place(start - 0x2000, start), 0);
}

static void test_an_archive_that_is_not_aligned(void **state)
{
    (void)state;
    assert_int_equal(place(MEMORY + 1, MEMORY + 0x1000), STOP_PANIC);
    assert_non_null(strstr(said, "not page aligned"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_image_and_archive_are_entered),
        cmocka_unit_test(test_there_need_not_be_an_archive),
        cmocka_unit_test(test_an_archive_that_is_not_all_in_memory),
        cmocka_unit_test(test_an_archive_over_the_image),
        cmocka_unit_test(test_an_archive_that_is_not_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
