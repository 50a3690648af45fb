/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Calls that change what a file is: mode, owner, times, size.
 */
#include "path.h"

#include <base/errno.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/linux/time.h>
#include <posix/signal.h>
#include <posix/task.h>

#include "node.h"

static int64_t change_file(struct task *task, struct file *file, const struct fs_change *change)
{
    return file->operations->change == NULL ? -LINUX_EPERM
                                            : file->operations->change(task, file, change);
}

/* `file` is the caller's reference, given back here. */
static int64_t change_held(struct task *task, struct file *file, const struct fs_change *change)
{
    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = change_file(task, file, change);
    file_put(file);
    return result;
}

static int64_t change_descriptor(struct task *task, int fd, const struct fs_change *change)
{
    return change_held(task, file_get_open(task, fd), change);
}

/* What to change, and how to open it first. */
struct change_request {
    int dirfd;
    uint64_t path;     /* address */
    uint32_t at_flags; /* AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH */
    uint32_t access;   /* enum fs_open_flag */
};

static int64_t change_path(struct task *task, const struct change_request *wanted,
                           const struct fs_change *change)
{
    struct path path;
    struct opened opened;
    struct message message;
    bool follow = (wanted->at_flags & LINUX_AT_SYMLINK_NOFOLLOW) == 0;
    struct path_request call = {
        .dirfd = wanted->dirfd,
        .path = &path,
        .empty_allowed = (wanted->at_flags & LINUX_AT_EMPTY_PATH) != 0,
        .words = {wanted->access | (follow ? 0u : FS_OPEN_NO_FOLLOW)},
    };

    int error = path_from_program(&path, wanted->path);
    if (error != 0)
        return error;
    if (path.length == 0 && call.empty_allowed && wanted->dirfd != LINUX_AT_FDCWD)
        return change_held(task, file_get(task, wanted->dirfd), change);
    error = path_open(task, &call, &opened);
    if (error == PATH_DESCRIPTOR)
        return change_held(task, file_get(task, call.descriptor), change);
    if (error != 0)
        return error;
    message_begin(&message, FS_CHANGE);
    message_copy_text(&message, task->frame, change, sizeof(*change));
    int64_t result = request(task, opened.session, &message);
    path_close_opened(&opened);
    return result;
}

static struct fs_change mode_change(uint32_t mode)
{
    return (struct fs_change){.fields = FS_CHANGE_MODE, .mode = mode & 07777};
}

int64_t linux_chmod(struct task *task, const struct chmod_arguments *arguments)
{
    const struct change_request wanted = {LINUX_AT_FDCWD, arguments->path, 0, FS_OPEN_PATH};
    const struct fs_change change = mode_change(arguments->mode);
    return change_path(task, &wanted, &change);
}

int64_t linux_fchmod(struct task *task, const struct fchmod_arguments *arguments)
{
    const struct fs_change change = mode_change(arguments->mode);
    return change_descriptor(task, arguments->fd, &change);
}

int64_t linux_fchmodat(struct task *task, const struct fchmodat_arguments *arguments)
{
    const struct change_request wanted = {arguments->directory, arguments->path, 0, FS_OPEN_PATH};
    const struct fs_change change = mode_change(arguments->mode);
    return change_path(task, &wanted, &change);
}

int64_t linux_fchmodat2(struct task *task, const struct fchmodat2_arguments *arguments)
{
    const struct change_request wanted = {arguments->directory, arguments->path, arguments->flags,
                                          FS_OPEN_PATH};
    const struct fs_change change = mode_change(arguments->mode);

    if ((arguments->flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -LINUX_EINVAL;
    return change_path(task, &wanted, &change);
}

static struct fs_change owner_change(int32_t uid, int32_t gid)
{
    return (struct fs_change){
        .fields = (uid != -1 ? FS_CHANGE_UID : 0u) | (gid != -1 ? FS_CHANGE_GID : 0u),
        .uid = (uint32_t)uid,
        .gid = (uint32_t)gid,
    };
}

int64_t linux_chown(struct task *task, const struct chown_arguments *arguments)
{
    const struct change_request wanted = {LINUX_AT_FDCWD, arguments->path, 0, FS_OPEN_PATH};
    const struct fs_change change = owner_change(arguments->uid, arguments->gid);
    return change_path(task, &wanted, &change);
}

int64_t linux_lchown(struct task *task, const struct lchown_arguments *arguments)
{
    const struct change_request wanted = {LINUX_AT_FDCWD, arguments->path,
                                          LINUX_AT_SYMLINK_NOFOLLOW, FS_OPEN_PATH};
    const struct fs_change change = owner_change(arguments->uid, arguments->gid);
    return change_path(task, &wanted, &change);
}

int64_t linux_fchown(struct task *task, const struct fchown_arguments *arguments)
{
    const struct fs_change change = owner_change(arguments->uid, arguments->gid);
    return change_descriptor(task, arguments->fd, &change);
}

int64_t linux_fchownat(struct task *task, const struct fchownat_arguments *arguments)
{
    const struct change_request wanted = {arguments->directory, arguments->path, arguments->flags,
                                          FS_OPEN_PATH};
    const struct fs_change change = owner_change(arguments->uid, arguments->gid);

    if ((arguments->flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -LINUX_EINVAL;
    return change_path(task, &wanted, &change);
}

static const struct fs_change now_change = {.fields =
                                                FS_CHANGE_ACCESSED_NOW | FS_CHANGE_MODIFIED_NOW};

/* utimensat's two times; address 0: both now. */
static int change_of_timespecs(uint64_t address, struct fs_change *change)
{
    struct linux_timespec times[2];
    const uint64_t longest = NS_PER_SECOND - 1;

    *change = now_change;
    if (address == 0)
        return 0;
    int error = copy_from_program(times, address, sizeof(times));
    if (error != 0)
        return error;
    *change = (struct fs_change){
        .accessed_s = times[0].seconds,
        .accessed_ns = (uint32_t)times[0].nanoseconds,
        .modified_s = times[1].seconds,
        .modified_ns = (uint32_t)times[1].nanoseconds,
    };
    for (unsigned i = 0; i < 2; i++) {
        uint32_t exact = i == 0 ? FS_CHANGE_ACCESSED : FS_CHANGE_MODIFIED;
        uint32_t now = i == 0 ? FS_CHANGE_ACCESSED_NOW : FS_CHANGE_MODIFIED_NOW;
        if (times[i].nanoseconds == LINUX_UTIME_NOW)
            change->fields |= now;
        else if ((uint64_t)times[i].nanoseconds <= longest)
            change->fields |= exact;
        else if (times[i].nanoseconds != LINUX_UTIME_OMIT)
            return -LINUX_EINVAL;
    }
    return 0;
}

int64_t linux_utimensat(struct task *task, const struct utimensat_arguments *arguments)
{
    const struct change_request wanted = {arguments->directory, arguments->path, arguments->flags,
                                          FS_OPEN_PATH};
    struct fs_change change;

    if ((arguments->flags & ~(uint32_t)(LINUX_AT_SYMLINK_NOFOLLOW | LINUX_AT_EMPTY_PATH)) != 0)
        return -LINUX_EINVAL;
    int error = change_of_timespecs(arguments->times, &change);
    if (error != 0 || change.fields == 0)
        return error;
    if (arguments->path == 0)
        return change_descriptor(task, arguments->directory, &change);
    return change_path(task, &wanted, &change);
}

static int change_of_timevals(uint64_t address, struct fs_change *change)
{
    struct linux_timeval times[2];

    *change = now_change;
    if (address == 0)
        return 0;
    int error = copy_from_program(times, address, sizeof(times));
    if (error != 0)
        return error;
    if ((uint64_t)times[0].microseconds >= 1000000 || (uint64_t)times[1].microseconds >= 1000000)
        return -LINUX_EINVAL;
    *change = (struct fs_change){
        .fields = FS_CHANGE_ACCESSED | FS_CHANGE_MODIFIED,
        .accessed_s = times[0].seconds,
        .accessed_ns = (uint32_t)times[0].microseconds * 1000,
        .modified_s = times[1].seconds,
        .modified_ns = (uint32_t)times[1].microseconds * 1000,
    };
    return 0;
}

int64_t linux_utimes(struct task *task, const struct utimes_arguments *arguments)
{
    const struct change_request wanted = {LINUX_AT_FDCWD, arguments->path, 0, FS_OPEN_PATH};
    struct fs_change change;
    int error = change_of_timevals(arguments->times, &change);
    return error != 0 ? error : change_path(task, &wanted, &change);
}

int64_t linux_futimesat(struct task *task, const struct futimesat_arguments *arguments)
{
    const struct change_request wanted = {arguments->directory, arguments->path, 0, FS_OPEN_PATH};
    struct fs_change change;

    int error = change_of_timevals(arguments->times, &change);
    if (error != 0)
        return error;
    if (arguments->path == 0)
        return change_descriptor(task, arguments->directory, &change);
    return change_path(task, &wanted, &change);
}

int64_t linux_utime(struct task *task, const struct utime_arguments *arguments)
{
    const struct change_request wanted = {LINUX_AT_FDCWD, arguments->path, 0, FS_OPEN_PATH};
    struct fs_change change = now_change;
    int64_t times[2];

    if (arguments->times != 0) {
        int error = copy_from_program(times, arguments->times, sizeof(times));
        if (error != 0)
            return error;
        change = (struct fs_change){.fields = FS_CHANGE_ACCESSED | FS_CHANGE_MODIFIED,
                                    .accessed_s = times[0],
                                    .modified_s = times[1]};
    }
    return change_path(task, &wanted, &change);
}

/* RLIMIT_FSIZE as write has it. */
static int check_size(struct task *task, int64_t length)
{
    if (length < 0)
        return -LINUX_EINVAL;
    if ((uint64_t)length <= task_limit(task, LINUX_RLIMIT_FSIZE))
        return 0;
    signal_raise(task, LINUX_SIGXFSZ);
    return -LINUX_EFBIG;
}

int64_t linux_truncate(struct task *task, const struct truncate_arguments *arguments)
{
    const struct change_request wanted = {LINUX_AT_FDCWD, arguments->path, 0, FS_OPEN_WRITE};
    const struct fs_change change = {.fields = FS_CHANGE_SIZE, .size = (uint64_t)arguments->length};
    int error = check_size(task, arguments->length);
    return error != 0 ? error : change_path(task, &wanted, &change);
}

int64_t linux_ftruncate(struct task *task, const struct ftruncate_arguments *arguments)
{
    const struct fs_change change = {.fields = FS_CHANGE_SIZE, .size = (uint64_t)arguments->length};
    struct file *file = file_get(task, arguments->fd);

    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = check_size(task, arguments->length);
    if (result == 0 && !file_writes(file))
        result = (file->status_flags & LINUX_O_PATH) != 0 ? -LINUX_EBADF : -LINUX_EINVAL;
    if (result == 0)
        result = file->operations->seek == NULL ? -LINUX_EINVAL : change_file(task, file, &change);
    file_put(file);
    return result;
}

int64_t linux_fallocate(struct task *task, const struct fallocate_arguments *arguments)
{
    struct file *file = file_get(task, arguments->fd);
    struct message message;

    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = -LINUX_ENODEV;
    if (arguments->offset < 0 || arguments->length <= 0) {
        result = -LINUX_EINVAL;
    } else if (!file_writes(file)) {
        result = -LINUX_EBADF;
    } else if (file->operations->seek == NULL) {
        result = -LINUX_ESPIPE;
    } else if (file->operations->kind == POSIX_FILE_NODE) {
        message_begin(&message, FS_ALLOCATE);
        message.words[0] = (uint64_t)arguments->offset;
        message.words[1] = (uint64_t)arguments->length;
        message.words[2] = arguments->mode;
        result = node_request(task, file, &message);
    }
    file_put(file);
    return result;
}

static int64_t sync_descriptor(struct task *task, int fd)
{
    struct file *file = file_get_open(task, fd);
    struct message message;
    int64_t result = -LINUX_EINVAL;

    if (file == NULL)
        return -LINUX_EBADF;
    if (file->operations->kind == POSIX_FILE_NODE) {
        message_begin(&message, FS_SYNC);
        result = node_request(task, file, &message);
    }
    file_put(file);
    return result;
}

int64_t linux_fsync(struct task *task, const struct fsync_arguments *arguments)
{
    return sync_descriptor(task, arguments->fd);
}

int64_t linux_fdatasync(struct task *task, const struct fdatasync_arguments *arguments)
{
    return sync_descriptor(task, arguments->fd);
}

int64_t linux_syncfs(struct task *task, const struct syncfs_arguments *arguments)
{
    return sync_descriptor(task, arguments->fd);
}

int64_t linux_sync_file_range(struct task *task, const struct sync_file_range_arguments *arguments)
{
    return sync_descriptor(task, arguments->fd);
}

/* Every write has reached its server when it returns, and no mounted file system outlives its server. */
int64_t linux_sync(struct task *task, const struct sync_arguments *arguments)
{
    (void)task;
    (void)arguments;
    return 0;
}

/* Advice has no effect that could be seen. */
int64_t linux_fadvise64(struct task *task, const struct fadvise64_arguments *arguments)
{
    struct file *file = file_get_open(task, arguments->fd);

    if (file == NULL)
        return -LINUX_EBADF;
    bool seekable = file->operations->seek != NULL;
    file_put(file);
    if (!seekable)
        return -LINUX_ESPIPE;
    return arguments->advice < 0 || arguments->advice > 5 ? -LINUX_EINVAL : 0;
}
