/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The native calls on processes. */
#include <kernel/process.h>

#include <kernel/account.h>
#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/handle.h>
#include <kernel/ipc.h>
#include <kernel/personality.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/thread.h>

int64_t call_process_create(struct thread *self, const struct process_create_arguments *arguments)
{
    char name[PROCESS_NAME] = {0};
    size_t length =
        arguments->name_length < PROCESS_NAME ? arguments->name_length : PROCESS_NAME - 1;
    struct process *process;

    if ((arguments->flags & ~self->process->flags & PROCESS_CRITICAL) != 0)
        return status_to_result(STATUS_NO_RIGHT);
    enum status status = copy_in(name, arguments->name, length);
    if (status == STATUS_OK)
        status = process_create(arguments->account, name, length, arguments->flags, &process);
    if (status != STATUS_OK)
        return status_to_result(status);
    if (arguments->inherit != NULL)
        status = handle_table_clone(&arguments->inherit->handles, &process->handles);
    if (status != STATUS_OK) {
        object_release(&process->object);
        return status_to_result(status);
    }
    int64_t result = handle_of_created(&self->process->handles, &process->object,
                                       object_rights_of_new(arguments->account_rights));
    if (result < 0)
        process_end(process, END_KILLED, 0);
    else if (arguments->inherit != NULL)
        process_drop_kept_handles(arguments->inherit);
    return result;
}

/* Everything of the parent but its other threads and its memory, which the child has. */
static enum status clone_into(struct process *child, struct thread *from, uint64_t identity,
                              struct thread **thread)
{
    struct process *parent = from->process;

    enum status status = handle_table_clone(&parent->handles, &child->handles);
    if (status != STATUS_OK)
        return status;
    child->personality = parent->personality;
    return thread_clone(from, child, identity, thread);
}

static enum status give_clone(struct thread *self, struct thread *child, struct reply *reply,
                              const struct process_clone_arguments *asked)
{
    struct handle_table *table = &self->process->handles;
    struct process_clone_result *result = asked->result;

    enum status status =
        handle_create(table, &child->process->object, object_rights_of_new(asked->process_rights),
                      &result->process);
    if (status == STATUS_OK)
        status = handle_create(table, &child->object, RIGHT_ALL, &result->thread);
    if (status == STATUS_OK)
        status = handle_create(table, &reply->object, RIGHT_ALL, &result->reply);
    if (status == STATUS_OK)
        return STATUS_OK;
    (void)handle_close(table, result->thread);
    (void)handle_close(table, result->process);
    return status;
}

static enum status begin_clone(struct thread *self, struct process *parent, struct account *account)
{
    enum status status = process_create(account, parent->name, PROCESS_NAME - 1, 0, &self->clone);
    if (status != STATUS_OK)
        return status;
    object_acquire(&parent->object);
    self->cloned = parent;
    status = space_clone_begin(&parent->space, &self->clone->space, &self->clone->object);
    self->step.at = status == STATUS_OK;
    return status;
}

void process_leave_clone(struct thread *thread, bool complete)
{
    struct process *child = thread->clone;

    if (child == NULL)
        return;
    thread->clone = NULL;
    space_clone_abandon(&thread->cloned->space, &child->space);
    if (!complete)
        process_end(child, END_KILLED, 0);
    object_release(&child->object);
    object_release(&thread->cloned->object);
}

/* The memory is there. */
static enum status finish_clone(struct thread *self, struct thread *from,
                                const struct process_clone_arguments *asked)
{
    struct process *child = self->clone;
    struct thread *thread = NULL;
    struct reply *reply = NULL;

    bool may_name = (asked->process_rights & RIGHT_IDENTITY) != 0;
    enum status status =
        clone_into(child, from, may_name ? asked->identity : from->identity, &thread);
    if (status == STATUS_OK)
        reply = reply_create_for_clone(asked->account, asked->reply->endpoint, thread);
    if (status == STATUS_OK)
        status = reply != NULL ? give_clone(self, thread, reply, asked) : STATUS_NO_MEMORY;
    if (reply != NULL)
        object_release(&reply->object);
    if (thread != NULL)
        object_release(&thread->object);
    return status;
}

static enum status clone_step(struct thread *self, struct thread *from,
                              const struct process_clone_arguments *asked)
{
    struct process *parent = from->process;
    enum status status = STATUS_OK;

    if (scheduler_cpu_of(from) != 0) /* its registers are still being saved */
        return STATUS_RESTART;
    if (parent != asked->process)
        return STATUS_INVALID;
    if (self->clone == NULL || self->step.at == 0) {
        process_leave_clone(self, false); /* of a call that ended before it came here again */
        status = begin_clone(self, parent, asked->account);
    }
    if (status == STATUS_OK)
        status = space_clone_step(&parent->space, &self->clone->space);
    return status == STATUS_OK ? finish_clone(self, from, asked) : status;
}

/* The waiting client, whose wait nobody else can end until it is given back; or NULL. */
static struct thread *hold_client(struct reply *reply)
{
    struct spinlock *lock = &reply->endpoint->object.lock;
    lock_acquire(lock);
    struct thread *client = reply->client;
    uint32_t expected = WAIT_STATE_WAITING;
    if (client != NULL &&
        !atomic_compare_exchange_strong(&client->wait_state, &expected, WAIT_STATE_HELD))
        client = NULL;
    lock_release(lock);
    return client;
}

int64_t call_process_clone(struct thread *self, const struct process_clone_arguments *arguments)
{
    struct thread *from = hold_client(arguments->reply);
    enum status status = STATUS_DEAD;

    if (from != NULL) {
        status = clone_step(self, from, arguments);
        thread_unclaim_wait(from);
    }
    if (status != STATUS_RESTART)
        process_leave_clone(self, status == STATUS_OK);
    return status_to_result(status);
}

int64_t call_process_end(struct thread *self, const struct process_end_arguments *arguments)
{
    bool own = arguments->process == self->process;

    process_end(arguments->process, own ? END_EXIT : END_KILLED, arguments->code);
    while (relaxed_load(&arguments->process->thread_count) != 0 && scheduler_await_other())
        continue;
    return own ? status_to_result(STATUS_BLOCKED) : 0;
}

/* Suspend all threads once more (1) or less (-1). */
static void suspend_threads(struct process *process, int32_t change)
{
    lock_acquire(&process->object.lock);
    process->suspended += (uint32_t)change;
    list_for_each (&process->threads, node) {
        struct thread *thread = container_of(node, struct thread, process_link);
        thread_suspend(thread, change);
        scheduler_reconsider(thread);
    }
    lock_release(&process->object.lock);
}

/* The CPUs that have a thread of it, the caller left out. */
static uint64_t cpus_of(struct process *process)
{
    uint64_t cpus = 0;
    lock_acquire(&process->object.lock);
    list_for_each (&process->threads, node) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        cpus |= thread != thread_current() ? scheduler_cpu_of(thread) : 0;
    }
    lock_release(&process->object.lock);
    return cpus;
}

int64_t call_process_suspend(struct thread *self, const struct process_suspend_arguments *arguments)
{
    suspend_threads(arguments->process, 1);
    while (arguments->process->suspended != 0 && cpus_of(arguments->process) != 0 &&
           scheduler_await_other())
        continue;
    return 0;
}

int64_t call_process_resume(struct thread *self, const struct process_resume_arguments *arguments)
{
    if (arguments->process->suspended == 0)
        return status_to_result(STATUS_BAD_STATE);
    suspend_threads(arguments->process, -1);
    return 0;
}

static void add_thread_times(struct process *process, struct process_information *information)
{
    list_for_each (&process->threads, node) {
        const struct thread *thread = container_of(node, struct thread, process_link);
        information->user_ns += relaxed_load(&thread->user_ns);
        information->kernel_ns += relaxed_load(&thread->kernel_ns);
    }
}

int64_t call_process_inspect(struct thread *self, const struct process_inspect_arguments *arguments)
{
    struct process *process = arguments->process;

    scheduler_book_time(cpus_of(process));
    lock_acquire(&process->handles.lock);
    lock_acquire(&process->space.lock);
    lock_acquire(&process->object.lock);
    *arguments->information = (struct process_information){
        .state = process->state,
        .reason = process->reason,
        .code = process->code,
        .fault_pc = process->fault_pc,
        .fault_address = process->fault_address,
        .threads = process->thread_count,
        .handles = process->handles.count,
        .mapped_bytes = process->space.mapped_bytes,
        .resident_pages = space_resident_pages(&process->space),
        .user_ns = process->user_ns,
        .kernel_ns = process->kernel_ns,
        .children_faults = process->space.faults,
        .suspended = process->suspended,
    };
    add_thread_times(process, arguments->information);
    lock_release(&process->object.lock);
    lock_release(&process->space.lock);
    lock_release(&process->handles.lock);
    return 0;
}

int64_t call_process_set_personality(struct thread *self,
                                     const struct process_set_personality_arguments *arguments)
{
    if (!personality_is_valid(arguments->entries))
        return status_to_result(STATUS_OUT_OF_RANGE);
    arguments->process->personality = *arguments->entries;
    scheduler_personality_changed(arguments->process);
    return 0;
}

int64_t call_process_give(struct thread *self, const struct process_give_arguments *arguments)
{
    if (relaxed_load(&arguments->process->state) >= PROCESS_ENDING)
        return status_to_result(STATUS_DEAD);
    return handle_copy(&self->process->handles, arguments->handle, arguments->rights,
                       arguments->flags, &arguments->process->handles);
}
