/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: the local APIC (Intel SDM volume 3, chapter 10) and one IOAPIC
 * (82093AA data sheet). All lines go to the first CPU, and any CPU may mask and
 * unmask them. A level-triggered line
 * is masked while its driver works; an edge-triggered one is not, for an edge
 * that comes while it is masked would be lost.
 */
#include "x86.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/cpu.h>
#include <kernel/relaxed.h>
#include <kernel/trap.h>
#include <trellis/boot_info.h>
#include <trellis/structures.h>

#define LOCAL_SIZE 0x1000
#define LOCAL_ID 0x20
#define LOCAL_TASK_PRIORITY 0x80
#define LOCAL_END_OF_INTERRUPT 0xb0
#define LOCAL_SPURIOUS 0xf0
#define LOCAL_COMMAND 0x300
#define LOCAL_COMMAND_TARGET 0x310
#define LOCAL_TIMER 0x320
#define LOCAL_LINE_0 0x350
#define LOCAL_LINE_1 0x360
#define LOCAL_ERROR 0x370
#define LOCAL_TIMER_START 0x380
#define LOCAL_TIMER_NOW 0x390
#define LOCAL_TIMER_DIVIDE 0x3e0
#define LOCAL_MASKED (1u << 16)
#define LOCAL_ENABLE (1u << 8)
#define DIVIDE_BY_1 0xb
#define COMMAND_PENDING (1u << 12)

#define MSR_LOCAL_BASE 0x1b
#define MSR_LOCAL_ENABLE (UINT64_C(1) << 11)

#define IO_SELECT 0x00
#define IO_WINDOW 0x10
#define IO_VERSION 1
#define IO_LINE(line) (0x10 + 2 * (line))
#define IO_MASKED (1u << 16)
#define IO_LEVEL (1u << 15)
#define IO_ACTIVE_LOW (1u << 13)

#define LINES_MAX (VECTOR_TIMER - VECTOR_LINES)
#define OVERRIDE_ACTIVE_LOW 1
#define OVERRIDE_LEVEL 2

static volatile uint8_t *local;
static volatile uint8_t *shared;
static struct spinlock shared_lock = SPINLOCK_INITIAL(LOCK_DEVICE); /* for its pair of registers */
static uint32_t line_base, line_count;
/* With what the registers say of the line, under shared_lock: who masks a line may be slow, and
 * the line enabled anew by then as an edge, which is never opened again. */
static bool line_level[LINES_MAX];
static const struct boot_info *boot_information;

static uint32_t local_read(uint32_t at)
{
    return *(volatile uint32_t *)(local + at);
}

static void local_write(uint32_t at, uint32_t value)
{
    *(volatile uint32_t *)(local + at) = value;
}

static uint32_t shared_read(uint32_t at)
{
    *(volatile uint32_t *)(shared + IO_SELECT) = at;
    return *(volatile uint32_t *)(shared + IO_WINDOW);
}

static void shared_write(uint32_t at, uint32_t value)
{
    *(volatile uint32_t *)(shared + IO_SELECT) = at;
    *(volatile uint32_t *)(shared + IO_WINDOW) = value;
}

/* The two 8259s: moved away from the exceptions' vectors, then masked. */
static void silence_legacy_controllers(void)
{
    static const uint8_t words[][2] = {
        {0x20, 0x11},
        {0xa0, 0x11},
        {0x21, VECTOR_LEGACY},
        {0xa1, VECTOR_LEGACY + 8},
        {0x21, 4},
        {0xa1, 2},
        {0x21, 1},
        {0xa1, 1},
        {0x21, 0xff},
        {0xa1, 0xff},
    };
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        x86_out8(words[i][0], words[i][1]);
}

void x86_apic_start_local(void)
{
    x86_write_msr(MSR_LOCAL_BASE, x86_read_msr(MSR_LOCAL_BASE) | MSR_LOCAL_ENABLE);
    local_write(LOCAL_TASK_PRIORITY, 0);
    local_write(LOCAL_LINE_0, LOCAL_MASKED);
    local_write(LOCAL_LINE_1, LOCAL_MASKED);
    local_write(LOCAL_ERROR, LOCAL_MASKED);
    local_write(LOCAL_TIMER_DIVIDE, DIVIDE_BY_1);
    local_write(LOCAL_TIMER, LOCAL_MASKED | VECTOR_TIMER);
    local_write(LOCAL_SPURIOUS, LOCAL_ENABLE | VECTOR_SPURIOUS);
}

const char *x86_apic_init(const struct boot_info *boot)
{
    boot_information = boot;
    local = arch_map_device(boot->local_interrupts, LOCAL_SIZE);
    shared = arch_map_device(boot->shared_interrupts, LOCAL_SIZE);
    silence_legacy_controllers();
    x86_apic_start_local();
    cpu_current()->arch.hardware_id = local_read(LOCAL_ID) >> 24;
    uint32_t version = shared_read(IO_VERSION);
    if (version == UINT32_MAX)
        return "an IOAPIC";
    line_base = (uint32_t)boot->shared_interrupts_base;
    line_count = (version >> 16 & 0xff) + 1;
    if (line_count > LINES_MAX)
        line_count = LINES_MAX;
    for (uint32_t line = 0; line < line_count; line++)
        shared_write(IO_LINE(line), IO_MASKED);
    return NULL;
}

/* What the firmware says about the line holds beside what the driver says. */
static uint32_t flags_of_override(uint32_t line)
{
    uint32_t flags = 0;
    for (uint32_t i = 0; i < boot_information->override_count; i++) {
        const struct boot_interrupt_override *override = &boot_information->overrides[i];
        if (override->line != line)
            continue;
        flags |= (override->flags & OVERRIDE_ACTIVE_LOW) != 0 ? INTERRUPT_ACTIVE_LOW : 0;
        flags |= (override->flags & OVERRIDE_LEVEL) != 0 ? INTERRUPT_LEVEL : 0;
    }
    return flags;
}

uint32_t arch_interrupt_lines(void)
{
    return line_base + line_count;
}

enum status arch_interrupt_enable(uint32_t line, uint32_t flags)
{
    if (line < line_base || line - line_base >= line_count)
        return STATUS_OUT_OF_RANGE;
    uint32_t entry = line - line_base;
    flags |= flags_of_override(line);
    lock_acquire(&shared_lock);
    line_level[entry] = (flags & INTERRUPT_LEVEL) != 0;
    shared_write(IO_LINE(entry) + 1, cpu_get(0)->arch.hardware_id << 24);
    shared_write(IO_LINE(entry), (VECTOR_LINES + entry) |
                                     ((flags & INTERRUPT_LEVEL) != 0 ? IO_LEVEL : 0) |
                                     ((flags & INTERRUPT_ACTIVE_LOW) != 0 ? IO_ACTIVE_LOW : 0));
    lock_release(&shared_lock);
    return STATUS_OK;
}

void arch_interrupt_set(uint32_t line, enum line_state state)
{
    uint32_t entry = line - line_base, masked = state == LINE_OPEN ? 0 : IO_MASKED;
    lock_acquire(&shared_lock);
    if (state == LINE_OFF || line_level[entry]) {
        uint32_t keep = state == LINE_OFF ? 0 : shared_read(IO_LINE(entry)) & ~IO_MASKED;
        shared_write(IO_LINE(entry), keep | masked);
        line_level[entry] = state != LINE_OFF; /* it may be opened late, by who lost it */
    }
    lock_release(&shared_lock);
}

/* To other CPUs. */

void x86_apic_send(uint32_t hardware_id, uint32_t command)
{
    local_write(LOCAL_COMMAND_TARGET, hardware_id << 24);
    local_write(LOCAL_COMMAND, command);
    while ((local_read(LOCAL_COMMAND) & COMMAND_PENDING) != 0)
        continue;
}

void x86_apic_interrupt(uint64_t vector)
{
    if (vector == VECTOR_SPURIOUS || vector < VECTOR_LINES)
        return;
    relaxed_add(&cpu_current()->interrupts, 1);
    if (vector == VECTOR_TIMER) {
        local_write(LOCAL_END_OF_INTERRUPT, 0);
        trap_timer();
    } else if (vector == VECTOR_POKE) {
        local_write(LOCAL_END_OF_INTERRUPT, 0);
        cpu_serve();
    } else {
        trap_interrupt(line_base + (uint32_t)vector - VECTOR_LINES);
        local_write(LOCAL_END_OF_INTERRUPT, 0);
    }
}

void x86_apic_timer_free_run(void)
{
    local_write(LOCAL_TIMER, LOCAL_MASKED | VECTOR_TIMER);
    local_write(LOCAL_TIMER_START, UINT32_MAX);
}

uint32_t x86_apic_timer_read(void)
{
    return local_read(LOCAL_TIMER_NOW);
}

void x86_apic_timer_start(uint32_t ticks)
{
    local_write(LOCAL_TIMER, VECTOR_TIMER);
    local_write(LOCAL_TIMER_START, ticks);
}
