/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel writes its ring while this reads: what was overwritten meanwhile is not
 * given out, for its end is looked at again after the bytes were copied.
 */
#include "machine_log.h"

#include <base/errno.h>
#include <base/service.h>
#include <base/text.h>
#include <protocols/process.h>
#include <trellis/message.h>
#include <trellis/native.h>

#include "server.h"

static uint64_t cleared;

static const struct log_memory *machine_log(void)
{
    static const struct log_memory *log;

    if (log == NULL) {
        int64_t address = native_map(service_self(), server.log, 0, 0, sizeof(*log), MAP_READ);
        if (address < 0)
            service_fail("the log cannot be mapped: %d", (int)-address);
        log = (const struct log_memory *)address;
    }
    return log;
}

static uint64_t oldest(uint64_t end)
{
    return end > LOG_SIZE ? end - LOG_SIZE : 0;
}

/* Copies from a byte on; where it is lost, from the oldest that is not. How many; *at is the first. */
static size_t copy(const struct log_memory *log, uint64_t *at, char *text)
{
    uint64_t end = log->end;
    uint64_t from = *at < oldest(end) ? oldest(end) : *at;
    size_t length = end <= from                      ? 0
                    : end - from < MESSAGE_TEXT_SIZE ? end - from
                                                     : MESSAGE_TEXT_SIZE;

    for (size_t i = 0; i < length; i++)
        text[i] = log->bytes[(from + i) % LOG_SIZE];
    uint64_t lost = oldest(log->end);
    size_t skipped = lost <= from ? 0 : lost - from < length ? lost - from : length;
    memmove(text, text + skipped, length - skipped);
    *at = from + skipped;
    return length - skipped;
}

int machine_log_serve(uint32_t euid, const uint64_t *words, uint64_t *reply, char *text,
                      size_t *length)
{
    const struct log_memory *log = machine_log();

    if (euid != 0)
        return LINUX_EPERM;
    if (words[0] > PROCESS_LOG_CLEAR)
        return LINUX_EINVAL;
    if (words[0] == PROCESS_LOG_CLEAR)
        cleared = log->end;
    reply[0] = words[1];
    if (words[0] == PROCESS_LOG_READ)
        *length = copy(log, &reply[0], text);
    reply[1] = log->end;
    reply[2] = cleared;
    return 0;
}
