/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <archive/newc.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char archive[4096];
static size_t archive_size;

static void pad(void)
{
    while (archive_size % 4 != 0)
        archive[archive_size++] = '\0';
}

static void add(const char *name, const char *data, unsigned mode)
{
    archive_size += (size_t)sprintf(
        archive + archive_size, "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", 1u,
        mode, 2u, 3u, 1u, 5u, strlen(data), 0u, 0u, 8u, 9u, strlen(name) + 1, 0u);
    memcpy(archive + archive_size, name, strlen(name) + 1);
    archive_size += strlen(name) + 1;
    pad();
    memcpy(archive + archive_size, data, strlen(data));
    archive_size += strlen(data);
    pad();
}

static int make_archive(void **state)
{
    (void)state;
    archive_size = 0;
    add("init", "one", 0100755);
    add("./bin/sh", "", 0100644);
    add("/dev/x", "four", 0020600);
    add("TRAILER!!!", "", 0);
    return 0;
}

static void entries_are_given_in_order(void **state)
{
    (void)state;
    struct archive_reader reader;
    struct archive_entry entry;
    archive_begin(&reader, archive, archive_size);
    assert_int_equal(archive_next(&reader, &entry), ARCHIVE_ENTRY);
    assert_string_equal(entry.name, "init");
    assert_int_equal(entry.size, 3);
    assert_memory_equal(entry.data, "one", 3);
    assert_int_equal(entry.mode, 0100755);
    assert_int_equal(archive_next(&reader, &entry), ARCHIVE_ENTRY);
    assert_string_equal(entry.name, "bin/sh");
    assert_int_equal(archive_next(&reader, &entry), ARCHIVE_ENTRY);
    assert_string_equal(entry.name, "dev/x");
    assert_int_equal(entry.name_length, 5);
    assert_int_equal(entry.device_major, 8);
    assert_int_equal(entry.device_minor, 9);
    assert_int_equal(archive_next(&reader, &entry), ARCHIVE_END);
}

static void files_are_found_by_name(void **state)
{
    (void)state;
    struct archive_entry entry;
    assert_int_equal(archive_find(archive, archive_size, "bin/sh", &entry), ARCHIVE_ENTRY);
    assert_int_equal(archive_find(archive, archive_size, "bin", &entry), ARCHIVE_END);
}

/* Every length the archive could have been cut to, each in a buffer of exactly that size. */
static void cut_archives_are_never_read_beyond(void **state)
{
    (void)state;
    for (size_t size = 0; size < archive_size; size++) {
        char *copy = malloc(size + (size == 0));
        struct archive_entry entry;
        memcpy(copy, archive, size);
        enum archive_outcome outcome = archive_find(copy, size, "nothing", &entry);
        assert_true(outcome == ARCHIVE_END || outcome == ARCHIVE_DAMAGED);
        free(copy);
    }
}

static void damage_is_told(void **state)
{
    (void)state;
    struct archive_entry entry;
    archive[3] = 'x';
    assert_int_equal(archive_find(archive, archive_size, "init", &entry), ARCHIVE_DAMAGED);
    make_archive(NULL);
    memset(archive + 6 + 6 * 8, 'f', 8); /* the first entry's size */
    assert_int_equal(archive_find(archive, archive_size, "init", &entry), ARCHIVE_DAMAGED);
    make_archive(NULL);
    memset(archive + 6 + 11 * 8, '0', 8); /* its name's */
    assert_int_equal(archive_find(archive, archive_size, "init", &entry), ARCHIVE_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(entries_are_given_in_order, make_archive),
        cmocka_unit_test_setup(files_are_found_by_name, make_archive),
        cmocka_unit_test_setup(cut_archives_are_never_read_beyond, make_archive),
        cmocka_unit_test_setup(damage_is_told, make_archive),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
