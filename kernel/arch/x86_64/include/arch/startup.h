/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: what boot/x86_64/secondary.c needs to start another CPU. */
#pragma once

#include <stdint.h>

/* The local APIC: this CPU's own, and interrupts to another, with a vector or, to start it, the
 * number of the page in which it begins. */
enum apic_command {
    APIC_FIXED = 0x4000,
    APIC_NON_MASKABLE = 0x4400,
    APIC_INIT = 0x4500,
    APIC_STARTUP = 0x4600,
};
void x86_apic_start_local(void);
void x86_apic_send(uint32_t hardware_id, uint32_t command);
