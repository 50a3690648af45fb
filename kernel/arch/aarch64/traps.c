/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: from exception classes to the generic kernel's traps (Arm ARM,
 * ESR_EL1), and copies of user memory with their fixups.
 */
#include "arm.h"

#include <arch/copy_fixup.h>
#include <arch/thread.h>
#include <kernel/cpu.h>
#include <kernel/log.h>
#include <kernel/scheduler.h>
#include <kernel/trap.h>

enum exception_class {
    CLASS_NO_FLOATING = 0x07,
    CLASS_FETCH = 0x20, /* instruction abort in user mode */
    CLASS_PC_ALIGNMENT = 0x22,
    CLASS_ACCESS = 0x24, /* data abort in user mode */
    CLASS_ACCESS_IN_KERNEL = 0x25,
    CLASS_SP_ALIGNMENT = 0x26,
    CLASS_FLOATING = 0x2c,
    CLASS_BREAKPOINT = 0x30, /* of a debug register */
    CLASS_STEP = 0x32,
    CLASS_WATCHPOINT = 0x34,
    CLASS_BREAK_INSTRUCTION = 0x3c,
    CLASS_COUNT = 0x40,
};

#define SYNDROME_CLASS(syndrome) ((syndrome) >> 26 & 0x3f)
#define SYNDROME_WRITE (UINT64_C(1) << 6)
#define SYNDROME_MAINTENANCE                                                                       \
    (UINT64_C(1) << 8) /* a cache instruction: no write, whatever it says */
#define SYNDROME_STATUS(syndrome) ((syndrome)&0x3f)
#define STATUS_LEVELS 3 /* of a status: at which level of the tables */
#define STATUS_TRANSLATION 0x04
#define STATUS_PERMISSION 0x0c
#define STATUS_ALIGNMENT 0x21

#define TAG_BITS 8 /* the top byte of a user address is the program's */

/* Of exceptions but aborts; those that are not here are FAULT_INSTRUCTION. */
static const uint8_t kinds[CLASS_COUNT] = {
    [CLASS_PC_ALIGNMENT] = FAULT_ALIGNMENT,
    [CLASS_SP_ALIGNMENT] = FAULT_ALIGNMENT,
    [CLASS_FLOATING] = FAULT_FLOAT,
    [CLASS_STEP] = FAULT_STEP,
    [CLASS_BREAKPOINT] = FAULT_BREAKPOINT,
    [CLASS_WATCHPOINT] = FAULT_BREAKPOINT,
    [CLASS_BREAK_INSTRUCTION] = FAULT_BREAKPOINT,
};

static enum fault_access access_of(uint64_t syndrome)
{
    if (SYNDROME_CLASS(syndrome) == CLASS_FETCH)
        return FAULT_EXECUTE;
    bool write = (syndrome & SYNDROME_WRITE) != 0 && (syndrome & SYNDROME_MAINTENANCE) == 0;
    return write ? FAULT_WRITE : FAULT_READ;
}

static enum fault_kind kind_of_abort(uint64_t syndrome)
{
    uint64_t status = SYNDROME_STATUS(syndrome);
    if ((status & ~(uint64_t)STATUS_LEVELS) == STATUS_TRANSLATION)
        return FAULT_PAGE_ABSENT;
    if ((status & ~(uint64_t)STATUS_LEVELS) == STATUS_PERMISSION)
        return FAULT_PAGE_ACCESS;
    return status == STATUS_ALIGNMENT ? FAULT_ALIGNMENT : FAULT_OTHER;
}

static enum fault_kind kind_of(uint64_t syndrome)
{
    uint64_t class = SYNDROME_CLASS(syndrome);
    if (class == CLASS_FETCH || class == CLASS_ACCESS)
        return kind_of_abort(syndrome);
    return kinds[class] != 0 ? kinds[class] : FAULT_INSTRUCTION;
}

static uint64_t address_of(uint64_t syndrome)
{
    uint64_t class = SYNDROME_CLASS(syndrome);
    bool known = class == CLASS_FETCH || class == CLASS_ACCESS || class == CLASS_PC_ALIGNMENT ||
                 class == CLASS_WATCHPOINT;
    if (!known)
        return arch_thread_pc(thread_current());
    return (uint64_t)((int64_t)(ARM_READ("far_el1") << TAG_BITS) >> TAG_BITS);
}

_Noreturn void arm_exception_in_user(void)
{
    uint64_t syndrome = ARM_READ("esr_el1");
    struct trap_fault fault = {
        .kind = kind_of(syndrome),
        .access = access_of(syndrome),
        .address = address_of(syndrome),
        .code = syndrome,
    };
    if (SYNDROME_CLASS(syndrome) == CLASS_NO_FLOATING) {
        if (arm_floating_load(thread_current()))
            scheduler_leave_kernel();
        fault.kind = FAULT_PAGE_MEMORY;
    }
    trap_user_fault(&fault);
}

_Noreturn void arm_interrupt_in_user(void)
{
    arm_gic_run();
    scheduler_leave_kernel();
}

_Noreturn void arm_fatal(const struct arm_trap *trap)
{
    panic("exception in the kernel, syndrome %lx, address %lx, pc %lx, flags %lx\n"
          "  x0 %lx x1 %lx x2 %lx x3 %lx x4 %lx x5 %lx\n"
          "  x8 %lx x16 %lx x17 %lx x29 %lx\n"
          "  at 0x%lx\n"
          "  at 0x%lx",
          ARM_READ("esr_el1"), ARM_READ("far_el1"), trap->pc, trap->flags, trap->x[0], trap->x[1],
          trap->x[2], trap->x[3], trap->x[4], trap->x[5], trap->x[8], trap->x[16], trap->x[17],
          trap->x29, trap->pc, trap->x30);
}

/* Whether a copy goes on after this: its page was there to be had. */
static bool resolve(uint64_t syndrome)
{
    enum fault_kind kind = kind_of_abort(syndrome);
    uint64_t address = ARM_READ("far_el1");
    cpu_current()->copy_status = STATUS_BAD_ADDRESS;
    return SYNDROME_CLASS(syndrome) == CLASS_ACCESS_IN_KERNEL && address < USER_END &&
           (kind == FAULT_PAGE_ABSENT || kind == FAULT_PAGE_ACCESS) &&
           trap_copy_fault(address, access_of(syndrome));
}

void arm_exception_in_kernel(struct arm_trap *trap)
{
    uint64_t resume = copy_resume(trap->pc);
    if (resume == 0)
        arm_fatal(trap);
    if (!resolve(ARM_READ("esr_el1")))
        trap->pc = resume;
}
