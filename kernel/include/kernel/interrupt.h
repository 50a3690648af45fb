/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Interrupt objects: one device line each, seen as SIGNAL_INTERRUPT. */
#pragma once

#include <kernel/object.h>

struct interrupt {
    struct object object;
    uint32_t line; /* constant */
};

/* Object operation (object.h). Without a handle the line is masked and free for another object. */
void interrupt_unreachable(struct object *object);

/* The line fired. */
void interrupt_raise(uint32_t line);
