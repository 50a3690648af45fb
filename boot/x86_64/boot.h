/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: what the files of this folder share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/boot_info.h>

/* In C since start.S: `start_info` is the physical address of struct hvm_start_info. */
_Noreturn void boot_pvh(uint64_t start_info);

/*
 * Build and load the kernel's page tables: all RAM in the direct map, the image
 * with each part's own protection. The tables' frames are taken from free
 * memory and marked as the kernel's. False if there is no room for them.
 */
bool boot_build_tables(struct boot_info *boot);

/* For secondary.S: what another CPU that comes in is to have. */
struct cpu;
extern uint64_t boot_secondary_root, boot_secondary_stack;
extern struct cpu *boot_secondary_cpu;
_Noreturn void boot_secondary_main(struct cpu *cpu);
/* The code that is copied to LAYOUT_STARTUP. */
extern const char boot_secondary_code[], boot_secondary_code_end[];
