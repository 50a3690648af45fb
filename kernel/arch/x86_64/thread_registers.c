/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: threads.
 *
 * The segment bases are in the CPU while a thread is loaded (cpu->arch.thread
 * says whose they are); user mode changes them without the kernel where it has
 * the instructions, so they are read back when the CPU changes threads.
 */
#include "x86.h"

#include <arch/layout.h>
#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/process.h>
#include <kernel/thread.h>

#define MSR_FS_BASE 0xc0000100
#define MSR_KERNEL_GS_BASE 0xc0000102
#define BASE_END (UINT64_C(1) << 47)
/* Arithmetic flags, TF, DF, RF, AC, ID. */
#define FLAGS_USER 0x250dd5

static void read_bases(struct frame_registers *registers)
{
    if (!x86_features.base_instructions)
        return;
    __asm__ volatile("rdfsbase %0\n\t"
                     "swapgs\n\t"
                     "rdgsbase %1\n\t"
                     "swapgs"
                     : "=&r"(registers->fs_base), "=&r"(registers->gs_base));
}

static void load_bases(const struct frame_registers *registers)
{
    x86_write_msr(MSR_FS_BASE, registers->fs_base);
    x86_write_msr(MSR_KERNEL_GS_BASE, registers->gs_base);
}

void arch_thread_get_registers(struct thread *thread, struct frame_registers *registers)
{
    if (cpu_current()->arch.thread == thread)
        read_bases(&thread->arch.registers);
    *registers = thread->arch.registers;
    registers->number = ~UINT64_C(0);
}

enum status arch_thread_set_registers(struct thread *thread,
                                      const struct frame_registers *registers)
{
    if (registers->pc >= USER_END)
        return STATUS_INVALID;
    struct frame_registers *own = &thread->arch.registers;
    uint64_t fs_base = own->fs_base, gs_base = own->gs_base;
    *own = *registers;
    own->fs_base = fs_base;
    own->gs_base = gs_base;
    own->flags = (registers->flags & FLAGS_USER) | FLAGS_ENTRY;
    thread->arch.full = 1;
    return STATUS_OK;
}

void arch_thread_redirect(struct thread *thread, uint64_t pc, uint64_t sp)
{
    thread->arch.registers.pc = pc;
    thread->arch.registers.sp = sp;
    thread->arch.registers.flags = FLAGS_ENTRY;
}

enum status arch_thread_set_base(struct thread *thread, uint32_t which, uint64_t value)
{
    if (which > BASE_GS || value >= BASE_END)
        return STATUS_INVALID;
    bool loaded = cpu_current()->arch.thread == thread;
    struct frame_registers *registers = &thread->arch.registers;
    if (loaded)
        read_bases(registers);
    if (which == BASE_THREAD_POINTER)
        registers->fs_base = value;
    else
        registers->gs_base = value;
    if (loaded)
        load_bases(registers);
    return STATUS_OK;
}

/* The bases of one thread out, of another in. */
static void switch_bases(struct frame_registers *from, const struct frame_registers *to)
{
    if (!x86_features.base_instructions) {
        load_bases(to);
        return;
    }
    __asm__ volatile("rdfsbase %0\n\t"
                     "wrfsbase %2\n\t"
                     "swapgs\n\t"
                     "rdgsbase %1\n\t"
                     "wrgsbase %3\n\t"
                     "swapgs"
                     : "=&r"(from->fs_base), "=&r"(from->gs_base)
                     : "r"(to->fs_base), "r"(to->gs_base));
}

static void unload(struct cpu *cpu, struct thread *from)
{
    if (from != NULL)
        read_bases(&from->arch.registers);
    cpu->arch.thread = NULL;
    x86_floating_put_away(cpu);
}

__attribute__((always_inline)) void arch_thread_switch(struct thread *from, struct thread *to)
{
    struct cpu *cpu = cpu_current();
    if (to == NULL) {
        unload(cpu, from);
        return;
    }
    if (from == NULL)
        load_bases(&to->arch.registers);
    else if (from != to)
        switch_bases(&from->arch.registers, &to->arch.registers);
    cpu->arch.thread = to;
    cpu->arch.reflect = to->process->personality.reflect;
    cpu->arch.frame = (uint64_t)to->frame;
    cpu->arch.frame_user = to->frame_address;
    if (cpu->arch.visible != to->arch.floating)
        x86_floating_switch(cpu, to);
}

/*
 * sysretq and iretq fault in the kernel on an address that is not canonical;
 * a thread with one goes on at the end of user space instead, where nothing is
 * ever mapped, and faults there. After a call it is in user space.
 */
__attribute__((always_inline)) _Noreturn void arch_return_to_user(struct thread *thread)
{
    struct frame_registers *registers = &thread->arch.registers;
    if (thread->arch.full == 0)
        x86_return_call(thread);
    if (registers->pc >= USER_END)
        registers->pc = USER_END;
    x86_return_full(thread);
}
