/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * init: the first process. It reads the manifest and starts what stands there,
 * each service with the handles that its entry names and no others; then it
 * waits for services to end and starts them again. It keeps what outlives an
 * instance: the account, the endpoint, the ledger, and the old process until the
 * new one has inherited its handles.
 */
#include "init.h"

#include <archive/newc.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/native.h>

#define RUN_OPTION "init.run"
#define MANIFEST_FILE "manifest"

struct init init;

static const void *map(handle_t memory, uint64_t size)
{
    int64_t address = native_map(init.handles->process, memory, 0, 0, size, MAP_READ);
    if (address < 0)
        service_fail_status(status_of_result(address), "memory cannot be mapped: status %d",
                            (int)-address);
    return (const void *)address;
}

int init_option(const char *name, const char **value)
{
    const char *line = init.boot->command_line;
    size_t end = strnlen(line, BOOT_COMMAND_LINE), length = strlen(name), at = 0;
    while (at < end) {
        size_t word = at;
        while (at < end && line[at] != ' ')
            at++;
        size_t word_length = at - word;
        at++;
        if (word_length < length || memcmp(line + word, name, length) != 0)
            continue;
        if (word_length > length && line[word + length] != '=')
            continue;
        size_t skipped = word_length > length ? length + 1 : length;
        *value = line + word + skipped;
        return (int)(word_length - skipped);
    }
    return -1;
}

static void read_manifest(void)
{
    struct archive_entry file;
    struct manifest_error error;
    if (archive_find(init.archive, init.handles->archive_size, MANIFEST_FILE, &file) !=
        ARCHIVE_ENTRY)
        service_fail("the boot archive has no file \"%s\"", MANIFEST_FILE);
    if (!manifest_parse(file.data, file.size, &init.manifest, &error))
        service_fail("%s:%u: %s", MANIFEST_FILE, error.line, error.message);
    for (unsigned i = 0; i < init.manifest.count; i++)
        init.services[i] = (struct service){
            .entry = &init.manifest.services[i],
            .restart_ns = DEADLINE_NEVER,
        };
}

/* init's start is not a service's: its argument is the handles. */
_Noreturn void service_start(const void *argument)
{
    const char *program;
    init.handles = argument;
    service_adopt("init", init.handles->process);
    init.archive = map(init.handles->archive, init.handles->archive_size);
    init.boot = map(init.handles->boot_info, sizeof(*init.boot));
    int64_t port = native_port_create(init.handles->account);
    if (port < 0)
        service_fail_status(status_of_result(port), "the port cannot be made: status %d",
                            (int)-port);
    init.port = (handle_t)port;
    read_manifest();
    int length = init_option(RUN_OPTION, &program);
    if (length >= 0)
        single_run(program, (size_t)length);
    inject_start();
    supervise_start();
    supervise();
}
