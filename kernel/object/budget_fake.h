/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* For unit tests of budgets: who has some, and what comes to run. Included by one file of a test. */
#pragma once

#include "machine_fake.h"

#include <arch/host.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/scheduler_queue.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct thread *maker; /* has the handles; never runs */

static int setup(void **state)
{
    machine_setup(state);
    host_run_thread(NULL);
    cpu_current()->entered_ns = host_clock_ns;
    maker = machine_program(PRIORITY_IDLE);
    scheduler_queue_remove(maker);
    scheduler_block(maker);
    return 0;
}

static int teardown(void **state)
{
    thread_end(maker, 0);
    scheduler_choose(cpu_current());
    return machine_teardown(state);
}

static int64_t create(uint64_t runtime_ns, uint64_t period_ns, uint64_t cpus)
{
    const struct budget_create_arguments arguments = {machine_account, runtime_ns, period_ns, cpus};
    return call_budget_create(maker, &arguments);
}

static handle_t make(uint64_t runtime_ns, uint64_t period_ns)
{
    int64_t token = create(runtime_ns, period_ns, 1);
    assert_true(token > 0);
    return (handle_t)token;
}

static void give_up(handle_t token)
{
    assert_int_equal(handle_close(&maker->process->handles, token), STATUS_OK);
}

static inline struct budget *budget_at(handle_t token)
{
    return container_of(machine_object(maker, token), struct budget, object);
}

static int64_t set(struct thread *thread, struct budget *budget)
{
    const struct thread_set_budget_arguments arguments = {thread, budget};
    return call_thread_set_budget(maker, &arguments);
}

/* A thread with so much time, and the handle to its budget. */
static inline struct thread *reserved(uint64_t runtime_ns, uint64_t period_ns, handle_t *token)
{
    struct thread *thread = machine_program(PRIORITY_NORMAL);
    *token = make(runtime_ns, period_ns);
    assert_int_equal(set(thread, budget_at(*token)), 0);
    return thread;
}

/* Until nothing is left to be decided. */
static inline struct thread *choose(void)
{
    do
        scheduler_choose(cpu_current());
    while (cpu_current()->reschedule);
    return thread_current();
}

static inline struct thread *after(uint64_t nanoseconds)
{
    machine_pass_time(nanoseconds);
    return choose();
}

static inline struct budget_information told(handle_t token)
{
    struct budget_information information;
    const struct budget_inspect_arguments arguments = {budget_at(token), &information};
    assert_int_equal(call_budget_inspect(maker, &arguments), 0);
    return information;
}
