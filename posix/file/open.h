/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#pragma once

#include "path.h"

/* What open, openat, creat and openat2 ask for. */
struct open_request {
    int dirfd;
    uint64_t address; /* of the path */
    uint32_t flags;   /* LINUX_O_* */
    uint32_t mode;
};

/* A file server's flags for open flags. */
uint32_t open_server_flags(uint32_t flags);
/* The file for what was opened; uses up `opened` also when it fails. */
int open_file(struct task *task, struct opened *opened, uint32_t flags, struct file **file);
