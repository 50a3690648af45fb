/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: what is needed to set up a CPU. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The tables that are loaded now are what a CPU has that runs no thread. */
void riscv_translation_init(void);
/* Have the firmware start a hart at a physical address, its id in a0. */
bool riscv_start_hart(uint64_t hart, uint64_t entry);
