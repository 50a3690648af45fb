/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What the device tree says of the machine, for the kernel. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/boot_info.h>

/*
 * Fill in `boot` from a tree that passed tree_check: memory and what of it is reserved,
 * where the loader says that the archive is, its command line, CPUs (the one with `boot_cpu`
 * as its id first), interrupt controller, timer, firmware, console, entropy. What the
 * tree does not say stays 0. boot->device_tree and boot->device_tree_size are set
 * before. False if there are too many memory ranges, or none; all else is there then too.
 */
bool device_tree_read(struct boot_info *boot, const void *tree, uint64_t boot_cpu);
