/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Threads of the test program, and processes that are copies of it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <trellis/frame.h>
#include <trellis/object.h>
#include <trellis/structures.h>

/* What runs in a thread; the result is the thread's code. */
typedef uint64_t test_function(uint64_t argument, struct frame *frame);

struct test_thread {
    test_function *function;
    uint64_t argument;
    uint32_t priority;
    uint32_t flags; /* enum thread_flag */
    uint64_t cpus;  /* as in struct thread_start */
    handle_t handle;
    uint64_t stack;
};

/* What stub_thread_entry calls. */
_Noreturn void test_thread_main(uint64_t argument, struct frame *frame);

/* Function, argument, priority and flags are set; the structure stays where it is until joined. */
void test_thread_start(struct test_thread *thread);
/* The same with the test's own priority and no flags. */
void test_thread_run(struct test_thread *thread, test_function *function, uint64_t argument);
/* Until it has ended; closes its handle and unmaps its stack. */
void test_thread_join(struct test_thread *thread);
/* What a thread is doing: enum thread_state. */
uint32_t test_thread_state(handle_t thread);
/* Until the thread is in this state; meanwhile threads of lower priority run. */
void test_thread_await(handle_t thread, enum thread_state state);

/*
 * A process with a copy of this one's memory, in which `function` runs. Its
 * test_world has its own process and account. `inherit`: it has this process'
 * handles too, tokens unchanged.
 */
struct test_child {
    test_function *function;
    uint64_t argument;
    handle_t account; /* what it is charged to; HANDLE_NONE: the test's own */
    bool inherit;
    uint32_t flags;    /* enum thread_flag */
    uint32_t priority; /* 0: the test's own */
    handle_t process, thread;
};

/* The process without a thread, so that it can be given handles. */
void test_child_create(struct test_child *child);
void test_child_start(struct test_child *child);
/* Until it has ended; closes its handles. */
void test_child_join(struct test_child *child, struct process_information *information);
/* The same for one that must end by itself with code 0. */
void test_child_finish(struct test_child *child);
/* Give it a handle of this process, with these rights; the token it has there. */
handle_t test_child_give(const struct test_child *child, handle_t handle, uint32_t rights);
