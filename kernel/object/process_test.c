/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Processes and threads: making, cloning, suspending, ending; entries into the library. */
#include "machine_fake.h"

#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/personality.h>
#include <kernel/scheduler_queue.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct thread *self, *parent;
static handle_t own_endpoint, way_in;

/* `self` is the server that clones `parent`, which waits in a call to it. */
static int setup(void **state)
{
    machine_setup(state);
    self = machine_program(PRIORITY_SERVER);
    parent = machine_program(PRIORITY_NORMAL);
    way_in = machine_session(machine_endpoint(self, &own_endpoint), 0, parent);
    host_run_thread(self);
    return 0;
}

static int teardown(void **state)
{
    thread_end(parent, 0);
    thread_end(self, 0);
    return machine_teardown(state);
}

static struct process *new_process(void)
{
    const struct process_create_arguments arguments = {.account = machine_account,
                                                       .account_rights = RIGHT_ALL};
    int64_t token = call_process_create(self, &arguments);
    assert_true(token > 0);
    return container_of(machine_object(self, (handle_t)token), struct process, object);
}

static int64_t start_thread(struct process *process, const struct thread_start *start)
{
    const struct thread_create_arguments arguments = {
        .process = process, .process_rights = RIGHT_ALL, .start = start};
    return call_thread_create(self, &arguments);
}

static const struct thread_start start = {.pc = USER_START, .priority = PRIORITY_NORMAL};

static void the_last_thread_ends_its_process(void **state)
{
    (void)state;
    struct process *process = new_process();
    assert_true(start_thread(process, &start) > 0);
    assert_true(start_thread(process, &start) > 0);
    struct thread *first = container_of(list_first(&process->threads), struct thread, process_link);
    thread_end(first, 1);
    assert_int_equal(process->state, PROCESS_RUNNING);
    assert_int_equal(first->object.signals, SIGNAL_ENDED);
    thread_end(container_of(list_first(&process->threads), struct thread, process_link), 7);
    assert_int_equal(process->state, PROCESS_ENDING);
    machine_settle();
    assert_int_equal(process->state, PROCESS_ENDED);
    assert_int_equal(process->object.signals, SIGNAL_ENDED);
    assert_int_equal(process->reason, END_EXIT);
    assert_int_equal(process->code, 7);
    assert_int_equal(start_thread(process, &start), status_to_result(STATUS_DEAD));
}

/* One that another CPU has is told, and stays in its process until that CPU lets go. */
static void threads_behind_one_that_is_ending_end_too(void **state)
{
    (void)state;
    struct process *process = new_process();
    for (unsigned i = 0; i < 3; i++)
        assert_true(start_thread(process, &start) > 0);
    struct thread *first = container_of(list_first(&process->threads), struct thread, process_link);
    scheduler_queue_remove(first);
    atomic_store(&first->holder, holder_of_cpu(0));
    thread_end(first, 1);
    assert_int_equal(process->thread_count, 3);
    process_end(process, END_KILLED, 9);
    assert_int_equal(process->thread_count, 1);
    atomic_store(&first->holder, HOLDER_NONE);
    assert_true(scheduler_seize(first));
    thread_finish_end(first);
    machine_settle();
    assert_int_equal(process->state, PROCESS_ENDED);
    assert_int_equal(process->code, 9);
}

static void a_death_is_told_when_the_handles_are_closed(void **state)
{
    (void)state;
    struct process *process = new_process();
    struct object *endpoint = machine_object(self, own_endpoint);
    assert_true(start_thread(process, &start) > 0);
    for (unsigned i = 0; i < 100; i++) {
        const struct process_give_arguments arguments = {
            .process = process, .handle = own_endpoint, .rights = RIGHT_SAME};
        assert_true(call_process_give(self, &arguments) > 0);
    }
    process_end(process, END_KILLED, 9);
    assert_true(process_teardown_step());
    assert_int_equal(process->object.signals, 0);
    assert_true(atomic_load(&endpoint->handles) > 1);
    while (process_teardown_step())
        ;
    assert_int_equal(process->object.signals, SIGNAL_ENDED);
    assert_int_equal(atomic_load(&endpoint->handles), 1);
}

/* Who saw a mapping of its space before that was taken out goes on to lock the space. */
static void a_process_is_freed_a_grace_period_after_its_memory(void **state)
{
    (void)state;
    _Atomic uint64_t *used = &machine_account->used[ALLOW_PROCESSES];
    uint64_t before = atomic_load(used);
    object_release(&machine_process()->object);
    while (!cpu_current()->teardown)
        rcu_quiescent();
    while (process_teardown_step())
        ;
    assert_int_equal(atomic_load(used), before + 1);
    machine_settle();
    assert_int_equal(atomic_load(used), before);
}

static void threads_get_their_frames(void **state)
{
    (void)state;
    struct process *process = new_process();
    for (unsigned i = 0; i < 70; i++)
        assert_true(start_thread(process, &start) > 0);
    unsigned slot = 0;
    list_for_each (&process->threads, node) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        assert_int_equal(thread->frame_slot, slot++);
        assert_int_equal(thread->frame->self, FRAME_BASE + thread->frame_slot * FRAME_STRIDE);
    }
    process_end(process, END_KILLED, 0);
}

static void what_a_thread_may_not_be(void **state)
{
    (void)state;
    struct process *process = new_process();
    struct thread_start bad = start;
    bad.priority = PRIORITY_COUNT;
    assert_int_equal(start_thread(process, &bad), status_to_result(STATUS_INVALID));
    bad.priority = PRIORITY_DRIVER; /* above the maker's */
    assert_int_equal(start_thread(process, &bad), status_to_result(STATUS_INVALID));
    bad = start;
    bad.pc = USER_END;
    atomic_store(&machine_account->limit[ALLOW_THREADS], 2);
    assert_int_equal(start_thread(process, &start), status_to_result(STATUS_LIMIT));
}

static void identity_needs_its_right(void **state)
{
    (void)state;
    struct thread_start named = start;
    named.identity = 5;
    struct process *process = new_process();
    const struct thread_create_arguments arguments = {
        .process = process, .process_rights = RIGHT_MANAGE, .start = &named};
    assert_true(call_thread_create(self, &arguments) > 0);
    assert_true(start_thread(process, &named) > 0);
    const struct list_node *first = list_first(&process->threads);
    assert_int_equal(container_of(first, struct thread, process_link)->identity, self->identity);
    assert_int_equal(container_of(first->next, struct thread, process_link)->identity, 5);
    process_end(process, END_KILLED, 0);
}

static int64_t clone(handle_t reply, struct process_clone_result *result)
{
    const struct process_clone_arguments arguments = {
        .process = parent->process,
        .process_rights = RIGHT_ALL,
        .reply = container_of(machine_object(self, reply), struct reply, object),
        .account = machine_account,
        .identity = 42,
        .result = result,
    };
    return call_process_clone(self, &arguments);
}

static handle_t take_call(void)
{
    assert_int_equal(machine_call(parent, call_ipc_call, way_in, 0), MACHINE_BLOCKED);
    assert_int_equal(machine_call(self, call_ipc_receive, own_endpoint, 0), RECEIVED_CALL);
    return (handle_t)call_reply_take(self);
}

static void a_clone_waits_in_the_same_call(void **state)
{
    struct process_clone_result result;
    (void)state;
    strcpy(frame_text(parent->frame), "text");
    handle_t reply = take_call();
    assert_int_equal(clone(reply, &result), 0);
    struct thread *child = container_of(machine_object(self, result.thread), struct thread, object);
    assert_int_equal(child->identity, 42);
    assert_int_equal(child->frame->identity, 42);
    assert_int_equal(child->frame_address, parent->frame_address);
    assert_string_equal(frame_text(child->frame), "text");
    assert_int_equal(child->arch.arguments[0], way_in);
    assert_ptr_equal(machine_object(child, way_in), machine_object(parent, way_in));
    assert_true(machine_waits(child));
    assert_int_equal(machine_call(self, call_ipc_reply, result.reply, 1), 0);
    assert_int_equal(machine_result(child), 0);
    assert_true(machine_waits(parent));
    assert_int_equal(machine_call(self, call_ipc_reply, reply, 2), 0);
    assert_int_equal(machine_result(parent), 0);
    assert_int_equal(child->arch.information, 1);
    assert_int_equal(parent->arch.information, 2);
    process_end(child->process, END_KILLED, 0);
}

static void a_clone_ends_while_it_waits(void **state)
{
    struct process_clone_result result;
    (void)state;
    handle_t reply = take_call();
    assert_int_equal(clone(reply, &result), 0);
    struct thread *child = container_of(machine_object(self, result.thread), struct thread, object);
    process_end(child->process, END_KILLED, 0);
    assert_int_equal(machine_call(self, call_ipc_reply, result.reply, 1),
                     status_to_result(STATUS_DEAD));
    assert_true(machine_waits(parent));
}

/* Whatever allocation fails, nothing is left of the clone. */
static void a_clone_without_memory(void **state)
{
    struct process_clone_result result;
    (void)state;
    handle_t reply = take_call();
    machine_settle();
    uint64_t pages = test_pages_used(machine_account);
    uint32_t handles = self->process->handles.count;
    for (uint64_t n = 1;; n++) {
        page_fail_after(n);
        int64_t done = clone(reply, &result);
        page_fail_after(0);
        if (done == 0)
            break;
        assert_int_equal(done, status_to_result(STATUS_NO_MEMORY));
        machine_settle();
        assert_int_equal(test_pages_used(machine_account), pages);
        assert_int_equal(self->process->handles.count, handles);
        assert_true(machine_waits(parent));
    }
    process_end(container_of(machine_object(self, result.process), struct process, object),
                END_KILLED, 0);
}

static void making_without_memory(void **state)
{
    struct process *process;
    struct thread *thread;
    (void)state;
    machine_settle();
    uint64_t pages = test_pages_used(machine_account);
    for (uint64_t n = 1;; n++) {
        page_fail_after(n);
        enum status status = process_create(machine_account, "", 0, 0, &process);
        if (status == STATUS_OK) {
            object_release(&process->object);
            status = thread_create(parent->process, &start, 0, &thread);
        }
        page_fail_after(0);
        machine_settle();
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
        assert_int_equal(test_pages_used(machine_account), pages);
        assert_int_equal(atomic_load(&machine_account->used[ALLOW_THREADS]), 2);
        assert_int_equal(atomic_load(&machine_account->used[ALLOW_PROCESSES]), 2);
    }
    thread_end(thread, 0);
    object_release(&thread->object);
}

static void suspensions_nest(void **state)
{
    (void)state;
    struct process *process = new_process();
    const struct process_suspend_arguments whole = {.process = process};
    const struct process_resume_arguments resumed = {.process = process};
    assert_int_equal(call_process_suspend(self, &whole), 0);
    int64_t token = start_thread(process, &start);
    struct object *object = machine_object(self, (handle_t)token);
    struct thread *thread = container_of(object, struct thread, object);
    const struct thread_suspend_arguments one = {.thread = thread};
    const struct thread_resume_arguments one_resumed = {.thread = thread};
    assert_false(thread->queued);
    assert_int_equal(call_thread_resume(self, &one_resumed), status_to_result(STATUS_BAD_STATE));
    assert_int_equal(call_thread_suspend(self, &one), 0);
    assert_int_equal(call_process_resume(self, &resumed), 0);
    assert_int_equal(call_process_resume(self, &resumed), status_to_result(STATUS_BAD_STATE));
    assert_false(thread->queued);
    assert_int_equal(call_thread_resume(self, &one_resumed), 0);
    assert_true(thread->queued);
    process_end(process, END_KILLED, 0);
}

static struct personality library(void)
{
    return (struct personality){.reflect = 0x10000,
                                .interrupt = 0x10010,
                                .fault = 0x10020,
                                .text_low = 0x10000,
                                .text_high = 0x20000,
                                .restart_low = 0x10100,
                                .restart_high = 0x10110,
                                .restart_entry = 0x10100,
                                .copy_low = 0x10200,
                                .copy_high = 0x10210,
                                .copy_resume = 0x10220};
}

static void set_pc(struct thread *thread, uint64_t pc)
{
    arch_thread_redirect(thread, pc, 0x50000);
}

static void an_interruption_enters_the_library_once(void **state)
{
    (void)state;
    parent->process->personality = library();
    thread_interrupt(parent);
    set_pc(parent, 0x10050); /* in the library: it will look itself */
    personality_interrupt(parent);
    assert_int_equal(arch_thread_pc(parent), 0x10050);
    set_pc(parent, 0x30000);
    personality_interrupt(parent);
    assert_int_equal(arch_thread_pc(parent), 0x10010);
    assert_int_equal(parent->frame->cause, FRAME_INTERRUPT);
    assert_int_equal(parent->frame->registers.pc, 0x30000);
    assert_int_equal(parent->frame->interrupted, 1);
    assert_false(thread_needs(parent, ATTENTION_MARKED));
}

static void a_way_out_is_started_again(void **state)
{
    (void)state;
    parent->process->personality = library();
    thread_interrupt(parent);
    set_pc(parent, 0x10108);
    personality_interrupt(parent);
    assert_int_equal(arch_thread_pc(parent), 0x10100);
    thread_interrupt(parent);
    parent->frame->interrupted = 0; /* seen by the library */
    set_pc(parent, 0x30000);
    personality_interrupt(parent);
    assert_int_equal(arch_thread_pc(parent), 0x30000);
}

static void faults_go_where_they_belong(void **state)
{
    const struct trap_fault fault = {.kind = FAULT_PAGE_ABSENT, .address = 0x1234};
    (void)state;
    set_pc(parent, 0x30000);
    assert_false(personality_fault(parent, &fault));
    parent->process->personality = library();
    assert_true(personality_fault(parent, &fault));
    assert_int_equal(arch_thread_pc(parent), 0x10020);
    assert_int_equal(parent->frame->fault_address, 0x1234);
    set_pc(parent, 0x10204);
    assert_true(personality_fault(parent, &fault));
    assert_int_equal(arch_thread_pc(parent), 0x10220);
    assert_int_equal(parent->frame->nested_pc, 0x10204);
    set_pc(parent, 0x10300);
    assert_false(personality_fault(parent, &fault));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    host_memory_init(2 * TEST_PAGES);
    const struct CMUnitTest tests[] = {
        TEST(the_last_thread_ends_its_process),
        TEST(threads_behind_one_that_is_ending_end_too),
        TEST(a_death_is_told_when_the_handles_are_closed),
        TEST(a_process_is_freed_a_grace_period_after_its_memory),
        TEST(threads_get_their_frames),
        TEST(what_a_thread_may_not_be),
        TEST(identity_needs_its_right),
        TEST(a_clone_waits_in_the_same_call),
        TEST(a_clone_ends_while_it_waits),
        TEST(a_clone_without_memory),
        TEST(making_without_memory),
        TEST(suspensions_nest),
        TEST(an_interruption_enters_the_library_once),
        TEST(a_way_out_is_started_again),
        TEST(faults_go_where_they_belong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
