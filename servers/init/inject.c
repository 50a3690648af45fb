/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ends of services on purpose (fault_plan.h). To crash, a service loses its
 * code: its next instruction is a fault, wherever it was.
 */
#include "init.h"

#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#include "fault_plan.h"

#define OWN_NAME "init"
#define CODE 0xdead /* of a process that was ended so */

static struct fault_plan plan;

static bool is_known(const char *name)
{
    return strcmp(name, OWN_NAME) == 0 || service_find(name) != NULL;
}

static void read_option(const char *option, bool crash)
{
    const char *value;
    int length = init_option(option, &value);
    if (length >= 0 && !fault_plan_add(&plan, value, (size_t)length, crash))
        service_fail("%s: must be SERVICE@TIME with s, ms or us, more behind commas", option);
}

void inject_start(void)
{
    read_option("init.kill", false);
    read_option("init.crash", true);
    for (unsigned i = 0; i < plan.count; i++) {
        if (!is_known(plan.faults[i].service))
            service_fail("there is no service \"%s\" to end", plan.faults[i].service);
    }
}

static int64_t take_code(const struct service *service)
{
    const struct elf_image *image = &service->program.image;
    int64_t result = 0;
    for (unsigned i = 0; i < image->segment_count && result >= 0; i++) {
        const struct elf_segment *segment = &image->segments[i];
        uint64_t first = segment->address & ~(ELF_PAGE - 1);
        if ((segment->access & ELF_EXECUTE) != 0)
            result = native_unmap(service->process, first,
                                  segment->address - first + segment->memory_size);
    }
    return result;
}

/* Each end is the end of something that runs. */
static bool may_end(const char *name)
{
    const struct service *service = service_find(name);
    return service == NULL || (!service->ending && service->restart_ns == DEADLINE_NEVER);
}

static void inject(const struct fault *fault)
{
    struct service *service = service_find(fault->service);
    if (service == NULL && fault->crash)
        __builtin_trap();
    handle_t process = service == NULL ? init.handles->process : service->process;
    log_print("%s is %s on purpose", fault->service, fault->crash ? "crashed" : "ended");
    int64_t result = fault->crash ? take_code(service) : native_process_end(process, CODE);
    if (result < 0)
        log_print("%s cannot be ended: status %d", fault->service, (int)-result);
    else if (service != NULL)
        service->ending = true;
}

uint64_t inject_due(void)
{
    struct fault fault;
    uint64_t now_ns = (uint64_t)native_clock_read();
    while (fault_plan_take(&plan, now_ns, may_end, &fault))
        inject(&fault);
    return fault_plan_next_ns(&plan, now_ns);
}
