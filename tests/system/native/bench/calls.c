/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Calls that need nobody else, and what is bounced to a library. */
#include "bench.h"

#include <base/service.h>

#include "harness.h"
#include "stubs.h"

#define LINUX_GETPPID 110
#define STACK_SIZE 4096
#define ABSENT 64 /* an address where nothing is mapped */

static handle_t watched;
static char stack[STACK_SIZE] __attribute__((aligned(16)));

/* No call was received: that is found out at once. */
static void run_null(uint64_t round)
{
    (void)native_reply_take();
}

/* Refused when the event has been found, for want of the right. */
static void run_lookup(uint64_t round)
{
    (void)native_event_signal(watched, 0, 0);
}

static void run_bounced(uint64_t round)
{
    (void)stub_call(LINUX_GETPPID);
}

static void run_faulting(uint64_t round)
{
    (void)stub_load(ABSENT);
}

static void go_on(struct frame *frame)
{
    frame->registers.pc = (uint64_t)stub_load_after;
    (void)native_call_0(CALL_FRAME_RESUME);
    service_fail("frame_resume returned");
}

static void watch_event(void)
{
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    watched = SUCCEED(native_handle_copy(event, RIGHT_WAIT, 0));
    CLOSE(event);
    CHECK_STATUS(native_event_signal(watched, 0, 0), NO_RIGHT);
}

static void close_event(void)
{
    CLOSE(watched);
}

static void register_library(void)
{
    const struct personality library = {
        .reflect = (uint64_t)stub_reflect,
        .fault = (uint64_t)stub_fault,
        .text_low = (uint64_t)stub_text_low,
        .text_high = (uint64_t)stub_text_high,
    };
    bench_frame->stack_top = (uint64_t)stack + STACK_SIZE;
    stub_entered = go_on;
    SUCCEED(native_process_set_personality(test_world.self, &library));
}

static void forget_library(void)
{
    static const struct personality none;
    SUCCEED(native_process_set_personality(test_world.self, &none));
}

static const struct bench_row rows[] = {
    {.name = "null_call", .run = run_null},
    {.name = "capability_lookup",
     .prepare = watch_event,
     .run = run_lookup,
     .overhead = run_null,
     .finish = close_event},
    {.name = "bounced_call",
     .prepare = register_library,
     .run = run_bounced,
     .finish = forget_library},
    {.name = "fault_and_back",
     .prepare = register_library,
     .run = run_faulting,
     .finish = forget_library},
};
BENCH_FAMILY(bench_calls, rows);
