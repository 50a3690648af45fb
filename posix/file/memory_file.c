/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * memfd_create: a file without a name in /tmp, which has everything such a file
 * needs: pages to map, a size, an offset that processes share. It cannot be sealed.
 */
#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/task.h>

#include "open.h"

#define MFD_CLOEXEC 1u
#define NAME_MAX 249

static char *shown_name(const char *name)
{
    const size_t size = NAME_MAX + 32;
    char *shown = memory_allocate(size);

    if (shown != NULL)
        (void)text_format(shown, size, "/memfd:%s (deleted)", name);
    return shown;
}

int64_t linux_memfd_create(struct task *task, const struct memfd_create_arguments *arguments)
{
    char name[NAME_MAX + 1];
    struct path path;
    struct opened opened;
    struct file *file;
    struct path_request call = {
        .dirfd = LINUX_AT_FDCWD,
        .path = &path,
        .words = {FS_OPEN_READ | FS_OPEN_WRITE | FS_OPEN_TEMPORARY, 0777},
    };

    if ((arguments->flags & ~(uint64_t)MFD_CLOEXEC) != 0)
        return -LINUX_EINVAL;
    int64_t result = copy_string_from_program(name, arguments->name, sizeof(name));
    if (result < 0)
        return result == -LINUX_ENAMETOOLONG ? -LINUX_EINVAL : result;
    result = path_from_string(&path, "/tmp");
    if (result == 0)
        result = path_open(task, &call, &opened);
    if (result == 0)
        result = open_file(task, &opened, LINUX_O_RDWR, &file);
    if (result != 0)
        return result;
    file->path = shown_name(name);
    const struct file_install install = {file, 0, (arguments->flags & MFD_CLOEXEC) != 0};
    return file_install(task, &install);
}
