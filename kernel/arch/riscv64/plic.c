/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: the platform-level interrupt controller (RISC-V PLIC specification 1.0.0).
 *
 * All lines go to the first CPU's context, where they are enabled once and for all: a line is
 * masked by its priority, for one that is not enabled could not be completed.
 */
#include "riscv.h"

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/trap.h>
#include <trellis/boot_info.h>

#define PRIORITY(line) (4 * (line))
#define ENABLE(context, line) (0x2000 + 0x80 * (context) + (line) / 32 * 4)
#define THRESHOLD(context) (0x200000 + 0x1000 * (context))
#define CLAIM(context) (THRESHOLD(context) + 4)
#define LINES_MAX 1024

static volatile uint8_t *registers;
static uint32_t context, line_count;

static volatile uint32_t *at(uint64_t offset)
{
    return (volatile uint32_t *)(registers + offset);
}

const char *riscv_plic_init(const struct boot_info *boot)
{
    context = boot->cpu_contexts[0];
    line_count = boot->interrupt_lines + 1;
    if (boot->interrupts != BOOT_INTERRUPTS_PLIC || line_count > LINES_MAX ||
        boot->shared_interrupts_size < CLAIM(context) + 4)
        return "a platform-level interrupt controller";
    registers = arch_map_device(boot->shared_interrupts, CLAIM(context) + 4);
    for (uint32_t line = 1; line < line_count; line++)
        *at(PRIORITY(line)) = 0;
    for (uint32_t line = 0; line < line_count; line += 32)
        *at(ENABLE(context, line)) = UINT32_MAX;
    *at(THRESHOLD(context)) = 0;
    return NULL;
}

uint32_t arch_interrupt_lines(void)
{
    return line_count;
}

/* The wiring alone says what triggers a line. */
enum status arch_interrupt_enable(uint32_t line, uint32_t flags)
{
    if (line == 0 || line >= line_count)
        return STATUS_OUT_OF_RANGE;
    arch_interrupt_set(line, LINE_OPEN);
    return STATUS_OK;
}

void arch_interrupt_set(uint32_t line, enum line_state state)
{
    /* In order with memory on both sides: to others' fences devices are none (RVWMO). */
    __asm__ volatile("fence rw, o" : : : "memory");
    *at(PRIORITY(line)) = state == LINE_OPEN;
    __asm__ volatile("fence o, rw" : : : "memory");
}

void riscv_plic_interrupt(void)
{
    for (uint32_t line; (line = *at(CLAIM(context))) != 0;) {
        trap_interrupt(line);
        *at(CLAIM(context)) = line;
    }
}
