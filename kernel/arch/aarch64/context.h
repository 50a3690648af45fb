/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: who gives address spaces their identifiers. Nothing of the machine itself. */
#pragma once

#include <stdint.h>

#define CONTEXT_IDENTIFIER_MASK UINT64_C(0xffff)

/*
 * The identifier under which this CPU may load the space that owns `context`, which
 * is 0 at first and names the generation and the identifier. Any number of CPUs may
 * ask for the same or for different spaces at once.
 */
uint64_t context_choose(_Atomic uint64_t *context);

/* The machine's part (translation.c): how many identifiers there are, the unused 0 included;
 * have all CPUs forget all translations of user space. */
uint32_t context_count(void);
void context_forget_all(void);
