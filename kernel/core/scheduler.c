/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The scheduler.
 *
 * For each CPU and priority there is a list of accounts that have a runnable
 * thread of it; the first account's first thread runs next, and the account
 * goes to the end of its list. So a thousand threads of one account get as much
 * as the single thread of another. The running thread is on no list.
 *
 * A CPU with nothing else to run has no slice timer; the first thread that
 * becomes runnable beside the running one arms it. Times are booked when the
 * scheduler chooses, by the clock it has to read anyway; a direct hand-over
 * between caller and server reads none, and their time together is booked to
 * who runs when the next choice is made. What a tick finds is all booked as
 * user time.
 */
#include <kernel/scheduler.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <arch/thread.h>
#include <kernel/account.h>
#include <kernel/cpu.h>
#include <kernel/ipc.h>
#include <kernel/log.h>
#include <kernel/personality.h>
#include <kernel/process.h>
#include <kernel/rcu.h>
#include <kernel/time.h>

/* One CPU's accounts with runnable threads, by priority. */
struct run_queue {
    struct spinlock lock;                 /* LOCK_RUN_QUEUE */
    struct list accounts[PRIORITY_COUNT]; /* lock; of struct account_turn */
    uint32_t filled;                      /* lock; a bit for each list that is not empty */
    bool slice_armed;
};

static struct run_queue run_queues[CPU_MAX];

static struct run_queue *own_queue(void)
{
    return &run_queues[cpu_current()->number];
}

void scheduler_init_cpu(uint32_t cpu)
{
    struct run_queue *queue = &run_queues[cpu];

    lock_init(&queue->lock, LOCK_RUN_QUEUE);
    for (int priority = 0; priority < PRIORITY_COUNT; priority++)
        list_init(&queue->accounts[priority]);
}

static bool may_run(const struct thread *thread)
{
    return thread->runnable && thread->suspended == 0;
}

/* Queues, locked. */

static void enqueue(struct run_queue *queue, struct thread *thread, bool first)
{
    struct account_turn *turn = &thread->charged->turns[thread->effective];

    if (list_is_empty(&turn->threads)) {
        if (first)
            list_push_front(&queue->accounts[thread->effective], &turn->link);
        else
            list_push_back(&queue->accounts[thread->effective], &turn->link);
    }
    if (first)
        list_push_front(&turn->threads, &thread->run_link);
    else
        list_push_back(&turn->threads, &thread->run_link);
    thread->queued = true;
    queue->filled |= 1u << thread->effective;
}

static void dequeue(struct run_queue *queue, struct thread *thread)
{
    struct account_turn *turn = &thread->charged->turns[thread->effective];

    list_remove(&thread->run_link);
    thread->queued = false;
    if (list_is_empty(&turn->threads))
        list_remove(&turn->link);
    if (list_is_empty(&queue->accounts[thread->effective]))
        queue->filled &= ~(1u << thread->effective);
}

/* The thread whose turn it is, taken off its list; NULL if none is runnable. */
static struct thread *take_next(struct run_queue *queue)
{
    if (queue->filled == 0)
        return NULL;
    uint32_t priority = 31 - (uint32_t)__builtin_clz(queue->filled);
    struct list *accounts = &queue->accounts[priority];
    struct account_turn *turn = container_of(list_first(accounts), struct account_turn, link);
    struct thread *thread = container_of(list_first(&turn->threads), struct thread, run_link);
    dequeue(queue, thread);
    if (!list_is_empty(&turn->threads)) {
        list_remove(&turn->link);
        list_push_back(accounts, &turn->link);
    }
    return thread;
}

static void arm_slice(struct run_queue *queue, uint64_t now)
{
    queue->slice_armed = true;
    timer_set_slice_end(now + SLICE_NS);
}

/* Put a thread that may run where it belongs. */
static void make_ready(struct thread *thread)
{
    struct cpu *cpu = cpu_current();
    struct run_queue *queue = own_queue();

    if (thread == cpu->current || thread->queued)
        return;
    lock_acquire(&queue->lock);
    enqueue(queue, thread, false);
    lock_release(&queue->lock);
    struct thread *current = cpu->current;
    if (current == NULL || thread->effective > current->effective)
        cpu->reschedule = true;
    else if (thread->effective == current->effective && !queue->slice_armed)
        arm_slice(queue, time_now());
}

void scheduler_wake(struct thread *thread)
{
    thread->runnable = !thread->ended;
    if (may_run(thread))
        make_ready(thread);
}

static void take_off_queue(struct thread *thread)
{
    struct run_queue *queue = own_queue();

    lock_acquire(&queue->lock);
    if (thread->queued)
        dequeue(queue, thread);
    lock_release(&queue->lock);
}

void scheduler_block(struct thread *thread)
{
    thread->runnable = false;
    take_off_queue(thread);
}

void scheduler_reconsider(struct thread *thread)
{
    if (may_run(thread))
        make_ready(thread);
    else
        take_off_queue(thread);
}

void scheduler_yield(struct thread *thread)
{
    struct run_queue *queue = own_queue();

    lock_acquire(&queue->lock);
    bool others = queue->filled >> thread->effective != 0;
    lock_release(&queue->lock);
    if (others) {
        thread->yielded = true;
        cpu_current()->reschedule = true;
    }
}

/* Priorities. */

void scheduler_move(struct thread *thread, uint8_t effective, struct account *charged)
{
    struct run_queue *queue = own_queue();

    if (thread->effective == effective && thread->charged == charged)
        return;
    lock_acquire(&queue->lock);
    bool queued = thread->queued;
    if (queued)
        dequeue(queue, thread);
    thread->effective = effective;
    thread->charged = charged;
    if (queued)
        enqueue(queue, thread, false);
    lock_release(&queue->lock);
    struct thread *current = cpu_current()->current;
    if (current == thread ? queue->filled >> effective > 1
                          : queued && current != NULL && effective > current->effective)
        cpu_current()->reschedule = true;
}

void scheduler_set_priority(struct thread *thread, uint8_t own)
{
    thread->priority = own;
    scheduler_update_donation(thread);
}

/* Choosing. */

void scheduler_tick(uint64_t now)
{
    struct cpu *cpu = cpu_current();

    (void)now;
    own_queue()->slice_armed = false;
    if (cpu->current != NULL) {
        cpu->current->yielded = true;
        cpu->reschedule = true;
    }
}

static void book_time(struct cpu *cpu, uint64_t now)
{
    uint64_t spent = now - cpu->entered_ns;

    cpu->entered_ns = now;
    if (cpu->current == NULL) {
        cpu->idle_ns += spent;
        return;
    }
    cpu->current->user_ns += spent;
    atomic_fetch_add_explicit(&cpu->current->charged->cpu_ns, spent, memory_order_relaxed);
}

void scheduler_book_time(void)
{
    book_time(cpu_current(), time_now());
}

static inline __attribute__((always_inline)) void load(struct cpu *cpu, struct thread *thread)
{
    struct space *space = &thread->process->space;

    if (cpu->space != space) {
        arch_table_switch(&space->table);
        cpu->space = space;
    }
    arch_thread_switch(cpu->current, thread);
    cpu->current = thread;
    cpu->switches++;
}

/* The running thread gives way: to the end of its queue if its turn is over, else to its head. */
static void put_back(struct run_queue *queue, struct thread *current)
{
    if (current == NULL || !may_run(current) || current->queued)
        return;
    lock_acquire(&queue->lock);
    enqueue(queue, current, !current->yielded);
    lock_release(&queue->lock);
    current->yielded = false;
}

void scheduler_choose(struct cpu *cpu)
{
    struct run_queue *queue = own_queue();
    uint64_t now = time_now();

    book_time(cpu, now);
    cpu->reschedule = false;
    put_back(queue, cpu->current);
    lock_acquire(&queue->lock);
    struct thread *next = take_next(queue);
    bool others = next != NULL && (queue->filled >> next->effective & 1) != 0;
    lock_release(&queue->lock);
    if (others && !queue->slice_armed)
        arm_slice(queue, now);
    if (next == NULL) {
        cpu->current = NULL;
        return;
    }
    if (next != cpu->current || cpu->space != &next->process->space)
        load(cpu, next);
}

void scheduler_hand_over(struct thread *to)
{
    struct cpu *cpu = cpu_current();

    cpu->current->runnable = false;
    if (cpu->reschedule || own_queue()->filled >> to->effective > 1) {
        scheduler_wake(to);
        return;
    }
    to->runnable = true;
    load(cpu, to);
}

void scheduler_personality_changed(struct process *process)
{
    struct thread *current = cpu_current()->current;

    if (current != NULL && current->process == process)
        arch_thread_switch(current, current);
}

/* The CPU may sleep long: first let go of everything that was put off. */
static void idle(void)
{
    rcu_quiescent();
    rcu_quiescent();
    rcu_quiescent();
    if (process_teardown_step() || cpu_current()->reschedule)
        return;
    if (rcu_is_pending())
        arm_slice(own_queue(), time_now());
    rcu_sleep();
    arch_idle();
    rcu_wake();
}

/* Whether the current thread goes on, without anything else to be looked at. */
static bool is_undisturbed(const struct cpu *cpu)
{
    return cpu->current != NULL && !cpu->reschedule && may_run(cpu->current);
}

static __attribute__((noinline)) void find_thread(struct cpu *cpu)
{
    for (;;) {
        scheduler_choose(cpu);
        if (cpu->current != NULL)
            return;
        idle();
    }
}

_Noreturn void scheduler_leave_kernel(void)
{
    struct cpu *cpu = cpu_current();

    if (process_teardown_is_pending())
        (void)process_teardown_step();
    rcu_quiescent();
    if (!is_undisturbed(cpu))
        find_thread(cpu);
    if (cpu->current->interrupted)
        personality_interrupt(cpu->current);
    arch_return_to_user(cpu->current);
}

_Noreturn void scheduler_leave_to(struct thread *to)
{
    struct cpu *cpu = cpu_current();

    rcu_quiescent();
    if (cpu->reschedule || own_queue()->filled >> to->effective > 1 ||
        process_teardown_is_pending() || to->interrupted) {
        scheduler_hand_over(to);
        scheduler_leave_kernel();
    }
    cpu->current->runnable = false;
    to->runnable = true;
    load(cpu, to);
    arch_return_to_user(to);
}
