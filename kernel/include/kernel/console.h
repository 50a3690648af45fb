/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The early console: plain text, or frames of protocols/console.h. */
#pragma once

#include <protocols/console.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `registers`: the physical address of the console's, 0 if they are not in memory. */
void console_init(bool framed, uint64_t registers);
/* Whether they are in this range: who gets them has the console from then on. */
bool console_uses(uint64_t start, uint64_t size);
/* Text as frames of this type; as it is, with the console plain. Takes no lock. */
void console_write(enum console_frame type, const char *text, size_t length);
