/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "operations.h"

#include <base/errno.h>
#include <base/text.h>

enum { PERMIT_READ = 4, PERMIT_WRITE = 2, PERMIT_EXECUTE = 1 };
enum { MODE_SET_UID = 04000, MODE_SET_GID = 02000, MODE_STICKY = 01000 };

static const struct fs_credentials *credentials_of(const struct session *session)
{
    return &session->credentials->values;
}

static fs_error_t walk_path(struct operation *operation, uint32_t flags)
{
    struct vfs_walk *walk = &operation->walk;

    walk->operations = &tree_operations;
    walk->start = &operation->session->node->vfs;
    walk->credentials = credentials_of(operation->session);
    walk->flags = flags | ((operation->flags & FS_AT_CEILING) != 0 ? VFS_CEILING : 0);
    operation->outcome = FS_OUTCOME_DONE;
    if (walk->length == 0 && (operation->flags & FS_EMPTY_PATH) == 0)
        return LINUX_ENOENT;
    return vfs_walk(walk, &operation->outcome);
}

/* May entries of this directory be added or taken away? */
static fs_error_t permit_edit(struct node *directory, const struct fs_credentials *credentials)
{
    if (directory->links == 1)
        return LINUX_ENOENT; /* removed while open */
    return vfs_permit(&directory->vfs, credentials, PERMIT_WRITE | PERMIT_EXECUTE);
}

static fs_error_t permit_take(struct node *directory, struct node *node,
                              const struct fs_credentials *credentials)
{
    bool sticky = (directory->vfs.mode & MODE_STICKY) != 0;

    if (sticky && credentials->uid != 0 && credentials->uid != node->vfs.uid &&
        credentials->uid != directory->vfs.uid)
        return LINUX_EPERM;
    return permit_edit(directory, credentials);
}

/* Add a node under the walk's last component, owned by who asks. */
static fs_error_t add_node(struct operation *operation, struct node_request *request,
                           struct node **result)
{
    struct node *directory = node_of(operation->walk.parent);
    const struct fs_credentials *credentials = credentials_of(operation->session);

    fs_error_t error = permit_edit(directory, credentials);
    if (error != 0)
        return error;
    request->uid = credentials->uid;
    request->gid = credentials->gid;
    request->payer = operation->session->credentials->user;
    if ((directory->vfs.mode & MODE_SET_GID) != 0) {
        request->gid = directory->vfs.gid;
        if ((request->mode & TMPFS_TYPE) == TMPFS_DIRECTORY)
            request->mode |= MODE_SET_GID;
    }
    error = node_create(request, result);
    if (error != 0)
        return error;
    error = entry_add(directory, operation->walk.path + operation->walk.name,
                      operation->walk.name_length, *result);
    if (error != 0)
        node_drop(*result);
    return error;
}

/* Walk to a name that is to be made: EEXIST if it is there. */
static fs_error_t walk_to_new(struct operation *operation)
{
    fs_error_t error = walk_path(operation, VFS_MAY_BE_MISSING);

    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    return operation->walk.node != NULL ? LINUX_EEXIST : 0;
}

static fs_error_t permit_open(const struct operation *operation, const struct node *node)
{
    uint32_t flags = operation->flags;
    uint32_t type = node_type(node);
    uint32_t wanted = ((flags & FS_OPEN_READ) != 0 ? PERMIT_READ : 0) |
                      ((flags & (FS_OPEN_WRITE | FS_OPEN_TRUNCATE)) != 0 ? PERMIT_WRITE : 0) |
                      ((flags & FS_OPEN_EXECUTE) != 0 ? PERMIT_EXECUTE : 0);

    if ((flags & FS_OPEN_DIRECTORY) != 0 && type != TMPFS_DIRECTORY)
        return LINUX_ENOTDIR;
    if ((flags & (FS_OPEN_PATH | FS_OPEN_ATTRIBUTES)) != 0)
        return 0;
    if (type == TMPFS_LINK)
        return LINUX_ELOOP;
    if (type == TMPFS_SOCKET)
        return LINUX_ENXIO;
    if (type == TMPFS_DIRECTORY &&
        (flags & (FS_OPEN_WRITE | FS_OPEN_TRUNCATE | FS_OPEN_CREATE)) != 0)
        return LINUX_EISDIR;
    if (type != TMPFS_REGULAR && (flags & FS_OPEN_EXECUTE) != 0)
        return LINUX_EACCES;
    return vfs_permit(&node->vfs, credentials_of(operation->session), wanted);
}

/* What opening does to the content, before a session is made for it. */
static fs_error_t prepare_content(const struct operation *operation, struct node *node)
{
    if ((operation->flags & (FS_OPEN_PATH | FS_OPEN_ATTRIBUTES)) != 0)
        return 0;
    if (node_type(node) == TMPFS_REGULAR) {
        if ((operation->flags & FS_OPEN_TRUNCATE) != 0)
            return file_resize(node, 0);
        return file_need_memory(node);
    }
    if (node_type(node) != TMPFS_FIFO)
        return 0;
    uint32_t access = operation->flags & (FS_OPEN_READ | FS_OPEN_WRITE | FS_NO_BLOCK);
    fs_error_t error = 0;
    if (node->fifo.event == HANDLE_NONE)
        error = content_create_fifo(node->payer->account, &node->fifo);
    bool needs_reader = access == (FS_OPEN_WRITE | FS_NO_BLOCK);
    if (error == 0 && needs_reader && (content_fifo_sides(&node->fifo) & FS_FIFO_READER) == 0)
        return LINUX_ENXIO;
    return error;
}

static fs_error_t create_file(struct operation *operation, struct node **node)
{
    struct node_request request = {.mode = TMPFS_REGULAR | (operation->mode & 07777)};

    if (operation->walk.wants_directory)
        return LINUX_EISDIR;
    fs_error_t error = add_node(operation, &request, node);
    if (error != 0)
        return error;
    error = file_need_memory(*node);
    if (error != 0)
        entry_remove(entry_find(node_of(operation->walk.parent),
                                operation->walk.path + operation->walk.name,
                                operation->walk.name_length));
    return error;
}

static fs_error_t create_temporary(struct operation *operation, struct node **node)
{
    const struct fs_credentials *credentials = credentials_of(operation->session);
    struct node_request request = {.mode = TMPFS_REGULAR | (operation->mode & 07777),
                                   .uid = credentials->uid,
                                   .gid = credentials->gid,
                                   .payer = operation->session->credentials->user};

    if (node_type(*node) != TMPFS_DIRECTORY)
        return LINUX_ENOTDIR;
    fs_error_t error = permit_edit(*node, credentials);
    if (error == 0)
        error = node_create(&request, node);
    if (error != 0)
        return error;
    error = file_need_memory(*node);
    if (error != 0)
        node_drop(*node);
    return error;
}

fs_error_t operation_open(struct operation *operation, struct node **node)
{
    bool creates = (operation->flags & FS_OPEN_CREATE) != 0;
    bool exclusive = creates && (operation->flags & FS_OPEN_EXCLUSIVE) != 0;
    bool follow = !exclusive && (operation->flags & FS_OPEN_NO_FOLLOW) == 0;

    fs_error_t error = walk_path(operation, VFS_CROSS_LAST | (follow ? VFS_FOLLOW_LAST : 0) |
                                                (creates ? VFS_MAY_BE_MISSING : 0));
    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    if (operation->walk.node == NULL)
        return create_file(operation, node);
    if (exclusive)
        return LINUX_EEXIST;
    *node = node_of(operation->walk.node);
    if ((operation->flags & FS_OPEN_TEMPORARY) != 0)
        return create_temporary(operation, node);
    error = permit_open(operation, *node);
    return error != 0 ? error : prepare_content(operation, *node);
}

fs_error_t operation_make(struct operation *operation)
{
    struct node_request request = {.mode = operation->mode & (TMPFS_TYPE | 07777),
                                   .rdev = operation->rdev};
    uint32_t type = operation->mode & TMPFS_TYPE;
    bool device = type == TMPFS_CHARACTER || type == TMPFS_BLOCK;
    struct node *node;

    if (device && credentials_of(operation->session)->uid != 0)
        return LINUX_EPERM;
    if (!device && type != TMPFS_DIRECTORY && type != TMPFS_FIFO && type != TMPFS_SOCKET &&
        type != TMPFS_REGULAR)
        return LINUX_EINVAL;
    fs_error_t error = walk_to_new(operation);
    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    if (operation->walk.wants_directory && type != TMPFS_DIRECTORY)
        return LINUX_ENOENT;
    return add_node(operation, &request, &node);
}

fs_error_t operation_symlink(struct operation *operation, const char *target, size_t length)
{
    struct node_request request = {
        .mode = TMPFS_LINK | 0777, .target = target, .target_length = length};
    struct node *node;

    if (length == 0)
        return LINUX_ENOENT;
    if (length >= VFS_PATH_MAX)
        return LINUX_ENAMETOOLONG;
    fs_error_t error = walk_to_new(operation);
    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    return operation->walk.wants_directory ? LINUX_ENOENT : add_node(operation, &request, &node);
}

fs_error_t operation_link(struct operation *operation, struct node *node)
{
    if (node_type(node) == TMPFS_DIRECTORY)
        return LINUX_EPERM;
    fs_error_t error = walk_to_new(operation);
    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    if (operation->walk.wants_directory)
        return LINUX_ENOENT;
    struct node *directory = node_of(operation->walk.parent);
    error = permit_edit(directory, credentials_of(operation->session));
    if (error != 0)
        return error;
    const char *name = operation->walk.path + operation->walk.name;
    struct user *payer = node->links > 0 ? operation->session->credentials->user : NULL;
    if (payer != NULL && !user_take(payer, USER_NODES, 1))
        return LINUX_ENOSPC;
    error = entry_add(directory, name, operation->walk.name_length, node);
    if (error == 0)
        entry_find(directory, name, operation->walk.name_length)->payer = payer;
    else if (payer != NULL)
        user_give_back(payer, USER_NODES, 1);
    if (error == 0)
        node_touch(&node->changed);
    return error;
}

static fs_error_t check_removable(const struct operation *operation, struct node *node)
{
    bool directory = node_type(node) == TMPFS_DIRECTORY;

    if ((operation->flags & FS_REMOVE_DIRECTORY) == 0)
        return directory ? LINUX_EISDIR : operation->walk.wants_directory ? LINUX_ENOTDIR : 0;
    if (!directory)
        return LINUX_ENOTDIR;
    if (node->directory.mount != 0)
        return LINUX_EBUSY;
    return node->directory.count > 0 ? LINUX_ENOTEMPTY : 0;
}

fs_error_t operation_remove(struct operation *operation)
{
    fs_error_t error = walk_path(operation, 0);

    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    struct node *node = node_of(operation->walk.node);
    if (operation->walk.parent == NULL)
        return (operation->flags & FS_REMOVE_DIRECTORY) == 0 ? LINUX_EISDIR
               : operation->walk.length > 0 &&
                       operation->walk.path[operation->walk.length - 1] == '.'
                   ? LINUX_EINVAL
                   : LINUX_EBUSY;
    struct node *directory = node_of(operation->walk.parent);
    error = permit_take(directory, node, credentials_of(operation->session));
    if (error == 0)
        error = check_removable(operation, node);
    if (error != 0)
        return error;
    entry_remove(entry_find(directory, operation->walk.path + operation->walk.name,
                            operation->walk.name_length));
    return 0;
}

fs_error_t operation_find_link(struct operation *operation, struct node **node)
{
    fs_error_t error = walk_path(operation, 0);

    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    *node = node_of(operation->walk.node);
    return node_type(*node) == TMPFS_LINK ? 0 : LINUX_EINVAL;
}

fs_error_t operation_access(struct operation *operation)
{
    uint32_t follow = (operation->flags & FS_OPEN_NO_FOLLOW) != 0 ? 0 : VFS_FOLLOW_LAST;
    fs_error_t error = walk_path(operation, VFS_CROSS_LAST | follow);

    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    return vfs_permit(operation->walk.node, credentials_of(operation->session), operation->mode);
}

fs_error_t operation_mark_mount(struct operation *operation, uint32_t mount)
{
    fs_error_t error = walk_path(operation, VFS_FOLLOW_LAST);

    if (error != 0 || operation->outcome != FS_OUTCOME_DONE)
        return error;
    struct node *node = node_of(operation->walk.node);
    if (node_type(node) != TMPFS_DIRECTORY)
        return LINUX_ENOTDIR;
    node->directory.mount = mount;
    return 0;
}

fs_error_t operation_change(struct session *session, const struct fs_change *change)
{
    struct node *node = session->node;
    const struct fs_credentials *credentials = credentials_of(session);
    bool owner = credentials->uid == 0 || credentials->uid == node->vfs.uid;
    uint32_t fields = change->fields;
    uint32_t exact = FS_CHANGE_MODE | FS_CHANGE_ACCESSED | FS_CHANGE_MODIFIED;
    uint32_t now = FS_CHANGE_ACCESSED_NOW | FS_CHANGE_MODIFIED_NOW;

    if ((fields & exact) != 0 && !owner)
        return LINUX_EPERM;
    if ((fields & now) != 0 && !owner && vfs_permit(&node->vfs, credentials, PERMIT_WRITE) != 0)
        return LINUX_EACCES;
    bool keeps_uid = (fields & FS_CHANGE_UID) == 0 || change->uid == node->vfs.uid;
    bool own_group = (fields & FS_CHANGE_GID) == 0 || vfs_in_group(credentials, change->gid);
    if ((fields & (FS_CHANGE_UID | FS_CHANGE_GID)) != 0 && credentials->uid != 0 &&
        !(owner && keeps_uid && own_group))
        return LINUX_EPERM;
    if ((fields & FS_CHANGE_SIZE) != 0) {
        if (node_type(node) != TMPFS_REGULAR || (session->flags & FS_OPEN_WRITE) == 0)
            return LINUX_EINVAL;
        fs_error_t error = file_resize(node, change->size);
        if (error != 0)
            return error;
    }
    if ((fields & FS_CHANGE_MODE) != 0) {
        bool keep_set_gid = credentials->uid == 0 || vfs_in_group(credentials, node->vfs.gid);
        node->vfs.mode =
            node_type(node) | (change->mode & 07777 & ~(keep_set_gid ? 0u : MODE_SET_GID));
    }
    if ((fields & FS_CHANGE_UID) != 0)
        node->vfs.uid = change->uid;
    if ((fields & FS_CHANGE_GID) != 0)
        node->vfs.gid = change->gid;
    if ((fields & (FS_CHANGE_UID | FS_CHANGE_GID)) != 0 && node_type(node) == TMPFS_REGULAR)
        node->vfs.mode &= ~(uint32_t)(MODE_SET_UID | MODE_SET_GID);
    node_touch(&node->changed);
    if ((fields & FS_CHANGE_ACCESSED_NOW) != 0)
        node->accessed = node->changed;
    else if ((fields & FS_CHANGE_ACCESSED) != 0)
        node->accessed = (struct moment){change->accessed_s, change->accessed_ns};
    if ((fields & FS_CHANGE_MODIFIED_NOW) != 0)
        node->modified = node->changed;
    else if ((fields & FS_CHANGE_MODIFIED) != 0)
        node->modified = (struct moment){change->modified_s, change->modified_ns};
    return 0;
}
