/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Processes: their making, cloning and end.
 *
 * A process ends in three stages. Its threads end at once. Then its handles are
 * closed, some in each step, and its death is announced when the last is gone,
 * so that whoever is told finds everything it held released; a process made
 * with PROCESS_KEEP_HANDLES keeps them until somebody has inherited them. Its
 * memory stays for whoever holds a handle to it; when nothing refers to it any
 * more that goes too, in steps. The process itself goes a grace period later: who
 * walks over an object's mappings (sweep.c) may have seen one of its last.
 */
#include <kernel/process.h>

#include <kernel/account.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <kernel/relaxed.h>
#include <kernel/slab.h>
#include <kernel/string.h>
#include <kernel/thread.h>

#define HANDLES_STEP 32
#define PAGES_STEP 64

static struct spinlock teardown_lock = SPINLOCK_INITIAL(LOCK_DEFERRED);
/* Teardown lock: whose handles are to be closed, whose memory is to be freed. */
static struct list ending = LIST_INITIAL(ending);
static struct list unmapped = LIST_INITIAL(unmapped);

enum status process_create(struct account *account, const char *name, size_t length, uint32_t flags,
                           struct process **result)
{
    enum status status = account_charge(account, ALLOW_PROCESSES, 1);
    if (status != STATUS_OK)
        return status;
    struct process *process = object_create(OBJECT_PROCESS, account);
    status = process != NULL ? space_init(&process->space, account) : STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        if (process != NULL)
            object_free(&process->object);
        account_uncharge(account, ALLOW_PROCESSES, 1);
        return status;
    }
    handle_table_init(&process->handles, account);
    object_acquire(&account->object);
    process->account = account;
    process->flags = flags;
    list_init(&process->threads);
    list_node_init(&process->teardown_link);
    memcpy(process->name, name, length < PROCESS_NAME - 1 ? length : PROCESS_NAME - 1);
    *result = process;
    return STATUS_OK;
}

/* Frame slots. */

static enum status grow_slots(struct process *process, uint32_t words)
{
    uint64_t *grown = memory_allocate(process->account, words * sizeof(uint64_t));
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    if (process->frame_words > 0) {
        memcpy(grown, process->frame_slots, process->frame_words * sizeof(uint64_t));
        memory_free(process->account, process->frame_slots,
                    process->frame_words * sizeof(uint64_t));
    }
    process->frame_slots = grown;
    process->frame_words = words;
    return STATUS_OK;
}

static uint32_t find_slot(const struct process *process)
{
    for (uint32_t word = 0; word < process->frame_words; word++) {
        if (process->frame_slots[word] != UINT64_MAX)
            return word * 64 + (uint32_t)__builtin_ctzll(~process->frame_slots[word]);
    }
    return process->frame_words * 64;
}

static enum status take_slot_locked(struct process *process, uint32_t *slot)
{
    if (*slot == FRAME_SLOT_ANY)
        *slot = find_slot(process);
    if (*slot >= FRAME_SLOTS)
        return STATUS_LIMIT;
    uint32_t words = process->frame_words == 0 ? 1 : process->frame_words;
    while (words * 64 <= *slot)
        words *= 2;
    if (words > process->frame_words) {
        enum status status = grow_slots(process, words);
        if (status != STATUS_OK)
            return status;
    }
    process->frame_slots[*slot / 64] |= UINT64_C(1) << *slot % 64;
    return STATUS_OK;
}

enum status process_take_frame(struct process *process, uint32_t *slot, struct page **frame)
{
    lock_acquire(&process->object.lock);
    bool kept = *slot == FRAME_SLOT_ANY && process->kept_frame != NULL;
    if (kept) {
        *slot = process->kept_slot;
        *frame = process->kept_frame;
        process->kept_frame = NULL;
    }
    enum status status = kept ? STATUS_OK : take_slot_locked(process, slot);
    lock_release(&process->object.lock);
    return status;
}

void process_free_frame(struct process *process, uint32_t slot, struct page *frame)
{
    lock_acquire(&process->object.lock);
    bool keeps = frame != NULL && process->kept_frame == NULL;
    if (keeps) {
        process->kept_slot = slot;
        process->kept_frame = frame;
    }
    lock_release(&process->object.lock);
    if (keeps)
        return;
    space_unmap_frame(&process->space, slot);
    if (frame != NULL)
        page_release(frame);
    lock_acquire(&process->object.lock);
    process->frame_slots[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    lock_release(&process->object.lock);
}

/* The end. */

static bool wants_memory(const struct process *process)
{
    return (process->reason == END_EXIT && process->code == END_NO_MEMORY) ||
           (process->reason == END_FAULT && process->code == FAULT_PAGE_MEMORY);
}

static const char *reason_name(enum end_reason reason)
{
    return reason == END_EXIT ? "ended itself" : reason == END_KILLED ? "was ended" : "faulted";
}

/* A critical process has ended. */
static _Noreturn void lose_machine(const struct process *process)
{
    machine_fail(wants_memory(process) ? STOP_MEMORY : STOP_PANIC,
                 "%s, which the machine cannot do without, %s (code %lu, pc %lx, address %lx): %s",
                 process->name, reason_name(process->reason), process->code, process->fault_pc,
                 process->fault_address, log_last_words(process));
}

static void queue_teardown(struct process *process, struct list *list)
{
    lock_acquire(&teardown_lock);
    list_push_back(list, &process->teardown_link);
    lock_release(&teardown_lock);
    cpu_current()->teardown = true;
}

/* One that has not been told to end, or NULL; it lives until the kernel is left. Of those told only
 * the ones that CPUs have stay in the list for long. */
static struct thread *next_to_end(struct process *process)
{
    struct thread *thread = NULL;
    lock_acquire(&process->object.lock);
    list_for_each (&process->threads, node) {
        thread = container_of(node, struct thread, process_link);
        if (!thread_needs(thread, ATTENTION_ENDING))
            break;
        thread = NULL;
    }
    lock_release(&process->object.lock);
    return thread;
}

/* Once, when it is ending and has no threads: from here on it goes in steps. */
static void begin_teardown(struct process *process)
{
    lock_acquire(&process->object.lock);
    bool begin =
        process->state == PROCESS_ENDING && process->thread_count == 0 && !process->draining;
    process->draining |= begin;
    lock_release(&process->object.lock);
    if (!begin)
        return;
    object_acquire(&process->object);
    queue_teardown(process, &ending);
}

void process_end(struct process *process, enum end_reason reason, uint64_t code)
{
    struct thread *thread;

    lock_acquire(&process->object.lock);
    bool first = process->state < PROCESS_ENDING;
    if (first) {
        relaxed_store(&process->state, PROCESS_ENDING);
        process->reason = reason;
        process->code = code;
    }
    lock_release(&process->object.lock);
    if (first && (process->flags & PROCESS_CRITICAL) != 0)
        lose_machine(process);
    while (first && (thread = next_to_end(process)) != NULL)
        thread_end(thread, (uint32_t)code);
    begin_teardown(process);
}

void process_drop_kept_handles(struct process *process)
{
    lock_acquire(&process->object.lock);
    bool keeps = process->state == PROCESS_ENDED && (process->flags & PROCESS_KEEP_HANDLES) != 0;
    process->flags &= ~(uint32_t)PROCESS_KEEP_HANDLES;
    lock_release(&process->object.lock);
    if (!keeps)
        return;
    object_acquire(&process->object);
    queue_teardown(process, &ending);
}

void process_fault(struct process *process, enum fault_kind kind, uint64_t pc, uint64_t address)
{
    process->fault_pc = pc;
    process->fault_address = address;
    if (process->personality.reflect == 0)
        log_line("%s: fault %d at pc %lx, address %lx", process->name, (int)kind, pc, address);
    process_end(process, END_FAULT, kind);
}

static void announce(struct process *process)
{
    lock_acquire(&process->object.lock);
    relaxed_store(&process->state, PROCESS_ENDED);
    object_signal_locked(&process->object, 0, SIGNAL_ENDED);
    lock_release(&process->object.lock);
    object_release(&process->object);
}

static void free_process(struct deferred *deferred)
{
    struct process *process = container_of(deferred, struct process, object.deferred);
    struct account *account = process->account;

    handle_table_free(&process->handles);
    if (process->frame_words > 0)
        memory_free(account, process->frame_slots, process->frame_words * sizeof(uint64_t));
    object_free(&process->object);
    account_uncharge(account, ALLOW_PROCESSES, 1);
    object_release(&account->object);
}

/* Off a list, so that one CPU at a time works on it; NULL. */
static struct process *take_first(struct list *list)
{
    lock_acquire(&teardown_lock);
    struct list_node *node = list_pop_front(list);
    lock_release(&teardown_lock);
    return node == NULL ? NULL : container_of(node, struct process, teardown_link);
}

static void put_back(struct process *process, struct list *list)
{
    lock_acquire(&teardown_lock);
    list_push_front(list, &process->teardown_link);
    lock_release(&teardown_lock);
}

/* One that keeps its handles has ended: from here on process_drop_kept_handles has it drained. */
static void end_step(struct process *process)
{
    lock_acquire(&process->object.lock);
    bool keeps = (process->flags & PROCESS_KEEP_HANDLES) != 0;
    if (keeps)
        relaxed_store(&process->state, PROCESS_ENDED);
    lock_release(&process->object.lock);
    if (!keeps && !handle_table_drain(&process->handles, HANDLES_STEP)) {
        put_back(process, &ending);
        return;
    }
    announce(process);
}

static void unmap_step(struct process *process)
{
    bool drained = handle_table_drain(&process->handles, HANDLES_STEP);
    if (!drained || !space_teardown_step(&process->space, PAGES_STEP)) {
        put_back(process, &unmapped);
        return;
    }
    if (process->kept_frame != NULL)
        page_release(process->kept_frame);
    rcu_defer(&process->object.deferred, free_process);
}

bool process_teardown_step(void)
{
    struct process *process = take_first(&ending);
    if (process != NULL) {
        end_step(process);
        return true;
    }
    process = take_first(&unmapped);
    if (process != NULL)
        unmap_step(process);
    return process != NULL;
}

/* Nobody can stop it any more, not even itself. */
void process_unreachable(struct object *object)
{
    process_end(container_of(object, struct process, object), END_KILLED, 0);
}

void process_destroy(struct object *object)
{
    queue_teardown(container_of(object, struct process, object), &unmapped);
}
