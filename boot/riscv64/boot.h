/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: what the files of this folder share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/boot_info.h>

/* start.S calls it with the tables made there, on the first CPU's stack. */
_Noreturn void boot_main(uint64_t hart, uint64_t tree);

/* Replace the tables of start.S; the memory they take is taken out of the map. */
bool boot_build_tables(struct boot_info *boot);

/* For start.S: what another CPU that comes in is to have. */
struct cpu;
extern uint64_t boot_secondary_root, boot_secondary_stack;
extern struct cpu *boot_secondary_cpu;
void boot_secondary_entry(void);
_Noreturn void boot_secondary_main(struct cpu *cpu);
