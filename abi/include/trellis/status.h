/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The results of native calls and of service requests.
 *
 * A native call returns a signed 64-bit value: zero or positive is success (a
 * count, a handle, or nothing), a negative one is the negated status. Service
 * protocols carry the same numbers in the label of a reply.
 */
#pragma once

#include <stdint.h>

/* X(name, number, meaning). Numbers are part of the contract: never reused. */
#define TRELLIS_STATUSES(X)                                                                        \
    X(OK, 0, "success")                                                                            \
    X(BAD_HANDLE, 1, "the handle was never issued, is closed, or is another process's")            \
    X(WRONG_TYPE, 2, "the handle names an object of another type")                                 \
    X(NO_RIGHT, 3, "the handle lacks a right that the call needs")                                 \
    X(REVOKED, 4, "the handle was derived from one that has been revoked")                         \
    X(BAD_ADDRESS, 5, "a user pointer is outside user space, unmapped or not accessible")          \
    X(INVALID, 6, "an argument has a value the call does not define")                              \
    X(OUT_OF_RANGE, 7, "a range overflows, is empty, or leaves the object")                        \
    X(NO_MEMORY, 8, "the account's memory allowance, or the machine's memory, is exhausted")       \
    X(LIMIT, 9, "the account's allowance of handles, threads or messages is exhausted")            \
    X(WOULD_BLOCK, 10, "nothing to take or no room to put; wait for readiness and try again")      \
    X(TIMED_OUT, 11, "the deadline passed")                                                        \
    X(INTERRUPTED, 12, "the thread was interrupted while it waited")                               \
    X(CLOSED, 13, "nobody is left at the other end")                                               \
    X(DEAD, 14, "the process or thread has ended")                                                 \
    X(BUSY, 15, "the object is in a use that excludes this one")                                   \
    X(NOT_FOUND, 16, "there is no such thing")                                                     \
    X(EXISTS, 17, "the thing or the place is taken")                                               \
    X(UNSUPPORTED, 18, "not implemented, or not by this machine")                                  \
    X(BAD_CALL, 19, "there is no native call with this number")                                    \
    X(BAD_STATE, 20, "the object is not in a state that allows this")                              \
    X(SERVER_DIED, 21, "the server ended before it answered; the request may be repeated")

enum status {
#define X(name, number, meaning) STATUS_##name = (number),
    TRELLIS_STATUSES(X)
#undef X
};

/* The value a native call returns for `status`. */
static inline int64_t status_to_result(enum status status)
{
    return -(int64_t)status;
}

/* The status in a native call's result; STATUS_OK for any value that is not negative. */
static inline enum status status_of_result(int64_t result)
{
    return result < 0 ? (enum status) - result : STATUS_OK;
}
