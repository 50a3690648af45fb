/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One function for each operation, found by its label. A handler fills in the
 * reply's words, text and handles and returns the error for its label.
 */
#include "request.h"

#include <base/errno.h>
#include <base/ipc.h>
#include <base/text.h>
#include <trellis/native.h>

#include "reply.h"

struct node *request_root;
handle_t request_endpoint, request_account;

void request_init(struct node *root, handle_t endpoint, handle_t account)
{
    request_root = root;
    request_endpoint = endpoint;
    request_account = account;
}

fs_error_t serve_copy(struct request *request)
{
    return reply_put_session(request, request->session->node, request->session->credentials,
                             request->session->flags);
}

fs_error_t serve_sync(struct request *request)
{
    (void)request; /* nothing here outlives the server */
    return 0;
}

/* A directory session of a node with the credentials in the text. */
static fs_error_t mint(struct request *request, struct node *node, uint32_t flags)
{
    struct fs_credentials values;

    if (!request_take_text(request, &values, sizeof(values)))
        return LINUX_EINVAL;
    struct credentials *credentials = credentials_create(&values);
    if (credentials == NULL)
        return LINUX_ENOSPC;
    fs_error_t error = reply_put_session(request, node, credentials, flags);
    credentials_release(credentials);
    return error;
}

fs_error_t serve_mint(struct request *request)
{
    return request->words[0] != 0 ? LINUX_EINVAL : mint(request, request_root, FS_OPEN_PATH);
}

fs_error_t serve_renew(struct request *request)
{
    struct session *other = request_take_session(request);
    return other == NULL ? LINUX_EXDEV : mint(request, other->node, other->flags);
}

fs_error_t serve_mark_mount(struct request *request)
{
    struct credentials nobody_else = {.references = 1};
    struct session control = {.node = request_root, .credentials = &nobody_else};
    struct operation operation;

    request_begin(&operation, request, request->text_length);
    operation.session = &control;
    operation.flags = 0;
    fs_error_t error = operation_mark_mount(&operation, (uint32_t)request->words[1]);
    if (error == 0)
        (void)reply_done_here(request, &operation);
    return error;
}

struct handler {
    fs_error_t (*serve)(struct request *request);
    bool control; /* by service sessions only; the others by node sessions only */
};

static const struct handler handlers[] = {
    [FS_OPEN] = {serve_open, false},         [FS_ATTRIBUTES] = {serve_attributes, false},
    [FS_CHANGE] = {serve_change, false},     [FS_READ] = {serve_read, false},
    [FS_WRITE] = {serve_write, false},       [FS_LIST] = {serve_list, false},
    [FS_MAKE] = {serve_make, false},         [FS_SYMLINK] = {serve_symlink, false},
    [FS_READLINK] = {serve_readlink, false}, [FS_LINK] = {serve_link, false},
    [FS_REMOVE] = {serve_remove, false},     [FS_RENAME] = {serve_rename, false},
    [FS_ACCESS] = {serve_access, false},     [FS_STATISTICS] = {serve_statistics, false},
    [FS_ALLOCATE] = {serve_allocate, false}, [FS_SHARE_OFFSET] = {serve_share_offset, false},
    [FS_SEEK] = {serve_seek, false},         [FS_LOCK] = {serve_lock, false},
    [FS_COPY] = {serve_copy, false},         [FS_SYNC] = {serve_sync, false},
    [FS_MINT] = {serve_mint, true},          [FS_MARK_MOUNT] = {serve_mark_mount, true},
    [FS_RENEW] = {serve_renew, true},        [FS_PATH] = {serve_path, false},
    [FS_LISTEN] = {serve_listen, false},     [FS_CONNECT] = {serve_connect, false},
};

static fs_error_t dispatch(struct request *request, uint32_t label)
{
    bool control = request->badge < FS_FIRST_SESSION;

    if (label >= sizeof(handlers) / sizeof(handlers[0]) || handlers[label].serve == NULL)
        return LINUX_ENOSYS;
    if (handlers[label].control != control || (!control && request->session == NULL))
        return LINUX_EBADF;
    return handlers[label].serve(request);
}

/* Handles nobody asked for must not pile up. */
static void close_unexpected(const struct request *request, uint32_t label)
{
    bool expected = label == FS_LINK || label == FS_RENAME || label == FS_RENEW ||
                    label == FS_LISTEN || label == FS_CONNECT;

    if (!expected)
        request_close_handles(request);
}

void request_serve(struct message *message, struct frame *frame)
{
    uint32_t label = message_label(message->information);
    struct request request = {
        .session = session_find(message->badge),
        .badge = message->badge,
        .pid = (uint32_t)message->identity,
        .handle_count = message_handle_count(message->information),
        .frame = frame,
        .text_length = message_text_length(message->information),
        .reply = message->words,
    };

    memcpy(request.words, message->words, sizeof(request.words));
    memset(message->words, 0, sizeof(message->words));
    close_unexpected(&request, label);
    fs_error_t error = dispatch(&request, label);
    message->information =
        message_information(error, request.reply_handles, (unsigned)request.reply_text);
}

void request_undeliverable(struct message *message, struct frame *frame)
{
    for (unsigned i = 0; i < message_handle_count(message->information); i++) {
        if ((frame->handles[i].flags & MESSAGE_HANDLE_MOVE) != 0)
            content_release(frame->handles[i].handle);
    }
    message->information = message_information(LINUX_EMFILE, 0, 0);
}
