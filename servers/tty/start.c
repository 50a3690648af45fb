/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What shall run, from the host's START frames to the message for the process
 * server. The streams are made when that is sent; what an instance has made and not
 * sent is there for the next.
 */
#include "server.h"

#include <stdatomic.h>

#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

/* A stream between a program's descriptor and this server. */
static void make_stream(enum stream_number number)
{
    struct console_stream *stream = &server.ledger->console.streams[number];
    struct stream_handles ends;

    if (stream->handle != HANDLE_NONE)
        return;
    if (native_stream_create(server.account, CONSOLE_STREAM_CAPACITY, 0, &ends) < 0)
        service_fail_status(STATUS_NO_MEMORY,
                            "no memory for the streams of standard input and output");
    stream->other = number == STREAM_INPUT ? ends.read_end : ends.write_end;
    atomic_signal_fence(memory_order_seq_cst);
    stream->handle = number == STREAM_INPUT ? ends.write_end : ends.read_end;
}

/* The struct tty_message with its strings; returns its length, 0 if the strings are not well formed. */
static size_t build_start(uint8_t *to, size_t size)
{
    struct console_state *state = &server.ledger->console;
    struct tty_message message = {.kind = TTY_MESSAGE_START,
                                  .trace = (state->start.flags & CONSOLE_TRACE) != 0};
    size_t offset = 0, length = sizeof(message);

    for (int list = 0; list < 2; list++) {
        if (state->strings_length - offset < 2)
            return 0;
        uint32_t count = state->strings[offset] | (uint32_t)state->strings[offset + 1] << 8;
        offset += 2;
        *(list == 0 ? &message.argument_count : &message.environment_count) = count;
        for (uint32_t i = 0; i < count; i++) {
            size_t string =
                strnlen((char *)state->strings + offset, state->strings_length - offset) + 1;
            if (string > state->strings_length - offset || string > size - length)
                return 0;
            memcpy(to + length, state->strings + offset, string);
            length += string;
            offset += string;
        }
    }
    static const uint8_t flags[3] = {CONSOLE_STDIN_TERMINAL, CONSOLE_STDOUT_TERMINAL,
                                     CONSOLE_STDERR_TERMINAL};
    for (int i = 0; i < 3; i++)
        message.descriptor_kind[i] =
            (state->start.flags & flags[i]) != 0 ? TTY_DESCRIPTOR_TERMINAL : TTY_DESCRIPTOR_STREAM;
    memcpy(message.entropy, state->start.entropy, sizeof(message.entropy));
    memcpy(to, &message, sizeof(message));
    return message.argument_count == 0 ? 0 : length;
}

static bool stream_is_wanted(enum stream_number number)
{
    static const uint8_t terminal[STREAM_COUNT] = {CONSOLE_STDIN_TERMINAL, CONSOLE_STDOUT_TERMINAL,
                                                   CONSOLE_STDERR_TERMINAL, 0};
    uint8_t flags = server.ledger->console.start.flags;

    return number == STREAM_TRACE ? (flags & CONSOLE_TRACE) != 0 : (flags & terminal[number]) == 0;
}

int64_t start_send(void)
{
    static uint8_t message[TTY_MESSAGE_SIZE];
    struct console_state *state = &server.ledger->console;
    unsigned handles = 0;

    size_t length = build_start(message, sizeof(message));
    if (length == 0)
        service_fail("the host's START frame is not well formed");
    for (enum stream_number number = STREAM_INPUT; number < STREAM_COUNT; number++) {
        if (!stream_is_wanted(number))
            continue;
        make_stream(number);
        server.frame->handles[handles++] =
            (struct message_handle){state->streams[number].other, RIGHT_SAME, MESSAGE_HANDLE_MOVE};
    }
    server.frame->handle_count = handles;
    int64_t written =
        native_stream_write(server.ledger->messages_write, message, length, STREAM_HANDLES);
    if (written >= 0)
        console_observe_streams();
    return written;
}

/* All strings are there. */
static void start_program(void)
{
    struct console_state *state = &server.ledger->console;
    struct tty_message message = {.kind = TTY_MESSAGE_START};
    struct tty_size size = {.rows = state->start.rows, .columns = state->start.columns};

    terminal_resize(console_terminal(), &size);
    state->phase = CONSOLE_PHASE_RUNNING;
    if (!ledger_post(server.ledger, &message))
        service_fail("no room for the first message");
}

static void receive_strings(const uint8_t *bytes, size_t length)
{
    struct console_state *state = &server.ledger->console;

    if (length > state->start.strings_size - state->strings_length)
        service_fail("the host's START frames are longer than announced");
    memcpy(state->strings + state->strings_length, bytes, length);
    state->strings_length += (uint32_t)length;
    if (state->strings_length == state->start.strings_size)
        start_program();
}

void start_receive(const struct console_message *message)
{
    struct console_state *state = &server.ledger->console;

    if (state->phase != CONSOLE_PHASE_WAITING || message->length < sizeof(state->start))
        return;
    memcpy(&state->start, message->payload, sizeof(state->start));
    if (state->start.version != CONSOLE_VERSION || state->start.strings_size > CONSOLE_STRINGS_MAX)
        service_fail("the host's START frame is of another version or too large");
    state->phase = CONSOLE_PHASE_STARTING;
    receive_strings(message->payload + sizeof(state->start),
                    message->length - sizeof(state->start));
}

void start_receive_more(const struct console_message *message)
{
    if (server.ledger->console.phase == CONSOLE_PHASE_STARTING)
        receive_strings(message->payload, message->length);
}

void start_shell(void)
{
    static const char strings[] = "\2\0/bin/sh\0-l\0\1\0TERM=vt100";
    struct console_state *state = &server.ledger->console;

    state->start = (struct console_start){
        .version = CONSOLE_VERSION,
        .flags = CONSOLE_STDIN_TERMINAL | CONSOLE_STDOUT_TERMINAL | CONSOLE_STDERR_TERMINAL,
        .rows = 24,
        .columns = 80,
        .strings_size = sizeof(strings),
    };
    state->phase = CONSOLE_PHASE_STARTING;
    receive_strings((const uint8_t *)strings, sizeof(strings));
}
