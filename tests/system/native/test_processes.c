/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Processes and threads: how they end and stop.
 */
#include <base/ipc.h>
#include <base/service.h>

#include "harness.h"
#include "machine.h"
#include "stubs.h"
#include "threads.h"

#define MILLISECOND UINT64_C(1000000)
#define MANY_THREADS 40

static uint64_t return_argument(uint64_t argument, struct frame *frame)
{
    return argument;
}

static uint64_t end_process(uint64_t argument, struct frame *frame)
{
    (void)native_process_end(test_world.self, argument);
    return 1;
}

static uint64_t touch(uint64_t address, struct frame *frame)
{
    *(volatile uint32_t *)address = 1;
    return 0;
}

static uint64_t trap(uint64_t argument, struct frame *frame)
{
    execute_illegal_instruction();
}

static uint64_t loop(uint64_t argument, struct frame *frame)
{
    for (;;)
        (void)native_thread_yield();
}

static void check_end(test_function *function, uint64_t argument, enum end_reason reason,
                      uint64_t code)
{
    struct process_information information;
    struct test_child child = {.function = function, .argument = argument};
    test_child_create(&child);
    test_child_start(&child);
    test_child_join(&child, &information);
    CHECK_EQUAL(information.state, PROCESS_ENDED);
    CHECK_EQUAL(information.reason, reason);
    CHECK_EQUAL(information.code, code);
    CHECK_EQUAL(information.threads, 0);
    CHECK_EQUAL(information.handles, 0);
    if (reason == END_FAULT && function == touch)
        CHECK_EQUAL(information.fault_address, argument);
}

static void test_ends(void)
{
    check_end(return_argument, 33, END_EXIT, 33);
    check_end(end_process, 44, END_EXIT, 44);
    check_end(touch, 16, END_FAULT, FAULT_PAGE_ABSENT);
    check_end(touch, (uint64_t)check_end, END_FAULT, FAULT_PAGE_ACCESS);
    check_end(touch, UINT64_C(0xffffffff80000000), END_FAULT, FAULT_PAGE_ABSENT);
    check_end(trap, 0, END_FAULT, FAULT_INSTRUCTION);
}

static void test_killed(void)
{
    struct process_information information;
    struct test_child child = {.function = loop};
    test_child_create(&child);
    CHECK_STATUS(native_process_resume(child.process), BAD_STATE);
    test_child_start(&child);
    SUCCEED(native_process_end(child.process, 7));
    test_wait(child.thread, SIGNAL_ENDED);
    test_wait(child.process, SIGNAL_ENDED);
    CHECK_STATUS(native_thread_interrupt(child.thread), DEAD);
    const struct thread_start start = {.pc = USER_START, .sp = USER_START};
    CHECK_STATUS(native_thread_create(child.process, &start), DEAD);
    CHECK_STATUS(native_process_give(child.process, child.thread, RIGHT_SAME, 0), DEAD);
    SUCCEED(native_process_end(child.process, 8)); /* has ended: nothing changes */
    test_child_join(&child, &information);
    CHECK_EQUAL(information.reason, END_KILLED);
    CHECK_EQUAL(information.code, 7);
}

/* One to which no handle is left cannot be stopped by anybody: it is ended. */
static void test_unreachable(void)
{
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    handle_t process =
        SUCCEED(native_process_create(test_world.account, HANDLE_NONE, "lost", 4, 0));
    const struct thread_start start = {
        .pc = USER_START, .sp = USER_START, .flags = THREAD_SUSPENDED};
    handle_t thread = SUCCEED(native_thread_create(process, &start));
    SUCCEED(native_process_give(process, event, RIGHT_SAME, 0));
    CLOSE(process);
    test_wait(thread, SIGNAL_ENDED);
    CLOSE(thread);
    CLOSE(event);
}

/* What it held is released by the time its end is told. */
static void test_handles_closed_at_end(void)
{
    struct stream_handles ends;
    struct test_child child = {.function = return_argument};
    SUCCEED(native_stream_create(test_world.account, 4096, 0, &ends));
    test_child_create(&child);
    (void)test_child_give(&child, ends.write_end, RIGHT_SAME);
    CLOSE(ends.write_end);
    CHECK_EQUAL(test_signals(ends.read_end) & SIGNAL_CLOSED_WRITE, 0);
    test_child_start(&child);
    test_wait(child.process, SIGNAL_ENDED);
    CHECK((test_signals(ends.read_end) & SIGNAL_CLOSED_WRITE) != 0);
    test_child_finish(&child);
    CLOSE(ends.read_end);
}

/* Stopping. */

static volatile uint64_t progress;

static uint64_t make_progress(uint64_t argument, struct frame *frame)
{
    for (;;)
        progress++;
}

/* Whether a word that somebody counts up in changes, given the time. */
static bool advances(const volatile uint64_t *word)
{
    uint64_t before = *word;
    for (unsigned i = 0; i < 10 && *word == before; i++)
        test_pause(MILLISECOND);
    return *word != before;
}

static bool makes_progress(void)
{
    return advances(&progress);
}

static void test_suspend_thread(void)
{
    struct frame_registers registers;
    struct test_thread thread;
    test_thread_run(&thread, make_progress, 0);
    CHECK(makes_progress());
    CHECK_STATUS(native_thread_read_registers(thread.handle, &registers), BAD_STATE);
    SUCCEED(native_thread_suspend(thread.handle));
    SUCCEED(native_thread_suspend(thread.handle));
    CHECK(!makes_progress());
    SUCCEED(native_thread_read_registers(thread.handle, &registers));
    CHECK(registers.sp > thread.stack);
    SUCCEED(native_thread_resume(thread.handle));
    CHECK(!makes_progress());
    CHECK_EQUAL(test_thread_state(thread.handle), THREAD_STOPPED);
    SUCCEED(native_thread_resume(thread.handle));
    CHECK(makes_progress());
    CHECK_STATUS(native_thread_resume(thread.handle), BAD_STATE);
    SUCCEED(native_thread_kill(thread.handle));
    CHECK(!makes_progress());
    SUCCEED(native_thread_suspend(thread.handle)); /* nothing is left to stop */
    registers.sp = 0;
    SUCCEED(native_thread_read_registers(thread.handle, &registers));
    CHECK(registers.sp > thread.stack);
    test_thread_join(&thread);
}

/* A wait that ends while its thread is stopped: the thread goes on when it is resumed. */
static uint64_t wait_for_event(uint64_t event, struct frame *frame)
{
    test_wait(event, 0x100);
    return 0;
}

/* One that computes enters the kernel for nothing: its time is asked of the CPU it is on. */
static void test_time_of_who_computes(void)
{
    struct thread_information before, after;
    struct test_thread thread;
    test_thread_run(&thread, make_progress, 0);
    CHECK(makes_progress());
    SUCCEED(native_thread_inspect(thread.handle, &before));
    for (unsigned i = 0; i < 100; i++) {
        test_pause(MILLISECOND);
        SUCCEED(native_thread_inspect(thread.handle, &after));
        if (after.user_ns > before.user_ns + MILLISECOND)
            break;
    }
    CHECK(after.user_ns > before.user_ns + MILLISECOND);
    SUCCEED(native_thread_kill(thread.handle));
    test_thread_join(&thread);
}

static void test_suspend_waiting(void)
{
    struct test_thread thread;
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    test_thread_run(&thread, wait_for_event, event);
    test_thread_await(thread.handle, THREAD_WAITING);
    SUCCEED(native_thread_suspend(thread.handle));
    SUCCEED(native_event_signal(event, 0, 0x100));
    test_pause(MILLISECOND);
    CHECK_EQUAL(test_signals(thread.handle) & SIGNAL_ENDED, 0);
    SUCCEED(native_thread_resume(thread.handle));
    test_thread_join(&thread);
    CLOSE(event);
}

static uint64_t count_shared(uint64_t address, struct frame *frame)
{
    for (;;)
        ++*(volatile uint64_t *)address;
}

static void test_suspend_process(void)
{
    struct process_information information;
    handle_t memory = SUCCEED(native_memory_create(test_world.account, USER_PAGE_SIZE, 0));
    struct test_child child = {.function = count_shared};
    const volatile uint64_t *own = (const volatile uint64_t *)SUCCEED(
        native_map(test_world.self, memory, 0, 0, USER_PAGE_SIZE, MAP_READ));
    test_child_create(&child);
    child.argument =
        SUCCEED(native_map(child.process, memory, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    test_child_start(&child);
    CHECK(advances(own));
    SUCCEED(native_process_suspend(child.process));
    CHECK(!advances(own));
    SUCCEED(native_thread_suspend(child.thread));
    SUCCEED(native_process_resume(child.process));
    CHECK(!advances(own));
    SUCCEED(native_thread_resume(child.thread));
    CHECK(advances(own));
    SUCCEED(native_process_end(child.process, 0));
    test_child_join(&child, &information);
    SUCCEED(native_unmap(test_world.self, (uint64_t)own, USER_PAGE_SIZE));
    CLOSE(memory);
}

static uint64_t expect_interrupted(uint64_t event, struct frame *frame)
{
    struct wait_item item = {event, 0x100, 0};
    CHECK_STATUS(native_wait_many(&item, 1, DEADLINE_NEVER), INTERRUPTED);
    CHECK_EQUAL(frame->interrupted, 1);
    CHECK_STATUS(native_wait_many(&item, 1, DEADLINE_NEVER), INTERRUPTED); /* sticky */
    frame->interrupted = 0;
    CHECK_STATUS(native_wait_many(&item, 1, test_now() + MILLISECOND), TIMED_OUT);
    return 0;
}

static void test_interrupted_wait(void)
{
    struct test_thread thread;
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    test_thread_run(&thread, expect_interrupted, event);
    test_thread_await(thread.handle, THREAD_WAITING);
    SUCCEED(native_thread_interrupt(thread.handle));
    test_thread_join(&thread);
    CLOSE(event);
}

static void test_many_threads(void)
{
    static struct test_thread threads[MANY_THREADS];
    struct thread_information first, second;
    struct process_information process;
    for (unsigned i = 0; i < MANY_THREADS; i++) {
        threads[i] = (struct test_thread){
            .function = return_argument, .priority = PRIORITY_NORMAL, .flags = THREAD_SUSPENDED};
        test_thread_start(&threads[i]);
    }
    SUCCEED(native_process_inspect(test_world.self, &process));
    CHECK_EQUAL(process.threads, MANY_THREADS + 1);
    SUCCEED(native_thread_inspect(threads[0].handle, &first));
    SUCCEED(native_thread_inspect(threads[1].handle, &second));
    CHECK(first.frame != second.frame && first.frame % FRAME_STRIDE == 0);
    for (unsigned i = 0; i < MANY_THREADS; i++)
        SUCCEED(native_thread_resume(threads[i].handle));
    for (unsigned i = 0; i < MANY_THREADS; i++)
        test_thread_join(&threads[i]);
}

/* The test is not critical itself. */
static void test_critical(void)
{
    CHECK_STATUS(
        native_process_create(test_world.account, HANDLE_NONE, "vital", 5, PROCESS_CRITICAL),
        NO_RIGHT);
}

/* With its processor to itself, whoever is less urgent there. */
static uint64_t see_no_progress(uint64_t argument, struct frame *frame)
{
    for (unsigned i = 0; i < 100; i++) {
        uint64_t before = progress;
        (void)native_thread_yield();
        CHECK_EQUAL(progress, before);
    }
    return 0;
}

static void test_priorities(void)
{
    struct thread_start start = {.pc = USER_START, .sp = USER_START, .priority = PRIORITY_COUNT};
    struct test_thread thread, other;
    CHECK_STATUS(native_thread_create(test_world.self, &start), INVALID);
    start.priority = PRIORITY_NORMAL + 1; /* above its own */
    CHECK_STATUS(native_thread_create(test_world.self, &start), INVALID);
    start.priority = PRIORITY_NORMAL;
    start.flags = THREAD_SUSPENDED << 1;
    CHECK_STATUS(native_thread_create(test_world.self, &start), INVALID);
    start.flags = 0;
    start.pc = USER_END;
    CHECK_STATUS(native_thread_create(test_world.self, &start), INVALID);
    thread =
        (struct test_thread){.function = make_progress, .priority = PRIORITY_NORMAL, .cpus = 1};
    test_thread_start(&thread);
    SUCCEED(native_thread_set_priority(thread.handle, PRIORITY_IDLE));
    other =
        (struct test_thread){.function = see_no_progress, .priority = PRIORITY_NORMAL, .cpus = 1};
    test_thread_start(&other);
    test_thread_join(&other);
    CHECK_STATUS(native_thread_set_priority(thread.handle, PRIORITY_COUNT), INVALID);
    SUCCEED(native_thread_kill(thread.handle));
    test_thread_join(&thread);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"ends", test_ends},
        {"killed", test_killed},
        {"unreachable", test_unreachable},
        {"handles are closed at the end", test_handles_closed_at_end},
        {"time of who computes", test_time_of_who_computes},
        {"suspended threads", test_suspend_thread},
        {"suspended while waiting", test_suspend_waiting},
        {"suspended processes", test_suspend_process},
        {"interrupted waits", test_interrupted_wait},
        {"many threads", test_many_threads},
        {"critical processes", test_critical},
        {"priorities", test_priorities},
    };
    test_begin();
    TEST_RUN(cases);
}
