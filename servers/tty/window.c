/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "window.h"

#include <archive/newc.h>

struct console_window window_open(struct window *window, const void *archive, size_t archive_size,
                                  uint64_t archive_address)
{
    struct archive_entry file;

    *window = (struct window){0};
    if (archive_find(archive, archive_size, CONSOLE_WINDOW_FILE, &file) != ARCHIVE_ENTRY ||
        file.size != CONSOLE_WINDOW_SIZE)
        return (struct console_window){0};
    window->bytes = file.data;
    window->size = CONSOLE_WINDOW_SIZE;
    return (struct console_window){
        .address = archive_address + (uint64_t)(window->bytes - (const uint8_t *)archive),
        .size = window->size,
    };
}

uint32_t window_peek(const struct window *window, uint32_t first, uint32_t count,
                     const uint8_t **bytes)
{
    uint32_t place = first % window->size;

    *bytes = window->bytes + place;
    return count < window->size - place ? count : window->size - place;
}
