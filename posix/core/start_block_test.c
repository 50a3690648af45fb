/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "start_block.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static union {
    struct posix_start block;
    char bytes[4096];
} whole;

static struct posix_start *const block = &whole.block;

static int set_up(void **state)
{
    (void)state;
    memset(&whole, 0, sizeof(whole));
    uint32_t at = sizeof(*block);
    block->magic = POSIX_START_MAGIC;
    block->size = sizeof(whole);
    block->argument_count = 2;
    block->environment_count = 1;
    block->strings = at;
    block->strings_size = 6;
    memcpy(whole.bytes + at, "a\0b\0c", 6);
    block->path = at + 8;
    block->path_size = 3;
    memcpy(whole.bytes + at + 8, "/a", 3);
    block->cwd_path = at + 16;
    block->cwd_path_size = 2;
    memcpy(whole.bytes + at + 16, "/", 2);
    block->descriptors = at + 24;
    block->descriptor_count = 2;
    block->close = at + 24 + 2 * (uint32_t)sizeof(struct posix_start_descriptor);
    block->close_count = 3;
    return 0;
}

static void accepts_what_is_well_formed(void **state)
{
    (void)state;
    assert_true(start_block_is_valid(block));
    assert_string_equal(start_block_path(block), "/a");
    block->argument_count = block->environment_count = block->strings_size = 0;
    assert_true(start_block_is_valid(block));
}

static void refuses_counts_that_are_not_so(void **state)
{
    (void)state;
    block->argument_count = 3;
    assert_false(start_block_is_valid(block));
    block->argument_count = UINT32_MAX;
    block->environment_count = 4;
    assert_false(start_block_is_valid(block));
}

static void refuses_strings_without_end(void **state)
{
    (void)state;
    whole.bytes[block->path + 2] = 'x';
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->cwd_path_size = 0;
    assert_false(start_block_is_valid(block));
}

static void refuses_parts_outside(void **state)
{
    (void)state;
    block->strings = UINT32_MAX;
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->strings = 0;
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->descriptor_count = UINT32_MAX;
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->close = sizeof(whole) - 8;
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->close += 4;
    assert_false(start_block_is_valid(block));
}

static void refuses_other_things(void **state)
{
    (void)state;
    block->magic ^= 1;
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->size = UINT64_MAX;
    assert_false(start_block_is_valid(block));
    set_up(state);
    block->size = 8;
    assert_false(start_block_is_valid(block));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(accepts_what_is_well_formed, set_up),
        cmocka_unit_test_setup(refuses_counts_that_are_not_so, set_up),
        cmocka_unit_test_setup(refuses_strings_without_end, set_up),
        cmocka_unit_test_setup(refuses_parts_outside, set_up),
        cmocka_unit_test_setup(refuses_other_things, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
