/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "operations.h"

#include <base/errno.h>

enum { RENAME_NO_REPLACE = 1, RENAME_EXCHANGE = 2 };

struct rename {
    struct node *from, *to;
    struct entry *old;      /* what is moved */
    struct entry *replaced; /* what stood at the new name, or NULL */
};

static bool is_above(const struct node *node, struct node *directory)
{
    for (struct node *at = directory;; at = at->directory.parent) {
        if (at == node)
            return true;
        if (at == at->directory.parent)
            return false;
    }
}

static fs_error_t permit_entry(struct node *directory, const struct entry *entry,
                               const struct fs_credentials *who)
{
    bool sticky = (directory->vfs.mode & 01000) != 0;

    if (entry != NULL && sticky && who->uid != 0 && who->uid != entry->node->vfs.uid &&
        who->uid != directory->vfs.uid)
        return LINUX_EPERM;
    if (directory->links == 1)
        return LINUX_ENOENT;
    return vfs_permit(&directory->vfs, who, 3);
}

static fs_error_t check_replaced(const struct rename *rename)
{
    bool old_directory = node_type(rename->old->node) == TMPFS_DIRECTORY;
    struct node *replaced = rename->replaced->node;
    bool new_directory = node_type(replaced) == TMPFS_DIRECTORY;

    if (new_directory && !old_directory)
        return LINUX_EISDIR;
    if (!new_directory && old_directory)
        return LINUX_ENOTDIR;
    if (!new_directory)
        return 0;
    if (replaced->directory.mount != 0)
        return LINUX_EBUSY;
    return replaced->directory.count > 0 ? LINUX_ENOTEMPTY : 0;
}

/* The two entries swap their nodes. */
static void exchange(const struct rename *rename)
{
    struct node *first = rename->old->node;
    struct node *second = rename->replaced->node;

    rename->old->node = second;
    rename->replaced->node = first;
    if (node_type(first) == TMPFS_DIRECTORY) {
        first->directory.parent = rename->to;
        rename->from->links--;
        rename->to->links++;
    }
    if (node_type(second) == TMPFS_DIRECTORY) {
        second->directory.parent = rename->from;
        rename->to->links--;
        rename->from->links++;
    }
    node_touch(&first->changed);
    second->changed = first->changed;
}

static fs_error_t check_rename(const struct rename_request *request, const struct rename *rename)
{
    const struct fs_credentials *who = &request->from->credentials->values;

    fs_error_t error = permit_entry(rename->from, rename->old, who);
    if (error == 0)
        error = permit_entry(rename->to, rename->replaced, who);
    if (error != 0)
        return error;
    if (node_type(rename->old->node) == TMPFS_DIRECTORY && is_above(rename->old->node, rename->to))
        return LINUX_EINVAL;
    if ((request->flags & RENAME_EXCHANGE) != 0) {
        if (rename->replaced == NULL)
            return LINUX_ENOENT;
        bool into_itself = node_type(rename->replaced->node) == TMPFS_DIRECTORY &&
                           is_above(rename->replaced->node, rename->from);
        return into_itself ? LINUX_EINVAL : 0;
    }
    if (rename->replaced == NULL)
        return 0;
    return (request->flags & RENAME_NO_REPLACE) != 0 ? LINUX_EEXIST : check_replaced(rename);
}

fs_error_t operation_rename(const struct rename_request *request)
{
    struct rename rename = {.from = request->from->node, .to = request->to->node};

    if ((request->flags & ~(uint32_t)(RENAME_NO_REPLACE | RENAME_EXCHANGE)) != 0 ||
        request->flags == (RENAME_NO_REPLACE | RENAME_EXCHANGE))
        return LINUX_EINVAL;
    if (node_type(rename.from) != TMPFS_DIRECTORY || node_type(rename.to) != TMPFS_DIRECTORY)
        return LINUX_ENOTDIR;
    rename.old = entry_find(rename.from, request->old_name, request->old_length);
    if (rename.old == NULL)
        return LINUX_ENOENT;
    rename.replaced = entry_find(rename.to, request->new_name, request->new_length);
    fs_error_t error = check_rename(request, &rename);
    if (error != 0)
        return error;
    if (rename.replaced != NULL && rename.replaced->node == rename.old->node)
        return 0;
    if ((request->flags & RENAME_EXCHANGE) != 0) {
        exchange(&rename);
        return 0;
    }
    struct node *moved = rename.old->node;
    error = entry_add(rename.to, request->new_name, request->new_length, moved);
    if (error != 0)
        return error;
    if (rename.replaced != NULL)
        entry_remove(rename.replaced);
    entry_find(rename.to, request->new_name, request->new_length)->payer = rename.old->payer;
    rename.old->payer = NULL;
    entry_remove(rename.old);
    if (node_type(moved) == TMPFS_DIRECTORY)
        moved->directory.parent = rename.to;
    return 0;
}
