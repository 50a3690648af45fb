/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the tty server must not lose when it is killed.
 *
 * All of it lies in the ledger, a memory object that init hands to the next
 * instance together with the handle table, so that handles in it stay valid. A
 * kill leaves every store up to some instruction and none after it. So that
 * nothing is done by half or twice:
 *
 * - Work on the ledger is done in steps. A step begins by saving what it may
 *   change (struct undo); ledger_open goes back to that if the step did not end.
 *   What a queue or buffer holds beyond its counters is not saved: a step writes
 *   there only what its new counters make valid, and erases no byte that it or
 *   the counters before it have put. Typing takes one step for each byte. Input
 *   is taken from the console's ring last in its step, which ends it.
 * - A read or write of a client leaves its answer in a record; the repetition of
 *   the request finds it there.
 * - What goes out of this process is no part of a step: a frame into the ring,
 *   bytes from or to a program's stream, a message to the process server. Each
 *   moves a counter that nobody loses (struct ledger_facts), and ledger_open
 *   derives from that how far it got.
 *
 * tests/model/restart.pml checks this against an end at any store.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/console.h>
#include <protocols/fs.h>
#include <trellis/message.h>

#include "frame_codec.h"
#include "terminal.h"

#define LEDGER_MAGIC UINT64_C(0x7474795f6c656467)
#define LEDGER_VERSION 5
#define LEDGER_TERMINALS 33 /* the console and 32 pseudo-terminals */
#define LEDGER_OPENS 1024
#define LEDGER_CONSOLE 0
/* What one user that is not root may have of either. */
#define LEDGER_TERMINALS_OF_USER ((LEDGER_TERMINALS - 1) / 4)
#define LEDGER_OPENS_OF_USER (LEDGER_OPENS / 4)

/* An open side of a terminal; its index plus FS_FIRST_SESSION is the session's badge. */
struct terminal_open {
    uint32_t in_use;
    uint16_t terminal;
    uint16_t side;  /* enum terminal_side */
    uint32_t owner; /* user id of whom it counts for: who opened the console, or has the terminal */
};

/* A session of the file system of /dev/pts; its index plus DIRECTORY_FIRST_BADGE is its badge. */
#define LEDGER_DIRECTORY 256
struct directory_session {
    uint32_t in_use;
    uint32_t node; /* the root, or what stat of an opened device shows */
    struct fs_credentials credentials;
};

/* What tells one request from all others: its repetition has the same. */
struct request_name {
    uint64_t badge, identity;
    uint64_t sequence; /* 0: none, it is not repeated */
    uint64_t label;
};

/* The answer to a client's read or write. */
struct answer {
    struct request_name request;
    uint32_t valid;
    uint32_t length; /* of `text`, or the number of bytes written */
    uint8_t text[MESSAGE_TEXT_SIZE];
};

/* Answers of former instances: some client may not have had its. */
#define LEDGER_OLD_ANSWERS 4

/* What happens to the ledger when a frame has gone into the ring. */
enum frame_effect {
    FRAME_NONE,
    FRAME_OUTPUT, /* `transaction` of the console's terminal */
    FRAME_CREDIT, /* `value`: the host's credit now */
    FRAME_PHASE,  /* `value`: the phase now */
    FRAME_LOG,    /* `value`: bytes of the log sent */
    FRAME_STREAM, /* + number; `value`: bytes sent of it */
    FRAME_EFFECTS = FRAME_STREAM + 4
};

/* A frame on its way into the ring. */
struct last_frame {
    uint32_t effect;     /* stored last: the rest is valid */
    uint32_t sent_after; /* the ring's counter once it is in */
    uint64_t value;
    struct transaction transaction;
};

enum stream_number {
    STREAM_INPUT = 0,
    STREAM_OUTPUT = 1,
    STREAM_ERROR = 2,
    STREAM_TRACE = 3,
    STREAM_COUNT
};

struct console_stream {
    handle_t handle; /* this server's end; HANDLE_NONE: the descriptor is the terminal */
    handle_t other;  /* the program's, until it has been sent to the process server */
    uint64_t sent;   /* bytes of it that are in frames */
    uint32_t staged; /* bytes of `stage` not yet sent */
    uint32_t ended;
    uint8_t stage[CONSOLE_PAYLOAD_MAX];
};

enum console_phase {
    CONSOLE_PHASE_NEW,       /* READY is to be sent */
    CONSOLE_PHASE_WAITING,   /* for START */
    CONSOLE_PHASE_STARTING,  /* strings are coming */
    CONSOLE_PHASE_RUNNING,   /* START is on its way to the process server */
    CONSOLE_PHASE_FINISHING, /* FINISH was asked for: output is on its way */
    CONSOLE_PHASE_EXITING,   /* EXIT is in the ring */
};

/* Messages for the process server, in order. The one with number n is at n % OUTBOX_SIZE. */
#define OUTBOX_SIZE 32
struct outbox {
    uint32_t sent; /* as the stream counts them */
    struct tty_message messages[OUTBOX_SIZE];
};

struct console_state {
    /* What a step may change: up to `input`. */
    uint32_t phase;
    uint32_t credit;       /* STDIN bytes the host may still send */
    uint32_t input_ended;  /* STDIN_EOF came */
    uint32_t input_length; /* bytes in `input`, or in the window */
    uint32_t input_at;     /* of them are with the terminal or in the stream */
    uint32_t in_window;
    uint32_t window_before; /* bytes that went through the window before those */
    uint32_t strings_length;
    uint32_t outbox_put; /* messages ever */
    struct console_exit exit;
    uint64_t input_before; /* bytes written to the stream before those */
    uint8_t input[CONSOLE_PAYLOAD_MAX];
    struct console_start start;
    uint8_t strings[CONSOLE_STRINGS_MAX];
    struct console_stream streams[STREAM_COUNT];
    struct frame_parser parser;
    struct last_frame frame;
    struct outbox outbox;
    uint64_t log_sent; /* bytes of the kernel's log that the host has */
};

/* The state before the step that is going on. */
struct undo {
    uint32_t armed; /* stored last: the rest is valid */
    uint32_t ring_taken;
    uint32_t terminal; /* index */
    uint32_t answer_valid, answer_length;
    uint32_t output_put, output_taken;
    uint8_t terminal_head[offsetof(struct terminal, input.elements)];
    uint8_t console_head[offsetof(struct console_state, input)];
    uint8_t parser_head[offsetof(struct frame_parser, bytes)];
};

struct ledger {
    uint64_t magic;
    uint64_t version;
    handle_t messages_read, messages_write; /* the stream to the process server */
    handle_t opening;    /* the session made last: if it is still here, its client never had it */
    uint32_t old_answer; /* the oldest of the old ones */
    struct undo undo;
    struct answer answer;
    struct answer old_answers[LEDGER_OLD_ANSWERS];
    struct console_state console;
    struct terminal_open opens[LEDGER_OPENS];
    struct directory_session directory[LEDGER_DIRECTORY];
    struct terminal terminals[LEDGER_TERMINALS];
};

/* Counters outside the ledger, which tell what took place. */
struct ledger_facts {
    uint32_t ring_sent, ring_taken;     /* the console ring's */
    uint64_t messages_written;          /* to the process server */
    uint64_t input_written;             /* to standard input, if that is a stream */
    uint64_t stream_read[STREAM_COUNT]; /* from the streams that have a handle */
};

/* Is it one of this version? */
bool ledger_is_made(const struct ledger *ledger);
void ledger_make(struct ledger *ledger);
/* Take it over from an instance that was killed. */
void ledger_recover(struct ledger *ledger, const struct ledger_facts *facts);

/* A step that may change this terminal, the console's state and the answer. */
void ledger_begin_step(struct ledger *ledger, const struct terminal *terminal, uint32_t ring_taken);
void ledger_end_step(struct ledger *ledger);

/* `frame` is filled in but for its effect: from now on it takes effect once the ring has it. */
void ledger_begin_frame(struct ledger *ledger, enum frame_effect effect);
void ledger_end_frame(struct ledger *ledger);

/* The answer to this request, if it was carried out before; NULL if not. */
const struct answer *ledger_find_answer(const struct ledger *ledger,
                                        const struct request_name *request);
/* From here to ledger_set_answer there is none, so that its text can be written. */
void ledger_drop_answer(struct ledger *ledger);
/* Make it the answer to this request, in the same step as what the request does. */
void ledger_set_answer(struct ledger *ledger, const struct request_name *request, size_t length);

/* Have a message sent; false if too many are waiting. */
bool ledger_post(struct ledger *ledger, const struct tty_message *message);

/* A free terminal for a user or open of a terminal; NULL: there is none, or that user has its share. */
struct terminal *ledger_new_terminal(struct ledger *ledger, uint32_t owner);
struct terminal_open *ledger_new_open(struct ledger *ledger, uint32_t owner);
