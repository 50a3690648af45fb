/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The sorts of files, and what only the sources of posix/file share.
 */
#pragma once

#include <posix/file.h>
#include <posix/linux/file.h>

/* One operations table in each source. */
extern const struct file_operations node_operations;     /* node.c */
extern const struct file_operations stream_operations;   /* stream.c */
extern const struct file_operations terminal_operations; /* terminal.c */
extern const struct file_operations device_operations;   /* device.c */
extern const struct file_operations counter_operations;  /* counter.c */
extern const struct file_operations timer_operations;    /* timer_file.c */
extern const struct file_operations signal_operations;   /* signal_file.c */
extern const struct file_operations poll_set_operations; /* poll_set.c */
extern const struct file_operations socket_operations;   /* socket.c */
extern const struct file_operations pidfd_operations;    /* pidfd.c */

/* Every file of the library, under the lock of the list. */
void file_for_each(void (*visit)(struct file *file, void *argument), void *argument);
/* In the child of a fork: files whose references have been found to be none. */
void file_drop_unreferenced(void);

/* The file is going away: no set watches it any more. */
void poll_set_forget(struct file *file);

static inline bool file_reads(const struct file *file)
{
    return (file->status_flags & LINUX_O_ACCMODE) != LINUX_O_WRONLY &&
           (file->status_flags & LINUX_O_PATH) == 0;
}

static inline bool file_writes(const struct file *file)
{
    return (file->status_flags & LINUX_O_ACCMODE) != LINUX_O_RDONLY &&
           (file->status_flags & LINUX_O_PATH) == 0;
}

static inline bool file_waits(const struct file *file)
{
    return (__atomic_load_n(&file->status_flags, __ATOMIC_RELAXED) & LINUX_O_NONBLOCK) == 0;
}

/* What a file that is no node says of itself. */
void file_plain_attributes(struct fs_attributes *attributes, uint32_t mode, uint64_t node);
/* The object id of a handle: what pipes and sockets have for an inode number. */
uint64_t file_object_id(handle_t handle);
/* The signals of a handle that stand now; 0 if it has none. */
uint32_t file_signals(handle_t handle);
/* interest->handles and masks: one more, if `mask` is not 0. */
void file_interest_add(struct file_interest *interest, handle_t handle, uint32_t mask);
