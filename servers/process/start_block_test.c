/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "start_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "process_fake.h"

#define STRINGS(literal) (literal), sizeof(literal)

static bool take(struct start_strings *strings, uint32_t arguments, uint32_t environment,
                 const char *bytes, size_t size)
{
    struct tty_message message = {.argument_count = arguments, .environment_count = environment};
    struct start_request request = {.message = &message, .strings = bytes, .strings_size = size};

    return start_strings_take(strings, &request);
}

static void test_strings_are_checked(void **state)
{
    struct start_strings strings;

    (void)state;
    assert_false(take(&strings, 0, 1, STRINGS("A=1")));
    assert_false(take(&strings, 1, 1, STRINGS("sh")));
    assert_false(take(&strings, 1, 0, "sh", 2));
    assert_false(take(&strings, 1, 0, "sh", 0));
    assert_true(take(&strings, 2, 2, STRINGS("sh\0-l\0PATH=/bin\0A=")));
    assert_string_equal(start_strings_environment(&strings, "PATH"), "/bin");
    assert_string_equal(start_strings_environment(&strings, "A"), "");
    assert_null(start_strings_environment(&strings, "PAT"));
    assert_null(start_strings_environment(&strings, "sh"));
    start_strings_release(&strings);
    fake_fail_allocation(1);
    assert_false(take(&strings, 1, 0, STRINGS("sh")));
}

static void test_script_lines(void **state)
{
    char plain[] = "#!/bin/sh\necho", spaced[] = "#! \t/bin/sh -e -x \t\nrest";
    char whole[] = "#!/bin/sh", empty[] = "#!  \n/bin/sh";
    struct script_line line;

    (void)state;
    assert_true(start_parse_script(plain, &line));
    assert_string_equal(line.interpreter, "/bin/sh");
    assert_null(line.argument);
    assert_true(start_parse_script(spaced, &line));
    assert_string_equal(line.interpreter, "/bin/sh");
    assert_string_equal(line.argument, "-e -x");
    assert_true(start_parse_script(whole, &line));
    assert_string_equal(line.interpreter, "/bin/sh");
    assert_false(start_parse_script(empty, &line));
}

static void test_interposing(void **state)
{
    static const char expected[] = "/bin/sh\0-e\0./script\0one\0A=1";
    char interpreter[] = "/bin/sh", argument[] = "-e";
    struct script_line line = {interpreter, argument};
    struct start_strings strings;

    (void)state;
    assert_true(take(&strings, 2, 1, STRINGS("script\0one\0A=1")));
    fake_fail_allocation(1);
    assert_false(start_strings_interpose(&strings, &line, "./script"));
    assert_true(start_strings_interpose(&strings, &line, "./script"));
    assert_int_equal(strings.argument_count, 4);
    assert_int_equal(strings.size, sizeof(expected));
    assert_memory_equal(strings.arguments, expected, sizeof(expected));
    start_strings_release(&strings);
}

static void test_block(void **state)
{
    struct start_block_builder builder;
    struct start_strings strings;

    (void)state;
    assert_true(take(&strings, 1, 1, STRINGS("sh\0A=1")));
    fake_fail_allocation(1);
    assert_false(start_block_build(&builder, &strings, "/bin/sh"));
    assert_true(start_block_build(&builder, &strings, "/bin/sh"));
    const struct posix_start *start = builder.start;
    const char *bytes = (const char *)start;
    assert_true(start->size <= builder.size);
    assert_int_equal(builder.size % 4096, 0);
    assert_string_equal(bytes + start->strings, "sh");
    assert_string_equal(bytes + start->path, "/bin/sh");
    assert_string_equal(bytes + start->cwd_path, "/");
    assert_int_equal(start->cwd_path + start->cwd_path_size, start->size);
    assert_ptr_equal(builder.descriptors, bytes + start->descriptors);
    start_block_release(&builder);
    start_strings_release(&strings);
}

static void test_descriptors(void **state)
{
    struct posix_start_descriptor descriptor;

    (void)state;
    start_describe(&descriptor, 1, TTY_DESCRIPTOR_STREAM);
    assert_int_equal(descriptor.kind, POSIX_FILE_STREAM);
    assert_int_equal(descriptor.status_flags, 1);
    start_describe(&descriptor, 0, TTY_DESCRIPTOR_TERMINAL);
    assert_int_equal(descriptor.kind, POSIX_FILE_TERMINAL);
    assert_int_equal(descriptor.status_flags, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_setup, fake_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_strings_are_checked), TEST(test_script_lines),
        TEST(test_interposing),         TEST(test_block),
        TEST(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
