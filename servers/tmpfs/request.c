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

/* A session of a node with the credentials in the text; the account is taken over. */
static fs_error_t mint(struct request *request, struct node *node, uint32_t flags, handle_t account)
{
    struct fs_credentials values;
    struct user *user;

    if (!request_take_text(request, &values, sizeof(values))) {
        content_release(account);
        return LINUX_EINVAL;
    }
    fs_error_t error = user_find(values.uid, account, &user);
    if (error != 0)
        return error;
    struct credentials *credentials = credentials_create(&values, user);
    if (credentials == NULL)
        return LINUX_ENOSPC;
    error = reply_put_session(request, node, credentials, flags);
    credentials_release(credentials);
    return error;
}

fs_error_t serve_mint(struct request *request)
{
    handle_t account = request_take_account(request);
    return mint(request, request_root, FS_OPEN_PATH, account);
}

fs_error_t serve_renew(struct request *request)
{
    handle_t account = request_take_account(request);
    struct session *other = request_take_session(request);

    if (other != NULL)
        return mint(request, other->node, other->flags, account);
    content_release(account);
    return LINUX_EXDEV;
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

/* CONTROL: by service sessions only; the others by node sessions only. HANDLES: it takes those that
 * come along; for the others they are closed. */
enum { CONTROL = 1, HANDLES = 2 };

struct handler {
    fs_error_t (*serve)(struct request *request);
    unsigned flags;
};

static const struct handler handlers[] = {
    [FS_OPEN] = {serve_open, 0},
    [FS_ATTRIBUTES] = {serve_attributes, 0},
    [FS_CHANGE] = {serve_change, 0},
    [FS_READ] = {serve_read, 0},
    [FS_WRITE] = {serve_write, 0},
    [FS_LIST] = {serve_list, 0},
    [FS_MAKE] = {serve_make, 0},
    [FS_SYMLINK] = {serve_symlink, 0},
    [FS_READLINK] = {serve_readlink, 0},
    [FS_LINK] = {serve_link, HANDLES},
    [FS_REMOVE] = {serve_remove, 0},
    [FS_RENAME] = {serve_rename, HANDLES},
    [FS_ACCESS] = {serve_access, 0},
    [FS_STATISTICS] = {serve_statistics, 0},
    [FS_ALLOCATE] = {serve_allocate, 0},
    [FS_SHARE_OFFSET] = {serve_share_offset, 0},
    [FS_SEEK] = {serve_seek, 0},
    [FS_LOCK] = {serve_lock, 0},
    [FS_COPY] = {serve_copy, 0},
    [FS_SYNC] = {serve_sync, 0},
    [FS_MINT] = {serve_mint, CONTROL | HANDLES},
    [FS_MARK_MOUNT] = {serve_mark_mount, CONTROL},
    [FS_RENEW] = {serve_renew, CONTROL | HANDLES},
    [FS_PATH] = {serve_path, 0},
    [FS_LISTEN] = {serve_listen, HANDLES},
    [FS_CONNECT] = {serve_connect, HANDLES},
};

static fs_error_t refuse(const struct request *request, fs_error_t error)
{
    request_close_handles(request);
    return error;
}

static fs_error_t dispatch(struct request *request, uint32_t label)
{
    bool control = request->badge < FS_FIRST_SESSION;

    if (label >= sizeof(handlers) / sizeof(handlers[0]) || handlers[label].serve == NULL)
        return refuse(request, LINUX_ENOSYS);
    if (((handlers[label].flags & CONTROL) != 0) != control ||
        (!control && request->session == NULL))
        return refuse(request, LINUX_EBADF);
    if ((handlers[label].flags & HANDLES) == 0)
        request_close_handles(request);
    return handlers[label].serve(request);
}

uint64_t request_serve(struct message *message, struct frame *frame)
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
    fs_error_t error = dispatch(&request, label);
    message->information =
        message_information(error, request.reply_handles, (unsigned)request.reply_text);
    return request.announced;
}

void request_undeliverable(struct message *message, struct frame *frame)
{
    for (unsigned i = 0; i < message_handle_count(message->information); i++) {
        if ((frame->handles[i].flags & MESSAGE_HANDLE_MOVE) != 0)
            content_release(frame->handles[i].handle);
    }
    message->information = message_information(LINUX_EMFILE, 0, 0);
}
