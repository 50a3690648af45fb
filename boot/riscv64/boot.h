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

/*
 * For start.S: which CPU may come in, by what tables, and on what stack, with its struct cpu where
 * that begins.
 */
struct cpu;
extern _Atomic uint64_t boot_awaited;
extern uint64_t boot_secondary_root, boot_secondary_stack;
extern const char boot_entry[];
_Noreturn void boot_secondary_main(struct cpu *cpu);
