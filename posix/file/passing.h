/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Files on their way through a socket (SCM_RIGHTS).
 *
 * With the bytes go up to MESSAGE_HANDLES handles: first a memory object that
 * says what files these are, then the files' own. So what one message can carry
 * is three handles of files: three pipe ends, or one file and one event, ...
 */
#pragma once

#include <posix/file.h>
#include <trellis/message.h>

#define PASSED_FILES_MAX 3

/* Going out or come in. */
struct passed_files {
    size_t count;
    struct file *files[PASSED_FILES_MAX]; /* references */
    handle_t description;                 /* going out: the memory object */
    size_t handle_count;
    handle_t handles[MESSAGE_HANDLES]; /* going out */
};

/* Ready to go out: what is private of the files is shared. -ETOOMANYREFS, -EINVAL, -ENOMEM ... */
int passing_prepare(struct task *task, struct passed_files *passed);
/* Into the frame, for a write with STREAM_HANDLES. */
void passing_put(struct task *task, const struct passed_files *passed);
/* From the frame, after a read with STREAM_HANDLES. What nobody wants (NULL) is closed. */
void passing_take(struct task *task, struct passed_files *passed);
/* Give the references back. */
void passing_release(struct passed_files *passed);
