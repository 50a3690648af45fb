/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: what the files of this folder share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/boot_info.h>

#define BOOT_EARLY_REACH (UINT64_C(1) << 39) /* what the early direct map could ever show */
#define BOOT_GIGABYTE (UINT64_C(1) << 30)

/* In C since start.S: physical addresses of the device tree and of the image. */
_Noreturn void boot_image(uint64_t tree, uint64_t image);

/*
 * Build and load the kernel's page tables: all RAM in the direct map, the image
 * with each part's own protection, the console's registers. The tables' frames
 * are taken from free memory that the early tables show, and marked as the
 * kernel's. False if there is no room for them.
 */
bool boot_build_tables(struct boot_info *boot);

/* Physical address of the tables that it has built. */
extern uint64_t boot_root;

/* Show a gigabyte of devices at its place in the early direct map. */
void boot_show_devices(uint64_t physical);

/* start.S: entries of 1 GiB. */
extern uint64_t early_direct[512];

/* Where another CPU begins, at this place in RAM, with the top of its stack as argument. */
extern const char boot_secondary_entry[];
struct cpu;
_Noreturn void boot_secondary_main(struct cpu *cpu);
