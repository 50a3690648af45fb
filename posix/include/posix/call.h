/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The Linux calls: dispatch, made from posix/linux/calls.toml.
 *
 * For each call NAME that is not absent there is `struct NAME_arguments` and a
 * function linux_NAME in <posix/calls.h>. The fields are the six argument
 * registers in order, cut to the types that calls.toml states.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <trellis/frame.h>

struct task;

#define CALL_ARGUMENTS 6

/* How --trace shows an argument. */
enum argument_kind {
    ARGUMENT_NONE,
    ARGUMENT_INT,
    ARGUMENT_UINT,
    ARGUMENT_LONG,
    ARGUMENT_SIZE,
    ARGUMENT_HEX,
    ARGUMENT_OCTAL,
    ARGUMENT_FD,
    ARGUMENT_DIRFD,
    ARGUMENT_POINTER,
    ARGUMENT_STRING,
    ARGUMENT_STRINGS,    /* argv */
    ARGUMENT_BUFFER_IN,  /* the next argument is its length */
    ARGUMENT_BUFFER_OUT, /* the result is its length */
    ARGUMENT_SIGNAL,
    ARGUMENT_FLAGS,       /* names in `flags` */
    ARGUMENT_CHOICE,      /* one name of `flags` */
    ARGUMENT_MODE,        /* with the file's type */
    ARGUMENT_CREATE_MODE, /* the last; shown if the flags before it have O_CREAT */
    ARGUMENT_COMMAND,     /* what the fcntl command before it takes */
    ARGUMENT_ENVIRONMENT, /* how many strings */
    ARGUMENT_VECTORS,     /* struct iovec; the next argument is how many */
    ARGUMENT_POLL,        /* struct pollfd; the next argument is how many */
    ARGUMENT_SELECT,      /* an fd_set; the first argument is how many */
    ARGUMENT_EVENTS,      /* struct epoll_event; the result is how many */
    ARGUMENT_ENTRIES,     /* struct linux_dirent, only counted; the result is how many bytes */
    ARGUMENT_WORDS,       /* int; the result is how many */
    ARGUMENT_ADDRESS,     /* struct sockaddr; the next argument is its length, or where it is */
    ARGUMENT_MESSAGE,     /* struct msghdr; its buffers hold as much as the result says */
    /* Structures of one size. */
    ARGUMENT_WORD,
    ARGUMENT_PIPE,   /* two descriptors */
    ARGUMENT_STATUS, /* a wait status */
    ARGUMENT_TIMESPEC,
    ARGUMENT_TIMESPECS, /* two, for utimensat */
    ARGUMENT_TIMEVAL,
    ARGUMENT_ITIMERVAL,
    ARGUMENT_ITIMERSPEC,
    ARGUMENT_STAT,
    ARGUMENT_STATX,
    ARGUMENT_STATFS,
    ARGUMENT_SIGSET,
    ARGUMENT_SIGACTION,
    ARGUMENT_STACK,
    ARGUMENT_SIGINFO,
    ARGUMENT_LIMIT,
    ARGUMENT_UTSNAME,
    ARGUMENT_LOCK,
    ARGUMENT_EVENT,
    ARGUMENT_KINDS
};

struct flag_name {
    uint64_t value;
    const char *name;
};

struct argument_shape {
    const char *name;
    enum argument_kind kind;
    const struct flag_name *flags; /* ended by one without a name */
    uint32_t mask;                 /* of FLAGS: the bits that are one choice among them */
    bool out;                      /* written by the call: shown if it succeeded */
};

struct call_entry {
    const char *name;
    int64_t (*handler)(struct task *task, const void *arguments); /* NULL: absent */
    const struct argument_shape *arguments;
    unsigned argument_count;
    enum argument_kind result; /* INT, POINTER or OCTAL */
};

/* By number; an empty entry has no name. */
#pragma GCC visibility push(hidden) /* found relative to the pc, not through a table */
extern const struct call_entry call_table[];
extern const unsigned call_table_size;

/* How often each absent call was made, by number; the last for numbers above the table. */
extern uint32_t call_absent_counts[];
#pragma GCC visibility pop

/*
 * From the entry stubs, on the task's own stack. True: every register is to be
 * loaded from the frame; which the last two always ask for.
 */
uint64_t call_enter(struct frame *frame);
uint64_t call_restart(struct frame *frame); /* the mark was seen on the way out of a call */
void call_interrupted(struct frame *frame);
void call_faulted(struct frame *frame);
