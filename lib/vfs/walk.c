/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The walk goes component by component over a path that it rewrites in place:
 * a relative link's target takes the place of the component that named it, so
 * that at every moment what is left to do is path[position..length). Leaving
 * the file system (a mount, an absolute link, `..` at the root) is then the
 * same in all three cases: say why, and hand back what is left.
 */
#include <vfs/walk.h>

#include <base/errno.h>
#include <base/text.h>

enum { S_TYPE = 0170000, S_DIRECTORY = 0040000, S_LINK = 0120000 };

struct cursor {
    struct vfs_walk *walk;
    struct vfs_node *at; /* where the walk stands: a directory, or the last node */
    size_t position;     /* of the next component */
    unsigned links;      /* followed so far */
    enum fs_outcome outcome;
    bool over;
};

static bool is_directory(const struct vfs_node *node)
{
    return (node->mode & S_TYPE) == S_DIRECTORY;
}

static size_t skip_slashes(const struct vfs_walk *walk, size_t position)
{
    while (position < walk->length && walk->path[position] == '/')
        position++;
    return position;
}

static size_t component_end(const struct vfs_walk *walk, size_t position)
{
    while (position < walk->length && walk->path[position] != '/')
        position++;
    return position;
}

static void leave(struct cursor *cursor, enum fs_outcome outcome, size_t rest)
{
    cursor->walk->rest = rest;
    cursor->walk->rest_length = cursor->walk->length - rest;
    cursor->outcome = outcome;
    cursor->over = true;
}

/* Replace path[start..end) by a link's target. */
static fs_error_t splice_link(struct cursor *cursor, struct vfs_node *link, size_t start,
                              size_t end)
{
    struct vfs_walk *walk = cursor->walk;
    char target[VFS_PATH_MAX];
    size_t length;

    if (++cursor->links > VFS_LINKS_MAX)
        return LINUX_ELOOP;
    fs_error_t error = walk->operations->read_link(link, target, sizeof(target), &length);
    if (error != 0)
        return error;
    if (length == 0)
        return LINUX_ENOENT;
    if (length + (walk->length - end) > VFS_PATH_MAX)
        return LINUX_ENAMETOOLONG;
    memmove(walk->path + start + length, walk->path + end, walk->length - end);
    memcpy(walk->path + start, target, length);
    walk->length = start + length + (walk->length - end);
    cursor->position = start;
    if (target[0] == '/')
        leave(cursor, FS_OUTCOME_LINK, start);
    return 0;
}

static void step_up(struct cursor *cursor, size_t end)
{
    struct vfs_walk *walk = cursor->walk;
    bool ceiling = (walk->flags & VFS_CEILING) != 0 && cursor->at == walk->start;
    struct vfs_node *above = walk->operations->parent(cursor->at);

    cursor->position = end;
    if (ceiling)
        return;
    if (above == cursor->at)
        leave(cursor, FS_OUTCOME_UP, skip_slashes(walk, end));
    cursor->at = above;
}

/* The component [start, end) names something in the directory we are in. */
static fs_error_t step_down(struct cursor *cursor, size_t start, size_t end)
{
    struct vfs_walk *walk = cursor->walk;
    size_t next = skip_slashes(walk, end);
    bool last = next == walk->length;
    struct vfs_node *child = NULL;

    fs_error_t error =
        walk->operations->lookup(cursor->at, walk->path + start, end - start, &child);
    if (error == LINUX_ENOENT && last && (walk->flags & VFS_MAY_BE_MISSING) != 0)
        error = 0;
    if (error != 0)
        return error;
    bool follow = !last || (walk->flags & VFS_FOLLOW_LAST) != 0 || next != end;
    if (child != NULL && (child->mode & S_TYPE) == S_LINK && follow)
        return splice_link(cursor, child, start, end);
    uint32_t mount = child == NULL ? 0 : walk->operations->covering_mount(child);
    if (mount != 0 && (!last || (walk->flags & VFS_CROSS_LAST) != 0)) {
        walk->mount = mount;
        leave(cursor, FS_OUTCOME_MOUNT, next);
        return 0;
    }
    if (last) {
        walk->parent = cursor->at;
        walk->name = start;
        walk->name_length = end - start;
        walk->wants_directory = next != end;
    }
    cursor->at = child;
    cursor->position = next;
    return 0;
}

static fs_error_t step(struct cursor *cursor)
{
    struct vfs_walk *walk = cursor->walk;
    size_t start = cursor->position;
    size_t end = component_end(walk, start);
    size_t length = end - start;

    if (!is_directory(cursor->at))
        return LINUX_ENOTDIR;
    fs_error_t error = vfs_permit(cursor->at, walk->credentials, 1);
    if (error != 0)
        return error;
    if (length > VFS_NAME_MAX)
        return LINUX_ENAMETOOLONG;
    walk->parent = NULL;
    if (length == 1 && walk->path[start] == '.') {
        cursor->position = skip_slashes(walk, end);
        return 0;
    }
    if (length == 2 && walk->path[start] == '.' && walk->path[start + 1] == '.') {
        step_up(cursor, skip_slashes(walk, end));
        return 0;
    }
    return step_down(cursor, start, end);
}

fs_error_t vfs_walk(struct vfs_walk *walk, enum fs_outcome *outcome)
{
    struct cursor cursor = {.walk = walk, .at = walk->start, .outcome = FS_OUTCOME_DONE};

    if (walk->length > VFS_PATH_MAX)
        return LINUX_ENAMETOOLONG;
    walk->parent = NULL;
    walk->wants_directory = false;
    walk->name = walk->name_length = 0;
    cursor.position = skip_slashes(walk, 0);
    while (!cursor.over && cursor.position < walk->length) {
        fs_error_t error = step(&cursor);
        if (error != 0)
            return error;
    }
    walk->node = cursor.at;
    *outcome = cursor.outcome;
    if (!cursor.over && walk->wants_directory && walk->node != NULL && !is_directory(walk->node))
        return LINUX_ENOTDIR;
    return 0;
}

bool vfs_in_group(const struct fs_credentials *credentials, uint32_t gid)
{
    if (credentials->gid == gid)
        return true;
    for (uint32_t i = 0; i < credentials->group_count && i < FS_GROUPS; i++) {
        if (credentials->groups[i] == gid)
            return true;
    }
    return false;
}

fs_error_t vfs_permit(const struct vfs_node *node, const struct fs_credentials *credentials,
                      uint32_t wanted)
{
    uint32_t bits = node->mode;

    if (credentials->uid == 0) {
        bool runnable = is_directory(node) || (node->mode & 0111) != 0;
        return (wanted & 1) != 0 && !runnable ? LINUX_EACCES : 0;
    }
    if (credentials->uid == node->uid)
        bits >>= 6;
    else if (vfs_in_group(credentials, node->gid))
        bits >>= 3;
    return (wanted & 7 & ~bits) == 0 ? 0 : LINUX_EACCES;
}

bool vfs_pack_entry(void *buffer, size_t size, size_t *used, const struct vfs_entry *entry)
{
    size_t length = (sizeof(struct fs_entry) + entry->name_length + 7) & ~(size_t)7;
    struct fs_entry *packed = (struct fs_entry *)((char *)buffer + *used);

    if (length > size - *used)
        return false;
    memset(packed, 0, length);
    packed->node = entry->node;
    packed->cookie = entry->cookie;
    packed->length = (uint16_t)length;
    packed->type = entry->type;
    packed->name_length = (uint8_t)entry->name_length;
    memcpy(packed->name, entry->name, entry->name_length);
    *used += length;
    return true;
}
