/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The server whole, from its start: a program is started, terminals are opened and closed,
 * while now and then something cannot be had. A request that is refused is made again; when
 * the server ends, for want of memory and nothing else, another one goes on.
 */
#include "server.h"

#include <native/archive.h>
#include <native/sweep.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>
#include <base/service.h>
#include <base/text.h>
#include <protocols/start.h>
#include <protocols/tty.h>
#include <trellis/boot_info.h>
#include <trellis/native.h>

#define CAPACITY 4096
#define PROGRAM_STRINGS "\1\0cmd\0\0\0"

static struct start_block block;
static struct ring_side *host; /* of the ring, with its bytes behind the header */
static jmp_buf all_done;
static unsigned at;       /* the next of the requests */
static bool waiting;      /* for the answer to that one */
static uint32_t expected; /* its error */
static uint64_t input_written;

static handle_t give(const char *name, handle_t handle)
{
    struct start_handle *entry = &block.handles[block.handle_count++];
    (void)text_copy(entry->name, sizeof(entry->name), name);
    entry->handle = handle;
    return handle;
}

static void set_up(void)
{
    handle_t archive = fake_make(OBJECT_MEMORY, FAKE_ARCHIVE_SIZE);
    struct boot_info *boot =
        fake_bytes(give("boot_info", fake_make(OBJECT_MEMORY, sizeof(struct boot_info))));

    (void)give("archive", archive);
    (void)strcpy(boot->command_line, "console=framed");
    boot->archive_end = fake_archive(fake_bytes(archive), NULL, 0);
    (void)give("self", fake_self());
    (void)give("account", fake_make(OBJECT_ACCOUNT, 0));
    (void)give("endpoint", fake_make(OBJECT_ENDPOINT, 0));
    (void)give("ledger", fake_make(OBJECT_MEMORY, sizeof(struct ledger)));
    (void)give("log", fake_make(OBJECT_MEMORY, sizeof(struct log_memory)));
    (void)give("console.mine", fake_make(OBJECT_MEMORY, RING_HEADER + CAPACITY));
    host = fake_bytes(give("console.theirs", fake_make(OBJECT_MEMORY, RING_HEADER + CAPACITY)));
    (void)give("console.event", fake_make(OBJECT_EVENT, 0));
    (void)give("console.peer", fake_make(OBJECT_EVENT, 0));
    (void)strcpy(block.name, "tty");
}

/* Requests, in their order; badges of opens and sessions are the first that are free. */

static void begin(struct message *message, uint64_t badge, uint32_t label)
{
    message_begin(message, label);
    message->badge = badge;
}

/* What the host sends: a frame into the ring. */
static int64_t send_frame(struct message *message, uint8_t type, const void *payload, size_t length)
{
    uint8_t wire[CONSOLE_WIRE_MAX];
    size_t size = frame_encode(wire, type, payload, length);

    begin(message, KEY_RING, 0);
    memcpy((char *)host + RING_HEADER + atomic_load(&host->sent), wire, size);
    atomic_fetch_add(&host->sent, (uint32_t)size);
    return RECEIVED_EVENT;
}

static int64_t start_program(struct message *message)
{
    const struct {
        struct console_start start;
        char strings[sizeof(PROGRAM_STRINGS) - 1];
    } payload = {{.version = CONSOLE_VERSION, .strings_size = sizeof(payload.strings)},
                 PROGRAM_STRINGS};

    return send_frame(message, CONSOLE_START, &payload,
                      sizeof(payload.start) + sizeof(payload.strings));
}

static int64_t type_input(struct message *message)
{
    return send_frame(message, CONSOLE_STDIN, "input", 5);
}

static int64_t end_input(struct message *message)
{
    return send_frame(message, CONSOLE_STDIN_EOF, "", 0);
}

static int64_t attach(struct message *message)
{
    begin(message, TTY_BADGE_CONTROL, TTY_ATTACH);
    return RECEIVED_CALL;
}

static int64_t open_terminal(struct message *message, enum tty_node node)
{
    begin(message, node == TTY_NODE_PTS ? TTY_BADGE_OPEN : TTY_BADGE_CONTROL, TTY_OPEN);
    message->words[0] = node;
    return RECEIVED_CALL;
}

static int64_t open_console(struct message *message)
{
    return open_terminal(message, TTY_NODE_CONSOLE);
}

/* By a program itself: nobody has said for whom it counts. */
static int64_t open_console_alone(struct message *message)
{
    (void)open_console(message);
    message->badge = TTY_BADGE_OPEN;
    expected = LINUX_EACCES;
    return RECEIVED_CALL;
}

static int64_t open_master(struct message *message)
{
    return open_terminal(message, TTY_NODE_PTMX);
}

static int64_t unlock(struct message *message)
{
    begin(message, FS_FIRST_SESSION + 1, TTY_LOCK_PTS);
    return RECEIVED_CALL;
}

static int64_t open_slave(struct message *message)
{
    return open_terminal(message, TTY_NODE_PTS);
}

static int64_t mint(struct message *message)
{
    const struct fs_credentials credentials = {.uid = 1000};
    begin(message, TTY_BADGE_CONTROL, FS_MINT);
    message_copy_text(message, ipc_frame(), &credentials, sizeof(credentials));
    return RECEIVED_CALL;
}

static int64_t open_directory(struct message *message)
{
    begin(message, DIRECTORY_FIRST_BADGE, FS_OPEN);
    message_copy_text(message, ipc_frame(), "0", 1);
    return RECEIVED_CALL;
}

static int64_t copy_session(struct message *message)
{
    begin(message, DIRECTORY_FIRST_BADGE, FS_COPY);
    return RECEIVED_CALL;
}

static int64_t renew(struct message *message, handle_t session)
{
    const struct fs_credentials credentials = {.uid = 1001};
    begin(message, TTY_BADGE_CONTROL, FS_RENEW);
    message_add_handle(message, ipc_frame(), session, RIGHT_SAME, 0);
    message_copy_text(message, ipc_frame(), &credentials, sizeof(credentials));
    return RECEIVED_CALL;
}

static int64_t renew_opened(struct message *message)
{
    return renew(message, fake_client_sends(DIRECTORY_FIRST_BADGE + 1));
}

static int64_t renew_terminal(struct message *message)
{
    expected = LINUX_EXDEV;
    return renew(message, fake_client_sends(FS_FIRST_SESSION + 1));
}

static int64_t renew_strange(struct message *message)
{
    expected = LINUX_EXDEV;
    return renew(message, fake_make(OBJECT_SESSION, 0));
}

static int64_t (*const requests[])(struct message *message) = {
    start_program, type_input,   attach,         open_console,  open_console_alone,
    open_master,   unlock,       open_slave,     mint,          open_directory,
    copy_session,  renew_opened, renew_terminal, renew_strange, end_input,
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static bool may_refuse(uint32_t error)
{
    return error == LINUX_ENFILE || error == LINUX_EMFILE;
}

static void note_input(void)
{
    struct ledger_facts facts;

    console_gather_facts(&facts);
    if (facts.input_written > input_written)
        input_written = facts.input_written;
}

/* What was answered last; a request that was refused is made again. At the end all is closed. */
static int64_t next(struct message *message)
{
    uint32_t error = message_label(fake_replies[(fake_reply_count - 1) % 4].information);

    assert_true(!waiting || error == expected || may_refuse(error));
    if (waiting && error == expected)
        at++;
    waiting = false;
    expected = 0;
    note_input();
    if (at > REQUESTS)
        longjmp(all_done, 1);
    if (at == REQUESTS) {
        fake_client_closes();
        begin(message, KEY_RING, 0);
        at++;
        return RECEIVED_EVENT;
    }
    int64_t kind = requests[at](message);
    if (kind == RECEIVED_CALL)
        waiting = true;
    else
        at++;
    return kind;
}

static int serve_all(void)
{
    if (setjmp(all_done) != 0)
        return 0;
    fake_next = next;
    if (setjmp(fake_ended) != 0) {
        assert_int_equal(fake_end_code, END_NO_MEMORY);
        waiting = false;
        block.instance++;
    }
    service_start(&block);
}

static bool never(int error)
{
    return error == 0;
}

/* All are closed, and all input has been given; the program has its streams, and the process server knows of it. */
static void check(void)
{
    struct ledger_facts facts;
    const struct ledger *ledger = server.ledger;

    console_gather_facts(&facts);
    assert_int_equal(facts.messages_written, 1);
    assert_int_equal(input_written, 5);
    assert_int_equal(ledger->console.streams[STREAM_INPUT].handle, HANDLE_NONE);
    for (enum stream_number number = STREAM_OUTPUT; number <= STREAM_ERROR; number++)
        assert_true(ledger->console.streams[number].handle != HANDLE_NONE);
    for (unsigned i = 0; i < LEDGER_OPENS; i++)
        assert_false(ledger->opens[i].in_use);
    for (unsigned i = 0; i < LEDGER_DIRECTORY; i++)
        assert_false(ledger->directory[i].in_use);
    assert_int_equal(ledger->directory[3].node, ledger->directory[1].node);
    assert_int_equal(ledger->directory[3].credentials.uid, 1001);
    for (unsigned i = LEDGER_CONSOLE + 1; i < LEDGER_TERMINALS; i++)
        assert_false(ledger->terminals[i].in_use);
}

static void all_requests(void **state)
{
    const struct fake_sweep sweep = {set_up, serve_all, never, check};
    (void)state;
    assert_true(fake_sweep(&sweep) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
