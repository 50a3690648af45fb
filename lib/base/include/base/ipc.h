/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Messages, for programs: the message calls of the kernel, and how handles and
 * text get into a frame.
 *
 * Each call takes and gives a struct message. Handles and text travel in the
 * calling thread's frame: frame->handles and frame_text(frame), where the next
 * message replaces them. Results: a negative status, else 0 (ipc_call, ipc_send,
 * ipc_reply) or an enum received (the others).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <trellis/frame.h>
#include <trellis/message.h>
#include <trellis/status.h>

int64_t ipc_call(handle_t session, struct message *message);
/* Waits until `frame->deadline` of the calling thread's frame. */
int64_t ipc_call_until(handle_t session, struct message *message);
int64_t ipc_send(handle_t session, struct message *message);
int64_t ipc_receive(handle_t endpoint, struct message *message);
int64_t ipc_receive_until(handle_t endpoint, struct message *message);
int64_t ipc_reply_and_wait(handle_t endpoint, struct message *message);
int64_t ipc_reply(handle_t reply, struct message *message);

/*
 * What ipc_reply and ipc_reply_and_wait say of a client that has no room for the handles in the
 * reply: it was not delivered, and the client waits for another.
 */
static inline bool ipc_has_no_room(int64_t result)
{
    enum status status = status_of_result(result);
    return status == STATUS_LIMIT || status == STATUS_NO_MEMORY;
}

/* The frame of a process' first thread: the only one of a server. */
static inline struct frame *ipc_frame(void)
{
    return (struct frame *)FRAME_BASE;
}

/* An empty message with this label: words zero, no handles, no text. */
static inline void message_begin(struct message *message, uint32_t label)
{
    *message = (struct message){.information = label};
}

/* Add a handle, at most MESSAGE_HANDLES. `rights` and `flags` as in struct message_handle. */
static inline void message_add_handle(struct message *message, struct frame *frame, handle_t handle,
                                      uint32_t rights, uint32_t flags)
{
    unsigned count = message_handle_count(message->information);
    frame->handles[count] = (struct message_handle){handle, rights, flags};
    message->information += UINT64_C(1) << MESSAGE_HANDLES_SHIFT;
}

/* The text's length; the bytes are in frame_text(frame) already. */
static inline void message_set_text(struct message *message, size_t length)
{
    message->information &= ~(UINT64_C(0x1fff) << MESSAGE_TEXT_SHIFT);
    message->information |= (uint64_t)length << MESSAGE_TEXT_SHIFT;
}

/* Copy up to MESSAGE_TEXT_SIZE bytes into the frame and set the length. */
void message_copy_text(struct message *message, struct frame *frame, const void *bytes,
                       size_t length);
