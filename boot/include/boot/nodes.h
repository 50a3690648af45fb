/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * NUMA nodes. What firmware says of them comes in any order and names them by numbers of its
 * own ("proximity domains"); the kernel gets them numbered from 0, in the order of their naming.
 */
#pragma once

#include <stdint.h>
#include <trellis/boot_info.h>

void nodes_add_memory(uint32_t domain, uint64_t start, uint64_t size);
void nodes_add_cpu(uint32_t domain, uint64_t hardware_id);
/* Only between domains below BOOT_NODES; others are as far as any. */
void nodes_add_distance(uint32_t from, uint32_t to, uint8_t distance);

/*
 * Fill in the nodes of `boot`, when its CPUs and its memory are there and no memory_map_set
 * follows: ranges are split where nodes meet, as far as there is room.
 */
void nodes_finish(struct boot_info *boot);
/* Tests: nothing was added. */
void nodes_forget(void);
