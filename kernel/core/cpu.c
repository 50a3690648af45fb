/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/cpu.h>

#include <kernel/log.h>

static struct cpu first_cpu;

struct cpu *cpu_get(uint32_t number)
{
    assert(number == 0);
    return &first_cpu;
}

uint32_t cpu_count(void)
{
    return 1;
}
