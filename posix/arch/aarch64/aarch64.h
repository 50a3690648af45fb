/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: what the files of this folder share.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Where vdso.ld puts __kernel_rt_sigreturn, from the vDSO's start. */
#define AARCH64_SIGNAL_RETURN 0x100

/* Vector state to and from the program's memory; other than 0: a fault. */
size_t aarch64_save_vector(void *context);
size_t aarch64_load_vector(const void *context);
