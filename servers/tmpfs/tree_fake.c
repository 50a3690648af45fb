/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "tree_fake.h"

#include <stdlib.h>
#include <string.h>

#include <base/errno.h>
#include <base/heap.h>

#include "lock.h"

size_t held;
size_t fail_after;

static bool refuse(void)
{
    return fail_after > 0 && --fail_after == 0;
}

void *allocate(size_t size)
{
    if (refuse())
        return NULL;
    held++;
    return malloc(size == 0 ? 1 : size);
}

void *allocate_zeroed(size_t count, size_t size)
{
    void *piece = allocate(count * size);
    return piece == NULL ? NULL : memset(piece, 0, count * size);
}

void *reallocate(void *piece, size_t size)
{
    if (refuse())
        return NULL;
    held += piece == NULL;
    return realloc(piece, size);
}

void release(void *piece)
{
    held -= piece != NULL;
    free(piece);
}

struct content_pages content_pages(handle_t account)
{
    return (struct content_pages){account, 100};
}

fs_error_t content_create_memory(handle_t account, uint64_t tag, handle_t *memory)
{
    (void)account, (void)tag;
    if (refuse())
        return LINUX_ENOSPC;
    held++;
    *memory = 1;
    return 0;
}

uint64_t content_resident_pages(handle_t memory)
{
    return memory == HANDLE_NONE ? 0 : 1;
}

fs_error_t content_resize(handle_t memory, uint64_t size)
{
    (void)memory, (void)size;
    return refuse() ? LINUX_ENOSPC : 0;
}

fs_error_t content_store(handle_t memory, uint64_t offset, const void *bytes, uint64_t length)
{
    (void)memory, (void)offset, (void)bytes, (void)length;
    return refuse() ? LINUX_ENOSPC : 0;
}

uint32_t fifo_signals, fifo_ends;

fs_error_t content_create_event(handle_t *event)
{
    if (refuse())
        return LINUX_ENOSPC;
    held++;
    *event = 5;
    return 0;
}

fs_error_t content_create_fifo(handle_t account, struct fifo_content *fifo)
{
    (void)account;
    if (refuse())
        return LINUX_ENOSPC;
    held += 3;
    *fifo = (struct fifo_content){2, 3, 4};
    return 0;
}

uint32_t content_fifo_sides(const struct fifo_content *fifo)
{
    (void)fifo;
    return fifo_ends;
}

void content_signal(handle_t event, uint32_t clear, uint32_t set)
{
    (void)event;
    fifo_signals = (fifo_signals & ~clear) | set;
}

void content_release(handle_t handle)
{
    held -= handle != HANDLE_NONE;
}

void content_now(int64_t *seconds, uint32_t *nanoseconds)
{
    static int64_t tick;
    *seconds = ++tick;
    *nanoseconds = 0;
}

struct node *root;
struct user root_payer = {.limit = 1000};
struct user payer = {.uid = 1000, .limit = 1000};
struct credentials root_user = {.references = 1, .user = &root_payer};
struct credentials user = {.references = 1, .user = &payer, .values = {.uid = 1000, .gid = 1000}};
struct session at_root = {.credentials = &root_user};
struct session user_at_root = {.credentials = &user};

static void begin(struct operation *operation, struct session *session, const char *path)
{
    *operation = (struct operation){.session = session};
    operation->walk.length = strlen(path);
    memcpy(operation->walk.path, path, operation->walk.length);
}

fs_error_t open_path(struct session *session, const char *path, uint32_t flags, uint32_t mode,
                     struct node **node)
{
    struct operation operation;

    begin(&operation, session, path);
    operation.flags = flags;
    operation.mode = mode;
    return operation_open(&operation, node);
}

fs_error_t make(const char *path, uint32_t mode)
{
    struct operation operation;

    begin(&operation, &at_root, path);
    operation.mode = mode;
    return operation_make(&operation);
}

fs_error_t remove_as(struct session *session, const char *path, uint32_t flags)
{
    struct operation operation;

    begin(&operation, session, path);
    operation.flags = flags;
    return operation_remove(&operation);
}

fs_error_t rename_at(struct node *from, const char *old, struct node *to, const char *new,
                     uint32_t flags)
{
    struct session first = {.node = from, .credentials = &root_user};
    struct session second = {.node = to, .credentials = &root_user};
    struct rename_request request = {.from = &first,
                                     .to = &second,
                                     .old_name = old,
                                     .old_length = strlen(old),
                                     .new_name = new,
                                     .new_length = strlen(new),
                                     .flags = flags};
    return operation_rename(&request);
}

struct node *find(const char *path)
{
    struct node *node = NULL;
    return open_path(&at_root, path, FS_OPEN_ATTRIBUTES, 0, &node) == 0 ? node : NULL;
}

fs_error_t lock_as(struct node *node, uint32_t pid, uint32_t kind, uint64_t start, uint64_t length)
{
    struct fs_lock lock = {.start = start, .length = length, .kind = kind};
    struct lock_request request = {.lock = &lock, .pid = pid, .badge = pid, .user = &payer};
    return lock_apply(node, &request);
}

fs_error_t make_link(struct session *session, const char *path, struct node *node)
{
    struct operation operation;

    begin(&operation, session, path);
    return operation_link(&operation, node);
}

fs_error_t make_symlink(struct session *session, const char *path, const char *target)
{
    struct operation operation;

    begin(&operation, session, path);
    return operation_symlink(&operation, target, strlen(target));
}

int tree_set_up(void **state)
{
    (void)state;
    user_init_system(HANDLE_NONE, 1);
    if (tree_create(&root) != 0)
        return -1;
    at_root.node = user_at_root.node = root;
    return 0;
}

/* All that is left is the tree's own: the root and its table, the name table, the session table. */
int tree_holds_nothing(void **state)
{
    (void)state;
    return held <= 4 && tree_node_count == 1 ? 0 : -1;
}
