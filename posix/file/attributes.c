/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The stat family: attributes as each structure has them.
 */
#include "path.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/task.h>

#include "node.h"

static int file_attributes(struct task *task, struct file *file, struct fs_attributes *attributes)
{
    if (file->operations->attributes != NULL)
        return file->operations->attributes(task, file, attributes);
    file_plain_attributes(attributes, 0600, file->node);
    return 0;
}

static int attributes_of_descriptor(struct task *task, int fd, struct fs_attributes *attributes)
{
    struct file *file = file_get(task, fd);

    if (file == NULL)
        return -LINUX_EBADF;
    int error = file_attributes(task, file, attributes);
    file_put(file);
    return error;
}

/* A path that the caller has read already; `flags` are AT_*. */
static int attributes_of_path(struct task *task, int dirfd, struct path *path, uint32_t flags,
                              struct fs_attributes *attributes)
{
    struct opened opened;
    bool follow = (flags & LINUX_AT_SYMLINK_NOFOLLOW) == 0;
    struct path_request call = {
        .dirfd = dirfd,
        .path = path,
        .empty_allowed = (flags & LINUX_AT_EMPTY_PATH) != 0,
        .words = {FS_OPEN_ATTRIBUTES | (follow ? 0u : FS_OPEN_NO_FOLLOW)},
    };

    if (path->length == 0 && call.empty_allowed && dirfd != LINUX_AT_FDCWD)
        return attributes_of_descriptor(task, dirfd, attributes);
    int error = path_open(task, &call, &opened);
    if (error == PATH_DESCRIPTOR) {
        error = attributes_of_descriptor(task, call.descriptor, attributes);
        return error == -LINUX_EBADF ? -LINUX_ENOENT : error;
    }
    *attributes = opened.attributes;
    return error;
}

static int attributes_at(struct task *task, int dirfd, uint64_t address, uint32_t flags,
                         struct fs_attributes *attributes)
{
    struct path path;
    int error = path_from_program(&path, address);
    return error != 0 ? error : attributes_of_path(task, dirfd, &path, flags, attributes);
}

static int64_t put_stat(uint64_t address, const struct fs_attributes *attributes)
{
    struct linux_stat status;

    memset(&status, 0, sizeof(status));
    status.device = attributes->device;
    status.node = attributes->node;
    status.links = attributes->links;
    status.mode = attributes->mode;
    status.uid = attributes->uid;
    status.gid = attributes->gid;
    status.rdev = attributes->rdev;
    status.size = (int64_t)attributes->size;
    status.block_size = attributes->block_size;
    status.blocks = (int64_t)attributes->blocks;
    status.accessed_s = (uint64_t)attributes->accessed_s;
    status.accessed_ns = attributes->accessed_ns;
    status.modified_s = (uint64_t)attributes->modified_s;
    status.modified_ns = attributes->modified_ns;
    status.changed_s = (uint64_t)attributes->changed_s;
    status.changed_ns = attributes->changed_ns;
    return copy_to_program(address, &status, sizeof(status));
}

int64_t linux_stat(struct task *task, const struct stat_arguments *arguments)
{
    struct fs_attributes attributes;
    int error = attributes_at(task, LINUX_AT_FDCWD, arguments->path, 0, &attributes);
    return error != 0 ? error : put_stat(arguments->status, &attributes);
}

int64_t linux_lstat(struct task *task, const struct lstat_arguments *arguments)
{
    struct fs_attributes attributes;
    int error = attributes_at(task, LINUX_AT_FDCWD, arguments->path, LINUX_AT_SYMLINK_NOFOLLOW,
                              &attributes);
    return error != 0 ? error : put_stat(arguments->status, &attributes);
}

int64_t linux_fstat(struct task *task, const struct fstat_arguments *arguments)
{
    struct fs_attributes attributes;
    int error = attributes_of_descriptor(task, arguments->fd, &attributes);
    return error != 0 ? error : put_stat(arguments->status, &attributes);
}

int64_t linux_newfstatat(struct task *task, const struct newfstatat_arguments *arguments)
{
    const uint32_t known = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | LINUX_AT_NO_AUTOMOUNT;
    struct fs_attributes attributes;

    if ((arguments->flags & ~known) != 0)
        return -LINUX_EINVAL;
    int error =
        attributes_at(task, arguments->directory, arguments->path, arguments->flags, &attributes);
    return error != 0 ? error : put_stat(arguments->status, &attributes);
}

static struct linux_statx_time statx_time(int64_t seconds, uint32_t nanoseconds)
{
    return (struct linux_statx_time){seconds, nanoseconds, 0};
}

static int64_t put_statx(uint64_t address, const struct fs_attributes *from)
{
    struct linux_statx status = {
        .mask = LINUX_STATX_BASIC_STATS | LINUX_STATX_BTIME,
        .block_size = from->block_size,
        .links = from->links,
        .uid = from->uid,
        .gid = from->gid,
        .mode = (uint16_t)from->mode,
        .node = from->node,
        .size = from->size,
        .blocks = from->blocks,
        .accessed = statx_time(from->accessed_s, from->accessed_ns),
        .born = statx_time(from->born_s, from->born_ns),
        .changed = statx_time(from->changed_s, from->changed_ns),
        .modified = statx_time(from->modified_s, from->modified_ns),
        .rdev_major = (uint32_t)(from->rdev >> 8 & 0xfff),
        .rdev_minor = (uint32_t)((from->rdev & 0xff) | (from->rdev >> 12 & 0xfff00)),
        .device_major = (uint32_t)(from->device >> 8 & 0xfff),
        .device_minor = (uint32_t)((from->device & 0xff) | (from->device >> 12 & 0xfff00)),
    };
    return copy_to_program(address, &status, sizeof(status));
}

int64_t linux_statx(struct task *task, const struct statx_arguments *arguments)
{
    const uint32_t known = LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH | LINUX_AT_NO_AUTOMOUNT |
                           LINUX_AT_STATX_SYNC_TYPE;
    struct fs_attributes attributes;

    if ((arguments->flags & ~known) != 0)
        return -LINUX_EINVAL;
    int error =
        attributes_at(task, arguments->directory, arguments->path, arguments->flags, &attributes);
    return error != 0 ? error : put_statx(arguments->status, &attributes);
}

static int64_t put_statfs(struct task *task, uint64_t address)
{
    struct fs_statistics from;

    memcpy(&from, frame_text(task->frame), sizeof(from));
    const struct linux_statfs statistics = {
        .type = from.type,
        .block_size = from.block_size,
        .blocks = from.blocks,
        .blocks_free = from.blocks_free,
        .blocks_available = from.blocks_free,
        .files = from.nodes,
        .files_free = from.nodes_free,
        .name_length = from.name_length,
        .fragment_size = from.block_size,
    };
    return copy_to_program(address, &statistics, sizeof(statistics));
}

int64_t linux_statfs(struct task *task, const struct statfs_arguments *arguments)
{
    struct path path;
    struct opened opened;
    struct message message;
    struct path_request call = {.dirfd = LINUX_AT_FDCWD, .path = &path, .words = {FS_OPEN_PATH}};

    int error = path_from_program(&path, arguments->path);
    if (error == 0)
        error = path_open(task, &call, &opened);
    if (error != 0)
        return error == PATH_DESCRIPTOR ? -LINUX_ENOSYS : error;
    message_begin(&message, FS_STATISTICS);
    error = request(task, opened.session, &message);
    int64_t result = error != 0 ? error : put_statfs(task, arguments->statistics);
    path_close_opened(&opened);
    return result;
}

int64_t linux_fstatfs(struct task *task, const struct fstatfs_arguments *arguments)
{
    struct file *file = file_get(task, arguments->fd);
    struct message message;

    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = -LINUX_ENOSYS;
    if (file->operations->kind == POSIX_FILE_NODE) {
        message_begin(&message, FS_STATISTICS);
        result = node_request(task, file, &message);
        if (result == 0)
            result = put_statfs(task, arguments->statistics);
    }
    file_put(file);
    return result;
}
