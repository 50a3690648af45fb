/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: where things are in the kernel's half, which TTBR1 translates and all
 * address spaces share. Also included by assembly and the link script.
 */
#pragma once

#define LAYOUT_DIRECT_MAP 0xffff000000000000 /* all RAM, at LAYOUT_DIRECT_MAP + physical */
#define LAYOUT_CONSOLE 0xffffff0000000000    /* one page: the early console's registers */
#define LAYOUT_DEVICES 0xffffff0000001000    /* further device registers, 512 GiB less a page */
#define LAYOUT_KERNEL 0xffffffff80000000     /* the image, wherever the loader put it */
#define LAYOUT_IMAGE LAYOUT_KERNEL           /* the lowest address that it can have */

#define KERNEL_STACK_SIZE 16384
#define FRAME_RECORD_BELOW 0
