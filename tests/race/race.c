/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Random native calls on four CPUs at once, under ThreadSanitizer.
 *
 * A round makes some processes with a few threads each, which share endpoints,
 * events, streams, ports and memory. Their threads call whatever comes to mind,
 * more often with the right arguments than with wrong ones, and store to their
 * memory in between. When a round has had its calls, or nobody could make one, every
 * process is ended, and all that was ever allocated for them must be back.
 *
 * race CALLS SEED: rounds until so many calls have been made. The seed fixes what
 * each CPU draws, not what happens first.
 */
#include "machine.h"

#include <arch/host.h>
#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/process.h>
#include <kernel/rcu.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/time.h>
#include <kernel/trap.h>
#include <stdio.h>
#include <stdlib.h>
#include <trellis/calls.h>

#include "../draw.h"
#include "shapes.h"

#define PAGES 16384
#define PROCESSES 6
#define THREADS 3
#define KNOWN 64     /* handles that a process remembers */
#define PROGRAMS 256 /* a process' is that of its id, mostly its own */
#define BORN 4096    /* processes of a round */
#define MEMORY (UINT64_C(1) << 32)
#define MEMORY_PAGES 16
#define ROUND UINT64_C(4000) /* calls */
#define NOT_BEGUN UINT64_MAX
#define QUIET_NS UINT64_C(20000000) /* without a call: all have ended, or wait for each other */
#define SETTLED_NS UINT64_C(60000000000) /* everything has ended by then, or never will */

struct program {
    _Atomic uint64_t known[KNOWN];
};

static struct program programs[PROGRAMS];
static struct process *_Atomic born[BORN];
static _Atomic uint32_t born_count;
static _Atomic uint64_t calls_left; /* of the round; NOT_BEGUN until its threads stand */
static _Atomic uint64_t made;       /* calls, in all */
static uint64_t seed, ending_since;
static struct account *account; /* of the round */
static bool talks;              /* the round is mostly plain calls and answers at one endpoint */
static _Thread_local uint64_t random_state;

static uint64_t draw(void)
{
    if (random_state == 0)
        random_state = (seed * 64 + cpu_current()->number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return draw_next(&random_state);
}

static uint64_t below(uint64_t end)
{
    return (draw() >> 16) % end;
}

static bool one_in(uint64_t count)
{
    return below(count) == 0;
}

static struct program *program_of(const struct process *process)
{
    return &programs[process->object.id % PROGRAMS];
}

static void remember(const struct process *process, uint64_t token)
{
    atomic_store(&program_of(process)->known[below(KNOWN)], token);
}

/* Each process is to be ended with the round; the linker puts this before process_create. */
enum status __real_process_create(struct account *of, const char *name, size_t length,
                                  uint32_t flags, struct process **result);
enum status __wrap_process_create(struct account *of, const char *name, size_t length,
                                  uint32_t flags, struct process **result);

enum status __wrap_process_create(struct account *of, const char *name, size_t length,
                                  uint32_t flags, struct process **result)
{
    enum status status = __real_process_create(of, name, length, flags, result);
    if (status != STATUS_OK)
        return status;
    uint32_t number = atomic_fetch_add(&born_count, 1);
    assert(number < BORN);
    object_acquire(&(*result)->object);
    atomic_store(&born[number], *result);
    return STATUS_OK;
}

/* What its last call gave it. */
static void learn(struct thread *thread)
{
    struct handle_view view;
    uint64_t token = (uint64_t)thread->arch.result;
    thread->arch.result = 0;
    if (token != HANDLE_NONE &&
        handle_resolve(&thread->process->handles, token, OBJECT_ANY, 0, &view) == STATUS_OK)
        remember(thread->process, token);
}

/* Arguments. */

static uint64_t draw_address(void)
{
    if (one_in(16))
        return draw() >> below(64);
    return MEMORY + (below(MEMORY_PAGES * PAGE_SIZE) & ~UINT64_C(7));
}

static uint64_t draw_number(void)
{
    static const uint64_t numbers[] = {1 << 12, 1 << 13, 1 << 14, UINT32_MAX, UINT64_MAX, 64};
    if (one_in(4))
        return numbers[below(sizeof(numbers) / sizeof(numbers[0]))];
    return below(8);
}

/* One of the right type, if a few are tried. */
static uint64_t draw_handle(const struct thread *thread, uint32_t types)
{
    struct handle_view view;
    uint64_t token = 0;
    for (unsigned attempt = 0; attempt < KNOWN; attempt++) {
        token = atomic_load(&program_of(thread->process)->known[below(KNOWN)]);
        if (handle_resolve(&thread->process->handles, token, OBJECT_ANY, 0, &view) == STATUS_OK &&
            (types >> view.object->type & 1) != 0)
            break;
    }
    return token;
}

static uint64_t draw_argument(const struct thread *thread, const struct shape_argument *argument)
{
    if (one_in(32))
        return draw();
    switch (argument->kind) {
    case SHAPE_HANDLE:
    case SHAPE_TOKEN:
        return draw_handle(thread, argument->types != 0 ? argument->types : UINT32_MAX);
    case SHAPE_VALUE:
        return argument->defined != UINT64_MAX && one_in(2) ? draw() & argument->defined
                                                            : draw_number();
    default:
        return draw_address();
    }
}

/* Structures in memory: handles, numbers and addresses. */
static void scramble(const struct thread *thread, uint64_t address)
{
    for (unsigned i = 0; i < 8; i++) {
        uint64_t word = one_in(3)   ? draw_handle(thread, UINT32_MAX)
                        : one_in(2) ? draw_address()
                                    : draw_number();
        (void)arch_copy_to_user(address + 8 * i, &word, sizeof(word));
    }
}

/* What ends all, or a thread of its own accord, is done seldom. */
static bool is_seldom(uint32_t number)
{
    switch (number) {
    case CALL_PROCESS_END:
    case CALL_PROCESS_SUSPEND:
    case CALL_PROCESS_CREATE:
    case CALL_PROCESS_CLONE:
    case CALL_THREAD_END:
    case CALL_THREAD_KILL:
    case CALL_THREAD_SUSPEND:
    case CALL_HANDLE_REVOKE:
    case CALL_HANDLE_CLOSE:
    case CALL_FRAME_RESUME:
    case CALL_UNMAP:
        return true;
    default:
        return false;
    }
}

/* The machine's own, and what only fills the log. */
static bool is_left_out(uint32_t number)
{
    return number == CALL_MACHINE_STOP || number == CALL_LOG_WRITE ||
           number == CALL_MEMORY_CREATE_PHYSICAL;
}

/* Of each process' threads one asks and the others answer. */
static uint32_t talk(const struct thread *thread)
{
    if (relaxed_load(&thread->client) != NULL)
        return CALL_IPC_REPLY_AND_WAIT;
    return thread->frame_slot == 0 ? CALL_IPC_CALL : CALL_IPC_RECEIVE;
}

static uint32_t draw_call(const struct thread *thread)
{
    uint32_t number;
    if (talks && !one_in(64))
        return talk(thread);
    do {
        number = NATIVE_CALL_BASE + (uint32_t)below(shape_count);
    } while (is_left_out(number) || (is_seldom(number) && !one_in(16)));
    return number;
}

/* What it calls or serves. */
static uint32_t types_of_message(uint32_t number)
{
    switch (number) {
    case CALL_IPC_REPLY:
        return 1u << OBJECT_REPLY;
    case CALL_IPC_CALL:
    case CALL_IPC_CALL_UNTIL:
    case CALL_IPC_SEND:
        return 1u << OBJECT_SESSION;
    default:
        return 1u << OBJECT_ENDPOINT;
    }
}

static void make_arguments(struct thread *thread)
{
    uint32_t number = draw_call(thread);
    const struct shape *shape = &shapes[number - NATIVE_CALL_BASE];
    thread->arch.number = number;
    for (unsigned i = 0; i < shape->count; i++) {
        thread->arch.arguments[i] = draw_argument(thread, &shape->arguments[i]);
        if (shape->arguments[i].kind != SHAPE_VALUE && thread->arch.arguments[i] > MEMORY)
            scramble(thread, thread->arch.arguments[i]);
    }
    if (!shape->raw)
        return;
    thread->arch.arguments[0] =
        draw_handle(thread, one_in(16) ? UINT32_MAX : types_of_message(number));
    thread->arch.information = one_in(talks ? 32 : 3) ? draw() >> below(64) : 0;
    thread->frame->deadline = time_now() + below(2000000);
    thread->frame->handles[0].handle = draw_handle(thread, UINT32_MAX);
    relaxed_store(&thread->frame->interrupted, 0);
}

/* User mode. */

static _Noreturn void end_process(struct thread *thread)
{
    process_end(thread->process, END_EXIT, 0);
    scheduler_leave_kernel();
}

static _Noreturn void interrupted(void)
{
    trap_timer();
    if (one_in(2))
        scheduler_tick();
    scheduler_leave_kernel();
}

static void user(struct thread *thread)
{
    uint64_t left = atomic_load(&calls_left);
    if (left == NOT_BEGUN)
        interrupted();
    if (left == 0)
        end_process(thread);
    (void)atomic_compare_exchange_strong(&calls_left, &left, left - 1);
    learn(thread);
    if (one_in(16))
        interrupted();
    if (one_in(8))
        scramble(thread, draw_address());
    make_arguments(thread);
    atomic_fetch_add(&made, 1);
    struct thread *next = host_message(thread);
    if (next != NULL)
        arch_return_to_user(next);
    trap_call();
}

/* Rounds. */

static struct object *object_of(const struct thread *thread, int64_t token)
{
    struct handle_view view;
    enum status status =
        handle_resolve(&thread->process->handles, (handle_t)token, OBJECT_ANY, 0, &view);
    assert(status == STATUS_OK);
    return view.object;
}

static void give(struct process *process, struct object *object)
{
    handle_t token;
    enum status status = handle_create(&process->handles, object, RIGHT_ALL, &token);
    assert(status == STATUS_OK);
    remember(process, token);
}

/* It does not run yet. */
static struct thread *make_thread(struct process *process)
{
    const struct thread_start start = {
        .pc = USER_START, .priority = (uint32_t)below(4), .flags = THREAD_SUSPENDED};
    struct thread *thread;
    enum status status = thread_create(process, &start, 0, &thread);
    assert(status == STATUS_OK);
    give(process, &thread->object);
    return thread;
}

static struct process *make_process(void)
{
    struct map_request request = {
        .address = MEMORY,
        .length = MEMORY_PAGES * PAGE_SIZE,
        .flags = MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS,
        .allowed = MAP_READ | MAP_WRITE,
    };
    struct process *process;
    uint64_t address;
    enum status status = process_create(account, "race", 4, 0, &process);
    assert(status == STATUS_OK);
    status = space_map(&process->space, &request, &address);
    assert(status == STATUS_OK);
    give(process, &process->object);
    give(process, &account->object);
    return process;
}

/* Objects of a thread's process, for all of them. */
static void share_objects(struct thread *self, struct thread *threads[])
{
    const struct endpoint_create_arguments endpoint = {.account = account};
    const struct event_create_arguments event = {.account = account};
    const struct port_create_arguments port = {.account = account};
    const struct memory_create_arguments memory = {.account = account, .size = 4 * PAGE_SIZE};
    const struct budget_create_arguments budget = {account, 400000, 1000000, UINT64_MAX};
    int64_t tokens[] = {call_endpoint_create(self, &endpoint), 0,
                        call_event_create(self, &event),       call_port_create(self, &port),
                        call_memory_create(self, &memory),     call_budget_create(self, &budget)};
    const struct session_create_arguments session = {
        .endpoint = container_of(object_of(self, tokens[0]), struct endpoint, object)};
    tokens[1] = call_session_create(self, &session);
    for (unsigned i = 0; i < PROCESSES; i++)
        for (unsigned k = 0; k < sizeof(tokens) / sizeof(tokens[0]); k++)
            give(threads[i * THREADS]->process, object_of(self, tokens[k]));
}

static void begin_round(void)
{
    struct thread *threads[PROCESSES * THREADS];
    for (unsigned i = 0; i < PROCESSES; i++) {
        struct process *process = make_process();
        for (unsigned k = 0; k < THREADS; k++)
            threads[i * THREADS + k] = make_thread(process);
        object_release(&process->object);
    }
    for (unsigned i = 0; i < (talks ? 1 : PROCESSES); i++)
        share_objects(threads[i * THREADS], threads);
    for (unsigned i = 0; i < PROCESSES * THREADS; i++) {
        const struct thread_resume_arguments resume = {.thread = threads[i]};
        int64_t result = call_thread_resume(NULL, &resume);
        assert(result == 0);
        object_release(&threads[i]->object);
    }
}

static bool is_settled(void)
{
    bool used = false;
    for (unsigned i = 0; i < ALLOW_CPU_NS; i++)
        used |= atomic_load(&account->used[i]) != 0;
    return !used;
}

static void check_time(const struct account *of)
{
    if (time_now() - ending_since < SETTLED_NS)
        return;
    fprintf(stderr, "left behind: %lu pages, %lu handles, %lu threads, %lu processes\n",
            of->used[ALLOW_PAGES], of->used[ALLOW_HANDLES], of->used[ALLOW_THREADS],
            of->used[ALLOW_PROCESSES]);
    abort();
}

/* Whether the round has had its calls; it has when no more come though there was a refill. */
static bool is_over(void)
{
    static const struct account_limits some = {.cpu_ns = QUIET_NS, .messages = 1000};
    static uint64_t seen, since;
    uint64_t left = atomic_load(&calls_left), now = time_now();
    if (left == 0)
        return true;
    since = left == seen ? since : now;
    seen = left;
    if (now - since > 2 * QUIET_NS)
        atomic_store(&calls_left, 0);
    else if (now - since > QUIET_NS)
        (void)call_account_refill(NULL, &(struct account_refill_arguments){account, &some});
    return false;
}

/* The end of a round, and of everything in it. */
static void idle(void)
{
    static uint32_t ended;
    if (!is_over())
        return;
    rcu_wake();
    ending_since = ended == 0 ? time_now() : ending_since;
    while (ended < atomic_load(&born_count) && atomic_load(&born[ended]) != NULL) {
        struct process *process = atomic_exchange(&born[ended++], NULL);
        process_end(process, END_KILLED, 0);
        process_drop_kept_handles(process); /* two that keep each other's would stay */
        object_release(&process->object);
    }
    check_time(account);
    if (!is_settled())
        return;
    ended = 0;
    atomic_store(&born_count, 0);
    race_leave();
}

/* Nobody is left who could stand in one. */
static void check_queues(void)
{
    for (uint32_t i = 0; i < cpu_count(); i++)
        assert(atomic_load(&cpu_get(i)->ready) == 0);
}

static void run_round(void)
{
    static const struct account_limits limits = {PAGES / 2, 20000,      200,
                                                 100,       UINT64_MAX, UINT64_MAX};
    enum status status = account_create(account_root, &limits, &account);
    assert(status == STATUS_OK);
    atomic_store(&calls_left, NOT_BEGUN);
    begin_round();
    atomic_store(&calls_left, ROUND);
    race_run();
    check_queues();
    object_release(&account->object);
}

/* With the other CPUs idle: nothing that was put off keeps what it holds. */
static void check_nothing_used(void)
{
    ending_since = time_now();
    while (atomic_load(&account_root->used[ALLOW_PAGES]) != 0) {
        rcu_wake();
        rcu_quiescent();
        check_time(account_root);
    }
}

int main(int argc, char **argv)
{
    static const struct account_limits all = {PAGES,      UINT64_MAX, UINT64_MAX,
                                              UINT64_MAX, UINT64_MAX, UINT64_MAX};
    if (argc != 3) {
        fprintf(stderr, "usage: race CALLS SEED\n");
        return 1;
    }
    uint64_t calls = strtoul(argv[1], NULL, 10), rounds = 0;
    seed = strtoul(argv[2], NULL, 10);
    race_user = user;
    race_idle = idle;
    race_memory_init(PAGES);
    race_start();
    enum status status = account_create(NULL, &all, &account_root);
    assert(status == STATUS_OK);
    for (; atomic_load(&made) < calls; rounds++) {
        talks = rounds % 2 != 0;
        run_round();
    }
    check_nothing_used();
    race_stop();
    printf("%lu calls in %lu rounds on %u CPUs\n", made, rounds, cpu_count());
    return 0;
}
