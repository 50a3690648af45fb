/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the kernel maps for itself after boot, in the device area of its half: each
 * thing gets a range there, with nothing before it, and keeps it.
 */
#include <arch/radix.h>

#include <arch/page_entry.h>
#include <kernel/log.h>
#include <kernel/page.h>

uint64_t arch_map_kernel(uint64_t physical, uint64_t size, uint32_t flags)
{
    static uint64_t next = LAYOUT_DEVICES;
    struct page_table table = {.root = arch_kernel_root()};
    uint64_t start = next += PAGE_SIZE;
    for (uint64_t end = physical + size; physical < end; physical += PAGE_SIZE, next += PAGE_SIZE) {
        uint64_t *entry;
        if (radix_create(&table, next, 0, &entry) != STATUS_OK)
            panic("no memory to map %lx for the kernel", physical);
        radix_set(entry, entry_of_kernel_page(physical, flags, 0));
        arch_translation_renew(next);
    }
    return start;
}

void *arch_map_device(uint64_t physical, uint64_t size)
{
    uint64_t first = physical & ~(PAGE_SIZE - 1), offset = physical - first;
    const uint32_t flags = PTE_READ | PTE_WRITE | PTE_DEVICE;
    return (void *)(arch_map_kernel(first, size + offset, flags) + offset);
}
