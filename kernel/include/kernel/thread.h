/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Threads and their waits.
 *
 * A blocked thread is its saved registers and a `struct wait`, never a kernel
 * stack. A wait is ended once, by whoever first succeeds in thread_end_wait:
 * the thing waited for, the deadline, an interruption or the end of the thread.
 */
#pragma once

#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/object.h>
#include <kernel/pager.h>
#include <kernel/share.h>
#include <kernel/signal.h>
#include <kernel/timer.h>
#include <trellis/frame.h>
#include <trellis/structures.h>

struct process;
struct reply;
struct endpoint;
struct account;
struct budget;

enum wait_kind {
    WAIT_NONE,
    WAIT_CALL,    /* queued at an endpoint with a call or send not yet taken */
    WAIT_REPLY,   /* the call was taken; ended by the reply */
    WAIT_RECEIVE, /* at an endpoint, for the next message */
    WAIT_SIGNALS, /* wait_many, or at a port */
    WAIT_ADDRESS, /* at an address */
    WAIT_RESTART, /* the call is started anew when the wait ends (teardown in steps, pager) */
};

struct wait {
    enum wait_kind kind; /* changed by the thread itself, or under the lock of `on` */
    bool until;          /* the timer is armed; changed by the thread itself or who ends the wait */
    struct object *on;   /* endpoint; NULL for the others */
    struct list_node link; /* in that object's queue or the address bucket; run queue's `dry` */
    struct timer timer;
    /* Undo what the wait has hung up elsewhere (queues, observers). Locks: none held. Called once, by the ender. */
    void (*cancel)(struct thread *thread);
    union {
        struct {
            uint64_t key_object, key_offset;
            uint32_t mask;
            uint32_t bucket;
        } address;
        struct {
            struct session *session; /* a reference while queued */
            bool is_send;
            uint64_t place;                /* these two while queued: see endpoint.c */
            const struct account *account; /* only compared */
        } call;
        struct {
            struct object *object; /* the only one waited for; a reference */
            uint32_t mask;
            bool told; /* its signals are the result; otherwise the call is executed again */
        } signals;
    };
};

struct thread {
    struct arch_thread arch; /* first: assembly knows its offsets */
    struct object object;
    struct process *process;       /* a reference; constant */
    struct list_node process_link; /* process lock */

    struct frame *frame;     /* the kernel's view of the two pinned pages; constant */
    struct page *frame_page; /* the block of two; constant */
    uint64_t frame_address;  /* the user's view; constant */
    uint32_t frame_slot;     /* constant */
    uint64_t identity;       /* constant */

    /* Scheduling; see scheduler_queue.h */
    _Atomic uint32_t holder;  /* who may load or end it */
    _Atomic uint32_t cpu;     /* in whose queue it is, or where it ran last */
    _Atomic bool runnable;    /* waits for nothing but a CPU */
    uint32_t priority;        /* its own */
    uint32_t effective;       /* with what callers have donated */
    struct budget *budget;    /* its own; changed with the object locked; a reference, or NULL */
    struct budget *runs_by;   /* its own or lent: see scheduler_move; a reference, or NULL */
    struct budget *queued_by; /* run queue lock; by which it was queued, a reference; or NULL */
    uint32_t queued_priority; /* run queue lock, for writing; also PRIORITY_RESERVED and _NONE */
    _Atomic bool queued;      /* run queue lock, for writing */
    bool yielded;             /* its holder's; its turn is over */
    uint64_t turn_ns;         /* its holder's; used and not yet charged */
    uint64_t aside_at;        /* run queue lock; account_changes when it was put aside */
    uint64_t skipped_ns;      /* its holder's; what it did without, charged to it alone */
    struct share_node share;  /* run queue lock */
    struct account *charged; /* run queue lock; whose turn it waits for; a reference while queued */
    _Atomic uint64_t cpus;   /* a bit for each that it may run on */
    bool in_kernel; /* its holder's; what the last tick found it at, its library included */
    uint64_t user_ns, kernel_ns; /* its holder's */
    uint32_t suspended;          /* process lock; how often, its process' suspensions included */
    _Atomic uint32_t attention;  /* enum thread_attention, any of them: it does not simply run on */

    struct wait wait;
    _Atomic uint32_t wait_state;       /* enum wait_state: who may end the wait is decided here */
    struct spinlock observations_lock; /* LOCK_ADDRESS */
    _Atomic bool signalled;            /* one has fired since the thread began to observe */
    struct observation_queue observations; /* what WAIT_SIGNALS waits for; set up at the first */

    /* IPC; see ipc.c */
    struct thread *client;        /* whose call this thread received and has not answered */
    struct thread *server;        /* WAIT_REPLY: who received this thread's call, or NULL ... */
    struct reply *reply;          /* ... when the right to answer is a reply object */
    struct endpoint *serves;      /* where it received last; a reference */
    struct list_node serves_link; /* endpoint lock; in serves->servers */
    struct handle_memory called, received; /* its own; how it last called and received */
    struct session *told;  /* whose closing it received last, until it receives; a reference */
    uint64_t messages;     /* its own; calls and sends that are paid for and not yet made */
    struct call_step step; /* of the call under way */
    struct process *cloned, *clone; /* its own; what process_clone is at, references, or NULL */
    struct page_request page_request;
    _Atomic uint64_t
        end_code; /* set once, before ATTENTION_ENDING: the code and one; 0: it lives */
};

enum thread_attention {
    ATTENTION_SUSPENDED = 1 << 0,
    ATTENTION_ENDING = 1 << 1, /* set once: it never returns to user mode */
    ATTENTION_MARKED = 1 << 2, /* the sticky mark, as the kernel knows it */
    ATTENTION_UNPAID = 1 << 3, /* waits for a call that its account pays no more: see find_payer */
    ATTENTION_RESERVED = 1 << 4,  /* it runs by a budget */
    ATTENTION_THROTTLED = 1 << 5, /* its own budget is used up, and no other is lent to it */
};

static inline bool thread_needs(const struct thread *thread, uint32_t attention)
{
    return (atomic_load(&thread->attention) & attention) != 0;
}

enum wait_state {
    WAIT_STATE_NONE,
    WAIT_STATE_WAITING,
    WAIT_STATE_INTERRUPTIBLE, /* waiting, for something outside */
    WAIT_STATE_HELD,          /* nobody may end it for the moment: the thread is being copied */
    WAIT_STATE_ENDED,         /* somebody has claimed the end */
};

/* The thread this CPU runs, or ran when the kernel was entered. */
static inline struct thread *thread_current(void)
{
    return cpu_current()->current;
}

void thread_init_wait(struct thread *thread);
/* Suspend it that many times more. Process locked. */
void thread_suspend(struct thread *thread, int32_t times);

/*
 * The running thread begins to wait: it leaves the CPU at the end of this
 * entry. `deadline` DEADLINE_NEVER: no timer. What `wait` needs (kind, link,
 * cancel ...) is set by the caller before, with the lock held that makes the
 * wait visible. If the thread is marked interrupted, or the deadline has
 * passed, nothing is begun and INTERRUPTED or TIMED_OUT is returned.
 */
enum status thread_begin_wait(struct thread *thread, uint64_t deadline) must_check;

/* The same without those two checks: where the wait follows from something already done. */
void thread_start_wait(struct thread *thread, uint64_t deadline);

/*
 * End a wait: true for the one who wins, who then must call thread_finish_wait.
 * The object's lock may be held.
 */
static inline bool thread_claim_wait(struct thread *thread)
{
    uint32_t state = atomic_load_explicit(&thread->wait_state, memory_order_relaxed);
    while (state == WAIT_STATE_WAITING || state == WAIT_STATE_INTERRUPTIBLE)
        if (atomic_compare_exchange_weak(&thread->wait_state, &state, WAIT_STATE_ENDED))
            return true;
    return false;
}

/* Give a claim back: the thread waits on, unless its wait was to end meanwhile. No locks held. */
void thread_unclaim_wait(struct thread *thread);

/* After a claim: disarm the timer, set the result of the call and make the thread
 * runnable. A result of STATUS_RESTART starts the call anew (arch_call_rewind); for
 * WAIT_RESTART the call has been rewound already and no result is set. `cancel` is not called: the
 * one who claimed has taken the thread off its queue. Locks below LOCK_TIMER may be held. */
void thread_finish_wait(struct thread *thread, int64_t result);

/* The same but for making it runnable, which the caller does next. */
void thread_settle_wait(struct thread *thread, int64_t result);

/* Cancel and finish with an error, after a claim. No locks held. */
void thread_abort_wait(struct thread *thread, enum status why);
/* Claim, cancel and finish with an error. No locks held. False if it did not wait. */
bool thread_cancel_wait(struct thread *thread, enum status why);

/* With its frame mapped, one reference for the caller. `identity` stands for that of `start`. */
enum status thread_create(struct process *process, const struct thread_start *start,
                          uint64_t identity, struct thread **result) must_check;
/* As process_clone makes it: in another process, at the same frame slot, not running, its wait
 * the caller's to set up. One reference for the caller. */
enum status thread_clone(struct thread *from, struct process *process, uint64_t identity,
                         struct thread **result) must_check;
/* It ends at once unless it runs; then it does at the end of that CPU's entry, which is interrupted. */
void thread_end(struct thread *thread, uint32_t code);
/* What is left to do when nobody can run it any more (scheduler_seize). */
void thread_finish_end(struct thread *thread);
void thread_destroy(struct object *object);
/* The mark of a personality's interrupt entry; ends an interruptible wait. */
void thread_interrupt(struct thread *thread);
/* It began to wait while it was being marked: true if that ended the wait. */
bool thread_notice_mark(struct thread *thread);
