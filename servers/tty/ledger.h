/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the tty server must not lose when it is killed.
 *
 * All of it lies in the ledger, a memory object that init hands to the next
 * instance together with the handle table, so that handles in it stay valid.
 * Two changes span more than one place and are made by intent: the record says
 * what is about to happen and how to tell whether it has, and ledger_recover,
 * run by the next instance, completes or forgets it.
 *
 * - A read or write of a client: its transaction is stored, then `done`; the
 *   repetition of the request finds its answer there.
 * - A frame that takes bytes of a terminal's output: the ring's counter says
 *   whether it was sent.
 *
 * What remains: bytes of a program's stream (not a terminal) that were taken
 * but whose frame was not sent are sent again from `stage`; a kill between
 * sending them and noting so repeats them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <protocols/console.h>
#include <trellis/message.h>

#include "frame_codec.h"
#include "terminal.h"

#define LEDGER_MAGIC UINT64_C(0x7474795f6c656467)
#define LEDGER_VERSION 1
#define LEDGER_TERMINALS 33 /* the console and 32 pseudo-terminals */
#define LEDGER_OPENS 1024
#define CONSOLE_TERMINAL 0

/* An open side of a terminal; its index plus FS_FIRST_SESSION is the session's badge. */
struct terminal_open {
    uint32_t in_use;
    uint16_t terminal;
    uint16_t side; /* enum terminal_side */
};

/* The last read or write of a client. */
struct last_request {
    uint64_t badge, identity, sequence;
    uint32_t label;
    uint32_t done; /* stored last: the rest is valid and will happen */
    uint32_t applied;
    uint32_t terminal;
    uint32_t length; /* of `text`, or the number of bytes written */
    uint32_t unused;
    struct transaction transaction;
    uint8_t text[MESSAGE_TEXT_SIZE];
};

/* A frame on its way into the ring. */
struct last_frame {
    uint32_t pending;
    uint32_t sent_after; /* the ring's counter once it is in */
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
    uint32_t staged; /* bytes of `stage` not yet sent */
    uint32_t ended;
    uint8_t stage[CONSOLE_PAYLOAD_MAX];
};

enum console_phase {
    CONSOLE_PHASE_WAITING,  /* for START */
    CONSOLE_PHASE_STARTING, /* strings are coming */
    CONSOLE_PHASE_RUNNING,
    CONSOLE_PHASE_FINISHING, /* FINISH was asked for: output is on its way */
    CONSOLE_PHASE_EXITING,   /* EXIT is in the ring */
};

struct console_state {
    uint32_t phase;
    uint32_t framed;
    uint32_t credit;        /* STDIN bytes the host may still send */
    uint32_t credit_due;    /* to be granted as soon as a frame fits */
    uint32_t input_ended;   /* STDIN_EOF came */
    uint32_t pending_input; /* bytes in `input` that the stream had no room for */
    uint8_t input[CONSOLE_PAYLOAD_MAX];
    struct console_start start;
    uint32_t strings_length;
    uint8_t strings[CONSOLE_STRINGS_MAX];
    struct console_stream streams[STREAM_COUNT];
    struct console_exit exit;
    handle_t finish_reply;
    struct frame_parser parser;
    struct last_frame frame;
};

struct ledger {
    uint64_t magic;
    uint64_t version;
    handle_t messages_read, messages_write; /* the stream to the process server */
    struct last_request last;
    struct console_state console;
    struct terminal_open opens[LEDGER_OPENS];
    struct terminal terminals[LEDGER_TERMINALS];
};

/* Make a fresh ledger, unless it is one of this version: then complete what was under way.
 * `ring_sent` is the console ring's counter of bytes sent. True if it was fresh. */
bool ledger_open(struct ledger *ledger, uint32_t ring_sent);

/* A free terminal or open, or NULL. */
struct terminal *ledger_new_terminal(struct ledger *ledger);
struct terminal_open *ledger_new_open(struct ledger *ledger);
