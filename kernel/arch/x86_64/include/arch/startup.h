/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: what boot/x86_64/secondary.c needs to start another CPU. */
#pragma once

#include <stdint.h>

/* The local APIC: this CPU's own, and interrupts to another, `physical` below 1 MiB. */
void x86_apic_start_local(void);
void x86_apic_send_init(uint32_t hardware_id);
void x86_apic_send_startup(uint32_t hardware_id, uint32_t physical);
