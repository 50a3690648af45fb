/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: what boot/aarch64 needs to start another CPU. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A PSCI function with its arguments; not zero where it failed, or there is no firmware. */
int64_t arm_firmware_call(uint64_t function, uint64_t a, uint64_t b, uint64_t c);
/* What each CPU does for itself at the interrupt controller; false if that does not know it. */
bool arm_gic_start_cpu(void);
