/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Torture: the threads of a process, its clones and their helpers do everything to one another
 * at once, on all CPUs, by valid calls in random order. Each round is a process with an account
 * of its own. This program keeps them: it clones who asks for it and ends clones at random.
 *
 * What must hold: nobody finds in its memory anything but what it wrote; every answer is that to
 * the question; a process ends by itself or because it was ended; after a round its handles are as
 * many as before, its account uses nothing and the machine has as much memory as after the first,
 * but for what the kernel's caches keep.
 * The kernel's own checks do the rest.
 *
 * `torture.rounds=N`, `torture.seed=N` and `torture.operations=N` (of each of the workers) on the
 * kernel's command line. The seed fixes what is tried; in which order it comes, only if
 * instructions are counted on one CPU.
 */
#include "torture.h"

#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>

#include "harness.h"
#include "threads.h"

#define ROUNDS 3
#define SEED 1
#define OPERATIONS 300
#define PARTIES 6 /* processes of a round at one time */
#define PATIENCE_NS UINT64_C(3000000)
#define LIMIT_NS UINT64_C(300000000000) /* for a round: only what hangs takes so long */
#define KILL_ONE_IN 6
#define SETTLED_NS UINT64_C(60000000000) /* by then everything has ended, or never will */
#define SLABS_KEPT 24 /* each of the kernel's caches may keep one that is empty */

static const struct account_limits limits = {6000, 4000, 64, PARTIES + 2, UINT64_MAX, UINT64_MAX};

struct torture torture;

/* A round's process, which is the first, and its clones; each has its place as identity. */
struct party {
    handle_t process, thread; /* HANDLE_NONE: there is none */
};

struct round {
    uint64_t random;
    handle_t account, endpoint;
    struct party parties[PARTIES];
};

static void check_end(const struct party *party, uint64_t identity)
{
    struct process_information information;
    SUCCEED(native_process_inspect(party->process, &information));
    bool well = information.reason == END_EXIT && information.code == 0;
    if (!well && (information.reason != END_KILLED || identity == 0))
        service_fail("seed %lu: process %lu ended with reason %u, code %lu, pc %lx, address %lx",
                     torture.seed, identity, information.reason, information.code,
                     information.fault_pc, information.fault_address);
}

static void end_clone(struct round *round, uint64_t identity)
{
    struct party *party = &round->parties[identity];
    if (party->process == HANDLE_NONE)
        return;
    SUCCEED(native_process_end(party->process, 0));
    test_wait(party->process, SIGNAL_ENDED);
    check_end(party, identity);
    CLOSE(party->thread);
    CLOSE(party->process);
    *party = (struct party){0};
}

static uint64_t draw_clone(struct round *round)
{
    return 1 + draw_below(&round->random, PARTIES - 1);
}

/* A free place for a clone; who has it gives way. */
static uint64_t make_room(struct round *round, uint64_t asker)
{
    for (uint64_t i = 1; i < PARTIES; i++) {
        if (round->parties[i].process == HANDLE_NONE)
            return i;
    }
    uint64_t identity = draw_clone(round);
    if (identity == asker)
        identity = identity == 1 ? 2 : 1;
    end_clone(round, identity);
    return identity;
}

/* Whether somebody still waits for it is no matter. */
static void answer(handle_t reply, uint64_t word)
{
    struct message message;
    message_begin(&message, 0);
    message.words[0] = word;
    if (ipc_reply(reply, &message) < 0)
        (void)native_handle_close(reply);
}

static void clone(struct round *round, const struct message *message)
{
    struct process_clone_result made;
    int64_t reply = native_reply_take();
    if (reply < 0)
        return;
    uint64_t identity = make_room(round, message->identity);
    handle_t parent = round->parties[message->identity].process;
    SUCCEED(native_process_suspend(parent));
    int64_t result = native_process_clone(parent, (handle_t)reply, round->account, identity, &made);
    SUCCEED(native_process_resume(parent));
    if (result == 0) {
        int64_t self = native_process_give(made.process, made.process, RIGHT_SAME, 0);
        round->parties[identity] = (struct party){made.process, made.thread};
        answer(made.reply, self < 0 ? CLONE_WITHOUT_SELF : (uint64_t)self);
    }
    answer((handle_t)reply, 0);
}

/* Until the round's own process has ended. */
static void keep(struct round *round)
{
    struct message message;
    uint64_t end = test_now() + LIMIT_NS;
    while ((test_signals(round->parties[0].process) & SIGNAL_ENDED) == 0) {
        if (test_now() > end)
            service_fail("seed %lu: the round does not end", torture.seed);
        ipc_frame()->deadline = test_now() + PATIENCE_NS;
        if (ipc_receive_until(round->endpoint, &message) == RECEIVED_CALL)
            clone(round, &message);
        if (draw_below(&round->random, KILL_ONE_IN) == 0)
            end_clone(round, draw_clone(round));
    }
}

static void check_unused(handle_t account)
{
    static const struct account_limits nothing;
    struct account_limits used;
    if (!test_use_becomes(account, &nothing, &used))
        service_fail("seed %lu leaves behind: %lu pages, %lu handles, %lu threads, %lu processes",
                     torture.seed, used.pages, used.handles, used.threads, used.processes);
}

/* The first process of a round, with what its workers count shared with this one. */
static void start_process(struct round *round, handle_t tally)
{
    handle_t session = SUCCEED(native_session_create(round->endpoint, 1));
    struct test_child child = {.function = torture_round, .account = round->account};
    test_child_create(&child);
    child.argument = test_child_give(&child, session, RIGHT_SAME);
    CLOSE(session);
    struct torture there = torture;
    there.tally = (struct torture_tally *)SUCCEED(
        native_map(child.process, tally, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    CHECK_EQUAL(native_process_write(child.process, (uint64_t)&torture, &there, sizeof(there)),
                sizeof(there));
    test_child_start(&child);
    round->parties[0] = (struct party){child.process, child.thread};
}

static void run_round(handle_t tally)
{
    struct round round = {
        .random = torture.seed * UINT64_C(0x9e3779b97f4a7c15) | 1,
        .account = SUCCEED(native_account_create(test_world.account, &limits)),
        .endpoint = SUCCEED(native_endpoint_create(test_world.account)),
    };
    start_process(&round, tally);
    keep(&round);
    check_end(&round.parties[0], 0);
    CLOSE(round.parties[0].thread);
    CLOSE(round.parties[0].process);
    for (uint64_t i = 1; i < PARTIES; i++)
        end_clone(&round, i);
    CLOSE(round.endpoint);
    check_unused(round.account);
    CLOSE(round.account);
}

static uint64_t free_pages(void)
{
    struct machine_information machine;
    SUCCEED(native_machine_inspect(test_world.account, &machine));
    return machine.pages_free;
}

/* Freeing waits for every CPU to be seen outside the kernel. */
static void check_machine(uint64_t before)
{
    uint64_t end = test_now() + SETTLED_NS;
    while (free_pages() + SLABS_KEPT < before && test_now() < end)
        test_pause(PATIENCE_NS);
    if (free_pages() + SLABS_KEPT < before)
        service_fail("seed %lu: the machine had %lu free pages, now it has %lu", torture.seed,
                     before, free_pages());
}

void service_main(const struct start_block *start)
{
    uint64_t free = 0;
    test_begin();
    uint64_t rounds = test_option("torture.rounds=", ROUNDS);
    uint64_t seed = test_option("torture.seed=", SEED);
    torture.operations = test_option("torture.operations=", OPERATIONS);
    handle_t tally = SUCCEED(native_memory_create(test_world.account, USER_PAGE_SIZE, 0));
    torture.tally = (struct torture_tally *)SUCCEED(
        native_map(test_world.self, tally, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
    for (uint64_t round = 0; round < rounds; round++) {
        torture.seed = seed + round;
        log_print("seed %lu, %lu pages", torture.seed, free_pages());
        run_round(tally);
        if (round > 0)
            check_machine(free);
        else
            free = free_pages();
    }
    log_print("%lu operations, in the order %lx", (uint64_t)torture.tally->operations,
              (uint64_t)torture.tally->order);
}
