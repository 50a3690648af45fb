/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Runs the rows in batches and prints a line for each:
 *
 *   row: NAME LEAST GREATEST BATCHES ROUNDS
 *
 * LEAST and GREATEST are thousandths of an instruction for one operation, in the
 * batch where it cost least and most; ROUNDS are the operations of a batch. An
 * operation that is long is done less often: bench.limit= on the kernel's command
 * line says how many instructions a row may take. bench.row= chooses one row; with
 * bench.profile=1 it is not counted, but a few operations are executed between
 * two functions that a profiler knows.
 */
#include "bench.h"

#include <base/service.h>
#include <base/text.h>
#include <trellis/boot_info.h>

#include "counter.h"
#include "harness.h"
#include "threads.h"

#define BATCHES 20
#define BATCHES_MIN 3
#define ROUNDS 5000
#define PROBES 4
#define PROBE_ROUNDS 2
#define ROW_LIMIT UINT64_C(1000000000)
#define LINE 120
#define PARTS 1000
#define PROFILE_LIMIT 500000
#define PROFILE_ROUNDS 100

struct plan {
    uint64_t batches, rounds;
};

static const struct bench_family *const families[] = {
    &bench_calls,     &bench_messages, &bench_signals,   &bench_waits,      &bench_memory,
    &bench_processes, &bench_handles,  &bench_decisions, &bench_interrupts,
};
static char only[BOOT_COMMAND_LINE];
static bool is_profile;
struct frame *bench_frame;

static void run_nothing(uint64_t round)
{
    __asm__ volatile("");
}

static uint64_t time_together(void (*run)(uint64_t), uint64_t rounds)
{
    uint64_t start = counter_read();
    for (uint64_t i = 0; i < rounds; i++)
        run(i);
    return counter_read() - start;
}

static uint64_t time_apart(void (*each)(void), void (*run)(uint64_t), uint64_t rounds)
{
    uint64_t taken = 0;
    for (uint64_t i = 0; i < rounds; i++) {
        if (each != NULL)
            each();
        uint64_t start = counter_read();
        run(i);
        taken += counter_read() - start;
    }
    return taken;
}

/* Steps of a batch, with the loop around it. */
static uint64_t time_batch(const struct bench_row *row, uint64_t rounds)
{
    if (row->before != NULL)
        row->before(rounds);
    return row->each != NULL ? time_apart(row->each, row->run, rounds)
                             : time_together(row->run, rounds);
}

/* What of a batch is not the operation's: the least of several. */
static uint64_t time_overhead(const struct bench_row *row, uint64_t rounds)
{
    void (*run)(uint64_t) = row->overhead != NULL ? row->overhead : run_nothing;
    uint64_t least = UINT64_MAX;
    for (unsigned i = 0; i < BATCHES_MIN; i++) {
        uint64_t taken =
            row->each != NULL ? time_apart(NULL, run, rounds) : time_together(run, rounds);
        least = taken < least ? taken : least;
    }
    return least;
}

/* By the least of a few probes, for the first finds nothing in its place. */
static struct plan plan_of(const struct bench_row *row, uint64_t limit)
{
    struct plan plan = {BATCHES, ROUNDS};
    uint64_t cost = UINT64_MAX;
    for (unsigned i = 0; i < PROBES; i++) {
        uint64_t start = counter_read();
        (void)time_batch(row, PROBE_ROUNDS);
        uint64_t taken = (counter_read() - start) / PROBE_ROUNDS + 1;
        cost = taken < cost ? taken : cost;
    }
    if (cost * BATCHES * ROUNDS > limit)
        plan.rounds = limit / (cost * BATCHES);
    if (plan.rounds != 0)
        return plan;
    plan = (struct plan){limit / cost, 1};
    if (plan.batches < BATCHES_MIN)
        plan.batches = BATCHES_MIN;
    return plan;
}

static void print_row(const struct bench_row *row, const struct plan *plan, uint64_t least,
                      uint64_t greatest)
{
    char line[LINE];
    size_t length = text_format(line, sizeof(line), "row: %s %lu %lu %lu %lu", row->name, least,
                                greatest, plan->batches, plan->rounds);
    SUCCEED(native_log_write(line, length));
}

/* Thousandths of an instruction for one operation of a batch. */
static uint64_t cost_of(const struct bench_row *row, uint64_t rounds, uint64_t overhead)
{
    uint64_t before = row->done != NULL ? *row->done : 0;
    uint64_t taken = time_batch(row, rounds);
    uint64_t done = row->done != NULL ? *row->done - before : rounds;
    return taken < overhead ? 0 : (taken - overhead) * PARTS / done;
}

static void measure(const struct bench_row *row, uint64_t limit)
{
    uint64_t least = UINT64_MAX, greatest = 0;
    if (row->prepare != NULL)
        row->prepare();
    struct plan plan = plan_of(row, limit);
    uint64_t overhead = time_overhead(row, plan.rounds);
    (void)time_batch(row, plan.rounds / BATCHES + 1);
    for (uint64_t batch = 0; batch < plan.batches; batch++) {
        uint64_t cost = cost_of(row, plan.rounds, overhead);
        least = cost < least ? cost : least;
        greatest = cost > greatest ? cost : greatest;
    }
    if (row->finish != NULL)
        row->finish();
    print_row(row, &plan, least, greatest);
}

__attribute__((noinline)) void bench_profile_begin(void)
{
    __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) void bench_profile_end(void)
{
    __asm__ volatile("" ::: "memory");
}

static void profile(const struct bench_row *row)
{
    if (row->prepare != NULL)
        row->prepare();
    struct plan plan = plan_of(row, PROFILE_LIMIT * BATCHES);
    uint64_t rounds = plan.rounds < PROFILE_ROUNDS ? plan.rounds : PROFILE_ROUNDS;
    (void)time_batch(row, 2 * rounds);
    if (row->before != NULL)
        row->before(rounds);
    for (uint64_t i = 0; i < rounds; i++) {
        if (row->each != NULL)
            row->each();
        bench_profile_begin();
        row->run(i);
        bench_profile_end();
    }
    if (row->finish != NULL)
        row->finish();
}

static void run_row(const struct bench_row *row, uint64_t limit)
{
    if (is_profile)
        profile(row);
    else
        measure(row, limit);
}

static void measure_family(const struct bench_family *family, uint64_t limit)
{
    for (size_t i = 0; i < family->count; i++) {
        if (only[0] == '\0' || strcmp(only, family->rows[i].name) == 0)
            run_row(&family->rows[i], limit);
    }
}

/*
 * A thread can make no other with a higher priority than its own, so the first
 * thread of the program does that. NULL ends it.
 */
static struct test_thread *wished;
static volatile uint32_t is_wished;

static void wish_thread(struct test_thread *thread)
{
    wished = thread;
    is_wished = 1;
    (void)native_address_wake((uint64_t)&is_wished, 1, UINT32_MAX, 0);
}

static void serve_wishes(void)
{
    for (;;) {
        while (!is_wished)
            (void)native_address_wait((uint64_t)&is_wished, 0, UINT32_MAX, 0, DEADLINE_NEVER);
        is_wished = 0;
        if (wished == NULL)
            return;
        test_thread_start(wished);
    }
}

void bench_start_above(struct test_thread *thread)
{
    thread->priority = BENCH_PRIORITY_ABOVE;
    wish_thread(thread);
    CHECK(!is_wished);
    test_thread_await(thread->handle, THREAD_WAITING);
}

static uint64_t measure_all(uint64_t limit, struct frame *frame)
{
    bench_frame = frame;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        measure_family(families[i], limit);
    wish_thread(NULL);
    return 0;
}

void service_main(const struct start_block *start)
{
    struct test_thread thread = {.function = measure_all, .priority = BENCH_PRIORITY};
    test_begin();
    test_option_text("bench.row=", only, sizeof(only));
    is_profile = test_option("bench.profile=", 0) != 0;
    thread.argument = test_option("bench.limit=", ROW_LIMIT);
    test_thread_start(&thread);
    serve_wishes();
    test_thread_join(&thread);
}
