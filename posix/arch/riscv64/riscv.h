/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what the files of this folder share.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Where vdso.ld puts __vdso_rt_sigreturn, from the vDSO's start. */
#define RISCV_SIGNAL_RETURN 0x100

/* Floating-point state to and from the program's memory; other than 0: a fault. */
size_t riscv_save_floating(void *state);
size_t riscv_load_floating(const void *state);
