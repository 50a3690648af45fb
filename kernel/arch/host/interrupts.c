/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The host has no interrupts. */
#include <arch/cpu.h>

enum status arch_interrupt_enable(uint32_t line, uint32_t flags)
{
    (void)line;
    (void)flags;
    return STATUS_UNSUPPORTED;
}

void arch_interrupt_disable(uint32_t line)
{
    (void)line;
}

void arch_interrupt_mask(uint32_t line)
{
    (void)line;
}

void arch_interrupt_unmask(uint32_t line)
{
    (void)line;
}

uint32_t arch_interrupt_lines(void)
{
    return 0;
}
