/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * tmpfs: the root file system in memory. Its files' pages are memory objects
 * that clients read and map without asking it; names, sizes, permissions and
 * writes are its own.
 */
#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>
#include <trellis/native.h>

#include "load.h"
#include "request.h"
#include "session.h"
#include "user.h"

#define GROWTH_PART 8

static void load_root(struct node *root)
{
    handle_t archive = service_need_handle("archive");
    struct memory_information information;

    if (native_memory_inspect(archive, &information) < 0)
        service_fail("the boot archive cannot be inspected");
    int64_t address = native_map(service_self(), archive, 0, 0, information.size, MAP_READ);
    if (address < 0)
        service_fail_status(status_of_result(address), "the boot archive cannot be mapped: %d",
                            (int)-address);
    if (load_archive(root, (const void *)address, information.size) != 0)
        service_fail_status(STATUS_NO_MEMORY, "no memory for the root file system");
    if (native_unmap(service_self(), (uint64_t)address, information.size) < 0)
        service_fail("the boot archive cannot be unmapped");
}

/* What the archive's files become is the system's own and unlimited while they are read. */
static void create_system_account(void)
{
    const struct account_limits unlimited = ACCOUNT_UNLIMITED;

    int64_t account = native_account_create(service_need_handle("account"), &unlimited);
    if (account < 0)
        service_fail_status(STATUS_NO_MEMORY, "no memory for the files' account");
    user_init_system((handle_t)account, UINT64_MAX);
}

/* Afterwards they grow by no more than a part of the memory that is left. */
static void limit_system(void)
{
    struct account_limits limits = {0, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct machine_information machine;

    if (native_machine_inspect(service_handle("account"), &machine) < 0)
        service_fail("the machine cannot be inspected");
    limits.pages = content_pages(user_system.account).used + machine.pages_free / GROWTH_PART;
    if (native_account_set_limits(user_system.account, &limits) < 0)
        service_fail("the files' account cannot be limited");
}

/* A reply whose handles the client has no room for becomes an error. */
static int64_t answer(handle_t endpoint, struct message *message)
{
    struct message reply = *message;
    int64_t received = ipc_reply_and_wait(endpoint, message);
    if (!ipc_has_no_room(received))
        return received;
    *message = reply;
    request_undeliverable(message, ipc_frame());
    return ipc_reply_and_wait(endpoint, message);
}

/* Only who holds his end of a FIFO is announced: the other side may come and go at once. */
static int64_t answer_and_announce(handle_t endpoint, struct message *message, uint64_t session)
{
    int64_t taken = native_reply_take();
    if (taken < 0 && status_of_result(taken) != STATUS_BAD_STATE)
        request_undeliverable(message, ipc_frame());
    if (taken < 0)
        return answer(endpoint, message);
    struct message reply = *message;
    int64_t replied = ipc_reply((handle_t)taken, message);
    if (ipc_has_no_room(replied)) {
        *message = reply;
        request_undeliverable(message, ipc_frame());
        (void)ipc_reply((handle_t)taken, message);
    }
    if (replied == 0)
        session_announce(session);
    return ipc_receive(endpoint, message);
}

static _Noreturn void serve(handle_t endpoint)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);

    for (;;) {
        if (received == RECEIVED_CALL) {
            uint64_t announced = request_serve(&message, ipc_frame());
            received = announced == 0 ? answer(endpoint, &message)
                                      : answer_and_announce(endpoint, &message, announced);
            continue;
        }
        if (received < 0)
            service_fail("receiving failed: %d", (int)-received);
        if (received == RECEIVED_CLOSED)
            session_close(message.badge);
        received = ipc_receive(endpoint, &message);
    }
}

void service_main(const struct start_block *start)
{
    handle_t endpoint = service_need_handle("endpoint");
    struct node *root;

    (void)start;
    create_system_account();
    if (tree_create(&root) != 0)
        service_fail_status(STATUS_NO_MEMORY, "no memory for the root directory");
    load_root(root);
    limit_system();
    request_init(root, endpoint, service_need_handle("account"));
    serve(endpoint);
}
