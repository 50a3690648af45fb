/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * RISC-V: what of Linux' files differs from other architectures.
 */
#pragma once

#include <posix/linux/generic_file.h>

#define LINUX_O_DIRECT 040000u
#define LINUX_O_LARGEFILE 0100000u
#define LINUX_O_DIRECTORY 0200000u
#define LINUX_O_NOFOLLOW 0400000u
