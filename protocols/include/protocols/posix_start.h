/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The start block: how a POSIX process begins.
 *
 * The library of the old process (or the process server, for the first
 * program) makes a memory object with it; the process server maps it into the
 * new process at START_BLOCK_ADDRESS, beside the library's image, the info page
 * and the signal page, fills in what is marked S, and starts a thread at the
 * image's entry with the block's address as argument. The library maps the
 * program and goes there. All offsets are from the block's start; everything
 * is checked by the reader, for the old program could write the block.
 */
#pragma once

#include <stdint.h>

#include <trellis/arch/registers.h>
#include <trellis/object.h>

#define POSIX_START_MAGIC UINT64_C(0x7472617453786950)

/* Where the process server maps things in every process. */
#define POSIX_IMAGE_ADDRESS USER_LIBRARY                 /* the library is linked here */
#define POSIX_INFO_ADDRESS (USER_LIBRARY + 0x1000000)    /* struct process_info_page */
#define POSIX_SIGNALS_ADDRESS (USER_LIBRARY + 0x1010000) /* struct process_signal_page */
#define POSIX_START_ADDRESS (USER_LIBRARY + 0x1100000)   /* struct posix_start */
#define POSIX_START_MAX 0x400000

/*
 * Sorts of open file, and what `handles` of the descriptor are. For a TERMINAL
 * without handles the library opens the terminal `rdev` itself.
 */
enum posix_file_kind {
    POSIX_FILE_NONE = 0,
    POSIX_FILE_NODE =
        1, /* session of a file server, memory (if it has pages), session of its record locks */
    POSIX_FILE_STREAM =
        2, /* pipe end, FIFO or the host's stream: read end, write end, event, session */
    POSIX_FILE_TERMINAL = 3, /* session of the tty server, event */
    POSIX_FILE_DEVICE = 4,   /* null, zero, full, random ...: `rdev`; session of its node, if any */
    POSIX_FILE_EVENT = 5,    /* eventfd: event */
    POSIX_FILE_TIMER = 6,    /* timerfd: event */
    POSIX_FILE_SIGNAL = 7,   /* signalfd: extra[0] is the mask */
    POSIX_FILE_POLL = 8,     /* epoll: port */
    POSIX_FILE_SOCKET = 9,   /* socketpair: read end, write end */
    POSIX_FILE_PROCESS = 11, /* pidfd: event; extra[0] is the pid */
};

struct posix_start_descriptor {
    int32_t number;
    uint32_t kind;             /* enum posix_file_kind */
    uint32_t status_flags;     /* O_* of the description */
    uint32_t descriptor_flags; /* FD_CLOEXEC: not here, those are closed instead */
    uint64_t offset;           /* of the description while private; else UINT64_MAX */
    uint64_t rdev;
    uint64_t group;      /* descriptors with the same non-zero group share a description */
    handle_t handles[4]; /* session, memory or stream ends, event: as `kind` says */
    uint64_t extra[2];
};

struct posix_start {
    uint64_t magic;
    uint64_t size; /* bytes of the block in use */
    /* Set by the process server */
    handle_t self;                          /* S process */
    handle_t account;                       /* S */
    handle_t process;                       /* S session with the process server */
    handle_t tty;                           /* S service session with the tty server */
    handle_t time;                          /* S memory: struct time_page */
    handle_t child_event;                   /* S */
    uint64_t info_address, signals_address; /* S where its two pages are mapped */
    uint64_t library_address, library_size; /* S where the library's image is */
    uint64_t signal_slot;                   /* S of the first thread */
    uint64_t entropy[4];                    /* S */
    handle_t trace;                         /* stream for trace lines, or HANDLE_NONE */
    /* Set by the old program's library */
    handle_t root, cwd;  /* directory sessions */
    handle_t executable; /* session of the program, and its pages */
    handle_t executable_memory;
    handle_t
        interpreter; /* of its PT_INTERP; HANDLE_NONE: the new library opens it, if there is one */
    handle_t interpreter_memory;
    uint64_t umask;
    uint64_t blocked; /* signal mask */
    uint64_t ignored; /* bit n-1: signal n is ignored */
    uint32_t argument_count, environment_count;
    uint32_t strings, strings_size;   /* argv then envp, each with NUL */
    uint32_t path, path_size;         /* AT_EXECFN, with NUL */
    uint32_t cwd_path, cwd_path_size; /* for getcwd, with NUL */
    uint32_t descriptors, descriptor_count;
    uint32_t close, close_count; /* handles to close: what was FD_CLOEXEC */
    uint32_t dumpable, unused;
};
