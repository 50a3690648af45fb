/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Content is made when it is read from its beginning, and kept for the session
 * that goes on reading where it stopped; another session that reads in between
 * has it made again, which is no worse than Linux' own /proc.
 */
#include "serve.h"

#include <base/errno.h>
#include <base/ipc.h>
#include <base/text.h>

#include "mounts.h"
#include "server.h"
#include "session.h"
#include "totals.h"

#define NS_PER_S UINT64_C(1000000000)
#define PROC_MAGIC 0x9fa0
#define SYS_MAGIC 0x62656572
#define TYPE 0170000
#define TYPE_DIRECTORY 0040000
#define TYPE_LINK 0120000
#define TYPE_FILE 0100000

struct request {
    struct procfs_session *session;
    struct frame *frame;
    uint64_t words[MESSAGE_WORDS];
    size_t text_length;
    uint64_t *reply;
    size_t reply_text;
    unsigned reply_handles;
};

static struct output content;
static uint64_t content_badge;
static struct vfs_walk walk;

static bool is_of_sys(const struct procfs_node *node)
{
    return node->path[0] == &sysfs_root_entry;
}

static uint32_t type_of(const struct procfs_node *node)
{
    return procfs_entry_of(node)->mode & TYPE;
}

/* The node at the request's path; false, with no error, if the walk goes on elsewhere. */
static fs_error_t walk_path(struct request *request, uint32_t flags, struct procfs_node **node)
{
    enum fs_outcome outcome = FS_OUTCOME_DONE;

    fs_error_t error = procfs_refresh(&request->session->node);
    if (error != 0)
        return error;
    if (request->text_length == 0 && (request->words[0] & FS_EMPTY_PATH) == 0)
        return LINUX_ENOENT;
    walk.operations = &procfs_operations;
    walk.start = &request->session->node.vfs;
    walk.credentials = &request->session->credentials;
    walk.flags = flags | ((request->words[0] & FS_AT_CEILING) != 0 ? VFS_CEILING : 0);
    walk.length = request->text_length;
    memcpy(walk.path, frame_text(request->frame), request->text_length);
    error = vfs_walk(&walk, &outcome);
    if (error != 0)
        return error;
    request->reply[0] = outcome;
    *node = outcome == FS_OUTCOME_DONE ? procfs_node_of(walk.node) : NULL;
    if (outcome != FS_OUTCOME_DONE) {
        request->reply[1] = walk.mount;
        memcpy(frame_text(request->frame), walk.path + walk.rest, walk.rest_length);
        request->reply_text = walk.rest_length;
    }
    return 0;
}

/* Since when it is there: since its process began, or the machine. */
static int64_t time_of(const struct procfs_node *node)
{
    const struct process *process = procfs_process(node);

    return totals_boot_time_s() + (process == NULL ? 0 : (int64_t)(process->start_ns / NS_PER_S));
}

static void put_attributes(struct request *request, const struct procfs_node *node)
{
    bool is_file = type_of(node) == TYPE_FILE;
    int64_t time_s = time_of(node);
    struct fs_attributes attributes = {
        .node = procfs_node_number(node),
        .device = is_of_sys(node) ? MOUNT_SYSTEM : MOUNT_PROC,
        .mode = procfs_entry_of(node)->mode,
        .links = type_of(node) == TYPE_DIRECTORY ? 2 : 1,
        .uid = node->vfs.uid,
        .gid = node->vfs.gid,
        .content = is_file ? FS_CONTENT_REQUESTS : FS_CONTENT_NONE,
        .block_size = 1024,
        .accessed_s = time_s,
        .modified_s = time_s,
        .changed_s = time_s,
    };
    memcpy(frame_text(request->frame), &attributes, sizeof(attributes));
    request->reply_text = sizeof(attributes);
}

static fs_error_t permit_open(const struct request *request, const struct procfs_node *node)
{
    uint64_t flags = request->words[0];
    uint32_t type = type_of(node);

    if ((flags & FS_OPEN_DIRECTORY) != 0 && type != TYPE_DIRECTORY)
        return LINUX_ENOTDIR;
    if ((flags & (FS_OPEN_PATH | FS_OPEN_ATTRIBUTES)) != 0)
        return 0;
    if (type == TYPE_LINK)
        return LINUX_ELOOP;
    if ((flags & FS_OPEN_WRITE) != 0)
        return type == TYPE_DIRECTORY ? LINUX_EISDIR : LINUX_EACCES;
    if ((flags & FS_OPEN_EXECUTE) != 0)
        return LINUX_EACCES;
    if (procfs_entry_of(node)->is_private && !procfs_may_inspect(node))
        return LINUX_EACCES;
    return vfs_permit(&node->vfs, &request->session->credentials, 4);
}

static fs_error_t put_session(struct request *request, const struct procfs_node *node,
                              uint32_t flags)
{
    struct procfs_session like = *request->session;
    handle_t handle = HANDLE_NONE;

    like.node = *node;
    like.flags = flags;
    int error = procfs_session_create(&like, &handle);
    if (error != 0)
        return (fs_error_t)error;
    request->frame->handles[request->reply_handles++] = (struct message_handle){
        .handle = handle, .rights = RIGHT_SAME, .flags = MESSAGE_HANDLE_MOVE};
    return 0;
}

static fs_error_t serve_open(struct request *request)
{
    uint32_t flags = (uint32_t)request->words[0];
    uint32_t follow = (flags & FS_OPEN_NO_FOLLOW) != 0 ? 0 : VFS_FOLLOW_LAST;
    struct procfs_node *node = NULL;

    fs_error_t error = walk_path(request, follow | VFS_CROSS_LAST, &node);
    if (error != 0 || node == NULL)
        return error;
    if ((flags & FS_OPEN_CREATE) != 0 && (flags & FS_OPEN_EXCLUSIVE) != 0)
        return LINUX_EEXIST;
    error = permit_open(request, node);
    if (error == 0 && (flags & FS_OPEN_ATTRIBUTES) == 0)
        error = put_session(request, node, flags);
    if (error == 0)
        put_attributes(request, node);
    return error;
}

static fs_error_t serve_attributes(struct request *request)
{
    fs_error_t error = procfs_refresh(&request->session->node);

    if (error == 0)
        put_attributes(request, &request->session->node);
    return error;
}

static fs_error_t serve_read(struct request *request)
{
    struct procfs_session *session = request->session;
    const struct procfs_node *node = &session->node;
    bool shared = request->words[0] == FS_OFFSET_SHARED;
    uint64_t offset = shared ? session->offset : request->words[0];
    uint64_t wanted = request->words[1] < MESSAGE_TEXT_SIZE ? request->words[1] : MESSAGE_TEXT_SIZE;

    if (type_of(node) != TYPE_FILE)
        return type_of(node) == TYPE_DIRECTORY ? LINUX_EISDIR : LINUX_EINVAL;
    if ((session->flags & FS_OPEN_READ) == 0)
        return LINUX_EBADF;
    if (procfs_refresh(&session->node) != 0)
        return LINUX_ESRCH;
    if (offset == 0 || content_badge != session->badge) {
        content.length = 0;
        content_badge = session->badge;
        procfs_entry_of(node)->print(&content, node);
    }
    uint64_t left = offset < content.length ? content.length - offset : 0;
    request->reply_text = left < wanted ? left : wanted;
    memcpy(frame_text(request->frame), content.bytes + offset, request->reply_text);
    request->reply[0] = offset;
    if (shared)
        session->offset = offset + request->reply_text;
    return 0;
}

/* Cookies 0 and 1 are the two dots, what follows is procfs_next_name's, raised by two. */
static fs_error_t serve_list(struct request *request)
{
    const struct procfs_node *node = &request->session->node;
    uint64_t cookie = request->words[0];
    char *text = frame_text(request->frame);
    struct procfs_name name;

    if (type_of(node) != TYPE_DIRECTORY)
        return LINUX_ENOTDIR;
    if (procfs_refresh(&request->session->node) != 0)
        return LINUX_ENOENT;
    for (; cookie < 2; cookie++) {
        struct vfs_entry entry = {.node = procfs_node_number(node),
                                  .cookie = cookie + 1,
                                  .type = TYPE_DIRECTORY >> 12,
                                  .name = "..",
                                  .name_length = cookie + 1};
        if (!vfs_pack_entry(text, MESSAGE_TEXT_SIZE, &request->reply_text, &entry))
            break;
    }
    while (cookie >= 2 && procfs_next_name(node, cookie - 2, &name)) {
        struct vfs_entry entry = {.node = name.node,
                                  .cookie = name.next + 2,
                                  .type = name.type,
                                  .name = name.text,
                                  .name_length = strlen(name.text)};
        if (!vfs_pack_entry(text, MESSAGE_TEXT_SIZE, &request->reply_text, &entry))
            break;
        cookie = name.next + 2;
    }
    request->reply[0] = cookie;
    return 0;
}

static fs_error_t serve_readlink(struct request *request)
{
    struct procfs_node *node = NULL;
    size_t length = 0;

    fs_error_t error = walk_path(request, 0, &node);
    if (error != 0 || node == NULL)
        return error;
    if (type_of(node) != TYPE_LINK)
        return LINUX_EINVAL;
    error = procfs_operations.read_link(&node->vfs, frame_text(request->frame), MESSAGE_TEXT_SIZE,
                                        &length);
    request->reply_text = length;
    return error;
}

static fs_error_t serve_access(struct request *request)
{
    uint32_t follow = (request->words[0] & FS_OPEN_NO_FOLLOW) != 0 ? 0 : VFS_FOLLOW_LAST;
    const struct fs_credentials *effective = &request->session->credentials;
    const struct fs_credentials real = fs_real_credentials(effective);
    struct procfs_node *node = NULL;

    fs_error_t error = walk_path(request, follow | VFS_CROSS_LAST, &node);
    if (error != 0 || node == NULL)
        return error;
    bool by_real = (request->words[0] & FS_ACCESS_EFFECTIVE) == 0;
    return vfs_permit(&node->vfs, by_real ? &real : effective, (uint32_t)request->words[1]);
}

static fs_error_t serve_statistics(struct request *request)
{
    struct fs_statistics statistics = {.type = is_of_sys(&request->session->node) ? SYS_MAGIC
                                                                                  : PROC_MAGIC,
                                       .block_size = 4096,
                                       .name_length = VFS_NAME_MAX};

    memcpy(frame_text(request->frame), &statistics, sizeof(statistics));
    request->reply_text = sizeof(statistics);
    return 0;
}

static fs_error_t serve_share_offset(struct request *request)
{
    request->session->offset = request->words[0];
    return 0;
}

static fs_error_t serve_seek(struct request *request)
{
    enum { SEEK_TO, SEEK_BY };
    struct procfs_session *session = request->session;
    int64_t base = request->words[1] == SEEK_BY ? (int64_t)session->offset : 0;
    int64_t offset;

    if (request->words[1] > SEEK_BY ||
        __builtin_add_overflow(base, (int64_t)request->words[0], &offset) || offset < 0)
        return LINUX_EINVAL;
    session->offset = (uint64_t)offset;
    request->reply[0] = session->offset;
    return 0;
}

static fs_error_t serve_copy(struct request *request)
{
    return put_session(request, &request->session->node, request->session->flags);
}

static fs_error_t serve_path(struct request *request)
{
    struct procfs_node *node = &request->session->node;

    if (procfs_refresh(node) != 0)
        return LINUX_ENOENT;
    if (type_of(node) != TYPE_DIRECTORY)
        return LINUX_ENOTDIR;
    request->reply_text = procfs_path(node, frame_text(request->frame), MESSAGE_TEXT_SIZE);
    return 0;
}

static fs_error_t serve_sync(struct request *request)
{
    (void)request;
    return 0;
}

typedef fs_error_t (*handler)(struct request *request);

static const handler handlers[] = {
    [FS_OPEN] = serve_open,
    [FS_ATTRIBUTES] = serve_attributes,
    [FS_READ] = serve_read,
    [FS_LIST] = serve_list,
    [FS_READLINK] = serve_readlink,
    [FS_ACCESS] = serve_access,
    [FS_STATISTICS] = serve_statistics,
    [FS_SHARE_OFFSET] = serve_share_offset,
    [FS_SEEK] = serve_seek,
    [FS_COPY] = serve_copy,
    [FS_SYNC] = serve_sync,
    [FS_PATH] = serve_path,
};

/* What changes a file system is not permitted here. */
static fs_error_t dispatch(struct request *request, uint32_t label)
{
    if (request->session == NULL)
        return LINUX_EBADF;
    if (label >= sizeof(handlers) / sizeof(handlers[0]) || handlers[label] == NULL)
        return label > FS_PATH ? LINUX_ENOSYS : LINUX_EPERM;
    return handlers[label](request);
}

void procfs_serve(struct message *message, struct frame *frame)
{
    uint32_t label = message_label(message->information);
    struct request request = {
        .session = procfs_session_find(message->badge),
        .frame = frame,
        .text_length = message_text_length(message->information),
        .reply = message->words,
    };

    for (unsigned i = 0; i < message_handle_count(message->information); i++)
        server_close(frame->handles[i].handle);
    procfs_set_viewer(thread_find((uint32_t)(message->identity >> 32)));
    memcpy(request.words, message->words, sizeof(request.words));
    memset(message->words, 0, sizeof(message->words));
    fs_error_t error = dispatch(&request, label);
    message->information =
        message_information(error, request.reply_handles, (unsigned)request.reply_text);
}
