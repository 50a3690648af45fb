/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * File systems: tmpfs, procfs, the directory of pseudo-terminals; later ext4.
 *
 * A session stands for a node of the tree (a directory one may walk from, or an
 * open file) together with the credentials it was minted with: what is opened
 * by it inherits them. Requests with a path begin at the session's directory;
 * the path is the request's text, without NUL. A path that ends in a place this
 * server does not know is handed back, and the caller goes on elsewhere:
 *
 *   FS_OUTCOME_DONE   the operation was carried out
 *   FS_OUTCOME_MOUNT  the walk came to a directory that is mounted upon: go on at
 *                     the root of that mount
 *   FS_OUTCOME_LINK   an absolute symbolic link: go on at the namespace's root
 *   FS_OUTCOME_UP     `..` at this file system's root: go on at the directory
 *                     above the one where it is mounted
 *
 * With each of the last three the reply's text is the path to go on with, which
 * may be empty.
 *
 * Relative links are followed here, 40 at most (ELOOP). A request with
 * FS_AT_CEILING treats `..` at the session's own directory as that directory.
 *
 * A FIFO's OPEN is answered at once; its event says when the other side is there.
 * Badges below FS_FIRST_SESSION are service sessions: the control operations.
 */
#pragma once

#include <stdint.h>

#include <trellis/message.h>

/* The label of a reply: 0, or a Linux errno (the asm-generic numbers, the same on every architecture). */
typedef uint32_t fs_error_t;

/*
 * X(name, number): see the comment at each.
 *
 * Words of a request: [0] flags, [1] mode or argument, ... as stated. Words of
 * every reply to a request with a path: [0] enum fs_outcome, [1] mount number;
 * everything else in the reply only with FS_OUTCOME_DONE.
 */
#define FS_OPERATIONS(X)                                                                               \
    /* path; [0] fs_open_flag, [1] permission bits for a new node (umask applied), [2] rdev.        \
     * Reply: text struct fs_attributes; handles: the new session; then as attributes.content      \
     * says: memory, or stream ends. With FS_OPEN_ATTRIBUTES only the text. */  \
    X(OPEN, 1)                                                                                         \
    /* Reply: text struct fs_attributes of the session's node. */                                      \
    X(ATTRIBUTES, 2)                                                                                   \
    /* text struct fs_change. To the session's node. */                                                \
    X(CHANGE, 3)                                                                                       \
    /* [0] offset (FS_OFFSET_SHARED: the session's, advanced), [1] bytes wanted, at most 4096.      \
     * Reply: text, [0] the offset it came from. Not for directories. */  \
    X(READ, 4)                                                                                         \
    /* [0] offset (FS_OFFSET_APPEND, FS_OFFSET_SHARED), text the bytes. Reply: [0] bytes written,   \
     * [1] the file's offset afterwards, [2] its size. */  \
    X(WRITE, 5)                                                                                        \
    /* [0] cookie, 0 at first. Reply: text of struct fs_entry, [0] cookie to go on with; no text at \
     * the end. */  \
    X(LIST, 6)                                                                                         \
    /* path; [1] mode (type bits too), [2] rdev. Directories, nodes, FIFOs, sockets. */                \
    X(MAKE, 7)                                                                                         \
    /* path, NUL, target. */                                                                           \
    X(SYMLINK, 8)                                                                                      \
    /* path; reply text: the target. */                                                                \
    X(READLINK, 9)                                                                                     \
    /* path of the new name; handle: a session of the node to link. */                                 \
    X(LINK, 10)                                                                                        \
    /* path; [0] FS_REMOVE_DIRECTORY for rmdir. */                                                     \
    X(REMOVE, 11)                                                                                      \
    /* old name (single component), NUL, new name (single component); handle: session of the new    \
     * name's directory; [0] flags as renameat2. Both parents have been opened before. */  \
    X(RENAME, 12)                                                                                      \
    /* path; [1] R_OK W_OK X_OK bits. */                                                               \
    X(ACCESS, 13)                                                                                      \
    /* Reply: text struct fs_statistics. */                                                            \
    X(STATISTICS, 14)                                                                                  \
    /* [0] offset, [1] length, [2] mode as fallocate. */                                               \
    X(ALLOCATE, 15)                                                                                    \
    /* Make the description's offset the session's own from now on: [0] its value. */                  \
    X(SHARE_OFFSET, 16)                                                                                \
    /* [0] offset, [1] whence (0 set, 1 current, 2 end). Reply: [0] the new offset. */                 \
    X(SEEK, 17)                                                                                        \
    /* text struct fs_lock. Reply: text struct fs_lock; EAGAIN with a handle: event to wait for. */    \
    X(LOCK, 18)                                                                                        \
    /* A new session for the same node with the same credentials (dup of a directory, reopen). */      \
    X(COPY, 19)                                                                                        \
    /* Nothing volatile is left to write, or it has been written. */                                   \
    X(SYNC, 20)                                                                                        \
    /* Control session only. text struct fs_credentials; handle: the account that is charged for    \
     * the content of the user's files. Reply: handle: a session of the root with these           \
     * credentials. Servers without such content ignore the account. */  \
    X(MINT, 21)                                                                                        \
    /* Control session only. path from the root; [1] mount number, 0 to remove it. */                  \
    X(MARK_MOUNT, 22)                                                                                  \
    /* As MINT, for the node of another session, a handle before the account: set*id moves cwd and  \
     * root. */  \
    X(RENEW, 23)                                                                                       \
    /* Reply: text: where the session's directory is, from this file system's root and without a    \
     * slash in front (empty: the root). ENOENT if it has been removed, ENOTDIR. */  \
    X(PATH, 24)                                                                                        \
    /* Of the node of a socket, by its owner. [0] type (SOCK_*); handle: the write end of a stream  \
     * of messages, to which connections, or for SOCK_DGRAM the messages themselves, go from now    \
     * on. EPERM, EINVAL. */  \
    X(LISTEN, 25)                                                                                      \
    /* Of the node of a socket. [0] type; handles: the stream ends that the other side is to read    \
     * and to write. Reply: [0] pid, [1] uid, [2] gid of who listens. EACCES, ECONNREFUSED,         \
     * EPROTOTYPE; EAGAIN with a handle: the stream, to wait until it is writable. With SOCK_DGRAM   \
     * no handles go along, and the reply's is the stream to write to. */ \
    X(CONNECT, 26)

enum fs_operation {
#define X(name, number) FS_##name = (number),
    FS_OPERATIONS(X)
#undef X
};

enum fs_outcome {
    FS_OUTCOME_DONE = 0,
    FS_OUTCOME_MOUNT = 1,
    FS_OUTCOME_LINK = 2,
    FS_OUTCOME_UP = 3
};

enum fs_open_flag {
    FS_OPEN_READ = 1u << 0,
    FS_OPEN_WRITE = 1u << 1,
    FS_OPEN_EXECUTE = 1u << 2, /* to run it: needs x, gives EXECUTE on the memory */
    FS_OPEN_CREATE = 1u << 3,
    FS_OPEN_EXCLUSIVE = 1u << 4,
    FS_OPEN_TRUNCATE = 1u << 5,
    FS_OPEN_DIRECTORY = 1u << 6,  /* ENOTDIR for anything else */
    FS_OPEN_NO_FOLLOW = 1u << 7,  /* the last component is not followed: ELOOP unless PATH */
    FS_OPEN_PATH = 1u << 8,       /* O_PATH: name it only; no permission on the node itself */
    FS_OPEN_ATTRIBUTES = 1u << 9, /* stat: no session is made */
    FS_OPEN_TEMPORARY = 1u << 10, /* O_TMPFILE: the path is a directory */
    FS_AT_CEILING = 1u << 11,     /* any request with a path: the session's directory is a root */
    FS_REMOVE_DIRECTORY = 1u << 12,
    FS_EMPTY_PATH = 1u << 13,       /* an empty path means the session's node itself */
    FS_NO_BLOCK = 1u << 14,         /* FIFOs: as O_NONBLOCK */
    FS_ACCESS_EFFECTIVE = 1u << 15, /* ACCESS: by the ids that opening goes by */
};

enum fs_content {
    FS_CONTENT_NONE = 0,     /* directories, links, device nodes (rdev says which), PATH */
    FS_CONTENT_MEMORY = 1,   /* handle: the file's pages; its size is the memory object's size */
    FS_CONTENT_REQUESTS = 2, /* by READ and WRITE only (procfs) */
    FS_CONTENT_STREAM = 3,   /* FIFO: handles: read end, write end as asked for, then its event */
};

struct fs_attributes {
    uint64_t node;   /* inode number */
    uint64_t device; /* of the file system */
    uint64_t size;
    uint64_t blocks; /* of 512 bytes */
    uint64_t rdev;   /* Linux' encoding, (major << 8 | minor) for small ones */
    uint32_t mode;   /* type and permission bits */
    uint32_t links;
    uint32_t uid, gid;
    uint32_t content; /* enum fs_content */
    uint32_t block_size;
    int64_t accessed_s, modified_s, changed_s, born_s; /* real time */
    uint32_t accessed_ns, modified_ns, changed_ns, born_ns;
};

enum fs_change_field {
    FS_CHANGE_MODE = 1u << 0,
    FS_CHANGE_UID = 1u << 1,
    FS_CHANGE_GID = 1u << 2,
    FS_CHANGE_SIZE = 1u << 3,
    FS_CHANGE_ACCESSED = 1u << 4,
    FS_CHANGE_MODIFIED = 1u << 5,
    FS_CHANGE_ACCESSED_NOW = 1u << 6,
    FS_CHANGE_MODIFIED_NOW = 1u << 7,
};

struct fs_change {
    uint32_t fields; /* enum fs_change_field */
    uint32_t mode;
    uint32_t uid, gid;
    uint64_t size;
    int64_t accessed_s, modified_s;
    uint32_t accessed_ns, modified_ns;
};

/* Entries follow one another, each 8-byte aligned. */
struct fs_entry {
    uint64_t node;
    uint64_t cookie; /* of the entry behind this one */
    uint16_t length; /* of this structure with its name and padding */
    uint8_t type;    /* DT_* */
    uint8_t name_length;
    char name[]; /* not NUL-terminated */
};

/* A message of a LISTEN's stream; with it come the two ends of a CONNECT. */
struct fs_connection {
    uint32_t pid, uid, gid; /* who connects, as this server knows it */
};

struct fs_statistics {
    uint64_t type; /* the magic number statfs tells */
    uint64_t block_size, blocks, blocks_free;
    uint64_t nodes, nodes_free;
    uint64_t name_length;
};

struct fs_lock {
    uint64_t start, length; /* length 0: to the end of all files */
    uint32_t kind;          /* 0 shared, 1 exclusive, 2 unlock */
    uint32_t flags;         /* 1: flock, of the session; 2: only ask who holds it */
    uint32_t owner;         /* out: the pid of who holds it */
    uint32_t unused;
};

#define FS_GROUPS 32
struct fs_credentials {
    uint32_t uid, gid;           /* as file access sees them */
    uint32_t real_uid, real_gid; /* as ACCESS does */
    uint32_t umask;
    uint32_t group_count;
    uint32_t groups[FS_GROUPS];
};

/* Those an ACCESS is judged by unless FS_ACCESS_EFFECTIVE. */
static inline struct fs_credentials fs_real_credentials(const struct fs_credentials *credentials)
{
    struct fs_credentials real = *credentials;

    real.uid = credentials->real_uid;
    real.gid = credentials->real_gid;
    return real;
}

/*
 * Bits of a FIFO's event: somebody has opened that side since the other side was
 * last opened with nobody there. So who waits for it does not miss one that came
 * and went.
 */
#define FS_FIFO_READER (1u << 8)
#define FS_FIFO_WRITER (1u << 9)
/* Of the event that comes with a refused LOCK: ask again. */
#define FS_LOCK_CHANGED (1u << 8)

#define FS_FIRST_SESSION 256

#define FS_OFFSET_APPEND (UINT64_MAX - 1)
#define FS_OFFSET_SHARED (UINT64_MAX - 2)
