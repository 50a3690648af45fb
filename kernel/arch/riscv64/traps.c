/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: from causes to the generic kernel's traps, and copies of user memory
 * with their fixups.
 */
#include "riscv.h"

#include <arch/copy_fixup.h>
#include <arch/cpu.h>
#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/trap.h>

char riscv_last_stack[LAST_STACK_SIZE] __attribute__((aligned(16)));

/* Of exceptions but page faults; those that are not here are FAULT_OTHER. */
static const uint8_t kinds[] = {
    [CAUSE_ILLEGAL] = FAULT_INSTRUCTION,        [CAUSE_BREAKPOINT] = FAULT_BREAKPOINT,
    [CAUSE_FETCH_MISALIGNED] = FAULT_ALIGNMENT, [CAUSE_LOAD_MISALIGNED] = FAULT_ALIGNMENT,
    [CAUSE_STORE_MISALIGNED] = FAULT_ALIGNMENT,
};

static bool is_page_fault(uint64_t cause)
{
    return cause == CAUSE_FETCH_PAGE || cause == CAUSE_LOAD_PAGE || cause == CAUSE_STORE_PAGE;
}

static enum fault_access access_of_cause(uint64_t cause)
{
    if (cause == CAUSE_FETCH_PAGE)
        return FAULT_EXECUTE;
    return cause == CAUSE_STORE_PAGE ? FAULT_WRITE : FAULT_READ;
}

static enum fault_kind kind_of_cause(uint64_t cause)
{
    if (is_page_fault(cause))
        return FAULT_PAGE_ABSENT;
    bool known = cause < sizeof(kinds) && kinds[cause] != 0;
    return known ? kinds[cause] : FAULT_OTHER;
}

/* An instruction that was illegal with floating point off is tried with it on. */
static _Noreturn void exception_in_user(uint64_t cause, uint64_t value)
{
    struct trap_fault fault = {
        .kind = kind_of_cause(cause),
        .access = access_of_cause(cause),
        .address = is_page_fault(cause) ? value : arch_thread_pc(thread_current()),
        .code = cause,
    };
    if (cause == CAUSE_ILLEGAL && (riscv_read(sstatus) & STATUS_FLOATING) == 0) {
        if (riscv_floating_load(thread_current()))
            scheduler_leave_kernel();
        fault.kind = FAULT_PAGE_MEMORY;
    }
    trap_user_fault(&fault);
}

static void interrupt(uint64_t number)
{
    relaxed_add(&cpu_current()->interrupts, 1);
    if (number == INTERRUPT_TIMER) {
        arch_timer_set(0);
        trap_timer();
    } else if (number == INTERRUPT_EXTERNAL) {
        riscv_plic_interrupt();
    } else if (number == INTERRUPT_SOFTWARE) {
        riscv_poked();
    }
}

_Noreturn void riscv_trap_user(void)
{
    uint64_t cause = riscv_read(scause);
    if ((cause & CAUSE_INTERRUPT) == 0)
        exception_in_user(cause, riscv_read(stval));
    interrupt(cause & ~CAUSE_INTERRUPT);
    scheduler_leave_kernel();
}

static _Noreturn void kernel_exception(const struct riscv_trap *trap, uint64_t cause,
                                       uint64_t value)
{
    const uint64_t *x = trap->x - 1;
    panic("exception %lu in the kernel, value %lx, pc %lx, sp %lx, status %lx\n"
          "  a0 %lx a1 %lx a2 %lx a3 %lx a4 %lx a5 %lx a6 %lx a7 %lx\n"
          "  ra %lx s0 %lx s1 %lx t0 %lx t1 %lx t2 %lx\n"
          "  at 0x%lx\n  at 0x%lx",
          cause, value, trap->pc, x[2], trap->status, x[10], x[11], x[12], x[13], x[14], x[15],
          x[16], x[17], x[1], x[8], x[9], x[5], x[6], x[7], trap->pc, x[1]);
}

/* The way back sets sstatus as it was, and so opens user memory for a copy again. */
void riscv_trap_kernel(struct riscv_trap *trap)
{
    uint64_t cause = riscv_read(scause), value = riscv_read(stval);
    if ((cause & CAUSE_INTERRUPT) != 0) {
        interrupt(cause & ~CAUSE_INTERRUPT);
        return;
    }
    riscv_clear(sstatus, STATUS_USER_MEMORY);
    uint64_t resume = copy_resume(trap->pc);
    if (!is_page_fault(cause) || resume == 0 || value >= USER_END)
        kernel_exception(trap, cause, value);
    if (!trap_copy_fault(value, access_of_cause(cause)))
        trap->pc = resume;
}
