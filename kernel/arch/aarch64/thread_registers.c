/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: threads.
 *
 * The thread pointer stays in TPIDR_EL0 until another thread is loaded
 * (cpu->current says whose it is); user mode changes it without the kernel,
 * so it is read back at that time.
 */
#include "arm.h"

#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/thread.h>

/* N, Z, C, V. Everything else is zero in user mode, with no interrupt masked. */
#define FLAGS_USER UINT64_C(0xf0000000)

static bool is_loaded(const struct thread *thread)
{
    return cpu_current()->current == thread;
}

void arch_thread_get_registers(struct thread *thread, struct frame_registers *registers)
{
    if (is_loaded(thread))
        thread->arch.registers.tls = ARM_READ("tpidr_el0");
    *registers = thread->arch.registers;
    registers->number = ~UINT64_C(0);
}

enum status arch_thread_set_registers(struct thread *thread,
                                      const struct frame_registers *registers)
{
    if (registers->pc >= USER_END)
        return STATUS_INVALID;
    struct frame_registers *own = &thread->arch.registers;
    uint64_t tls = own->tls;
    *own = *registers;
    own->tls = tls;
    own->flags &= FLAGS_USER;
    return STATUS_OK;
}

void arch_thread_redirect(struct thread *thread, uint64_t pc, uint64_t sp)
{
    thread->arch.registers.pc = pc;
    thread->arch.registers.sp = sp;
    thread->arch.registers.flags = 0;
}

enum status arch_thread_set_base(struct thread *thread, uint32_t which, uint64_t value)
{
    if (which != BASE_THREAD_POINTER)
        return STATUS_INVALID;
    thread->arch.registers.tls = value;
    if (is_loaded(thread))
        ARM_WRITE("tpidr_el0", value);
    return STATUS_OK;
}

__attribute__((always_inline)) void arch_thread_switch(struct thread *from, struct thread *to)
{
    struct cpu *cpu = cpu_current();
    if (from != to && from != NULL) {
        from->arch.registers.tls = ARM_READ("tpidr_el0");
        if (cpu->arch.floating != NULL)
            arm_floating_put_away(cpu);
    }
    if (to == NULL)
        return;
    if (from != to)
        ARM_WRITE("tpidr_el0", to->arch.registers.tls);
    cpu->arch.reflect = to->process->personality.reflect;
    cpu->arch.frame = (uint64_t)to->frame;
    cpu->arch.frame_user = to->frame_address;
}
