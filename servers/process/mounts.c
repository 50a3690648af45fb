/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "mounts.h"

#include <base/errno.h>
#include <base/log.h>
#include <base/text.h>
#include <protocols/tty.h>
#include <trellis/native.h>

#include "accounts.h"
#include "procfs/session.h"
#include "server.h"

#define HOPS_MAX 40 /* absolute links in one path */

_Static_assert((uint32_t)TTY_MINT == (uint32_t)FS_MINT, "the tty server mints as a file server");

static const struct mount mounts[MOUNT_COUNT] = {
    {MOUNT_ROOT, 0, "tmpfs", "/", "tmpfs", "rw"},
    {MOUNT_PROC, MOUNT_ROOT, "proc", "/proc", "proc", "rw,nosuid,nodev,noexec"},
    {MOUNT_SYSTEM, MOUNT_ROOT, "sysfs", "/sys", "sysfs", "rw,nosuid,nodev,noexec"},
    {MOUNT_TERMINALS, MOUNT_ROOT, "devpts", "/dev/pts", "devpts", "rw,nosuid,noexec,mode=620"},
};

const struct mount *mounts_list(void)
{
    return mounts;
}

void mounts_init(void)
{
    for (unsigned i = 1; i < MOUNT_COUNT; i++) {
        struct message message;
        message_begin(&message, FS_MARK_MOUNT);
        message.words[1] = mounts[i].number;
        message_copy_text(&message, ipc_frame(), mounts[i].directory, strlen(mounts[i].directory));
        int error = server_call(server.files, &message);
        if (error != 0)
            log_print("%s cannot be mounted upon: error %d", mounts[i].directory, error);
    }
}

static size_t put_string(char *text, size_t size, size_t used, const char *string)
{
    size_t length = strlen(string) + 1;

    if (length > size - used)
        return used;
    memcpy(text + used, string, length);
    return used + length;
}

size_t mounts_pack(char *text, size_t size)
{
    size_t used = 0;

    for (unsigned i = 0; i < MOUNT_COUNT; i++) {
        uint32_t numbers[2] = {mounts[i].number, mounts[i].parent};
        memcpy(text + used, numbers, sizeof(numbers));
        used += sizeof(numbers);
        used = put_string(text, size, used, mounts[i].source);
        used = put_string(text, size, used, mounts[i].directory);
        used = put_string(text, size, used, mounts[i].type);
        used = put_string(text, size, used, mounts[i].options);
    }
    return used;
}

/* The first handle of a reply that has just arrived. */
static handle_t reply_handle(const struct message *message)
{
    return message_handle_count(message->information) > 0 ? ipc_frame()->handles[0].handle
                                                          : HANDLE_NONE;
}

/* The account for the files of the user whose credentials these are. */
static int add_account(struct message *message, const struct fs_credentials *credentials)
{
    const struct account *account = account_of_user(credentials->uid);

    if (account == NULL)
        return LINUX_ENOMEM;
    message_add_handle(message, ipc_frame(), account_for_files(account),
                       RIGHT_CHARGE | RIGHT_INSPECT, 0);
    return 0;
}

static int mint(handle_t control, const struct fs_credentials *credentials, handle_t *session)
{
    struct message message;

    message_begin(&message, FS_MINT);
    int error = add_account(&message, credentials);
    if (error != 0)
        return error;
    message_copy_text(&message, ipc_frame(), credentials, sizeof(*credentials));
    error = server_call(control, &message);
    if (error == 0)
        *session = reply_handle(&message);
    return error == 0 && *session == HANDLE_NONE ? LINUX_EIO : error;
}

int mounts_open_root(uint32_t number, const struct fs_credentials *credentials, handle_t *session)
{
    switch (number) {
    case MOUNT_ROOT:
        return mint(server.files, credentials, session);
    case MOUNT_PROC:
        return procfs_open_root(&procfs_root_entry, credentials, session);
    case MOUNT_SYSTEM:
        return procfs_open_root(&sysfs_root_entry, credentials, session);
    case MOUNT_TERMINALS:
        return mint(server.tty, credentials, session);
    default:
        return LINUX_ENOENT;
    }
}

/* By the control session of the file server whose session it may be. */
static int renew_by(handle_t control, handle_t session, const struct fs_credentials *credentials,
                    handle_t *renewed)
{
    struct message message;

    message_begin(&message, FS_RENEW);
    message_add_handle(&message, ipc_frame(), session, RIGHT_SAME, 0);
    int error = add_account(&message, credentials);
    if (error != 0)
        return error;
    message_copy_text(&message, ipc_frame(), credentials, sizeof(*credentials));
    error = server_call(control, &message);
    if (error == 0)
        *renewed = reply_handle(&message);
    return error == 0 && *renewed == HANDLE_NONE ? LINUX_EIO : error;
}

int mounts_renew(handle_t session, const struct fs_credentials *credentials, handle_t *renewed)
{
    uint64_t badge;

    if (native_session_badge(server.endpoint, session, &badge) == 0)
        return procfs_renew(badge, credentials, renewed);
    int error = renew_by(server.files, session, credentials, renewed);
    return error == LINUX_EXDEV ? renew_by(server.tty, session, credentials, renewed) : error;
}

static void take_reply(const struct message *message, struct opened_file *file)
{
    struct frame *frame = ipc_frame();
    unsigned count = message_handle_count(message->information);

    memcpy(&file->attributes, frame_text(frame), sizeof(file->attributes));
    file->session = count > 0 ? frame->handles[0].handle : HANDLE_NONE;
    file->memory = HANDLE_NONE;
    for (unsigned i = 1; i < count; i++) {
        if (i == 1 && file->attributes.content == FS_CONTENT_MEMORY)
            file->memory = frame->handles[i].handle;
        else
            server_close(frame->handles[i].handle);
    }
}

int file_open(handle_t session, const char *path, uint32_t flags, struct opened_file *file)
{
    struct message message;
    struct frame *frame = ipc_frame();
    size_t length = strlen(path);

    message_begin(&message, FS_OPEN);
    message_copy_text(&message, frame, path, length);
    for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
        message.words[0] = flags | FS_AT_CEILING;
        int error = server_call(session, &message);
        if (error != 0)
            return error;
        if (message.words[0] == FS_OUTCOME_DONE) {
            take_reply(&message, file);
            return 0;
        }
        if (message.words[0] == FS_OUTCOME_MOUNT)
            return LINUX_ENOENT;
        length = message_text_length(message.information);
        message_begin(&message, FS_OPEN); /* the path to go on with is in the frame already */
        message_set_text(&message, length);
    }
    return LINUX_ELOOP;
}

void file_close(struct opened_file *file)
{
    server_close(file->session);
    server_close(file->memory);
    *file = (struct opened_file){0};
}

size_t file_read_text(const char *path, char *text, size_t size)
{
    static const struct fs_credentials superuser = {0};
    struct opened_file file = {0};
    handle_t root = HANDLE_NONE;
    int64_t length = 0;

    if (mounts_open_root(MOUNT_ROOT, &superuser, &root) == 0 &&
        file_open(root, path, FS_OPEN_READ, &file) == 0 && file.memory != HANDLE_NONE)
        length = native_memory_read(file.memory, 0, text, size);
    file_close(&file);
    server_close(root);
    return length < 0 ? 0 : (size_t)length;
}
