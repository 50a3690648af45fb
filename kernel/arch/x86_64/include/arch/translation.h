/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* x86-64: the CPU's page table register and its translation cache. */
#pragma once

#include <arch/page_table_state.h>
#include <stdint.h>

/* CR3 of this CPU. */
static inline uint64_t translation_root(void)
{
    uint64_t root;
    __asm__ volatile("mov %%cr3, %0" : "=r"(root));
    return root;
}

static inline void translation_load(uint64_t root)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(root) : "memory");
}

static inline void translation_forget(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}
