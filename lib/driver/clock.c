/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <driver/clock.h>

#include <base/ipc.h>
#include <base/log.h>
#include <base/real_time.h>
#include <base/service.h>
#include <protocols/device.h>
#include <trellis/native.h>

#define NS_PER_S UINT64_C(1000000000)

static struct driver_registers registers;

static void answer(struct message *message, clock_read *read)
{
    struct clock_time time = {0, 0};
    uint32_t status = STATUS_UNSUPPORTED;
    if (message_label(message->information) == CLOCK_READ)
        status = read(&registers, &time) ? STATUS_OK : STATUS_BAD_STATE;
    message_begin(message, status);
    message->words[0] = time.real_ns / NS_PER_S;
    message->words[1] = time.boot_ns;
}

static _Noreturn void serve(handle_t endpoint, clock_read *read)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    for (;;) {
        if (received == RECEIVED_CALL) {
            answer(&message, read);
            received = ipc_reply_and_wait(endpoint, &message);
        } else {
            received = ipc_receive(endpoint, &message);
        }
    }
}

_Noreturn void clock_serve(const struct start_block *start, clock_read *read)
{
    struct clock_time time;
    driver_open_registers(&registers, start);
    if (start->instance == 0) {
        if (read(&registers, &time))
            real_time_set(service_need_handle("time"), (int64_t)(time.real_ns - time.boot_ns));
        else
            log_print("the clock holds no date: real time begins in 1970");
    }
    serve(service_need_handle("endpoint"), read);
}
