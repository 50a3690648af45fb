/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: floating point state, loaded lazily.
 *
 * The registers belong to the loaded thread, or to nobody: then sstatus.FS is off and
 * their first use is an illegal instruction. A thread that has had them loaded leaves
 * its state in memory when another takes its place, so that any CPU can go on with it;
 * FS tells whether anything has changed. The kernel itself is compiled without these
 * registers. docs/decisions/0006-lazy-floating-point.md says why not eagerly.
 */
#include "riscv.h"

#include <arch/floating_state.h>
#include <kernel/thread.h>

/*
 * The compiler knows no floating point here, nor does its assembler: fsd is a store with
 * function 3 and opcode 0x27, fld a load with 0x07, fcsr is register 3.
 */
#define ALL_REGISTERS                                                                              \
    "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, "   \
    "25, 26, 27, 28, 29, 30, 31"

static void save_state(struct arch_floating *state)
{
    __asm__ volatile(".irp n, " ALL_REGISTERS "\n\t"
                     ".insn s 0x27, 3, x\\n, 8 * \\n(%1)\n\t"
                     ".endr\n\t"
                     "csrr %0, 3"
                     : "=&r"(state->control)
                     : "r"(state->registers)
                     : "memory");
}

static void load_state(const struct arch_floating *state)
{
    __asm__ volatile(".irp n, " ALL_REGISTERS "\n\t"
                     ".insn i 0x07, 3, x\\n, 8 * \\n(%1)\n\t"
                     ".endr\n\t"
                     "csrw 3, %0"
                     :
                     : "r"(state->control), "r"(state->registers)
                     : "memory");
}

bool riscv_floating_load(struct thread *thread)
{
    if (!floating_create(thread))
        return false;
    riscv_set(sstatus, STATUS_FLOATING);
    load_state(thread->arch.floating);
    riscv_clear(sstatus, STATUS_FLOATING & ~STATUS_FLOATING_CLEAN);
    return true;
}

void riscv_floating_leave(struct thread *thread)
{
    if ((riscv_read(sstatus) & STATUS_FLOATING) == STATUS_FLOATING)
        save_state(thread->arch.floating);
    riscv_clear(sstatus, STATUS_FLOATING);
}
