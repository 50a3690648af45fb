/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/offsets_of.h>

_Static_assert(offsetof(struct cpu, arch.self) == 0, "where arch_cpu_current looks");

void arch_name_offsets(void)
{
    name_shared_offsets();
    OFFSET(THREAD_FULL, thread, arch.full);
    OFFSET(CPU_SCRATCH, cpu, arch.scratch);
    OFFSET(CPU_THREAD, cpu, arch.thread);
}
