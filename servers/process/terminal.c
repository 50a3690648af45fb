/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "terminal.h"

#include <base/log.h>
#include <protocols/tty.h>
#include <trellis/native.h>

#include "job.h"
#include "power.h"
#include "server.h"
#include "signal.h"
#include "start.h"

static char buffer[TTY_MESSAGE_SIZE] __attribute__((aligned(16)));

_Bool terminal_attach(void)
{
    struct message message;
    struct frame *frame = ipc_frame();

    message_begin(&message, TTY_ATTACH);
    int error = server_call(server.tty, &message);
    if (error != 0 || message_handle_count(message.information) != 2) {
        log_print("the tty server has no stream for us: error %d", error);
        return false;
    }
    server.messages = frame->handles[0].handle;
    server.tty_open = frame->handles[1].handle;
    return native_observe(server.endpoint, server.messages, SIGNAL_READABLE,
                          key_of(KEY_TERMINAL, 0), 0) >= 0;
}

static void take_signal(const struct tty_message *message)
{
    const struct process *first = process_find(power_first_program());
    uint32_t group = message->group;

    if (group == 0 && first != NULL)
        group = first->info->group;
    if (message->signal >= 1 && message->signal <= SIGNAL_LAST)
        job_signal_group(group, message->signal);
}

/* The host starts one program; a second START is none of its doing. */
static void take_start(size_t length)
{
    struct frame *frame = ipc_frame();
    struct start_request request = {
        .message = (const struct tty_message *)buffer,
        .strings = buffer + sizeof(struct tty_message),
        .strings_size = length - sizeof(struct tty_message),
    };

    for (uint64_t i = 0; i < frame->handle_count && i < MESSAGE_HANDLES; i++)
        request.handles[request.handle_count++] = frame->handles[i].handle;
    start_first_program(&request);
    for (unsigned i = 0; i < request.handle_count; i++)
        server_close(request.handles[i]);
}

static void take_message(size_t length)
{
    const struct tty_message *message = (const struct tty_message *)buffer;

    if (length < sizeof(*message))
        return;
    switch (message->kind) {
    case TTY_MESSAGE_START:
        take_start(length);
        break;
    case TTY_MESSAGE_SIGNAL:
        take_signal(message);
        break;
    case TTY_MESSAGE_HANG_UP:
        job_hang_up(message->group);
        break;
    default:
        log_print("the tty server sent a message of kind %u", message->kind);
    }
}

void terminal_messages(void)
{
    struct frame *frame = ipc_frame();

    for (;;) {
        frame->handle_count = 0;
        int64_t length =
            native_stream_read(server.messages, buffer, sizeof(buffer), STREAM_HANDLES);
        if (length <= 0)
            return;
        take_message((size_t)length);
    }
}

enum answer terminal_open(struct thread *caller, struct message *message)
{
    struct frame *frame = ipc_frame();

    for (unsigned i = 0; i < message_handle_count(message->information); i++)
        server_close(frame->handles[i].handle);
    uint64_t node = message->words[0] == TTY_NODE_PTMX ? TTY_NODE_PTMX : TTY_NODE_CONSOLE;
    message_begin(message, TTY_OPEN);
    message->words[0] = node;
    message->words[2] = caller->process->info->uid;
    int error = server_call(server.tty, message);
    unsigned count = error == 0 ? message_handle_count(message->information) : 0;
    for (unsigned i = 0; i < count; i++) {
        frame->handles[i].rights = RIGHT_SAME;
        frame->handles[i].flags = MESSAGE_HANDLE_MOVE;
    }
    message->information = message_information((uint32_t)error, count, 0);
    return ANSWER_REPLY;
}
