/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The PVH boot protocol: Xen, xen/include/public/arch-x86/hvm/start_info.h. */
#pragma once

#include <stdint.h>

#define PVH_MAGIC 0x336ec578

struct hvm_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules;
    uint64_t command_line;
    uint64_t acpi_root;
    uint64_t memory_map; /* from version 1 on, as all below */
    uint32_t memory_map_count;
    uint32_t reserved;
};

struct hvm_module {
    uint64_t start;
    uint64_t size;
    uint64_t command_line;
    uint64_t reserved;
};

struct hvm_memory {
    uint64_t start;
    uint64_t size;
    uint32_t kind; /* as E820 */
    uint32_t reserved;
};

enum hvm_memory_kind {
    HVM_MEMORY_RAM = 1,
    HVM_MEMORY_ACPI = 3,
};
