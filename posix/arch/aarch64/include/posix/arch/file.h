/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * AArch64: what of Linux' files differs from other architectures.
 */
#pragma once

#include <posix/linux/generic_file.h>

#define LINUX_O_DIRECTORY 040000u
#define LINUX_O_NOFOLLOW 0100000u
#define LINUX_O_DIRECT 0200000u
#define LINUX_O_LARGEFILE 0400000u
