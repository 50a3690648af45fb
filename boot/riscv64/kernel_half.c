/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: the kernel's page tables (privileged specification 1.12, section 4.4). */
#include "boot.h"

#include <arch/layout.h>
#include <arch/translation.h>
#include <boot/tables.h>
#include <stddef.h>

#define POOL_LEAST (UINT64_C(1) << 20)
#define TWO_MEBIBYTES 1
#define GIGABYTE 2

bool boot_build_tables(struct boot_info *boot)
{
    const struct tables_plan plan = {
        .shown_end = UINT64_MAX, .pool_least = POOL_LEAST, .largest_level = GIGABYTE};
    uint64_t root;
    if (!tables_begin(boot, &plan) || tables_entry(LAYOUT_DEVICES, TWO_MEBIBYTES) == NULL ||
        !tables_finish(boot, &root))
        return false;
    translation_load(root);
    return true;
}
