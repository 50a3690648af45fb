/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Address space identifiers (kernel/arch/shared/context.c), for machines whose translation caches
 * tell spaces apart by them. The architecture's own headers have
 *
 *   page_table.context    uint64_t: the space's, of which generation; 0 at first; others look at it
 *   arch_cpu.table        the table that is loaded; NULL: no space's
 *   arch_cpu.generation   uint64_t: the bits above CONTEXT_GENERATION_SHIFT of contexts that may be
 *                         loaded; CONTEXT_NONE at first
 *   CONTEXT_BETWEEN       what contexts have between identifier and generation, as the register
 *                         of the table does: shifted there, a context loses its generation
 *
 * and the two functions at the end.
 */
#pragma once

#include <arch/cpu_state.h>
#include <stdbool.h>
#include <stdint.h>

struct page_table;

#define CONTEXT_IDENTIFIER UINT64_C(0xffff)
#define CONTEXT_GENERATION_SHIFT 20
#define CONTEXT_NONE UINT64_MAX

/* Whether a CPU of this generation may load a table under the context that the table has. */
static inline bool context_is_current(uint64_t generation, uint64_t context)
{
    return (context ^ generation) >> CONTEXT_GENERATION_SHIFT == 0;
}

/* One under which this CPU may load the table, whose own is not current. The table that is
 * loaded stays so meanwhile. With identifier 0: there are too few, and the CPU has to forget what
 * it remembers under 0 whenever it loads a table. */
ARCH_COLD uint64_t context_renew(struct page_table *table);

/* How many identifiers there are, 0 included; up to 65536. */
uint32_t context_count(void);
/* This CPU forgets all translations of user space. */
void context_forget_all(void);
