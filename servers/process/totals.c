/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The load averages are Linux' (kernel/sched/loadavg.c): every five seconds the
 * old value decays and the number of running threads comes in. Nothing here
 * runs every five seconds; the steps since the last question are made up for
 * with the number of that moment.
 */
#include "totals.h"

#include <base/errno.h>
#include <base/real_time.h>
#include <trellis/native.h>

#include "server.h"
#include "table.h"

#define LOAD_STEP_NS UINT64_C(5000000000)
#define LOAD_STEPS_MAX 720 /* more make no difference */
#define LOAD_SHIFT 11
#define LOAD_ONE (UINT64_C(1) << LOAD_SHIFT)
#define NS_PER_S INT64_C(1000000000)

static const uint64_t load_decay[3] = {1884, 2014, 2037}; /* e^(-5s/1, 5, 15min) * LOAD_ONE */
static uint64_t load[3];
static uint64_t load_time_ns;

static void update_load(uint64_t running)
{
    uint64_t now = server_clock_ns();
    uint64_t steps = (now - load_time_ns) / LOAD_STEP_NS;

    load_time_ns += steps * LOAD_STEP_NS;
    for (uint64_t step = 0; step < steps && step < LOAD_STEPS_MAX; step++) {
        for (unsigned i = 0; i < 3; i++)
            load[i] = (load[i] * load_decay[i] + running * LOAD_ONE * (LOAD_ONE - load_decay[i])) >>
                      LOAD_SHIFT;
    }
}

static bool is_running(const struct thread *thread)
{
    struct thread_information information = {.state = THREAD_WAITING};

    (void)native_thread_inspect(thread->handle, &information);
    return information.state == THREAD_RUNNABLE;
}

void totals_get(struct process_totals *totals)
{
    struct machine_information machine = {0};

    *totals = (struct process_totals){.running = 1}; /* who asks */
    list_for_each (process_all(), node) {
        const struct process *process = container_of_process(node, all_link);
        totals->processes++;
        totals->threads += process->thread_count;
        list_for_each (&process->threads, thread)
            totals->running += is_running(container_of_thread(thread));
    }
    (void)native_machine_inspect(server.machine, &machine);
    totals->pages_total = machine.pages_total;
    totals->pages_free = machine.pages_free;
    update_load(totals->running - 1);
    for (unsigned i = 0; i < 3; i++)
        totals->load[i] = load[i] << (16 - LOAD_SHIFT);
}

uint64_t totals_cpu_count(void)
{
    struct machine_information machine = {.cpu_count = 1};

    (void)native_machine_inspect(server.machine, &machine);
    return machine.cpu_count;
}

void totals_of_cpu(uint32_t cpu, struct cpu_times *times)
{
    struct cpu_information information = {0};

    (void)native_cpu_inspect(server.machine, cpu, &information);
    uint64_t uptime = server_clock_ns(), busy = information.user_ns + information.kernel_ns;
    *times = (struct cpu_times){.user_ns = information.user_ns,
                                .system_ns = information.kernel_ns,
                                .idle_ns = uptime > busy ? uptime - busy : 0,
                                .interrupts = information.interrupts,
                                .switches = information.switches};
}

void totals_of_cpus(struct cpu_times *times)
{
    uint64_t count = totals_cpu_count();

    *times = (struct cpu_times){0};
    for (uint32_t cpu = 0; cpu < count; cpu++) {
        struct cpu_times one;
        totals_of_cpu(cpu, &one);
        times->user_ns += one.user_ns;
        times->system_ns += one.system_ns;
        times->idle_ns += one.idle_ns;
        times->interrupts += one.interrupts;
        times->switches += one.switches;
    }
}

int64_t totals_boot_time_s(void)
{
    struct time_page page = {0};

    (void)native_memory_read(server.time, 0, &page, sizeof(page));
    return page.realtime_offset_ns / NS_PER_S;
}

/* The clocks that only go on begin at boot: real time cannot be less than they have. */
int totals_set_real_time(uint32_t euid, uint64_t real_ns)
{
    uint64_t boot_ns = server_clock_ns();

    if (euid != 0)
        return LINUX_EPERM;
    if (real_ns < boot_ns || real_ns > INT64_MAX)
        return LINUX_EINVAL;
    real_time_set(server.time, (int64_t)(real_ns - boot_ns));
    return 0;
}
