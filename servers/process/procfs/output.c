/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "output.h"

#include <base/text.h>

void output_add(struct output *output, const char *format, ...)
{
    size_t room = OUTPUT_SIZE - output->length;
    va_list arguments;

    if (room <= 1)
        return;
    va_start(arguments, format);
    size_t length = text_format_list(output->bytes + output->length, room, format, arguments);
    va_end(arguments);
    output->length += length < room ? length : room - 1;
}

void output_add_bytes(struct output *output, const void *bytes, size_t length)
{
    size_t room = OUTPUT_SIZE - output->length;
    size_t taken = length < room ? length : room;

    memcpy(output->bytes + output->length, bytes, taken);
    output->length += taken;
}
