/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The restart policy: when a service that has ended is started again.
 */
#pragma once

#include <manifest/manifest.h>

/* The latest ends of a service, oldest first. */
struct restart_history {
    unsigned count;
    uint64_t ends_ns[MANIFEST_RESTARTS];
};

/*
 * Note that the service ended at `now_ns`. The time to start it again: at once
 * after the first end within the manifest's window, then after a delay that
 * doubles; DEADLINE_NEVER when the window is full and it is given up.
 */
uint64_t restart_after_end(struct restart_history *history, const struct manifest_service *entry,
                           uint64_t now_ns);
