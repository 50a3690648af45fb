/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Calls that make, remove and look at names.
 */
#include "path.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/task.h>

/* One request with one path. */
static int64_t simple_call(struct task *task, uint64_t address, struct path_request *call)
{
    struct path path;
    struct message reply;

    call->path = &path;
    int error = path_from_program(&path, address);
    return error != 0 ? error : path_call(task, call, &reply);
}

static int64_t make(struct task *task, int dirfd, uint64_t address, uint32_t mode, uint64_t rdev)
{
    uint32_t permitted = (mode & LINUX_S_IFMT) | (mode & 07777 & ~task->naming->umask);
    struct path_request call = {
        .dirfd = dirfd, .operation = FS_MAKE, .words = {0, permitted, rdev}};
    return simple_call(task, address, &call);
}

int64_t linux_mkdir(struct task *task, const struct mkdir_arguments *arguments)
{
    return make(task, LINUX_AT_FDCWD, arguments->path, LINUX_S_IFDIR | (arguments->mode & 01777),
                0);
}

int64_t linux_mkdirat(struct task *task, const struct mkdirat_arguments *arguments)
{
    return make(task, arguments->directory, arguments->path,
                LINUX_S_IFDIR | (arguments->mode & 01777), 0);
}

static int64_t make_node(struct task *task, int dirfd, uint64_t address, uint32_t mode,
                         uint64_t rdev)
{
    if ((mode & LINUX_S_IFMT) == LINUX_S_IFDIR)
        return -LINUX_EPERM;
    return make(task, dirfd, address, (mode & LINUX_S_IFMT) == 0 ? mode | LINUX_S_IFREG : mode,
                rdev);
}

int64_t linux_mknod(struct task *task, const struct mknod_arguments *arguments)
{
    return make_node(task, LINUX_AT_FDCWD, arguments->path, arguments->mode, arguments->device);
}

int64_t linux_mknodat(struct task *task, const struct mknodat_arguments *arguments)
{
    return make_node(task, arguments->directory, arguments->path, arguments->mode,
                     arguments->device);
}

static int64_t remove_name(struct task *task, int dirfd, uint64_t address, uint32_t flags)
{
    struct path_request call = {.dirfd = dirfd, .operation = FS_REMOVE, .words = {flags}};
    return simple_call(task, address, &call);
}

int64_t linux_unlink(struct task *task, const struct unlink_arguments *arguments)
{
    return remove_name(task, LINUX_AT_FDCWD, arguments->path, 0);
}

int64_t linux_rmdir(struct task *task, const struct rmdir_arguments *arguments)
{
    return remove_name(task, LINUX_AT_FDCWD, arguments->path, FS_REMOVE_DIRECTORY);
}

int64_t linux_unlinkat(struct task *task, const struct unlinkat_arguments *arguments)
{
    if ((arguments->flags & ~(uint32_t)LINUX_AT_REMOVEDIR) != 0)
        return -LINUX_EINVAL;
    return remove_name(task, arguments->directory, arguments->path,
                       arguments->flags != 0 ? FS_REMOVE_DIRECTORY : 0);
}

static int64_t make_symlink(struct task *task, uint64_t target, int dirfd, uint64_t address)
{
    char text[PATH_SIZE];
    struct path_request call = {.dirfd = dirfd, .operation = FS_SYMLINK, .extra = text};

    int64_t length = copy_string_from_program(text, target, sizeof(text));
    if (length <= 0)
        return length == 0 ? -LINUX_ENOENT : length;
    call.extra_length = (size_t)length;
    return simple_call(task, address, &call);
}

int64_t linux_symlink(struct task *task, const struct symlink_arguments *arguments)
{
    return make_symlink(task, arguments->target, LINUX_AT_FDCWD, arguments->path);
}

int64_t linux_symlinkat(struct task *task, const struct symlinkat_arguments *arguments)
{
    return make_symlink(task, arguments->target, arguments->directory, arguments->path);
}

struct readlink_request {
    int dirfd;
    uint64_t path, buffer, size;
};

static int64_t read_link(struct task *task, const struct readlink_request *request)
{
    struct path path;
    struct message reply;
    struct path_request call = {.dirfd = request->dirfd,
                                .path = &path,
                                .operation = FS_READLINK,
                                .empty_allowed = request->dirfd != LINUX_AT_FDCWD};

    if ((int64_t)request->size <= 0)
        return -LINUX_EINVAL;
    int error = path_from_program(&path, request->path);
    if (error == 0)
        error = path_call(task, &call, &reply);
    if (error != 0)
        return error;
    size_t length = message_text_length(reply.information);
    if (length > request->size)
        length = request->size;
    error = copy_to_program(request->buffer, frame_text(task->frame), length);
    return error != 0 ? error : (int64_t)length;
}

int64_t linux_readlink(struct task *task, const struct readlink_arguments *arguments)
{
    const struct readlink_request request = {LINUX_AT_FDCWD, arguments->path, arguments->buffer,
                                             arguments->size};
    return read_link(task, &request);
}

int64_t linux_readlinkat(struct task *task, const struct readlinkat_arguments *arguments)
{
    const struct readlink_request request = {arguments->directory, arguments->path,
                                             arguments->buffer, arguments->size};
    return read_link(task, &request);
}

/* Two names: of link and rename. */
struct two_names {
    int old_dirfd, new_dirfd;
    uint64_t old_path, new_path; /* addresses */
    uint32_t flags;
};

static int64_t make_link(struct task *task, const struct two_names *names)
{
    struct path path;
    struct opened opened;
    bool follow = (names->flags & LINUX_AT_SYMLINK_FOLLOW) != 0;
    struct path_request open = {
        .dirfd = names->old_dirfd,
        .path = &path,
        .empty_allowed = (names->flags & LINUX_AT_EMPTY_PATH) != 0,
        .words = {FS_OPEN_PATH | (follow ? 0u : FS_OPEN_NO_FOLLOW)},
    };

    int error = path_from_program(&path, names->old_path);
    if (error == 0)
        error = path_open(task, &open, &opened);
    if (error != 0)
        return error == PATH_DESCRIPTOR ? -LINUX_EXDEV : error;
    struct path_request call = {
        .dirfd = names->new_dirfd, .operation = FS_LINK, .handle = opened.session};
    int64_t result = simple_call(task, names->new_path, &call);
    path_close_opened(&opened);
    return result;
}

int64_t linux_link(struct task *task, const struct link_arguments *arguments)
{
    const struct two_names names = {LINUX_AT_FDCWD, LINUX_AT_FDCWD, arguments->from, arguments->to,
                                    0};
    return make_link(task, &names);
}

int64_t linux_linkat(struct task *task, const struct linkat_arguments *arguments)
{
    const struct two_names names = {arguments->old_directory, arguments->new_directory,
                                    arguments->from, arguments->to, arguments->flags};
    if ((arguments->flags & ~(uint32_t)(LINUX_AT_SYMLINK_FOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -LINUX_EINVAL;
    return make_link(task, &names);
}

/* The directory a name is in, opened, and the name. */
struct parent {
    struct opened directory;
    char name[256];
    bool wants_directory; /* the path ended in a slash */
};

static int open_parent(struct task *task, int dirfd, uint64_t address, struct parent *parent)
{
    struct path path;
    struct path_request call = {
        .dirfd = dirfd, .path = &path, .words = {FS_OPEN_PATH | FS_OPEN_DIRECTORY}};

    int error = path_from_program(&path, address);
    if (error != 0)
        return error;
    if (path.length == 0)
        return -LINUX_ENOENT;
    parent->wants_directory = path.text[path.length - 1] == '/';
    error = path_split(&path, parent->name);
    if (error != 0)
        return error;
    if (parent->name[0] == '\0' || strcmp(parent->name, ".") == 0 ||
        strcmp(parent->name, "..") == 0)
        return -LINUX_EBUSY;
    error = path_open(task, &call, &parent->directory);
    return error == PATH_DESCRIPTOR ? -LINUX_ENOTDIR : error;
}

static int send_rename(struct task *task, const struct parent *from, const struct parent *to,
                       uint32_t flags)
{
    char *text = frame_text(task->frame);
    size_t old = strlen(from->name) + 1, length = strlen(to->name);
    struct message message;

    if (from->directory.mount != to->directory.mount)
        return -LINUX_EXDEV;
    message_begin(&message, FS_RENAME);
    message.words[0] = flags;
    memcpy(text, from->name, old);
    memcpy(text + old, to->name, length);
    message_set_text(&message, old + length);
    message_add_handle(&message, task->frame, to->directory.session, RIGHT_SAME, 0);
    return request(task, from->directory.session, &message);
}

/* A name with a slash behind it must be a directory's. */
static int check_directory(struct task *task, const struct parent *from)
{
    struct message message;
    struct fs_attributes attributes;

    message_begin(&message, FS_OPEN);
    message.words[0] = FS_OPEN_ATTRIBUTES | FS_OPEN_NO_FOLLOW;
    message_copy_text(&message, task->frame, from->name, strlen(from->name));
    int error = request(task, from->directory.session, &message);
    if (error != 0 || message.words[0] != FS_OUTCOME_DONE)
        return error;
    memcpy(&attributes, frame_text(task->frame), sizeof(attributes));
    return (attributes.mode & LINUX_S_IFMT) == LINUX_S_IFDIR ? 0 : -LINUX_ENOTDIR;
}

static int64_t do_rename(struct task *task, const struct two_names *names)
{
    struct parent from, to;

    int error = open_parent(task, names->old_dirfd, names->old_path, &from);
    if (error != 0)
        return error;
    error = open_parent(task, names->new_dirfd, names->new_path, &to);
    if (error == 0) {
        if (from.wants_directory || to.wants_directory)
            error = check_directory(task, &from);
        if (error == 0)
            error = send_rename(task, &from, &to, names->flags);
        path_close_opened(&to.directory);
    }
    path_close_opened(&from.directory);
    return error;
}

int64_t linux_rename(struct task *task, const struct rename_arguments *arguments)
{
    const struct two_names names = {LINUX_AT_FDCWD, LINUX_AT_FDCWD, arguments->from, arguments->to,
                                    0};
    return do_rename(task, &names);
}

int64_t linux_renameat(struct task *task, const struct renameat_arguments *arguments)
{
    const struct two_names names = {arguments->old_directory, arguments->new_directory,
                                    arguments->from, arguments->to, 0};
    return do_rename(task, &names);
}

int64_t linux_renameat2(struct task *task, const struct renameat2_arguments *arguments)
{
    const uint64_t known = LINUX_RENAME_NOREPLACE | LINUX_RENAME_EXCHANGE;
    const struct two_names names = {arguments->old_directory, arguments->new_directory,
                                    arguments->from, arguments->to, (uint32_t)arguments->flags};

    if ((arguments->flags & ~known) != 0 || (arguments->flags & known) == known)
        return -LINUX_EINVAL;
    return do_rename(task, &names);
}

static int64_t check_access(struct task *task, int dirfd, uint64_t address, uint32_t mode,
                            uint32_t flags)
{
    bool follow = (flags & LINUX_AT_SYMLINK_NOFOLLOW) == 0;
    struct path_request call = {
        .dirfd = dirfd,
        .operation = FS_ACCESS,
        .empty_allowed = (flags & LINUX_AT_EMPTY_PATH) != 0,
        .words = {(follow ? 0u : FS_OPEN_NO_FOLLOW) |
                      ((flags & LINUX_AT_EACCESS) != 0 ? FS_ACCESS_EFFECTIVE : 0u),
                  mode},
    };
    return (mode & ~7u) != 0 ? -LINUX_EINVAL : simple_call(task, address, &call);
}

int64_t linux_access(struct task *task, const struct access_arguments *arguments)
{
    return check_access(task, LINUX_AT_FDCWD, arguments->path, arguments->mode, 0);
}

int64_t linux_faccessat(struct task *task, const struct faccessat_arguments *arguments)
{
    return check_access(task, arguments->directory, arguments->path, arguments->mode, 0);
}

int64_t linux_faccessat2(struct task *task, const struct faccessat2_arguments *arguments)
{
    const uint32_t known = LINUX_AT_EACCESS | LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH;

    if ((arguments->flags & ~known) != 0)
        return -LINUX_EINVAL;
    return check_access(task, arguments->directory, arguments->path, arguments->mode,
                        arguments->flags);
}
