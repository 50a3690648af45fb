/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ends of services and what follows from them (restart.h). The end of a critical
 * service never comes here: the kernel stops the machine, as it does when init
 * itself ends because it has to give up a service that nothing works without.
 */
#include "init.h"

#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/frame.h>
#include <trellis/native.h>

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

static void give_up(const struct service *service, const char *how, enum status why)
{
    const struct manifest_service *entry = service->entry;
    if (entry->stop_if_given_up)
        service_fail_status(why, "%s %s; given up after %u ends in %u s", entry->name, how,
                            entry->restart_count, entry->restart_window_s);
    log_print("%s %s; given up after %u ends in %u s", entry->name, how, entry->restart_count,
              entry->restart_window_s);
}

/* `why` is NO_MEMORY, or anything else. */
static void plan_restart(struct service *service, const char *how, enum status why)
{
    const struct manifest_service *entry = service->entry;
    uint64_t now_ns = (uint64_t)native_clock_read();
    service->restart_ns = restart_after_end(&service->history, entry, now_ns);
    if (service->restart_ns == DEADLINE_NEVER)
        give_up(service, how, why);
    else
        log_print("%s %s; it is started again", entry->name, how);
}

static bool is_want(enum status status)
{
    return status == STATUS_NO_MEMORY || status == STATUS_LIMIT;
}

void supervise_start(void)
{
    for (unsigned i = 0; i < init.manifest.count; i++) {
        struct service *service = &init.services[init.manifest.order[i]];
        const struct manifest_service *entry = service->entry;
        enum status status = service_create(service);
        bool hopeless = entry->stop_if_given_up && !is_want(status);
        if (status != STATUS_OK && (entry->restart == MANIFEST_CRITICAL || hopeless))
            service_fail_status(status, "%s cannot be started: status %d", entry->name,
                                (int)status);
        if (is_want(status) && entry->restart == MANIFEST_ALWAYS)
            plan_restart(service, "could not be started", status);
    }
}

static enum status reason_of(const struct process_information *information)
{
    bool memory = information->reason == END_FAULT ? information->code == FAULT_PAGE_MEMORY
                                                   : information->code == END_NO_MEMORY;
    return memory ? STATUS_NO_MEMORY : STATUS_OK;
}

static void take_end(struct service *service)
{
    struct process_information information;
    char how[DESCRIPTION];
    service->ending = false;
    supervise_describe_end(service->process, &information, how, sizeof(how));
    if (service->entry->restart == MANIFEST_ALWAYS)
        plan_restart(service, how, reason_of(&information));
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
            enum status status = service_create(service);
            if (status != STATUS_OK)
                plan_restart(service, "could not be started", status);
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
        uint64_t start_ns = start_due(), inject_ns = inject_due();
        uint64_t deadline = start_ns < inject_ns ? start_ns : inject_ns;
        int64_t count = native_port_wait(init.port, observations, OBSERVATIONS, deadline);
        for (int64_t i = 0; i < count; i++) {
            if (observations[i].key < init.manifest.count)
                take_end(&init.services[observations[i].key]);
        }
    }
}
