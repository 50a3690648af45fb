/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "session.h"

#include <base/errno.h>
#include <base/heap.h>
#include <trellis/native.h>

#include "accounts.h"
#include "server.h"

#define BUCKETS 64

static struct list buckets[BUCKETS];
static uint64_t next_badge = FS_FIRST_SESSION;
static bool ready;

static struct list *bucket_of(uint64_t badge)
{
    for (unsigned i = 0; !ready && i < BUCKETS; i++)
        list_init(&buckets[i]);
    ready = true;
    return &buckets[badge % BUCKETS];
}

struct procfs_session *procfs_session_find(uint64_t badge)
{
    list_for_each (bucket_of(badge), node) {
        struct procfs_session *session = container_of(node, struct procfs_session, link);
        if (session->badge == badge)
            return session;
    }
    return NULL;
}

int procfs_session_create(const struct procfs_session *like, handle_t *handle)
{
    struct account *account = account_of_user(like->credentials.uid);

    if (account == NULL)
        return LINUX_ENOMEM;
    struct allowances *allowances = account_allowances(account);
    if (!allowance_take(allowances, ALLOWANCE_SESSIONS))
        return LINUX_ENFILE;
    struct procfs_session *session = allocate(sizeof(*session));
    int64_t created = session == NULL ? 0 : native_session_create(server.endpoint, next_badge);
    if (session == NULL || created < 0) {
        allowance_give_back(allowances, ALLOWANCE_SESSIONS);
        release(session);
        return session == NULL ? LINUX_ENOMEM : LINUX_ENFILE;
    }
    *session = *like;
    session->allowances = allowances;
    session->badge = next_badge++;
    session->offset = 0;
    list_push_front(bucket_of(session->badge), &session->link);
    *handle = (handle_t)created;
    return 0;
}

void procfs_session_close(uint64_t badge)
{
    struct procfs_session *session = procfs_session_find(badge);

    if (session == NULL)
        return;
    list_remove(&session->link);
    allowance_give_back(session->allowances, ALLOWANCE_SESSIONS);
    release(session);
}

int procfs_open_root(const struct procfs_entry *root_entry,
                     const struct fs_credentials *credentials, handle_t *session)
{
    struct procfs_session root = {.credentials = *credentials, .flags = FS_OPEN_PATH};

    procfs_root(&root.node, root_entry);
    return procfs_session_create(&root, session);
}

int procfs_renew(uint64_t badge, const struct fs_credentials *credentials, handle_t *session)
{
    const struct procfs_session *old = procfs_session_find(badge);

    if (old == NULL)
        return LINUX_EXDEV;
    struct procfs_session renewed = *old;
    renewed.credentials = *credentials;
    return procfs_session_create(&renewed, session);
}
