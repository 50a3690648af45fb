/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "machine_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/scheduler_queue.h>
#include <kernel/time.h>

#define LIMIT UINT64_C(1000)
#define GRACE_PERIODS 16 /* what is freed lets go of others, which are freed later */

struct account *machine_account;
static uint64_t pages_at_start;

uint64_t time_to_ticks(uint64_t nanoseconds)
{
    return nanoseconds;
}

int machine_setup(void **state)
{
    const struct account_limits limits = {LIMIT, LIMIT, LIMIT, LIMIT, UINT64_MAX, UINT64_MAX};
    (void)state;
    scheduler_init_cpu(0);
    account_root = test_account_create(TEST_PAGES);
    pages_at_start = page_count_free();
    enum status status = account_create(account_root, &limits, &machine_account);
    assert(status == STATUS_OK);
    return 0;
}

int machine_teardown(void **state)
{
    (void)state;
    machine_leave();
    cpu_current()->arch.space = NULL;
    machine_settle();
    for (unsigned i = 0; i < ALLOW_CPU_NS; i++)
        assert(atomic_load(&machine_account->used[i]) == 0);
    object_release(&machine_account->object);
    machine_settle();
    test_account_end(account_root);
    return 0;
}

struct process *machine_process(void)
{
    struct process *process;
    enum status status = process_create(machine_account, "program", 7, 0, &process);
    assert(status == STATUS_OK);
    return process;
}

struct thread *machine_thread(struct process *process, uint32_t priority)
{
    const struct thread_start start = {.pc = USER_START, .priority = priority};
    struct thread *thread;
    enum status status = thread_create(process, &start, 0, &thread);
    assert(status == STATUS_OK);
    object_release(&thread->object);
    return thread;
}

struct thread *machine_program(uint32_t priority)
{
    struct process *process = machine_process();
    struct thread *thread = machine_thread(process, priority);
    object_release(&process->object);
    return thread;
}

int64_t machine_call(struct thread *thread, int64_t (*call)(struct thread *self), uint64_t argument,
                     uint64_t information)
{
    scheduler_queue_remove(thread);
    host_run_thread(thread);
    thread->arch.arguments[0] = argument;
    thread->arch.information = information;
    thread->arch.result = MACHINE_BLOCKED;
    int64_t result = call(thread);
    if (result == status_to_result(STATUS_RESTART))
        return MACHINE_BLOCKED;
    if (result != status_to_result(STATUS_BLOCKED))
        arch_call_set_result(thread, result);
    return thread->arch.result;
}

int64_t machine_result(struct thread *thread)
{
    assert(!machine_waits(thread));
    return thread->arch.result;
}

bool machine_waits(const struct thread *thread)
{
    uint32_t state = atomic_load(&thread->wait_state);
    return state == WAIT_STATE_WAITING || state == WAIT_STATE_INTERRUPTIBLE;
}

struct endpoint *machine_endpoint(struct thread *server, handle_t *token)
{
    const struct endpoint_create_arguments arguments = {.account = machine_account};
    *token = (handle_t)call_endpoint_create(server, &arguments);
    return container_of(machine_object(server, *token), struct endpoint, object);
}

handle_t machine_session(struct endpoint *endpoint, uint64_t badge, struct thread *holder)
{
    const struct session_create_arguments arguments = {.endpoint = endpoint, .badge = badge};
    return (handle_t)call_session_create(holder, &arguments);
}

handle_t machine_give(struct thread *to, struct object *object, uint32_t rights)
{
    handle_t token;
    enum status status = handle_create(&to->process->handles, object, rights, &token);
    assert(status == STATUS_OK);
    return token;
}

struct object *machine_object(struct thread *thread, handle_t token)
{
    struct handle_view view;
    enum status status = handle_resolve(&thread->process->handles, token, OBJECT_ANY, 0, &view);
    assert(status == STATUS_OK);
    return view.object;
}

void machine_pass_time(uint64_t nanoseconds)
{
    host_clock_ns += nanoseconds;
    timer_run();
}

void machine_leave(void)
{
    struct thread *current = thread_current();
    host_run_thread(NULL);
    if (current != NULL && thread_needs(current, ATTENTION_ENDING) && scheduler_seize(current))
        thread_finish_end(current);
}

void machine_settle(void)
{
    for (unsigned i = 0; i < GRACE_PERIODS; i++) {
        while ((cpu_current()->teardown = process_teardown_step()))
            ;
        rcu_quiescent();
    }
}
