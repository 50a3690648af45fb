/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Host: what its one CPU keeps. */
#pragma once

#define ARCH_COLD

struct space;

struct arch_cpu {
    struct space *space; /* by which user addresses are resolved; NULL: they are pointers */
};
