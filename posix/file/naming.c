/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "naming_state.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <trellis/native.h>

#include "path.h"

static struct list all_namings = {{&all_namings.head, &all_namings.head}};
static struct lock all_lock;

struct naming *naming_create(handle_t root, handle_t cwd, const char *cwd_path, uint32_t umask)
{
    struct naming *naming = memory_allocate_zeroed(1, sizeof(*naming));
    char *path = memory_copy_text(cwd_path);

    if (naming == NULL || path == NULL) {
        memory_release(naming);
        memory_release(path);
        return NULL;
    }
    *naming = (struct naming){
        .references = 1, .root = root, .cwd = cwd, .umask = umask, .cwd_path = path};
    lock_acquire(&all_lock);
    list_push_back(&all_namings, &naming->all_link);
    lock_release(&all_lock);
    return naming;
}

/* A directory session has no state: a second handle to it is as good as a session of its own. */
struct naming *naming_copy(struct task *task, struct naming *from)
{
    (void)task;
    lock_acquire(&from->lock);
    int64_t root = native_handle_copy(from->root, RIGHT_SAME, 0);
    int64_t cwd = native_handle_copy(from->cwd, RIGHT_SAME, 0);
    struct naming *naming = NULL;
    if (root > 0 && cwd > 0)
        naming = naming_create((handle_t)root, (handle_t)cwd, from->cwd_path, from->umask);
    lock_release(&from->lock);
    if (naming == NULL) {
        request_close_handle(root > 0 ? (handle_t)root : HANDLE_NONE);
        request_close_handle(cwd > 0 ? (handle_t)cwd : HANDLE_NONE);
        return NULL;
    }
    naming->cwd_mount = from->cwd_mount;
    naming->root_state = from->root_state;
    return naming;
}

void naming_release(struct naming *naming)
{
    if (__atomic_sub_fetch(&naming->references, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    lock_acquire(&all_lock);
    list_remove(&naming->all_link);
    lock_release(&all_lock);
    request_close_handle(naming->root);
    request_close_handle(naming->cwd);
    memory_release(naming->cwd_path);
    memory_release(naming);
}

void naming_for_each_foreign(const struct naming *own,
                             void (*visit)(handle_t handle, void *argument), void *argument)
{
    lock_acquire(&all_lock);
    list_for_each (&all_namings, node) {
        const struct naming *naming = container_of(node, struct naming, all_link);
        if (naming == own)
            continue;
        visit(naming->root, argument);
        visit(naming->cwd, argument);
    }
    lock_release(&all_lock);
    mount_for_each_session(visit, argument);
}

static int check_program(const struct opened *opened)
{
    if ((opened->attributes.mode & LINUX_S_IFMT) != LINUX_S_IFREG ||
        opened->attributes.content != FS_CONTENT_MEMORY || opened->content[0] == HANDLE_NONE)
        return -LINUX_EACCES;
    return 0;
}

/* The program a descriptor names: opened anew, to be run. */
static int open_descriptor(struct task *task, int fd, struct opened *opened)
{
    struct path empty = {.length = 0};
    struct path_request call = {
        .dirfd = fd, .path = &empty, .empty_allowed = true, .words = {FS_OPEN_EXECUTE}};
    int error = path_open(task, &call, opened);

    return error == -LINUX_ENOTDIR ? -LINUX_EACCES : error;
}

/* A program found by a link to elsewhere (/proc/self/exe) is called what the link said. */
static int rename_program(struct task *task, const struct path *named, char **path)
{
    char *absolute = path_absolute(task, LINUX_AT_FDCWD, named);

    if (absolute == NULL)
        return -LINUX_ENOMEM;
    memory_release(*path);
    *path = absolute;
    return 0;
}

int executable_open(struct task *task, const struct executable_request *request,
                    struct executable *result)
{
    struct path path, named = {.length = 0};
    struct opened opened;
    bool follow = (request->flags & LINUX_AT_SYMLINK_NOFOLLOW) == 0;
    struct path_request call = {
        .dirfd = request->dirfd,
        .path = &path,
        .empty_allowed = (request->flags & LINUX_AT_EMPTY_PATH) != 0,
        .named = &named,
        .words = {FS_OPEN_EXECUTE | (follow ? 0u : FS_OPEN_NO_FOLLOW)},
    };

    int error = path_from_string(&path, request->path);
    if (error != 0)
        return error;
    char *absolute = path_absolute(task, request->dirfd, &path);
    if (absolute == NULL)
        return -LINUX_ENOMEM;
    error = path_open(task, &call, &opened);
    if (error == 0 && named.length > 0)
        error = rename_program(task, &named, &absolute);
    if (error == PATH_DESCRIPTOR)
        error = open_descriptor(task, call.descriptor, &opened);
    if (error == 0)
        error = check_program(&opened);
    if (error != 0) {
        path_close_opened(&opened);
        memory_release(absolute);
        return error == -LINUX_EISDIR ? -LINUX_EACCES : error;
    }
    *result = (struct executable){opened.session, opened.content[0], opened.attributes, absolute};
    return 0;
}

void executable_close(struct executable *executable)
{
    request_close_handle(executable->session);
    request_close_handle(executable->memory);
    memory_release(executable->path);
    *executable = (struct executable){.session = HANDLE_NONE};
}
