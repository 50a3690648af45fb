/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: the kernel's page tables (Intel SDM volume 3, section 4.5). */
#include "boot.h"

#include <arch/layout.h>
#include <arch/translation.h>
#include <boot/tables.h>
#include <stddef.h>

#define EARLY_REACH (UINT64_C(1) << 32)
#define POOL_LEAST (UINT64_C(4) << 20)
#define TWO_MEBIBYTES 1
#define GIGABYTE 2

/* CPUID 0x80000001, edx bit 26. */
static bool cpu_has_gigabyte_pages(void)
{
    uint32_t eax = 0x80000001, ebx, ecx = 0, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (edx & 1u << 26) != 0;
}

/* The areas whose top-level entries must never change have them all from here on. */
static bool make_top_entries(void)
{
    return tables_entry(LAYOUT_DIRECT_MAP, GIGABYTE) != NULL &&
           tables_entry(LAYOUT_DEVICES, GIGABYTE) != NULL;
}

bool boot_build_tables(struct boot_info *boot)
{
    const struct tables_plan plan = {
        .shown_end = EARLY_REACH,
        .pool_least = POOL_LEAST,
        .largest_level = cpu_has_gigabyte_pages() ? GIGABYTE : TWO_MEBIBYTES,
    };
    uint64_t root;
    if (!tables_begin(boot, &plan) || !make_top_entries() || !tables_finish(boot, &root))
        return false;
    translation_load(root);
    return true;
}
