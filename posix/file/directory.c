/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Reading directories. The position is the server's cookie of the entry to go on
 * with; it is the description's offset, so that lseek, telldir and a shared
 * description mean the same.
 */
#include "node.h"

#include <posix/calls.h>
#include <posix/task.h>

#include "transfer.h"

#define SMALL_DIRENT_HEADER 18 /* struct linux_dirent: u64, u64, u16; name; type in the last byte */

/* How a directory entry is packed for the program. */
struct packing {
    const struct transfer *transfer;
    size_t used;
    bool small; /* getdents, not getdents64 */
    bool full;  /* the next entry does not fit */
    bool ended; /* there is none */
    int error;
};

static void pack(struct packing *packing, const struct fs_entry *entry)
{
    uint64_t space[(sizeof(struct linux_dirent64) + 256 + 15) / 8] = {0};
    struct linux_dirent64 *packed = (struct linux_dirent64 *)space;
    size_t header = packing->small ? SMALL_DIRENT_HEADER : sizeof(*packed);
    size_t length = (header + entry->name_length + (packing->small ? 2 : 1) + 7) & ~(size_t)7;

    packed->node = entry->node;
    packed->offset = (int64_t)entry->cookie;
    packed->length = (uint16_t)length;
    if (packing->small)
        ((uint8_t *)space)[length - 1] = entry->type;
    else
        packed->type = entry->type;
    memcpy((char *)space + header, entry->name, entry->name_length);
    if (length > packing->transfer->length - packing->used) {
        packing->full = true;
        return;
    }
    packing->error = transfer_put(packing->transfer, packing->used, space, length);
    packing->used += packing->error == 0 ? length : 0;
}

/* One LIST from *cookie, as much of its reply as fits. 0 entries at the end. */
static int list_once(struct task *task, struct file *file, struct packing *packing,
                     uint64_t *cookie)
{
    struct message message;
    size_t entries = 0;

    message_begin(&message, FS_LIST);
    message.words[0] = *cookie;
    int error = node_request(task, file, &message);
    if (error != 0)
        return error;
    size_t length = message_text_length(message.information);
    for (size_t at = 0; at + sizeof(struct fs_entry) <= length; entries++) {
        const struct fs_entry *entry = (const void *)(frame_text(task->frame) + at);
        pack(packing, entry);
        if (packing->full || packing->error != 0)
            return packing->error;
        *cookie = entry->cookie;
        at += entry->length;
        if (entry->length == 0)
            return -LINUX_EIO;
    }
    packing->ended = entries == 0;
    return 0;
}

static int get_position(struct task *task, struct file *file, uint64_t *cookie)
{
    if (!file->offset_shared) {
        *cookie = file->offset;
        return 0;
    }
    int64_t position = file->operations->seek(task, file, 0, LINUX_SEEK_CUR);
    *cookie = (uint64_t)position;
    return position < 0 ? (int)position : 0;
}

static int set_position(struct task *task, struct file *file, uint64_t cookie)
{
    if (!file->offset_shared) {
        file->offset = cookie;
        return 0;
    }
    int64_t position = file->operations->seek(task, file, (int64_t)cookie, LINUX_SEEK_SET);
    return position < 0 ? (int)position : 0;
}

static int64_t list(struct task *task, struct file *file, struct packing *packing)
{
    uint64_t cookie;

    int error = get_position(task, file, &cookie);
    while (error == 0 && !packing->full && !packing->ended)
        error = list_once(task, file, packing, &cookie);
    if (packing->used == 0)
        return error != 0 ? error : packing->full ? -LINUX_EINVAL : 0;
    error = set_position(task, file, cookie);
    return error != 0 ? error : (int64_t)packing->used;
}

int64_t node_list(struct task *task, struct file *file, const struct transfer *transfer)
{
    struct packing packing = {.transfer = transfer};

    if (!node_is_directory(file))
        return -LINUX_ENOTDIR;
    return list(task, file, &packing);
}

static int64_t list_descriptor(struct task *task, int fd, const struct transfer *transfer,
                               bool small)
{
    struct file *file = file_get_open(task, fd);
    struct packing packing = {.transfer = transfer, .small = small};

    if (file == NULL)
        return -LINUX_EBADF;
    int64_t result = -LINUX_ENOTDIR;
    if (!transfer_is_valid(transfer))
        result = -LINUX_EFAULT;
    else if (file->operations->list != NULL && node_is_directory(file))
        result = list(task, file, &packing);
    file_put(file);
    return result;
}

int64_t linux_getdents64(struct task *task, const struct getdents64_arguments *arguments)
{
    const struct transfer transfer = {.address = arguments->buffer, .length = arguments->count};
    return list_descriptor(task, arguments->fd, &transfer, false);
}

int64_t linux_getdents(struct task *task, const struct getdents_arguments *arguments)
{
    const struct transfer transfer = {.address = arguments->buffer, .length = arguments->count};
    return list_descriptor(task, arguments->fd, &transfer, true);
}
