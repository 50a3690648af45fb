/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/console.h>

#include <arch/cpu.h>

static bool console_framed;
static uint64_t console_registers; /* 0: not in memory */

void console_init(bool framed, uint64_t registers)
{
    console_framed = framed;
    console_registers = registers;
}

bool console_uses(uint64_t start, uint64_t size)
{
    return console_registers != 0 && console_registers - start < size;
}

/* RFC 1662, appendix C, a bit at a time: there is little to send. */
static uint16_t check_add(uint16_t check, uint8_t byte)
{
    check ^= byte;
    for (unsigned bit = 0; bit < 8; bit++)
        check = (uint16_t)((check >> 1) ^ ((check & 1) != 0 ? CONSOLE_CHECK_POLYNOMIAL : 0));
    return check;
}

/* A newline too: firmware's console may put a carriage return before one. */
static void put_stuffed(uint8_t byte)
{
    if (byte == CONSOLE_FLAG || byte == CONSOLE_ESCAPE || byte == '\n') {
        arch_console_put(CONSOLE_ESCAPE);
        byte ^= CONSOLE_FLIP;
    }
    arch_console_put(byte);
}

static void write_frame(enum console_frame type, const char *text, size_t length)
{
    uint16_t check = check_add(CONSOLE_CHECK_START, (uint8_t)type);
    arch_console_put(CONSOLE_FLAG);
    put_stuffed((uint8_t)type);
    for (size_t i = 0; i < length; i++) {
        check = check_add(check, (uint8_t)text[i]);
        put_stuffed((uint8_t)text[i]);
    }
    check = (uint16_t)~check;
    put_stuffed((uint8_t)check);
    put_stuffed((uint8_t)(check >> 8));
    arch_console_put(CONSOLE_FLAG);
}

void console_write(enum console_frame type, const char *text, size_t length)
{
    for (size_t at = 0; at < length && !console_framed; at++)
        arch_console_put((uint8_t)text[at]);
    for (size_t at = 0; at < length && console_framed; at += CONSOLE_PAYLOAD_MAX) {
        size_t part = length - at < CONSOLE_PAYLOAD_MAX ? length - at : CONSOLE_PAYLOAD_MAX;
        write_frame(type, text + at, part);
    }
}
