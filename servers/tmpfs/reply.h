/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the operations of tmpfs share: the request being served and the parts of
 * its reply. Handlers fill in words, text and handles and return the error.
 */
#pragma once

#include <trellis/frame.h>
#include <trellis/message.h>

#include "operations.h"
#include "session.h"

struct request {
    struct session *session; /* NULL: a service session */
    uint64_t badge;
    uint32_t pid;
    uint64_t words[MESSAGE_WORDS]; /* as they came */
    unsigned handle_count;
    struct frame *frame;
    size_t text_length; /* of the request */
    /* The reply */
    uint64_t *reply; /* its words */
    unsigned reply_handles;
    size_t reply_text;
    uint64_t announced; /* as request_serve returns it */
};

/* As request_init set them. */
extern struct node *request_root;
extern handle_t request_endpoint, request_account;

/* The request's text, and the reply's. */
char *request_text(const struct request *request);
void reply_put_handle(struct request *request, handle_t handle, uint32_t rights, uint32_t flags);
void reply_put_attributes(struct request *request, const struct node *node);
/* Give up the handles that came with the request. */
void request_close_handles(const struct request *request);
/* A structure as the request's whole text. */
bool request_take_text(const struct request *request, void *to, size_t size);
/* Set a path operation up: the path is the first `length` bytes of the text. */
void request_begin(struct operation *operation, const struct request *request, size_t length);
/* True if the operation was done here; otherwise the reply says where to go on. */
bool reply_done_here(struct request *request, const struct operation *operation);
/* A new session for the node; ENFILE, ENOSPC. */
fs_error_t reply_put_session(struct request *request, struct node *node,
                             struct credentials *credentials, uint32_t flags);
/* The handles to what the node holds, by how it was opened. */
void reply_put_content(struct request *request, const struct node *node, uint32_t flags);
/* The session a client passed along with its request, alone; what came is used up. */
struct session *request_take_session(struct request *request);

/* The account in the last handle of a request; it is the caller's. HANDLE_NONE: there is none. */
handle_t request_take_account(struct request *request);

/* The operations, one for each FS_ label. */
fs_error_t serve_open(struct request *request);
fs_error_t serve_attributes(struct request *request);
fs_error_t serve_change(struct request *request);
fs_error_t serve_read(struct request *request);
fs_error_t serve_write(struct request *request);
fs_error_t serve_list(struct request *request);
fs_error_t serve_make(struct request *request);
fs_error_t serve_symlink(struct request *request);
fs_error_t serve_readlink(struct request *request);
fs_error_t serve_link(struct request *request);
fs_error_t serve_remove(struct request *request);
fs_error_t serve_rename(struct request *request);
fs_error_t serve_access(struct request *request);
fs_error_t serve_statistics(struct request *request);
fs_error_t serve_allocate(struct request *request);
fs_error_t serve_share_offset(struct request *request);
fs_error_t serve_seek(struct request *request);
fs_error_t serve_lock(struct request *request);
fs_error_t serve_copy(struct request *request);
fs_error_t serve_sync(struct request *request);
fs_error_t serve_path(struct request *request);
fs_error_t serve_listen(struct request *request);
fs_error_t serve_connect(struct request *request);
fs_error_t serve_mint(struct request *request);
fs_error_t serve_renew(struct request *request);
fs_error_t serve_mark_mount(struct request *request);
