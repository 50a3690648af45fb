/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Delivery: at the end of a call, and where the kernel interrupted the program.
 *
 * The process server says which signal is next (it orders them and carries out
 * default actions); here a call that a signal ended is decided upon, and the
 * frame for the handler is built. The first handler decides about the call, as
 * it is the one that returns to it last. Several signals give several frames,
 * the last one delivered being run first.
 */
#include <posix/signal.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/arch.h>
#include <posix/calls.h>
#include <posix/end.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/trace.h>
#include <posix/wait.h>

#define SIGNAL_DEFAULT_STOPS                                                                       \
    (SIGNAL_BIT(LINUX_SIGSTOP) | SIGNAL_BIT(LINUX_SIGTSTP) | SIGNAL_BIT(LINUX_SIGTTIN) |           \
     SIGNAL_BIT(LINUX_SIGTTOU))
#define SIGNAL_DEFAULT_IGNORED                                                                     \
    (SIGNAL_BIT(LINUX_SIGCHLD) | SIGNAL_BIT(LINUX_SIGCONT) | SIGNAL_BIT(LINUX_SIGURG) |            \
     SIGNAL_BIT(LINUX_SIGWINCH))

void signal_information(struct linux_siginfo *to, const struct process_signal *from)
{
    memset(to, 0, sizeof(*to));
    to->number = from->number;
    to->code = from->code;
    to->error = from->error;
    if (from->code > 0 && from->code < LINUX_SI_KERNEL && from->number == LINUX_SIGCHLD) {
        to->child.pid = from->pid;
        to->child.uid = from->uid;
        to->child.status = from->status;
        to->child.user_ticks = from->user_ticks;
        to->child.system_ticks = from->system_ticks;
    } else if (from->code > 0 && from->code < LINUX_SI_KERNEL) {
        to->fault.address = from->value;
    } else if (from->code == LINUX_SI_TIMER) {
        to->timer.id = (int32_t)from->timer;
        to->timer.overrun = (int32_t)from->overrun;
        to->timer.value = from->value;
    } else {
        to->queue.pid = from->pid;
        to->queue.uid = from->uid;
        to->queue.value = from->value;
    }
}

bool signal_is_on_stack(const struct task *task)
{
    const struct signal_stack *stack = &task->signal_stack;
    return task->frame->registers.sp - stack->base < stack->size;
}

struct linux_stack signal_stack_state(const struct task *task)
{
    const struct signal_stack *stack = &task->signal_stack;
    struct linux_stack state = {.sp = stack->base, .size = stack->size};

    if (stack->size == 0)
        state.flags = (int32_t)LINUX_SS_DISABLE;
    else
        state.flags = (int32_t)(stack->flags & LINUX_SS_AUTODISARM) |
                      (int32_t)(signal_is_on_stack(task) ? LINUX_SS_ONSTACK : 0);
    return state;
}

bool signal_begin_handler(struct task *task, const struct process_signal *signal,
                          const struct signal_action *action)
{
    struct linux_siginfo information;
    bool switches = (action->flags & LINUX_SA_ONSTACK) != 0 && task->signal_stack.size != 0 &&
                    !signal_is_on_stack(task);
    struct signal_call call = {
        .number = signal->number,
        .action = action,
        .information = &information,
        .mask = task->restore_mask ? task->saved_mask : task_mask(task),
        .on_signal_stack = switches,
        .signal_stack_top = task->signal_stack.base + task->signal_stack.size,
        .stack = signal_stack_state(task),
    };

    signal_information(&information, signal);
    if (!arch_signal_push(task, &call))
        return false;
    if ((task->signal_stack.flags & LINUX_SS_AUTODISARM) != 0)
        task->signal_stack = (struct signal_stack){0};
    task->restore_mask = false;
    uint64_t own = (action->flags & LINUX_SA_NODEFER) != 0 ? 0 : SIGNAL_BIT(signal->number);
    signal_set_mask(task, task_mask(task) | action->mask | own);
    task->load_all = true;
    return true;
}

/* The next signal for this task from the process server. */
static bool take_signal(struct task *task, struct process_signal *signal)
{
    struct message message;

    message_begin(&message, PROCESS_TAKE_SIGNAL);
    message.words[0] = task_mask(task);
    if (request_process(task, &message) != 0 ||
        message_text_length(message.information) != sizeof(*signal))
        return false;
    memcpy(signal, frame_text(task->frame), sizeof(*signal));
    return signal->number >= 1 && signal->number <= SIGNAL_COUNT_MAX;
}

/* The disposition as the handler is begun with it; SA_RESETHAND takes effect. */
static struct signal_action use_action(struct task *task, int number)
{
    struct signal_actions *actions = task->actions;

    lock_acquire(&actions->lock);
    struct signal_action action = actions->actions[number];
    if ((action.flags & LINUX_SA_RESETHAND) != 0 && action.handler > LINUX_SIG_IGN) {
        actions->actions[number].handler = LINUX_SIG_DFL;
        signal_publish_action(task->group, number, &actions->actions[number]);
    }
    lock_release(&actions->lock);
    return action;
}

/* A call that was to wait, once it is known that a handler runs. */
static void settle_call(struct task *task, int64_t result, uint64_t number, bool restarts)
{
    if (result == -POSIX_RESTART && restarts)
        arch_call_rewind(task->frame, number);
    else if (result == -POSIX_RESTART || result == -POSIX_RESTART_UNLESS_HANDLED ||
             result == -POSIX_RESTART_RESUME)
        arch_call_set_result(task->frame, -LINUX_EINTR);
}

static void settle_call_unhandled(struct task *task, int64_t result, uint64_t number)
{
    if (result == -POSIX_RESTART || result == -POSIX_RESTART_UNLESS_HANDLED)
        arch_call_rewind(task->frame, number);
    else if (result == -POSIX_RESTART_RESUME)
        arch_call_rewind(task->frame, LINUX_CALL_RESTART_SYSCALL);
}

/* One that lost its handler on the way here, or that the server has us end by. */
static void default_action(struct task *task, int number)
{
    if ((SIGNAL_DEFAULT_STOPS & SIGNAL_BIT(number)) != 0)
        signal_raise(task, number);
    else if ((SIGNAL_DEFAULT_IGNORED & SIGNAL_BIT(number)) == 0)
        end_by_signal(task, number);
}

void signal_deliver(struct task *task, int64_t result, uint64_t number)
{
    bool settled = false;
    struct process_signal signal;

    (void)__atomic_exchange_n(&task->frame->interrupted, 0, __ATOMIC_SEQ_CST);
    while (signal_deliverable(task) != 0 && take_signal(task, &signal)) {
        struct signal_action action = use_action(task, signal.number);
        if (action.handler == LINUX_SIG_IGN)
            continue;
        if (action.handler == LINUX_SIG_DFL) {
            default_action(task, signal.number);
            continue;
        }
        if (library.trace != HANDLE_NONE)
            trace_signal(task, &signal);
        if (!settled)
            settle_call(task, result, number, (action.flags & LINUX_SA_RESTART) != 0);
        settled = true;
        if (!signal_begin_handler(task, &signal, &action))
            end_by_signal(task, LINUX_SIGSEGV);
    }
    if (!settled)
        settle_call_unhandled(task, result, number);
    if (task->restore_mask) {
        task->restore_mask = false;
        signal_set_mask(task, task->saved_mask);
    }
}
