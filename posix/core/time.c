/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/time.h>

#include <base/errno.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/task.h>
#include <posix/wait.h>
#include <trellis/structures.h>

#define NS_PER_MICROSECOND 1000

struct reading {
    uint64_t boot_ns;
    int64_t offset_ns;
};

/* All of a version that is even and stays (sequence lock). */
static struct reading time_read(const struct time_page *page)
{
    struct reading reading;
    uint32_t version;

    do {
        version = __atomic_load_n(&page->version, __ATOMIC_ACQUIRE);
        uint64_t ticks = arch_counter_read() - page->base;
        reading.boot_ns = (uint64_t)(((unsigned __int128)ticks * page->multiplier) >> page->shift);
        reading.offset_ns = page->realtime_offset_ns;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) != 0 || version != __atomic_load_n(&page->version, __ATOMIC_RELAXED));
    return reading;
}

uint64_t time_boot_ns(const struct time_page *page)
{
    return time_read(page).boot_ns;
}

uint64_t time_real_ns(const struct time_page *page)
{
    struct reading reading = time_read(page);
    return reading.boot_ns + (uint64_t)reading.offset_ns;
}

int64_t time_real_offset_ns(const struct time_page *page)
{
    return time_read(page).offset_ns;
}

static bool combine(int64_t seconds, int64_t fraction_ns, uint64_t *ns)
{
    if (seconds < 0 || fraction_ns < 0 || (uint64_t)fraction_ns >= NS_PER_SECOND)
        return false;
    if (__builtin_mul_overflow((uint64_t)seconds, NS_PER_SECOND, ns) ||
        __builtin_add_overflow(*ns, (uint64_t)fraction_ns, ns))
        *ns = UINT64_MAX;
    return true;
}

bool time_from_timespec(const struct linux_timespec *time, uint64_t *ns)
{
    return combine(time->seconds, time->nanoseconds, ns);
}

bool time_from_timeval(const struct linux_timeval *time, uint64_t *ns)
{
    if (time->microseconds < 0 || time->microseconds >= (int64_t)NS_PER_SECOND)
        return false;
    return combine(time->seconds, time->microseconds * NS_PER_MICROSECOND, ns);
}

struct linux_timespec time_to_timespec(uint64_t ns)
{
    return (struct linux_timespec){(int64_t)(ns / NS_PER_SECOND), (int64_t)(ns % NS_PER_SECOND)};
}

struct linux_timeval time_to_timeval(uint64_t ns)
{
    return (struct linux_timeval){(int64_t)(ns / NS_PER_SECOND),
                                  (int64_t)(ns % NS_PER_SECOND / NS_PER_MICROSECOND)};
}

uint64_t time_deadline(uint32_t clock, bool absolute, uint64_t ns)
{
    if (!absolute)
        return wait_deadline(ns);
    if (clock != LINUX_CLOCK_REALTIME || ns == UINT64_MAX)
        return ns;
    int64_t offset = time_real_offset_ns(library.time);
    if (offset < 0)
        return ns + (uint64_t)-offset;
    return ns > (uint64_t)offset ? ns - (uint64_t)offset : 0;
}

int time_read_timeout(uint64_t address, uint64_t *deadline)
{
    struct linux_timespec time;
    uint64_t ns;

    *deadline = DEADLINE_NEVER;
    if (address == 0)
        return 0;
    if (copy_from_program(&time, address, sizeof(time)) != 0)
        return -LINUX_EFAULT;
    if (!time_from_timespec(&time, &ns))
        return -LINUX_EINVAL;
    *deadline = wait_deadline(ns);
    return 0;
}
