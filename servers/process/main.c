/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The process server: pids, families, signals, credentials, limits, exec, and
 * /proc. It plays pid 1 itself: what init would have to adopt is reaped at once.
 */
#include <base/errno.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#include "alarm.h"
#include "cpu_clock.h"
#include "cpu_information.h"
#include "end.h"
#include "host_name.h"
#include "limits.h"
#include "mounts.h"
#include "pages.h"
#include "power.h"
#include "procfs/serve.h"
#include "procfs/session.h"
#include "program.h"
#include "request.h"
#include "server.h"
#include "terminal.h"
#include "timer.h"
#include "totals.h"

static void find_handles(void)
{
    server.endpoint = service_need_handle("endpoint");
    server.account = service_need_handle("account");
    server.machine = service_handle("machine");
    if (server.machine == HANDLE_NONE)
        server.machine = server.account;
    server.files = service_need_handle("tmpfs");
    server.tty = service_need_handle("tty");
    server.power = service_handle("device");
    server.time = service_need_handle("time");
    server.log = service_need_handle("log");
    int64_t programs = native_session_create(server.endpoint, BADGE_PROGRAM);
    if (programs < 0)
        service_fail_status(status_of_result(programs), "no session for programs: %d",
                            (int)-programs);
    server.programs = (handle_t)programs;
}

static void read_boot_information(void)
{
    handle_t handle = service_handle("boot_info");
    uint64_t now = server_clock_ns();

    if (handle != HANDLE_NONE &&
        native_memory_read(handle, 0, &server_boot, sizeof(server_boot)) > 0)
        random_seed(&server_random, server_boot.entropy, sizeof(server_boot.entropy));
    server_random_is_secret = server_boot.entropy_bytes != 0;
    random_seed(&server_random, &now, sizeof(now));
}

/* All processes have a copy, by way of their parents. */
static void describe_hardware(struct process_hardware *hardware)
{
    memcpy(hardware->processor, server_boot.processor, sizeof(hardware->processor));
    hardware->cpu_count = (uint32_t)totals_cpu_count();
    cpu_identify(hardware);
}

/* As /etc/hostname has it: the first line. */
static void name_host(void)
{
    char text[HOST_NAME_MAX_LENGTH + 1] = {0};
    size_t length = file_read_text("/etc/hostname", text, sizeof(text) - 1);

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            length = i;
    }
    if (length > 0)
        (void)host_name_set(HOST_NAME, text, length);
}

static void set_up(void)
{
    struct process_pages pages;

    find_handles();
    read_boot_information();
    if (!pages_init(server.account, service_self()) || !pages_take(&pages, true) ||
        !table_init(&pages))
        service_fail_status(STATUS_NO_MEMORY, "no memory for the table of processes");
    limits_init(pages.info);
    describe_hardware(&pages.info->hardware);
    if (!program_init(service_need_handle("archive")))
        service_fail("there is no library to run programs with");
    mounts_init();
    name_host();
    if (!terminal_attach())
        service_fail("there is no terminal to run programs on");
}

static void take_event(uint64_t key)
{
    uint32_t number = (uint32_t)key;

    switch ((enum key_kind)(key >> 32)) {
    case KEY_END:
        end_announced(number);
        break;
    case KEY_ALARM:
        alarm_fired(number);
        break;
    case KEY_TERMINAL:
        terminal_messages();
        break;
    case KEY_TIMER:
        timer_fired(number);
        break;
    case KEY_CPU:
        cpu_clock_watch();
        break;
    }
}

static enum answer serve_call(struct message *message)
{
    if (message->badge < FS_FIRST_SESSION)
        return request_serve(message);
    procfs_serve(message, ipc_frame());
    return ANSWER_REPLY;
}

/* Handles that were to be moved to a client that has no room for them. */
static void make_undeliverable(struct message *message)
{
    struct frame *frame = ipc_frame();

    for (unsigned i = 0; i < message_handle_count(message->information); i++) {
        if ((frame->handles[i].flags & MESSAGE_HANDLE_MOVE) != 0)
            server_close(frame->handles[i].handle);
    }
    message_begin(message, LINUX_EMFILE);
}

static int64_t reply_and_wait(struct message *message)
{
    struct message reply = *message;
    int64_t received = ipc_reply_and_wait(server.endpoint, message);

    if (!ipc_has_no_room(received))
        return received;
    *message = reply;
    make_undeliverable(message);
    return ipc_reply_and_wait(server.endpoint, message);
}

static _Noreturn void serve(void)
{
    struct message message;
    int64_t received = ipc_receive(server.endpoint, &message);

    for (;;) {
        enum answer answer = ANSWER_NONE;
        if (received == RECEIVED_CALL)
            answer = serve_call(&message);
        else if (received == RECEIVED_EVENT)
            take_event(message.badge);
        else if (received == RECEIVED_CLOSED)
            procfs_session_close(message.badge);
        else if (received < 0)
            service_fail("receiving failed: %d", (int)-received);
        end_finish_left();
        power_act();
        received = answer == ANSWER_REPLY ? reply_and_wait(&message)
                                          : ipc_receive(server.endpoint, &message);
    }
}

void service_main(const struct start_block *start)
{
    (void)start;
    set_up();
    serve();
}
