/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Resource use: getrusage, times, sysinfo. */
#include <posix/usage.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/time.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/wait.h>

#define US_PER_SECOND 1000000u
#define US_PER_TICK (US_PER_SECOND / LINUX_CLOCK_TICKS)
#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1)
#define RUSAGE_THREAD 1

struct linux_rusage {
    struct linux_timeval user, system;
    int64_t peak_kib, shared, data, stack;
    int64_t minor_faults, major_faults, swaps;
    int64_t blocks_in, blocks_out, messages_sent, messages_received, signals;
    int64_t voluntary, involuntary;
};

struct linux_tms {
    int64_t user, system, children_user, children_system;
};

struct linux_sysinfo {
    int64_t uptime;
    uint64_t loads[3];
    uint64_t memory, free, shared, buffers, swap, swap_free;
    uint16_t processes, padding;
    uint32_t padding2;
    uint64_t high, high_free;
    uint32_t unit, padding3;
};

static struct linux_timeval timeval_of_us(uint64_t us)
{
    return (struct linux_timeval){(int64_t)(us / US_PER_SECOND), (int64_t)(us % US_PER_SECOND)};
}

int usage_store(const struct process_usage *usage, uint64_t address)
{
    struct linux_rusage rusage = {
        .user = timeval_of_us(usage->user_us),
        .system = timeval_of_us(usage->system_us),
        .peak_kib = (int64_t)usage->peak_kib,
        .minor_faults = (int64_t)usage->minor_faults,
        .major_faults = (int64_t)usage->major_faults,
        .voluntary = (int64_t)usage->voluntary,
        .involuntary = (int64_t)usage->involuntary,
    };
    return copy_to_program(address, &rusage, sizeof(rusage));
}

int usage_read(struct task *task, uint64_t of, struct process_usage *usage)
{
    struct message message;

    message_begin(&message, PROCESS_USAGE);
    message.words[0] = of;
    int error = request_process(task, &message);
    if (error == 0 && message_text_length(message.information) == sizeof(*usage))
        memcpy(usage, frame_text(task->frame), sizeof(*usage));
    else if (error == 0)
        error = -LINUX_EIO;
    return error;
}

int64_t linux_getrusage(struct task *task, const struct getrusage_arguments *arguments)
{
    struct process_usage usage;
    int32_t who = arguments->who;

    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD)
        return -LINUX_EINVAL;
    int error = usage_read(task, who == RUSAGE_SELF ? 0 : who == RUSAGE_CHILDREN ? 1 : 2, &usage);
    return error != 0 ? error : usage_store(&usage, arguments->usage);
}

int64_t linux_times(struct task *task, const struct times_arguments *arguments)
{
    struct process_usage self, children;

    if (arguments->times != 0) {
        int error = usage_read(task, 0, &self);
        if (error == 0)
            error = usage_read(task, 1, &children);
        if (error != 0)
            return error;
        struct linux_tms times = {
            (int64_t)(self.user_us / US_PER_TICK),
            (int64_t)(self.system_us / US_PER_TICK),
            (int64_t)(children.user_us / US_PER_TICK),
            (int64_t)(children.system_us / US_PER_TICK),
        };
        if (copy_to_program(arguments->times, &times, sizeof(times)) != 0)
            return -LINUX_EFAULT;
    }
    return (int64_t)(wait_clock_ns() / (NS_PER_SECOND / LINUX_CLOCK_TICKS));
}

int64_t linux_sysinfo(struct task *task, const struct sysinfo_arguments *arguments)
{
    struct process_totals totals;
    struct message message;

    message_begin(&message, PROCESS_TOTALS);
    int error = request_process(task, &message);
    if (error != 0)
        return error;
    if (message_text_length(message.information) != sizeof(totals))
        return -LINUX_EIO;
    memcpy(&totals, frame_text(task->frame), sizeof(totals));
    struct linux_sysinfo information = {
        .uptime = (int64_t)(wait_clock_ns() / NS_PER_SECOND),
        .loads = {totals.load[0], totals.load[1], totals.load[2]},
        .memory = totals.pages_total * USER_PAGE_SIZE,
        .free = totals.pages_free * USER_PAGE_SIZE,
        .shared = totals.pages_shared * USER_PAGE_SIZE,
        .processes = (uint16_t)totals.processes,
        .unit = 1,
    };
    return copy_to_program(arguments->information, &information, sizeof(information));
}
