/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A process that has ended stays in the table as long as its parent may ask for
 * it. Init asks at once, and so does, in effect, a parent that ignores SIGCHLD.
 */
#include "family.h"

#include <base/errno.h>

#include "effects.h"
#include "job.h"
#include "signal.h"

#define TICK_US 10000 /* Linux' USER_HZ */

void usage_add(struct process_usage *sum, const struct process_usage *usage)
{
    sum->user_us += usage->user_us;
    sum->system_us += usage->system_us;
    sum->minor_faults += usage->minor_faults;
    sum->major_faults += usage->major_faults;
    sum->voluntary += usage->voluntary;
    sum->involuntary += usage->involuntary;
    if (sum->peak_kib < usage->peak_kib)
        sum->peak_kib = usage->peak_kib;
}

static int32_t status_for_signal(const struct process *process, int code)
{
    switch (code) {
    case CHILD_EXITED:
    case CHILD_STOPPED:
        return (process->status >> 8) & 0xff;
    case CHILD_CONTINUED:
        return SIGNAL_CONT;
    default:
        return process->status & 0x7f;
    }
}

static void send_to_parent(struct process *process, uint32_t number, int code)
{
    struct process_signal signal = {
        .number = (int32_t)number,
        .code = code,
        .pid = process->pid,
        .uid = process->info->uid,
        .status = status_for_signal(process, code),
        .user_ticks = process->usage.user_us / TICK_US,
        .system_ticks = process->usage.system_us / TICK_US,
    };
    (void)signal_send(process->parent, NULL, &signal);
}

void family_tell_parent(struct process *process, int code)
{
    struct process *parent = process->parent;

    effect_raise(parent, PROCESS_CHILD_CHANGED);
    if (parent->kernel != NULL && !parent->signals->no_child_stop)
        send_to_parent(process, SIGNAL_CHLD, code);
}

static void reap(struct process *process)
{
    struct process *parent = process->parent;

    usage_add(&parent->children_usage, &process->usage);
    usage_add(&parent->children_usage, &process->children_usage);
    process_destroy(process);
}

static int end_code(const struct process *process)
{
    if ((process->status & 0x7f) == 0)
        return CHILD_EXITED;
    return (process->status & STATUS_CORE) != 0 ? CHILD_DUMPED : CHILD_KILLED;
}

/* A zombie with its present parent. */
static void announce(struct process *process)
{
    struct process *parent = process->parent;
    bool is_usual = process->exit_signal == SIGNAL_CHLD;
    bool kept = parent->kernel != NULL && !(is_usual && parent->signals->no_child_wait);

    effect_raise(parent, PROCESS_CHILD_CHANGED);
    if (parent->kernel != NULL && process->exit_signal != 0)
        send_to_parent(process, process->exit_signal, end_code(process));
    if (!kept)
        reap(process);
}

/* Who takes the children of a process that ends. */
static struct process *find_reaper(const struct process *process)
{
    struct process *ancestor = process->parent;

    while (ancestor->parent != NULL && !(ancestor->subreaper && process_is_alive(ancestor)))
        ancestor = ancestor->parent;
    return ancestor;
}

static void give_children_away(struct process *process)
{
    struct process *reaper = find_reaper(process);

    list_for_each_safe (&process->children, node) {
        struct process *child = container_of_process(node, sibling);
        list_remove(&child->sibling);
        list_push_back(&reaper->children, &child->sibling);
        child->parent = reaper;
        child->exit_signal = SIGNAL_CHLD;
        info_begin(child);
        child->info->parent = reaper->pid;
        info_end(child);
        if (child->life == LIFE_ZOMBIE) {
            announce(child);
        } else if (child->death_signal != 0) {
            struct process_signal signal = {.number = (int32_t)child->death_signal,
                                            .pid = process->pid};
            (void)signal_send(child, NULL, &signal);
        }
    }
}

void process_finish(struct process *process)
{
    process->life = LIFE_ZOMBIE;
    process->news = 0;
    pending_clear(&process->pending);
    if (process->vforked)
        effect_raise(process->parent, PROCESS_VFORK_DONE);
    process->vforked = false;
    job_leave(process);
    give_children_away(process);
    announce(process);
}

static bool is_asked_for(const struct process *child, const struct wait_request *request)
{
    bool usual = child->exit_signal == SIGNAL_CHLD;

    if (request->which == WAIT_PID && child->pid != request->id)
        return false;
    if (request->which == WAIT_GROUP && child->info->group != request->id)
        return false;
    if ((request->options & (uint32_t)WAIT_ANY_SIGNAL) != 0)
        return true;
    return usual == ((request->options & (uint32_t)WAIT_OTHER_SIGNAL) == 0);
}

static bool has_news(const struct process *child, uint32_t options)
{
    if (child->life == LIFE_ZOMBIE)
        return (options & WAIT_EXITED) != 0;
    if ((child->news & NEWS_STOPPED) != 0)
        return (options & WAIT_STOPPED) != 0;
    return (child->news & NEWS_CONTINUED) != 0 && (options & WAIT_CONTINUED) != 0;
}

static void take_news(struct process *child, uint32_t options, struct wait_answer *answer)
{
    bool zombie = child->life == LIFE_ZOMBIE;
    bool continued = !zombie && (child->news & NEWS_CONTINUED) != 0;

    *answer = (struct wait_answer){
        .pid = child->pid,
        .uid = child->info->uid,
        .status = continued ? 0xffff : child->status,
        .usage = child->usage,
    };
    usage_add(&answer->usage, &child->children_usage);
    if ((options & WAIT_KEEP) != 0)
        return;
    child->news = 0;
    if (zombie)
        reap(child);
}

int family_wait(struct process *parent, const struct wait_request *request,
                struct wait_answer *answer)
{
    struct wait_request wanted = *request;
    bool any = false;

    if (request->which > WAIT_GROUP)
        return LINUX_EINVAL;
    if (request->which == WAIT_GROUP && request->id == 0)
        wanted.id = parent->info->group;
    list_for_each (&parent->children, node) {
        struct process *child = container_of_process(node, sibling);
        if (!is_asked_for(child, &wanted))
            continue;
        any = true;
        if (has_news(child, wanted.options)) {
            take_news(child, wanted.options, answer);
            return 0;
        }
    }
    return any ? LINUX_EAGAIN : LINUX_ECHILD;
}
