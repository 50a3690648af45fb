/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Where the architecture has no I/O ports. */
#include <arch/cpu.h>

uint32_t arch_port_count(void)
{
    return 0;
}

bool arch_port_read(uint32_t port, uint32_t width, uint32_t *value)
{
    return false;
}

bool arch_port_write(uint32_t port, uint32_t width, uint32_t value)
{
    return false;
}
