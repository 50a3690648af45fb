/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The signal calls. */
#include <posix/signal.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/arch.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/end.h>
#include <posix/pidfd.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/trace.h>
#include <posix/wait.h>
#include <trellis/native.h>

#define SIG_BLOCK 0
#define SIG_UNBLOCK 1
#define SIG_SETMASK 2

static bool is_signal(int number)
{
    return number >= 1 && number <= SIGNAL_COUNT_MAX;
}

static int set_action(struct task *task, int number, const struct linux_sigaction *given)
{
    struct signal_actions *actions = task->actions;
    struct signal_action action = {given->handler, given->flags, linux_sigaction_restorer(given),
                                   given->mask & ~SIGNAL_UNBLOCKABLE};

    if (number == LINUX_SIGKILL || number == LINUX_SIGSTOP)
        return -LINUX_EINVAL;
    lock_acquire(&actions->lock);
    actions->actions[number] = action;
    signal_publish_action(task->group, number, &action);
    lock_release(&actions->lock);
    return 0;
}

int64_t linux_rt_sigaction(struct task *task, const struct rt_sigaction_arguments *arguments)
{
    struct linux_sigaction given, old;

    if (arguments->size != LINUX_SIGNAL_SET_SIZE || !is_signal(arguments->signal))
        return -LINUX_EINVAL;
    const struct signal_action *current = &task->actions->actions[arguments->signal];
    old = (struct linux_sigaction){
        .handler = current->handler,
        .flags = current->flags,
        .mask = current->mask,
    };
    linux_sigaction_set_restorer(&old, current->restorer);
    if (arguments->action != 0) {
        if (copy_from_program(&given, arguments->action, sizeof(given)) != 0)
            return -LINUX_EFAULT;
        int error = set_action(task, arguments->signal, &given);
        if (error != 0)
            return error;
    }
    return arguments->old == 0 ? 0 : copy_to_program(arguments->old, &old, sizeof(old));
}

int64_t linux_rt_sigprocmask(struct task *task, const struct rt_sigprocmask_arguments *arguments)
{
    uint64_t old = task_mask(task), set;

    if (arguments->size != LINUX_SIGNAL_SET_SIZE)
        return -LINUX_EINVAL;
    if (arguments->set != 0) {
        if (copy_from_program(&set, arguments->set, sizeof(set)) != 0)
            return -LINUX_EFAULT;
        if (arguments->how == SIG_BLOCK)
            signal_set_mask(task, old | set);
        else if (arguments->how == SIG_UNBLOCK)
            signal_set_mask(task, old & ~set);
        else if (arguments->how == SIG_SETMASK)
            signal_set_mask(task, set);
        else
            return -LINUX_EINVAL;
    }
    return arguments->old == 0 ? 0 : copy_to_program(arguments->old, &old, sizeof(old));
}

int64_t linux_rt_sigpending(struct task *task, const struct rt_sigpending_arguments *arguments)
{
    const struct group *group = task->group;
    uint64_t pending =
        (group->info->pending | group->signals->threads[task->slot].pending) & task_mask(task);

    if (arguments->size > LINUX_SIGNAL_SET_SIZE)
        return -LINUX_EINVAL;
    return copy_to_program(arguments->set, &pending, arguments->size);
}

/* The mask in force until a handler has run; the old one stands in its frame. */
void signal_use_mask(struct task *task, uint64_t mask)
{
    task->saved_mask = task_mask(task);
    task->restore_mask = true;
    signal_set_mask(task, mask);
}

static int64_t wait_for_handler(struct task *task)
{
    struct wait_item item = {.handle = task->group->child_event};
    int result = wait_for_items(task, &item, 0, DEADLINE_NEVER);

    return result == -POSIX_RESTART ? -POSIX_RESTART_UNLESS_HANDLED : result;
}

int64_t linux_rt_sigsuspend(struct task *task, const struct rt_sigsuspend_arguments *arguments)
{
    uint64_t mask;

    if (arguments->size != LINUX_SIGNAL_SET_SIZE)
        return -LINUX_EINVAL;
    if (copy_from_program(&mask, arguments->mask, sizeof(mask)) != 0)
        return -LINUX_EFAULT;
    signal_use_mask(task, mask);
    return wait_for_handler(task);
}

int64_t linux_pause(struct task *task, const struct pause_arguments *arguments)
{
    return wait_for_handler(task);
}

int signal_take_waited(struct task *task, uint64_t set, struct process_signal *signal)
{
    struct message message;

    message_begin(&message, PROCESS_TAKE_SIGNAL);
    message.words[0] = ~set;
    message.words[1] = 1;
    int error = request_process(task, &message);
    if (error != 0)
        return error;
    if (message_text_length(message.information) != sizeof(*signal))
        return -LINUX_EIO;
    memcpy(signal, frame_text(task->frame), sizeof(*signal));
    return 0;
}

/* The event is cleared before the server is asked: no arrival is missed. */
static int wait_for_signal(struct task *task, uint64_t set, uint64_t deadline,
                           struct process_signal *signal)
{
    handle_t event = task->group->child_event;

    for (;;) {
        (void)native_event_signal(event, PROCESS_SIGNAL_PENDING, 0);
        int error = signal_take_waited(task, set, signal);
        if (error != -LINUX_EAGAIN)
            return error;
        int64_t waited = wait_for(task, event, PROCESS_SIGNAL_PENDING, deadline);
        if (waited == -POSIX_RESTART)
            return -LINUX_EINTR;
        if (waited <= 0)
            return waited == 0 ? -LINUX_EAGAIN : (int)waited;
    }
}

int64_t linux_rt_sigtimedwait(struct task *task, const struct rt_sigtimedwait_arguments *arguments)
{
    uint64_t set, deadline;
    struct process_signal signal;
    struct linux_siginfo information;
    uint64_t *waiting = &task->group->signals->threads[task->slot].waiting;

    if (arguments->size != LINUX_SIGNAL_SET_SIZE)
        return -LINUX_EINVAL;
    if (copy_from_program(&set, arguments->set, sizeof(set)) != 0)
        return -LINUX_EFAULT;
    int error = time_read_timeout(arguments->timeout, &deadline);
    if (error != 0)
        return error;
    uint64_t before = *waiting;
    set &= ~SIGNAL_UNBLOCKABLE;
    *waiting = before | set;
    error = wait_for_signal(task, set, deadline, &signal);
    *waiting = before;
    if (error != 0)
        return error;
    signal_information(&information, &signal);
    if (arguments->information != 0 &&
        copy_to_program(arguments->information, &information, sizeof(information)) != 0)
        return -LINUX_EFAULT;
    return signal.number;
}

/* To whom, which signal, and with `queued` what goes with it. */
static int64_t send(struct task *task, int64_t pid, uint32_t tid,
                    const struct process_signal *queued, int number)
{
    struct message message;

    if (number < 0 || number > SIGNAL_COUNT_MAX)
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_KILL);
    message.words[0] = (uint64_t)pid;
    message.words[1] = (uint64_t)number;
    message.words[2] = tid;
    if (queued != NULL) {
        message.words[3] = 1;
        message_copy_text(&message, task->frame, queued, sizeof(*queued));
    }
    int error = request_process(task, &message);
    if (error == 0)
        signal_mark_deliverable(task);
    return error;
}

int64_t linux_kill(struct task *task, const struct kill_arguments *arguments)
{
    return send(task, arguments->pid, 0, NULL, arguments->signal);
}

int64_t linux_tkill(struct task *task, const struct tkill_arguments *arguments)
{
    if (arguments->tid <= 0)
        return -LINUX_EINVAL;
    return send(task, 0, (uint32_t)arguments->tid, NULL, arguments->signal);
}

int64_t linux_tgkill(struct task *task, const struct tgkill_arguments *arguments)
{
    if (arguments->pid <= 0 || arguments->tid <= 0)
        return -LINUX_EINVAL;
    return send(task, arguments->pid, (uint32_t)arguments->tid, NULL, arguments->signal);
}

static int read_queued(struct task *task, uint64_t address, bool other, int number,
                       struct process_signal *signal)
{
    struct linux_siginfo information;

    if (copy_from_program(&information, address, sizeof(information)) != 0)
        return -LINUX_EFAULT;
    if (other && (information.code >= 0 || information.code == LINUX_SI_TKILL))
        return -LINUX_EPERM;
    *signal = (struct process_signal){
        .number = number,
        .code = information.code,
        .error = information.error,
        .pid = information.queue.pid,
        .uid = information.queue.uid,
        .value = information.queue.value,
    };
    return 0;
}

int64_t linux_rt_sigqueueinfo(struct task *task, const struct rt_sigqueueinfo_arguments *arguments)
{
    struct process_signal signal;
    bool other = (uint32_t)arguments->pid != task_pid(task);

    if (arguments->pid <= 0)
        return -LINUX_EINVAL;
    int error = read_queued(task, arguments->information, other, arguments->signal, &signal);
    return error != 0 ? error : send(task, arguments->pid, 0, &signal, arguments->signal);
}

int64_t linux_rt_tgsigqueueinfo(struct task *task,
                                const struct rt_tgsigqueueinfo_arguments *arguments)
{
    struct process_signal signal;
    bool other = (uint32_t)arguments->pid != task_pid(task);

    if (arguments->pid <= 0 || arguments->tid <= 0)
        return -LINUX_EINVAL;
    int error = read_queued(task, arguments->information, other, arguments->signal, &signal);
    return error != 0
               ? error
               : send(task, arguments->pid, (uint32_t)arguments->tid, &signal, arguments->signal);
}

int64_t linux_pidfd_send_signal(struct task *task,
                                const struct pidfd_send_signal_arguments *arguments)
{
    struct process_signal signal;
    int64_t pid = pidfd_pid(task, arguments->fd);

    if (pid < 0)
        return pid;
    if (arguments->flags != 0)
        return -LINUX_EINVAL;
    if (arguments->information == 0)
        return send(task, pid, 0, NULL, arguments->signal);
    int error = read_queued(task, arguments->information, pid != task_pid(task), arguments->signal,
                            &signal);
    return error != 0 ? error : send(task, pid, 0, &signal, arguments->signal);
}

static int set_stack(struct task *task, const struct linux_stack *given)
{
    uint32_t mode = (uint32_t)given->flags & ~LINUX_SS_AUTODISARM;

    if (signal_is_on_stack(task))
        return -LINUX_EPERM;
    if (mode != 0 && mode != LINUX_SS_DISABLE && mode != LINUX_SS_ONSTACK)
        return -LINUX_EINVAL;
    if (mode == LINUX_SS_DISABLE) {
        task->signal_stack = (struct signal_stack){0};
        return 0;
    }
    if (given->size < LINUX_MINSIGSTKSZ)
        return -LINUX_ENOMEM;
    task->signal_stack =
        (struct signal_stack){given->sp, given->size, (uint32_t)given->flags & LINUX_SS_AUTODISARM};
    return 0;
}

int64_t linux_sigaltstack(struct task *task, const struct sigaltstack_arguments *arguments)
{
    struct linux_stack given, old = signal_stack_state(task);

    if (arguments->stack != 0) {
        if (copy_from_program(&given, arguments->stack, sizeof(given)) != 0)
            return -LINUX_EFAULT;
        int error = set_stack(task, &given);
        if (error != 0)
            return error;
    }
    return arguments->old == 0 ? 0 : copy_to_program(arguments->old, &old, sizeof(old));
}

int64_t linux_rt_sigreturn(struct task *task, const struct rt_sigreturn_arguments *arguments)
{
    uint64_t mask;
    struct linux_stack stack;

    if (library.trace != HANDLE_NONE)
        trace_success(task);
    if (!arch_signal_pop(task, &mask, &stack))
        end_by_signal(task, LINUX_SIGSEGV);
    (void)set_stack(task, &stack);
    signal_set_mask(task, mask);
    task->load_all = true;
    return 0;
}
