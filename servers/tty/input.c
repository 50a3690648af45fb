/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Standard input, from the host's frames or the window to the terminal or the
 * program's stream. The host sends no more than it has credit for, and gets credit
 * for what there is room for; what finds none all the same waits here, and the ring
 * with it.
 */
#include "server.h"

#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#define TERMINAL_CREDIT 2048
#define ECHO_ROOM 256 /* output that must be free before the next byte is typed */
#define TERMINAL_CREDIT_STEP 1024
#define STREAM_CREDIT_STEP 4096 /* the room at which a stream is writable */

bool input_is_terminal(void)
{
    return (console()->start.flags & CONSOLE_STDIN_TERMINAL) != 0;
}

uint32_t input_waiting(void)
{
    return console()->input_length - console()->input_at;
}

/* The first bytes of standard input that wait, as many as lie together. */
static uint32_t peek_input(const uint8_t **bytes)
{
    const struct console_state *state = console();

    if (state->in_window && input_waiting() > 0)
        return window_peek(&server.window, state->window_before + state->input_at, input_waiting(),
                           bytes);
    *bytes = state->input + state->input_at;
    return input_waiting();
}

bool input_can_type(void)
{
    const struct terminal *terminal = console_terminal();
    return line_room(terminal) > 0 && (terminal->stopped || output_room(terminal) >= ECHO_ROOM);
}

/* How many more bytes standard input can take, beyond what is credited already. */
static uint32_t credit_wanted(void)
{
    struct console_state *state = console();
    struct stream_information information;

    if (state->phase != CONSOLE_PHASE_RUNNING || state->input_ended)
        return 0;
    if (input_is_terminal()) {
        uint32_t room = line_room(console_terminal()), used = state->credit + input_waiting();
        room = room < TERMINAL_CREDIT ? room : TERMINAL_CREDIT;
        return room < used ? 0 : room - used;
    }
    handle_t stream = state->streams[STREAM_INPUT].handle;
    if (stream == HANDLE_NONE || native_stream_inspect(stream, &information) < 0)
        return 0;
    uint64_t used = information.available + state->credit + input_waiting();
    return used >= information.capacity ? 0 : (uint32_t)(information.capacity - used);
}

static void observe_room(void)
{
    console_observe(STREAM_INPUT, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, OBSERVE_ONCE);
}

/* While the host has credit left, what it sends leads here again. */
void input_pump_credit(void)
{
    uint32_t step = input_is_terminal() ? TERMINAL_CREDIT_STEP : STREAM_CREDIT_STEP;
    uint32_t more = credit_wanted();

    console()->frame.value = console()->credit + more;
    if (more >= step)
        (void)console_send_frame(CONSOLE_CREDIT, &more, sizeof(more), FRAME_CREDIT);
    else if (!input_is_terminal() && console()->credit == 0 && !console()->input_ended)
        observe_room();
}

static void pump_typed(void)
{
    const uint8_t *bytes;

    while (peek_input(&bytes) > 0 && input_can_type()) {
        console_begin_step(console_terminal());
        terminal_type(console_terminal(), bytes[0]);
        console()->input_at++;
        ledger_end_step(server.ledger);
    }
}

static void end_stream_input(void)
{
    struct console_stream *stream = &console()->streams[STREAM_INPUT];

    if (native_handle_close(stream->handle) < 0)
        service_fail("standard input cannot be closed");
    stream->handle = HANDLE_NONE;
}

static void pump_stream_input(void)
{
    struct console_state *state = console();
    struct console_stream *stream = &state->streams[STREAM_INPUT];
    const uint8_t *bytes;
    uint32_t count;

    while (stream->handle != HANDLE_NONE && (count = peek_input(&bytes)) > 0) {
        int64_t written = native_stream_write(stream->handle, bytes, count, 0);
        if (written == status_to_result(STATUS_WOULD_BLOCK)) {
            observe_room();
            return;
        }
        if (written == status_to_result(STATUS_NO_MEMORY))
            service_fail_status(STATUS_NO_MEMORY, "no memory for standard input");
        if (written < 0)
            end_stream_input();
        else
            state->input_at += (uint32_t)written;
    }
    state->input_at = state->input_length;
    if (state->input_ended && stream->handle != HANDLE_NONE)
        end_stream_input();
}

void input_pump(void)
{
    if (input_is_terminal())
        pump_typed();
    else
        pump_stream_input();
}

/* So many bytes, now that there are no others. */
static void begin_input(uint32_t count, bool in_window)
{
    struct console_state *state = console();

    state->credit -= count < state->credit ? count : state->credit;
    state->input_before += state->input_length;
    state->window_before += state->in_window ? state->input_length : 0;
    state->in_window = in_window;
    state->input_length = count;
    state->input_at = 0;
}

void input_receive(const struct console_message *message)
{
    memcpy(console()->input, message->payload, message->length);
    begin_input((uint32_t)message->length, false);
}

void input_receive_window(const struct console_message *message)
{
    uint32_t count;

    if (message->length != sizeof(count))
        return;
    memcpy(&count, message->payload, sizeof(count));
    if (count > server.window.size)
        service_fail("the host put more into the window than it holds");
    begin_input(count, true);
}
