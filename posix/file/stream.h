/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Bytes through kernel streams: pipes, FIFOs, the host's standard streams, and
 * the two directions of sockets.
 */
#pragma once

#include "sorts.h"

/* handles of a POSIX_FILE_STREAM and a POSIX_FILE_SOCKET */
enum { STREAM_READ_END = 0, STREAM_WRITE_END = 1, STREAM_EVENT = 2, STREAM_NODE = 3 };

/* read and write at one end of a stream; waiting is up to O_NONBLOCK. */
int64_t stream_receive(struct task *task, const struct file *file, const struct transfer *transfer);
int64_t stream_send(struct task *task, const struct file *file, const struct transfer *transfer);

/* What poll reports of the two ends that a file has. */
void stream_poll(struct task *task, struct file *file, struct file_interest *interest);

/*
 * Give a FIFO that was just opened its ends (`content` as FS_OPEN has them) and
 * wait for the other side as Linux does. 0, -ENXIO, or as a wait.
 */
int stream_open_fifo(struct task *task, struct file *file, const handle_t content[3]);
/* FIONREAD (pipe.c). */
int64_t stream_control(struct task *task, struct file *file, uint32_t request, uint64_t argument);
