/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the time stamp counter and the local timer, measured against a clock
 * of known frequency.
 *
 * That is the ACPI power-management timer (ACPI 6.5, section 4.8.3.3) or, where
 * there is none, channel 2 of the 8254. A sample is the reading whose two
 * counter values lie closest together of several; two windows must agree.
 * Virtual machines lose the CPU at any moment, so windows that disagree are
 * measured again.
 */
#include "x86.h"

#include <arch/cpu.h>
#include <kernel/log.h>
#include <trellis/boot_info.h>

#define POWER_TIMER_HZ 3579545
#define POWER_TIMER_MASK 0xffffff
#define INTERVAL_HZ 1193182
#define INTERVAL_MASK 0xffff
#define INTERVAL_CONTROL 0x43
#define INTERVAL_CHANNEL_2 0x42
#define INTERVAL_GATE 0x61
#define WINDOW_HZ 250 /* a window is 1/250 s */
#define WINDOWS_MAX 12
#define SAMPLE_TRIES 5
#define AGREEMENT 1000 /* windows may differ by one part in so many */

struct reference {
    uint16_t port; /* of the ACPI timer; 0: the 8254 */
    uint32_t hz, mask;
};

struct sample {
    uint64_t counter;
    uint32_t reference, local;
};

static uint64_t counter_hz, local_hz;
static uint64_t local_multiplier; /* counter ticks to local ticks, 32 fraction bits */

uint64_t arch_counter_read(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The 8254 counts down; its complement counts up. */
static uint32_t reference_read(const struct reference *reference)
{
    if (reference->port != 0)
        return x86_in32(reference->port) & reference->mask;
    x86_out8(INTERVAL_CONTROL, 0x80);
    uint32_t low = x86_in8(INTERVAL_CHANNEL_2);
    return ~(low | (uint32_t)x86_in8(INTERVAL_CHANNEL_2) << 8) & reference->mask;
}

/* Channel 2, low then high byte, mode 2, gate open, speaker off. */
static struct reference reference_open(const struct boot_info *boot)
{
    if (boot->timer_port != 0 && boot->timer_port < 0x10000)
        return (struct reference){(uint16_t)boot->timer_port, POWER_TIMER_HZ, POWER_TIMER_MASK};
    x86_out8(INTERVAL_GATE, (x86_in8(INTERVAL_GATE) & 0xfc) | 1);
    x86_out8(INTERVAL_CONTROL, 0xb4);
    x86_out8(INTERVAL_CHANNEL_2, 0xff);
    x86_out8(INTERVAL_CHANNEL_2, 0xff);
    return (struct reference){0, INTERVAL_HZ, INTERVAL_MASK};
}

static struct sample sample_take(const struct reference *reference)
{
    struct sample best = {0};
    uint64_t best_width = UINT64_MAX;
    for (unsigned i = 0; i < SAMPLE_TRIES; i++) {
        uint64_t before = arch_counter_read();
        uint32_t now = reference_read(reference);
        uint32_t timer = x86_apic_timer_read();
        uint64_t width = arch_counter_read() - before;
        if (width >= best_width)
            continue;
        best_width = width;
        best = (struct sample){.counter = before + width / 2, .reference = now, .local = timer};
    }
    return best;
}

/* One window; false if the reference stands still. */
static bool measure(const struct reference *reference, uint64_t *counter, uint64_t *timer)
{
    uint32_t wanted = reference->hz / WINDOW_HZ, passed = 0;
    x86_apic_timer_free_run();
    struct sample start = sample_take(reference);
    for (uint32_t spins = 0; passed < wanted; spins++) {
        if (spins == UINT32_C(10000000))
            return false;
        passed = (reference_read(reference) - start.reference) & reference->mask;
    }
    struct sample end = sample_take(reference);
    passed = (end.reference - start.reference) & reference->mask;
    *counter = (end.counter - start.counter) * reference->hz / passed;
    *timer = (uint64_t)(start.local - end.local) * reference->hz / passed;
    return true;
}

static bool agree(uint64_t left, uint64_t right)
{
    uint64_t difference = left > right ? left - right : right - left;
    return difference <= right / AGREEMENT;
}

static const char *measure_clocks(const struct boot_info *boot)
{
    struct reference reference = reference_open(boot);
    uint64_t counter = 0, timer = 0;
    for (unsigned i = 0; i < WINDOWS_MAX; i++) {
        if (!measure(&reference, &counter_hz, &local_hz))
            return "a clock to measure the CPU's against (ACPI timer or 8254)";
        if (i > 0 && agree(counter, counter_hz) && agree(timer, local_hz))
            break;
        counter = counter_hz;
        timer = local_hz;
        if (i == WINDOWS_MAX - 1)
            log_line("clock: unsteady, %lu Hz taken", counter_hz);
    }
    if (counter_hz == 0 || local_hz == 0)
        return "a running time stamp counter and local timer";
    local_multiplier = (local_hz << 32) / counter_hz;
    return NULL;
}

uint64_t arch_counter_frequency(void)
{
    return counter_hz;
}

/* Beyond what the local timer can count it fires early; the caller sets it again. */
void arch_timer_set(uint64_t ticks)
{
    unsigned __int128 local_ticks = (unsigned __int128)ticks * local_multiplier >> 32;
    if (ticks != 0 && local_ticks == 0)
        local_ticks = 1;
    x86_apic_timer_start(local_ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)local_ticks);
}

const char *arch_machine_init(const struct boot_info *boot)
{
    x86_set_power_port(boot->power_port);
    const char *missing = x86_apic_init(boot);
    return missing != NULL ? missing : measure_clocks(boot);
}
