/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The tty server tells the host how the first program ended. It is asked until
 * everything has been shown, for it may be started again on the way; then the
 * device server turns the machine off.
 */
#include "power.h"

#include <base/errno.h>
#include <base/log.h>
#include <protocols/console.h>
#include <protocols/device.h>
#include <protocols/tty.h>
#include <trellis/native.h>

#include "server.h"

#define FINISH_NS UINT64_C(500000)

static uint32_t first_program;
static bool wanted;
static enum process_power wanted_power;
static struct console_exit last_word = {CONSOLE_TURNED_OFF, 0};

void power_set_first_program(uint32_t pid)
{
    first_program = pid;
}

uint32_t power_first_program(void)
{
    return first_program;
}

void power_program_not_run(int error)
{
    last_word = (struct console_exit){CONSOLE_NOT_RUN, (uint8_t)error};
    power_request(PROCESS_POWER_OFF);
}

void power_process_ended(uint32_t pid, int32_t status)
{
    int32_t signal = status & 0x7f;

    if (pid != first_program || wanted)
        return;
    last_word = signal == 0 ? (struct console_exit){CONSOLE_EXITED, (uint8_t)(status >> 8)}
                            : (struct console_exit){CONSOLE_SIGNALLED, (uint8_t)signal};
    power_request(PROCESS_POWER_OFF);
}

void power_request(enum process_power power)
{
    wanted = true;
    wanted_power = power;
    if (power == PROCESS_POWER_RESTART)
        last_word = (struct console_exit){CONSOLE_RESTARTED, 0};
}

static void finish_output(void)
{
    struct message message;
    uint32_t never = 0;
    int error = LINUX_EAGAIN;

    while (error == LINUX_EAGAIN) {
        message_begin(&message, TTY_FINISH);
        message.words[0] = last_word.kind;
        message.words[1] = last_word.value;
        error = server_call(server.tty, &message);
        if (error == LINUX_EAGAIN)
            (void)native_address_wait((uint64_t)&never, 0, 1, 0, server_clock_ns() + FINISH_NS);
    }
}

void power_act(void)
{
    struct message message;

    if (!wanted)
        return;
    wanted = false;
    finish_output();
    message_begin(&message, DEVICE_POWER);
    message.words[0] =
        wanted_power == PROCESS_POWER_RESTART ? DEVICE_POWER_RESTART : DEVICE_POWER_OFF;
    (void)server_call(server.power, &message);
    log_print("the machine cannot be turned off");
}
