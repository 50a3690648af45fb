/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What happens on each entry to the kernel.
 *
 * A handler's result goes to the thread's registers, unless the thread now
 * waits: then whoever ends the wait sets it (STATUS_BLOCKED; after a hand-over it
 * may run elsewhere by then), or the call instruction is executed again
 * (STATUS_RESTART).
 */
#include <kernel/trap.h>

#include <arch/thread.h>
#include <kernel/call_arguments.h>
#include <kernel/cpu.h>
#include <kernel/interrupt.h>
#include <kernel/personality.h>
#include <kernel/process.h>
#include <kernel/rcu.h>
#include <kernel/relaxed.h>
#include <kernel/scheduler.h>
#include <kernel/thread.h>
#include <kernel/timer.h>

static void finish_call(struct thread *self, int64_t result)
{
    if (result == status_to_result(STATUS_RESTART)) {
        arch_call_rewind(self);
    } else if (result != status_to_result(STATUS_BLOCKED)) {
        self->step = (struct call_step){0};
        arch_call_set_result(self, result);
    }
}

_Noreturn void trap_call(void)
{
    struct thread *self = thread_current();
    uint32_t index = (uint32_t)arch_call_number(self) - NATIVE_CALL_BASE;
    relaxed_add(&cpu_current()->calls, 1);
    if (index < NATIVE_CALL_COUNT)
        finish_call(self, call_table[index].decode(self));
    else if (!personality_reflect(self))
        arch_call_set_result(self, status_to_result(STATUS_BAD_CALL));
    scheduler_leave_kernel();
}

static bool is_page_fault(const struct trap_fault *fault)
{
    return fault->kind == FAULT_PAGE_ABSENT || fault->kind == FAULT_PAGE_ACCESS;
}

_Noreturn void trap_user_fault(const struct trap_fault *fault)
{
    struct thread *self = thread_current();
    struct trap_fault told = *fault;
    relaxed_add(&cpu_current()->faults, 1);
    if (is_page_fault(fault)) {
        enum status status =
            space_fault(&self->process->space, fault->address, fault->access, false, &told.kind);
        if (status == STATUS_OK || status == STATUS_RESTART) {
            scheduler_leave_fault();
            scheduler_leave_kernel();
        }
    }
    if (!personality_fault(self, &told))
        process_fault(self->process, told.kind, arch_thread_pc(self), told.address);
    scheduler_leave_kernel();
}

void trap_timer(void)
{
    rcu_wake();
    timer_run();
}

void trap_interrupt(uint32_t line)
{
    rcu_wake();
    interrupt_raise(line);
}
