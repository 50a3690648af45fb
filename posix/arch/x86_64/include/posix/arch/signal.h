/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what of Linux' signals differs from other architectures.
 */
#pragma once

#include <stdint.h>

#define LINUX_MINSIGSTKSZ 2048

struct linux_sigaction {
    uint64_t handler, flags, restorer, mask;
};

static inline uint64_t linux_sigaction_restorer(const struct linux_sigaction *action)
{
    return action->restorer;
}

static inline void linux_sigaction_set_restorer(struct linux_sigaction *action, uint64_t restorer)
{
    action->restorer = restorer;
}
