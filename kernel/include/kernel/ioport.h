/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Port ranges. */
#pragma once

#include <kernel/object.h>

struct ioport {
    struct object object;
    uint32_t first, count;          /* constant */
    _Atomic uint64_t read, written; /* bytes ever */
};

/* One reference for the caller; NULL without memory. */
struct ioport *ioport_create(struct account *account, uint32_t first, uint32_t count) must_check;
