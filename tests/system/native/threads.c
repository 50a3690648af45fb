/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "threads.h"

#include <base/service.h>

#include "harness.h"
#include "stubs.h"

#define STACK_SIZE UINT64_C(16384)
#define AWAIT_TIMES 10000
#define AWAIT_PAUSE_NS 50000

void (*stub_entered)(struct frame *frame);
const uint32_t stub_resume_number = CALL_FRAME_RESUME;

_Noreturn void test_thread_main(uint64_t argument, struct frame *frame)
{
    const struct test_thread *thread = (const struct test_thread *)argument;
    uint64_t code = thread->function(thread->argument, frame);
    for (;;)
        (void)native_thread_end(code, 0);
}

static uint32_t own_priority(void)
{
    return PRIORITY_NORMAL;
}

static uint64_t map_stack(handle_t process)
{
    return SUCCEED(native_map(process, HANDLE_NONE, 0, 0, STACK_SIZE, MAP_READ | MAP_WRITE));
}

void test_thread_start(struct test_thread *thread)
{
    thread->stack = map_stack(test_world.self);
    const struct thread_start start = {
        .pc = (uint64_t)stub_thread_entry,
        .sp = thread->stack + STACK_SIZE,
        .argument = (uint64_t)thread,
        .priority = thread->priority,
        .flags = thread->flags,
        .cpus = thread->cpus,
    };
    thread->handle = SUCCEED(native_thread_create(test_world.self, &start));
}

void test_thread_run(struct test_thread *thread, test_function *function, uint64_t argument)
{
    *thread = (struct test_thread){
        .function = function,
        .argument = argument,
        .priority = own_priority(),
    };
    test_thread_start(thread);
}

void test_thread_join(struct test_thread *thread)
{
    test_wait(thread->handle, SIGNAL_ENDED);
    CLOSE(thread->handle);
    SUCCEED(native_unmap(test_world.self, thread->stack, STACK_SIZE));
}

uint32_t test_thread_state(handle_t thread)
{
    struct thread_information information;
    SUCCEED(native_thread_inspect(thread, &information));
    return information.state;
}

void test_thread_await(handle_t thread, enum thread_state state)
{
    for (unsigned i = 0; i < AWAIT_TIMES && test_thread_state(thread) != state; i++)
        test_pause(AWAIT_PAUSE_NS);
    CHECK_EQUAL(test_thread_state(thread), state);
}

/* Children. */

/* What a child does: written into its copy of this memory. */
static struct {
    struct test_thread thread;
    test_function *function;
} child_work;

static uint64_t child_main(uint64_t argument, struct frame *frame)
{
    service_adopt("child", test_world.self);
    return child_work.function(argument, frame);
}

static void copy_mapping(handle_t process, const struct mapping_information *mapping)
{
    uint64_t size = mapping->end - mapping->start;
    uint32_t flags = (uint32_t)mapping->flags & (MAP_PROTECTION | MAP_ALLOW_WX);
    SUCCEED(native_map(process, HANDLE_NONE, 0, mapping->start, size, flags | MAP_FIXED_ADDRESS));
    if ((flags & MAP_READ) != 0)
        CHECK_EQUAL(
            native_process_write(process, mapping->start, (const void *)mapping->start, size),
            size);
}

static void copy_memory(handle_t process)
{
    struct mapping_information mapping = {0};
    while (native_space_inspect(test_world.self, mapping.end, 1, &mapping) == 0 &&
           mapping.end <= USER_LIBRARY)
        copy_mapping(process, &mapping);
}

static void write_to(handle_t process, void *place, const void *bytes, uint64_t size)
{
    CHECK_EQUAL(native_process_write(process, (uint64_t)place, bytes, size), size);
}

void test_child_create(struct test_child *child)
{
    if (child->account == HANDLE_NONE)
        child->account = test_world.account;
    handle_t inherit = child->inherit ? test_world.self : HANDLE_NONE;
    child->process = SUCCEED(native_process_create(child->account, inherit, "child", 5, 0));
    copy_memory(child->process);
    const struct test_world world = {
        .self = test_child_give(child, child->process, RIGHT_SAME),
        .account = test_child_give(child, child->account, RIGHT_SAME),
    };
    write_to(child->process, &test_world, &world, sizeof(world));
}

void test_child_start(struct test_child *child)
{
    child_work.thread = (struct test_thread){.function = child_main, .argument = child->argument};
    child_work.function = child->function;
    write_to(child->process, &child_work, &child_work, sizeof(child_work));
    const struct thread_start start = {
        .pc = (uint64_t)stub_thread_entry,
        .sp = map_stack(child->process) + STACK_SIZE,
        .argument = (uint64_t)&child_work.thread,
        .priority = child->priority != 0 ? child->priority : own_priority(),
        .flags = child->flags,
    };
    child->thread = SUCCEED(native_thread_create(child->process, &start));
}

void test_child_join(struct test_child *child, struct process_information *information)
{
    test_wait(child->process, SIGNAL_ENDED);
    SUCCEED(native_process_inspect(child->process, information));
    CLOSE(child->thread);
    CLOSE(child->process);
}

void test_child_finish(struct test_child *child)
{
    struct process_information information;
    test_child_join(child, &information);
    CHECK_EQUAL(information.reason, END_EXIT);
    CHECK_EQUAL(information.code, 0);
}

handle_t test_child_give(const struct test_child *child, handle_t handle, uint32_t rights)
{
    return SUCCEED(native_process_give(child->process, handle, rights, 0));
}
