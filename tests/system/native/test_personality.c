/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Personality entries, with a library of a few instructions (stubs.h): a Linux
 * call is bounced and comes back, faults and interruptions enter the library
 * outside its text, and inside it the copy and restart ranges do as promised.
 */
#include <base/service.h>

#include "harness.h"
#include "machine.h"
#include "stubs.h"
#include "threads.h"

#define MILLISECOND UINT64_C(1000000)
#define STACK_SIZE 8192
#define SENTINEL UINT64_C(0x1122334455667788)

static char entry_stack[STACK_SIZE] __attribute__((aligned(16)));
static volatile uint32_t entered, cause, fault_kind, fault_access;
static volatile uint64_t fault_address;

static void register_library(void)
{
    const struct personality library = {
        .reflect = (uint64_t)stub_reflect,
        .interrupt = (uint64_t)stub_interrupt,
        .fault = (uint64_t)stub_fault,
        .text_low = (uint64_t)stub_text_low,
        .text_high = (uint64_t)stub_text_high,
        .restart_low = (uint64_t)stub_restart_low,
        .restart_high = (uint64_t)stub_restart_high,
        .restart_entry = (uint64_t)stub_restart_entry,
        .copy_low = (uint64_t)stub_copy_low,
        .copy_high = (uint64_t)stub_copy_high,
        .copy_resume = (uint64_t)stub_copy_resume,
    };
    SUCCEED(native_process_set_personality(test_world.self, &library));
}

static void forget_library(void)
{
    static const struct personality none;
    SUCCEED(native_process_set_personality(test_world.self, &none));
}

static void test_bad_personality(void)
{
    struct personality library = {.reflect = USER_END};
    CHECK_STATUS(native_process_set_personality(test_world.self, &library), OUT_OF_RANGE);
    library = (struct personality){.text_low = 2, .text_high = 1};
    CHECK_STATUS(native_process_set_personality(test_world.self, &library), OUT_OF_RANGE);
    library = (struct personality){.copy_resume = UINT64_MAX};
    CHECK_STATUS(native_process_set_personality(test_world.self, &library), OUT_OF_RANGE);
    CHECK_STATUS(native_call_0(1), BAD_CALL);
}

static void test_reflect(void)
{
    static const uint64_t numbers[] = {0, 1, 39, 231, 0x40000001, NATIVE_CALL_BASE - 1};
    register_library();
    for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        CHECK_EQUAL(stub_call(numbers[i]), numbers[i] + 1);
    CHECK_EQUAL(stub_call(NATIVE_CALL_BASE + NATIVE_CALL_COUNT),
                NATIVE_CALL_BASE + NATIVE_CALL_COUNT + 1);
    CHECK(native_clock_read() > 0);
    forget_library();
    CHECK_STATUS(native_call_0(1), BAD_CALL);
}

static uint64_t reflect_often(uint64_t argument, struct frame *frame)
{
    for (uint64_t i = 0; i < 20000; i++)
        CHECK_EQUAL(stub_call(argument + i % 64), argument + i % 64 + 1);
    return 0;
}

/* Each thread has its own frame, whoever runs in between. */
static void test_reflect_threads(void)
{
    struct test_thread threads[4];
    register_library();
    for (unsigned i = 0; i < 4; i++)
        test_thread_run(&threads[i], reflect_often, 100 * i);
    for (unsigned i = 0; i < 4; i++)
        test_thread_join(&threads[i]);
    forget_library();
}

static _Noreturn void resume(void)
{
    (void)native_call_0(CALL_FRAME_RESUME);
    service_fail("frame_resume returned");
}

/* Goes on behind the faulting access. */
static void note_fault(struct frame *frame)
{
    entered++;
    cause = (uint32_t)frame->cause;
    fault_kind = (uint32_t)frame->fault_kind;
    fault_access = (uint32_t)frame->fault_access;
    fault_address = frame->fault_address;
    frame_set_result(frame, SENTINEL);
    frame->registers.pc = (uint64_t)stub_load_after;
    resume();
}

static uint64_t take_faults(uint64_t argument, struct frame *frame)
{
    frame->stack_top = (uint64_t)entry_stack + STACK_SIZE;
    stub_entered = note_fault;
    entered = 0;
    CHECK_EQUAL(stub_load((uint64_t) & (uint64_t){5}), 5);
    CHECK_EQUAL(stub_load(64), SENTINEL);
    CHECK_EQUAL(entered, 1);
    CHECK_EQUAL(cause, FRAME_FAULT);
    CHECK_EQUAL(fault_kind, FAULT_PAGE_ABSENT);
    CHECK_EQUAL(fault_access, FAULT_READ);
    CHECK_EQUAL(fault_address, 64);
    CHECK_EQUAL(stub_load(UINT64_C(0xffffffff80000000)), SENTINEL);
    CHECK_EQUAL(entered, 2);
    return 0;
}

static void test_faults(void)
{
    struct test_thread thread;
    register_library();
    test_thread_run(&thread, take_faults, 0);
    test_thread_join(&thread);
    CHECK_EQUAL(entered, 2);
    forget_library();
}

static void test_copy_range(void)
{
    uint64_t from = SENTINEL, to = 0;
    register_library();
    CHECK_EQUAL(stub_copy(&to, &from, sizeof(to)), 0);
    CHECK_EQUAL(to, SENTINEL);
    CHECK_EQUAL(stub_copy((void *)128, &from, 8), 1);
    CHECK_EQUAL(stub_copy(&to, (void *)0x7ffffffff000, 8), 1);
    forget_library();
}

/* Interruptions. */

static volatile uint32_t go_on;

static void note_interrupt(struct frame *frame)
{
    entered++;
    cause = (uint32_t)frame->cause;
    frame->interrupted = 0;
    go_on = 1;
    resume();
}

static uint64_t spin_outside(uint64_t argument, struct frame *frame)
{
    frame->stack_top = (uint64_t)entry_stack + STACK_SIZE;
    while (go_on == 0)
        continue;
    return 0;
}

static void test_interrupt_outside(void)
{
    struct test_thread thread;
    entered = go_on = 0;
    stub_entered = note_interrupt;
    register_library();
    test_thread_run(&thread, spin_outside, 0);
    test_pause(MILLISECOND);
    CHECK_EQUAL(entered, 0);
    SUCCEED(native_thread_interrupt(thread.handle));
    test_thread_join(&thread);
    CHECK_EQUAL(entered, 1);
    CHECK_EQUAL(cause, FRAME_INTERRUPT);
    forget_library();
}

static uint64_t spin_inside(uint64_t wanted, struct frame *frame)
{
    CHECK_EQUAL(stub_spin(&go_on), wanted);
    frame->interrupted = 0;
    return 0;
}

static void test_interrupt_restarts(void)
{
    struct test_thread thread;
    go_on = 0;
    register_library();
    test_thread_run(&thread, spin_inside, 1);
    test_pause(MILLISECOND);
    SUCCEED(native_thread_interrupt(thread.handle));
    test_thread_join(&thread);
    forget_library();
    test_thread_run(&thread, spin_inside, 0);
    test_pause(MILLISECOND);
    go_on = 1;
    test_thread_join(&thread);
}

/* frame_resume takes what it is given, but for what would harm the kernel. */
static uint64_t resume_nowhere(uint64_t pc, struct frame *frame)
{
    frame->registers = (struct frame_registers){.pc = pc, .sp = 16};
    return status_of_result(native_call_0(CALL_FRAME_RESUME));
}

static void check_resume(uint64_t pc, enum end_reason reason, uint64_t code)
{
    struct process_information information;
    struct test_child child = {.function = resume_nowhere, .argument = pc};
    test_child_create(&child);
    test_child_start(&child);
    test_child_join(&child, &information);
    CHECK_EQUAL(information.reason, reason);
    CHECK_EQUAL(information.code, code);
}

static void test_resume(void)
{
    check_resume(UINT64_C(0xffffffff80000000), END_EXIT, STATUS_INVALID);
    check_resume(UINT64_C(1) << 63, END_EXIT, STATUS_INVALID);
    check_resume(USER_END, END_EXIT, STATUS_INVALID);
    check_resume(USER_END - 4, END_FAULT, FAULT_PAGE_ABSENT);
    check_resume(16, END_FAULT, FAULT_PAGE_ABSENT);
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"bad entries", test_bad_personality},
        {"reflect", test_reflect},
        {"reflect in several threads", test_reflect_threads},
        {"faults", test_faults},
        {"the copy range", test_copy_range},
        {"interrupted outside the library", test_interrupt_outside},
        {"interrupted in the restart range", test_interrupt_restarts},
        {"frame_resume", test_resume},
    };
    test_begin();
    TEST_RUN(cases);
}
