/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The right to make objects of the machine's own things: memory objects of
 * physical addresses that are not RAM, interrupt objects. There is one object
 * for each of the two uses; init hands them to the device server.
 */
#pragma once

#include <kernel/object.h>

struct iospace {
    struct object object;
};

/* One reference for the caller. */
enum status iospace_create(struct account *account, struct iospace **result) must_check;
/* Object operation (object.h). */
void iospace_destroy(struct object *object);
