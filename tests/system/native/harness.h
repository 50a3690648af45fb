/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the native test programs share: checks, cases, and the rule that a case
 * leaves nothing behind.
 *
 * A case is run twice. The first run may leave what is kept for later (a longer
 * handle table, page tables, touched stack pages); after the second the account
 * must use exactly what it used before it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <trellis/native.h>
#include <trellis/status.h>

/* What a test holds; a child process finds its own here. */
struct test_world {
    handle_t self;    /* its process, all rights */
    handle_t account; /* its account, all rights */
};

extern struct test_world test_world;

struct test_case {
    const char *name;
    void (*run)(void);
};

/* Called first in service_main: fills test_world. */
void test_begin(void);
/* The number after `name` on the kernel's command line. */
uint64_t test_option(const char *name, uint64_t otherwise);
/* The word after `name` there; empty if there is none. */
void test_option_text(const char *name, char *value, size_t size);
/* Each case twice; the first that fails ends the program with code 1. */
void test_run(const struct test_case *cases, size_t count);
#define TEST_RUN(cases) test_run(cases, sizeof(cases) / sizeof((cases)[0]))

/* Where a check stands in the source. */
struct test_place {
    const char *file;
    int line;
    const char *text;
};
#define TEST_PLACE(text) (&(const struct test_place){__FILE__, __LINE__, text})

void test_check(const struct test_place *place, _Bool holds);
void test_check_equal(const struct test_place *place, uint64_t got, uint64_t wanted);
void test_check_result(const struct test_place *place, int64_t result, enum status wanted);
uint64_t test_check_success(const struct test_place *place, int64_t result);

/* A failed check ends the process with code 1, after a line that says where. */
#define CHECK(condition) test_check(TEST_PLACE(#condition), (condition))
#define CHECK_EQUAL(got, wanted)                                                                   \
    test_check_equal(TEST_PLACE(#got), (uint64_t)(got), (uint64_t)(wanted))
/* The status that a call's result stands for. */
#define CHECK_STATUS(result, name) test_check_result(TEST_PLACE(#result), (result), STATUS_##name)
/* The result of a call that must succeed. */
#define SUCCEED(result) test_check_success(TEST_PLACE(#result), (result))
#define CLOSE(handle) ((void)SUCCEED(native_handle_close(handle)))

const char *test_status_name(enum status status);

/* What an account uses, after what is being torn down has gone, or seems to have. */
void test_settled_use(handle_t account, struct account_limits *use);
/* Until an account uses what is wanted; false, and what it uses, after a minute. */
bool test_use_becomes(handle_t account, const struct account_limits *wanted,
                      struct account_limits *use);
/* Until it uses nothing; a minute is a failure. */
void test_await_unused(handle_t account);
uint32_t test_signals(handle_t handle);
uint64_t test_now(void);
void test_pause(uint64_t duration_ns);
/* Wait for signals of one handle; ten seconds without are a failure. */
void test_wait(handle_t handle, uint32_t mask);
