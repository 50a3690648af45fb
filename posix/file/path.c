/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The walk: a place (session and mount) and the path that is left. Each server
 * answers with what is left from where; a bound on the hops takes the place of a
 * count of links.
 */
#include "path.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/task.h>

#include "naming_state.h"

#define HOPS_MAX 40

struct place {
    handle_t session;
    uint32_t mount;
    bool ceiling; /* the session is the caller's root */
};

int path_from_program(struct path *path, uint64_t address)
{
    int64_t length = copy_string_from_program(path->text, address, sizeof(path->text));
    if (length < 0)
        return (int)length;
    path->length = (size_t)length;
    return 0;
}

int path_from_string(struct path *path, const char *string)
{
    path->length = strlen(string);
    return text_copy(path->text, sizeof(path->text), string) ? 0 : -LINUX_ENAMETOOLONG;
}

static struct place root_place(struct task *task)
{
    return (struct place){task->naming->root, MOUNT_ROOT, true};
}

static uint32_t cwd_mount(struct task *task)
{
    struct naming *naming = task->naming;

    if (naming->cwd_mount == 0)
        naming->cwd_mount = mount_of_path(task, naming->cwd_path);
    return naming->cwd_mount;
}

/* The place of a descriptor; its session lives as long as the file, which the caller holds. */
static int descriptor_place(struct file *file, struct place *place)
{
    if (file == NULL)
        return -LINUX_EBADF;
    if (file->operations->kind != POSIX_FILE_NODE)
        return -LINUX_ENOTDIR;
    *place = (struct place){file->handles[0], (uint32_t)file->extra[0], false};
    return 0;
}

static bool has_parent_component(const struct path *path)
{
    for (size_t i = 0; i + 1 < path->length; i++) {
        bool begins = i == 0 || path->text[i - 1] == '/';
        bool ends = i + 2 == path->length || path->text[i + 2] == '/';
        if (begins && ends && path->text[i] == '.' && path->text[i + 1] == '.')
            return true;
    }
    return false;
}

/* Put `prefix` and a slash in front of the path. */
static int prepend(struct path *path, const char *prefix, size_t length)
{
    if (length + 1 + path->length >= sizeof(path->text))
        return -LINUX_ENAMETOOLONG;
    memmove(path->text + length + 1, path->text, path->length);
    memcpy(path->text, prefix, length);
    path->text[length] = '/';
    path->length += length + 1;
    return 0;
}

/* FS_PATH of a session: from its file system's root, without a slash in front. */
static int ask_path(struct task *task, handle_t session, struct path *path)
{
    struct message message;

    message_begin(&message, FS_PATH);
    int error = request(task, session, &message);
    if (error != 0)
        return error;
    path->length = message_text_length(message.information);
    if (path->length >= sizeof(path->text))
        return -LINUX_ENAMETOOLONG;
    memcpy(path->text, frame_text(task->frame), path->length);
    path->text[path->length] = '\0';
    return 0;
}

static bool root_is_changed(struct task *task)
{
    struct naming *naming = task->naming;
    struct path path;

    if (naming->root_state == NAMING_ROOT_UNKNOWN) {
        bool whole = ask_path(task, naming->root, &path) != 0 || path.length == 0;
        naming->root_state = whole ? NAMING_ROOT_WHOLE : NAMING_ROOT_CHANGED;
    }
    return naming->root_state == NAMING_ROOT_CHANGED;
}

int path_of_directory(struct task *task, handle_t session, uint32_t mount, struct path *path)
{
    const struct mount *entry = mount_find(task, mount);
    int error = ask_path(task, session, path);

    if (error == 0 && entry != NULL && mount != MOUNT_ROOT && path->length == 0)
        return path_from_string(path, entry->directory);
    if (error == 0)
        error = entry == NULL || mount == MOUNT_ROOT
                    ? prepend(path, "", 0)
                    : prepend(path, entry->directory, strlen(entry->directory));
    if (error != 0)
        return error;
    path->text[path->length] = '\0';
    if (!root_is_changed(task))
        return 0;
    struct path root;
    error = ask_path(task, task->naming->root, &root);
    if (error != 0)
        return error;
    bool below = path->length > root.length &&
                 memcmp(path->text + 1, root.text, root.length) == 0 &&
                 (path->text[root.length + 1] == '/' || path->text[root.length + 1] == '\0');
    if (!below)
        return prepend(path, "(unreachable)", 13);
    path->length -= root.length + 1;
    memmove(path->text, path->text + root.length + 1, path->length + 1);
    return path->length == 0 ? path_from_string(path, "/") : 0;
}

/* Below a changed root, `..` must not lead out of it: begin at the root instead. */
static int confine(struct task *task, struct path *path, struct place *place)
{
    struct path start;

    if (!has_parent_component(path) || !root_is_changed(task))
        return 0;
    int error = path_of_directory(task, place->session, place->mount, &start);
    if (error != 0 || start.text[0] != '/')
        return error != 0 ? error : -LINUX_ENOENT;
    *place = root_place(task);
    return prepend(path, start.text, start.length);
}

/* Where a request begins. `file` is the descriptor's, a reference to be given back. */
static int begin(struct task *task, struct path_request *call, struct place *place,
                 struct file **file)
{
    struct path *path = call->path;

    if (path->length == 0 && !call->empty_allowed)
        return -LINUX_ENOENT;
    if (path->length > 0 && path->text[0] == '/') {
        *place = root_place(task);
        return 0;
    }
    if (call->dirfd == LINUX_AT_FDCWD) {
        *place = (struct place){task->naming->cwd, cwd_mount(task), false};
    } else {
        *file = file_get(task, call->dirfd);
        int error = descriptor_place(*file, place);
        if (error != 0)
            return error;
    }
    return confine(task, path, place);
}

/* One request; the frame's text is the path, then `extra`. */
static int ask(struct task *task, const struct path_request *call, const struct place *place,
               struct message *message)
{
    char *text = frame_text(task->frame);
    size_t length = call->path->length;

    message_begin(message, call->operation);
    memcpy(message->words, call->words, sizeof(call->words));
    message->words[0] |= FS_EMPTY_PATH | (place->ceiling ? FS_AT_CEILING : 0u);
    memcpy(text, call->path->text, length);
    if (call->extra != NULL) {
        if (length + 1 + call->extra_length > MESSAGE_TEXT_SIZE)
            return -LINUX_ENAMETOOLONG;
        text[length] = '\0';
        memcpy(text + length + 1, call->extra, call->extra_length);
        length += 1 + call->extra_length;
    }
    message_set_text(message, length);
    if (call->handle != HANDLE_NONE)
        message_add_handle(message, task->frame, call->handle, RIGHT_SAME, 0);
    return request(task, place->session, message);
}

static int enter_mount(struct task *task, uint32_t number, struct place *place)
{
    *place = (struct place){HANDLE_NONE, number, false};
    return mount_session(task, number, &place->session);
}

/* `..` at the root of a mount: go on beside the directory it covers. */
static int leave_mount(struct task *task, struct path *path, struct place *place)
{
    const struct mount *mount = mount_find(task, place->mount);
    bool inner = mount != NULL && place->mount != MOUNT_ROOT;

    *place = root_place(task);
    if (!inner)
        return 0;
    const char *slash = strrchr(mount->directory, '/');
    return slash == NULL ? 0 : prepend(path, mount->directory, (size_t)(slash - mount->directory));
}

/* The number in "self/fd/N" and its relatives; -1: it is none. */
static int parse_descriptor(struct task *task, const struct path *path)
{
    char prefixes[3][24] = {"self/fd/", "thread-self/fd/", ""};
    uint64_t number;

    (void)text_format(prefixes[2], sizeof(prefixes[2]), "%u/fd/", task_pid(task));
    for (unsigned i = 0; i < 3; i++) {
        size_t length = strlen(prefixes[i]);
        if (path->length <= length || memcmp(path->text, prefixes[i], length) != 0)
            continue;
        size_t digits = text_parse_number(path->text + length, path->length - length, &number);
        if (digits > 0 && length + digits == path->length && number <= INT32_MAX)
            return (int)number;
    }
    return -1;
}

static bool is_open_of_descriptor(struct task *task, struct path_request *call,
                                  const struct place *place)
{
    const struct mount *mount = mount_find(task, place->mount);

    if (call->operation != FS_OPEN || (call->words[0] & FS_OPEN_NO_FOLLOW) != 0 || mount == NULL ||
        strcmp(mount->type, "proc") != 0)
        return false;
    call->descriptor = parse_descriptor(task, call->path);
    return call->descriptor >= 0;
}

/* The path to go on with, as one from the root. */
static int tell_name(struct task *task, const struct path *path, const struct place *place,
                     struct path *named)
{
    const struct mount *mount = mount_find(task, place->mount);

    *named = *path;
    if (mount == NULL || place->mount == MOUNT_ROOT)
        return 0;
    return prepend(named, mount->directory, strlen(mount->directory));
}

/* What is left of the path, and where. */
static int go_on(struct task *task, const struct message *reply, struct path *path,
                 struct place *place)
{
    path->length = message_text_length(reply->information);
    memcpy(path->text, frame_text(task->frame), path->length);
    switch (reply->words[0]) {
    case FS_OUTCOME_MOUNT:
        return enter_mount(task, (uint32_t)reply->words[1], place);
    case FS_OUTCOME_LINK:
        *place = root_place(task);
        return 0;
    case FS_OUTCOME_UP:
        return leave_mount(task, path, place);
    default:
        return -LINUX_EIO;
    }
}

static int walk(struct task *task, struct path_request *call, struct place *place,
                struct message *reply)
{
    for (unsigned hops = 0; hops < HOPS_MAX; hops++) {
        int error = ask(task, call, place, reply);
        if (error != 0)
            return error;
        call->mount = place->mount;
        if (reply->words[0] == FS_OUTCOME_DONE)
            return 0;
        error = go_on(task, reply, call->path, place);
        if (error == 0 && call->named != NULL)
            error = tell_name(task, call->path, place, call->named);
        if (error != 0)
            return error;
        if (is_open_of_descriptor(task, call, place))
            return PATH_DESCRIPTOR;
    }
    return -LINUX_ELOOP;
}

int path_call(struct task *task, struct path_request *call, struct message *reply)
{
    struct place place;
    struct file *file = NULL;
    handle_t cwd = task->naming->cwd;

    int result = begin(task, call, &place, &file);
    if (result == 0)
        result = walk(task, call, &place, reply);
    if (file != NULL)
        file_put(file);
    bool moved = call->dirfd == LINUX_AT_FDCWD && cwd != task->naming->cwd;
    return result == -LINUX_EBADF && moved ? path_call(task, call, reply) : result;
}

int path_open(struct task *task, struct path_request *call, struct opened *opened)
{
    struct message reply;

    call->operation = FS_OPEN;
    *opened = (struct opened){.session = HANDLE_NONE};
    int result = path_call(task, call, &reply);
    if (result != 0)
        return result;
    unsigned count = message_handle_count(reply.information);
    memcpy(&opened->attributes, frame_text(task->frame), sizeof(opened->attributes));
    opened->mount = call->mount;
    if (count > 0)
        opened->session = task->frame->handles[0].handle;
    for (unsigned i = 1; i < count; i++)
        opened->content[i - 1] = task->frame->handles[i].handle;
    return message_text_length(reply.information) == sizeof(opened->attributes) ? 0 : -LINUX_EIO;
}

void path_close_opened(struct opened *opened)
{
    request_close_handle(opened->session);
    for (unsigned i = 0; i < 3; i++)
        request_close_handle(opened->content[i]);
    *opened = (struct opened){.session = HANDLE_NONE};
}
