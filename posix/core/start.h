/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The library's beginning in a new process.
 */
#pragma once

#include <protocols/posix_start.h>
#include <trellis/frame.h>

/* From the entry stub, on a stack of the image. */
_Noreturn void start_library(const struct posix_start *block, struct frame *frame);
