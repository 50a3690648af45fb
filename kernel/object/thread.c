/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Threads: their making and end, and their frames. */
#include <kernel/thread.h>

#include <kernel/account.h>
#include <kernel/address_wait.h>
#include <kernel/budget.h>
#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/cpu.h>
#include <kernel/handle.h>
#include <kernel/ipc.h>
#include <kernel/page.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/string.h>

/* Frames. */

/* Empty, or a copy; what there is of it after a failure thread_destroy frees. */
static enum status make_frame(struct thread *thread, const struct thread *from)
{
    struct process *process = thread->process;
    struct page *block = NULL;

    uint32_t slot = from != NULL ? from->frame_slot : FRAME_SLOT_ANY;
    thread->frame_slot = FRAME_SLOT_ANY;
    enum status status = process_take_frame(process, &slot, &block);
    if (status != STATUS_OK)
        return status;
    thread->frame_slot = slot;
    bool kept = block != NULL;
    if (!kept)
        status = page_allocate(process->account, 1, PAGE_NODE_ANY, &block);
    if (status != STATUS_OK)
        return status;
    thread->frame = page_address(block);
    thread->frame_address = FRAME_BASE + (uint64_t)slot * FRAME_STRIDE;
    if (from != NULL)
        memcpy(thread->frame, from->frame, FRAME_SIZE);
    else
        memset(thread->frame, 0, kept ? sizeof(struct frame) : FRAME_SIZE);
    struct page *pages[2] = {block, block + 1};
    if (!kept)
        status = space_map_frame(&process->space, slot, pages);
    if (status == STATUS_OK)
        thread->frame_page = block;
    else
        page_release(block);
    return status;
}

/* Making and ending. */

/* It was never published. */
static void discard_thread(struct thread *thread)
{
    thread->attention = ATTENTION_ENDING;
    account_uncharge(thread->process->account, ALLOW_THREADS, 1);
    object_release(&thread->object);
}

/* A thread with its frame, in no list yet; with `from`, as that one has it. */
static enum status allocate_thread(struct process *process, uint64_t identity,
                                   const struct thread *from, struct thread **result)
{
    enum status status = account_charge(process->account, ALLOW_THREADS, 1);
    if (status != STATUS_OK)
        return status;
    struct thread *thread = object_create(OBJECT_THREAD, process->account);
    if (thread == NULL) {
        account_uncharge(process->account, ALLOW_THREADS, 1);
        return STATUS_NO_MEMORY;
    }
    thread->process = process;
    thread->identity = identity;
    object_acquire(&process->object);
    list_node_init(&thread->process_link);
    list_node_init(&thread->serves_link);
    thread->share.stride = thread_current() != NULL ? relaxed_load(&thread_current()->share.stride)
                                                    : share_stride(SHARE_WEIGHT_MAX);
    thread_init_wait(thread);
    thread->cpu = cpu_current()->number;
    status = make_frame(thread, from);
    if (status != STATUS_OK) {
        discard_thread(thread);
        return status;
    }
    thread->frame->self = thread->frame_address;
    thread->frame->identity = thread->identity;
    thread->frame->slot = thread->frame_slot;
    *result = thread;
    return STATUS_OK;
}

void thread_suspend(struct thread *thread, int32_t times)
{
    relaxed_add(&thread->suspended, (uint32_t)times);
    if (thread->suspended != 0)
        atomic_fetch_or(&thread->attention, ATTENTION_SUSPENDED);
    else
        atomic_fetch_and(&thread->attention, ~ATTENTION_SUSPENDED);
}

/* Into its process, whose list holds a reference; DEAD if that is ending. What is not fully made, as
 * `status` says, or cannot be published is discarded. */
static enum status publish_thread(struct thread *thread, enum status status, struct thread **result)
{
    struct process *process = thread->process;

    lock_acquire(&process->object.lock);
    if (status == STATUS_OK && process->state >= PROCESS_ENDING)
        status = STATUS_DEAD;
    if (status == STATUS_OK) {
        object_acquire(&thread->object);
        list_push_back(&process->threads, &thread->process_link);
        thread_suspend(thread, (int32_t)process->suspended);
        relaxed_add(&process->thread_count, 1);
        relaxed_store(&process->state, PROCESS_RUNNING);
    }
    lock_release(&process->object.lock);
    if (status == STATUS_OK)
        *result = thread;
    else
        discard_thread(thread);
    return status;
}

enum status thread_create(struct process *process, const struct thread_start *start,
                          uint64_t identity, struct thread **result)
{
    struct thread *thread;

    if (start->priority >= PRIORITY_COUNT || (start->flags & ~(uint32_t)THREAD_SUSPENDED) != 0 ||
        (start->cpus != 0 && (start->cpus & cpu_all()) == 0))
        return STATUS_INVALID;
    enum status status = allocate_thread(process, identity, NULL, &thread);
    if (status != STATUS_OK)
        return status;
    thread->priority = thread->effective = (uint8_t)start->priority;
    if (start->weight != 0)
        thread->share.stride = share_stride(start->weight);
    thread_suspend(thread, (start->flags & THREAD_SUSPENDED) != 0);
    thread->cpus = start->cpus != 0 ? start->cpus : UINT64_MAX;
    status = publish_thread(thread, arch_thread_init(thread, start), result);
    if (status == STATUS_OK)
        scheduler_wake(thread);
    return status;
}

enum status thread_clone(struct thread *from, struct process *process, uint64_t identity,
                         struct thread **result)
{
    struct thread *thread;

    enum status status = allocate_thread(process, identity, from, &thread);
    if (status != STATUS_OK)
        return status;
    thread->priority = thread->effective = relaxed_load(&from->priority);
    thread->cpus = from->cpus;
    thread->share.stride = relaxed_load(&from->share.stride);
    thread->frame->interrupted = 0;
    return publish_thread(thread, arch_thread_clone(thread, from), result);
}

void thread_finish_end(struct thread *thread)
{
    struct process *process = thread->process;

    (void)thread_cancel_wait(thread, STATUS_DEAD);
    ipc_abandon(thread);
    process_leave_clone(thread, false);
    budget_leave(thread, NULL);
    lock_acquire(&process->object.lock);
    list_remove(&thread->process_link);
    process->user_ns += thread->user_ns;
    process->kernel_ns += thread->kernel_ns;
    relaxed_add(&process->thread_count, -1u);
    bool last = process->thread_count == 0;
    lock_release(&process->object.lock);
    object_signal(&thread->object, 0, SIGNAL_ENDED);
    account_uncharge(process->account, ALLOW_MESSAGES, thread->messages);
    account_uncharge(process->account, ALLOW_THREADS, 1);
    if (last)
        process_end(process, END_EXIT, (uint32_t)(atomic_load(&thread->end_code) - 1));
    object_release(&thread->object);
}

void thread_end(struct thread *thread, uint32_t code)
{
    uint64_t lives = 0;

    (void)atomic_compare_exchange_strong(&thread->end_code, &lives, UINT64_C(1) + code);
    if ((atomic_fetch_or(&thread->attention, ATTENTION_ENDING) & ATTENTION_ENDING) != 0)
        return;
    if (scheduler_seize(thread))
        thread_finish_end(thread);
    else
        scheduler_disturb(thread);
}

void thread_destroy(struct object *object)
{
    struct thread *thread = container_of(object, struct thread, object);
    struct process *process = thread->process;

    if (thread->frame_slot != FRAME_SLOT_ANY)
        process_free_frame(process, thread->frame_slot, thread->frame_page);
    arch_thread_free(thread);
    object_free(object);
    object_release(&process->object);
}

/* Calls. */

int64_t call_thread_create(struct thread *self, const struct thread_create_arguments *arguments)
{
    bool may_name = (arguments->process_rights & RIGHT_IDENTITY) != 0;
    const struct thread_start *start = arguments->start;
    struct thread *thread;

    /* The caller's own priority is the most it can give. */
    if (start->priority > relaxed_load(&self->priority) ||
        (start->weight != 0 && !share_may_give(start->weight, relaxed_load(&self->share.stride))))
        return status_to_result(STATUS_INVALID);
    enum status status = thread_create(arguments->process, start,
                                       may_name ? start->identity : self->identity, &thread);
    if (status != STATUS_OK)
        return status_to_result(status);
    int64_t result = handle_of_created(&self->process->handles, &thread->object, RIGHT_ALL);
    if (result < 0)
        thread_end(thread, 0);
    return result;
}

int64_t call_thread_end(struct thread *self, const struct thread_end_arguments *arguments)
{
    uint32_t zero = 0;

    if (arguments->address != 0) {
        enum status status = copy_out(arguments->address, &zero, sizeof(zero));
        if (status == STATUS_RESTART)
            return status_to_result(status);
        if (status == STATUS_OK)
            address_wake_at(self->process, arguments->address, 1);
    }
    thread_end(self, (uint32_t)arguments->code);
    return status_to_result(STATUS_BLOCKED);
}

static bool has_ended(const struct thread *thread)
{
    return (__atomic_load_n(&thread->object.signals, __ATOMIC_ACQUIRE) & SIGNAL_ENDED) != 0;
}

int64_t call_thread_kill(struct thread *self, const struct thread_kill_arguments *arguments)
{
    thread_end(arguments->thread, 0);
    while (!has_ended(arguments->thread) && scheduler_await_other())
        continue;
    return arguments->thread == self ? status_to_result(STATUS_BLOCKED) : 0;
}

int64_t call_thread_interrupt(struct thread *self,
                              const struct thread_interrupt_arguments *arguments)
{
    if (thread_needs(arguments->thread, ATTENTION_ENDING))
        return status_to_result(STATUS_DEAD);
    thread_interrupt(arguments->thread);
    return 0;
}

/* Suspend it once more (1), or less (-1) than it is, its process' suspensions left out. */
static int64_t suspend_once(struct thread *thread, int32_t change)
{
    struct process *process = thread->process;

    lock_acquire(&process->object.lock);
    bool possible = change > 0 || thread->suspended > process->suspended;
    if (possible) {
        thread_suspend(thread, change);
        scheduler_reconsider(thread);
    }
    lock_release(&process->object.lock);
    return status_to_result(possible ? STATUS_OK : STATUS_BAD_STATE);
}

int64_t call_thread_suspend(struct thread *self, const struct thread_suspend_arguments *arguments)
{
    struct thread *thread = arguments->thread;
    int64_t result = suspend_once(thread, 1);
    while (thread != self && thread_needs(thread, ATTENTION_SUSPENDED) &&
           scheduler_cpu_of(thread) != 0 && scheduler_await_other())
        continue;
    return result;
}

int64_t call_thread_resume(struct thread *self, const struct thread_resume_arguments *arguments)
{
    return suspend_once(arguments->thread, -1);
}

int64_t call_thread_yield(struct thread *self)
{
    scheduler_yield(self);
    return 0;
}

static uint32_t state_of(const struct thread *thread)
{
    if (thread_needs(thread, ATTENTION_ENDING))
        return THREAD_ENDED;
    if (thread_needs(thread, ATTENTION_SUSPENDED))
        return THREAD_STOPPED;
    switch (relaxed_load(&thread->wait.kind)) {
    case WAIT_NONE:
        return THREAD_RUNNABLE;
    case WAIT_CALL:
    case WAIT_REPLY:
        return THREAD_CALLING;
    case WAIT_RECEIVE:
        return THREAD_RECEIVING;
    default:
        return THREAD_WAITING;
    }
}

int64_t call_thread_inspect(struct thread *self, const struct thread_inspect_arguments *arguments)
{
    const struct thread *thread = arguments->thread;

    scheduler_book_time(scheduler_cpu_of(thread));
    *arguments->information = (struct thread_information){
        .state = state_of(thread),
        .priority = relaxed_load(&thread->priority),
        .process_id = thread->process->object.id,
        .thread_id = thread->object.id,
        .identity = thread->identity,
        .user_ns = relaxed_load(&thread->user_ns),
        .kernel_ns = relaxed_load(&thread->kernel_ns),
        .frame = thread->frame_address,
        .suspended = relaxed_load(&thread->suspended),
        .cpus = thread->cpus & cpu_all(),
        .cpu = thread->cpu,
    };
    return 0;
}

int64_t call_thread_read_registers(struct thread *self,
                                   const struct thread_read_registers_arguments *arguments)
{
    struct thread *thread = arguments->thread;

    if (thread == self || state_of(thread) == THREAD_RUNNABLE)
        return status_to_result(STATUS_BAD_STATE);
    /* Running, not for long: it was interrupted when it was suspended. */
    if (!has_ended(thread) && scheduler_cpu_of(thread) != 0)
        return status_to_result(STATUS_RESTART);
    arch_thread_get_registers(thread, arguments->registers);
    return 0;
}

int64_t call_thread_set_priority(struct thread *self,
                                 const struct thread_set_priority_arguments *arguments)
{
    if (arguments->priority >= PRIORITY_COUNT ||
        arguments->priority > relaxed_load(&self->priority))
        return status_to_result(STATUS_INVALID);
    relaxed_store(&arguments->thread->priority, arguments->priority);
    scheduler_update_donation(arguments->thread);
    return 0;
}

int64_t call_thread_set_base(struct thread *self, const struct thread_set_base_arguments *arguments)
{
    return status_to_result(arch_thread_set_base(self, arguments->which, arguments->value));
}
