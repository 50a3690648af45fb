/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The host's physical memory. */
#include <arch/host.h>

#include <arch/page_table.h>
#include <kernel/log.h>
#include <kernel/page.h>
#include <stdlib.h>
#include <trellis/boot_info.h>

static char *arena;
static struct boot_info host_boot_info;

void host_memory_init(uint64_t pages)
{
    free(arena);
    arena = aligned_alloc(PAGE_SIZE << PAGE_ORDER_MAX, pages * PAGE_SIZE);
    assert(arena != NULL);
    host_boot_info =
        (struct boot_info){.magic = BOOT_INFO_MAGIC, .memory_count = 1, .node_count = 1};
    host_boot_info.memory[0] =
        (struct boot_memory){.start = 0, .end = pages * PAGE_SIZE, .kind = BOOT_MEMORY_FREE};
    page_init(&host_boot_info);
}

void *arch_physical_to_virtual(uint64_t physical)
{
    return arena + physical;
}

uint64_t arch_virtual_to_physical(const void *virtual)
{
    return (uint64_t)((const char *)virtual - arena);
}

void *arch_map_device(uint64_t physical, uint64_t size)
{
    (void)size;
    return arena + physical;
}
