/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Names are found through one hash table for the whole tree, keyed by directory
 * and name, so that a lookup costs the same in a large directory as in a small
 * one. Each directory also keeps its entries in the order of their cookies:
 * cookies only grow, so a listing that is interrupted by changes goes on
 * without missing or repeating what stayed.
 */
#include "node.h"

#include <base/errno.h>
#include <base/heap.h>
#include <base/text.h>

#define FILE_SIZE_MAX (UINT64_C(1) << 46)
#define TARGET_UNIT 256 /* bytes of a link's target that count as one more node */

static struct entry **table;
static size_t table_size; /* a power of two */
static size_t entry_count;
static uint64_t last_number;
uint64_t tree_node_count;

void node_touch(struct moment *moment)
{
    content_now(&moment->s, &moment->ns);
}

static uint32_t hash_name(const struct node *directory, const char *name, size_t length)
{
    uint32_t hash = 2166136261u ^ (uint32_t)directory->number * 2654435761u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash ^ hash >> 15;
}

static bool grow_table(void)
{
    size_t size = table_size == 0 ? 256 : table_size * 2;
    struct entry **grown = allocate_zeroed(size, sizeof(*grown));

    if (grown == NULL)
        return table_size != 0;
    for (size_t i = 0; i < table_size; i++) {
        while (table[i] != NULL) {
            struct entry *entry = table[i];
            table[i] = entry->next;
            entry->next = grown[entry->hash & (size - 1)];
            grown[entry->hash & (size - 1)] = entry;
        }
    }
    release(table);
    table = grown;
    table_size = size;
    return true;
}

struct entry *entry_find(struct node *directory, const char *name, size_t length)
{
    uint32_t hash = hash_name(directory, name, length);

    if (table_size == 0)
        return NULL;
    for (struct entry *entry = table[hash & (table_size - 1)]; entry != NULL; entry = entry->next) {
        if (entry->hash == hash && entry->directory == directory && entry->name_length == length &&
            memcmp(entry->name, name, length) == 0)
            return entry;
    }
    return NULL;
}

static bool reserve_entry(struct node *directory)
{
    if (directory->directory.count < directory->directory.capacity)
        return true;
    size_t capacity = directory->directory.capacity == 0 ? 8 : directory->directory.capacity * 2;
    struct entry **grown = reallocate(directory->directory.entries, capacity * sizeof(*grown));
    if (grown == NULL)
        return false;
    directory->directory.entries = grown;
    directory->directory.capacity = capacity;
    return true;
}

fs_error_t entry_add(struct node *directory, const char *name, size_t length, struct node *node)
{
    if (entry_count >= table_size && !grow_table())
        return LINUX_ENOSPC;
    if (!reserve_entry(directory))
        return LINUX_ENOSPC;
    struct entry *entry = allocate_zeroed(1, sizeof(*entry) + length);
    if (entry == NULL)
        return LINUX_ENOSPC;
    entry->directory = directory;
    entry->node = node;
    entry->cookie = directory->directory.next_cookie++;
    entry->hash = hash_name(directory, name, length);
    entry->name_length = (uint8_t)length;
    memcpy(entry->name, name, length);
    entry->next = table[entry->hash & (table_size - 1)];
    table[entry->hash & (table_size - 1)] = entry;
    entry_count++;
    directory->directory.entries[directory->directory.count++] = entry;
    node->links++;
    if (node_type(node) == TMPFS_DIRECTORY) {
        node->directory.parent = directory;
        directory->links++;
    }
    node_touch(&directory->modified);
    directory->changed = directory->modified;
    return 0;
}

/* The index of the first entry whose cookie is at least this. */
static size_t entry_index(const struct node *directory, uint64_t cookie)
{
    size_t low = 0;
    size_t high = directory->directory.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (directory->directory.entries[middle]->cookie < cookie)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct entry *entry_of_directory(struct node *directory)
{
    struct node *above = directory->directory.parent;

    for (size_t i = 0; above != directory && i < above->directory.count; i++) {
        if (above->directory.entries[i]->node == directory)
            return above->directory.entries[i];
    }
    return NULL;
}

struct entry *entry_from(struct node *directory, uint64_t cookie)
{
    size_t index = entry_index(directory, cookie);
    return index < directory->directory.count ? directory->directory.entries[index] : NULL;
}

void entry_remove(struct entry *entry)
{
    struct node *directory = entry->directory;
    struct node *node = entry->node;
    size_t index = entry_index(directory, entry->cookie);
    struct entry **link = &table[entry->hash & (table_size - 1)];

    while (*link != entry)
        link = &(*link)->next;
    *link = entry->next;
    entry_count--;
    directory->directory.count--;
    memmove(directory->directory.entries + index, directory->directory.entries + index + 1,
            (directory->directory.count - index) * sizeof(*directory->directory.entries));
    if (entry->payer != NULL)
        user_give_back(entry->payer, USER_NODES, 1);
    release(entry);
    if (node_type(node) == TMPFS_DIRECTORY) {
        directory->links--;
        node->directory.parent = node; /* the old one may go before it does */
    }
    node->links--;
    node_touch(&node->changed);
    directory->modified = directory->changed = node->changed;
    node_drop(node);
}

static struct node *allocate_node(const struct node_request *request)
{
    struct node *node = allocate_zeroed(1, sizeof(*node));

    if (node == NULL || (request->mode & TMPFS_TYPE) != TMPFS_LINK)
        return node;
    node->link.target = allocate(request->target_length);
    if (node->link.target == NULL) {
        release(node);
        return NULL;
    }
    memcpy(node->link.target, request->target, request->target_length);
    node->link.length = request->target_length;
    return node;
}

fs_error_t node_create(const struct node_request *request, struct node **result)
{
    bool link = (request->mode & TMPFS_TYPE) == TMPFS_LINK;
    uint64_t units = 1 + (link ? request->target_length / TARGET_UNIT : 0);

    if (!user_take(request->payer, USER_NODES, units))
        return LINUX_ENOSPC;
    struct node *node = allocate_node(request);
    if (node == NULL) {
        user_give_back(request->payer, USER_NODES, units);
        return LINUX_ENOSPC;
    }
    node->payer = request->payer;
    node->units = units;
    node->vfs.mode = request->mode;
    node->vfs.uid = request->uid;
    node->vfs.gid = request->gid;
    node->rdev = request->rdev;
    node->number = ++last_number;
    node_touch(&node->born);
    node->accessed = node->modified = node->changed = node->born;
    list_init(&node->locks);
    if (node_type(node) == TMPFS_DIRECTORY) {
        node->links = 1;
        node->directory.next_cookie = 3; /* 1 and 2 are those of "." and ".." */
    }
    tree_node_count++;
    *result = node;
    return 0;
}

static void release_content(struct node *node)
{
    switch (node_type(node)) {
    case TMPFS_DIRECTORY:
        release(node->directory.entries);
        break;
    case TMPFS_LINK:
        release(node->link.target);
        break;
    case TMPFS_REGULAR:
        content_release(node->file.memory);
        break;
    case TMPFS_FIFO:
        content_release(node->fifo.read_end);
        content_release(node->fifo.write_end);
        content_release(node->fifo.event);
        break;
    case TMPFS_SOCKET:
        content_release(node->socket.queue);
        break;
    default:
        break;
    }
}

void node_drop(struct node *node)
{
    uint32_t own_links = node_type(node) == TMPFS_DIRECTORY ? 1 : 0;

    if (node->links > own_links || node->opens > 0)
        return;
    release_content(node);
    content_release(node->unlocked);
    user_give_back(node->payer, USER_NODES, node->units);
    release(node);
    tree_node_count--;
}

fs_error_t tree_create(struct node **root)
{
    struct node_request request = {.mode = TMPFS_DIRECTORY | 0755, .payer = &user_system};

    fs_error_t error = node_create(&request, root);
    if (error != 0)
        return error;
    (*root)->links++;
    (*root)->directory.parent = *root;
    return 0;
}

fs_error_t file_need_memory(struct node *node)
{
    if (node->file.memory != HANDLE_NONE)
        return 0;
    return content_create_memory(node->payer->account, node->number, &node->file.memory);
}

fs_error_t file_resize(struct node *node, uint64_t size)
{
    if (size > FILE_SIZE_MAX)
        return LINUX_EFBIG;
    fs_error_t error = file_need_memory(node);
    if (error == 0 && size != node->file.size)
        error = content_resize(node->file.memory, size);
    if (error != 0)
        return error;
    node->file.size = size;
    node_touch(&node->modified);
    node->changed = node->modified;
    return 0;
}

fs_error_t file_store(struct node *node, uint64_t offset, const void *bytes, size_t length)
{
    uint64_t old_size = node->file.size;

    if (offset > FILE_SIZE_MAX || length > FILE_SIZE_MAX - offset)
        return LINUX_EFBIG;
    fs_error_t error = file_resize(node, offset + length > old_size ? offset + length : old_size);
    if (error != 0)
        return error;
    error = content_store(node->file.memory, offset, bytes, length);
    if (error != 0 && file_resize(node, old_size) != 0)
        return LINUX_EIO;
    return error;
}

void node_attributes(const struct node *node, struct fs_attributes *attributes)
{
    memset(attributes, 0, sizeof(*attributes));
    attributes->node = node->number;
    attributes->device = 1;
    attributes->rdev = node->rdev;
    attributes->mode = node->vfs.mode;
    attributes->links = node->links;
    attributes->uid = node->vfs.uid;
    attributes->gid = node->vfs.gid;
    attributes->block_size = 4096;
    if (node_type(node) == TMPFS_REGULAR) {
        attributes->size = node->file.size;
        attributes->content = FS_CONTENT_MEMORY;
    } else if (node_type(node) == TMPFS_LINK) {
        attributes->size = node->link.length;
    } else if (node_type(node) == TMPFS_DIRECTORY) {
        attributes->size = (node->directory.count + 2) * 20;
    } else if (node_type(node) == TMPFS_FIFO) {
        attributes->content = FS_CONTENT_STREAM;
    }
    attributes->blocks = node_type(node) == TMPFS_REGULAR
                             ? content_resident_pages(node->file.memory) * 8
                             : (attributes->size + 4095) / 4096 * 8;
    attributes->accessed_s = node->accessed.s;
    attributes->accessed_ns = node->accessed.ns;
    attributes->modified_s = node->modified.s;
    attributes->modified_ns = node->modified.ns;
    attributes->changed_s = node->changed.s;
    attributes->changed_ns = node->changed.ns;
    attributes->born_s = node->born.s;
    attributes->born_ns = node->born.ns;
}

static fs_error_t lookup(struct vfs_node *directory, const char *name, size_t length,
                         struct vfs_node **child)
{
    struct entry *entry = entry_find(node_of(directory), name, length);

    if (entry == NULL)
        return LINUX_ENOENT;
    *child = &entry->node->vfs;
    return 0;
}

static struct vfs_node *parent(struct vfs_node *directory)
{
    return &node_of(directory)->directory.parent->vfs;
}

static fs_error_t read_link(struct vfs_node *link, char *target, size_t size, size_t *length)
{
    struct node *node = node_of(link);

    if (node->link.length > size)
        return LINUX_ENAMETOOLONG;
    memcpy(target, node->link.target, node->link.length);
    *length = node->link.length;
    return 0;
}

static uint32_t covering_mount(struct vfs_node *directory)
{
    struct node *node = node_of(directory);
    return node_type(node) == TMPFS_DIRECTORY ? node->directory.mount : 0;
}

const struct vfs_operations tree_operations = {
    .lookup = lookup,
    .parent = parent,
    .read_link = read_link,
    .covering_mount = covering_mount,
};
