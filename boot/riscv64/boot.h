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

/* For start.S: the tables of another CPU that comes in. What it gets from who started it is
 * where its stack begins, with its struct cpu there. */
struct cpu;
extern uint64_t boot_secondary_root;
void boot_secondary_entry(void);
_Noreturn void boot_secondary_main(uint64_t hart, struct cpu *cpu);
