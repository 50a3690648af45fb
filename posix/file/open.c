/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Opening: the file server walks and checks; what kind of node it found decides
 * which sort of file the program gets.
 */
#include "open.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/task.h>

#include "device.h"
#include "node.h"
#include "stream.h"
#include "terminal.h"

uint32_t open_server_flags(uint32_t flags)
{
    static const uint32_t same[][2] = {
        {LINUX_O_CREAT, FS_OPEN_CREATE},       {LINUX_O_EXCL, FS_OPEN_EXCLUSIVE},
        {LINUX_O_TRUNC, FS_OPEN_TRUNCATE},     {LINUX_O_DIRECTORY, FS_OPEN_DIRECTORY},
        {LINUX_O_NOFOLLOW, FS_OPEN_NO_FOLLOW}, {LINUX_O_NONBLOCK, FS_NO_BLOCK},
    };
    uint32_t access = flags & LINUX_O_ACCMODE;
    uint32_t result = 0;

    if ((flags & LINUX_O_PATH) != 0)
        flags &= LINUX_O_PATH | LINUX_O_DIRECTORY | LINUX_O_NOFOLLOW;
    else
        result |= (access != LINUX_O_WRONLY ? FS_OPEN_READ : 0u) |
                  (access != LINUX_O_RDONLY ? FS_OPEN_WRITE : 0u);
    for (unsigned i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        if ((flags & same[i][0]) != 0)
            result |= same[i][1];
    }
    if ((flags & LINUX_O_PATH) != 0)
        result |= FS_OPEN_PATH;
    if ((flags & LINUX_O_TMPFILE_ONLY) != 0)
        result = (result & ~(uint32_t)FS_OPEN_DIRECTORY) | FS_OPEN_TEMPORARY;
    return result;
}

/* A file of this sort with the node's numbers; the session is its handle `session_index`. */
static struct file *create(const struct file_operations *operations, const struct opened *opened,
                           uint32_t flags)
{
    struct file *file = file_create(operations, flags);

    if (file == NULL)
        return NULL;
    file->node = opened->attributes.node;
    file->device = opened->attributes.device;
    file->rdev = opened->attributes.rdev;
    return file;
}

static int open_node(const struct opened *opened, uint32_t flags, struct file **file)
{
    *file = create(&node_operations, opened, flags);
    if (*file == NULL)
        return -LINUX_ENOMEM;
    (*file)->handles[NODE_SESSION] = opened->session;
    if (opened->attributes.content == FS_CONTENT_MEMORY)
        (*file)->handles[NODE_PAGES] = opened->content[0];
    (*file)->extra[NODE_MOUNT] = opened->mount;
    (*file)->extra[NODE_MODE] = opened->attributes.mode;
    return 0;
}

static int open_fifo(struct task *task, const struct opened *opened, uint32_t flags,
                     struct file **file)
{
    *file = create(&stream_operations, opened, flags);
    if (*file == NULL)
        return -LINUX_ENOMEM;
    (*file)->handles[STREAM_NODE] = opened->session;
    (*file)->offset_shared = true;
    return stream_open_fifo(task, *file, opened->content);
}

static int open_device(struct task *task, const struct opened *opened, uint32_t flags,
                       struct file **file)
{
    uint64_t rdev = opened->attributes.rdev;

    if (terminal_is_rdev(rdev)) {
        int error = terminal_open(task, (uint32_t)rdev, flags, file);
        if (error == 0)
            (*file)->handles[TERMINAL_NODE] = opened->session;
        return error;
    }
    if (!device_is_known(rdev))
        return -LINUX_ENXIO;
    *file = create(&device_operations, opened, flags);
    if (*file == NULL)
        return -LINUX_ENOMEM;
    (*file)->handles[0] = opened->session;
    return 0;
}

static int open_by_type(struct task *task, const struct opened *opened, uint32_t flags,
                        struct file **file)
{
    uint32_t type = opened->attributes.mode & LINUX_S_IFMT;

    if ((flags & LINUX_O_PATH) != 0)
        return open_node(opened, flags, file);
    if (type == LINUX_S_IFCHR)
        return open_device(task, opened, flags, file);
    if (type == LINUX_S_IFIFO)
        return open_fifo(task, opened, flags, file);
    if (type == LINUX_S_IFBLK || type == LINUX_S_IFSOCK)
        return -LINUX_ENXIO;
    return open_node(opened, flags, file);
}

int open_file(struct task *task, struct opened *opened, uint32_t flags, struct file **file)
{
    uint32_t kept =
        flags & ~(LINUX_O_CREAT | LINUX_O_EXCL | LINUX_O_NOCTTY | LINUX_O_TRUNC | LINUX_O_CLOEXEC);

    *file = NULL;
    int error = open_by_type(task, opened, kept, file);
    if (error == 0)
        return 0;
    if (*file != NULL)
        file_put(*file);
    else
        path_close_opened(opened);
    return error;
}

/* /proc/self/fd/N: what can be opened anew is; an end of a pipe or a socket is shared. */
static int reopen(struct task *task, int fd, uint32_t flags, struct file **file)
{
    struct path empty = {.length = 0};
    struct path_request call = {
        .dirfd = fd, .path = &empty, .empty_allowed = true, .words = {open_server_flags(flags)}};
    struct opened opened;
    struct file *old = file_get(task, fd);

    if (old == NULL)
        return -LINUX_ENOENT;
    if ((flags & (LINUX_O_CREAT | LINUX_O_EXCL)) == (LINUX_O_CREAT | LINUX_O_EXCL)) {
        file_put(old);
        return -LINUX_EEXIST;
    }
    bool is_node = old->operations->kind == POSIX_FILE_NODE;
    bool readable = (flags & LINUX_O_ACCMODE) == LINUX_O_WRONLY || file_reads(old);
    bool writable = (flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY || file_writes(old);
    if (!is_node) {
        *file = old;
        if (readable && writable)
            return 0;
        file_put(old);
        return -LINUX_EACCES;
    }
    file_put(old);
    int error = path_open(task, &call, &opened);
    return error != 0 ? error : open_file(task, &opened, flags, file);
}

static int open_path(struct task *task, const struct open_request *request, struct path *path,
                     struct file **file)
{
    uint32_t mode = request->mode & 07777 & ~task->naming->umask;
    struct path_request call = {
        .dirfd = request->dirfd, .path = path, .words = {open_server_flags(request->flags), mode}};
    struct opened opened;
    char *absolute = path_absolute(task, request->dirfd, path);

    if (absolute == NULL)
        return -LINUX_ENOMEM;
    int error = path_open(task, &call, &opened);
    if (error == 0)
        error = open_file(task, &opened, request->flags, file);
    else if (error == PATH_DESCRIPTOR)
        error = reopen(task, call.descriptor, request->flags, file);
    if (error == 0 && (*file)->path == NULL && (*file)->references == 1)
        (*file)->path = absolute;
    else
        memory_release(absolute);
    return error;
}

static int64_t do_open(struct task *task, const struct open_request *request)
{
    struct path path;
    struct file *file;
    bool unnamed = (request->flags & LINUX_O_TMPFILE_ONLY) != 0;

    if (unnamed && (request->flags & LINUX_O_ACCMODE) == LINUX_O_RDONLY)
        return -LINUX_EINVAL;
    int error = path_from_program(&path, request->address);
    if (error == 0)
        error = open_path(task, request, &path, &file);
    if (error != 0)
        return error;
    if (file->operations == &terminal_operations && (request->flags & LINUX_O_NOCTTY) == 0)
        terminal_acquire(task, file);
    const struct file_install install = {file, 0, (request->flags & LINUX_O_CLOEXEC) != 0};
    return file_install(task, &install);
}

int64_t linux_open(struct task *task, const struct open_arguments *arguments)
{
    const struct open_request request = {LINUX_AT_FDCWD, arguments->path, arguments->flags,
                                         arguments->mode};
    return do_open(task, &request);
}

int64_t linux_openat(struct task *task, const struct openat_arguments *arguments)
{
    const struct open_request request = {arguments->directory, arguments->path, arguments->flags,
                                         arguments->mode};
    return do_open(task, &request);
}

int64_t linux_creat(struct task *task, const struct creat_arguments *arguments)
{
    const struct open_request request = {LINUX_AT_FDCWD, arguments->path,
                                         LINUX_O_CREAT | LINUX_O_WRONLY | LINUX_O_TRUNC,
                                         arguments->mode};
    return do_open(task, &request);
}

/* RESOLVE_* would have to be promised by the file servers: refused. */
/* A structure of a newer program: what we do not know of it must be zero. 0, -E2BIG, -EFAULT. */
static int check_rest(uint64_t address, uint64_t size)
{
    uint8_t bytes[128];

    for (uint64_t at = 0; at < size;) {
        uint64_t piece = size - at < sizeof(bytes) ? size - at : sizeof(bytes);
        if (copy_from_program(bytes, address + at, piece) != 0)
            return -LINUX_EFAULT;
        for (uint64_t i = 0; i < piece; i++) {
            if (bytes[i] != 0)
                return -LINUX_E2BIG;
        }
        at += piece;
    }
    return 0;
}

int64_t linux_openat2(struct task *task, const struct openat2_arguments *arguments)
{
    struct linux_open_how how;

    if (arguments->size < sizeof(how))
        return -LINUX_EINVAL;
    if (arguments->size > USER_PAGE_SIZE)
        return -LINUX_E2BIG;
    int error = check_rest(arguments->how + sizeof(how), arguments->size - sizeof(how));
    if (error == 0)
        error = copy_from_program(&how, arguments->how, sizeof(how));
    if (error != 0)
        return error;
    bool creates = (how.flags & (LINUX_O_CREAT | LINUX_O_TMPFILE_ONLY)) != 0;
    if (how.flags > UINT32_MAX || how.mode > 07777 || (how.mode != 0 && !creates))
        return -LINUX_EINVAL;
    if (how.resolve != 0)
        return -LINUX_EOPNOTSUPP;
    const struct open_request request = {arguments->directory, arguments->path, (uint32_t)how.flags,
                                         (uint32_t)how.mode};
    return do_open(task, &request);
}
