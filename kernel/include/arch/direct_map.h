/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Where the kernel sees RAM. <arch/layout.h> has LAYOUT_DIRECT_MAP and LAYOUT_IMAGE, the lowest
 * address of the image; <arch/page_table_state.h> has IMAGE_PHYSICAL(address) of one in that.
 */
#pragma once

#include <arch/page_table_state.h>
#include <stdint.h>

static inline void *arch_physical_to_virtual(uint64_t physical)
{
    return (void *)(LAYOUT_DIRECT_MAP + physical);
}

/* An address in the direct map or in the kernel's image. */
static inline uint64_t arch_virtual_to_physical(const void *virtual)
{
    uint64_t address = (uint64_t) virtual;
    return address >= LAYOUT_IMAGE ? IMAGE_PHYSICAL(address) : address - LAYOUT_DIRECT_MAP;
}
