/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "ledger.h"

#include <base/text.h>

static void recover(struct ledger *ledger, uint32_t ring_sent)
{
    struct last_frame *frame = &ledger->console.frame;
    struct last_request *last = &ledger->last;

    if (frame->pending && frame->sent_after == ring_sent)
        terminal_apply(&ledger->terminals[CONSOLE_TERMINAL], &frame->transaction);
    frame->pending = 0;
    if (last->done && !last->applied && last->terminal < LEDGER_TERMINALS)
        terminal_apply(&ledger->terminals[last->terminal], &last->transaction);
    last->applied = 1;
}

bool ledger_open(struct ledger *ledger, uint32_t ring_sent)
{
    if (ledger->magic == LEDGER_MAGIC && ledger->version == LEDGER_VERSION) {
        recover(ledger, ring_sent);
        return false;
    }
    memset(ledger, 0, sizeof(*ledger));
    terminal_init(&ledger->terminals[CONSOLE_TERMINAL], 0);
    ledger->version = LEDGER_VERSION;
    return true;
}

struct terminal *ledger_new_terminal(struct ledger *ledger)
{
    for (uint32_t i = CONSOLE_TERMINAL + 1; i < LEDGER_TERMINALS; i++) {
        if (!ledger->terminals[i].in_use) {
            terminal_init(&ledger->terminals[i], i - 1);
            return &ledger->terminals[i];
        }
    }
    return NULL;
}

struct terminal_open *ledger_new_open(struct ledger *ledger)
{
    for (uint32_t i = 0; i < LEDGER_OPENS; i++) {
        if (!ledger->opens[i].in_use)
            return &ledger->opens[i];
    }
    return NULL;
}
