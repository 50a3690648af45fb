/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What /proc/PID says of a process in Linux' formats (Documentation/filesystems/proc.rst). */
#include <base/text.h>
#include <trellis/native.h>

#include "end.h"
#include "family.h"
#include "job.h"
#include "limits.h"
#include "node.h"
#include "server.h"
#include "signal.h"

#define TICK_NS UINT64_C(10000000) /* USER_HZ is 100 */
#define TICK_US 10000
#define PAGE 4096
#define ALL_CAPABILITIES UINT64_C(0x1ffffffffff)

struct state {
    char letter;
    const char *name;
};

/* One that has ended, or is not told apart: it waits, and may run anywhere. */
static struct thread_information inspect(const struct thread *thread)
{
    struct thread_information information = {.state = THREAD_WAITING, .cpus = 1};

    if (thread != NULL)
        (void)native_thread_inspect(thread->handle, &information);
    return information;
}

static struct state state_of(const struct process *process, const struct thread *thread)
{
    if (process->life == LIFE_ZOMBIE || process->life == LIFE_ENDING)
        return (struct state){'Z', "zombie"};
    if (process->life == LIFE_STOPPED)
        return (struct state){'T', "stopped"};
    if (thread != NULL && thread == procfs_viewer())
        return (struct state){'R', "running"};
    return inspect(thread).state == THREAD_RUNNABLE ? (struct state){'R', "running"}
                                                    : (struct state){'S', "sleeping"};
}

static const char *name_of(const struct procfs_node *node, const struct process *process)
{
    const struct thread *thread = procfs_thread(node);
    return thread != NULL ? thread->name : process->name;
}

struct figures {
    struct process_information kernel;
    struct process_usage usage;
    uint64_t user_ticks, system_ticks;
};

/* Of the process or, below task/, of the thread. */
static void measure(const struct procfs_node *node, const struct process *process,
                    struct figures *figures)
{
    const struct thread *thread = procfs_thread(node);
    struct process_usage times;

    *figures = (struct figures){.usage = process->usage};
    if (process->kernel != NULL) {
        (void)native_process_inspect(process->kernel->process, &figures->kernel);
        end_fill_usage(process, &figures->kernel, &figures->usage);
    }
    times = figures->usage;
    if (node->tid != 0 && thread != NULL)
        end_measure_thread(thread, &times);
    figures->user_ticks = times.user_us / TICK_US;
    figures->system_ticks = times.system_us / TICK_US;
}

static uint64_t signals_with(const struct process *process, enum process_disposition disposition)
{
    uint64_t set = 0;

    for (unsigned number = 1; number <= SIGNAL_LAST; number++) {
        if (process->signals->disposition[number] == disposition)
            set |= signal_bit(number);
    }
    return set;
}

static int foreground_of(const struct process *process)
{
    struct terminal_state wanted = {.rdev = process->info->terminal}, state = {0};

    if (wanted.rdev == 0)
        return -1;
    (void)job_terminal(table_init_process(), PROCESS_TERMINAL_ASK, &wanted, &state);
    return (int)state.group;
}

void print_stat(struct output *output, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    const struct process_info_page *info = process->info;
    const struct thread *thread = procfs_thread(node);
    const struct process_layout *layout = &process->signals->layout;
    const struct process_usage *children = &process->children_usage;
    uint64_t mask = thread == NULL ? 0 : process->signals->threads[thread->slot].mask;
    struct figures figures;

    measure(node, process, &figures);
    output_add(output, "%u (%s) %c %u %u %u %u %d 0", node->tid == 0 ? process->pid : node->tid,
               name_of(node, process), state_of(process, thread).letter, info->parent, info->group,
               info->session, info->terminal, foreground_of(process));
    output_add(output, " %lu %lu %lu %lu %lu %lu %lu %lu", figures.usage.minor_faults,
               children->minor_faults, figures.usage.major_faults, children->major_faults,
               figures.user_ticks, figures.system_ticks, children->user_us / TICK_US,
               children->system_us / TICK_US);
    output_add(output, " %d %d %u 0 %lu %lu %lu %lu", 20 + info->nice, info->nice,
               process->thread_count, process->start_ns / TICK_NS, figures.kernel.mapped_bytes,
               figures.kernel.resident_pages, info->limits[LIMIT_RSS][0]);
    output_add(output, " %lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %u %lu 0 0 0 0 0",
               layout->code_start, layout->code_end, layout->stack_top,
               process->pending.set & 0x7fffffff, mask & 0x7fffffff,
               signals_with(process, PROCESS_SIGNAL_IGNORE) & 0x7fffffff,
               signals_with(process, PROCESS_SIGNAL_HANDLER) & 0x7fffffff, process->exit_signal,
               inspect(thread).cpu);
    output_add(output, " 0 0 %lu %lu %lu %lu %lu %d\n", layout->heap_start, layout->arguments_start,
               layout->arguments_end, layout->environment_start, layout->environment_end,
               process->status);
}

static void add_ids(struct output *output, const struct process_info_page *info)
{
    output_add(output, "Uid:\t%u\t%u\t%u\t%u\n", info->uid, info->euid, info->suid, info->fsuid);
    output_add(output, "Gid:\t%u\t%u\t%u\t%u\n", info->gid, info->egid, info->sgid, info->fsgid);
    output_add(output, "FDSize:\t64\nGroups:\t");
    for (uint32_t i = 0; i < info->group_count; i++)
        output_add(output, "%u ", info->groups[i]);
    output_add(output, "\n");
}

static void add_memory(struct output *output, const struct process *process,
                       const struct process_information *kernel)
{
    uint64_t size = kernel->mapped_bytes / 1024;
    uint64_t resident = kernel->resident_pages * (PAGE / 1024);
    struct memory_use use;

    procfs_measure_memory(process, &use);
    output_add(output, "VmPeak:\t%8lu kB\nVmSize:\t%8lu kB\nVmLck:\t       0 kB\n", size, size);
    output_add(output, "VmPin:\t       0 kB\nVmHWM:\t%8lu kB\nVmRSS:\t%8lu kB\n", resident,
               resident);
    output_add(output, "VmData:\t%8lu kB\nVmStk:\t%8lu kB\nVmExe:\t%8lu kB\n", use.data / 1024,
               use.stack / 1024, use.program / 1024);
    output_add(output, "VmLib:\t%8lu kB\nVmSwap:\t       0 kB\n", use.libraries / 1024);
}

static void add_signals(struct output *output, const struct process *process,
                        const struct thread *thread)
{
    uint64_t mask = thread == NULL ? 0 : process->signals->threads[thread->slot].mask;

    output_add(output, "SigQ:\t%u/%lu\n", process->pending.count,
               process->info->limits[LIMIT_SIGPENDING][0]);
    output_add(output, "SigPnd:\t%016lx\nShdPnd:\t%016lx\nSigBlk:\t%016lx\n",
               thread == NULL ? 0 : thread->pending.set, process->pending.set, mask);
    output_add(output, "SigIgn:\t%016lx\nSigCgt:\t%016lx\n",
               signals_with(process, PROCESS_SIGNAL_IGNORE),
               signals_with(process, PROCESS_SIGNAL_HANDLER));
}

/* As a mask, in groups of 32, and as ranges. */
static void add_cpus(struct output *output, uint64_t cpus)
{
    const char *separator = "";

    if (cpus >> 32 != 0)
        output_add(output, "Cpus_allowed:\t%lx,%08lx\n", cpus >> 32, cpus & UINT32_MAX);
    else
        output_add(output, "Cpus_allowed:\t%lx\n", cpus);
    output_add(output, "Cpus_allowed_list:\t");
    while (cpus != 0) {
        unsigned first = (unsigned)__builtin_ctzll(cpus);
        uint64_t rest = cpus + (UINT64_C(1) << first); /* the first range turned into a carry */
        unsigned end = rest == 0 ? 64 : (unsigned)__builtin_ctzll(rest & ~cpus);
        output_add(output, end - first == 1 ? "%s%u" : "%s%u-%u", separator, first, end - 1);
        separator = ",";
        cpus &= rest;
    }
    output_add(output, "\n");
}

void print_status(struct output *output, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    const struct thread *thread = procfs_thread(node);
    struct state state = state_of(process, thread);
    uint64_t capabilities = process->info->euid == 0 ? ALL_CAPABILITIES : 0;
    struct figures figures;

    measure(node, process, &figures);
    output_add(output, "Name:\t%s\nUmask:\t%04o\nState:\t%c (%s)\n", name_of(node, process),
               (unsigned)process->signals->layout.umask & 0777, state.letter, state.name);
    output_add(output, "Tgid:\t%u\nNgid:\t0\nPid:\t%u\nPPid:\t%u\nTracerPid:\t0\n", process->pid,
               node->tid == 0 ? process->pid : node->tid, process->info->parent);
    add_ids(output, process->info);
    if (process->kernel != NULL)
        add_memory(output, process, &figures.kernel);
    output_add(output, "Threads:\t%u\n", process->thread_count);
    add_signals(output, process, thread);
    output_add(output, "CapInh:\t%016x\nCapPrm:\t%016lx\nCapEff:\t%016lx\nCapBnd:\t%016lx\n", 0,
               capabilities, capabilities, ALL_CAPABILITIES);
    output_add(output, "CapAmb:\t%016x\n", 0);
    output_add(output, "NoNewPrivs:\t0\nSeccomp:\t0\n");
    add_cpus(output, inspect(thread).cpus);
    output_add(output, "voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
               figures.usage.voluntary, figures.usage.involuntary);
}

void print_statm(struct output *output, const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);
    struct process_information kernel = {0};
    const struct process_layout *layout = &process->signals->layout;

    if (process->kernel != NULL)
        (void)native_process_inspect(process->kernel->process, &kernel);
    output_add(output, "%lu %lu 0 %lu 0 %lu 0\n", kernel.mapped_bytes / PAGE, kernel.resident_pages,
               (layout->code_end - layout->code_start) / PAGE, kernel.mapped_bytes / PAGE);
}

void print_comm(struct output *output, const struct procfs_node *node)
{
    output_add(output, "%s\n", name_of(node, procfs_process(node)));
}

static void add_limit(struct output *output, uint64_t limit)
{
    if (limit == LIMIT_NONE)
        output_add(output, "%-20s ", "unlimited");
    else
        output_add(output, "%-20lu ", limit);
}

void print_limits(struct output *output, const struct procfs_node *node)
{
    static const char *const names[LIMIT_COUNT][2] = {
        {"Max cpu time", "seconds"},     {"Max file size", "bytes"},
        {"Max data size", "bytes"},      {"Max stack size", "bytes"},
        {"Max core file size", "bytes"}, {"Max resident set", "bytes"},
        {"Max processes", "processes"},  {"Max open files", "files"},
        {"Max locked memory", "bytes"},  {"Max address space", "bytes"},
        {"Max file locks", "locks"},     {"Max pending signals", "signals"},
        {"Max msgqueue size", "bytes"},  {"Max nice priority", ""},
        {"Max realtime priority", ""},   {"Max realtime timeout", "us"},
    };
    const struct process_info_page *info = procfs_process(node)->info;

    output_add(output, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
    for (unsigned i = 0; i < LIMIT_COUNT; i++) {
        output_add(output, "%-25s ", names[i][0]);
        add_limit(output, info->limits[i][0]);
        add_limit(output, info->limits[i][1]);
        output_add(output, "%-10s\n", names[i][1]);
    }
}

void print_zero(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "0\n");
}

void print_children(struct output *output, const struct procfs_node *node)
{
    list_for_each (&procfs_process(node)->children, child)
        output_add(output, "%u ", container_of_process(child, sibling)->pid);
}

void print_cgroup(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "0::/\n");
}

void print_login_uid(struct output *output, const struct procfs_node *node)
{
    (void)node;
    output_add(output, "%u", UINT32_MAX);
}
