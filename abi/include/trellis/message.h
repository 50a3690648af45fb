/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Messages: the shape of call, reply and receive.
 *
 * A message is an information word, four or eight words in registers, up to
 * four handles and up to MESSAGE_TEXT_SIZE bytes of text. Handles and text are
 * put into, and found in, the thread's own pinned frame (frame.h): the kernel
 * copies between two frames, which can neither fault nor change size, so a
 * message is delivered whole or not at all.
 *
 *   bits  0..31  label: the operation in a request, the status in a reply
 *   bits 32..34  number of handles, 0 to 4
 *   bit  35      all eight words count, not only the first four
 *   bits 36..48  bytes of text, 0 to 4096
 */
#pragma once

#include <stdint.h>

#include <trellis/object.h>

#define MESSAGE_WORDS 8
#define MESSAGE_SHORT_WORDS 4
#define MESSAGE_HANDLES 4
#define MESSAGE_TEXT_SIZE 4096

#define MESSAGE_HANDLES_SHIFT 32
#define MESSAGE_LONG (UINT64_C(1) << 35)
#define MESSAGE_TEXT_SHIFT 36

static inline uint64_t message_information(uint32_t label, unsigned handles, unsigned text)
{
    return (uint64_t)label | (uint64_t)handles << MESSAGE_HANDLES_SHIFT |
           (uint64_t)text << MESSAGE_TEXT_SHIFT;
}

static inline uint32_t message_label(uint64_t information)
{
    return (uint32_t)information;
}

static inline unsigned message_handle_count(uint64_t information)
{
    return (unsigned)(information >> MESSAGE_HANDLES_SHIFT) & 7;
}

static inline unsigned message_text_length(uint64_t information)
{
    return (unsigned)(information >> MESSAGE_TEXT_SHIFT) & 0x1fff;
}

/* What endpoint_receive and reply_and_wait return (negative: an error). */
enum received {
    RECEIVED_CALL = 0,   /* a client waits: badge and identity say who */
    RECEIVED_SEND = 1,   /* a message that expects no answer */
    RECEIVED_EVENT = 2,  /* an observation fired: badge is its key, word 0 the signals */
    RECEIVED_CLOSED = 3, /* no handle to the session with this badge is left */
};

/* One handle in a frame's message area. */
struct message_handle {
    handle_t handle; /* sender: what to pass; receiver: what arrived */
    uint32_t rights; /* sender: at most these (RIGHT_SAME: all); receiver: what it has */
    uint32_t flags;  /* sender: enum message_handle_flag */
};

enum message_handle_flag {
    MESSAGE_HANDLE_MOVE = 1u << 0, /* the sender gives it up when the message is delivered */
};

/* A message as the user-side stubs take and give it; the kernel never sees this. */
struct message {
    uint64_t information;
    uint64_t words[MESSAGE_WORDS];
    uint64_t badge;    /* after a receive */
    uint64_t identity; /* after a receive */
};
