/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* For start.S, which may have to end the machine before there is C; pvh.c proves them. */
#pragma once

#define BOOT_POWER_PORT 0xf4  /* CONSOLE_POWER_PORT */
#define BOOT_POWER_PANIC 0x2b /* STOP_PANIC */
