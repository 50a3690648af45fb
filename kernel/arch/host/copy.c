/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * User memory of the host: bytes are moved page by page through the simulated
 * page table, and an access it does not allow is a fault as on a machine.
 */
#include <arch/host.h>

#include <arch/cpu.h>
#include <kernel/page.h>
#include <kernel/trap.h>

static size_t copy_bytes(char *kernel, uint64_t user, size_t length, enum fault_access access)
{
    while (length > 0) {
        size_t piece = PAGE_SIZE - user % PAGE_SIZE;
        piece = piece < length ? piece : length;
        while (!host_access_page(user, kernel, piece, access))
            if (!trap_copy_fault(user, access))
                return length;
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
