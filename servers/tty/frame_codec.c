/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "frame_codec.h"

/* Four bits at a time: the polynomial's terms are so far apart that they do not meet on the way. */
static uint16_t check_nibble(uint16_t check, uint8_t bits)
{
    return (uint16_t)(check >> 4 ^ ((check ^ bits) & 0xf) * (CONSOLE_CHECK_POLYNOMIAL >> 3));
}

static uint16_t check_byte(uint16_t check, uint8_t byte)
{
    return check_nibble(check_nibble(check, byte & 0xf), byte >> 4);
}

static uint16_t check_bytes(const uint8_t *bytes, size_t length)
{
    uint16_t check = CONSOLE_CHECK_START;

    for (size_t i = 0; i < length; i++)
        check = check_byte(check, bytes[i]);
    return check;
}

/* A flag: is what came before it a frame? */
static bool finish(struct frame_parser *parser, struct console_message *message)
{
    uint32_t length = parser->length;
    bool empty = length == 0 && !parser->escaped && !parser->broken;
    bool good = parser->in_frame && !parser->escaped && !parser->broken &&
                length > CONSOLE_CHECK_SIZE &&
                check_bytes(parser->bytes, length) == CONSOLE_CHECK_GOOD;

    parser->damaged += parser->in_frame && !empty && !good;
    parser->in_frame = true;
    parser->escaped = parser->broken = false;
    parser->length = 0;
    if (!good)
        return false;
    message->type = parser->bytes[0];
    message->payload = parser->bytes + 1;
    message->length = length - 1 - CONSOLE_CHECK_SIZE;
    return true;
}

bool frame_receive(struct frame_parser *parser, uint8_t byte, struct console_message *message)
{
    if (byte == CONSOLE_FLAG)
        return finish(parser, message);
    if (byte == CONSOLE_ESCAPE) {
        parser->broken |= parser->escaped;
        parser->escaped = true;
        return false;
    }
    if (parser->escaped)
        byte ^= CONSOLE_FLIP;
    parser->escaped = false;
    if (parser->length == sizeof(parser->bytes))
        parser->broken = true;
    else if (parser->in_frame)
        parser->bytes[parser->length++] = byte;
    return false;
}

static size_t stuff(uint8_t *wire, uint8_t byte)
{
    if (byte != CONSOLE_FLAG && byte != CONSOLE_ESCAPE) {
        wire[0] = byte;
        return 1;
    }
    wire[0] = CONSOLE_ESCAPE;
    wire[1] = byte ^ CONSOLE_FLIP;
    return 2;
}

size_t frame_encode(uint8_t *wire, uint8_t type, const void *payload, size_t length)
{
    const uint8_t *bytes = payload;
    uint16_t check = check_byte(CONSOLE_CHECK_START, type);
    size_t used = 0;

    wire[used++] = CONSOLE_FLAG;
    used += stuff(wire + used, type);
    for (size_t i = 0; i < length; i++) {
        used += stuff(wire + used, bytes[i]);
        check = check_byte(check, bytes[i]);
    }
    check = (uint16_t)~check;
    used += stuff(wire + used, (uint8_t)check);
    used += stuff(wire + used, (uint8_t)(check >> 8));
    wire[used++] = CONSOLE_FLAG;
    return used;
}
