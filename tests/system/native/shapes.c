/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "shapes.h"

#include <trellis/call_shapes.h>

#define ARGUMENT(kind, types, rights, optional, size, defined, length, great)                      \
    {SHAPE_##kind, types, rights, optional, size, defined, length, great},
#define CALL(name, raw, count, arguments) {#name, raw, count, {arguments}},

const struct shape shapes[] = {TRELLIS_CALL_SHAPES(CALL, ARGUMENT)};
const unsigned shape_count = sizeof(shapes) / sizeof(shapes[0]);
