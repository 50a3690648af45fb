/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "restart.h"

#include <trellis/structures.h>

#define FIRST_DELAY_NS UINT64_C(50000000)
#define NS_PER_S UINT64_C(1000000000)

static void forget_old_ends(struct restart_history *history, uint64_t since_ns)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < history->count; i++) {
        if (history->ends_ns[i] >= since_ns)
            history->ends_ns[kept++] = history->ends_ns[i];
    }
    history->count = kept;
}

/* The history never fills: at restart_count, at most MANIFEST_RESTARTS, the service is given up. */
uint64_t restart_after_end(struct restart_history *history, const struct manifest_service *entry,
                           uint64_t now_ns)
{
    uint64_t window_ns = entry->restart_window_s * NS_PER_S;
    forget_old_ends(history, now_ns > window_ns ? now_ns - window_ns : 0);
    history->ends_ns[history->count++] = now_ns;
    if (history->count >= entry->restart_count)
        return DEADLINE_NEVER;
    return history->count == 1 ? now_ns : now_ns + (FIRST_DELAY_NS << (history->count - 2));
}
