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

void arch_interrupt_set(uint32_t line, enum line_state state)
{
    (void)line;
    (void)state;
}

uint32_t arch_interrupt_lines(void)
{
    return 0;
}
