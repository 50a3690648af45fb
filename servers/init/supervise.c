/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ends of services and what follows from them. The first end within the window
 * of the manifest is followed by a new instance at once, the next ones after a
 * delay that doubles; when the window is full the service is given up. The end
 * of a critical service never comes here: the kernel stops the machine.
 */
#include "init.h"

#include <base/log.h>
#include <base/text.h>
#include <trellis/native.h>

#define FIRST_DELAY_NS UINT64_C(50000000)
#define NS_PER_S UINT64_C(1000000000)
#define OBSERVATIONS 8
#define DESCRIPTION 96

void supervise_describe_end(handle_t process, struct process_information *information, char *text,
                            size_t size)
{
    *information = (struct process_information){0};
    int64_t result = native_process_inspect(process, information);
    if (result < 0)
        text_format(text, size, "cannot be inspected: status %d", (int)-result);
    else if (information->reason == END_FAULT)
        text_format(text, size, "ended by a fault of kind %lu at pc %#lx, address %#lx",
                    information->code, information->fault_pc, information->fault_address);
    else
        text_format(text, size, "%s with code %lu",
                    information->reason == END_KILLED ? "was ended" : "ended", information->code);
}

/* Note an end; how many there were within the window, this one included. */
static unsigned note_end(struct service *service, uint64_t now_ns)
{
    uint64_t window_ns = service->entry->restart_window_s * NS_PER_S;
    unsigned kept = 0;
    for (unsigned i = 0; i < service->end_count; i++) {
        if (now_ns - service->ends_ns[i] <= window_ns)
            service->ends_ns[kept++] = service->ends_ns[i];
    }
    service->ends_ns[kept++] = now_ns;
    service->end_count = kept;
    return kept;
}

static void plan_restart(struct service *service, const char *how)
{
    const struct manifest_service *entry = service->entry;
    uint64_t now_ns = (uint64_t)native_clock_read();
    unsigned ends = note_end(service, now_ns);
    if (ends >= entry->restart_count) {
        log_print("%s %s; given up after %u ends in %u s", entry->name, how, ends,
                  entry->restart_window_s);
        return;
    }
    log_print("%s %s; it is started again", entry->name, how);
    service->restart_ns = ends == 1 ? now_ns : now_ns + (FIRST_DELAY_NS << (ends - 2));
}

static void take_end(struct service *service)
{
    struct process_information information;
    char how[DESCRIPTION];
    service->running = false;
    supervise_describe_end(service->process, &information, how, sizeof(how));
    if (service->entry->restart == MANIFEST_ALWAYS)
        plan_restart(service, how);
    else
        log_print("%s %s", service->entry->name, how);
}

/* Start what is due; when the next is. A start that fails counts as an end. */
static uint64_t start_due(void)
{
    uint64_t next_ns = DEADLINE_NEVER;
    for (unsigned i = 0; i < init.manifest.count; i++) {
        struct service *service = &init.services[i];
        if (service->restart_ns <= (uint64_t)native_clock_read()) {
            service->restart_ns = DEADLINE_NEVER;
            if (service_create(service) != STATUS_OK)
                plan_restart(service, "could not be started");
        }
        if (service->restart_ns < next_ns)
            next_ns = service->restart_ns;
    }
    return next_ns;
}

_Noreturn void supervise(void)
{
    struct observation observations[OBSERVATIONS];
    for (;;) {
        uint64_t deadline = start_due();
        int64_t count = native_port_wait(init.port, observations, OBSERVATIONS, deadline);
        for (int64_t i = 0; i < count; i++) {
            if (observations[i].key < init.manifest.count)
                take_end(&init.services[observations[i].key]);
        }
    }
}
