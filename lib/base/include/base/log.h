/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Lines for the kernel's log.
 */
#pragma once

#include <stdarg.h>

/* The longest line; more is cut off. */
#define LOG_LINE 512

/* One line, with the service's name before it. text_format's format, no newline. */
void log_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_print_list(const char *format, va_list arguments);
