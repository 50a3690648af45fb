/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Object types, rights and the signals that can be waited for.
 *
 * A handle is a 64-bit token, positive when read as signed, valid only in the
 * process that holds it. Zero is never a handle.
 */
#pragma once

#include <stdint.h>

typedef uint64_t handle_t;

#define HANDLE_NONE ((handle_t)0)

/* X(NAME, name): the kernel's object types; ANY in the call table accepts each. */
#define TRELLIS_OBJECTS(X)                                                                         \
    X(PROCESS, process)                                                                            \
    X(THREAD, thread)                                                                              \
    X(ENDPOINT, endpoint)                                                                          \
    X(SESSION, session)                                                                            \
    X(REPLY, reply)                                                                                \
    X(EVENT, event)                                                                                \
    X(PORT, port)                                                                                  \
    X(STREAM, stream)                                                                              \
    X(MEMORY, memory)                                                                              \
    X(BUDGET, budget)                                                                              \
    X(ACCOUNT, account)                                                                            \
    X(INTERRUPT, interrupt)                                                                        \
    X(IOPORT, ioport)                                                                              \
    X(IOSPACE, iospace)

enum object_type {
    OBJECT_ANY = 0,
#define X(NAME, name) OBJECT_##NAME,
    TRELLIS_OBJECTS(X)
#undef X
        OBJECT_TYPE_COUNT
};

/*
 * Rights. They form a lattice: a handle's rights can only shrink, and what is
 * asked of a copy is met with what the source has. X(NAME, bit, meaning)
 */
#define TRELLIS_RIGHTS(X)                                                                          \
    X(COPY, 0, "make another handle to it, in this process or by a message")                       \
    X(MOVE, 1, "pass it on in a message, giving it up")                                            \
    X(READ, 2, "read bytes, receive, take")                                                        \
    X(WRITE, 3, "write bytes, call, send, put")                                                    \
    X(EXECUTE, 4, "map its pages executable")                                                      \
    X(WAIT, 5, "wait for and observe its signals")                                                 \
    X(SIGNAL, 6, "raise and clear its signals, wake, interrupt")                                   \
    X(INSPECT, 7, "read its state and statistics")                                                 \
    X(MANAGE, 8, "change what it is: map into, resize, limit, end it")                             \
    X(DERIVE, 9, "derive handles and revoke what was derived")                                     \
    X(IDENTITY, 10, "set identity words: the process server's")                                    \
    X(CHARGE, 11, "create objects that are charged to it")                                         \
    X(RESERVE, 12, "reserve processor time: make budgets")

enum right {
#define X(name, bit, meaning) RIGHT_##name = 1u << (bit),
    TRELLIS_RIGHTS(X)
#undef X
        RIGHT_ALL = (1u << 13) - 1,
    RIGHT_SAME = 1u << 31, /* in a request: whatever the source has */
};

/*
 * Signals: level bits that every object has, from its creation to its end. The
 * low eight mean the same on every type that raises them.
 */
enum signal_bit {
    SIGNAL_READABLE = 1u << 0, /* stream: bytes or messages to read; port: an observation */
    SIGNAL_WRITABLE =
        1u << 1, /* stream: room for at least STREAM_ATOMIC bytes; counter: room for one more */
    SIGNAL_CLOSED_READ = 1u << 2,  /* stream: no reader is left */
    SIGNAL_CLOSED_WRITE = 1u << 3, /* stream: no writer is left */
    SIGNAL_ENDED = 1u << 4,        /* process, thread: has ended, its handles are closed */
    SIGNAL_INTERRUPT = 1u << 5,    /* interrupt: the line fired; it is masked until acknowledged */
    SIGNAL_TIMER = 1u << 6,        /* event: its timer fired */
    SIGNAL_COUNT = 1u << 7,        /* event made as a counter: the count is above zero */
    SIGNAL_USER = 0xffffff00u,     /* event: the holders' own */
};

/* What handle_inspect tells of a handle. */
struct handle_information {
    uint64_t object_id; /* unique while the machine runs, the same for every handle to the object */
    uint32_t type;      /* enum object_type */
    uint32_t rights;    /* enum right bits */
    uint32_t signals;   /* the object's signals now */
    uint32_t flags;     /* enum handle_flag */
};

enum handle_flag {
    HANDLE_NOT_CLONED = 1u << 0, /* left behind by process_clone and process_create's inheritance */
    HANDLE_NOT_COUNTED =
        1u << 1, /* not a reader or writer of a stream: who keeps it for others; copies count */
};
