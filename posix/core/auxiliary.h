/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The auxiliary vector: what the kernel of Linux tells a program's C library.
 */
#pragma once

#include <loader/elf.h>
#include <protocols/process.h>

#include "stack.h"

struct auxiliary_facts {
    const struct elf_image *program;
    uint64_t bias;                       /* what its addresses were increased by */
    const struct elf_image *interpreter; /* NULL: none */
    uint64_t interpreter_bias;
    uint64_t vdso; /* address of its ELF header */
    uint64_t signal_frame_size;
};

/* Into an array of STACK_AUXV_MAX; how many there are. What stack.h adds is not among them. */
unsigned auxiliary_fill(const struct auxiliary_facts *facts, const struct process_info_page *info,
                        struct stack_auxiliary *auxiliary);
