/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Lines that go from one object to another while another CPU raises or gives them up. */
#include "machine_fake.h"

#include <arch/cpu.h>
#include <arch/host.h>
#include <kernel/call_arguments.h>
#include <kernel/interrupt.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LINE 3
#define LINES 8

/* The controller: in which state the line is, and what happens elsewhere just before it is set. */
static enum line_state line_state;
static void (*before_set)(void);

static struct thread *driver;
static handle_t old_token, new_token;

enum status arch_interrupt_enable(uint32_t line, uint32_t flags)
{
    (void)flags;
    arch_interrupt_set(line, LINE_OPEN);
    return STATUS_OK;
}

void arch_interrupt_set(uint32_t line, enum line_state state)
{
    void (*first)(void) = before_set;
    assert_int_equal(line, LINE);
    before_set = NULL;
    if (first != NULL)
        first();
    line_state = state;
}

uint32_t arch_interrupt_lines(void)
{
    return LINES;
}

static int64_t connect(void)
{
    const struct interrupt_create_arguments arguments = {.account = machine_account, .line = LINE};
    return call_interrupt_create(driver, &arguments);
}

static void close(handle_t token)
{
    assert_int_equal(handle_close(&driver->process->handles, token), STATUS_OK);
}

static struct object *object_of(handle_t token)
{
    return machine_object(driver, token);
}

static bool is_raised(handle_t token)
{
    return (object_of(token)->signals & SIGNAL_INTERRUPT) != 0;
}

static int setup(void **state)
{
    machine_setup(state);
    driver = machine_program(PRIORITY_DRIVER);
    old_token = (handle_t)connect();
    assert_int_equal(line_state, LINE_OPEN);
    return 0;
}

static int teardown(void **state)
{
    thread_end(driver, 0);
    return machine_teardown(state);
}

static void a_line_is_masked_until_its_driver_acknowledges(void **state)
{
    (void)state;
    interrupt_raise(LINE);
    assert_true(is_raised(old_token));
    assert_int_equal(line_state, LINE_MASKED);
    const struct interrupt_acknowledge_arguments arguments = {
        container_of(object_of(old_token), struct interrupt, object)};
    assert_int_equal(call_interrupt_acknowledge(driver, &arguments), 0);
    assert_false(is_raised(old_token));
    assert_int_equal(line_state, LINE_OPEN);
    assert_int_equal(connect(), status_to_result(STATUS_BUSY));
    close(old_token);
    assert_int_equal(line_state, LINE_OFF);
}

static void give_up(void)
{
    close(old_token);
}

static void swap(void)
{
    close(old_token);
    new_token = (handle_t)connect();
    assert_int_equal(line_state, LINE_OPEN);
}

/* It is the new object's driver that has to open the line again. */
static void who_has_the_line_when_it_is_masked_is_told(void **state)
{
    (void)state;
    before_set = swap;
    interrupt_raise(LINE);
    assert_int_equal(line_state, LINE_MASKED);
    assert_true(is_raised(new_token));
}

static void a_line_given_up_while_it_is_raised_can_be_taken(void **state)
{
    (void)state;
    before_set = give_up;
    interrupt_raise(LINE);
    new_token = (handle_t)connect();
    assert_int_equal(line_state, LINE_OPEN);
    assert_false(is_raised(new_token));
}

static void try_to_connect(void)
{
    assert_int_equal(connect(), status_to_result(STATUS_BUSY));
}

/* Else it would be off for who has taken it meanwhile. */
static void a_line_is_taken_only_when_it_is_off(void **state)
{
    (void)state;
    before_set = try_to_connect;
    interrupt_unreachable(object_of(old_token));
    assert_int_equal(line_state, LINE_OFF);
    new_token = (handle_t)connect();
    assert_int_equal(line_state, LINE_OPEN);
    close(old_token);
    assert_int_equal(line_state, LINE_OPEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_masked_until_its_driver_acknowledges),
        TEST(who_has_the_line_when_it_is_masked_is_told),
        TEST(a_line_given_up_while_it_is_raised_can_be_taken),
        TEST(a_line_is_taken_only_when_it_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
