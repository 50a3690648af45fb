/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: where things are in the kernel's half of every address space (Sv39).
 *
 * The top-level entries of these three areas are made at boot and never change, so
 * each new address space copies them once. Also included by assembly.
 */
#pragma once

#define LAYOUT_DIRECT_MAP 0xffffffc000000000 /* all RAM, at LAYOUT_DIRECT_MAP + physical */
#define LAYOUT_DIRECT_SIZE 0x2000000000      /* 128 GiB */
#define LAYOUT_DEVICES 0xffffffe000000000    /* device registers and stacks, 1 GiB */
#define LAYOUT_KERNEL 0xffffffff00000000     /* the image, at LAYOUT_KERNEL + physical */
#define LAYOUT_IMAGE 0xffffffff80000000      /* the lowest address that it can have */

#define KERNEL_STACK_SHIFT 14
#define KERNEL_STACK_SIZE (1 << KERNEL_STACK_SHIFT)
#define FRAME_RECORD_BELOW 16
