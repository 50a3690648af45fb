/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Where names begin: working directory, root, umask.
 */
#include "path.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/task.h>

#include "naming_state.h"
#include "node.h"

#define PERMIT_SEARCH 1

/* To make a directory the working one takes the right to search it. */
static int check_search(struct task *task, handle_t session)
{
    struct message message;

    message_begin(&message, FS_ACCESS);
    message.words[0] = FS_EMPTY_PATH;
    message.words[1] = PERMIT_SEARCH;
    return request(task, session, &message);
}

static char *copy_path(const struct path *path)
{
    char *copy = memory_allocate(path->length + 1);

    if (copy != NULL) {
        memcpy(copy, path->text, path->length);
        copy[path->length] = '\0';
    }
    return copy;
}

/* Its canonical path, or, where the server does not tell, the one it was named by. */
static char *path_of(struct task *task, const struct opened *opened, char *named)
{
    struct path path;

    if (path_of_directory(task, opened->session, opened->mount, &path) != 0)
        return named;
    char *canonical = copy_path(&path);
    if (canonical == NULL)
        return named;
    memory_release(named);
    return canonical;
}

static void publish_cwd(struct task *task)
{
    if (!task->group->borrowed)
        task->group->signals->layout.cwd_path = (uint64_t)task->naming->cwd_path;
}

/* The session becomes the working directory; `named` becomes its path. */
static int64_t set_cwd(struct task *task, struct opened *opened, char *named)
{
    struct naming *naming = task->naming;
    char *path = path_of(task, opened, named);

    lock_acquire(&naming->lock);
    handle_t old = naming->cwd;
    char *old_path = naming->cwd_path;
    naming->cwd = opened->session;
    naming->cwd_path = path;
    naming->cwd_mount = opened->mount;
    publish_cwd(task);
    lock_release(&naming->lock);
    request_close_handle(old);
    memory_release(old_path);
    return 0;
}

/* Open a directory by a path of the program, with the right to search it. */
static int open_directory(struct task *task, uint64_t address, struct opened *opened, char **named)
{
    struct path path;
    struct path_request call = {
        .dirfd = LINUX_AT_FDCWD, .path = &path, .words = {FS_OPEN_PATH | FS_OPEN_DIRECTORY}};

    int error = path_from_program(&path, address);
    if (error != 0)
        return error;
    *named = path_absolute(task, LINUX_AT_FDCWD, &path);
    if (*named == NULL)
        return -LINUX_ENOMEM;
    error = path_open(task, &call, opened);
    if (error == PATH_DESCRIPTOR)
        error = -LINUX_ENOTDIR;
    if (error == 0)
        error = check_search(task, opened->session);
    if (error != 0) {
        path_close_opened(opened);
        memory_release(*named);
    }
    return error;
}

int64_t linux_chdir(struct task *task, const struct chdir_arguments *arguments)
{
    struct opened opened;
    char *named;

    int error = open_directory(task, arguments->path, &opened, &named);
    return error != 0 ? error : set_cwd(task, &opened, named);
}

/* A session of its own for a directory that is open. */
static int copy_session(struct task *task, struct file *file, struct opened *opened)
{
    struct message message;

    int error = check_search(task, file->handles[NODE_SESSION]);
    if (error != 0)
        return error;
    message_begin(&message, FS_COPY);
    error = node_request(task, file, &message);
    if (error == 0 && message_handle_count(message.information) != 1)
        error = -LINUX_EIO;
    if (error == 0)
        *opened = (struct opened){.session = task->frame->handles[0].handle,
                                  .mount = (uint32_t)file->extra[NODE_MOUNT]};
    return error;
}

int64_t linux_fchdir(struct task *task, const struct fchdir_arguments *arguments)
{
    struct file *file = file_get(task, arguments->fd);
    struct path path;
    struct opened opened;
    char *named = NULL;

    if (file == NULL)
        return -LINUX_EBADF;
    int error = -LINUX_ENOTDIR;
    if (file->operations->kind == POSIX_FILE_NODE && node_is_directory(file))
        error = path_from_string(&path, file->path == NULL ? "/" : file->path);
    if (error == 0) {
        named = copy_path(&path);
        error = named == NULL ? -LINUX_ENOMEM : copy_session(task, file, &opened);
    }
    file_put(file);
    if (error != 0) {
        memory_release(named);
        return error;
    }
    return set_cwd(task, &opened, named);
}

int64_t linux_chroot(struct task *task, const struct chroot_arguments *arguments)
{
    struct naming *naming = task->naming;
    struct opened opened;
    char *named;

    if (task->group->info->euid != 0)
        return -LINUX_EPERM;
    int error = open_directory(task, arguments->path, &opened, &named);
    if (error != 0)
        return error;
    memory_release(named);
    lock_acquire(&naming->lock);
    handle_t old = naming->root;
    naming->root = opened.session;
    naming->root_state = NAMING_ROOT_UNKNOWN;
    lock_release(&naming->lock);
    request_close_handle(old);
    return 0;
}

/* Asked for anew each time: a directory above may have been renamed, or this one removed. */
int64_t linux_getcwd(struct task *task, const struct getcwd_arguments *arguments)
{
    struct naming *naming = task->naming;
    struct path path;

    if (naming->cwd_mount == 0)
        naming->cwd_mount = mount_of_path(task, naming->cwd_path);
    int error = path_of_directory(task, naming->cwd, naming->cwd_mount, &path);
    if (error == -LINUX_ENOSYS)
        error = path_from_string(&path, naming->cwd_path);
    if (error != 0)
        return error;
    path.text[path.length] = '\0';
    if (path.length + 1 > arguments->size)
        return -LINUX_ERANGE;
    error = copy_to_program(arguments->buffer, path.text, path.length + 1);
    return error != 0 ? error : (int64_t)path.length + 1;
}

int64_t linux_umask(struct task *task, const struct umask_arguments *arguments)
{
    uint32_t mask = arguments->mask & 0777;

    task->group->signals->layout.umask = mask;
    return __atomic_exchange_n(&task->naming->umask, mask, __ATOMIC_RELAXED);
}
