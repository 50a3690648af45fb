/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The order of stores is what all of this rests on. It is that of the program
 * where a fence stands between them; between fences it does not matter.
 */
#include "ledger.h"

#include <stdatomic.h>

#include <base/text.h>

static void fence(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

static void save(struct ledger *ledger, const struct terminal *terminal)
{
    struct undo *undo = &ledger->undo;

    undo->terminal = (uint32_t)(terminal - ledger->terminals);
    undo->answer_valid = ledger->answer.valid;
    undo->answer_length = ledger->answer.length;
    undo->output_put = terminal->output.put;
    undo->output_taken = terminal->output.taken;
    memcpy(undo->terminal_head, terminal, sizeof(undo->terminal_head));
    memcpy(undo->console_head, &ledger->console, sizeof(undo->console_head));
    memcpy(undo->parser_head, &ledger->console.parser, sizeof(undo->parser_head));
}

static void go_back(struct ledger *ledger)
{
    const struct undo *undo = &ledger->undo;
    struct terminal *terminal = &ledger->terminals[undo->terminal];

    ledger->answer.valid = undo->answer_valid;
    ledger->answer.length = undo->answer_length;
    terminal->output.put = undo->output_put;
    terminal->output.taken = undo->output_taken;
    memcpy(terminal, undo->terminal_head, sizeof(undo->terminal_head));
    memcpy(&ledger->console, undo->console_head, sizeof(undo->console_head));
    memcpy(&ledger->console.parser, undo->parser_head, sizeof(undo->parser_head));
}

void ledger_begin_step(struct ledger *ledger, const struct terminal *terminal, uint32_t ring_taken)
{
    save(ledger, terminal);
    ledger->undo.ring_taken = ring_taken;
    fence();
    ledger->undo.armed = 1;
    fence();
}

void ledger_end_step(struct ledger *ledger)
{
    fence();
    ledger->undo.armed = 0;
    fence();
}

static void apply_frame(struct ledger *ledger)
{
    struct console_state *console = &ledger->console;
    const struct last_frame *frame = &console->frame;

    switch (frame->effect) {
    case FRAME_OUTPUT:
        terminal_apply(&ledger->terminals[LEDGER_CONSOLE], &frame->transaction);
        break;
    case FRAME_CREDIT:
        console->credit = (uint32_t)frame->value;
        break;
    case FRAME_PHASE:
        console->phase = (uint32_t)frame->value;
        break;
    case FRAME_LOG:
        console->log_sent = frame->value;
        break;
    default:
        console->streams[frame->effect - FRAME_STREAM].sent = frame->value;
        console->streams[frame->effect - FRAME_STREAM].staged = 0;
    }
}

void ledger_begin_frame(struct ledger *ledger, enum frame_effect effect)
{
    fence();
    ledger->console.frame.effect = effect;
    fence();
}

void ledger_end_frame(struct ledger *ledger)
{
    fence();
    apply_frame(ledger);
    fence();
    ledger->console.frame.effect = FRAME_NONE;
    fence();
}

const struct answer *ledger_find_answer(const struct ledger *ledger,
                                        const struct request_name *request)
{
    for (uint32_t i = 0; i <= LEDGER_OLD_ANSWERS && request->sequence != 0; i++) {
        const struct answer *answer = i == 0 ? &ledger->answer : &ledger->old_answers[i - 1];
        if (answer->valid && memcmp(&answer->request, request, sizeof(*request)) == 0)
            return answer;
    }
    return NULL;
}

void ledger_drop_answer(struct ledger *ledger)
{
    ledger->answer.valid = 0;
    fence();
}

void ledger_set_answer(struct ledger *ledger, const struct request_name *request, size_t length)
{
    ledger->answer.request = *request;
    ledger->answer.length = (uint32_t)length;
    fence();
    ledger->answer.valid = 1;
}

/* Its client may ask again long after others have: it is kept apart from theirs. */
static void keep_answer(struct ledger *ledger)
{
    struct answer *old = &ledger->old_answers[ledger->old_answer % LEDGER_OLD_ANSWERS];

    if (!ledger->answer.valid)
        return;
    old->valid = 0;
    fence();
    memcpy(old, &ledger->answer, sizeof(*old));
    fence();
    ledger->old_answer++;
    ledger->answer.valid = 0;
}

bool ledger_post(struct ledger *ledger, const struct tty_message *message)
{
    struct console_state *console = &ledger->console;

    if (console->outbox_put - console->outbox.sent == OUTBOX_SIZE)
        return false;
    console->outbox.messages[console->outbox_put % OUTBOX_SIZE] = *message;
    fence();
    console->outbox_put++;
    return true;
}

/* Closing a session changes three places, none of which is saved. */
static void count_opens(struct ledger *ledger)
{
    for (uint32_t i = 0; i < LEDGER_TERMINALS; i++)
        ledger->terminals[i].masters = ledger->terminals[i].slaves = 0;
    for (uint32_t i = 0; i < LEDGER_OPENS; i++) {
        const struct terminal_open *open = &ledger->opens[i];
        struct terminal *terminal = &ledger->terminals[open->terminal];
        if (open->in_use)
            *(open->side == SIDE_MASTER ? &terminal->masters : &terminal->slaves) += 1;
    }
}

void ledger_recover(struct ledger *ledger, const struct ledger_facts *facts)
{
    struct console_state *console = &ledger->console;

    if (ledger->undo.armed && ledger->undo.ring_taken == facts->ring_taken)
        go_back(ledger);
    ledger_end_step(ledger);
    if (console->frame.effect != FRAME_NONE && console->frame.sent_after == facts->ring_sent)
        apply_frame(ledger);
    fence();
    console->frame.effect = FRAME_NONE;
    console->outbox.sent = (uint32_t)facts->messages_written;
    if (console->streams[STREAM_INPUT].handle != HANDLE_NONE)
        console->input_at = (uint32_t)(facts->input_written - console->input_before);
    for (enum stream_number number = STREAM_OUTPUT; number < STREAM_COUNT; number++) {
        struct console_stream *stream = &console->streams[number];
        if (stream->handle != HANDLE_NONE)
            stream->staged = (uint32_t)(facts->stream_read[number] - stream->sent);
    }
    keep_answer(ledger);
    count_opens(ledger);
}

bool ledger_is_made(const struct ledger *ledger)
{
    return ledger->magic == LEDGER_MAGIC && ledger->version == LEDGER_VERSION;
}

void ledger_make(struct ledger *ledger)
{
    memset(ledger, 0, sizeof(*ledger));
    terminal_init(&ledger->terminals[LEDGER_CONSOLE], 0);
    ledger->version = LEDGER_VERSION;
}

static uint32_t terminals_of(const struct ledger *ledger, uint32_t owner)
{
    uint32_t count = 0;

    for (uint32_t i = LEDGER_CONSOLE + 1; i < LEDGER_TERMINALS; i++)
        count += ledger->terminals[i].in_use && ledger->terminals[i].owner == owner;
    return count;
}

static uint32_t opens_of(const struct ledger *ledger, uint32_t owner)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < LEDGER_OPENS; i++) {
        const struct terminal_open *open = &ledger->opens[i];
        count += open->in_use && open->owner == owner;
    }
    return count;
}

struct terminal *ledger_new_terminal(struct ledger *ledger, uint32_t owner)
{
    if (owner != 0 && terminals_of(ledger, owner) >= LEDGER_TERMINALS_OF_USER)
        return NULL;
    for (uint32_t i = LEDGER_CONSOLE + 1; i < LEDGER_TERMINALS; i++) {
        if (!ledger->terminals[i].in_use) {
            terminal_init(&ledger->terminals[i], i - 1);
            ledger->terminals[i].owner = owner;
            return &ledger->terminals[i];
        }
    }
    return NULL;
}

struct terminal_open *ledger_new_open(struct ledger *ledger, uint32_t owner)
{
    if (owner != 0 && opens_of(ledger, owner) >= LEDGER_OPENS_OF_USER)
        return NULL;
    for (uint32_t i = 0; i < LEDGER_OPENS; i++) {
        if (!ledger->opens[i].in_use)
            return &ledger->opens[i];
    }
    return NULL;
}
