/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The tty server: the console, pseudo-terminals, line discipline.
 *
 * READ, WRITE, SET_SETTINGS, FLUSH and FLOW carry in [2] the group of a caller whose
 * controlling terminal this is, else 0. A group in the background is answered
 * EBUSY where POSIX wants it stopped (WRITE only with TOSTOP); what becomes of
 * it is the caller's business.
 *
 * A session stands for an open terminal. Nothing here blocks: what cannot be
 * done now is answered EAGAIN, and the event that came with OPEN says when to
 * try again. Replies carry a Linux errno in the label. Foreground groups and
 * sessions are set only through the control session, by the process server,
 * which knows who may; what the terminal has to tell the process server (a
 * program to start, a signal for a group) goes through a message stream.
 */
#pragma once

#include <stdint.h>

#include <trellis/message.h>

#define TTY_OPERATIONS(X)                                                                              \
    /* Service session. [0] enum tty_node, [1] number of the pts. Reply: handles session, event;    \
     * [0] the terminal's number, [1] its rdev. PTS: any session, and it counts for whose terminal     \
     * it is. Else control session, [2] the user id of whom it counts for. ENOSPC: there is no other \
     * terminal, or that user has a quarter of all; ENFILE: the same of opens. */  \
    X(OPEN, 1)                                                                                         \
    /* [0] bytes wanted, at most 4096, [1] a number that only a repetition of the same request has   \
     * again. Reply: text; no text and 0: end of file. EAGAIN: [0] how many ms to wait at most       \
     * before the read has had its time (VTIME), 0: for ever. */ \
    X(READ, 2)                                                                                         \
    /* text, [1] as READ. Reply: [0] bytes taken. */                                                   \
    X(WRITE, 3)                                                                                        \
    /* Reply: text struct tty_settings. */                                                             \
    X(GET_SETTINGS, 4)                                                                                 \
    /* [0] 0 now, 1 drain, 2 drain and flush input; text struct tty_settings. */                       \
    X(SET_SETTINGS, 5)                                                                                 \
    /* Reply: text struct tty_size. */                                                                 \
    X(GET_SIZE, 6)                                                                                     \
    /* text struct tty_size: SIGWINCH to the foreground if it changed. */                              \
    X(SET_SIZE, 7)                                                                                     \
    /* Reply: [0] session, [1] foreground group, [2] bytes to read, [3] bytes not yet written,      \
     * [4] rdev, [5] number. A pseudo-terminal's bytes count as written. */  \
    X(STATE, 8)                                                                                        \
    /* [0] bit 0 input, bit 1 output. */                                                               \
    X(FLUSH, 9)                                                                                        \
    /* [0] 1 lock, 0 unlock: pts of a ptmx. */                                                         \
    X(LOCK_PTS, 10)                                                                                    \
    /* [0] enum tty_flow: output stops, goes on; the other end is asked to stop, to go on. */          \
    X(FLOW, 11)                                                                                        \
    /* Control session. [0] rdev, [1] session id (0: none), [2] foreground group. */                   \
    X(SET_SESSION, 12)                                                                                 \
    /* Control session. The program has ended: [0] kind, [1] value as the EXIT frame has them;      \
     * EAGAIN until all output has reached the host. */  \
    X(FINISH, 13)                                                                                      \
    /* Control session. Reply: handles: the end to read of the stream of struct tty_message; a       \
     * session with badge TTY_BADGE_OPEN, which the process server hands to programs. */ \
    X(ATTACH, 14)                                                                                      \
    /* Control session. As FS_MINT (same number): a session of the root of /dev/pts. */                \
    X(MINT, 21)

/* Badges of the service sessions. What a program holds may only OPEN. */
#define TTY_BADGE_CONTROL 1
#define TTY_BADGE_OPEN 2

enum tty_operation {
#define X(name, number) TTY_##name = (number),
    TTY_OPERATIONS(X)
#undef X
};

/* As Linux' tcflow has them. */
enum tty_flow { TTY_FLOW_STOP, TTY_FLOW_GO_ON, TTY_FLOW_ASK_TO_STOP, TTY_FLOW_ASK_TO_GO_ON };

enum tty_node { TTY_NODE_CONSOLE = 0, TTY_NODE_PTMX = 1, TTY_NODE_PTS = 2 };

/* Bits of the event that comes with OPEN; level. */
#define TTY_READABLE (1u << 8)
#define TTY_WRITABLE (1u << 9)
#define TTY_HUNG_UP (1u << 10)

/* The kernel's struct termios of Linux (asm-generic), NCCS 19. */
struct tty_settings {
    uint32_t input, output, control, local;
    uint8_t line;
    uint8_t characters[19];
    uint32_t input_speed, output_speed;
};

struct tty_size {
    uint16_t rows, columns, x_pixels, y_pixels;
};

/* Messages of the stream from the tty server to the process server. */
enum tty_message_kind {
    TTY_MESSAGE_START =
        1, /* struct tty_message, then argv and environment strings, each with NUL */
    TTY_MESSAGE_SIGNAL = 2,  /* `signal` for group `group`; 0: the first program's */
    TTY_MESSAGE_HANG_UP = 3, /* to session `group`: SIGHUP and SIGCONT */
};

#define TTY_MESSAGE_SIZE (192 * 1024) /* the most one message may have */

/*
 * descriptor_kind says what descriptors 0, 1 and 2 are: TTY_DESCRIPTOR_TERMINAL
 * is opened by the library itself (OPEN, the console); for each
 * TTY_DESCRIPTOR_STREAM the message carries the stream's end, in order. After
 * them, with `trace`, the write end of the stream that trace lines go to.
 */
enum tty_descriptor_kind { TTY_DESCRIPTOR_TERMINAL = 0, TTY_DESCRIPTOR_STREAM = 1 };

struct tty_message {
    uint32_t kind;
    uint32_t signal;
    uint32_t group;
    uint32_t rdev;
    uint32_t trace; /* START: print the program's Linux calls */
    uint32_t argument_count, environment_count;
    uint8_t descriptor_kind[4]; /* enum tty_descriptor_kind; the fourth is not used */
    uint8_t entropy[32];        /* START: from the host */
};
