/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Processes: an address space, a handle table, an account, personality entries.
 */
#pragma once

#include <kernel/handle.h>
#include <kernel/object.h>
#include <kernel/space.h>
#include <trellis/frame.h>
#include <trellis/structures.h>

struct thread;

#define PROCESS_NAME 32

struct process {
    struct object object;
    struct handle_table handles;
    struct space space;
    struct account *account; /* a reference; constant */
    struct list threads;     /* object.lock; those that are not yet told to end first */
    bool draining;           /* object.lock; nothing runs in it any more, it is torn down */
    uint32_t thread_count;   /* object.lock, for writing */
    uint32_t state;          /* object.lock, for writing; enum process_state */
    uint32_t reason;         /* object.lock; enum end_reason */
    uint64_t code;           /* object.lock */
    uint64_t fault_pc, fault_address; /* object.lock */
    uint32_t suspended;               /* object.lock */
    uint32_t flags;                   /* enum process_flag; object.lock to take KEEP_HANDLES away */
    uint64_t *frame_slots;            /* object.lock; bitmap of FRAME_SLOTS, grown on demand */
    uint32_t frame_words;             /* object.lock */
    uint32_t kept_slot;             /* object.lock; of a thread that has ended, for the next ... */
    struct page *kept_frame;        /* ... and its frame, still mapped there; or NULL */
    struct personality personality; /* written while no thread runs in it, or by its own thread */
    uint64_t user_ns, kernel_ns;    /* object.lock; of ended threads */
    struct list_node teardown_link;
    char name[PROCESS_NAME]; /* constant */
};

/* One reference for the caller. `name` need not be NUL-terminated. */
enum status process_create(struct account *account, const char *name, size_t length, uint32_t flags,
                           struct process **result) must_check;
/* End it: threads at once or, where they run, at the end of their entry; when none is left, the
 * rest in steps from process_teardown_step. Its last thread says so too: only the first has a say. */
void process_end(struct process *process, enum end_reason reason, uint64_t code);
/* The thread's process_clone is over; if it is not `complete` what it has made so far goes. */
void process_leave_clone(struct thread *thread, bool complete);
/* Its handles have been inherited: it keeps none beyond its end. */
void process_drop_kept_handles(struct process *process);
/* Some bounded teardown work; true while there is more. Called on the way out of the kernel and when idle. */
bool process_teardown_step(void);
/* A slot for a frame: *slot, or any with FRAME_SLOT_ANY; *frame gets the frame that was kept
 * there, if any. LIMIT, NO_MEMORY. */
#define FRAME_SLOT_ANY UINT32_MAX
enum status process_take_frame(struct process *process, uint32_t *slot,
                               struct page **frame) must_check;
/* Free a slot with what there is of a frame, or keep it, mapped where it is, for a thread to come. */
void process_free_frame(struct process *process, uint32_t slot, struct page *frame);
void process_unreachable(struct object *object);
void process_destroy(struct object *object);
/* An exception that neither kernel nor personality could resolve. */
void process_fault(struct process *process, enum fault_kind kind, uint64_t pc, uint64_t address);
