/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/ipc.h>

#include <base/text.h>
#include <trellis/arch/native_call.h>
#include <trellis/calls.h>

int64_t ipc_call(handle_t session, struct message *message)
{
    return native_message_call(CALL_IPC_CALL, session, message);
}

int64_t ipc_call_until(handle_t session, struct message *message)
{
    return native_message_call(CALL_IPC_CALL_UNTIL, session, message);
}

int64_t ipc_send(handle_t session, struct message *message)
{
    return native_message_call(CALL_IPC_SEND, session, message);
}

int64_t ipc_receive(handle_t endpoint, struct message *message)
{
    return native_message_call(CALL_IPC_RECEIVE, endpoint, message);
}

int64_t ipc_receive_until(handle_t endpoint, struct message *message)
{
    return native_message_call(CALL_IPC_RECEIVE_UNTIL, endpoint, message);
}

int64_t ipc_reply_and_wait(handle_t endpoint, struct message *message)
{
    return native_message_call(CALL_IPC_REPLY_AND_WAIT, endpoint, message);
}

int64_t ipc_reply(handle_t reply, struct message *message)
{
    return native_message_call(CALL_IPC_REPLY, reply, message);
}

void message_copy_text(struct message *message, struct frame *frame, const void *bytes,
                       size_t length)
{
    size_t taken = length < MESSAGE_TEXT_SIZE ? length : MESSAGE_TEXT_SIZE;
    memcpy(frame_text(frame), bytes, taken);
    message_set_text(message, taken);
}
