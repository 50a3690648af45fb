/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The start block of the program to come.
 */
#pragma once

#include <posix/naming.h>

#include "strings.h"

struct task;

/* What exec has gathered. Executables with no session are not open. */
struct exec_parts {
    struct executable executable, interpreter;
    struct strings strings; /* argv, then the environment */
    uint32_t argument_count;
    const char *path; /* AT_EXECFN */
    handle_t block;   /* the result */
};

/* 0 or a negated errno. */
int exec_block_make(struct task *task, struct exec_parts *parts);
