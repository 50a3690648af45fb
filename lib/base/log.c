/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/log.h>

#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

void log_print_list(const char *format, va_list arguments)
{
    char line[LOG_LINE];
    size_t prefix = text_format(line, sizeof(line), "%s: ", service_name());
    size_t length =
        prefix + text_format_list(line + prefix, sizeof(line) - prefix, format, arguments);
    if (length >= sizeof(line))
        length = sizeof(line) - 1;
    (void)native_log_write(line, length);
}

void log_print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_print_list(format, arguments);
    va_end(arguments);
}
