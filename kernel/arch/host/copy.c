/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * User memory of the host: bytes are moved page by page through the simulated
 * page table, and an access it does not allow is a fault as on a machine.
 */
#include <arch/cpu.h>
#include <arch/page_table.h>
#include <kernel/cpu.h>
#include <kernel/page.h>
#include <kernel/space.h>
#include <kernel/trap.h>
#include <string.h>

/* The test's own address for a user address, or NULL if the access faults for good. */
static void *translate(uint64_t address, enum fault_access access)
{
    struct space *space = cpu_current()->space;
    if (space == NULL)
        return (void *)(uintptr_t)address;
    uint64_t physical;
    uint32_t flags, needed = access == FAULT_WRITE ? PTE_WRITE : PTE_READ;
    do {
        if (arch_table_lookup(&space->table, address & ~(PAGE_SIZE - 1), &physical, &flags) &&
            (flags & needed) != 0)
            return (char *)arch_physical_to_virtual(physical) + address % PAGE_SIZE;
    } while (trap_copy_fault(address, access));
    return NULL;
}

static size_t copy_bytes(char *kernel, uint64_t user, size_t length, enum fault_access access)
{
    while (length > 0) {
        size_t piece = PAGE_SIZE - user % PAGE_SIZE;
        if (piece > length)
            piece = length;
        void *target = translate(user, access);
        if (target == NULL)
            return length;
        if (access == FAULT_WRITE)
            memcpy(target, kernel, piece);
        else
            memcpy(kernel, target, piece);
        kernel += piece;
        user += piece;
        length -= piece;
    }
    return 0;
}

size_t arch_copy_from_user(void *to, uint64_t from, size_t length)
{
    return copy_bytes(to, from, length, FAULT_READ);
}

size_t arch_copy_to_user(uint64_t to, const void *from, size_t length)
{
    return copy_bytes((char *)from, to, length, FAULT_WRITE);
}
