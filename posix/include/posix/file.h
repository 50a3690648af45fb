/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Open files and descriptors.
 *
 * struct file is an open file description; descriptors are references to it in a
 * file_table, which CLONE_FILES shares. What a file can do is its operations
 * table; each sort of file (nodes of file servers, streams, terminals, events,
 * sockets ...) is one source file with one such table. An operation that is NULL
 * is one the sort does not have; file.c says which errno that gives.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <list/list.h>
#include <posix/lock.h>
#include <protocols/fs.h>
#include <protocols/posix_start.h>

struct task;
struct file;

#define FILE_HANDLES 4

/* Bytes between a file and the program's memory. */
struct transfer {
    uint64_t address; /* in the program */
    size_t length;
    bool internal;   /* the address is the library's (sendfile, gathered vectors) */
    bool positioned; /* pread, pwrite: at `offset`, the file's own stays */
    uint64_t offset;
};

/* What poll asks a file: what holds now, and what to wait for if that is nothing. */
struct file_interest {
    uint32_t events;     /* in: LINUX_POLL* wanted */
    uint32_t ready;      /* out: LINUX_POLL* that hold, errors included */
    unsigned count;      /* out: how many items there are */
    handle_t handles[2]; /* out */
    uint32_t masks[2];   /* out: signals of these handles that may mean a change */
};

/* mmap: the pages behind a file. */
struct file_pages {
    handle_t memory;
    bool close_memory; /* the handle is the caller's to close */
    bool device_zero;  /* anonymous memory instead (/dev/zero) */
};

struct file_operations {
    uint32_t kind;    /* enum posix_file_kind: what exec makes of it */
    const char *name; /* for /proc/PID/fd: "pipe", "socket"; NULL: the file's path */
    /* Bytes moved, 0 at the end, or a negated errno; they wait unless O_NONBLOCK. */
    int64_t (*read)(struct task *task, struct file *file, const struct transfer *transfer);
    int64_t (*write)(struct task *task, struct file *file, const struct transfer *transfer);
    int64_t (*seek)(struct task *task, struct file *file, int64_t offset, unsigned whence);
    void (*poll)(struct task *task, struct file *file, struct file_interest *interest);
    int64_t (*control)(struct task *task, struct file *file, uint32_t request, uint64_t argument);
    int (*attributes)(struct task *task, struct file *file, struct fs_attributes *attributes);
    int (*change)(struct task *task, struct file *file, const struct fs_change *change);
    int (*pages)(struct task *task, struct file *file, struct file_pages *pages);
    int64_t (*list)(struct task *task, struct file *file,
                    const struct transfer *transfer); /* getdents64 */
    /* A descriptor to it is closed (record locks); the last is gone. */
    void (*close)(struct task *task, struct file *file);
    void (*destroy)(struct file *file);
    /* Before fork and before a descriptor goes to another process: what is private becomes shared. */
    int (*share)(struct task *task, struct file *file);
    /* In the child of a fork: what is the parent's alone is given up. */
    void (*leave_parent)(struct file *file);
    /* For exec, where that is more than kind, handles, rdev, offset and extra. False: it cannot survive. */
    bool (*save)(struct file *file, struct posix_start_descriptor *descriptor);
};

struct file {
    const struct file_operations *operations;
    uint32_t references;   /* atomic */
    uint32_t status_flags; /* atomic; LINUX_O_*: access mode, APPEND, NONBLOCK ... */
    struct lock lock;      /* guards what follows, as the sort of file says */
    uint64_t offset;       /* while `offset_shared` is false */
    bool offset_shared;    /* the session has it */
    uint64_t rdev, node, device;
    handle_t handles[FILE_HANDLES]; /* as enum posix_file_kind says; closed with the file */
    uint64_t extra[2];
    char *path;                /* absolute, as it was opened, or NULL; memory_allocate */
    void *state;               /* the sort's own */
    struct list_node all_link; /* every file of this library; file.c */
    struct list watchers;      /* epoll sets that watch it; poll_set.c */
    uint64_t save_group;       /* while exec collects: what the new process knows it by; save.c */
};

/* A file with one reference, no handles and an offset of 0; NULL if there is no memory. */
struct file *file_create(const struct file_operations *operations, uint32_t status_flags);
void file_retain(struct file *file);

/* A reference, or NULL (EBADF). file_put gives it back. */
struct file *file_get(struct task *task, int fd);
/* The same, but not for O_PATH descriptors. */
struct file *file_get_open(struct task *task, int fd);
void file_put(struct file *file);

/* The lowest free number from `from`; takes over the reference. -EMFILE: the reference is given back. */
struct file_install {
    struct file *file;
    int from;
    bool close_on_exec;
};
int file_install(struct task *task, const struct file_install *install);

/* Take a descriptor away: its file, with the reference, or NULL. */
struct file *file_remove(struct task *task, int fd);
/* What closing a descriptor does besides giving the reference back, and that. */
void file_close(struct task *task, struct file *file);

struct file_table *file_table_create(void);
struct file_table *file_table_copy(struct task *task, struct file_table *from);
void file_table_retain(struct file_table *table);
void file_table_release(struct task *task, struct file_table *table);

/* Before a fork: every file's share operation. */
int file_table_prepare_fork(struct task *task);
/* In the child of a fork: renew what is per process (the descriptors' page for /proc). */
void file_table_after_fork(struct task *task);
/* Have the signal page show this task's table: /proc/PID/fd. */
void file_table_publish(struct task *task);
/* fds from the start block; damaged entries are left out. */
void file_table_restore(struct task *task, const struct posix_start *block);

/*
 * Exec: what survives, as descriptors, and the handles to be closed: those of the
 * files marked close-on-exec, and of other tables of this kernel process.
 * Both arrays are memory_allocate'd by the callee. 0 or -ENOMEM.
 */
struct file_survivors {
    struct posix_start_descriptor *descriptors;
    size_t descriptor_count;
    handle_t *close;
    size_t close_count;
};
int file_table_save(struct task *task, struct file_survivors *survivors);
