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
