/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Dispositions and masks, and the hints of them that the process server reads.
 */
#include <posix/signal.h>

#include <posix/call.h>
#include <posix/end.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>

struct signal_actions *signal_actions_create(void)
{
    struct signal_actions *actions = memory_allocate_zeroed(1, sizeof(*actions));
    if (actions != NULL)
        actions->references = 1;
    return actions;
}

struct signal_actions *signal_actions_copy(struct signal_actions *from)
{
    struct signal_actions *copy = signal_actions_create();

    if (copy != NULL) {
        lock_acquire(&from->lock);
        for (unsigned i = 0; i <= SIGNAL_COUNT_MAX; i++)
            copy->actions[i] = from->actions[i];
        lock_release(&from->lock);
    }
    return copy;
}

void signal_actions_release(struct signal_actions *actions)
{
    if (__atomic_sub_fetch(&actions->references, 1, __ATOMIC_ACQ_REL) == 0)
        memory_release(actions);
}

void signal_publish_action(struct group *group, int number, const struct signal_action *action)
{
    struct process_signal_page *page = group->signals;
    uint8_t disposition = action->handler == LINUX_SIG_DFL   ? PROCESS_SIGNAL_DEFAULT
                          : action->handler == LINUX_SIG_IGN ? PROCESS_SIGNAL_IGNORE
                                                             : PROCESS_SIGNAL_HANDLER;

    __atomic_store_n(&page->disposition[number], disposition, __ATOMIC_RELEASE);
    if (number == LINUX_SIGCHLD) {
        page->no_child_wait =
            disposition == PROCESS_SIGNAL_IGNORE || (action->flags & LINUX_SA_NOCLDWAIT) != 0;
        page->no_child_stop = (action->flags & LINUX_SA_NOCLDSTOP) != 0;
    }
}

uint64_t signal_deliverable(const struct task *task)
{
    const struct group *group = task->group;
    uint64_t pending =
        __atomic_load_n(&group->info->pending, __ATOMIC_SEQ_CST) |
        __atomic_load_n(&group->signals->threads[task->slot].pending, __ATOMIC_SEQ_CST);
    return pending & ~task_mask(task);
}

void signal_mark_deliverable(struct task *task)
{
    if (signal_deliverable(task) != 0)
        (void)__atomic_exchange_n(&task->frame->interrupted, 1, __ATOMIC_SEQ_CST);
}

void signal_set_mask(struct task *task, uint64_t mask)
{
    uint64_t *own = &task->group->signals->threads[task->slot].mask;

    (void)__atomic_exchange_n(own, mask & ~SIGNAL_UNBLOCKABLE, __ATOMIC_SEQ_CST);
    signal_mark_deliverable(task);
}

void signal_raise(struct task *task, int number)
{
    struct message message;

    message_begin(&message, PROCESS_KILL);
    message.words[0] = task_pid(task);
    message.words[1] = (uint64_t)number;
    message.words[2] = task->tid;
    (void)request_process(task, &message);
    signal_mark_deliverable(task);
}

void signal_force(struct task *task, const struct process_signal *signal)
{
    struct signal_action action = task->actions->actions[signal->number];
    bool blocked = (task_mask(task) & SIGNAL_BIT(signal->number)) != 0;

    if (blocked || action.handler == LINUX_SIG_DFL || action.handler == LINUX_SIG_IGN ||
        !signal_begin_handler(task, signal, &action))
        end_by_signal(task, signal->number);
}
