/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what of Linux' signals differs from other architectures. A handler always
 * returns through the vDSO.
 */
#pragma once

#include <stdint.h>

#define LINUX_MINSIGSTKSZ 2048

struct linux_sigaction {
    uint64_t handler, flags, mask;
};

static inline uint64_t linux_sigaction_restorer(const struct linux_sigaction *action)
{
    (void)action;
    return 0;
}

static inline void linux_sigaction_set_restorer(struct linux_sigaction *action, uint64_t restorer)
{
    (void)action;
    (void)restorer;
}
