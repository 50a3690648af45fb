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

/* One reference for the caller. */
enum status ioport_create(struct account *account, uint32_t first, uint32_t count,
                          struct ioport **result) must_check;
/* Object operation (object.h). */
void ioport_destroy(struct object *object);
