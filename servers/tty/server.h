/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The parts of the tty server that make native calls, and what they share.
 */
#pragma once

#include <base/ipc.h>
#include <ring/ring.h>
#include <trellis/frame.h>
#include <trellis/message.h>
#include <trellis/structures.h>

#include "ledger.h"
#include "window.h"

struct server {
    struct ledger *ledger;
    const struct log_memory *log;
    struct ring ring;
    handle_t endpoint, account;
    struct frame *frame; /* of the server's only thread */
    bool framed;
    struct window window;
    struct console_window window_told; /* what the host is told of it */
};
extern struct server server;

/* Keys of what is bound to the endpoint. */
enum observation_key {
    KEY_RING = 1,
    KEY_STREAM_INPUT = 2, /* then the other streams, in the order of enum stream_number */
};

/* Handles that came with a request nobody wants them of. */
void server_close_received(const struct message *message);

static inline struct terminal *console_terminal(void)
{
    return &server.ledger->terminals[LEDGER_CONSOLE];
}

static inline struct console_state *console(void)
{
    return &server.ledger->console;
}

/* terminals.c: events and signals of terminals, whoever changed them. */

/* Raise and lower the events of both sides to what is true now. */
void terminal_update_events(struct terminal *terminal);
/* The same where it is not known what stands on them. */
void terminal_renew_events(struct terminal *terminal);
/* Tell the process server; group 0 is the first program's. */
void terminal_send_signal(uint32_t group, uint32_t signal);
/* Messages for the process server that it has not been told yet, in order. */
void terminal_pump_messages(void);
/* The other side is gone for good: reads end, and the session is told. */
void terminal_hang_up(struct terminal *terminal);
/* Nobody has the slave open: the master's reads end until somebody opens it again. */
void terminal_lose_slaves(struct terminal *terminal);
/* A byte typed at a terminal, and what follows from it. */
void terminal_type(struct terminal *terminal, uint8_t byte);
/* TIOCSWINSZ and the host's window: SIGWINCH if it changed. */
void terminal_resize(struct terminal *terminal, const struct tty_size *size);

/* console.c: the terminal and streams behind the UART. */

/* First start or restart: READY, or go on. */
void console_start(void);
/* What outlives this process, for ledger_recover. */
void console_gather_facts(struct ledger_facts *facts);
/* A step of the ledger that may change this terminal. */
void console_begin_step(const struct terminal *terminal);
/* Move what can be moved; the second takes nothing from the ring, so it leaves the frame alone. */
void console_pump(void);
void console_pump_output(void);
void console_event(uint64_t key);
/* The program's output streams are there: look at them as they fill. */
void console_observe_streams(void);
/* FINISH: true when all output has left. */
bool console_finish(const struct console_exit *exit);

/* One frame into the ring, with its effect on the ledger; false if there is no room for it now. */
bool console_send_frame(uint8_t type, const void *payload, size_t length, enum frame_effect effect);
/* Be told of signals of a stream that there is. */
void console_observe(enum stream_number number, uint32_t signals, uint32_t flags);

/* input.c: standard input. */

bool input_is_terminal(void);
/* Bytes that are neither with the terminal nor in the stream yet. */
uint32_t input_waiting(void);
/* A byte can be typed without losing it or its echo. */
bool input_can_type(void);
/* STDIN and STDIN_WINDOW, when nothing waits. */
void input_receive(const struct console_message *message);
void input_receive_window(const struct console_message *message);
/* What came goes on as far as there is room; the host gets credit for the room there is. */
void input_pump(void);
void input_pump_credit(void);

/* start.c: what shall run. */
#define CONSOLE_STREAM_CAPACITY 65536

/* START, and START_MORE with the rest of its strings. */
void start_receive(const struct console_message *message);
void start_receive_more(const struct console_message *message);
/* Without a host: a login shell on the terminal. */
void start_shell(void);
/* Send the START message, with the program's streams: what native_stream_write says. */
int64_t start_send(void);

/* request.c: what clients ask. */
void request_serve(struct message *message);
/* After ledger_recover: drop what no client has heard of, and set all events right. */
void request_recover(void);
void request_closed(uint64_t badge);

/* directory.c: the file system of /dev/pts. */
#define DIRECTORY_FIRST_BADGE 0x10000u
bool directory_owns(uint64_t badge);
uint32_t directory_serve(struct message *message, uint32_t label, unsigned *handles, size_t *text);
void directory_closed(uint64_t badge);
