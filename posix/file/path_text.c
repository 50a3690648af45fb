/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Paths as text.
 */
#include "path.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/memory.h>
#include <posix/task.h>

int path_split(struct path *path, char name[256])
{
    size_t end = path->length, start;

    while (end > 0 && path->text[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path->text[start - 1] != '/'; start--)
        continue;
    size_t length = path->length - start;
    if (end - start > 255 || length > 255)
        return -LINUX_ENAMETOOLONG;
    memcpy(name, path->text + start, end - start);
    name[end - start] = '\0';
    path->length = start;
    if (start == 0)
        path->text[path->length++] = '.';
    return 0;
}

/* Append the components of [text, text + length), each with a slash in front, to `to`. */
static size_t normalise(char *to, size_t used, const char *text, size_t length)
{
    size_t end;

    for (size_t start = 0; start < length; start = end + 1) {
        for (end = start; end < length && text[end] != '/'; end++)
            continue;
        size_t size = end - start;
        if (size == 0 || (size == 1 && text[start] == '.'))
            continue;
        if (size == 2 && text[start] == '.' && text[start + 1] == '.') {
            while (used > 0 && to[--used] != '/')
                continue;
            continue;
        }
        to[used++] = '/';
        memcpy(to + used, text + start, size);
        used += size;
    }
    return used;
}

char *path_absolute(struct task *task, int dirfd, const struct path *path)
{
    const char *base = path->length > 0 && path->text[0] == '/' ? "" : task->naming->cwd_path;
    struct file *file = *base != '\0' && dirfd != LINUX_AT_FDCWD ? file_get(task, dirfd) : NULL;

    if (file != NULL && file->path != NULL)
        base = file->path;
    char *absolute = memory_allocate(strlen(base) + path->length + 3);
    if (absolute != NULL) {
        size_t used = normalise(absolute, 0, base, strlen(base));
        used = normalise(absolute, used, path->text, path->length);
        if (used == 0)
            absolute[used++] = '/';
        absolute[used] = '\0';
    }
    if (file != NULL)
        file_put(file);
    return absolute;
}
