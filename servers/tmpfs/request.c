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

#include "lock.h"
#include "operations.h"
#include "session.h"

#define TMPFS_MAGIC 0x01021994
#define NAME_RIGHTS (RIGHT_COPY | RIGHT_MOVE | RIGHT_INSPECT)

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
};

static struct node *root_node;
static handle_t own_endpoint, own_account;

void request_init(struct node *root, handle_t endpoint, handle_t account)
{
    root_node = root;
    own_endpoint = endpoint;
    own_account = account;
}

static char *text_of(const struct request *request)
{
    return frame_text(request->frame);
}

static void put_handle(struct request *request, handle_t handle, uint32_t rights, uint32_t flags)
{
    request->frame->handles[request->reply_handles++] =
        (struct message_handle){.handle = handle, .rights = rights, .flags = flags};
}

static void put_attributes(struct request *request, const struct node *node)
{
    struct fs_attributes attributes;

    node_attributes(node, &attributes);
    memcpy(text_of(request), &attributes, sizeof(attributes));
    request->reply_text = sizeof(attributes);
}

/* A structure as the request's whole text. */
static bool take_text(const struct request *request, void *to, size_t size)
{
    if (request->text_length != size)
        return false;
    memcpy(to, text_of(request), size);
    return true;
}

/* Run a path operation's set-up: path from the first `length` bytes of the text. */
static void begin(struct operation *operation, const struct request *request, size_t length)
{
    operation->session = request->session;
    operation->flags = (uint32_t)request->words[0];
    operation->mode = (uint32_t)request->words[1];
    operation->rdev = request->words[2];
    operation->outcome = FS_OUTCOME_DONE;
    operation->walk.length = length;
    memcpy(operation->walk.path, text_of(request), length);
}

/* True if the operation was done here; otherwise the reply says where to go on. */
static bool done_here(struct request *request, const struct operation *operation)
{
    request->reply[0] = operation->outcome;
    if (operation->outcome == FS_OUTCOME_DONE)
        return true;
    request->reply[1] = operation->walk.mount;
    memcpy(text_of(request), operation->walk.path + operation->walk.rest,
           operation->walk.rest_length);
    request->reply_text = operation->walk.rest_length;
    return false;
}

static fs_error_t put_session(struct request *request, struct node *node,
                              struct credentials *credentials, uint32_t flags)
{
    uint64_t badge;

    fs_error_t error = session_open(node, credentials, flags, &badge);
    if (error != 0)
        return error;
    int64_t handle = native_session_create(own_endpoint, badge);
    if (handle < 0) {
        session_close(badge);
        return LINUX_ENFILE;
    }
    put_handle(request, (handle_t)handle, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    return 0;
}

static void put_content(struct request *request, const struct node *node, uint32_t flags)
{
    uint32_t rights = NAME_RIGHTS;

    if ((flags & FS_OPEN_PATH) != 0)
        return;
    if (node_type(node) == TMPFS_REGULAR) {
        if ((flags & (FS_OPEN_READ | FS_OPEN_EXECUTE)) != 0)
            rights |= RIGHT_READ | RIGHT_EXECUTE;
        if ((flags & FS_OPEN_WRITE) != 0)
            rights |= RIGHT_WRITE;
        put_handle(request, node->file.memory, rights, 0);
    } else if (node_type(node) == TMPFS_FIFO) {
        uint32_t end = NAME_RIGHTS | RIGHT_WAIT;
        if ((flags & FS_OPEN_READ) != 0)
            put_handle(request, node->fifo.content.read_end, end | RIGHT_READ, 0);
        if ((flags & FS_OPEN_WRITE) != 0)
            put_handle(request, node->fifo.content.write_end, end | RIGHT_WRITE, 0);
        put_handle(request, node->fifo.content.event, end, 0);
    }
}

static fs_error_t serve_open(struct request *request)
{
    struct operation operation;
    struct node *node;

    begin(&operation, request, request->text_length);
    fs_error_t error = operation_open(&operation, &node);
    if (error != 0 || !done_here(request, &operation))
        return error;
    if ((operation.flags & FS_OPEN_ATTRIBUTES) == 0) {
        error = put_session(request, node, request->session->credentials, operation.flags);
        if (error != 0) {
            node_drop(node);
            return error;
        }
        put_content(request, node, operation.flags);
    }
    put_attributes(request, node);
    return 0;
}

static fs_error_t serve_attributes(struct request *request)
{
    put_attributes(request, request->session->node);
    return 0;
}

static fs_error_t serve_change(struct request *request)
{
    struct fs_change change;

    if (!take_text(request, &change, sizeof(change)))
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

static fs_error_t serve_read(struct request *request)
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
            : content_load(session->node->file.memory, offset, text_of(request), wanted);
    request->reply[0] = offset;
    if (request->words[0] == FS_OFFSET_SHARED)
        session->offset = offset + request->reply_text;
    return 0;
}

static fs_error_t serve_write(struct request *request)
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
        error = file_store(node, offset, text_of(request), request->text_length);
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

static fs_error_t serve_list(struct request *request)
{
    struct node *directory = request->session->node;
    uint64_t cookie = request->words[0];
    char *text = text_of(request);

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

static fs_error_t serve_make(struct request *request)
{
    struct operation operation;

    begin(&operation, request, request->text_length);
    fs_error_t error = operation_make(&operation);
    if (error == 0)
        (void)done_here(request, &operation);
    return error;
}

static fs_error_t serve_symlink(struct request *request)
{
    struct operation operation;
    char target[MESSAGE_TEXT_SIZE];
    size_t path = strnlen(text_of(request), request->text_length);

    if (path == request->text_length)
        return LINUX_EINVAL;
    size_t length = request->text_length - path - 1;
    memcpy(target, text_of(request) + path + 1, length);
    begin(&operation, request, path);
    fs_error_t error = operation_symlink(&operation, target, length);
    if (error == 0)
        (void)done_here(request, &operation);
    return error;
}

static fs_error_t serve_readlink(struct request *request)
{
    struct operation operation;
    struct node *node;

    begin(&operation, request, request->text_length);
    fs_error_t error = operation_find_link(&operation, &node);
    if (error != 0 || !done_here(request, &operation))
        return error;
    memcpy(text_of(request), node->link.target, node->link.length);
    request->reply_text = node->link.length;
    return 0;
}

/* The session a client passed along with its request; the handle is used up. */
static struct session *take_session(struct request *request)
{
    uint64_t badge = 0;

    if (request->handle_count != 1)
        return NULL;
    handle_t handle = request->frame->handles[0].handle;
    bool ours = native_session_badge(own_endpoint, handle, &badge) == 0;
    if (native_handle_close(handle) < 0)
        return NULL;
    return ours ? session_find(badge) : NULL;
}

static fs_error_t serve_link(struct request *request)
{
    struct operation operation;
    struct session *other = take_session(request);

    if (other == NULL)
        return LINUX_EXDEV;
    begin(&operation, request, request->text_length);
    fs_error_t error = operation_link(&operation, other->node);
    if (error == 0)
        (void)done_here(request, &operation);
    return error;
}

static fs_error_t serve_remove(struct request *request)
{
    struct operation operation;

    begin(&operation, request, request->text_length);
    fs_error_t error = operation_remove(&operation);
    if (error == 0)
        (void)done_here(request, &operation);
    return error;
}

static fs_error_t serve_rename(struct request *request)
{
    struct session *other = take_session(request);
    const char *text = text_of(request);
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

static fs_error_t serve_access(struct request *request)
{
    struct operation operation;

    begin(&operation, request, request->text_length);
    fs_error_t error = operation_access(&operation);
    if (error == 0)
        (void)done_here(request, &operation);
    return error;
}

static fs_error_t serve_statistics(struct request *request)
{
    struct account_information account;
    struct fs_statistics statistics = {
        .type = TMPFS_MAGIC, .block_size = 4096, .name_length = VFS_NAME_MAX};

    if (native_account_inspect(own_account, &account) < 0)
        return LINUX_EIO;
    statistics.blocks = account.limits.pages;
    statistics.blocks_free = account.limits.pages - account.used.pages;
    statistics.nodes = account.limits.pages;
    statistics.nodes_free =
        statistics.nodes > tree_node_count ? statistics.nodes - tree_node_count : 0;
    memcpy(text_of(request), &statistics, sizeof(statistics));
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

static fs_error_t serve_allocate(struct request *request)
{
    enum { KEEP_SIZE = 1, PUNCH_HOLE = 2 };
    uint64_t offset = request->words[0];
    uint64_t length = request->words[1];
    struct node *node = request->session->node;

    fs_error_t error = check_file(request->session, FS_OPEN_WRITE);
    if (error != 0)
        return error;
    if (length == 0 || offset > UINT64_MAX - length)
        return LINUX_EINVAL;
    if (request->words[2] == (KEEP_SIZE | PUNCH_HOLE)) {
        uint64_t end = offset + length < node->file.size ? offset + length : node->file.size;
        if (offset < end)
            punch_hole(node, offset, end);
        return 0;
    }
    if (request->words[2] != 0)
        return LINUX_EOPNOTSUPP;
    return offset + length > node->file.size ? file_resize(node, offset + length) : 0;
}

static fs_error_t serve_share_offset(struct request *request)
{
    if (!request->session->offset_shared) {
        request->session->offset_shared = true;
        request->session->offset = request->words[0];
    }
    return 0;
}

static fs_error_t serve_seek(struct request *request)
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
    int64_t event = native_event_create(own_account, 0, 0);

    if (event < 0)
        return LINUX_ENOLCK;
    int64_t kept = native_handle_copy((handle_t)event, RIGHT_SAME, 0);
    if (kept < 0 || lock_wait(request->session->node, (handle_t)kept) != 0) {
        content_release((handle_t)event);
        content_release(kept < 0 ? HANDLE_NONE : (handle_t)kept);
        return LINUX_ENOLCK;
    }
    put_handle(request, (handle_t)event, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    return LINUX_EAGAIN;
}

static fs_error_t serve_lock(struct request *request)
{
    enum { LOCK_ASK = 2 };
    struct fs_lock lock;
    struct lock_request asked = {.lock = &lock, .pid = request->pid, .badge = request->badge};

    if (!take_text(request, &lock, sizeof(lock)))
        return LINUX_EINVAL;
    if ((lock.flags & LOCK_ASK) != 0) {
        lock_ask(request->session->node, &asked);
        memcpy(text_of(request), &lock, sizeof(lock));
        request->reply_text = sizeof(lock);
        return 0;
    }
    fs_error_t error = lock_apply(request->session->node, &asked);
    return error == LINUX_EAGAIN ? refuse_lock(request) : error;
}

static fs_error_t serve_copy(struct request *request)
{
    return put_session(request, request->session->node, request->session->credentials,
                       request->session->flags);
}

static fs_error_t serve_sync(struct request *request)
{
    (void)request; /* nothing here outlives the server */
    return 0;
}

/* A directory session of a node with the credentials in the text. */
static fs_error_t mint(struct request *request, struct node *node, uint32_t flags)
{
    struct fs_credentials values;

    if (!take_text(request, &values, sizeof(values)))
        return LINUX_EINVAL;
    struct credentials *credentials = credentials_create(&values);
    if (credentials == NULL)
        return LINUX_ENOSPC;
    fs_error_t error = put_session(request, node, credentials, flags);
    credentials_release(credentials);
    return error;
}

static fs_error_t serve_mint(struct request *request)
{
    return request->words[0] != 0 ? LINUX_EINVAL : mint(request, root_node, FS_OPEN_PATH);
}

static fs_error_t serve_renew(struct request *request)
{
    struct session *other = take_session(request);
    return other == NULL ? LINUX_EXDEV : mint(request, other->node, other->flags);
}

static fs_error_t serve_mark_mount(struct request *request)
{
    struct credentials nobody_else = {.references = 1};
    struct session control = {.node = root_node, .credentials = &nobody_else};
    struct operation operation;

    begin(&operation, request, request->text_length);
    operation.session = &control;
    operation.flags = 0;
    fs_error_t error = operation_mark_mount(&operation, (uint32_t)request->words[1]);
    if (error == 0)
        (void)done_here(request, &operation);
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
    [FS_RENEW] = {serve_renew, true},
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
    if (label == FS_LINK || label == FS_RENAME || label == FS_RENEW)
        return;
    for (unsigned i = 0; i < request->handle_count; i++)
        content_release(request->frame->handles[i].handle);
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
