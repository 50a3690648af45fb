/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The 16550 of QEMU's virt, whose interrupt can be provoked by enabling it (its data sheet, IER). */
#pragma once

#include <stdint.h>

#include <base/service.h>

#include "harness.h"

#define PROVOKE_DEVICE 0x10000000
#define PROVOKE_LINE 10
#define PROVOKE_FLAGS INTERRUPT_LEVEL
#define PROVOKE_NONE 0
#define PROVOKE_READY 2 /* the transmitter is empty */
#define PROVOKE_ENABLE 1

static volatile uint8_t *provoke_registers;
static handle_t provoke_memory;

static inline void provoke_open(void)
{
    provoke_memory = SUCCEED(native_memory_create_physical(service_need_handle("iospace"),
                                                           PROVOKE_DEVICE, USER_PAGE_SIZE));
    provoke_registers = (volatile uint8_t *)SUCCEED(
        native_map(test_world.self, provoke_memory, 0, 0, USER_PAGE_SIZE, MAP_READ | MAP_WRITE));
}

static inline void provoke_close(void)
{
    SUCCEED(native_unmap(test_world.self, (uint64_t)provoke_registers, USER_PAGE_SIZE));
    CLOSE(provoke_memory);
}

static inline void provoke_set(uint8_t enabled)
{
    provoke_registers[PROVOKE_ENABLE] = enabled;
}
