/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The code that programs call for the time, and for the processor they run on,
 * without a trap (Linux' vDSO): a small
 * shared object, part of the library's image but not of its code, which reads
 * the time page at its fixed address. What it does not know it asks by the call.
 * Which of the functions an architecture offers its vdso.ld says.
 */
#include <stdint.h>

#include <posix/arch/counter.h>
#include <posix/arch/vdso.h>
#include <posix/calls.h>
#include <posix/library_layout.h>
#include <posix/linux/time.h>
#include <trellis/structures.h>

int VDSO_NAME(clock_gettime)(int32_t clock, struct linux_timespec *time);
int VDSO_NAME(clock_getres)(int32_t clock, struct linux_timespec *resolution);
int VDSO_NAME(gettimeofday)(struct linux_timeval *time, void *zone);
int64_t VDSO_NAME(time)(int64_t *seconds);
int VDSO_NAME(getcpu)(uint32_t *cpu, uint32_t *node, void *unused);

static uint64_t read_ns(int real)
{
    const struct time_page *page = (const struct time_page *)LIBRARY_TIME_ADDRESS;
    uint32_t version;
    uint64_t ns;

    do {
        version = __atomic_load_n(&page->version, __ATOMIC_ACQUIRE);
        uint64_t ticks = arch_counter_read() - page->base;
        ns = (uint64_t)(((unsigned __int128)ticks * page->multiplier) >> page->shift);
        ns += real ? (uint64_t)page->realtime_offset_ns : 0;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while ((version & 1) != 0 || version != __atomic_load_n(&page->version, __ATOMIC_RELAXED));
    return ns;
}

int VDSO_NAME(clock_gettime)(int32_t clock, struct linux_timespec *time)
{
    int real = clock == LINUX_CLOCK_REALTIME || clock == LINUX_CLOCK_REALTIME_COARSE;

    if (!real && clock != LINUX_CLOCK_MONOTONIC && clock != LINUX_CLOCK_MONOTONIC_RAW &&
        clock != LINUX_CLOCK_MONOTONIC_COARSE && clock != LINUX_CLOCK_BOOTTIME)
        return (int)vdso_call(LINUX_CALL_CLOCK_GETTIME, clock, time);
    uint64_t ns = read_ns(real);
    time->seconds = (int64_t)(ns / NS_PER_SECOND);
    time->nanoseconds = (int64_t)(ns % NS_PER_SECOND);
    return 0;
}

int VDSO_NAME(clock_getres)(int32_t clock, struct linux_timespec *resolution)
{
    return (int)vdso_call(LINUX_CALL_CLOCK_GETRES, clock, resolution);
}

int VDSO_NAME(gettimeofday)(struct linux_timeval *time, void *zone)
{
    if (time != 0) {
        uint64_t ns = read_ns(1);
        time->seconds = (int64_t)(ns / NS_PER_SECOND);
        time->microseconds = (int64_t)(ns % NS_PER_SECOND / 1000);
    }
    if (zone != 0)
        *(uint64_t *)zone = 0;
    return 0;
}

int64_t VDSO_NAME(time)(int64_t *seconds)
{
    int64_t now = (int64_t)(read_ns(1) / NS_PER_SECOND);

    if (seconds != 0)
        *seconds = now;
    return now;
}

int VDSO_NAME(getcpu)(uint32_t *cpu, uint32_t *node, void *unused)
{
    uint32_t number;
    int64_t result = vdso_cpu(&number);

    (void)unused;
    if (result == 0 && cpu != 0)
        *cpu = number;
    if (result == 0 && node != 0)
        *node = 0;
    return (int)result;
}
