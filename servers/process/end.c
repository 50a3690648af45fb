/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The end of a kernel process is the end of every pid in it. The kernel
 * announces it when the handles are closed, so whoever then hears of a zombie
 * finds its pipes closed and its locks free. A vfork child that ends has no
 * kernel process of its own: its threads are killed, and it is finished when
 * the request that ended it has been dealt with.
 */
#include "end.h"

#include <base/heap.h>
#include <base/text.h>
#include <trellis/native.h>

#include "effects.h"
#include "family.h"
#include "pages.h"
#include "power.h"
#include "server.h"
#include "signal.h"

#define NS_PER_US 1000
#define PAGE_KIB 4

static bool some_left;

int64_t end_observe(uint32_t pid, handle_t kernel_process)
{
    return native_observe(server.endpoint, kernel_process, SIGNAL_ENDED, key_of(KEY_END, pid),
                          OBSERVE_ONCE);
}

void end_fill_usage(const struct process *process, const struct process_information *information,
                    struct process_usage *usage)
{
    *usage = (struct process_usage){
        .user_us = (process->user_ns + information->user_ns) / NS_PER_US,
        .system_us = (process->system_ns + information->kernel_ns) / NS_PER_US,
        .peak_kib = information->resident_pages * PAGE_KIB,
        .minor_faults = information->children_faults,
    };
}

void end_measure(const struct process *process, struct process_usage *usage)
{
    struct process_information information = {0};

    if (process->kernel == NULL) {
        *usage = process->usage;
        return;
    }
    (void)native_process_inspect(process->kernel->process, &information);
    end_fill_usage(process, &information, usage);
}

handle_t end_event(struct process *process)
{
    if (process->ended_event == HANDLE_NONE) {
        int64_t event = native_event_create(server.account, 0, 0);
        if (event < 0)
            return HANDLE_NONE;
        process->ended_event = (handle_t)event;
        if (process->life == LIFE_ZOMBIE)
            (void)native_event_signal(process->ended_event, 0, PROCESS_PID_ENDED);
    }
    return process->ended_event;
}

void end_measure_thread(const struct thread *thread, struct process_usage *usage)
{
    struct thread_information information = {0};

    (void)native_thread_inspect(thread->handle, &information);
    *usage = (struct process_usage){.user_us = information.user_ns / NS_PER_US,
                                    .system_us = information.kernel_ns / NS_PER_US};
}

void end_keep_times(struct process *process)
{
    struct process_information information = {0};

    (void)native_process_inspect(process->kernel->process, &information);
    process->user_ns += information.user_ns;
    process->system_ns += information.kernel_ns;
}

static int32_t status_of_fault(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_PAGE_PAGER:
    case FAULT_ALIGNMENT:
        return SIGNAL_BUS;
    case FAULT_PAGE_MEMORY:
        return SIGNAL_KILL;
    case FAULT_INSTRUCTION:
        return SIGNAL_ILL;
    case FAULT_ARITHMETIC:
    case FAULT_FLOAT:
        return SIGNAL_FPE;
    case FAULT_BREAKPOINT:
    case FAULT_STEP:
        return SIGNAL_TRAP;
    default:
        return SIGNAL_SEGV;
    }
}

/* Of an end that nobody asked this server for. */
static int32_t status_of_end(const struct process_information *information)
{
    if (information->reason == END_FAULT)
        return status_of_fault((enum fault_kind)information->code);
    if (information->reason == END_KILLED)
        return SIGNAL_KILL;
    return (int32_t)(information->code & 0xff) << 8;
}

static void destroy_threads(struct process *process)
{
    list_for_each_safe (&process->threads, node) {
        struct thread *thread = container_of_thread(node);
        server_close(thread->handle);
        thread_destroy(thread);
    }
}

static void finish(struct process *process)
{
    destroy_threads(process);
    list_remove(&process->kernel_link);
    process->kernel = NULL;
    if (process->ended_event != HANDLE_NONE)
        (void)native_event_signal(process->ended_event, 0, PROCESS_PID_ENDED);
    power_process_ended(process->pid, process->status);
    process_finish(process);
}

void end_announced(uint32_t pid)
{
    struct process *observer = process_find(pid);
    struct process_information information = {.reason = END_KILLED};

    if (observer == NULL || observer->kernel == NULL || observer->kernel->observer != pid)
        return;
    struct kernel_process *kernel = observer->kernel;
    (void)native_process_inspect(kernel->process, &information);
    list_for_each (&kernel->members, node) {
        struct process *process = container_of_process(node, kernel_link);
        if (process->life != LIFE_ENDING)
            process->status = status_of_end(&information);
        process->life = LIFE_ENDING;
        end_fill_usage(process, &information, &process->usage);
        destroy_threads(process);
    }
    server_close(kernel->process);
    for (struct list_node *node; (node = list_first(&kernel->members)) != NULL;)
        finish(container_of_process(node, kernel_link)); /* others may go with it */
    release(kernel);
}

void end_leave_shared(struct process *process)
{
    list_for_each (&process->threads, node)
        (void)native_thread_kill(container_of_thread(node)->handle);
    destroy_threads(process);
    pages_unmap(&process->at, process->kernel->process);
    list_remove(&process->kernel_link);
}

void effect_end(struct process *process)
{
    if (process->kernel->observer != process->pid) {
        end_leave_shared(process);
        some_left = true;
        return;
    }
    (void)native_process_end(process->kernel->process, (uint64_t)process->status);
}

static struct process *find_left(void)
{
    list_for_each (process_all(), node) {
        struct process *process = container_of_process(node, all_link);
        if (process->life == LIFE_ENDING && process->kernel != NULL && process->thread_count == 0 &&
            process->kernel->observer != process->pid)
            return process;
    }
    return NULL;
}

void end_finish_left(void)
{
    if (!some_left)
        return;
    some_left = false;
    for (struct process *process = find_left(); process != NULL; process = find_left())
        finish(process);
}
