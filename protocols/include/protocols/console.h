/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The framed console: host and guest over one UART (kernel option
 * `console=framed`; with `console=plain` the same UART is a plain terminal and
 * nothing here applies).
 *
 * A frame on the wire, after HDLC's asynchronous framing (RFC 1662 section 4):
 *
 *     FLAG  stuffed(type, payload of 0..CONSOLE_PAYLOAD_MAX bytes, check)  FLAG
 *
 * - Stuffing: FLAG and ESCAPE inside a frame are sent as ESCAPE, byte ^ FLIP; any
 *   other byte may be.
 * - Check: CRC-16/X-25 (the FCS of RFC 1662 appendix C: polynomial 0x8408
 *   reflected, start 0xffff, final complement) of type and payload, low byte first.
 * - A flag ends the frame before it and begins the next; nothing between two flags
 *   is no frame. Bytes before the first flag are noise (firmware, early output).
 * - A frame that is too short, too long, aborted by a flag or fails its check is
 *   dropped whole, counted and reported, never silent.
 * - Numbers are little-endian. Unknown types are counted as damaged.
 *
 * The conversation:
 *
 *     guest  WINDOW                            if it has one
 *     guest  READY                             once, when its console server is up
 *     host   START, START_MORE...              what to run, on what terminal
 *     guest  CREDIT                            before the first STDIN, and as room appears
 *     host   STDIN..., STDIN_WINDOW..., STDIN_EOF, WINSIZE, SIGNAL
 *     guest  STDOUT, STDERR, TERMINAL, LOG...
 *     guest  EXIT                              after the command's last output; then the
 *                                              machine is powered off
 *
 * LOG may come at any time, from the kernel before READY too. PANIC and
 * OUT_OF_MEMORY end the conversation. The kernel may cut into a frame that a
 * server was sending when it panics: it begins with a FLAG, which drops the rest.
 *
 * The window. A byte through an emulated UART costs its emulator a turn of its main
 * loop. A host that shares the guest's memory may therefore write standard input to
 * the window that WINDOW told of, and send how much it was by STDIN_WINDOW. The window
 * is a ring: byte n of all that ever went through it stands at n modulo its size. It
 * is at least as large as all credit that is ever outstanding, so nothing is
 * overwritten before it is taken.
 *
 * Terminals. The guest's descriptors 0, 1 and 2 are its terminal where the host's
 * are (START's flags), else a byte stream each. What is written to the terminal
 * comes as STDOUT if all three are terminals, as TERMINAL if only some are; what
 * is typed goes as STDIN, raw: line editing, echo and signals are the guest's tty
 * server's. STDIN is the terminal's input if descriptor 0 is a terminal, else the
 * stream at descriptor 0, which STDIN_EOF ends.
 */
#pragma once

#include <stdint.h>

#define CONSOLE_VERSION 1

#define CONSOLE_FLAG 0x7e
#define CONSOLE_ESCAPE 0x7d
#define CONSOLE_FLIP 0x20

#define CONSOLE_PAYLOAD_MAX 1024
#define CONSOLE_CHECK_SIZE 2
/* Type, payload and check, before stuffing. */
#define CONSOLE_FRAME_MAX (1 + CONSOLE_PAYLOAD_MAX + CONSOLE_CHECK_SIZE)
/* The worst case on the wire: every byte stuffed, and two flags. */
#define CONSOLE_WIRE_MAX (2 * CONSOLE_FRAME_MAX + 2)

#define CONSOLE_CHECK_START 0xffff
#define CONSOLE_CHECK_POLYNOMIAL 0x8408
/* The running check over type, payload and check of an undamaged frame. */
#define CONSOLE_CHECK_GOOD 0xf0b8

enum console_frame {
    /* Host to guest. */
    CONSOLE_START = 0x01,        /* struct console_start, then the first bytes of its strings */
    CONSOLE_START_MORE = 0x02,   /* the next bytes of the strings, in order */
    CONSOLE_STDIN = 0x03,        /* bytes, never more than credited */
    CONSOLE_STDIN_EOF = 0x04,    /* nothing; costs no credit */
    CONSOLE_WINSIZE = 0x05,      /* struct console_winsize */
    CONSOLE_SIGNAL = 0x06,       /* u8: Linux signal number, for the command's process group */
    CONSOLE_STDIN_WINDOW = 0x07, /* u32: so many STDIN bytes, credited, stand in the window */

    /* Guest to host. */
    CONSOLE_READY = 0x81,         /* u8: CONSOLE_VERSION */
    CONSOLE_STDOUT = 0x82,        /* bytes */
    CONSOLE_STDERR = 0x83,        /* bytes */
    CONSOLE_TERMINAL = 0x84,      /* bytes the terminal shows, unless STDOUT carries them */
    CONSOLE_EXIT = 0x85,          /* struct console_exit */
    CONSOLE_LOG = 0x86,           /* text of the kernel or a server; need not be a whole line */
    CONSOLE_PANIC = 0x87,         /* text; any number of frames */
    CONSOLE_OUT_OF_MEMORY = 0x88, /* text: who asked for what */
    CONSOLE_CREDIT = 0x89,        /* u32: so many more STDIN bytes may be sent, added up */
    CONSOLE_WINDOW = 0x8a,        /* struct console_window */
};

enum console_start_flag {
    CONSOLE_STDIN_TERMINAL = 1 << 0,
    CONSOLE_STDOUT_TERMINAL = 1 << 1,
    CONSOLE_STDERR_TERMINAL = 1 << 2,
    CONSOLE_TRACE = 1 << 3, /* print the command's Linux calls to its standard error */
};

#define CONSOLE_ENTROPY_SIZE 32
#define CONSOLE_STRINGS_MAX (128 * 1024)

/*
 * The head of START. `strings_size` bytes of strings follow it, over as many
 * START_MORE frames as they need:
 *
 *     u16 number of arguments, each argument with its NUL,
 *     u16 number of environment strings, each "NAME=value" with its NUL.
 *
 * There is at least one argument; the first is looked up in the environment's PATH
 * unless it has a slash.
 */
struct console_start {
    uint8_t version; /* CONSOLE_VERSION */
    uint8_t flags;   /* enum console_start_flag */
    uint16_t rows;   /* 0 where the host has no terminal */
    uint16_t columns;
    uint16_t unused;
    uint32_t strings_size;
    uint8_t entropy[CONSOLE_ENTROPY_SIZE];
};

struct console_winsize {
    uint16_t rows;
    uint16_t columns;
    uint16_t x_pixels;
    uint16_t y_pixels;
};

struct console_window {
    uint64_t address; /* physical */
    uint32_t size;    /* a power of two */
    uint32_t unused;
};

/* The window's place: a file in the boot archive, whose memory is the guest's and known. */
#define CONSOLE_WINDOW_FILE "console.window"
#define CONSOLE_WINDOW_SIZE 65536

enum console_exit_kind {
    CONSOLE_EXITED = 0,     /* value: the exit status */
    CONSOLE_SIGNALLED = 1,  /* value: the Linux signal number */
    CONSOLE_NOT_RUN = 2,    /* value: Linux errno of the execve that failed */
    CONSOLE_TURNED_OFF = 3, /* the power was turned off while it ran; no value */
    CONSOLE_RESTARTED = 4,  /* it shall boot anew: a reset follows, no last word; no value */
};

struct console_exit {
    uint8_t kind; /* enum console_exit_kind */
    uint8_t value;
};

/*
 * The last word of a guest, which ends QEMU. Any other end of QEMU is a crash of the
 * emulator, but for the reset that EXIT with CONSOLE_RESTARTED tells of.
 *
 * - x86-64: written to the isa-debug-exit device (port CONSOLE_POWER_PORT); QEMU's
 *   status is (value << 1) | 1.
 * - AArch64: semihosting SYS_EXIT with ADP_Stopped_ApplicationExit; the status is value.
 * - RISC-V: value << 16 | 0x3333 written to the sifive,test0 device; the status is value.
 *
 * Without it the guest powers off by ACPI, PSCI or SBI.
 */
#define CONSOLE_POWER_PORT 0xf4

enum console_power {
    CONSOLE_POWER_OFF = 0x2a,           /* orderly; EXIT says how the command ended */
    CONSOLE_POWER_PANIC = 0x2b,         /* PANIC says why */
    CONSOLE_POWER_OUT_OF_MEMORY = 0x2c, /* OUT_OF_MEMORY says who */
};
