/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Writing into another process while a thread of it writes there too. */
#include "../object/machine_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/console.h>
#include <kernel/copy.h>
#include <kernel/log.h>
#include <kernel/space.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct thread *self, *target;
static uint64_t address;   /* in the target */
static bool target_writes; /* while bytes are on their way */

enum status copy_in(void *to, uint64_t from, size_t length)
{
    enum fault_kind kind;
    if (target_writes)
        assert_int_equal(space_fault(&target->process->space, address, FAULT_WRITE, false, &kind),
                         STATUS_OK);
    target_writes = false;
    memcpy(to, (const void *)from, length);
    return STATUS_OK;
}

bool console_uses(uint64_t start, uint64_t size)
{
    (void)start, (void)size;
    return false;
}

void log_release_console(void)
{
}

static int setup(void **state)
{
    struct map_request request = {
        .length = 2 * PAGE_SIZE, .flags = MAP_READ | MAP_WRITE, .allowed = MAP_PROTECTION};
    machine_setup(state);
    self = machine_program(PRIORITY_SERVER);
    target = machine_program(PRIORITY_NORMAL);
    host_run_thread(self);
    return space_map(&target->process->space, &request, &address) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state)
{
    thread_end(target, 0);
    thread_end(self, 0);
    return machine_teardown(state);
}

static int64_t write_bytes(const char *bytes, size_t length)
{
    const struct process_write_arguments arguments = {.process = target->process,
                                                      .address = address,
                                                      .buffer = (uint64_t)bytes,
                                                      .length = length};
    return call_process_write(self, &arguments);
}

static const char *bytes_of_target(void)
{
    struct page *page;
    assert_int_equal(space_get_page(&target->process->space, address, false, &page), STATUS_OK);
    page_release(page);
    return page_address(page);
}

/* The page has two references for a moment, so a fault makes a copy of it: the writer begins anew. */
static void no_byte_is_lost_to_a_copy(void **state)
{
    (void)state;
    assert_int_equal(write_bytes("old", 3), 3);
    target_writes = true;
    self->step.at = 0;
    assert_int_equal(write_bytes("new", 3), status_to_result(STATUS_RESTART));
    assert_memory_equal(bytes_of_target(), "old", 3);
    assert_int_equal(write_bytes("new", 3), 3);
    assert_memory_equal(bytes_of_target(), "new", 3);
}

static void nothing_is_begun_anew_for_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        self->step.at = 0;
        assert_int_equal(write_bytes("bytes", 5), 5);
        assert_memory_equal(bytes_of_target(), "bytes", 5);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(2 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(no_byte_is_lost_to_a_copy),
        TEST(nothing_is_begun_anew_for_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
