/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One program instead of the system: tests of native calls are programs that
 * are judged by their end. The program is a service with every resource; when
 * it ends, the kernel tells the console how, for which no driver speaks then.
 */
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#include "init.h"

#define FAULT_VALUE 125 /* of a program that did not end by itself */

static _Noreturn void finish(uint8_t value)
{
    (void)native_machine_stop(init.handles->interrupts, MACHINE_EXIT, value);
    service_fail("the machine did not stop");
}

/* Not in the manifest, so that no system can contain it by mistake. */
static struct manifest_service entry_of(const char *program, size_t length)
{
    struct manifest_service entry = {
        .name = "test",
        .priority = PRIORITY_NORMAL,
        .limits = ACCOUNT_UNLIMITED,
        .resources = (1u << MANIFEST_RESOURCE_COUNT) - 1,
        .endpoint = true,
    };
    if (length >= sizeof(entry.program))
        service_fail("the program's name is too long");
    memcpy(entry.program, program, length);
    return entry;
}

_Noreturn void single_run(const char *program, size_t length)
{
    static struct manifest_service entry;
    struct service *service = &init.services[MANIFEST_SERVICES - 1];
    struct process_information information;
    char how[96];
    entry = entry_of(program, length);
    *service = (struct service){.entry = &entry, .restart_ns = DEADLINE_NEVER};
    if (init.manifest.count == MANIFEST_SERVICES || service_create(service) != STATUS_OK)
        finish(FAULT_VALUE);
    while (native_wait_one(service->process, SIGNAL_ENDED, DEADLINE_NEVER) < 0)
        continue;
    supervise_describe_end(service->process, &information, how, sizeof(how));
    log_print("%s %s", entry.program, how);
    finish(information.reason == END_FAULT ? FAULT_VALUE : (uint8_t)information.code);
}
