/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "reply.h"

#include <base/errno.h>
#include <base/text.h>
#include <trellis/native.h>

#define NAME_RIGHTS (RIGHT_COPY | RIGHT_MOVE | RIGHT_INSPECT)

char *request_text(const struct request *request)
{
    return frame_text(request->frame);
}

void reply_put_handle(struct request *request, handle_t handle, uint32_t rights, uint32_t flags)
{
    request->frame->handles[request->reply_handles++] =
        (struct message_handle){.handle = handle, .rights = rights, .flags = flags};
}

void reply_put_attributes(struct request *request, const struct node *node)
{
    struct fs_attributes attributes;

    node_attributes(node, &attributes);
    memcpy(request_text(request), &attributes, sizeof(attributes));
    request->reply_text = sizeof(attributes);
}

void request_close_handles(const struct request *request)
{
    for (unsigned i = 0; i < request->handle_count; i++)
        content_release(request->frame->handles[i].handle);
}

/* A structure as the request's whole text. */
bool request_take_text(const struct request *request, void *to, size_t size)
{
    if (request->text_length != size)
        return false;
    memcpy(to, request_text(request), size);
    return true;
}

/* Run a path operation's set-up: path from the first `length` bytes of the text. */
void request_begin(struct operation *operation, const struct request *request, size_t length)
{
    operation->session = request->session;
    operation->flags = (uint32_t)request->words[0];
    operation->mode = (uint32_t)request->words[1];
    operation->rdev = request->words[2];
    operation->outcome = FS_OUTCOME_DONE;
    operation->walk.length = length;
    memcpy(operation->walk.path, request_text(request), length);
}

/* True if the operation was done here; otherwise the reply says where to go on. */
bool reply_done_here(struct request *request, const struct operation *operation)
{
    request->reply[0] = operation->outcome;
    if (operation->outcome == FS_OUTCOME_DONE)
        return true;
    request->reply[1] = operation->walk.mount;
    memcpy(request_text(request), operation->walk.path + operation->walk.rest,
           operation->walk.rest_length);
    request->reply_text = operation->walk.rest_length;
    return false;
}

fs_error_t reply_put_session(struct request *request, struct node *node,
                             struct credentials *credentials, uint32_t flags)
{
    uint64_t badge;

    fs_error_t error = session_open(node, credentials, flags, &badge);
    if (error != 0)
        return error;
    int64_t handle = native_session_create(request_endpoint, badge);
    if (handle < 0) {
        session_close(badge);
        return LINUX_ENFILE;
    }
    reply_put_handle(request, (handle_t)handle, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    request->announced = session_is_announced(node, flags) ? badge : 0;
    return 0;
}

void reply_put_content(struct request *request, const struct node *node, uint32_t flags)
{
    uint32_t rights = NAME_RIGHTS;

    if ((flags & FS_OPEN_PATH) != 0)
        return;
    if (node_type(node) == TMPFS_REGULAR) {
        if ((flags & (FS_OPEN_READ | FS_OPEN_EXECUTE)) != 0)
            rights |= RIGHT_READ | RIGHT_EXECUTE;
        if ((flags & FS_OPEN_WRITE) != 0)
            rights |= RIGHT_WRITE;
        reply_put_handle(request, node->file.memory, rights, 0);
    } else if (node_type(node) == TMPFS_FIFO) {
        uint32_t end = NAME_RIGHTS | RIGHT_WAIT;
        if ((flags & FS_OPEN_READ) != 0)
            reply_put_handle(request, node->fifo.read_end, end | RIGHT_READ, 0);
        if ((flags & FS_OPEN_WRITE) != 0)
            reply_put_handle(request, node->fifo.write_end, end | RIGHT_WRITE, 0);
        reply_put_handle(request, node->fifo.event, end, 0);
    }
}

handle_t request_take_account(struct request *request)
{
    return request->handle_count == 0 ? HANDLE_NONE
                                      : request->frame->handles[--request->handle_count].handle;
}

struct session *request_take_session(struct request *request)
{
    uint64_t badge = 0;

    if (request->handle_count != 1) {
        request_close_handles(request);
        return NULL;
    }
    handle_t handle = request->frame->handles[0].handle;
    bool ours = native_session_badge(request_endpoint, handle, &badge) == 0;
    if (native_handle_close(handle) < 0)
        return NULL;
    return ours ? session_find(badge) : NULL;
}
