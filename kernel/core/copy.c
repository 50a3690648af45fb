/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Copies across the user boundary. The architecture's routine takes a fault
 * through trap_copy_fault, which resolves it or leaves in this CPU's
 * copy_status why the copy cannot go on.
 */
#include <kernel/copy.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
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
    enum status status = space_fault(&cpu->current->process->space, address, access, true, &kind);
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

/* Nothing is written: what another thread stores there meanwhile stays. */
static bool is_writable(struct space *space, uint64_t page)
{
    uint64_t physical;
    uint32_t flags = 0;
    lock_acquire(&space->lock);
    bool found = arch_table_lookup(&space->table, page, &physical, &flags);
    lock_release(&space->lock);
    return found && (flags & PTE_WRITE) != 0;
}

enum status copy_prepare_out(uint64_t to, size_t length)
{
    enum status status = copy_check_range(to, length);
    if (status != STATUS_OK || length == 0)
        return status;
    struct space *space = &thread_current()->process->space;
    for (uint64_t page = to & ~(PAGE_SIZE - 1); page < to + length; page += PAGE_SIZE) {
        enum fault_kind kind;
        status = is_writable(space, page) ? STATUS_OK
                                          : space_fault(space, page, FAULT_WRITE, true, &kind);
        if (status == STATUS_RESTART || status == STATUS_NO_MEMORY)
            return status;
        if (status != STATUS_OK)
            return STATUS_BAD_ADDRESS;
    }
    return STATUS_OK;
}
