/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Requests on terminals. What one changes it changes in a step of the ledger. Reads
 * and writes leave an answer there, so that one that is repeated after a restart is
 * not carried out again; the others may be: they set what they say.
 */
#include "server.h"

#include <base/errno.h>
#include <base/service.h>
#include <base/text.h>
#include <protocols/fs.h>
#include <trellis/native.h>

#define CONSOLE_RDEV (5u << 8 | 1)
#define PTMX_RDEV (5u << 8 | 2)
#define PTS_MAJOR 136u

struct request {
    struct request_name name;
    uint64_t words[MESSAGE_WORDS];
    size_t text_length;
    struct terminal_open *open; /* NULL: a service session */
    struct terminal *terminal;
    uint64_t *reply;
    unsigned reply_handles;
    size_t reply_text;
};

static uint32_t rdev_of(const struct terminal *terminal)
{
    return terminal == console_terminal() ? CONSOLE_RDEV : PTS_MAJOR << 8 | terminal->number;
}

static struct terminal *find_by_rdev(uint64_t rdev)
{
    for (uint32_t i = 0; i < LEDGER_TERMINALS; i++) {
        struct terminal *terminal = &server.ledger->terminals[i];
        if (terminal->in_use && rdev_of(terminal) == rdev)
            return terminal;
    }
    return NULL;
}

static void put_handle(struct request *request, handle_t handle, uint32_t rights, uint32_t flags)
{
    server.frame->handles[request->reply_handles++] =
        (struct message_handle){handle, rights, flags};
}

static void put_text(struct request *request, const void *bytes, size_t length)
{
    memcpy(frame_text(server.frame), bytes, length);
    request->reply_text = length;
}

static bool take_text(const struct request *request, void *to, size_t size)
{
    if (request->text_length != size)
        return false;
    memcpy(to, frame_text(server.frame), size);
    return true;
}

/* The terminal an OPEN means, a new pair for ptmx. */
static uint32_t choose_terminal(const struct request *request, struct terminal **terminal)
{
    switch (request->words[0]) {
    case TTY_NODE_CONSOLE:
        if (request->name.badge != TTY_BADGE_CONTROL)
            return LINUX_EACCES;
        *terminal = console_terminal();
        return 0;
    case TTY_NODE_PTMX:
        if (request->name.badge != TTY_BADGE_CONTROL)
            return LINUX_EACCES;
        *terminal = ledger_new_terminal(server.ledger, (uint32_t)request->words[2]);
        if (*terminal == NULL)
            return LINUX_ENOSPC;
        (*terminal)->locked = 1;
        return 0;
    case TTY_NODE_PTS:
        *terminal = find_by_rdev(PTS_MAJOR << 8 | (request->words[1] & 0xff));
        if (*terminal == NULL)
            return LINUX_ENOENT;
        return (*terminal)->locked || (*terminal)->masters == 0 ? LINUX_EIO : 0;
    default:
        return LINUX_EINVAL;
    }
}

static handle_t side_event(struct terminal *terminal, enum terminal_side side)
{
    if (terminal->events[side] == HANDLE_NONE) {
        int64_t event = native_event_create(server.account, 0, 0);
        terminal->events[side] = event < 0 ? HANDLE_NONE : (handle_t)event;
        terminal->event_bits[side] = 0;
        terminal_update_events(terminal);
    }
    return terminal->events[side];
}

static void count_open(struct terminal *terminal, enum terminal_side side)
{
    if (side == SIDE_MASTER)
        terminal->masters++;
    else
        terminal->slaves++;
    if (terminal != console_terminal())
        terminal->hung_up = 0;
}

/* Whoever did a part of it before has closed events already. */
static void close_terminal(struct terminal *terminal)
{
    for (int side = 0; side < 2; side++)
        (void)native_handle_close(terminal->events[side]);
    terminal->in_use = 0;
}

static uint32_t serve_open(struct request *request)
{
    enum terminal_side side = request->words[0] == TTY_NODE_PTMX ? SIDE_MASTER : SIDE_SLAVE;
    struct terminal *terminal;

    uint32_t error = choose_terminal(request, &terminal);
    if (error != 0)
        return error;
    uint32_t owner = terminal == console_terminal() ? (uint32_t)request->words[2] : terminal->owner;
    struct terminal_open *open = ledger_new_open(server.ledger, owner);
    handle_t event = open == NULL ? HANDLE_NONE : side_event(terminal, side);
    uint64_t index = event == HANDLE_NONE ? 0 : (uint64_t)(open - server.ledger->opens);
    int64_t session = event == HANDLE_NONE
                          ? status_to_result(STATUS_NO_MEMORY)
                          : native_session_create(server.endpoint, FS_FIRST_SESSION + index);
    if (session < 0) {
        if (terminal != console_terminal() && terminal->masters + terminal->slaves == 0)
            close_terminal(terminal);
        return LINUX_ENFILE;
    }
    server.ledger->opening = (handle_t)session; /* until the reply has taken it along */
    open->terminal = (uint16_t)(terminal - server.ledger->terminals);
    open->side = (uint16_t)side;
    open->owner = owner;
    open->in_use = 1;
    count_open(terminal, side);
    terminal_update_events(terminal);
    put_handle(request, (handle_t)session, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    put_handle(request, event, RIGHT_COPY | RIGHT_MOVE | RIGHT_WAIT | RIGHT_INSPECT, 0);
    request->reply[0] = terminal->number;
    request->reply[1] = side == SIDE_MASTER ? PTMX_RDEV : rdev_of(terminal);
    return 0;
}

static uint32_t answer_empty_read(struct request *request)
{
    const struct tty_settings *settings = &request->terminal->settings;
    bool canonical = (settings->local & TERMIOS_ICANON) != 0;
    uint8_t least = settings->characters[TERMIOS_VMIN];
    uint8_t tenths = settings->characters[TERMIOS_VTIME];

    if (request->open->side == SIDE_SLAVE && !canonical && least == 0) {
        if (tenths == 0)
            return 0;
        request->reply[0] = tenths * UINT64_C(100);
    }
    return LINUX_EAGAIN;
}

static uint32_t serve_read(struct request *request)
{
    struct terminal *terminal = request->terminal;
    struct answer *answer = &server.ledger->answer;
    bool master = request->open->side == SIDE_MASTER;
    size_t wanted = request->words[0] < MESSAGE_TEXT_SIZE ? request->words[0] : MESSAGE_TEXT_SIZE;

    if (master ? output_waiting(terminal) == 0 || terminal->stopped : !line_is_readable(terminal)) {
        if (terminal->hung_up)
            return master ? LINUX_EIO : 0;
        return answer_empty_read(request);
    }
    struct transaction transaction = terminal_begin(terminal);
    size_t length = master ? output_take(terminal, &transaction, answer->text, wanted)
                           : line_read(terminal, &transaction, answer->text, wanted);
    terminal_apply(terminal, &transaction);
    ledger_set_answer(server.ledger, &request->name, length);
    put_text(request, answer->text, length);
    return 0;
}

/* Each byte is a step, after which the answer counts it. */
static uint32_t type_at_master(struct request *request)
{
    const uint8_t *bytes = (const uint8_t *)frame_text(server.frame);
    size_t count = 0;

    if (line_room(request->terminal) == 0)
        return LINUX_EAGAIN;
    while (count < request->text_length && line_room(request->terminal) > 0) {
        terminal_type(request->terminal, bytes[count++]);
        ledger_set_answer(server.ledger, &request->name, count);
        ledger_end_step(server.ledger);
        console_begin_step(request->terminal);
    }
    request->reply[0] = count;
    return 0;
}

static uint32_t serve_write(struct request *request)
{
    struct terminal *terminal = request->terminal;
    struct transaction transaction = terminal_begin(terminal);

    if (request->open->side == SIDE_MASTER)
        return type_at_master(request);
    if (terminal->hung_up)
        return LINUX_EIO;
    size_t length =
        line_write(terminal, &transaction, frame_text(server.frame), request->text_length);
    if (length == 0 && request->text_length > 0)
        return LINUX_EAGAIN;
    terminal_apply(terminal, &transaction);
    ledger_set_answer(server.ledger, &request->name, length);
    request->reply[0] = length;
    return 0;
}

static uint32_t serve_get_settings(struct request *request)
{
    put_text(request, &request->terminal->settings, sizeof(request->terminal->settings));
    return 0;
}

static uint32_t serve_set_settings(struct request *request)
{
    enum { NOW, DRAIN, DRAIN_AND_FLUSH };
    struct tty_settings settings;

    if (request->words[0] > DRAIN_AND_FLUSH || !take_text(request, &settings, sizeof(settings)))
        return LINUX_EINVAL;
    /* Nothing to drain: what was written before is processed already. */
    if (request->words[0] == DRAIN_AND_FLUSH)
        line_flush_input(request->terminal);
    line_set(request->terminal, &settings);
    return 0;
}

static uint32_t serve_get_size(struct request *request)
{
    put_text(request, &request->terminal->size, sizeof(request->terminal->size));
    return 0;
}

static uint32_t serve_set_size(struct request *request)
{
    struct tty_size size;

    if (!take_text(request, &size, sizeof(size)))
        return LINUX_EINVAL;
    terminal_resize(request->terminal, &size);
    return 0;
}

static uint32_t serve_state(struct request *request)
{
    const struct terminal *terminal = request->terminal;
    bool master = request->open->side == SIDE_MASTER;

    request->reply[0] = terminal->session;
    request->reply[1] = terminal->group;
    request->reply[2] = master ? output_waiting(terminal) : line_waiting(terminal);
    request->reply[3] = terminal == console_terminal() ? output_waiting(terminal) : 0;
    request->reply[4] = rdev_of(terminal);
    request->reply[5] = terminal->number;
    return 0;
}

static uint32_t serve_flush(struct request *request)
{
    enum { INPUT = 1, OUTPUT = 2 };

    if ((request->words[0] & INPUT) != 0)
        line_flush_input(request->terminal);
    if ((request->words[0] & OUTPUT) != 0)
        request->terminal->output.taken = request->terminal->output.put;
    return 0;
}

static uint32_t serve_flow(struct request *request)
{
    struct terminal *terminal = request->terminal;
    bool stop = request->words[0] == TTY_FLOW_STOP || request->words[0] == TTY_FLOW_ASK_TO_STOP;

    if (request->words[0] > TTY_FLOW_ASK_TO_GO_ON)
        return LINUX_EINVAL;
    if (request->words[0] <= TTY_FLOW_GO_ON)
        terminal->stopped = stop;
    else
        output_ask(terminal, stop);
    return 0;
}

static uint32_t serve_lock_pts(struct request *request)
{
    if (request->open->side != SIDE_MASTER)
        return LINUX_ENOTTY;
    request->terminal->locked = request->words[0] != 0;
    return 0;
}

static uint32_t serve_set_session(struct request *request)
{
    struct terminal *terminal = find_by_rdev(request->words[0]);

    if (terminal == NULL)
        return LINUX_ENOTTY;
    terminal->session = (uint32_t)request->words[1];
    terminal->group = (uint32_t)request->words[2];
    return 0;
}

static uint32_t serve_finish(struct request *request)
{
    struct console_exit exit = {(uint8_t)request->words[0], (uint8_t)request->words[1]};

    return console_finish(&exit) ? 0 : LINUX_EAGAIN;
}

static uint32_t serve_attach(struct request *request)
{
    int64_t programs = native_session_create(server.endpoint, TTY_BADGE_OPEN);

    if (programs < 0)
        return LINUX_ENFILE;
    put_handle(request, server.ledger->messages_read,
               RIGHT_COPY | RIGHT_MOVE | RIGHT_READ | RIGHT_WAIT | RIGHT_INSPECT, 0);
    put_handle(request, (handle_t)programs, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    return 0;
}

/* Job control: a group in the background may not read, nor change the terminal. */
static bool is_refused(const struct request *request, uint32_t label)
{
    const struct terminal *terminal = request->terminal;
    uint64_t group = request->words[2];

    if (group == 0 || terminal == NULL || terminal->group == 0 || group == terminal->group)
        return false;
    if (label == TTY_WRITE)
        return (terminal->settings.local & TERMIOS_TOSTOP) != 0;
    return label == TTY_READ || label == TTY_SET_SETTINGS || label == TTY_FLUSH ||
           label == TTY_FLOW;
}

enum who { BY_TERMINAL, BY_CONTROL, BY_SERVICE };

static const struct handler {
    uint32_t (*serve)(struct request *request);
    enum who who;
} handlers[] = {
    [TTY_OPEN] = {serve_open, BY_SERVICE},
    [TTY_READ] = {serve_read, BY_TERMINAL},
    [TTY_WRITE] = {serve_write, BY_TERMINAL},
    [TTY_GET_SETTINGS] = {serve_get_settings, BY_TERMINAL},
    [TTY_SET_SETTINGS] = {serve_set_settings, BY_TERMINAL},
    [TTY_GET_SIZE] = {serve_get_size, BY_TERMINAL},
    [TTY_SET_SIZE] = {serve_set_size, BY_TERMINAL},
    [TTY_STATE] = {serve_state, BY_TERMINAL},
    [TTY_FLUSH] = {serve_flush, BY_TERMINAL},
    [TTY_FLOW] = {serve_flow, BY_TERMINAL},
    [TTY_LOCK_PTS] = {serve_lock_pts, BY_TERMINAL},
    [TTY_SET_SESSION] = {serve_set_session, BY_CONTROL},
    [TTY_FINISH] = {serve_finish, BY_CONTROL},
    [TTY_ATTACH] = {serve_attach, BY_CONTROL},
};

static uint32_t repeat_answer(struct request *request, const struct answer *answer)
{
    if (request->name.label == TTY_READ)
        put_text(request, answer->text, answer->length);
    else
        request->reply[0] = answer->length;
    return 0;
}

static uint32_t dispatch(struct request *request)
{
    uint64_t label = request->name.label;
    if (label >= sizeof(handlers) / sizeof(handlers[0]) || handlers[label].serve == NULL)
        return LINUX_ENOSYS;
    enum who who = handlers[label].who;
    uint64_t badge = request->name.badge;
    if (badge < FS_FIRST_SESSION
            ? who == BY_TERMINAL || (who == BY_CONTROL && badge != TTY_BADGE_CONTROL)
            : who != BY_TERMINAL || request->open == NULL)
        return LINUX_EBADF;
    return is_refused(request, (uint32_t)label) ? LINUX_EBUSY : handlers[label].serve(request);
}

/* Reads and writes are carried out once. */
static uint32_t carry_out(struct request *request)
{
    bool once = request->name.label == TTY_READ || request->name.label == TTY_WRITE;

    request->name.sequence = once ? request->words[1] : 0;
    const struct answer *before = ledger_find_answer(server.ledger, &request->name);
    if (before != NULL)
        return repeat_answer(request, before);
    if (once)
        ledger_drop_answer(server.ledger);
    console_begin_step(request->terminal != NULL ? request->terminal : console_terminal());
    uint32_t error = dispatch(request);
    ledger_end_step(server.ledger);
    return error;
}

static struct terminal_open *find_open(uint64_t badge)
{
    if (badge < FS_FIRST_SESSION || badge - FS_FIRST_SESSION >= LEDGER_OPENS)
        return NULL;
    struct terminal_open *open = &server.ledger->opens[badge - FS_FIRST_SESSION];
    return open->in_use ? open : NULL;
}

void request_serve(struct message *message)
{
    uint32_t label = message_label(message->information);
    struct request request = {
        .name = {.badge = message->badge, .identity = message->identity, .label = label},
        .text_length = message_text_length(message->information),
        .open = find_open(message->badge),
        .reply = message->words,
    };
    uint32_t error;

    bool for_directory = directory_owns(message->badge) || label == FS_MINT || label == FS_RENEW;
    if (for_directory) {
        error = directory_serve(message, label, &request.reply_handles, &request.reply_text);
    } else {
        server_close_received(message);
        if (request.open != NULL)
            request.terminal = &server.ledger->terminals[request.open->terminal];
        memcpy(request.words, message->words, sizeof(request.words));
        memset(message->words, 0, sizeof(message->words));
        error = carry_out(&request);
        if (request.terminal != NULL)
            terminal_update_events(request.terminal);
    }
    message->information =
        message_information(error, request.reply_handles, (unsigned)request.reply_text) |
        MESSAGE_LONG;
}

/*
 * One that ends on the way is told of it again, as long as the open is in use: until then
 * everything here can be done twice.
 */
void request_closed(uint64_t badge)
{
    struct terminal_open *open = find_open(badge);

    if (open == NULL)
        return;
    struct terminal *terminal = &server.ledger->terminals[open->terminal];
    bool master = open->side == SIDE_MASTER, is_console = terminal == console_terminal();
    console_begin_step(terminal);
    if (master)
        terminal->masters--;
    else
        terminal->slaves--;
    bool last = terminal->masters + terminal->slaves == 0;
    if (!is_console && !last && master)
        terminal_hang_up(terminal);
    else if (!is_console && !last && terminal->slaves == 0)
        terminal_lose_slaves(terminal);
    ledger_end_step(server.ledger);
    open->in_use = 0;
    if (!is_console && last)
        close_terminal(terminal);
}

/* A session that is closed here is told of as closed, like a client's. */
void request_recover(void)
{
    if (server.ledger->opening != HANDLE_NONE)
        (void)native_handle_close(server.ledger->opening);
    server.ledger->opening = HANDLE_NONE;
    for (uint32_t i = 0; i < LEDGER_TERMINALS; i++) {
        struct terminal *terminal = &server.ledger->terminals[i];
        if (!terminal->in_use)
            continue;
        if (terminal != console_terminal() && terminal->masters + terminal->slaves == 0)
            close_terminal(terminal);
        else
            terminal_renew_events(terminal);
    }
}
