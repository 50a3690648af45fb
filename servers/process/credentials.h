/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Users and groups of a process, and who may do what to whom.
 */
#pragma once

#include <protocols/fs.h>

#include "table.h"

struct credentials_change {
    uint32_t call;   /* enum process_identity_call */
    uint32_t ids[3]; /* UINT32_MAX: unchanged */
    uint32_t group_count;
    const uint32_t *groups; /* PROCESS_SET_GROUPS */
};

/* EPERM, EINVAL; the info page is changed only on success. */
int credentials_change(struct process *process, const struct credentials_change *change);
/* By a set-id program: euid or egid and what follows from them. */
void credentials_enter_program(struct process *process, const struct fs_attributes *file);
/* As file servers see them. */
void credentials_for_files(const struct process_info_page *info,
                           struct fs_credentials *credentials);

/* May `sender` send this signal? */
bool credentials_may_signal(const struct process *sender, const struct process *target,
                            unsigned number);
/* May `viewer` look into the memory and files of `target` (/proc)? */
bool credentials_may_inspect(const struct process *viewer, const struct process *target);
