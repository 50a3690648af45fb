/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEADER 128 /* of an archive's entry with the window's name, padded */

static uint8_t archive[HEADER + CONSOLE_WINDOW_SIZE];
static struct window window;

/* An archive of one file. */
static void make_archive(const char *name, unsigned size)
{
    char header[HEADER + 1];
    int length = snprintf(
        header, sizeof(header), "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s", 1u,
        0100644u, 0u, 0u, 1u, 0u, size, 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u, name);
    memset(archive, 0, sizeof(archive));
    memcpy(archive, header, (size_t)length);
}

static int fresh(void **unused)
{
    (void)unused;
    make_archive(CONSOLE_WINDOW_FILE, CONSOLE_WINDOW_SIZE);
    struct console_window told = window_open(&window, archive, sizeof(archive), 0x100000);
    return window.size == told.size && told.address == 0x100000 + (uint64_t)(window.bytes - archive)
               ? 0
               : -1;
}

static void is_found_or_not_there(void **unused)
{
    (void)unused;
    assert_int_equal(window.size, CONSOLE_WINDOW_SIZE);
    make_archive("another", CONSOLE_WINDOW_SIZE);
    assert_int_equal(window_open(&window, archive, sizeof(archive), 0).size, 0);
    make_archive(CONSOLE_WINDOW_FILE, CONSOLE_WINDOW_SIZE / 2);
    assert_int_equal(window_open(&window, archive, sizeof(archive), 0).size, 0);
}

static void goes_round(void **unused)
{
    const uint8_t *bytes;
    uint32_t first = UINT32_MAX - 9;

    (void)unused;
    assert_int_equal(window_peek(&window, first, 5, &bytes), 5);
    assert_ptr_equal(bytes, window.bytes + CONSOLE_WINDOW_SIZE - 10);
    assert_int_equal(window_peek(&window, first, 30, &bytes), 10);
    assert_int_equal(window_peek(&window, first + 10, 20, &bytes), 20);
    assert_ptr_equal(bytes, window.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(is_found_or_not_there, fresh),
        cmocka_unit_test_setup(goes_round, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
