/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Copies across the user boundary. The architecture's routine takes a fault
 * through trap_copy_fault, which resolves it or leaves in this CPU's
 * copy_status why the copy cannot go on.
 */
#include <kernel/copy.h>

#include <arch/cpu.h>
#include <kernel/page.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>
#include <kernel/trap.h>

enum status copy_check_range(uint64_t address, size_t length)
{
    if (length == 0)
        return STATUS_OK;
    if (address < USER_START || address >= USER_END || length > USER_END - address)
        return STATUS_BAD_ADDRESS;
    return STATUS_OK;
}

bool trap_copy_fault(uint64_t address, enum fault_access access)
{
    struct cpu *cpu = cpu_current();
    enum fault_kind kind;
    enum status status = space_fault(&cpu->current->process->space, address, access, &kind);
    relaxed_add(&cpu->faults, 1);
    if (status == STATUS_OK)
        return true;
    bool passed_on = status == STATUS_RESTART || status == STATUS_NO_MEMORY;
    cpu->copy_status = passed_on ? status : STATUS_BAD_ADDRESS;
    return false;
}

enum status copy_in(void *to, uint64_t from, size_t length)
{
    enum status status = copy_check_range(from, length);
    if (status != STATUS_OK || length == 0)
        return status;
    return arch_copy_from_user(to, from, length) == 0 ? STATUS_OK : cpu_current()->copy_status;
}

enum status copy_out(uint64_t to, const void *from, size_t length)
{
    enum status status = copy_check_range(to, length);
    if (status != STATUS_OK || length == 0)
        return status;
    return arch_copy_to_user(to, from, length) == 0 ? STATUS_OK : cpu_current()->copy_status;
}

enum status copy_prepare_out(uint64_t to, size_t length)
{
    enum status status = copy_check_range(to, length);
    if (status != STATUS_OK || length == 0)
        return status;
    for (uint64_t at = to; at < to + length; at = (at & ~(PAGE_SIZE - 1)) + PAGE_SIZE) {
        char byte;
        if (arch_copy_from_user(&byte, at, 1) != 0 || arch_copy_to_user(at, &byte, 1) != 0)
            return cpu_current()->copy_status;
    }
    return STATUS_OK;
}
