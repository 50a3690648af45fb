/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: from vectors to the generic kernel's traps, and copies of user
 * memory with their fixups.
 */
#include "x86.h"

#include <arch/copy_fixup.h>
#include <arch/thread.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/trap.h>

#define PAGE_FAULT_PRESENT 1
#define PAGE_FAULT_WRITE 2
#define PAGE_FAULT_FETCH 16

/* Of exceptions but page faults; those that are not here are FAULT_OTHER. */
static const uint8_t kinds[VECTOR_EXCEPTIONS] = {
    [VECTOR_DIVIDE] = FAULT_ARITHMETIC,     [VECTOR_DEBUG] = FAULT_STEP,
    [VECTOR_BREAKPOINT] = FAULT_BREAKPOINT, [VECTOR_INVALID_OPCODE] = FAULT_INSTRUCTION,
    [VECTOR_FLOATING] = FAULT_FLOAT,        [VECTOR_ALIGNMENT] = FAULT_ALIGNMENT,
    [VECTOR_VECTOR_FLOATING] = FAULT_FLOAT,
};

static enum fault_access access_of_code(uint64_t code)
{
    if ((code & PAGE_FAULT_FETCH) != 0)
        return FAULT_EXECUTE;
    return (code & PAGE_FAULT_WRITE) != 0 ? FAULT_WRITE : FAULT_READ;
}

static _Noreturn void page_fault_in_user(uint64_t code)
{
    trap_user_fault(&(struct trap_fault){
        .kind = (code & PAGE_FAULT_PRESENT) != 0 ? FAULT_PAGE_ACCESS : FAULT_PAGE_ABSENT,
        .access = access_of_code(code),
        .address = x86_read(cr2),
        .code = (uint64_t)VECTOR_PAGE_FAULT << 32 | code,
    });
}

static _Noreturn void exception_in_user(uint64_t vector, uint64_t code)
{
    struct trap_fault fault = {
        .kind = kinds[vector] != 0 ? kinds[vector] : FAULT_OTHER,
        .address = arch_thread_pc(thread_current()),
        .code = vector << 32 | code,
    };
    if (vector == VECTOR_NO_FLOATING) {
        if (x86_floating_load(thread_current()))
            scheduler_leave_kernel();
        fault.kind = FAULT_PAGE_MEMORY;
    }
    trap_user_fault(&fault);
}

_Noreturn void x86_trap_user(uint64_t vector, uint64_t code)
{
    x86_close_user_memory();
    if (vector == VECTOR_PAGE_FAULT)
        page_fault_in_user(code);
    if (vector < VECTOR_EXCEPTIONS)
        exception_in_user(vector, code);
    x86_apic_interrupt(vector);
    scheduler_leave_kernel();
}

static _Noreturn void kernel_exception(const struct x86_trap *trap)
{
    panic("exception %lu in the kernel, code %lx, address %lx, pc %lx, sp %lx, flags %lx\n"
          "  rax %lx rcx %lx rdx %lx rsi %lx rdi %lx\n"
          "  r8 %lx r9 %lx r10 %lx r11 %lx rbp %lx\n"
          "  at 0x%lx",
          trap->vector, trap->code, x86_read(cr2), trap->pc, trap->sp, trap->flags, trap->rax,
          trap->rcx, trap->rdx, trap->rsi, trap->rdi, trap->r8, trap->r9, trap->r10, trap->r11,
          trap->rbp, trap->pc);
}

void x86_trap_kernel(struct x86_trap *trap)
{
    if (trap->vector >= VECTOR_EXCEPTIONS) {
        x86_apic_interrupt(trap->vector);
        return;
    }
    if (trap->vector == VECTOR_NMI && x86_is_stopping)
        for (;;)
            __asm__ volatile("cli; hlt");
    uint64_t resume = copy_resume(trap->pc);
    uint64_t address = x86_read(cr2);
    if (trap->vector != VECTOR_PAGE_FAULT || resume == 0 || address >= USER_END)
        kernel_exception(trap);
    x86_close_user_memory();
    if (!trap_copy_fault(address, access_of_code(trap->code)))
        trap->pc = resume;
}
