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

#define STREAM_CAPACITY 65536
#define TERMINAL_CREDIT 2048 /* less than a terminal's line and queue can take */
#define CREDIT_STEP 1024

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
    return console()->streams[STREAM_INPUT].handle == HANDLE_NONE;
}

/* How many more bytes standard input can take, beyond what is credited already. */
static uint32_t credit_wanted(void)
{
    struct console_state *state = console();
    struct stream_information information;

    if (state->phase != CONSOLE_PHASE_RUNNING || state->input_ended)
        return 0;
    if (input_is_terminal())
        return state->credit >= TERMINAL_CREDIT ? 0 : TERMINAL_CREDIT - state->credit;
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

static void pump_credit(void)
{
    uint32_t more = credit_wanted();

    if (more >= CREDIT_STEP && send_frame(CONSOLE_CREDIT, &more, sizeof(more)))
        console()->credit += more;
    if (!input_is_terminal() && console()->credit < STREAM_CAPACITY / 4 && !console()->input_ended)
        observe(STREAM_INPUT, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, OBSERVE_ONCE);
}

/* Standard input that is a stream: what came is written as far as there is room. */
static void pump_input(void)
{
    struct console_state *state = console();
    struct console_stream *stream = &state->streams[STREAM_INPUT];

    if (stream->handle == HANDLE_NONE || stream->ended)
        return;
    while (state->pending_input > 0) {
        int64_t written =
            native_stream_write(stream->handle, state->input, state->pending_input, 0);
        if (written == status_to_result(STATUS_WOULD_BLOCK)) {
            observe(STREAM_INPUT, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, OBSERVE_ONCE);
            return;
        }
        uint32_t gone = written < 0 ? state->pending_input : (uint32_t)written;
        memmove(state->input, state->input + gone, state->pending_input - gone);
        state->pending_input -= gone;
    }
    if (state->input_ended) {
        stream->ended = 1;
        if (native_handle_close(stream->handle) < 0)
            service_fail("standard input cannot be closed");
        stream->handle = HANDLE_NONE;
    }
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

/* A stream between a program's descriptor and this server; its other end, to hand out. */
static handle_t make_stream(enum stream_number number)
{
    struct stream_handles ends;

    if (native_stream_create(server.account, STREAM_CAPACITY, 0, &ends) < 0)
        service_fail("no memory for the streams of standard input and output");
    bool input = number == STREAM_INPUT;
    console()->streams[number].handle = input ? ends.write_end : ends.read_end;
    return input ? ends.read_end : ends.write_end;
}

/* The struct tty_message with its strings; returns its length, 0 if the strings are not well formed. */
static size_t build_start(uint8_t *to, size_t size)
{
    struct console_state *state = console();
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

static void start_program(void)
{
    static uint8_t message[TTY_MESSAGE_SIZE];
    static const uint8_t flags[STREAM_COUNT] = {CONSOLE_STDIN_TERMINAL, CONSOLE_STDOUT_TERMINAL,
                                                CONSOLE_STDERR_TERMINAL, CONSOLE_TRACE};
    struct console_state *state = console();
    struct tty_size size = {.rows = state->start.rows, .columns = state->start.columns};
    unsigned handles = 0;

    size_t length = build_start(message, sizeof(message));
    if (length == 0)
        service_fail("the host's START frame is not well formed");
    for (enum stream_number number = STREAM_INPUT; number < STREAM_COUNT; number++) {
        bool wanted = number == STREAM_TRACE ? (state->start.flags & CONSOLE_TRACE) != 0
                                             : (state->start.flags & flags[number]) == 0;
        if (wanted)
            server.frame->handles[handles++] =
                (struct message_handle){make_stream(number), RIGHT_SAME, MESSAGE_HANDLE_MOVE};
    }
    server.frame->handle_count = handles;
    terminal_resize(console_terminal(), &size);
    if (native_stream_write(server.ledger->messages_write, message, length, STREAM_HANDLES) < 0)
        service_fail("the process server does not take the program to start");
    state->phase = CONSOLE_PHASE_RUNNING;
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
        observe(number, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE, OBSERVE_EDGE);
}

static void receive_strings(const uint8_t *bytes, size_t length)
{
    struct console_state *state = console();

    if (length > state->start.strings_size - state->strings_length)
        service_fail("the host's START frames are longer than announced");
    memcpy(state->strings + state->strings_length, bytes, length);
    state->strings_length += (uint32_t)length;
    if (state->strings_length == state->start.strings_size)
        start_program();
}

static void receive_start(const struct console_message *message)
{
    struct console_state *state = console();

    if (state->phase != CONSOLE_PHASE_WAITING || message->length < sizeof(state->start))
        return;
    memcpy(&state->start, message->payload, sizeof(state->start));
    if (state->start.version != CONSOLE_VERSION || state->start.strings_size > CONSOLE_STRINGS_MAX)
        service_fail("the host's START frame is of another version or too large");
    state->phase = CONSOLE_PHASE_STARTING;
    receive_strings(message->payload + sizeof(state->start),
                    message->length - sizeof(state->start));
}

static void receive_input(const struct console_message *message)
{
    struct console_state *state = console();

    state->credit -= message->length < state->credit ? (uint32_t)message->length : state->credit;
    if (input_is_terminal()) {
        for (size_t i = 0; i < message->length; i++)
            terminal_type(console_terminal(), message->payload[i]);
        return;
    }
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
        receive_start(message);
        break;
    case CONSOLE_START_MORE:
        if (console()->phase == CONSOLE_PHASE_STARTING)
            receive_strings(message->payload, message->length);
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

/* Bytes from the ring, as long as what they mean can be taken. */
static void pump_line(void)
{
    uint8_t bytes[256];
    struct console_message message;
    uint32_t count;

    while (console()->pending_input == 0 &&
           (count = ring_peek(&server.ring, bytes, sizeof(bytes))) > 0) {
        uint32_t used = 0;
        while (used < count && console()->pending_input == 0) {
            uint8_t byte = bytes[used++];
            if (!server.framed)
                terminal_type(console_terminal(), byte);
            else if (frame_receive(&console()->parser, byte, &message))
                receive_frame(&message);
        }
        ring_take(&server.ring, used);
        ring_notify(&server.ring, RING_ROOM);
    }
}

void console_pump_output(void)
{
    bool moved = true;

    while (moved) {
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
}

void console_pump(void)
{
    pump_input();
    pump_line();
    pump_input(); /* the end of input may just have come */
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

/* Without a host: a login shell on the terminal. */
static void start_shell(void)
{
    static const char strings[] = "\2\0/bin/sh\0-l\0\1\0TERM=vt100";
    struct console_state *state = console();

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

void console_start(bool fresh)
{
    uint8_t version = CONSOLE_VERSION;

    if (native_observe(server.endpoint, server.ring.event, RING_DATA | RING_ROOM, KEY_RING, 0) < 0)
        service_fail("the ring's event cannot be observed");
    if (fresh && !server.framed)
        start_shell();
    else if (fresh && !send_frame(CONSOLE_READY, &version, sizeof(version)))
        service_fail("no room for the first frame");
    if (fresh || console()->phase != CONSOLE_PHASE_RUNNING)
        return;
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++)
        observe(number, SIGNAL_READABLE | SIGNAL_CLOSED_WRITE, OBSERVE_EDGE);
}
