/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A terminal's state, as it lies in the ledger, and its line discipline.
 *
 * Nothing here makes a native call. A change that answers a request is worked
 * out in a struct transaction and takes effect when the server commits that
 * (ledger.h), so that a request is carried out once, however often the server
 * is killed on the way.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/tty.h>

/* Powers of two. */
#define TERMINAL_INPUT 4096
#define TERMINAL_OUTPUT 8192

#define TERMINAL_TAB_STOP 8

/* Linux' numbers of what the line discipline knows (asm-generic/termbits.h). */
enum input_flag {
    TERMIOS_ISTRIP = 0040,
    TERMIOS_INLCR = 0100,
    TERMIOS_IGNCR = 0200,
    TERMIOS_ICRNL = 0400,
    TERMIOS_IUCLC = 01000,
    TERMIOS_IXON = 02000,
    TERMIOS_IXANY = 04000,
    TERMIOS_IMAXBEL = 020000,
    TERMIOS_IUTF8 = 040000,
};
enum output_flag {
    TERMIOS_OPOST = 01,
    TERMIOS_OLCUC = 02,
    TERMIOS_ONLCR = 04,
    TERMIOS_OCRNL = 010,
    TERMIOS_ONOCR = 020,
    TERMIOS_ONLRET = 040,
    TERMIOS_XTABS = 014000,
};
enum local_flag {
    TERMIOS_ISIG = 01,
    TERMIOS_ICANON = 02,
    TERMIOS_ECHO = 010,
    TERMIOS_ECHOE = 020,
    TERMIOS_ECHOK = 040,
    TERMIOS_ECHONL = 0100,
    TERMIOS_NOFLSH = 0200,
    TERMIOS_TOSTOP = 0400,
    TERMIOS_ECHOCTL = 01000,
    TERMIOS_ECHOKE = 04000,
    TERMIOS_IEXTEN = 0100000,
};
enum control_character {
    TERMIOS_VINTR = 0,
    TERMIOS_VQUIT = 1,
    TERMIOS_VERASE = 2,
    TERMIOS_VKILL = 3,
    TERMIOS_VEOF = 4,
    TERMIOS_VTIME = 5,
    TERMIOS_VMIN = 6,
    TERMIOS_VSTART = 8,
    TERMIOS_VSTOP = 9,
    TERMIOS_VSUSP = 10,
    TERMIOS_VEOL = 11,
    TERMIOS_VREPRINT = 12,
    TERMIOS_VWERASE = 14,
    TERMIOS_VLNEXT = 15,
    TERMIOS_VEOL2 = 16,
};

/* Linux' numbers of the signals that a terminal sends. */
enum terminal_signal {
    TERMINAL_SIGINT = 2,
    TERMINAL_SIGQUIT = 3,
    TERMINAL_SIGTSTP = 20,
    TERMINAL_SIGWINCH = 28
};

/* An element of the input queue. */
#define INPUT_ENDS_LINE 0x100u   /* the byte ends a line */
#define INPUT_END_OF_FILE 0x200u /* no byte: VEOF was typed */

/* Counters are free-running: taken <= line <= put. What lies before `line` can be read. */
struct input_queue {
    uint32_t put, taken;
    uint32_t line; /* where the line being edited begins; `put` if there is none */
    uint16_t elements[TERMINAL_INPUT];
};

struct output_queue {
    uint32_t put, taken;
    uint8_t bytes[TERMINAL_OUTPUT];
};

struct terminal {
    uint32_t in_use;
    uint32_t number; /* of the pts; the console is 0 too */
    uint32_t owner;  /* user id of who made it; the console's is 0 */
    struct tty_settings settings;
    struct tty_size size;
    uint32_t session, group; /* 0: none */
    uint32_t stopped;        /* by VSTOP */
    uint32_t literal;        /* the next byte is taken as it is (VLNEXT) */
    uint32_t hung_up;
    uint32_t column;      /* where the cursor is, for tabs and erasing */
    uint32_t line_column; /* where the line being edited began */
    struct input_queue input;
    struct output_queue output;
    /* Pseudo-terminals */
    uint32_t locked;
    uint32_t masters, slaves; /* open sessions of each side */
    /* The server's own: events of both sides and the bits that stand on them */
    handle_t events[2];
    uint32_t event_bits[2];
};

enum terminal_side { SIDE_SLAVE = 0, SIDE_MASTER = 1 };

/* What a read or write will do to a terminal when it is committed. */
struct transaction {
    uint32_t input_taken;
    uint32_t output_put, output_taken;
    uint32_t column;
};

void terminal_init(struct terminal *terminal, uint32_t number);
struct transaction terminal_begin(const struct terminal *terminal);
void terminal_apply(struct terminal *terminal, const struct transaction *transaction);

/*
 * A byte typed. It joins the line being edited or the bytes that can be read, and is
 * echoed; returns the signal it means for the foreground group, or 0. Without room it
 * is lost.
 */
uint32_t line_receive(struct terminal *terminal, uint8_t byte);
/*
 * How many bytes can be typed now. A line too long for the queue does not count as
 * want of room: it is cut, for nobody could read it before it ends.
 */
uint32_t line_room(const struct terminal *terminal);
/* Bytes that can be read, of all lines. */
uint32_t line_waiting(const struct terminal *terminal);
/* There is something to read now, by the settings. */
bool line_is_readable(const struct terminal *terminal);
/* Take up to `size` bytes, of one line at the most when canonical. */
size_t line_read(const struct terminal *terminal, struct transaction *transaction, void *bytes,
                 size_t size);
/* Put what a program writes, processed, behind the output; returns how many bytes were taken. */
size_t line_write(struct terminal *terminal, struct transaction *transaction, const void *bytes,
                  size_t size);
/* New settings. What was typed before a change of ICANON can be read at once after it. */
void line_set(struct terminal *terminal, const struct tty_settings *settings);
void line_flush_input(struct terminal *terminal);

/* Put one byte, processed, behind the transaction's output. */
void output_put(struct terminal *terminal, struct transaction *to, uint8_t byte);
/* Ask the other end to stop or to go on with what it sends: VSTOP, VSTART. */
void output_ask(struct terminal *terminal, bool stop);
size_t output_waiting(const struct terminal *terminal);
size_t output_room(const struct terminal *terminal);
/* Copy up to `size` bytes of output, in order; the transaction takes them. */
size_t output_take(const struct terminal *terminal, struct transaction *transaction, void *bytes,
                   size_t size);
