/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The tty server tells the host how the first program ended and answers when
 * everything has been shown; then the device server turns the machine off.
 */
#include "power.h"

#include <base/log.h>
#include <protocols/console.h>
#include <protocols/device.h>
#include <protocols/tty.h>

#include "server.h"

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
}

void power_act(void)
{
    struct message message;

    if (!wanted)
        return;
    wanted = false;
    message_begin(&message, TTY_FINISH);
    message.words[0] = last_word.kind;
    message.words[1] = last_word.value;
    (void)server_call(server.tty, &message);
    message_begin(&message, DEVICE_POWER);
    message.words[0] =
        wanted_power == PROCESS_POWER_RESTART ? DEVICE_POWER_RESTART : DEVICE_POWER_OFF;
    (void)server_call(server.power, &message);
    log_print("the machine cannot be turned off");
}
