/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "load.h"

#include <archive/newc.h>
#include <base/errno.h>
#include <base/log.h>
#include <base/text.h>

#include "operations.h"

#define ROOT_PREFIX "root/"
#define ROOT_PREFIX_LENGTH (sizeof(ROOT_PREFIX) - 1)

static struct credentials superuser = {.references = 1, .user = &user_system};

/* Walk to an entry's name from the root; links on the way are followed, the last is not. */
static fs_error_t find_place(struct operation *operation, struct session *session,
                             const struct archive_entry *entry)
{
    struct vfs_walk *walk = &operation->walk;

    operation->session = session;
    walk->length = entry->name_length - ROOT_PREFIX_LENGTH;
    if (walk->length > VFS_PATH_MAX)
        return LINUX_ENAMETOOLONG;
    memcpy(walk->path, entry->name + ROOT_PREFIX_LENGTH, walk->length);
    walk->operations = &tree_operations;
    walk->start = &session->node->vfs;
    walk->credentials = &superuser.values;
    walk->flags = VFS_MAY_BE_MISSING;
    return vfs_walk(walk, &operation->outcome);
}

static void set_times(struct node *node, const struct archive_entry *entry)
{
    node->modified = (struct moment){entry->modified_s, 0};
    node->accessed = node->changed = node->modified;
}

/* What stands at the name gives way, except that a directory stays and takes the entry's attributes. */
static bool keep_existing(struct operation *operation, const struct archive_entry *entry)
{
    if (operation->walk.node == NULL)
        return false;
    struct node *node = node_of(operation->walk.node);
    bool directory = node_type(node) == TMPFS_DIRECTORY;
    if (directory && (entry->mode & TMPFS_TYPE) == TMPFS_DIRECTORY) {
        node->vfs.mode = entry->mode;
        node->vfs.uid = entry->uid;
        node->vfs.gid = entry->gid;
        return true;
    }
    if (directory || operation->walk.parent == NULL)
        return true;
    entry_remove(entry_find(node_of(operation->walk.parent),
                            operation->walk.path + operation->walk.name,
                            operation->walk.name_length));
    return false;
}

static fs_error_t add_entry(struct operation *operation, const struct archive_entry *entry)
{
    struct node_request request = {
        .mode = entry->mode,
        .uid = entry->uid,
        .gid = entry->gid,
        .payer = &user_system,
        .rdev = (uint64_t)entry->device_major << 8 | entry->device_minor,
        .target = entry->data,
        .target_length = entry->size,
    };
    struct node *node;

    fs_error_t error = node_create(&request, &node);
    if (error != 0)
        return error;
    error = entry_add(node_of(operation->walk.parent), operation->walk.path + operation->walk.name,
                      operation->walk.name_length, node);
    if (error != 0) {
        node_drop(node);
        return error;
    }
    if (node_type(node) == TMPFS_REGULAR && entry->size > 0)
        error = file_store(node, 0, entry->data, entry->size);
    set_times(node, entry);
    return error;
}

static fs_error_t load_entry(struct session *session, const struct archive_entry *entry)
{
    struct operation operation;

    if (entry->name_length <= ROOT_PREFIX_LENGTH ||
        memcmp(entry->name, ROOT_PREFIX, ROOT_PREFIX_LENGTH) != 0)
        return 0;
    fs_error_t error = find_place(&operation, session, entry);
    if (error == 0 && operation.outcome != FS_OUTCOME_DONE)
        error = LINUX_EXDEV;
    if (error == 0 && !keep_existing(&operation, entry))
        error = add_entry(&operation, entry);
    if (error != 0)
        log_print("boot archive: %s: error %u", entry->name, error);
    return error == LINUX_ENOSPC ? error : 0;
}

fs_error_t load_archive(struct node *root, const void *bytes, size_t size)
{
    struct session session = {.node = root, .credentials = &superuser};
    struct archive_reader reader;
    struct archive_entry entry;
    enum archive_outcome outcome;

    archive_begin(&reader, bytes, size);
    while ((outcome = archive_next(&reader, &entry)) == ARCHIVE_ENTRY) {
        fs_error_t error = load_entry(&session, &entry);
        if (error != 0)
            return error;
    }
    if (outcome == ARCHIVE_DAMAGED)
        log_print("boot archive: damaged at byte %lu", (unsigned long)reader.offset);
    return 0;
}
