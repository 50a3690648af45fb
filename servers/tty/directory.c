/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * /dev/pts: one directory with a character device for each pseudo-terminal, and
 * ptmx. It changes only as terminals come and go, so its nodes are made up from
 * the terminals at each request; a session is credentials and nothing else.
 */
#include "server.h"

#include <base/errno.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>
#include <vfs/walk.h>

#define DIRECTORY_MODE 0040755u
#define SESSIONS_OF_USER (LEDGER_DIRECTORY / 4)
#define PTMX_NODE (LEDGER_TERMINALS + 1)
#define ROOT_NODE 1
#define DEVPTS_MAGIC 0x1cd1

static struct vfs_node nodes[PTMX_NODE + 1];

static struct terminal *terminal_of(uint32_t node)
{
    struct terminal *terminal =
        node > ROOT_NODE && node < PTMX_NODE ? &server.ledger->terminals[node - 1] : NULL;
    return terminal != NULL && terminal->in_use ? terminal : NULL;
}

static void refresh(uint32_t node)
{
    nodes[node].mode =
        node == ROOT_NODE ? DIRECTORY_MODE : 0020000u | (node == PTMX_NODE ? 0666u : 0620u);
}

static size_t name_of(uint32_t node, char *name, size_t size)
{
    if (node == PTMX_NODE)
        return text_format(name, size, "ptmx");
    return text_format(name, size, "%u", terminal_of(node)->number);
}

static fs_error_t lookup(struct vfs_node *directory, const char *name, size_t length,
                         struct vfs_node **child)
{
    (void)directory;
    for (uint32_t node = ROOT_NODE + 1; node <= PTMX_NODE; node++) {
        char own[16];
        if (node != PTMX_NODE && terminal_of(node) == NULL)
            continue;
        if (name_of(node, own, sizeof(own)) == length && memcmp(own, name, length) == 0) {
            refresh(node);
            *child = &nodes[node];
            return 0;
        }
    }
    return LINUX_ENOENT;
}

static struct vfs_node *parent(struct vfs_node *directory)
{
    return directory;
}

static fs_error_t read_link(struct vfs_node *link, char *target, size_t size, size_t *length)
{
    (void)link, (void)target, (void)size, (void)length;
    return LINUX_EINVAL;
}

static uint32_t covering_mount(struct vfs_node *directory)
{
    (void)directory;
    return 0;
}

static const struct vfs_operations operations = {lookup, parent, read_link, covering_mount};

static struct directory_session *find(uint64_t badge)
{
    if (!directory_owns(badge))
        return NULL;
    struct directory_session *session = &server.ledger->directory[badge - DIRECTORY_FIRST_BADGE];
    return session->in_use ? session : NULL;
}

bool directory_owns(uint64_t badge)
{
    return badge >= DIRECTORY_FIRST_BADGE && badge < DIRECTORY_FIRST_BADGE + LEDGER_DIRECTORY;
}

void directory_closed(uint64_t badge)
{
    struct directory_session *session = find(badge);
    if (session != NULL)
        session->in_use = 0;
}

static bool has_share(uint32_t uid)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < LEDGER_DIRECTORY && uid != 0; i++) {
        const struct directory_session *session = &server.ledger->directory[i];
        count += session->in_use && session->credentials.uid == uid;
    }
    return count >= SESSIONS_OF_USER;
}

static uint32_t put_session(uint32_t node, const struct fs_credentials *credentials,
                            unsigned *handles)
{
    if (has_share(credentials->uid))
        return LINUX_ENFILE;
    for (uint32_t i = 0; i < LEDGER_DIRECTORY; i++) {
        struct directory_session *session = &server.ledger->directory[i];
        if (session->in_use)
            continue;
        int64_t handle = native_session_create(server.endpoint, DIRECTORY_FIRST_BADGE + i);
        if (handle < 0)
            return LINUX_ENFILE;
        session->node = node;
        session->credentials = *credentials;
        session->in_use = 1;
        server.ledger->opening = (handle_t)handle; /* until the reply has taken it along */
        server.frame->handles[(*handles)++] =
            (struct message_handle){(handle_t)handle, RIGHT_SAME, MESSAGE_HANDLE_MOVE};
        return 0;
    }
    return LINUX_ENFILE;
}

static void put_attributes(uint32_t node, size_t *text)
{
    struct fs_attributes attributes = {.node = node, .device = 3, .links = 1, .block_size = 1024};
    const struct terminal *terminal = terminal_of(node);

    refresh(node);
    attributes.mode = nodes[node].mode;
    if (node == PTMX_NODE)
        attributes.rdev = 5u << 8 | 2;
    else if (terminal != NULL)
        attributes.rdev = 136u << 8 | terminal->number;
    memcpy(frame_text(server.frame), &attributes, sizeof(attributes));
    *text = sizeof(attributes);
}

/* Walk the text's path; false if the reply is complete (an error, or to go on elsewhere). */
static bool walk(const struct directory_session *session, struct message *message, uint32_t *node,
                 uint32_t *error, size_t *text)
{
    static struct vfs_walk walk;
    enum fs_outcome outcome = FS_OUTCOME_DONE;

    walk = (struct vfs_walk){.operations = &operations,
                             .start = &nodes[session->node],
                             .credentials = &session->credentials,
                             .flags = VFS_FOLLOW_LAST};
    walk.length = message_text_length(message->information);
    memcpy(walk.path, frame_text(server.frame), walk.length);
    refresh(session->node);
    *error = vfs_walk(&walk, &outcome);
    message->words[0] = outcome;
    message->words[1] = 0;
    if (*error != 0 || outcome == FS_OUTCOME_DONE) {
        *node = *error == 0 ? (uint32_t)(walk.node - nodes) : 0;
        return *error == 0;
    }
    memcpy(frame_text(server.frame), walk.path + walk.rest, walk.rest_length);
    *text = walk.rest_length;
    return false;
}

static uint32_t serve_open(struct directory_session *session, struct message *message,
                           unsigned *handles, size_t *text)
{
    uint64_t flags = message->words[0];
    uint32_t node, error;
    struct fs_credentials credentials = session->credentials;

    if ((flags & (FS_OPEN_CREATE | FS_OPEN_TEMPORARY)) != 0)
        return LINUX_EACCES;
    if (!walk(session, message, &node, &error, text))
        return error;
    if ((flags & FS_OPEN_DIRECTORY) != 0 && node != ROOT_NODE)
        return LINUX_ENOTDIR;
    if ((flags & FS_OPEN_ATTRIBUTES) == 0)
        error = put_session(node, &credentials, handles);
    put_attributes(node, text);
    return error;
}

static uint32_t serve_list(const struct directory_session *session, struct message *message,
                           size_t *text)
{
    uint64_t cookie = message->words[0];

    if (session->node != ROOT_NODE)
        return LINUX_ENOTDIR;
    for (; cookie < PTMX_NODE; cookie++) {
        uint32_t node = cookie == 0 ? ROOT_NODE : (uint32_t)cookie + 1;
        char name[16] = ".";
        struct vfs_entry entry = {
            .node = node, .cookie = cookie + 1, .name = name, .name_length = 1};
        if (node > ROOT_NODE && node < PTMX_NODE && terminal_of(node) == NULL)
            continue;
        refresh(node);
        entry.type = (uint8_t)(nodes[node].mode >> 12);
        if (node != ROOT_NODE)
            entry.name_length = name_of(node, name, sizeof(name));
        if (!vfs_pack_entry(frame_text(server.frame), MESSAGE_TEXT_SIZE, text, &entry))
            break;
    }
    message->words[0] = cookie;
    return 0;
}

static uint32_t serve_statistics(size_t *text)
{
    const struct fs_statistics statistics = {
        .type = DEVPTS_MAGIC, .block_size = 4096, .name_length = VFS_NAME_MAX};

    memcpy(frame_text(server.frame), &statistics, sizeof(statistics));
    *text = sizeof(statistics);
    return 0;
}

/* What is to be renewed is the first that came, if it is a session of this directory; or NULL. */
static const struct directory_session *session_that_came(const struct message *message)
{
    uint64_t badge;
    bool ours = message_handle_count(message->information) > 0 &&
                native_session_badge(server.endpoint, server.frame->handles[0].handle, &badge) == 0;

    return ours ? find(badge) : NULL;
}

static uint32_t mint(uint32_t node, const struct message *message, unsigned *handles)
{
    struct fs_credentials credentials;

    if (message_text_length(message->information) != sizeof(credentials))
        return LINUX_EINVAL;
    memcpy(&credentials, frame_text(server.frame), sizeof(credentials));
    return put_session(node, &credentials, handles);
}

/* On the control session. */
static uint32_t serve_mint(const struct message *message, uint32_t label, unsigned *handles)
{
    const struct directory_session *renewed = label == FS_RENEW ? session_that_came(message) : NULL;

    server_close_received(message);
    if (message->badge != TTY_BADGE_CONTROL)
        return LINUX_EBADF;
    if (label == FS_RENEW && renewed == NULL)
        return LINUX_EXDEV;
    return mint(label == FS_RENEW ? renewed->node : ROOT_NODE, message, handles);
}

uint32_t directory_serve(struct message *message, uint32_t label, unsigned *handles, size_t *text)
{
    struct directory_session *session = find(message->badge);
    uint32_t node, error;

    if (label == FS_MINT || label == FS_RENEW)
        return serve_mint(message, label, handles);
    server_close_received(message);
    if (session == NULL)
        return LINUX_EBADF;
    switch (label) {
    case FS_OPEN:
        return serve_open(session, message, handles, text);
    case FS_ATTRIBUTES:
        put_attributes(session->node, text);
        return 0;
    case FS_LIST:
        return serve_list(session, message, text);
    case FS_ACCESS:
        return walk(session, message, &node, &error, text) ? 0 : error;
    case FS_READLINK:
        return walk(session, message, &node, &error, text) ? LINUX_EINVAL : error;
    case FS_STATISTICS:
        return serve_statistics(text);
    case FS_COPY:
        return put_session(session->node, &session->credentials, handles);
    case FS_MAKE:
    case FS_SYMLINK:
    case FS_LINK:
    case FS_REMOVE:
    case FS_RENAME:
    case FS_CHANGE:
        return LINUX_EPERM;
    default:
        return LINUX_ENOSYS;
    }
}
