/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Where the kernel enters the library.
 */
#pragma once

#include <trellis/frame.h>

void personality_describe(struct personality *entries);
