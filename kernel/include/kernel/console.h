/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The early console: plain text, or frames of protocols/console.h. */
#pragma once

#include <protocols/console.h>
#include <stdbool.h>
#include <stddef.h>

void console_set_framed(bool framed);
/* Text as frames of this type; as it is, with the console plain. Takes no lock. */
void console_write(enum console_frame type, const char *text, size_t length);
