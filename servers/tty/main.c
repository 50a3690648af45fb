/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The tty server: the console behind the UART, pseudo-terminals, line
 * discipline. Its state is in the ledger; killed at any moment, the next
 * instance goes on where it was.
 */
#include <base/errno.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/boot_info.h>
#include <trellis/native.h>

#include "server.h"

struct server server;

static void *map(handle_t memory, uint64_t size, uint32_t flags)
{
    int64_t address = native_map(service_self(), memory, 0, 0, size, flags);
    if (address < 0)
        service_fail_status(status_of_result(address), "memory cannot be mapped: %d",
                            (int)-address);
    return (void *)address;
}

/* console=framed stands on the command line as a word of its own. */
static bool is_framed(const struct boot_info *boot)
{
    static const char option[] = "console=framed";
    size_t end = strnlen(boot->command_line, BOOT_COMMAND_LINE);

    for (size_t i = 0; i + sizeof(option) - 1 <= end; i++) {
        bool begins = i == 0 || boot->command_line[i - 1] == ' ';
        char after = boot->command_line[i + sizeof(option) - 1];
        if (begins && memcmp(boot->command_line + i, option, sizeof(option) - 1) == 0 &&
            (after == 0 || after == ' '))
            return true;
    }
    return false;
}

static void open_window(const struct boot_info *boot)
{
    uint64_t size = boot->archive_end - boot->archive_start;
    const void *archive = map(service_need_handle("archive"), size, MAP_READ);
    server.window_told = window_open(&server.window, archive, size, boot->archive_start);
}

static void make_ledger(void)
{
    struct stream_handles ends;

    ledger_make(server.ledger);
    if (native_stream_create(server.account, 2 * TTY_MESSAGE_SIZE, STREAM_MESSAGES, &ends) < 0)
        service_fail_status(STATUS_NO_MEMORY, "no memory for the stream to the process server");
    server.ledger->messages_read = ends.read_end;
    server.ledger->messages_write = ends.write_end;
    __atomic_store_n(&server.ledger->magic, LEDGER_MAGIC, __ATOMIC_RELEASE);
}

void server_close_received(const struct message *message)
{
    for (unsigned i = 0; i < message_handle_count(message->information); i++) {
        if (native_handle_close(server.frame->handles[i].handle) < 0)
            service_fail("a handle that came with a request cannot be closed");
    }
}

/* What the reply moves to a client that has no room for it; the reply becomes an error. */
static void withdraw_reply(struct message *message)
{
    for (unsigned i = 0; i < message_handle_count(message->information); i++) {
        const struct message_handle *handle = &server.frame->handles[i];
        if ((handle->flags & MESSAGE_HANDLE_MOVE) != 0 && native_handle_close(handle->handle) < 0)
            service_fail("a session that was not delivered cannot be closed");
    }
    message->information = message_information(LINUX_EMFILE, 0, 0);
}

static void take_event(const struct message *message, int64_t received)
{
    if (received == RECEIVED_EVENT)
        console_event(message->badge);
    else if (received == RECEIVED_CLOSED && directory_owns(message->badge))
        directory_closed(message->badge);
    else if (received == RECEIVED_CLOSED)
        request_closed(message->badge);
    else if (received < 0)
        service_fail("receiving failed: %d", (int)-received);
    console_pump();
}

static int64_t answer(struct message *message)
{
    struct message reply = *message;

    console_pump_output();
    int64_t received = ipc_reply_and_wait(server.endpoint, message);
    if (!ipc_has_no_room(received))
        return received;
    *message = reply;
    withdraw_reply(message);
    return ipc_reply_and_wait(server.endpoint, message);
}

static _Noreturn void serve(void)
{
    struct message message;
    int64_t received = ipc_receive(server.endpoint, &message);

    for (;;) {
        if (received == RECEIVED_CALL) {
            request_serve(&message);
            received = answer(&message);
        } else {
            take_event(&message, received);
            received = ipc_receive(server.endpoint, &message);
        }
    }
}

static void recover(void)
{
    struct ledger_facts facts = {0};

    console_gather_facts(&facts);
    ledger_recover(server.ledger, &facts);
    request_recover();
}

void service_main(const struct start_block *start)
{
    (void)start;
    server.endpoint = service_need_handle("endpoint");
    server.account = service_need_handle("account");
    server.frame = ipc_frame();
    const struct boot_info *boot = map(service_need_handle("boot_info"), sizeof(*boot), MAP_READ);
    server.framed = is_framed(boot);
    open_window(boot);
    server.ledger =
        map(service_need_handle("ledger"), sizeof(*server.ledger), MAP_READ | MAP_WRITE);
    server.log = map(service_need_handle("log"), sizeof(*server.log), MAP_READ);
    ring_open(&server.ring, "console");
    if (ledger_is_made(server.ledger))
        recover();
    else
        make_ledger();
    console_start();
    console_pump();
    serve();
}
