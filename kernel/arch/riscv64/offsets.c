/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/offsets_of.h>

#include "riscv.h"

#define USER_END_SHIFT 28

void arch_name_offsets(void)
{
    name_shared_offsets();
    OFFSET(THREAD_FULL, thread, arch.full);
    OFFSET(CPU_SCRATCH, cpu, arch.scratch);
    OFFSET(CPU_THREAD, cpu, arch.thread);
    OFFSET(TRAP_STATUS, riscv_trap, status);
    CONSTANT(TRAP_SIZE, (sizeof(struct riscv_trap) + 15) & ~UINT64_C(15));
    _Static_assert(offsetof(struct riscv_trap, x) == REGISTER_X(1),
                   "registers where frames have them");
    CONSTANT(CAUSE_CALL, CAUSE_CALL);
    CONSTANT(SSTATUS_USER_MEMORY, STATUS_USER_MEMORY);
    CONSTANT(LAST_STACK_SIZE, LAST_STACK_SIZE);
    CONSTANT(USER_END_SHIFT, USER_END_SHIFT);
    CONSTANT(USER_END_TOP, USER_END >> USER_END_SHIFT);
    _Static_assert(USER_END % (UINT64_C(1) << USER_END_SHIFT) == 0, "nothing is lost");
}
