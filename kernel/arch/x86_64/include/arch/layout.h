/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: where things are in the kernel's half of every address space.
 *
 * The top-level entries of these three areas are made at boot and never
 * change, so each new address space copies them once. Also included by
 * assembly and the link script.
 */
#pragma once

#define LAYOUT_DIRECT_MAP 0xffff800000000000 /* all RAM, at LAYOUT_DIRECT_MAP + physical */
#define LAYOUT_DEVICES 0xffffff0000000000    /* device registers, 512 GiB */
#define LAYOUT_KERNEL 0xffffffff80000000     /* the image, at LAYOUT_KERNEL + physical */
#define LAYOUT_IMAGE LAYOUT_KERNEL           /* the lowest address that it can have */

#define KERNEL_STACK_SIZE 16384
#define FRAME_RECORD_BELOW 0

#define LAYOUT_STARTUP 0x8000 /* physical: the page in which other CPUs begin */

/* Selectors. SYSRET wants user data just below user code. */
#define SELECTOR_KERNEL_CODE 0x08
#define SELECTOR_KERNEL_DATA 0x10
#define SELECTOR_USER_DATA 0x1b
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TASK 0x28

#define FLAGS_CARRY 0x001
#define FLAGS_TRAP 0x100
#define FLAGS_INTERRUPT 0x200
#define FLAGS_DIRECTION 0x400
#define FLAGS_NESTED_TASK 0x4000
#define FLAGS_ALIGNMENT 0x40000
#define FLAGS_ENTRY 0x202 /* as a personality entry has them */
