/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * For each CPU and priority the accounts that have a runnable thread of it there
 * share the CPU by their weights, and the threads of each by theirs, for the time
 * that they use (share.h). So a thousand threads of one account get as much as the
 * single thread of another. The running thread is in no queue; what it has used is
 * charged to it and to its account when it is put back at the end of a turn or has
 * begun to wait. Who was only interrupted is still due first.
 *
 * Whether an account has processor time left is looked at when a thread of it is
 * chosen. If it has none the thread is put aside, and ready again when there may
 * be some. A thread that serves one without time goes on as long as its own account
 * has some.
 *
 * A thread that waits alone stands in no share: where the running one begins to wait, or
 * is less urgent, it has the rest of that one's turn, and what either has used is charged later.
 *
 * A thread that becomes ready goes to a CPU that is idle, preferably this one,
 * then the one it ran on last; if none is, it waits here. A CPU that runs out
 * of threads takes one from another's queue. At the end of a turn it does so too
 * if more wait there than here for the same priority; so N + 1 threads go round N
 * CPUs, and where as many wait everywhere nothing moves.
 *
 * A thread's queue is that of thread->cpu. It changes with that queue locked
 * or, for a thread in no queue, by who holds it; so one locks it and looks again.
 */
#include <kernel/scheduler_queue.h>

#include <kernel/account.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>

#define STEAL_LIMIT 16 /* threads looked at in another's queue */
#define ASIDE_LIMIT 64 /* threads without time that a decision puts aside, or takes up again */

struct run_queue {
    struct spinlock lock; /* LOCK_RUN_QUEUE */
    struct cpu *cpu;      /* constant */
    /* Lock; of struct account_turn, the last of budgets' by their deadlines. */
    struct share_queue accounts[PRIORITY_COUNT + 1];
    _Atomic uint32_t waiting[PRIORITY_COUNT + 1]; /* lock, for writing; threads */
    struct list dry;      /* lock; threads put aside, by wait.link, the latest last */
    uint64_t taken_up_at; /* lock; account_changes when none of them had to be looked at */
    struct thread *only;  /* lock; the one that waits, in no share yet; or NULL */
};

static struct run_queue queues[CPU_MAX];
_Atomic uint64_t scheduler_idle_cpus;

void scheduler_init_cpu(uint32_t cpu)
{
    lock_init(&queues[cpu].lock, LOCK_RUN_QUEUE);
    queues[cpu].cpu = cpu_get(cpu);
    list_init(&queues[cpu].dry);
}

/* A bit for each priority at which somebody waits. */
static uint32_t filled(const struct run_queue *queue)
{
    return atomic_load_explicit(&queue->cpu->ready, memory_order_relaxed);
}

struct account *scheduler_account_of(const struct thread *thread)
{
    for (unsigned depth = 0; depth < DEPTH; depth++) {
        const struct thread *client = relaxed_load(&thread->client);
        if (client == NULL)
            break;
        thread = client;
    }
    return thread->process->account;
}

/* Queues, locked. */

static struct account_turn *turn_of(const struct run_queue *queue, const struct thread *thread)
{
    if (thread->queued_by != NULL)
        return &thread->queued_by->turn;
    return account_turn_of(thread->charged, queue->cpu->number, thread->queued_priority);
}

/* Into the shares of its account, or its budget, and of that among the others. */
static void line_up(struct run_queue *queue, struct thread *thread, struct account *account)
{
    uint32_t rank = thread->queued_priority;
    thread->charged = account;
    object_acquire(&thread->charged->object);
    struct account_turn *turn = turn_of(queue, thread);
    if (turn->threads.first == NULL && rank == PRIORITY_RESERVED) {
        turn->share.due.key = relaxed_load(&thread->queued_by->state.deadline);
        heap_insert(&queue->accounts[rank].first, &turn->share.due);
    } else if (turn->threads.first == NULL) {
        turn->share.stride = relaxed_load(&thread->charged->stride);
        share_insert(&queue->accounts[rank], &turn->share);
    }
    share_insert(&turn->threads, &thread->share);
}

static void line_up_only(struct run_queue *queue)
{
    if (queue->only != NULL)
        line_up(queue, queue->only, scheduler_account_of(queue->only));
    queue->only = NULL;
}

static void enqueue(struct run_queue *queue, struct thread *thread, struct account *account)
{
    struct budget *budget = relaxed_load(&thread->runs_by);
    bool here =
        budget != NULL && budget->state.cpu == queue->cpu->number; /* else it will not stay */
    if (here)
        object_acquire(&budget->object);
    thread->queued_by = here ? budget : NULL;
    relaxed_store(&thread->queued_priority,
                  here ? PRIORITY_RESERVED : relaxed_load(&thread->effective));
    if (filled(queue) == 0) {
        queue->only = thread;
    } else {
        line_up_only(queue);
        line_up(queue, thread, account);
    }
    thread->queued = true;
    queue->waiting[thread->queued_priority]++;
    ordered_store(&queue->cpu->ready, filled(queue) | 1u << thread->queued_priority);
}

static void dequeue(struct run_queue *queue, struct thread *thread)
{
    uint32_t priority = thread->queued_priority;
    thread->queued = false;
    if (priority == PRIORITY_NONE) {
        list_remove(&thread->wait.link);
        return;
    }
    if (--queue->waiting[priority] == 0)
        atomic_store_explicit(&queue->cpu->ready, filled(queue) & ~(1u << priority),
                              memory_order_release);
    if (queue->only == thread) {
        queue->only = NULL;
    } else {
        struct account_turn *turn = turn_of(queue, thread);
        share_remove(&turn->threads, &thread->share);
        if (turn->threads.first == NULL)
            share_remove(&queue->accounts[priority], &turn->share);
        object_release(&thread->charged->object);
    }
    if (thread->queued_by != NULL)
        object_release(&thread->queued_by->object);
}

/* Those put aside before the last change are ready again; who has no time still is found when chosen. */
static ARCH_COLD void take_up(struct run_queue *queue, uint64_t changes)
{
    for (unsigned count = 0; count < ASIDE_LIMIT; count++) {
        struct thread *thread = container_of(queue->dry.head.next, struct thread, wait.link);
        if (list_is_empty(&queue->dry) || thread->aside_at == changes) {
            queue->taken_up_at = changes;
            return;
        }
        dequeue(queue, thread);
        enqueue(queue, thread, scheduler_account_of(thread));
        scheduler_queue_offer(thread);
    }
}

static uint32_t top_priority(uint32_t ready)
{
    return 31 - (uint32_t)__builtin_clz(ready);
}

/* How many wait with this priority or more. */
static uint32_t count_from(const struct run_queue *queue, uint32_t priority)
{
    uint32_t count = 0;
    while (priority < PRIORITY_COUNT)
        count += atomic_load_explicit(&queue->waiting[priority++], memory_order_relaxed);
    return count;
}

/* `ready`: filled(queue), not 0. */
static inline struct thread *first_of(struct run_queue *queue, uint32_t ready)
{
    struct share_node *account = share_pick(&queue->accounts[top_priority(ready)]);
    struct account_turn *turn = container_of(account, struct account_turn, share);
    return container_of(share_pick(&turn->threads), struct thread, share);
}

/* The first that has time; those before it are put aside. NULL: there is none, or not all were looked at. */
static __attribute__((noinline, cold)) struct thread *find_with_time(struct run_queue *queue,
                                                                     uint64_t changes)
{
    for (unsigned aside = 0; aside < ASIDE_LIMIT && filled(queue) != 0; aside++) {
        struct thread *thread = first_of(queue, filled(queue));
        if (scheduler_find_payer(thread, false) != NULL)
            return thread;
        dequeue(queue, thread);
        list_push_back(&queue->dry, &thread->wait.link);
        thread->aside_at = changes;
        relaxed_store(&thread->queued_priority, PRIORITY_NONE);
        thread->queued = true;
    }
    if (filled(queue) != 0 || queue->taken_up_at != changes)
        atomic_store_explicit(&queue->cpu->reschedule, true, memory_order_release);
    return NULL;
}

/* The thread whose turn it is, still in the queue; NULL if none is ready. */
static struct thread *find_next(struct run_queue *queue)
{
    uint64_t changes = atomic_load(&account_changes);
    if (queue->taken_up_at != changes)
        take_up(queue, changes);
    line_up_only(queue);
    uint32_t ready = filled(queue);
    if (ready == 0)
        return NULL;
    struct thread *thread = first_of(queue, ready);
    if (relaxed_load(&thread->charged->had_time_at) != changes)
        thread = find_with_time(queue, changes);
    return thread;
}

static bool may_steal(struct thread *thread, const struct cpu *cpu)
{
    return atomic_load(&thread->holder) == HOLDER_NONE && thread_may_use(thread, cpu->number) &&
           scheduler_find_payer(thread, false) != NULL;
}

/* The first that another CPU may have, still in the queue, of the few that are looked at. */
static struct thread *find_for(struct run_queue *queue, const struct cpu *cpu, uint32_t lowest)
{
    unsigned looked = 0;
    line_up_only(queue);
    for (int priority = PRIORITY_COUNT - 1; priority >= (int)lowest; priority--) {
        heap_for_each(queue->accounts[priority].first, node)
        {
            struct account_turn *turn = container_of(node, struct account_turn, share.due);
            heap_for_each(turn->threads.first, at)
            {
                struct thread *thread = container_of(at, struct thread, share.due);
                if (may_steal(thread, cpu))
                    return thread;
                if (++looked == STEAL_LIMIT)
                    return NULL;
            }
        }
    }
    return NULL;
}

/*
 * Off its queue, which is locked, and held from here on. False: another CPU has held it since a time
 * when it waited, to hand over to it (scheduler_hold), and finds when it lets go that it is in no
 * queue; or it still sees it there, and then it has let go before it is looked at here.
 */
static bool take_off(struct run_queue *queue, struct cpu *cpu, struct thread *thread)
{
    uint32_t expected = HOLDER_NONE, own = holder_of_cpu(cpu->number);
    dequeue(queue, thread);
    atomic_thread_fence(memory_order_seq_cst);
    if (!atomic_compare_exchange_strong(&thread->holder, &expected, own) && expected != own)
        return false;
    atomic_store_explicit(&thread->cpu, cpu->number, memory_order_release);
    return true;
}

/* From a queue where at least `count` threads wait with this priority or more, one of them. */
static struct thread *steal(struct cpu *cpu, uint32_t priority, uint32_t count)
{
    for (uint32_t i = 1; i < cpu_count(); i++) {
        struct run_queue *queue = &queues[(cpu->number + i) % cpu_count()];
        if (count_from(queue, priority) < count)
            continue;
        lock_acquire(&queue->lock);
        struct thread *thread = find_for(queue, cpu, priority);
        if (thread != NULL && !take_off(queue, cpu, thread))
            thread = NULL;
        lock_release(&queue->lock);
        if (thread != NULL)
            return thread;
    }
    return NULL;
}

struct thread *scheduler_queue_take(struct cpu *cpu, bool evenly)
{
    struct run_queue *queue = &queues[cpu->number];
    uint32_t ready = filled(queue);
    struct thread *thread = NULL;
    if (evenly && ready != 0 && top_priority(ready) != PRIORITY_RESERVED)
        thread = steal(cpu, top_priority(ready), count_from(queue, top_priority(ready)));
    if (thread != NULL)
        return thread;
    lock_acquire(&queue->lock);
    do
        thread = find_next(queue);
    while (thread != NULL && !take_off(queue, cpu, thread));
    lock_release(&queue->lock);
    return thread != NULL || cpu_count() == 1 ? thread : steal(cpu, 0, 1);
}

struct thread *scheduler_queue_take_only(struct cpu *cpu)
{
    struct run_queue *queue = &queues[cpu->number];
    const struct thread *current = cpu->current;
    lock_acquire(&queue->lock);
    struct thread *thread = queue->only;
    uint64_t changes = atomic_load(&account_changes);
    if (thread != NULL && queue->taken_up_at == changes &&
        relaxed_load(&scheduler_account_of(thread)->had_time_at) == changes &&
        (thread_may_run(current)
             ? cpu->budget == NULL && thread->queued_priority > relaxed_load(&current->effective)
             : current->turn_ns < SLICE_NS)) {
        if (!take_off(queue, cpu, thread))
            thread = NULL;
    } else {
        thread = NULL;
    }
    lock_release(&queue->lock);
    return thread;
}

static void charge(struct run_queue *queue, struct thread *thread, struct account *account)
{
    uint32_t priority = relaxed_load(&thread->effective);
    struct account_turn *turn = account_turn_of(account, queue->cpu->number, priority);

    share_charge(&queue->accounts[priority], &turn->share, thread->turn_ns);
    share_charge(&turn->threads, &thread->share, thread->turn_ns + thread->skipped_ns);
    thread->turn_ns = thread->skipped_ns = 0;
    thread->yielded = false;
}

void scheduler_queue_put_back(struct cpu *cpu, struct thread *thread)
{
    struct run_queue *queue = &queues[cpu->number];
    struct account *account = scheduler_account_of(thread);
    lock_acquire(&queue->lock);
    bool may_run = thread_may_run(thread);
    if (thread->yielded || !may_run)
        charge(queue, thread, account);
    if (may_run && thread_may_use(thread, cpu->number))
        enqueue(queue, thread, account);
    lock_release(&queue->lock);
}

/* Becoming ready. */

void scheduler_queue_set_idle(const struct cpu *cpu, bool idle)
{
    if (idle)
        atomic_fetch_or(&scheduler_idle_cpus, cpu->bit);
    else if ((atomic_load_explicit(&scheduler_idle_cpus, memory_order_relaxed) & cpu->bit) != 0)
        atomic_fetch_and(&scheduler_idle_cpus, ~cpu->bit);
}

/* One that is idle no more by this, or CPU_MAX. */
static uint32_t claim_idle(uint64_t allowed, uint32_t preferred)
{
    for (;;) {
        uint64_t idle = atomic_load(&scheduler_idle_cpus) & allowed;
        if (idle == 0)
            return CPU_MAX;
        uint32_t number = (idle >> cpu_current()->number & 1) != 0 ? cpu_current()->number
                          : (idle >> preferred & 1) != 0           ? preferred
                                                         : (uint32_t)__builtin_ctzll(idle);
        uint64_t bit = UINT64_C(1) << number;
        if ((atomic_fetch_and(&scheduler_idle_cpus, ~bit) & bit) != 0)
            return number;
    }
}

/* Where a thread is to wait for its turn if no CPU is idle. */
static uint32_t place_busy(const struct thread *thread)
{
    uint32_t here = cpu_current()->number, last = atomic_load(&thread->cpu);
    return thread_may_use(thread, here)   ? here
           : thread_may_use(thread, last) ? last
                                          : (uint32_t)__builtin_ctzll(thread_cpus(thread));
}

static struct run_queue *lock_queue_of(const struct thread *thread)
{
    for (;;) {
        uint32_t number = atomic_load(&thread->cpu);
        lock_acquire(&queues[number].lock);
        if (atomic_load(&thread->cpu) == number)
            return &queues[number];
        lock_release(&queues[number].lock);
    }
}

static bool is_to_be_queued(const struct thread *thread)
{
    return !thread->queued && thread_may_run(thread) && atomic_load(&thread->holder) == HOLDER_NONE;
}

void scheduler_kick(struct cpu *cpu)
{
    bool pending = atomic_exchange(&cpu->reschedule, true);
    if (cpu != cpu_current() && !pending && !atomic_load(&cpu->polling))
        arch_cpu_poke(cpu);
}

/* A thread of this priority waits in the CPU's queue. */
static void announce(struct cpu *cpu, uint32_t rank)
{
    const struct thread *current = relaxed_load(&cpu->current);
    bool above = rank == PRIORITY_RESERVED || relaxed_load(&cpu->budget) == NULL;
    if (current == NULL || (above && rank > relaxed_load(&current->effective)))
        scheduler_kick(cpu);
}

void scheduler_queue_offer(const struct thread *thread)
{
    uint32_t idle = claim_idle(thread_cpus(thread), 0);
    if (idle != CPU_MAX)
        scheduler_kick(cpu_get(idle));
}

void scheduler_queue_add(struct thread *thread)
{
    uint32_t idle = CPU_MAX;
    struct run_queue *queue = lock_queue_of(thread);
    bool add = is_to_be_queued(thread);
    if (add) {
        idle = claim_idle(thread_cpus(thread), atomic_load(&thread->cpu));
        uint32_t number = idle != CPU_MAX ? idle : place_busy(thread);
        if (number != queue->cpu->number) {
            atomic_store_explicit(&thread->cpu, number, memory_order_release);
            lock_release(&queue->lock);
            queue = lock_queue_of(thread);
            add = is_to_be_queued(thread) && thread_may_use(thread, queue->cpu->number);
        }
        if (add)
            enqueue(queue, thread, scheduler_account_of(thread));
    }
    bool queued = thread->queued;
    uint32_t rank = relaxed_load(&thread->queued_priority);
    lock_release(&queue->lock);
    if (idle != CPU_MAX) {
        scheduler_kick(cpu_get(idle));
    } else if (queued) {
        announce(queue->cpu, rank);
        scheduler_queue_offer(thread);
    }
}

void scheduler_queue_remove(struct thread *thread)
{
    struct run_queue *queue = lock_queue_of(thread);
    if (thread->queued)
        dequeue(queue, thread);
    lock_release(&queue->lock);
}

bool scheduler_seize(struct thread *thread)
{
    uint32_t expected = HOLDER_NONE;
    struct run_queue *queue = lock_queue_of(thread);
    bool seized = atomic_compare_exchange_strong(&thread->holder, &expected, HOLDER_ENDING);
    if (seized && thread->queued)
        dequeue(queue, thread);
    lock_release(&queue->lock);
    return seized;
}

/* Priorities and places. */

void scheduler_move(struct thread *thread, const struct standing *to)
{
    struct run_queue *queue = lock_queue_of(thread);
    struct cpu *cpu = queue->cpu;
    bool queued = thread->queued;
    if (queued)
        dequeue(queue, thread);
    relaxed_store(&thread->effective, to->priority);
    if (to->budget != NULL)
        object_acquire(&to->budget->object);
    struct budget *before = __atomic_exchange_n(&thread->runs_by, to->budget, __ATOMIC_SEQ_CST);
    atomic_fetch_or(&thread->attention, to->attention);
    atomic_fetch_and(&thread->attention, ~STANDING_MASK | to->attention);
    lock_release(&queue->lock);
    if (before != NULL)
        object_release(&before->object);
    if (queued || before != NULL || to->attention != 0)
        scheduler_reconsider(thread);
    else if (scheduler_queue_has_above(cpu, to->priority) &&
             atomic_load(&thread->holder) == holder_of_cpu(cpu->number))
        scheduler_kick(cpu);
}
