/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "server.h"

#include <base/errno.h>
#include <trellis/native.h>
#include <trellis/structures.h>

#define CALL_TRIES 8

struct server_handles server;
struct random server_random;
bool server_random_is_secret;
struct boot_info server_boot;

int server_call(handle_t session, struct message *message)
{
    struct message request = *message;
    int64_t result = status_to_result(STATUS_SERVER_DIED);

    if (session == HANDLE_NONE)
        return LINUX_EIO;
    for (int i = 0; i < CALL_TRIES && result == status_to_result(STATUS_SERVER_DIED); i++) {
        *message = request;
        result = ipc_call(session, message);
    }
    if (ipc_has_no_room(result))
        return LINUX_ENOMEM;
    return result < 0 ? LINUX_EIO : (int)message_label(message->information);
}

void server_close(handle_t handle)
{
    if (handle != HANDLE_NONE)
        (void)native_handle_close(handle);
}

uint64_t server_clock_ns(void)
{
    return (uint64_t)native_clock_read();
}

uint64_t server_clock_hz(void)
{
    struct time_page page = {0};

    (void)native_memory_read(server.time, 0, &page, sizeof(page));
    return page.frequency_hz;
}

int server_error(int64_t result)
{
    switch (status_of_result(result)) {
    case STATUS_OK:
        return 0;
    case STATUS_LIMIT:
        return LINUX_EAGAIN;
    case STATUS_BAD_ADDRESS:
        return LINUX_EFAULT;
    case STATUS_DEAD:
        return LINUX_ESRCH;
    default:
        return LINUX_ENOMEM;
    }
}
