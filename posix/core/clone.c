/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Clone in its three forms.
 *
 * With CLONE_THREAD the new task joins its parent's group. With CLONE_VM alone
 * (vfork, posix_spawn) it is a group of its own in the same kernel process until
 * it execs or ends. Without CLONE_VM the kernel process is cloned while the gate
 * is closed, and both sides come back from the same request.
 *
 * A new task waits until its parent has stored the ids the program asked for.
 */
#include <posix/clone.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/end.h>
#include <posix/exec.h>
#include <posix/file.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/naming.h>
#include <posix/pidfd.h>
#include <posix/random.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/wait.h>
#include <trellis/native.h>

#include "clone_check.h"

static void clear_handlers(struct task *task, struct signal_actions *actions)
{
    for (int number = 1; number <= SIGNAL_COUNT_MAX; number++) {
        struct signal_action *action = &actions->actions[number];
        if (action->handler > LINUX_SIG_IGN)
            *action = (struct signal_action){0};
        signal_publish_action(task->group, number, action);
    }
}

/* What the child of a fork is to store before it goes on. */
static void fork_finish_child(struct task *task, const struct clone_request *request)
{
    struct frame_registers *registers = &task->frame->registers;

    task->clear_child_tid = 0;
    task->robust_list = 0;
    if (request->stack != 0)
        registers->sp = request->stack;
    if ((request->flags & LINUX_CLONE_SETTLS) != 0) {
        task->tls = request->tls;
        arch_set_thread_pointer(registers, request->tls);
    }
    if ((request->flags & LINUX_CLONE_CHILD_SETTID) != 0)
        (void)copy_to_program(request->child_tid, &task->tid, sizeof(task->tid));
    if ((request->flags & LINUX_CLONE_CHILD_CLEARTID) != 0)
        task->clear_child_tid = request->child_tid;
    if ((request->flags & LINUX_CLONE_CLEAR_SIGHAND) != 0)
        clear_handlers(task, task->actions);
}

/* One that was in the parent's kernel process: if its pid was another, so were its pages. */
static void forget_task(struct task *other, const struct group *own)
{
    struct group *group = other->group;

    if (group != own) {
        (void)native_unmap(library.self, (uint64_t)group->info, PROCESS_INFO_SIZE);
        (void)native_unmap(library.self, (uint64_t)group->signals, PROCESS_SIGNALS_SIZE);
    }
    task_release(other);
    task_retire(other);
    other->vacant = 1;
}

/* The child's library: only this task is left, and what is per process is new. */
static void fork_begin_child(struct task *task, const struct message *reply)
{
    struct group *group = task->group;

    gate_reset();
    library.self = reply->words[2];
    library.account = reply->words[4];
    library.lock = (struct lock){0};
    group->child_event = reply->words[3];
    group->tasks = 1;
    group->exiting = 0;
    group->borrowed = false;
    group->vfork_busy = 0;
    task->tid = (uint32_t)reply->words[1];
    task->frame->interrupted = 0;
    list_for_each_safe (&library.tasks, node) {
        struct task *other = container_of(node, struct task, library_link);
        if (other != task)
            forget_task(other, group);
    }
    list_for_each (&library.vacant, node)
        container_of(node, struct task, library_link)->vacant = 1;
    random_diverge(task->tid);
    file_table_after_fork(task);
}

static int64_t fork_finish_parent(struct task *task, const struct clone_request *request,
                                  uint32_t pid)
{
    if ((request->flags & LINUX_CLONE_PARENT_SETTID) != 0)
        (void)copy_to_program(request->parent_tid, &pid, sizeof(pid));
    if ((request->flags & LINUX_CLONE_PIDFD) != 0) {
        int fd = pidfd_create(task, pid, 0);
        if (fd >= 0)
            (void)copy_to_program(request->pidfd, &fd, sizeof(fd));
    }
    return pid;
}

static int64_t fork_process(struct task *task, const struct clone_request *request)
{
    struct message message;

    int error = file_table_prepare_fork(task);
    if (error != 0)
        return error;
    gate_close();
    message_begin(&message, PROCESS_FORK);
    message.words[0] = (request->flags & LINUX_CLONE_PARENT) != 0 ? PROCESS_CLONE_PARENT : 0;
    message.words[1] = request->exit_signal;
    error = request_process(task, &message);
    if (error != 0 || message.words[0] != 0) {
        gate_open();
        return error != 0 ? error : fork_finish_parent(task, request, (uint32_t)message.words[0]);
    }
    fork_begin_child(task, &message);
    fork_finish_child(task, request);
    return 0;
}

/* References shared or copied, as the flags say. */
static bool share_parts(struct task *child, struct task *task, uint64_t flags)
{
    if ((flags & LINUX_CLONE_FILES) != 0) {
        file_table_retain(task->files);
        child->files = task->files;
    } else {
        child->files = file_table_copy(task, task->files);
    }
    if ((flags & LINUX_CLONE_FS) != 0) {
        __atomic_add_fetch(&task->naming->references, 1, __ATOMIC_RELAXED);
        child->naming = task->naming;
    } else {
        child->naming = naming_copy(task, task->naming);
    }
    if ((flags & LINUX_CLONE_SIGHAND) != 0) {
        __atomic_add_fetch(&task->actions->references, 1, __ATOMIC_RELAXED);
        child->actions = task->actions;
    } else {
        child->actions = signal_actions_copy(task->actions);
    }
    return child->files != NULL && child->naming != NULL && child->actions != NULL;
}

static struct group *new_group(const struct group *parent)
{
    struct group *group = group_create();

    if (group != NULL) {
        group->borrowed = true;
        group->brk_start = parent->brk_start;
        group->brk_end = parent->brk_end;
        group->dumpable = parent->dumpable;
    }
    return group;
}

static struct task *prepare_child(struct task *task, const struct clone_request *request)
{
    struct task *child = task_create();

    if (child == NULL)
        return NULL;
    if ((request->flags & LINUX_CLONE_THREAD) != 0) {
        __atomic_add_fetch(&task->group->references, 1, __ATOMIC_RELAXED);
        child->group = task->group;
    } else {
        child->group = new_group(task->group);
    }
    if (child->group == NULL || !share_parts(child, task, request->flags)) {
        task_release(child);
        task_retire(child);
        child->vacant = 1;
        return NULL;
    }
    child->saved_mask = task_mask(task);
    child->tls =
        (request->flags & LINUX_CLONE_SETTLS) != 0 ? request->tls : arch_thread_pointer(task);
    child->first = task->frame->registers;
    child->first.sp = request->stack != 0 ? request->stack : child->first.sp;
    memcpy(child->name, task->name, sizeof(child->name));
    if ((request->flags & LINUX_CLONE_CHILD_SETTID) != 0)
        child->set_child_tid = request->child_tid;
    if ((request->flags & LINUX_CLONE_CHILD_CLEARTID) != 0)
        child->clear_child_tid = request->child_tid;
    return child;
}

static int start_child(struct task *task, struct task *child, const struct clone_request *request)
{
    bool is_thread = (request->flags & LINUX_CLONE_THREAD) != 0;
    struct message message;
    struct process_thread thread = {
        .pc = (uint64_t)arch_task_start,
        .sp = task_stack_top(child),
        .argument = (uint64_t)child,
        .tls = child->tls,
        .flags = is_thread ? 0 : PROCESS_THREAD_NEW_PID,
        .exit_signal = request->exit_signal,
        .result = (uint64_t)&child->born,
    };

    message_begin(&message, PROCESS_THREAD);
    message_copy_text(&message, task->frame, &thread, sizeof(thread));
    int error = request_process(task, &message);
    if (error != 0)
        request_close_handle(message.words[1]);
    return error;
}

static void adopt_pages(struct task *child)
{
    struct group *group = child->group;

    child->tid = child->born.tid;
    child->slot = child->born.slot;
    if (group->borrowed && group->info == NULL) {
        group->info = (const struct process_info_page *)child->born.info;
        group->signals = (struct process_signal_page *)child->born.signals;
        group->child_event = child->born.child_event;
    }
}

/* What one leaves that has exec'd or ended: the server ends its thread in that very request. */
static void release_ended(struct task *child)
{
    struct exec_work *work = __atomic_load_n(&child->exec, __ATOMIC_ACQUIRE);

    if (work != NULL)
        exec_release(work);
    request_close_handle(child->group->child_event);
    task_release(child);
    task_retire(child);
    __atomic_store_n(&child->vacant, 1, __ATOMIC_RELEASE);
}

static void wait_for_vfork(struct task *task, struct task *child)
{
    wait_uninterrupted(task, task->group->child_event, PROCESS_VFORK_DONE);
    (void)native_event_signal(task->group->child_event, PROCESS_VFORK_DONE, 0);
    release_ended(child);
    __atomic_store_n(&task->group->vfork_busy, 0, __ATOMIC_RELEASE);
    (void)native_address_wake((uint64_t)&task->group->vfork_busy, 1, UINT32_MAX, 0);
}

static void begin_vfork(struct task *task)
{
    uint32_t *busy = &task->group->vfork_busy;

    while (__atomic_exchange_n(busy, 1, __ATOMIC_ACQUIRE) != 0)
        wait_while_word(task, busy, 1);
}

static void release_child(struct task *child)
{
    __atomic_store_n(&child->released, 1, __ATOMIC_RELEASE);
    (void)native_address_wake((uint64_t)&child->released, 1, UINT32_MAX, 0);
}

static int64_t create_thread(struct task *task, const struct clone_request *request)
{
    bool is_vfork = (request->flags & LINUX_CLONE_VFORK) != 0;
    struct task *child = prepare_child(task, request);

    if (child == NULL)
        return -LINUX_ENOMEM;
    if (is_vfork)
        begin_vfork(task);
    int error = start_child(task, child, request);
    if (error != 0) {
        task_release(child);
        task_retire(child);
        child->vacant = 1;
        if (is_vfork)
            __atomic_store_n(&task->group->vfork_busy, 0, __ATOMIC_RELEASE);
        return error;
    }
    adopt_pages(child);
    task_publish(child);
    uint32_t tid = child->tid;
    if ((request->flags & LINUX_CLONE_CLEAR_SIGHAND) != 0)
        clear_handlers(child, child->actions);
    (void)fork_finish_parent(task, request, tid);
    release_child(child);
    if (is_vfork)
        wait_for_vfork(task, child);
    return tid;
}

int64_t clone_task(struct task *task, const struct clone_request *request)
{
    int error = clone_check(request);

    if (error != 0)
        return error;
    if ((request->flags & LINUX_CLONE_VM) == 0)
        return fork_process(task, request);
    return create_thread(task, request);
}

void clone_begin(struct task *task, struct frame *frame)
{
    task->frame = frame;
    frame->task = (uint64_t)task;
    frame->stack_top = task_stack_top(task);
    wait_while_word(task, &task->released, 0);
    task->group->signals->threads[task->slot].mask = task->saved_mask;
    if (task->set_child_tid != 0)
        (void)copy_to_program(task->set_child_tid, &task->tid, sizeof(task->tid));
    frame->registers = task->first;
    arch_set_thread_pointer(&frame->registers, task->tls);
    arch_call_set_result(frame, 0);
    if (signal_deliverable(task) != 0)
        signal_deliver(task, 0, 0);
    arch_enter_program(frame);
}
