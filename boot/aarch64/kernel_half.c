/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: the kernel's page tables (Arm ARM, VMSAv8-64, 4 KiB granule). */
#include "boot.h"

#include <arch/page_entry.h>
#include <boot/tables.h>
#include <stddef.h>

#define PAGE UINT64_C(0x1000)
#define POOL_LEAST (UINT64_C(2) << 20)
#define GIGABYTE 2

uint64_t boot_root;

void boot_show_devices(uint64_t physical)
{
    uint64_t start = physical & ~(BOOT_GIGABYTE - 1);
    if (physical >= BOOT_EARLY_REACH || early_direct[start / BOOT_GIGABYTE] != 0)
        return;
    early_direct[start / BOOT_GIGABYTE] =
        entry_of_kernel_page(start, PTE_READ | PTE_WRITE | PTE_DEVICE, GIGABYTE);
    __asm__ volatile("dsb ishst; isb" : : : "memory");
}

/* Where there is no console, a page that nobody reads takes its place. */
static bool map_console(uint64_t physical)
{
    uint32_t flags = PTE_READ | PTE_WRITE | PTE_DEVICE;
    if (physical == 0) {
        const uint64_t *nothing = tables_take();
        if (nothing == NULL)
            return false;
        physical = arch_virtual_to_physical(nothing);
        flags = PTE_READ | PTE_WRITE;
    }
    return tables_map(LAYOUT_CONSOLE, physical, physical + PAGE, flags);
}

bool boot_build_tables(struct boot_info *boot)
{
    uint64_t shown = boot->kernel_start & ~(BOOT_GIGABYTE - 1);
    const struct tables_plan plan = {.shown_start = shown,
                                     .shown_end = shown + BOOT_GIGABYTE,
                                     .pool_least = POOL_LEAST,
                                     .largest_level = GIGABYTE};
    if (!tables_begin(boot, &plan) || !map_console(boot->console_registers) ||
        !tables_finish(boot, &boot_root))
        return false;
    __asm__ volatile("dc cvac, %1\n\t" /* CPUs that start read it with their caches off */
                     "dsb sy\n\t"
                     "msr ttbr1_el1, %0\n\t"
                     "isb\n\t"
                     "tlbi vmalle1\n\t"
                     "dsb nsh\n\t"
                     "isb"
                     :
                     : "r"(boot_root), "r"(&boot_root)
                     : "memory");
    return true;
}
