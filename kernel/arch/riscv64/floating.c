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

#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

struct riscv_floating {
    uint64_t registers[32];
    uint64_t control; /* fcsr */
};

static enum status allocate_state(struct thread *thread, struct account *account)
{
    thread->arch.floating = memory_allocate(account, sizeof(struct riscv_floating));
    thread->arch.floating_account = account;
    return thread->arch.floating != NULL ? STATUS_OK : STATUS_NO_MEMORY;
}

/*
 * The compiler knows no floating point here, nor does its assembler: fsd is a store with
 * function 3 and opcode 0x27, fld a load with 0x07, fcsr is register 3.
 */
#define ALL_REGISTERS                                                                              \
    "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, "   \
    "25, 26, 27, 28, 29, 30, 31"

static void save_state(struct riscv_floating *state)
{
    __asm__ volatile(".irp n, " ALL_REGISTERS "\n\t"
                     ".insn s 0x27, 3, x\\n, 8 * \\n(%1)\n\t"
                     ".endr\n\t"
                     "csrr %0, 3"
                     : "=&r"(state->control)
                     : "r"(state->registers)
                     : "memory");
}

static void load_state(const struct riscv_floating *state)
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
    if (thread->arch.floating == NULL &&
        allocate_state(thread, thread->process->account) != STATUS_OK)
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

enum status arch_thread_clone(struct thread *thread, struct thread *from)
{
    if (from->arch.floating != NULL) {
        enum status status = allocate_state(thread, thread->process->account);
        if (status != STATUS_OK)
            return status;
        *thread->arch.floating = *from->arch.floating;
    }
    thread->arch.registers = from->arch.registers;
    thread->arch.full = from->arch.full;
    return STATUS_OK;
}

/* If this CPU had it loaded, there is nothing left of it to be kept. */
void arch_thread_free(struct thread *thread)
{
    struct cpu *cpu = cpu_current();
    if (cpu->arch.thread == thread) {
        cpu->arch.thread = NULL;
        riscv_clear(sstatus, STATUS_FLOATING);
    }
    if (thread->arch.floating != NULL)
        memory_free(thread->arch.floating_account, thread->arch.floating,
                    sizeof(struct riscv_floating));
    thread->arch.floating = NULL;
}
