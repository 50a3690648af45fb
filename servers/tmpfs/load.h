/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Filling the tree from the boot archive. */
#pragma once

#include "node.h"

/* Everything below root/ of the newc archive in `bytes`; later entries of a name win. Logs and
 * skips what cannot be made; returns 0, or ENOSPC when memory ran out. */
fs_error_t load_archive(struct node *root, const void *bytes, size_t size);
