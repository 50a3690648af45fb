/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The console: one terminal and up to four streams multiplexed over the ring to
 * the UART's driver, as frames or, in plain mode, as the terminal's bytes alone.
 *
 * Everything is pumped: whatever happens, console_pump moves what can be moved.
 * A frame goes into the ring whole or not at all (ring_send publishes once), so
 * a frame is never cut by a restart of this server.
 */
#include "server.h"

#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#define TERMINAL_CREDIT 2048
#define ECHO_ROOM 256 /* output that must be free before the next byte is typed */
#define CREDIT_STEP 1024
#define LINE_CHUNK 256 /* bytes taken from the ring at a time */

static struct console_state *console(void)
{
    return &server.ledger->console;
}

/* Put one frame into the ring; false if there is no room for it now. */
static bool send_frame(uint8_t type, const void *payload, size_t length)
{
    uint8_t wire[CONSOLE_WIRE_MAX];
    uint32_t size = (uint32_t)frame_encode(wire, type, payload, length);

    if (ring_room(&server.ring) < size)
        return false;
    ring_send(&server.ring, wire, size);
    ring_notify(&server.ring, RING_DATA);
    return true;
}

static bool all_terminals(void)
{
    uint8_t all = CONSOLE_STDIN_TERMINAL | CONSOLE_STDOUT_TERMINAL | CONSOLE_STDERR_TERMINAL;
    return (console()->start.flags & all) == all;
}

/* The terminal's output, a frame at a time, each by intent (ledger.h). */
static bool pump_terminal(void)
{
    struct terminal *terminal = console_terminal();
    struct transaction transaction = terminal_begin(terminal);
    uint8_t bytes[CONSOLE_PAYLOAD_MAX];
    uint8_t wire[CONSOLE_WIRE_MAX];

    size_t length =
        terminal->stopped ? 0 : output_take(terminal, &transaction, bytes, sizeof(bytes));
    if (length == 0)
        return false;
    uint32_t size = (uint32_t)length;
    if (server.framed)
        size = (uint32_t)frame_encode(wire, all_terminals() ? CONSOLE_STDOUT : CONSOLE_TERMINAL,
                                      bytes, length);
    if (ring_room(&server.ring) < size)
        return false;
    struct last_frame *frame = &console()->frame;
    frame->transaction = transaction;
    frame->sent_after = atomic_load(&server.ring.mine->sent) + size;
    frame->pending = 1;
    ring_send(&server.ring, server.framed ? wire : bytes, size);
    terminal_apply(terminal, &transaction);
    frame->pending = 0;
    ring_notify(&server.ring, RING_DATA);
    return true;
}

static bool pump_stream(enum stream_number number)
{
    struct console_stream *stream = &console()->streams[number];
    uint8_t type = number == STREAM_OUTPUT ? CONSOLE_STDOUT : CONSOLE_STDERR;

    if (stream->handle == HANDLE_NONE || stream->ended)
        return false;
    if (stream->staged == 0) {
        int64_t length =
            native_stream_read(stream->handle, stream->stage, sizeof(stream->stage), 0);
        if (length == 0)
            stream->ended = 1;
        if (length <= 0)
            return false;
        stream->staged = (uint32_t)length;
    }
    if (!send_frame(type, stream->stage, stream->staged))
        return false;
    stream->staged = 0;
    return true;
}

static bool input_is_terminal(void)
{
    return (console()->start.flags & CONSOLE_STDIN_TERMINAL) != 0;
}

/* A byte can be typed without losing it or its echo. */
static bool can_type(void)
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
        uint32_t room = line_room(console_terminal()), used = state->credit + state->pending_input;
        room = room < TERMINAL_CREDIT ? room : TERMINAL_CREDIT;
        return room < used ? 0 : room - used;
    }
    if (native_stream_inspect(state->streams[STREAM_INPUT].handle, &information) < 0)
        return 0;
    uint64_t used = information.available + state->credit + state->pending_input;
    return used >= information.capacity ? 0 : (uint32_t)(information.capacity - used);
}

static void observe(enum stream_number number, uint32_t signals, uint32_t flags)
{
    handle_t handle = console()->streams[number].handle;

    if (handle != HANDLE_NONE && native_observe(server.endpoint, handle, signals,
                                                KEY_STREAM_INPUT + (uint64_t)number, flags) < 0)
        service_fail("stream %d cannot be observed", (int)number);
}

void console_observe_streams(void)
{
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
        observe(number, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE, OBSERVE_EDGE);
}

static void pump_credit(void)
{
    uint32_t more = credit_wanted();

    if (more >= CREDIT_STEP && send_frame(CONSOLE_CREDIT, &more, sizeof(more)))
        console()->credit += more;
    if (!input_is_terminal() && console()->credit < CONSOLE_STREAM_CAPACITY / 4 &&
        !console()->input_ended)
        observe(STREAM_INPUT, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, OBSERVE_ONCE);
}

static void forget_input(uint32_t count)
{
    struct console_state *state = console();

    memmove(state->input, state->input + count, state->pending_input - count);
    state->pending_input -= count;
}

static void pump_typed(void)
{
    uint32_t count = 0;

    while (count < console()->pending_input && can_type())
        terminal_type(console_terminal(), console()->input[count++]);
    forget_input(count);
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

    if (stream->handle == HANDLE_NONE)
        state->pending_input = 0;
    while (state->pending_input > 0) {
        int64_t written =
            native_stream_write(stream->handle, state->input, state->pending_input, 0);
        if (written == status_to_result(STATUS_WOULD_BLOCK)) {
            observe(STREAM_INPUT, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, OBSERVE_ONCE);
            return;
        }
        forget_input(written < 0 ? state->pending_input : (uint32_t)written);
    }
    if (state->input_ended && stream->handle != HANDLE_NONE)
        end_stream_input();
}

/* What came of standard input goes on as far as there is room. */
static void pump_input(void)
{
    if (input_is_terminal())
        pump_typed();
    else
        pump_stream_input();
}

/* Everything the program wrote is in the ring. */
static bool output_is_sent(void)
{
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++) {
        const struct console_stream *stream = &console()->streams[number];
        struct stream_information information;
        if (stream->handle == HANDLE_NONE || stream->ended)
            continue;
        if (stream->staged > 0 || native_stream_inspect(stream->handle, &information) < 0 ||
            information.available > 0)
            return false;
    }
    return output_waiting(console_terminal()) == 0;
}

static void pump_finish(void)
{
    struct console_state *state = console();

    if (state->phase == CONSOLE_PHASE_FINISHING && output_is_sent() &&
        (!server.framed || send_frame(CONSOLE_EXIT, &state->exit, sizeof(state->exit))))
        state->phase = CONSOLE_PHASE_EXITING;
    if (state->phase != CONSOLE_PHASE_EXITING || state->finish_reply == HANDLE_NONE ||
        !ring_is_idle(&server.ring))
        return;
    struct message message;
    message_begin(&message, 0);
    handle_t reply = state->finish_reply;
    state->finish_reply = HANDLE_NONE;
    if (ipc_reply(reply, &message) < 0)
        log_print("nobody waits for the end of output");
}

static void receive_input(const struct console_message *message)
{
    struct console_state *state = console();

    state->credit -= message->length < state->credit ? (uint32_t)message->length : state->credit;
    if (message->length > sizeof(state->input) - state->pending_input) {
        log_print("the host sent more standard input than it was credited");
        return;
    }
    memcpy(state->input + state->pending_input, message->payload, message->length);
    state->pending_input += (uint32_t)message->length;
    pump_input();
}

static void receive_window(const struct console_message *message)
{
    struct console_winsize window;

    if (message->length != sizeof(window))
        return;
    memcpy(&window, message->payload, sizeof(window));
    struct tty_size size = {window.rows, window.columns, window.x_pixels, window.y_pixels};
    terminal_resize(console_terminal(), &size);
}

static void receive_frame(const struct console_message *message)
{
    switch (message->type) {
    case CONSOLE_START:
        start_receive(message);
        break;
    case CONSOLE_START_MORE:
        start_receive_more(message);
        break;
    case CONSOLE_STDIN:
        receive_input(message);
        break;
    case CONSOLE_STDIN_EOF:
        console()->input_ended = 1;
        if (input_is_terminal())
            terminal_hang_up(console_terminal());
        break;
    case CONSOLE_WINSIZE:
        receive_window(message);
        break;
    case CONSOLE_SIGNAL:
        if (message->length == 1)
            terminal_send_signal(console_terminal()->group, message->payload[0]);
        break;
    default:
        console()->parser.damaged++;
    }
}

/* What the bytes mean, one after the other; false if one of them must wait. */
static bool take_bytes(const uint8_t *bytes, uint32_t count, uint32_t *used)
{
    struct console_message message;

    for (*used = 0; *used < count; (*used)++) {
        if (console()->pending_input > 0 || (!server.framed && !can_type()))
            return false;
        if (!server.framed)
            terminal_type(console_terminal(), bytes[*used]);
        else if (frame_receive(&console()->parser, bytes[*used], &message))
            receive_frame(&message);
    }
    return true;
}

/* Bytes from the ring, as long as what they mean can be taken. */
static void pump_line(void)
{
    uint8_t bytes[LINE_CHUNK];
    uint32_t count, used;
    bool more = true;

    while (more && (count = ring_peek(&server.ring, bytes, sizeof(bytes))) > 0) {
        bool was_filling = ring_waiting(&server.ring) >= server.ring.capacity / 2;
        more = take_bytes(bytes, count, &used);
        ring_take(&server.ring, used);
        if (was_filling)
            ring_notify(&server.ring, RING_ROOM);
    }
}

static bool line_is_pending(void)
{
    return ring_waiting(&server.ring) > 0 && console()->pending_input == 0 &&
           (server.framed || can_type());
}

void console_pump_output(void)
{
    bool moved = true;

    while (moved) {
        pump_input();
        moved = pump_terminal();
        if (!server.framed)
            continue;
        for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
            moved |= pump_stream(number);
    }
    if (server.framed)
        pump_credit();
    pump_finish();
    terminal_update_events(console_terminal());
    if (line_is_pending() && native_event_signal(server.ring.event, 0, RING_DATA) < 0)
        service_fail("the ring's event cannot be signalled");
}

void console_pump(void)
{
    pump_input();
    pump_line();
    console_pump_output();
}

void console_event(uint64_t key)
{
    if (key == KEY_RING)
        ring_clear(&server.ring, RING_DATA | RING_ROOM);
}

void console_finish(const struct console_exit *exit, handle_t reply)
{
    console()->exit = *exit;
    console()->finish_reply = reply;
    console()->phase = CONSOLE_PHASE_FINISHING;
}

void console_start(bool fresh)
{
    uint8_t version = CONSOLE_VERSION;

    if (native_observe(server.endpoint, server.ring.event, RING_DATA | RING_ROOM, KEY_RING, 0) < 0)
        service_fail("the ring's event cannot be observed");
    if (fresh && !server.framed)
        start_shell();
    else if (fresh && !send_frame(CONSOLE_READY, &version, sizeof(version)))
        service_fail("no room for the first frame");
    if (!fresh && console()->phase == CONSOLE_PHASE_RUNNING)
        console_observe_streams();
}
