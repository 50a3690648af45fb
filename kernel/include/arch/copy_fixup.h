/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Copies of user memory that fault. */
#pragma once

#include <stdint.h>

/* copy.S, link.ld: where a copy of user memory may fault, and where it goes on if it cannot. */
struct copy_fixup {
    uint64_t fault, resume;
};
extern const struct copy_fixup copy_fixups[], copy_fixups_end[];

/* Where a copy that has faulted at this place goes on if it cannot; 0: no copy may fault there. */
uint64_t copy_resume(uint64_t pc);
