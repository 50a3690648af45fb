/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Groups and sessions are numbers in the info pages; nothing is kept of them
 * apart. Of terminals, which session has it and which group is in front is kept
 * here as in the tty server: both change only through job_terminal and the end
 * of a session's leader.
 */
#include "job.h"

#include <base/errno.h>
#include <base/heap.h>

#include "effects.h"
#include "signal.h"

struct terminal {
    struct list_node link;
    struct terminal_state state;
};

static struct list terminals = {{&terminals.head, &terminals.head}};

static struct terminal *find_terminal(uint32_t rdev)
{
    list_for_each (&terminals, node) {
        struct terminal *terminal = container_of(node, struct terminal, link);
        if (terminal->state.rdev == rdev)
            return terminal;
    }
    return NULL;
}

static bool group_exists(uint32_t group, uint32_t session)
{
    list_for_each (process_all(), node) {
        const struct process *process = container_of_process(node, all_link);
        if (process->info->group == group && process->info->session == session)
            return true;
    }
    return false;
}

int job_set_group(struct process *caller, uint32_t pid, uint32_t group)
{
    struct process *process = pid == 0 ? caller : process_find(pid);

    if (process == NULL || (process != caller && process->parent != caller))
        return LINUX_ESRCH;
    uint32_t wanted = group == 0 ? process->pid : group;
    if (process != caller && process->has_run_program)
        return LINUX_EACCES;
    if (process->info->session == process->pid || process->info->session != caller->info->session)
        return LINUX_EPERM;
    if (wanted != process->pid && !group_exists(wanted, caller->info->session))
        return LINUX_EPERM;
    info_begin(process);
    process->info->group = wanted;
    info_end(process);
    return 0;
}

int job_set_session(struct process *process)
{
    list_for_each (process_all(), node) {
        if (container_of_process(node, all_link)->info->group == process->pid)
            return LINUX_EPERM;
    }
    info_begin(process);
    process->info->session = process->info->group = process->pid;
    process->info->terminal = 0;
    info_end(process);
    return 0;
}

bool job_group_is_orphaned(uint32_t group, uint32_t session)
{
    list_for_each (process_all(), node) {
        const struct process *process = container_of_process(node, all_link);
        const struct process *parent = process->parent;
        if (process->info->group != group || !process_is_alive(process) || parent == NULL)
            continue;
        if (process_is_alive(parent) && parent->info->group != group &&
            parent->info->session == session)
            return false;
    }
    return true;
}

static void signal_group_with(uint32_t group, unsigned number, uint32_t session)
{
    struct process_signal signal = {.number = (int32_t)number, .code = SIGNAL_CODE_KERNEL};

    list_for_each_safe (process_all(), node) {
        struct process *process = container_of_process(node, all_link);
        if (process->info->group == group && (session == 0 || process->info->session == session))
            (void)signal_send(process, NULL, &signal);
    }
}

void job_signal_group(uint32_t group, unsigned number)
{
    if (group != 0)
        signal_group_with(group, number, 0);
}

static bool has_stopped_member(uint32_t group)
{
    list_for_each (process_all(), node) {
        const struct process *process = container_of_process(node, all_link);
        if (process->info->group == group && process->life == LIFE_STOPPED)
            return true;
    }
    return false;
}

static void check_orphans(uint32_t group, uint32_t session)
{
    if (!has_stopped_member(group) || !job_group_is_orphaned(group, session))
        return;
    signal_group_with(group, SIGNAL_HUP, session);
    signal_group_with(group, SIGNAL_CONT, session);
}

static void take_terminal_away(uint32_t session)
{
    list_for_each (process_all(), node) {
        struct process *process = container_of_process(node, all_link);
        if (process->info->session != session || process->info->terminal == 0)
            continue;
        info_begin(process);
        process->info->terminal = 0;
        info_end(process);
    }
}

/* The session gives up its terminal. */
static void release_terminal(struct terminal *terminal)
{
    struct terminal_state state = terminal->state;

    list_remove(&terminal->link);
    release(terminal);
    effect_set_terminal(state.rdev, 0, 0);
    take_terminal_away(state.session);
    job_signal_group(state.group, SIGNAL_HUP);
    job_signal_group(state.group, SIGNAL_CONT);
}

void job_hang_up(uint32_t session)
{
    struct process *leader = process_find(session);
    struct process_signal hang_up = {.number = SIGNAL_HUP, .code = SIGNAL_CODE_KERNEL};
    struct process_signal go_on = {.number = SIGNAL_CONT, .code = SIGNAL_CODE_KERNEL};

    list_for_each (&terminals, node) {
        struct terminal *terminal = container_of(node, struct terminal, link);
        if (terminal->state.session != session)
            continue;
        release_terminal(terminal);
        break;
    }
    if (leader == NULL || leader->info->session != session)
        return;
    (void)signal_send(leader, NULL, &hang_up);
    (void)signal_send(leader, NULL, &go_on);
}

void job_leave(struct process *process)
{
    uint32_t session = process->info->session;
    struct terminal *terminal = find_terminal(process->info->terminal);

    if (process->pid == session && terminal != NULL && terminal->state.session == session)
        release_terminal(terminal);
    list_for_each_safe (&process->children, node) {
        const struct process *child = container_of_process(node, sibling);
        if (child->info->group != process->info->group && child->info->session == session)
            check_orphans(child->info->group, session);
    }
    if (process->parent->info->group != process->info->group &&
        process->parent->info->session == session)
        check_orphans(process->info->group, session);
}

static int acquire(struct process *process, uint32_t rdev)
{
    struct terminal *terminal = find_terminal(rdev);

    if (terminal != NULL && terminal->state.session == process->info->session &&
        process->info->terminal == rdev)
        return 0;
    if (process->pid != process->info->session || process->info->terminal != 0 || terminal != NULL)
        return LINUX_EPERM;
    terminal = allocate_zeroed(1, sizeof(*terminal));
    if (terminal == NULL)
        return LINUX_ENOMEM;
    terminal->state = (struct terminal_state){rdev, process->pid, process->info->group};
    list_push_back(&terminals, &terminal->link);
    info_begin(process);
    process->info->terminal = rdev;
    info_end(process);
    effect_set_terminal(rdev, terminal->state.session, terminal->state.group);
    return 0;
}

static int set_foreground(struct process *process, struct terminal *terminal, uint32_t group)
{
    uint32_t session = process->info->session;

    if (terminal == NULL || process->info->terminal != terminal->state.rdev ||
        terminal->state.session != session)
        return LINUX_ENOTTY;
    if (group == 0 || !group_exists(group, session))
        return LINUX_EPERM;
    terminal->state.group = group;
    effect_set_terminal(terminal->state.rdev, session, group);
    return 0;
}

static int leave(struct process *process, struct terminal *terminal)
{
    if (terminal == NULL || process->info->terminal != terminal->state.rdev)
        return LINUX_ENOTTY;
    if (process->pid == process->info->session) {
        release_terminal(terminal);
        return 0;
    }
    info_begin(process);
    process->info->terminal = 0;
    info_end(process);
    return 0;
}

int job_terminal(struct process *process, uint32_t what, const struct terminal_state *wanted,
                 struct terminal_state *state)
{
    struct terminal *terminal = find_terminal(wanted->rdev);
    int error = LINUX_EINVAL;

    if (what == PROCESS_TERMINAL_ASK)
        error = 0;
    else if (what == PROCESS_TERMINAL_ACQUIRE)
        error = acquire(process, wanted->rdev);
    else if (what == PROCESS_TERMINAL_FOREGROUND)
        error = set_foreground(process, terminal, wanted->group);
    else if (what == PROCESS_TERMINAL_LEAVE)
        error = leave(process, terminal);
    terminal = find_terminal(wanted->rdev);
    *state = terminal == NULL ? (struct terminal_state){.rdev = wanted->rdev} : terminal->state;
    return error;
}

int job_background(const struct process *process, uint32_t rdev, unsigned number)
{
    const struct process_info_page *info = process->info;
    const struct terminal *terminal = find_terminal(rdev);

    if (number != SIGNAL_TTIN && number != SIGNAL_TTOU)
        return LINUX_EINVAL;
    if (terminal == NULL || info->terminal != rdev || terminal->state.group == info->group)
        return 0;
    if (job_group_is_orphaned(info->group, info->session))
        return LINUX_EIO;
    job_signal_group(info->group, number);
    return 0;
}
