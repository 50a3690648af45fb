/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: the Generic Interrupt Controller, version 2 (Arm IHI 0048) or 3
 * (IHI 0069). Lines below 32 are each CPU's own; another goes to the CPU on which
 * it was enabled. A line is masked while its driver works; one that fires meanwhile stays
 * pending, level or edge.
 */
#include "arm.h"

#include <arch/ask.h>
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/cpu.h>
#include <kernel/lock.h>
#include <kernel/relaxed.h>
#include <kernel/trap.h>
#include <trellis/boot_info.h>
#include <trellis/structures.h>

/* The distributor; the first 32 lines of version 3 are at REDISTRIBUTOR_LINES of the CPU's own. */
#define DISTRIBUTOR_CONTROL 0x000
#define DISTRIBUTOR_TYPE 0x004
#define LINE_GROUP 0x080 /* a bit for each line */
#define LINE_ENABLE 0x100
#define LINE_DISABLE 0x180
#define LINE_PRIORITY 0x400 /* a byte for each line */
#define LINE_TARGET 0x800   /* version 2: a byte for each line */
#define LINE_TRIGGER 0xc00  /* two bits for each line, the upper one: edge */
#define LINE_ROUTE 0x6000   /* version 3: eight bytes for each line */
#define CONTROL_ENABLE_2 1
#define CONTROL_ENABLE_3 0x12 /* group 1, routing by affinity */
#define PRIORITY_LINE 0xa0
#define PRIORITY_LOWEST 0xf0

/* Version 2: the CPU's interface. */
#define INTERFACE_CONTROL 0x00
#define INTERFACE_PRIORITY 0x04
#define INTERFACE_ACKNOWLEDGE 0x0c
#define INTERFACE_END 0x10

/* Version 3: the redistributors, one or two pairs of 64 KiB for each CPU. */
#define REDISTRIBUTOR_LINES 0x10000
#define REDISTRIBUTOR_SIZE 0x20000
#define REDISTRIBUTOR_TYPE 0x08
#define REDISTRIBUTOR_WAKER 0x14
#define TYPE_LAST (1u << 4)
#define TYPE_VIRTUAL_LINES (1u << 1)
#define WAKER_SLEEP (1u << 1)
#define WAKER_ASLEEP (1u << 2)

#define OWN_LINES 32
#define SIGNAL_LINES 16 /* those by which CPUs interrupt each other; the first is used */
#define SIGNAL_POKE 0
#define SIGNAL_SEND 0xf00  /* version 2: bits 16 to 23 say to whom */
#define LINES_SPECIAL 1020 /* from here on: nothing is pending */
#define AFFINITY_MASK UINT64_C(0xff00ffffff)

static volatile uint8_t *distributor, *interface, *redistributors;
static bool is_version_3;
static struct spinlock lock =
    SPINLOCK_INITIAL(LOCK_DEVICE); /* what has more than one line in a word */
static uint32_t line_count;

static volatile uint32_t *word(volatile uint8_t *registers, uint32_t at)
{
    return (volatile uint32_t *)(registers + at);
}

/* Where the registers of a line are. */
static volatile uint8_t *home_of(uint32_t line)
{
    if (line >= OWN_LINES || !is_version_3)
        return distributor;
    return (volatile uint8_t *)cpu_current()->arch.redistributor + REDISTRIBUTOR_LINES;
}

static void set_line_bit(uint32_t line, uint32_t registers)
{
    *word(home_of(line), registers + line / 32 * 4) = 1u << line % 32;
}

static uint64_t own_affinity(void)
{
    return ARM_READ("mpidr_el1") & AFFINITY_MASK;
}

/* This CPU's redistributor; 0 if none says it is. */
static uint64_t find_redistributor(void)
{
    uint64_t affinity = own_affinity();
    uint32_t wanted = (uint32_t)(affinity >> 32 << 24 | (affinity & 0xffffff));
    for (volatile uint8_t *at = redistributors;;) {
        uint32_t type = *word(at, REDISTRIBUTOR_TYPE);
        if (*word(at, REDISTRIBUTOR_TYPE + 4) == wanted)
            return (uint64_t)at;
        if ((type & TYPE_LAST) != 0)
            return 0;
        at += (type & TYPE_VIRTUAL_LINES) != 0 ? 2 * REDISTRIBUTOR_SIZE : REDISTRIBUTOR_SIZE;
    }
}

static bool start_cpu_3(void)
{
    uint64_t own = find_redistributor();
    cpu_current()->arch.redistributor = own;
    if (own == 0)
        return false;
    volatile uint32_t *waker = word((volatile uint8_t *)own, REDISTRIBUTOR_WAKER);
    *waker &= ~WAKER_SLEEP;
    while ((*waker & WAKER_ASLEEP) != 0)
        arch_cpu_relax();
    ARM_WRITE("s3_0_c12_c12_5", 7); /* ICC_SRE_EL1: system registers, no bypass */
    arm_synchronize();
    ARM_WRITE("s3_0_c4_c6_0", PRIORITY_LOWEST); /* ICC_PMR_EL1 */
    ARM_WRITE("s3_0_c12_c12_4", 0);             /* ICC_CTLR_EL1: ending drops and deactivates */
    ARM_WRITE("s3_0_c12_c12_7", 1);             /* ICC_IGRPEN1_EL1 */
    arm_synchronize();
    return true;
}

static void start_cpu_2(void)
{
    cpu_current()->arch.interface = distributor[LINE_TARGET];
    *word(interface, INTERFACE_PRIORITY) = PRIORITY_LOWEST;
    *word(interface, INTERFACE_CONTROL) = CONTROL_ENABLE_2;
}

/* All lines of 32: masked, of one priority, in the group that this kernel gets. */
static void settle_lines(uint32_t first)
{
    volatile uint8_t *home = home_of(first);
    *word(home, LINE_DISABLE + first / 8) = UINT32_MAX;
    *word(home, LINE_GROUP + first / 8) = is_version_3 ? UINT32_MAX : 0;
    for (uint32_t line = first; line < first + 32; line += 4)
        *word(home, LINE_PRIORITY + line) = PRIORITY_LINE * 0x01010101u;
}

bool arm_gic_start_cpu(void)
{
    if (is_version_3 && !start_cpu_3())
        return false;
    settle_lines(0);
    if (!is_version_3)
        start_cpu_2();
    set_line_bit(SIGNAL_POKE, LINE_ENABLE);
    set_line_bit(arm_clock_line(), LINE_ENABLE);
    return true;
}

/* It then comes through cpu_poked. */
void arch_cpu_poke(const struct cpu *cpu)
{
    uint64_t id = cpu->arch.hardware_id;
    __asm__ volatile("dsb ishst" : : : "memory");
    if (!is_version_3) {
        *word(distributor, SIGNAL_SEND) = (uint32_t)cpu->arch.interface << 16 | SIGNAL_POKE;
        return;
    }
    /* ICC_SGI1R_EL1: affinities 3, 2 and 1, and of 0 a range of 16 and a bit in it. */
    ARM_WRITE("s3_0_c12_c11_5", (id >> 32 & 0xff) << 48 | (id >> 4 & 15) << 44 |
                                    (id >> 16 & 0xff) << 32 | (uint64_t)SIGNAL_POKE << 24 |
                                    (id >> 8 & 0xff) << 16 | UINT64_C(1) << (id & 15));
    arm_synchronize();
}

const char *arm_gic_init(const struct boot_info *boot)
{
    is_version_3 = boot->interrupts == BOOT_INTERRUPTS_GIC3;
    if (!is_version_3 && boot->interrupts != BOOT_INTERRUPTS_GIC2)
        return "a GICv2 or GICv3 interrupt controller";
    distributor = arch_map_device(boot->shared_interrupts, boot->shared_interrupts_size);
    volatile uint8_t *local = arch_map_device(boot->local_interrupts, boot->local_interrupts_size);
    interface = redistributors = local;
    line_count = ((*word(distributor, DISTRIBUTOR_TYPE) & 31) + 1) * 32;
    if (line_count > LINES_SPECIAL)
        line_count = LINES_SPECIAL;
    *word(distributor, DISTRIBUTOR_CONTROL) = 0;
    for (uint32_t line = OWN_LINES; line < line_count; line += 32)
        settle_lines(line);
    *word(distributor, DISTRIBUTOR_CONTROL) = is_version_3 ? CONTROL_ENABLE_3 : CONTROL_ENABLE_2;
    return arm_gic_start_cpu() ? NULL : "a redistributor of the GICv3 for the first CPU";
}

uint32_t arch_interrupt_lines(void)
{
    return line_count;
}

static void route_here(uint32_t line)
{
    if (is_version_3)
        *(volatile uint64_t *)(distributor + LINE_ROUTE + 8 * line) = own_affinity();
    else
        distributor[LINE_TARGET + line] = cpu_current()->arch.interface;
}

enum status arch_interrupt_enable(uint32_t line, uint32_t flags)
{
    if (line < OWN_LINES || line >= line_count)
        return STATUS_OUT_OF_RANGE;
    volatile uint32_t *trigger = word(distributor, LINE_TRIGGER + line / 16 * 4);
    uint32_t edge = 2u << line % 16 * 2;
    lock_acquire(&lock);
    *trigger = (flags & INTERRUPT_LEVEL) != 0 ? *trigger & ~edge : *trigger | edge;
    lock_release(&lock);
    route_here(line);
    set_line_bit(line, LINE_ENABLE);
    return STATUS_OK;
}

void arch_interrupt_set(uint32_t line, enum line_state state)
{
    set_line_bit(line, state == LINE_OPEN ? LINE_ENABLE : LINE_DISABLE);
}

static uint32_t acknowledge(void)
{
    if (!is_version_3)
        return *word(interface, INTERFACE_ACKNOWLEDGE);
    uint32_t line = (uint32_t)ARM_READ("s3_0_c12_c12_0"); /* ICC_IAR1_EL1 */
    __asm__ volatile("dsb sy" : : : "memory");
    return line;
}

static void end(uint32_t line)
{
    if (is_version_3)
        ARM_WRITE("s3_0_c12_c12_1", line); /* ICC_EOIR1_EL1 */
    else
        *word(interface, INTERFACE_END) = line;
}

static void take(uint32_t line)
{
    if (line < SIGNAL_LINES)
        cpu_poked();
    else if (line == arm_clock_line())
        trap_timer();
    else
        trap_interrupt(line);
}

/* What is pending as long as its cause stands is masked before it is ended. */
void arm_gic_run(void)
{
    for (;;) {
        uint32_t acknowledged = acknowledge(), line = acknowledged & 0x3ff;
        if (line >= LINES_SPECIAL)
            return;
        relaxed_add(&cpu_current()->interrupts, 1);
        if (line == arm_clock_line())
            arch_timer_set(0);
        else if (line >= OWN_LINES)
            arch_interrupt_set(line, LINE_MASKED);
        end(acknowledged);
        take(line);
    }
}
