/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "session.h"

#include <base/errno.h>
#include <base/heap.h>
#include <base/text.h>

#include "lock.h"

static struct session *sessions;
static uint64_t session_capacity;
static uint64_t first_free; /* index + 1; 0: none */

struct credentials *credentials_create(const struct fs_credentials *values, struct user *user)
{
    struct credentials *credentials = allocate_zeroed(1, sizeof(*credentials));

    if (credentials == NULL)
        return NULL;
    credentials->references = 1;
    credentials->user = user;
    credentials->values = *values;
    if (credentials->values.group_count > FS_GROUPS)
        credentials->values.group_count = FS_GROUPS;
    return credentials;
}

void credentials_release(struct credentials *credentials)
{
    if (--credentials->references == 0)
        release(credentials);
}

static bool grow(void)
{
    uint64_t capacity = session_capacity == 0 ? 64 : session_capacity * 2;
    struct session *grown = reallocate(sessions, capacity * sizeof(*grown));

    if (grown == NULL)
        return false;
    memset(grown + session_capacity, 0, (capacity - session_capacity) * sizeof(*grown));
    for (uint64_t i = capacity; i > session_capacity; i--) {
        grown[i - 1].next_free = first_free;
        first_free = i;
    }
    sessions = grown;
    session_capacity = capacity;
    return true;
}

/* The sides that the flags of a session are of, if it is one of a FIFO. */
static uint32_t fifo_sides(const struct node *node, uint32_t flags)
{
    if (node_type(node) != TMPFS_FIFO || (flags & FS_OPEN_PATH) != 0)
        return 0;
    return ((flags & FS_OPEN_READ) != 0 ? FS_FIFO_READER : 0u) |
           ((flags & FS_OPEN_WRITE) != 0 ? FS_FIFO_WRITER : 0u);
}

/*
 * Who is there is told by the ends that are held, not by the sessions: an end closes first, and
 * the other side may have acted on it before the session is gone. Who waits for this side hears
 * of it when its end has arrived: session_announce.
 */
static void open_fifo(const struct node *node, uint32_t sides)
{
    if (sides == 0)
        return;
    uint32_t there = sides | content_fifo_sides(&node->fifo);
    content_signal(node->fifo.event, ~there & (FS_FIFO_READER | FS_FIFO_WRITER), 0);
}

fs_error_t session_open(struct node *node, struct credentials *credentials, uint32_t flags,
                        uint64_t *badge)
{
    if (!user_take(credentials->user, USER_SESSIONS, 1))
        return LINUX_ENFILE;
    if (first_free == 0 && !grow()) {
        user_give_back(credentials->user, USER_SESSIONS, 1);
        return LINUX_ENOSPC;
    }
    uint64_t index = first_free - 1;
    struct session *session = &sessions[index];
    first_free = session->next_free;
    *session = (struct session){.node = node, .credentials = credentials, .flags = flags};
    node->opens++;
    credentials->references++;
    open_fifo(node, fifo_sides(node, flags));
    *badge = FS_FIRST_SESSION + index;
    return 0;
}

bool session_is_announced(const struct node *node, uint32_t flags)
{
    return fifo_sides(node, flags) != 0;
}

void session_announce(uint64_t badge)
{
    const struct session *session = session_find(badge);

    if (session != NULL)
        content_signal(session->node->fifo.event, 0, fifo_sides(session->node, session->flags));
}

struct session *session_find(uint64_t badge)
{
    if (badge < FS_FIRST_SESSION || badge - FS_FIRST_SESSION >= session_capacity)
        return NULL;
    struct session *session = &sessions[badge - FS_FIRST_SESSION];
    return session->node == NULL ? NULL : session;
}

void session_close(uint64_t badge)
{
    struct session *session = session_find(badge);

    if (session == NULL)
        return;
    struct node *node = session->node;
    lock_drop_session(node, badge);
    user_give_back(session->credentials->user, USER_SESSIONS, 1);
    credentials_release(session->credentials);
    *session = (struct session){.next_free = first_free};
    first_free = badge - FS_FIRST_SESSION + 1;
    node->opens--;
    node_drop(node);
}
