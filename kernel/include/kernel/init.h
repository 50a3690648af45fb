/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The first process. */
#pragma once

#include <trellis/boot_info.h>

/*
 * Make a process of the file `init` in the boot archive and start it with a
 * handle to everything (struct init_handles). Its end stops the machine. Panics
 * if that cannot be done.
 */
void init_start(const struct boot_info *boot);
