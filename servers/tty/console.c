/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The console: one terminal and up to four streams multiplexed over the ring to
 * the UART's driver, as frames or, in plain mode, as the terminal's bytes alone.
 *
 * Everything is pumped: whatever happens, console_pump moves what can be moved.
 * A frame goes into the ring whole or not at all (ring_send publishes once), so
 * a frame is never cut by a restart of this server, and with its effect on the
 * ledger or without either (ledger.h).
 */
#include "server.h"

#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#define LINE_CHUNK 256 /* bytes taken from the ring at a time */

static uint32_t ring_counter(const _Atomic uint32_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void console_begin_step(const struct terminal *terminal)
{
    ledger_begin_step(server.ledger, terminal, ring_counter(&server.ring.mine->taken));
}

/* The ledger's frame is filled in for this effect; false if there is no room for it now. */
static bool send_bytes(const void *bytes, uint32_t size, enum frame_effect effect)
{
    if (ring_room(&server.ring) < size)
        return false;
    console()->frame.sent_after = ring_counter(&server.ring.mine->sent) + size;
    ledger_begin_frame(server.ledger, effect);
    ring_send(&server.ring, bytes, size);
    ledger_end_frame(server.ledger);
    ring_notify(&server.ring, RING_DATA);
    return true;
}

bool console_send_frame(uint8_t type, const void *payload, size_t length, enum frame_effect effect)
{
    uint8_t wire[CONSOLE_WIRE_MAX];

    return send_bytes(wire, (uint32_t)frame_encode(wire, type, payload, length), effect);
}

static bool all_terminals(void)
{
    uint8_t all = CONSOLE_STDIN_TERMINAL | CONSOLE_STDOUT_TERMINAL | CONSOLE_STDERR_TERMINAL;
    return (console()->start.flags & all) == all;
}

/* The terminal's output, a frame at a time. */
static bool pump_terminal(void)
{
    const struct terminal *terminal = console_terminal();
    struct transaction *transaction = &console()->frame.transaction;
    uint8_t type = all_terminals() ? CONSOLE_STDOUT : CONSOLE_TERMINAL;
    uint8_t bytes[CONSOLE_PAYLOAD_MAX];

    *transaction = terminal_begin(terminal);
    size_t length =
        terminal->stopped ? 0 : output_take(terminal, transaction, bytes, sizeof(bytes));
    if (length == 0)
        return false;
    return server.framed ? console_send_frame(type, bytes, length, FRAME_OUTPUT)
                         : send_bytes(bytes, (uint32_t)length, FRAME_OUTPUT);
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
    console()->frame.value = stream->sent + stream->staged;
    return console_send_frame(type, stream->stage, stream->staged,
                              (enum frame_effect)(FRAME_STREAM + number));
}

/* What the kernel has not shown itself; the oldest is lost if nobody looked for too long. */
static bool pump_log(void)
{
    uint64_t end = server.log->end, at = console()->log_sent;

    at = at < server.log->shown_end ? server.log->shown_end : at;
    at = end - at > LOG_SIZE ? end - LOG_SIZE : at;
    uint64_t length = end - at, run = LOG_SIZE - at % LOG_SIZE;
    length = length < run ? length : run;
    length = length < CONSOLE_PAYLOAD_MAX ? length : CONSOLE_PAYLOAD_MAX;
    console()->frame.value = at + length;
    return length > 0 &&
           console_send_frame(CONSOLE_LOG, server.log->bytes + at % LOG_SIZE, length, FRAME_LOG);
}

void console_observe(enum stream_number number, uint32_t signals, uint32_t flags)
{
    handle_t handle = console()->streams[number].handle;

    int64_t result = handle == HANDLE_NONE
                         ? 0
                         : native_observe(server.endpoint, handle, signals,
                                          KEY_STREAM_INPUT + (uint64_t)number, flags);
    if (result < 0)
        service_fail_status(status_of_result(result), "stream %d cannot be observed: status %d",
                            (int)number, (int)-result);
}

void console_observe_streams(void)
{
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
        console_observe(number, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE, OBSERVE_EDGE);
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

    if (state->phase != CONSOLE_PHASE_FINISHING || !output_is_sent())
        return;
    state->frame.value = CONSOLE_PHASE_EXITING;
    if (server.framed)
        (void)console_send_frame(CONSOLE_EXIT, &state->exit, sizeof(state->exit), FRAME_PHASE);
    else
        state->phase = CONSOLE_PHASE_EXITING;
}

static void receive_size(const struct console_message *message)
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
        input_receive(message);
        break;
    case CONSOLE_STDIN_WINDOW:
        input_receive_window(message);
        break;
    case CONSOLE_STDIN_EOF:
        console()->input_ended = 1;
        if (input_is_terminal())
            terminal_hang_up(console_terminal());
        break;
    case CONSOLE_WINSIZE:
        receive_size(message);
        break;
    case CONSOLE_SIGNAL:
        if (message->length == 1)
            terminal_send_signal(console_terminal()->group, message->payload[0]);
        break;
    default:
        console()->parser.damaged++;
    }
}

/* Input of the ring can be taken in. */
static bool can_take(void)
{
    return input_waiting() == 0 && (server.framed || input_can_type());
}

/* What the bytes mean, up to the end of a frame; how many they were. */
static uint32_t take_some(const uint8_t *bytes, uint32_t count)
{
    struct console_message message;
    uint32_t used = 0;

    if (!server.framed) {
        terminal_type(console_terminal(), bytes[0]);
        return 1;
    }
    do {
        if (frame_receive(&console()->parser, bytes[used], &message))
            receive_frame(&message);
    } while (bytes[used++] != CONSOLE_FLAG && used < count);
    return used;
}

static void take_bytes(const uint8_t *bytes, uint32_t count)
{
    for (uint32_t at = 0, used; at < count && can_take(); at += used) {
        console_begin_step(console_terminal());
        used = take_some(bytes + at, count - at);
        ring_take(&server.ring, used);
        ledger_end_step(server.ledger);
        terminal_pump_messages();
        input_pump();
    }
}

/* Bytes from the ring, as long as what they mean can be taken. */
static void pump_line(void)
{
    uint8_t bytes[LINE_CHUNK];
    uint32_t count;

    while (can_take() && (count = ring_peek(&server.ring, bytes, sizeof(bytes))) > 0) {
        bool was_filling = ring_waiting(&server.ring) >= server.ring.capacity / 2;
        take_bytes(bytes, count);
        if (was_filling)
            ring_notify(&server.ring, RING_ROOM);
    }
}

void console_pump_output(void)
{
    bool moved = true;

    while (moved) {
        input_pump();
        moved = pump_terminal();
        if (!server.framed)
            continue;
        moved |= pump_log();
        for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
            moved |= pump_stream(number);
    }
    if (server.framed)
        input_pump_credit();
    pump_finish();
    terminal_pump_messages();
    terminal_update_events(console_terminal());
    if (can_take() && ring_waiting(&server.ring) > 0 &&
        native_event_signal(server.ring.event, 0, RING_DATA) < 0)
        service_fail("the ring's event cannot be signalled");
}

void console_pump(void)
{
    input_pump();
    pump_line();
    console_pump_output();
}

void console_event(uint64_t key)
{
    if (key == KEY_RING)
        ring_clear(&server.ring, RING_DATA | RING_ROOM);
}

bool console_finish(const struct console_exit *exit)
{
    struct console_state *state = console();

    if (state->phase < CONSOLE_PHASE_FINISHING) {
        state->exit = *exit;
        state->phase = CONSOLE_PHASE_FINISHING;
    }
    return state->phase == CONSOLE_PHASE_EXITING && ring_is_idle(&server.ring);
}

static struct stream_information stream_of(enum stream_number number)
{
    struct stream_information information = {0};
    handle_t handle = console()->streams[number].handle;

    if (handle != HANDLE_NONE && native_stream_inspect(handle, &information) < 0)
        console()->streams[number].handle = HANDLE_NONE; /* it was just being closed */
    return information;
}

void console_gather_facts(struct ledger_facts *facts)
{
    struct stream_information messages;

    if (native_stream_inspect(server.ledger->messages_write, &messages) < 0)
        service_fail("the stream to the process server is not there");
    *facts = (struct ledger_facts){
        .ring_sent = ring_counter(&server.ring.mine->sent),
        .ring_taken = ring_counter(&server.ring.mine->taken),
        .messages_written = messages.written,
        .input_written = stream_of(STREAM_INPUT).written,
    };
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
        facts->stream_read[number] = stream_of(number).read;
}

static void send_first(uint8_t type, const void *payload, size_t length, enum console_phase phase)
{
    console()->frame.value = phase;
    if (!console_send_frame(type, payload, length, FRAME_PHASE))
        service_fail("no room for the first frames");
}

/* The first words of a machine: WINDOW and READY, or the shell that nobody has to ask for. */
static void begin(void)
{
    uint8_t version = CONSOLE_VERSION;

    if (!server.framed) {
        start_shell();
        return;
    }
    if (server.window.size > 0)
        send_first(CONSOLE_WINDOW, &server.window_told, sizeof(server.window_told),
                   CONSOLE_PHASE_NEW);
    send_first(CONSOLE_READY, &version, sizeof(version), CONSOLE_PHASE_WAITING);
}

void console_start(void)
{
    int64_t result =
        native_observe(server.endpoint, server.ring.event, RING_DATA | RING_ROOM, KEY_RING, 0);
    if (result < 0)
        service_fail_status(status_of_result(result), "the ring's event cannot be observed: %d",
                            (int)-result);
    if (console()->phase == CONSOLE_PHASE_NEW)
        begin();
    console_observe_streams();
    ring_notify(&server.ring, RING_DATA | RING_ROOM);
}
