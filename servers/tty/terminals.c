/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "server.h"

#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

static uint32_t slave_bits(const struct terminal *terminal)
{
    uint32_t bits = line_is_readable(terminal) ? TTY_READABLE : 0;

    if (terminal->hung_up)
        return TTY_READABLE | TTY_WRITABLE | TTY_HUNG_UP;
    if (!terminal->stopped && output_room(terminal) >= TERMINAL_OUTPUT / 4)
        bits |= TTY_WRITABLE;
    return bits;
}

static uint32_t master_bits(const struct terminal *terminal)
{
    uint32_t bits = line_room(terminal) > 0 ? TTY_WRITABLE : 0;

    if (output_waiting(terminal) > 0 && !terminal->stopped)
        bits |= TTY_READABLE;
    if (terminal->slaves == 0 && terminal->hung_up)
        bits |= TTY_HUNG_UP;
    return bits;
}

/* `before`: bits that may stand on it. */
static void write_bits(struct terminal *terminal, enum terminal_side side, uint32_t before,
                       uint32_t bits)
{
    if (terminal->events[side] == HANDLE_NONE)
        return;
    if (native_event_signal(terminal->events[side], before & ~bits, bits) < 0)
        service_fail("a terminal's event cannot be signalled");
    terminal->event_bits[side] = bits;
}

static void set_bits(struct terminal *terminal, enum terminal_side side, uint32_t bits)
{
    uint32_t before = terminal->event_bits[side];

    if (before != bits)
        write_bits(terminal, side, before, bits);
}

void terminal_update_events(struct terminal *terminal)
{
    set_bits(terminal, SIDE_SLAVE, slave_bits(terminal));
    set_bits(terminal, SIDE_MASTER, master_bits(terminal));
}

void terminal_renew_events(struct terminal *terminal)
{
    const uint32_t all = TTY_READABLE | TTY_WRITABLE | TTY_HUNG_UP;

    write_bits(terminal, SIDE_SLAVE, all, slave_bits(terminal));
    write_bits(terminal, SIDE_MASTER, all, master_bits(terminal));
}

static void send_message(uint32_t kind, uint32_t group, uint32_t signal)
{
    struct tty_message message = {.kind = kind, .group = group, .signal = signal};

    if (!ledger_post(server.ledger, &message))
        log_print("the process server does not take messages; signal %u lost", signal);
}

void terminal_pump_messages(void)
{
    struct outbox *outbox = &server.ledger->console.outbox;
    int64_t written = 0;

    while (outbox->sent != server.ledger->console.outbox_put && written >= 0) {
        const struct tty_message *message = &outbox->messages[outbox->sent % OUTBOX_SIZE];
        written =
            message->kind == TTY_MESSAGE_START
                ? start_send()
                : native_stream_write(server.ledger->messages_write, message, sizeof(*message), 0);
        if (written >= 0)
            outbox->sent++;
        else if (written != status_to_result(STATUS_WOULD_BLOCK))
            service_fail_status(status_of_result(written),
                                "the process server cannot be told anything: %d", (int)-written);
    }
}

void terminal_send_signal(uint32_t group, uint32_t signal)
{
    send_message(TTY_MESSAGE_SIGNAL, group, signal);
}

void terminal_hang_up(struct terminal *terminal)
{
    if (!terminal->hung_up && terminal->session != 0)
        send_message(TTY_MESSAGE_HANG_UP, terminal->session, 0);
    terminal->hung_up = 1;
    terminal_update_events(terminal);
}

void terminal_lose_slaves(struct terminal *terminal)
{
    terminal->hung_up = 1;
    terminal_update_events(terminal);
}

void terminal_type(struct terminal *terminal, uint8_t byte)
{
    uint32_t signal = line_receive(terminal, byte);
    bool is_console = terminal == console_terminal();

    if (signal != 0 && (terminal->group != 0 || is_console))
        terminal_send_signal(terminal->group, signal);
}

void terminal_resize(struct terminal *terminal, const struct tty_size *size)
{
    if (memcmp(&terminal->size, size, sizeof(*size)) == 0)
        return;
    terminal->size = *size;
    if (terminal->group != 0)
        terminal_send_signal(terminal->group, TERMINAL_SIGWINCH);
}
