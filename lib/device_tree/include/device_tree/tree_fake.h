/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Trees as QEMU 7.2 makes them for its "virt" machines, as far as they are read here. */
#pragma once

#include <stddef.h>

#define TREE_FAKE_SIZE 4096

/* RISC-V, two CPUs, 256 MiB. */
void tree_fake_riscv(void *tree);
/* The same, in which extensions are a list, as later ones make it: I, M, Zba, Sstc. */
void tree_fake_riscv_list(void *tree);
/* AArch64, two CPUs, GICv3, 256 MiB. */
void tree_fake_arm(void *tree);
