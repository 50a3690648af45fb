/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What /proc/cpuinfo says of a processor; in arch/ARCHITECTURE/cpu_information.c. */
#pragma once

#include <stdint.h>

struct cpu_description {
    char text[1536]; /* whole lines, NUL-terminated */
};

void cpu_describe(struct cpu_description *description);
