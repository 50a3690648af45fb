/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Requests that begin with a path. */
#include "reply.h"

#include <base/errno.h>
#include <base/text.h>

fs_error_t serve_open(struct request *request)
{
    struct operation operation;
    struct node *node;

    request_begin(&operation, request, request->text_length);
    fs_error_t error = operation_open(&operation, &node);
    if (error != 0 || !reply_done_here(request, &operation))
        return error;
    if ((operation.flags & FS_OPEN_ATTRIBUTES) == 0) {
        error = reply_put_session(request, node, request->session->credentials, operation.flags);
        if (error != 0) {
            node_drop(node);
            return error;
        }
        reply_put_content(request, node, operation.flags);
    }
    reply_put_attributes(request, node);
    return 0;
}

fs_error_t serve_make(struct request *request)
{
    struct operation operation;

    request_begin(&operation, request, request->text_length);
    fs_error_t error = operation_make(&operation);
    if (error == 0)
        (void)reply_done_here(request, &operation);
    return error;
}

fs_error_t serve_symlink(struct request *request)
{
    struct operation operation;
    char target[MESSAGE_TEXT_SIZE];
    size_t path = strnlen(request_text(request), request->text_length);

    if (path == request->text_length)
        return LINUX_EINVAL;
    size_t length = request->text_length - path - 1;
    memcpy(target, request_text(request) + path + 1, length);
    request_begin(&operation, request, path);
    fs_error_t error = operation_symlink(&operation, target, length);
    if (error == 0)
        (void)reply_done_here(request, &operation);
    return error;
}

fs_error_t serve_readlink(struct request *request)
{
    struct operation operation;
    struct node *node;

    request_begin(&operation, request, request->text_length);
    fs_error_t error = operation_find_link(&operation, &node);
    if (error != 0 || !reply_done_here(request, &operation))
        return error;
    memcpy(request_text(request), node->link.target, node->link.length);
    request->reply_text = node->link.length;
    return 0;
}

fs_error_t serve_link(struct request *request)
{
    struct operation operation;
    struct session *other = request_take_session(request);

    if (other == NULL)
        return LINUX_EXDEV;
    request_begin(&operation, request, request->text_length);
    fs_error_t error = operation_link(&operation, other->node);
    if (error == 0)
        (void)reply_done_here(request, &operation);
    return error;
}

fs_error_t serve_remove(struct request *request)
{
    struct operation operation;

    request_begin(&operation, request, request->text_length);
    fs_error_t error = operation_remove(&operation);
    if (error == 0)
        (void)reply_done_here(request, &operation);
    return error;
}

fs_error_t serve_rename(struct request *request)
{
    struct session *other = request_take_session(request);
    const char *text = request_text(request);
    size_t old = strnlen(text, request->text_length);

    if (other == NULL)
        return LINUX_EXDEV;
    if (old == request->text_length)
        return LINUX_EINVAL;
    struct rename_request rename = {.from = request->session,
                                    .to = other,
                                    .old_name = text,
                                    .old_length = old,
                                    .new_name = text + old + 1,
                                    .new_length = request->text_length - old - 1,
                                    .flags = (uint32_t)request->words[0]};
    if (old > VFS_NAME_MAX || rename.new_length > VFS_NAME_MAX)
        return LINUX_ENAMETOOLONG;
    return operation_rename(&rename);
}

fs_error_t serve_access(struct request *request)
{
    struct credentials real = {.values =
                                   fs_real_credentials(&request->session->credentials->values)};
    struct session as_real = {.node = request->session->node, .credentials = &real};
    struct operation operation;

    request_begin(&operation, request, request->text_length);
    if ((operation.flags & FS_ACCESS_EFFECTIVE) == 0)
        operation.session = &as_real;
    fs_error_t error = operation_access(&operation);
    if (error == 0)
        (void)reply_done_here(request, &operation);
    return error;
}
