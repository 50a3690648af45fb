/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: where access.S has the byte that driver_access_read read. */
#pragma once

#include <trellis/arch/registers.h>

static inline uint8_t driver_access_byte(const struct frame_registers *registers)
{
    return (uint8_t)registers->a4;
}
