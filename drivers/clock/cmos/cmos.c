/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The CMOS clock: sets real time once after boot, and tells the time it reads.
 *
 * The registers change once a second and must not be read meanwhile (MC146818,
 * "update cycle"): a reading counts when the update flag was down before it and
 * a second reading is the same.
 */
#include <base/ipc.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <driver/registers.h>
#include <protocols/device.h>
#include <trellis/native.h>

#include "reading.h"

#define NS_PER_S UINT64_C(1000000000)
#define ATTEMPTS 10000

enum {
    INDEX = 0, /* register offsets of the window */
    VALUE = 1,

    SECOND = 0x00, /* the clock's own registers */
    MINUTE = 0x02,
    HOUR = 0x04,
    DAY = 0x07,
    MONTH = 0x08,
    YEAR = 0x09,
    STATUS_A = 0x0a,
    STATUS_B = 0x0b,
    CENTURY = 0x32,

    UPDATING = 1 << 7, /* in STATUS_A */
};

static struct driver_registers registers;

static uint8_t read_register(uint8_t index)
{
    driver_write8(&registers, INDEX, index);
    return driver_read8(&registers, VALUE);
}

static void read_once(struct clock_reading *reading)
{
    *reading = (struct clock_reading){
        .second = read_register(SECOND),
        .minute = read_register(MINUTE),
        .hour = read_register(HOUR),
        .day = read_register(DAY),
        .month = read_register(MONTH),
        .year = read_register(YEAR),
        .century = read_register(CENTURY),
        .format = read_register(STATUS_B),
    };
}

/* The time in seconds, and when it was so. */
static bool read_clock(uint64_t *seconds, uint64_t *now_ns)
{
    struct clock_reading reading, again;
    for (int i = 0; i < ATTEMPTS; i++) {
        if ((read_register(STATUS_A) & UPDATING) != 0)
            continue;
        read_once(&reading);
        *now_ns = (uint64_t)native_clock_read();
        read_once(&again);
        if (memcmp(&reading, &again, sizeof(reading)) == 0)
            return clock_decode(&reading, seconds);
    }
    return false;
}

static void write_time_page(handle_t page, uint64_t offset, const void *bytes, uint64_t size)
{
    if (native_memory_write(page, offset, bytes, size) != (int64_t)size)
        service_fail("the time page cannot be written");
}

/* Readers start over while the version is odd. */
static void set_real_time(handle_t page, int64_t offset_ns)
{
    uint32_t version;
    if (native_memory_read(page, offsetof(struct time_page, version), &version, sizeof(version)) !=
        sizeof(version))
        service_fail("the time page cannot be read");
    version |= 1;
    write_time_page(page, offsetof(struct time_page, version), &version, sizeof(version));
    write_time_page(page, offsetof(struct time_page, realtime_offset_ns), &offset_ns,
                    sizeof(offset_ns));
    version++;
    write_time_page(page, offsetof(struct time_page, version), &version, sizeof(version));
}

static void answer(struct message *message)
{
    uint64_t seconds = 0, now_ns = 0;
    uint32_t status = STATUS_UNSUPPORTED;
    if (message_label(message->information) == CLOCK_READ)
        status = read_clock(&seconds, &now_ns) ? STATUS_OK : STATUS_BAD_STATE;
    message_begin(message, status);
    message->words[0] = seconds;
    message->words[1] = now_ns;
}

static _Noreturn void serve(handle_t endpoint)
{
    struct message message;
    int64_t received = ipc_receive(endpoint, &message);
    for (;;) {
        if (received == RECEIVED_CALL) {
            answer(&message);
            received = ipc_reply_and_wait(endpoint, &message);
        } else {
            received = ipc_receive(endpoint, &message);
        }
    }
}

void service_main(const struct start_block *start)
{
    uint64_t seconds, now_ns;
    driver_open_registers(&registers, start);
    if (start->instance == 0) {
        if (read_clock(&seconds, &now_ns))
            set_real_time(service_need_handle("time"), (int64_t)(seconds * NS_PER_S - now_ns));
        else
            log_print("the clock holds no date: real time begins in 1970");
    }
    serve(service_need_handle("endpoint"));
}
