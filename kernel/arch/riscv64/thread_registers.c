/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: threads. The thread pointer is a register like any other. */
#include "riscv.h"

#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/thread.h>

void arch_thread_get_registers(struct thread *thread, struct frame_registers *registers)
{
    *registers = thread->arch.registers;
    registers->number = ~UINT64_C(0);
}

enum status arch_thread_set_registers(struct thread *thread,
                                      const struct frame_registers *registers)
{
    if (registers->pc >= USER_END)
        return STATUS_INVALID;
    thread->arch.registers = *registers;
    thread->arch.full = 1;
    return STATUS_OK;
}

void arch_thread_redirect(struct thread *thread, uint64_t pc, uint64_t sp)
{
    thread->arch.registers.pc = pc;
    thread->arch.registers.sp = sp;
}

enum status arch_thread_set_base(struct thread *thread, uint32_t which, uint64_t value)
{
    if (which != BASE_THREAD_POINTER)
        return STATUS_INVALID;
    thread->arch.registers.tp = value;
    return STATUS_OK;
}

__attribute__((always_inline)) void arch_thread_switch(struct thread *from, struct thread *to)
{
    struct cpu *cpu = cpu_current();
    if (from != NULL && from != to && (riscv_read(sstatus) & STATUS_FLOATING) != 0)
        riscv_floating_leave(from);
    cpu->arch.thread = to;
    if (to == NULL)
        return;
    uint64_t reflect = to->process->personality.reflect;
    cpu->arch.reflect = reflect;
    cpu->arch.frame = reflect != 0 ? (uint64_t)to->frame : 0;
    cpu->arch.frame_user = to->frame_address;
}

__attribute__((always_inline)) _Noreturn void arch_return_to_user(struct thread *thread)
{
    if (thread->arch.full == 0)
        riscv_return_call(thread);
    riscv_return_full(thread);
}
