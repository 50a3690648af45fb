/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Where the architecture has no I/O ports. */
#include <arch/cpu.h>

uint32_t arch_port_count(void)
{
    return 0;
}

uint32_t arch_port_read(uint32_t port, uint32_t width)
{
    return 0;
}

void arch_port_write(uint32_t port, uint32_t width, uint32_t value)
{
}
