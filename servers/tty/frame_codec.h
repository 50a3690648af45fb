/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Frames of the console (protocols/console.h): bytes to frames and back. What
 * comes from the host is not trusted: whatever it is, a frame that is given out
 * had a good check and at most CONSOLE_PAYLOAD_MAX bytes of payload.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/console.h>

struct frame_parser {
    uint32_t length;  /* of what has come of the frame, type and check included */
    uint32_t damaged; /* frames dropped so far */
    bool in_frame;    /* a flag has been seen */
    bool escaped;
    bool broken; /* too long: drop until the next flag */
    uint8_t bytes[CONSOLE_FRAME_MAX];
};

struct console_message {
    uint8_t type;
    const uint8_t *payload; /* inside the parser: until the next byte */
    size_t length;
};

/* One byte from the line; true when it ended a good frame, which `message` then shows. */
bool frame_receive(struct frame_parser *parser, uint8_t byte, struct console_message *message);

/* The frame on the wire, at most CONSOLE_WIRE_MAX bytes; returns how many. length <= CONSOLE_PAYLOAD_MAX. */
size_t frame_encode(uint8_t *wire, uint8_t type, const void *payload, size_t length);
