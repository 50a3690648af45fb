/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Requests on the node of a session: reading, writing, listing, locking. */
#include "reply.h"

#include <base/errno.h>
#include <base/text.h>
#include <trellis/native.h>

#include "lock.h"

#define TMPFS_MAGIC 0x01021994

fs_error_t serve_attributes(struct request *request)
{
    reply_put_attributes(request, request->session->node);
    return 0;
}

fs_error_t serve_change(struct request *request)
{
    struct fs_change change;

    if (!request_take_text(request, &change, sizeof(change)))
        return LINUX_EINVAL;
    return operation_change(request->session, &change);
}

static fs_error_t check_file(const struct session *session, uint32_t access)
{
    if (node_type(session->node) == TMPFS_DIRECTORY)
        return LINUX_EISDIR;
    if (node_type(session->node) != TMPFS_REGULAR)
        return LINUX_EINVAL;
    return (session->flags & access) == 0 ? LINUX_EBADF : 0;
}

fs_error_t serve_read(struct request *request)
{
    struct session *session = request->session;
    uint64_t offset = request->words[0] == FS_OFFSET_SHARED ? session->offset : request->words[0];
    uint64_t wanted = request->words[1] < MESSAGE_TEXT_SIZE ? request->words[1] : MESSAGE_TEXT_SIZE;

    fs_error_t error = check_file(session, FS_OPEN_READ);
    if (error != 0)
        return error;
    request->reply_text =
        offset >= session->node->file.size
            ? 0
            : content_load(session->node->file.memory, offset, request_text(request), wanted);
    request->reply[0] = offset;
    if (request->words[0] == FS_OFFSET_SHARED)
        session->offset = offset + request->reply_text;
    return 0;
}

fs_error_t serve_write(struct request *request)
{
    struct session *session = request->session;
    struct node *node = session->node;
    uint64_t offset = request->words[0];

    fs_error_t error = check_file(session, FS_OPEN_WRITE);
    if (error != 0)
        return error;
    if (offset == FS_OFFSET_APPEND)
        offset = node->file.size;
    else if (offset == FS_OFFSET_SHARED)
        offset = session->offset;
    if (request->text_length > 0)
        error = file_store(node, offset, request_text(request), request->text_length);
    if (error != 0)
        return error;
    if (session->credentials->values.uid != 0)
        node->vfs.mode &= ~06000u;
    if (session->offset_shared && request->words[0] >= FS_OFFSET_SHARED)
        session->offset = offset + request->text_length;
    request->reply[0] = request->text_length;
    request->reply[1] = offset + request->text_length;
    request->reply[2] = node->file.size;
    return 0;
}

fs_error_t serve_list(struct request *request)
{
    struct node *directory = request->session->node;
    uint64_t cookie = request->words[0];
    char *text = request_text(request);

    if (node_type(directory) != TMPFS_DIRECTORY)
        return LINUX_ENOTDIR;
    if ((request->session->flags & FS_OPEN_READ) == 0)
        return LINUX_EBADF;
    for (; cookie < 2; cookie++) {
        const struct node *dots = cookie == 0 ? directory : directory->directory.parent;
        struct vfs_entry entry = {.node = dots->number,
                                  .cookie = cookie + 1,
                                  .type = TMPFS_DIRECTORY >> 12,
                                  .name = "..",
                                  .name_length = cookie + 1};
        if (!vfs_pack_entry(text, MESSAGE_TEXT_SIZE, &request->reply_text, &entry))
            break;
    }
    for (struct entry *at = entry_from(directory, cookie); at != NULL;
         at = entry_from(directory, cookie)) {
        struct vfs_entry entry = {.node = at->node->number,
                                  .cookie = at->cookie + 1,
                                  .type = (uint8_t)(node_type(at->node) >> 12),
                                  .name = at->name,
                                  .name_length = at->name_length};
        if (!vfs_pack_entry(text, MESSAGE_TEXT_SIZE, &request->reply_text, &entry))
            break;
        cookie = at->cookie + 1;
    }
    request->reply[0] = cookie;
    return 0;
}

static uint64_t lesser(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static uint64_t what_is_left(uint64_t used, uint64_t limit)
{
    return used < limit ? limit - used : 0;
}

/* What is used by all, and what is left to who asks: the size is the sum. */
fs_error_t serve_statistics(struct request *request)
{
    const struct user *user = request->session->credentials->user;
    struct content_pages pages = content_pages(user->account);
    struct machine_information machine;
    struct fs_statistics statistics = {
        .type = TMPFS_MAGIC, .block_size = 4096, .name_length = VFS_NAME_MAX};

    if (native_machine_inspect(request_account, &machine) < 0)
        return LINUX_EIO;
    statistics.blocks_free = lesser(what_is_left(pages.used, pages.limit), machine.pages_free);
    statistics.blocks = user_pages_of_all() + statistics.blocks_free;
    statistics.nodes_free = what_is_left(user->used[USER_NODES], user->limit);
    statistics.nodes = tree_node_count + statistics.nodes_free;
    memcpy(request_text(request), &statistics, sizeof(statistics));
    request->reply_text = sizeof(statistics);
    return 0;
}

static void zero_range(struct node *node, uint64_t offset, uint64_t end)
{
    static const char zeroes[4096];

    while (offset < end) {
        uint64_t length = end - offset < sizeof(zeroes) ? end - offset : sizeof(zeroes);
        if (content_store(node->file.memory, offset, zeroes, length) != 0)
            return;
        offset += length;
    }
}

/* Whole pages are given back, what is left of the others is written over. */
static void punch_hole(struct node *node, uint64_t start, uint64_t end)
{
    uint64_t first = (start + 4095) & ~UINT64_C(4095);
    uint64_t last = end & ~UINT64_C(4095);

    if (first >= last) {
        zero_range(node, start, end);
        return;
    }
    zero_range(node, start, first);
    content_discard(node->file.memory, first, last - first);
    zero_range(node, last, end);
}

/* Whether a range could be filled; its pages come when it is. */
static fs_error_t check_space(const struct node *node, uint64_t length)
{
    struct content_pages pages = content_pages(node->payer->account);
    uint64_t needed = (length + 4095) / 4096, there = content_resident_pages(node->file.memory);

    return needed > there && needed - there > what_is_left(pages.used, pages.limit) ? LINUX_ENOSPC
                                                                                    : 0;
}

fs_error_t serve_allocate(struct request *request)
{
    enum { KEEP_SIZE = 1, PUNCH_HOLE = 2 };
    uint64_t offset = request->words[0];
    uint64_t length = request->words[1];
    struct node *node = request->session->node;

    fs_error_t error = check_file(request->session, FS_OPEN_WRITE);
    if (error != 0)
        return error;
    if (length == 0 || offset > UINT64_MAX - length || length > UINT64_MAX - 4095)
        return LINUX_EINVAL;
    if (request->words[2] == (KEEP_SIZE | PUNCH_HOLE)) {
        uint64_t end = offset + length < node->file.size ? offset + length : node->file.size;
        if (offset < end)
            punch_hole(node, offset, end);
        return 0;
    }
    if (request->words[2] != 0)
        return LINUX_EOPNOTSUPP;
    error = check_space(node, length);
    return error == 0 && offset + length > node->file.size ? file_resize(node, offset + length)
                                                           : error;
}

fs_error_t serve_share_offset(struct request *request)
{
    if (!request->session->offset_shared) {
        request->session->offset_shared = true;
        request->session->offset = request->words[0];
    }
    return 0;
}

fs_error_t serve_seek(struct request *request)
{
    enum { SEEK_TO, SEEK_BY, SEEK_FROM_END };
    struct session *session = request->session;
    int64_t base = request->words[1] == SEEK_BY ? (int64_t)session->offset : 0;
    int64_t offset;

    if (request->words[1] > SEEK_FROM_END)
        return LINUX_EINVAL;
    if (request->words[1] == SEEK_FROM_END && node_type(session->node) == TMPFS_REGULAR)
        base = (int64_t)session->node->file.size;
    if (__builtin_add_overflow(base, (int64_t)request->words[0], &offset) || offset < 0)
        return LINUX_EINVAL;
    session->offset = (uint64_t)offset;
    request->reply[0] = session->offset;
    return 0;
}

/* EAGAIN comes with an event that the next unlock raises. */
static fs_error_t refuse_lock(struct request *request)
{
    handle_t event;
    fs_error_t error = lock_wait(request->session->node, &event);

    if (error != 0)
        return error;
    reply_put_handle(request, event, RIGHT_COPY | RIGHT_MOVE | RIGHT_WAIT | RIGHT_INSPECT, 0);
    return LINUX_EAGAIN;
}

fs_error_t serve_lock(struct request *request)
{
    enum { LOCK_ASK = 2 };
    struct fs_lock lock;
    struct lock_request asked = {.lock = &lock,
                                 .pid = request->pid,
                                 .badge = request->badge,
                                 .user = request->session->credentials->user};

    if (!request_take_text(request, &lock, sizeof(lock)))
        return LINUX_EINVAL;
    if ((lock.flags & LOCK_ASK) != 0) {
        lock_ask(request->session->node, &asked);
        memcpy(request_text(request), &lock, sizeof(lock));
        request->reply_text = sizeof(lock);
        return 0;
    }
    fs_error_t error = lock_apply(request->session->node, &asked);
    return error == LINUX_EAGAIN ? refuse_lock(request) : error;
}

/* Written from the end of the text forwards, as the walk goes up. */
fs_error_t serve_path(struct request *request)
{
    struct node *at = request->session->node;
    char *text = request_text(request);
    size_t start = MESSAGE_TEXT_SIZE;

    if (node_type(at) != TMPFS_DIRECTORY)
        return LINUX_ENOTDIR;
    while (at != request_root) {
        const struct entry *entry = entry_of_directory(at);
        if (entry == NULL)
            return LINUX_ENOENT;
        size_t length = entry->name_length + (start < MESSAGE_TEXT_SIZE ? 1u : 0u);
        if (length > start)
            return LINUX_ENAMETOOLONG;
        if (start < MESSAGE_TEXT_SIZE)
            text[start - 1] = '/';
        start -= length;
        memcpy(text + start, entry->name, entry->name_length);
        at = entry->directory;
    }
    request->reply_text = MESSAGE_TEXT_SIZE - start;
    memmove(text, text + start, request->reply_text);
    return 0;
}
