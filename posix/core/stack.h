/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What a program finds on its stack at its start (System V ABI, x86-64
 * supplement 3.4.1; the same on the other architectures).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define STACK_AUXV_MAX 32

struct stack_auxiliary {
    uint64_t type, value;
};

struct stack_request {
    uint64_t top;        /* address above the stack */
    const char *strings; /* argv, then the environment, each with NUL */
    size_t strings_size;
    uint32_t argument_count, environment_count;
    const char *path;                        /* AT_EXECFN */
    const char *platform;                    /* AT_PLATFORM; NULL: none */
    uint8_t random[16];                      /* AT_RANDOM */
    const struct stack_auxiliary *auxiliary; /* what else; without the three above and AT_NULL */
    unsigned auxiliary_count;
};

/* Where things are. */
struct stack_layout {
    uint64_t sp;                                /* 16-byte aligned; argc is there */
    size_t size;                                /* bytes from sp to the top */
    uint64_t strings, environment, strings_end; /* addresses */
    uint64_t path, platform, random;
    uint64_t auxiliary; /* address of the vector */
};

void stack_plan(const struct stack_request *request, struct stack_layout *layout);
/* Write the `layout->size` bytes that belong at layout->sp. */
void stack_write(const struct stack_request *request, struct stack_layout *layout, void *image);
