/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Output: what a program writes, processed as c_oflag says, on its way to the screen. */
#include "terminal.h"

size_t output_waiting(const struct terminal *terminal)
{
    return terminal->output.put - terminal->output.taken;
}

size_t output_room(const struct terminal *terminal)
{
    return TERMINAL_OUTPUT - output_waiting(terminal);
}

size_t output_take(const struct terminal *terminal, struct transaction *transaction, void *bytes,
                   size_t size)
{
    uint8_t *to = bytes;
    size_t count = 0;

    while (count < size && transaction->output_taken != terminal->output.put)
        to[count++] = terminal->output.bytes[transaction->output_taken++ % TERMINAL_OUTPUT];
    return count;
}

/* The transaction's bytes are written beyond the queue's end, where nobody looks before it is applied. */
static void put(struct terminal *terminal, struct transaction *to, uint8_t byte)
{
    if (to->output_put - to->output_taken < TERMINAL_OUTPUT)
        terminal->output.bytes[to->output_put++ % TERMINAL_OUTPUT] = byte;
}

static void put_tab(struct terminal *terminal, struct transaction *to)
{
    uint32_t width = TERMINAL_TAB_STOP - to->column % TERMINAL_TAB_STOP;

    if ((terminal->settings.output & TERMIOS_XTABS) != TERMIOS_XTABS) {
        put(terminal, to, '\t');
    } else {
        for (uint32_t i = 0; i < width; i++)
            put(terminal, to, ' ');
    }
    to->column += width;
}

static void put_newline(struct terminal *terminal, struct transaction *to)
{
    if ((terminal->settings.output & TERMIOS_ONLCR) != 0)
        put(terminal, to, '\r');
    if ((terminal->settings.output & (TERMIOS_ONLCR | TERMIOS_ONLRET)) != 0)
        to->column = 0;
    put(terminal, to, '\n');
}

static void put_return(struct terminal *terminal, struct transaction *to)
{
    if ((terminal->settings.output & TERMIOS_ONOCR) != 0 && to->column == 0)
        return;
    if ((terminal->settings.output & TERMIOS_OCRNL) != 0) {
        put_newline(terminal, to);
        return;
    }
    to->column = 0;
    put(terminal, to, '\r');
}

void output_put(struct terminal *terminal, struct transaction *to, uint8_t byte)
{
    if ((terminal->settings.output & TERMIOS_OPOST) == 0) {
        put(terminal, to, byte);
        return;
    }
    switch (byte) {
    case '\n':
        put_newline(terminal, to);
        return;
    case '\r':
        put_return(terminal, to);
        return;
    case '\t':
        put_tab(terminal, to);
        return;
    case '\b':
        to->column -= to->column > 0;
        break;
    default:
        to->column += byte >= ' ' && (byte & 0xc0) != 0x80;
        if ((terminal->settings.output & TERMIOS_OLCUC) != 0 && byte >= 'a' && byte <= 'z')
            byte = (uint8_t)(byte - 'a' + 'A');
    }
    put(terminal, to, byte);
}

void output_ask(struct terminal *terminal, bool stop)
{
    struct transaction to = terminal_begin(terminal);

    put(terminal, &to, terminal->settings.characters[stop ? TERMIOS_VSTOP : TERMIOS_VSTART]);
    terminal_apply(terminal, &to);
}

/* A newline may become two bytes, a tab eight: keep room for the longest. */
size_t line_write(struct terminal *terminal, struct transaction *transaction, const void *bytes,
                  size_t size)
{
    const uint8_t *from = bytes;
    size_t count = 0;

    if (terminal->stopped)
        return 0;
    while (count < size && transaction->output_put - transaction->output_taken <=
                               TERMINAL_OUTPUT - TERMINAL_TAB_STOP)
        output_put(terminal, transaction, from[count++]);
    return count;
}
