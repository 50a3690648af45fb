/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/host.h>

#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/cpu.h>
#include <kernel/page.h>
#include <kernel/space.h>
#include <string.h>

/* The test's own address for a user address, or NULL if the access faults. */
static char *translate(uint64_t address, enum fault_access access)
{
    struct space *space = cpu_current()->arch.space;
    if (space == NULL)
        return (char *)(uintptr_t)address;
    uint64_t physical;
    uint32_t flags, needed = access == FAULT_WRITE ? PTE_WRITE : PTE_READ;
    if (!arch_table_lookup(&space->table, address & ~(PAGE_SIZE - 1), &physical, &flags) ||
        (flags & needed) == 0)
        return NULL;
    return (char *)arch_physical_to_virtual(physical) + address % PAGE_SIZE;
}

bool host_access_page(uint64_t user, char *kernel, size_t length, enum fault_access access)
{
    char *page = translate(user, access);
    if (page == NULL)
        return false;
    memcpy(access == FAULT_WRITE ? page : kernel, access == FAULT_WRITE ? kernel : page, length);
    return true;
}
