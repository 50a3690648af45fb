/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Services are made and made anew while now and then there is no memory. */
#include "init.h"

#include <native/archive.h>
#include <native/sweep.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <base/ipc.h>
#include <base/service.h>
#include <protocols/device.h>
#include <trellis/native.h>

#define SERVICES 3

static const char *const programs[] = {"bin/device", "bin/uart", "bin/tty"};
static char archive[SERVICES * FAKE_ARCHIVE_SIZE];
static const char manifest[] = "service device\n"
                               "    program bin/device\n"
                               "    priority server\n"
                               "    holds boot_info interrupts\n"
                               "    endpoint\n"
                               "    restart always 5 in 10\n"
                               "service uart\n"
                               "    priority driver\n"
                               "    device serial0\n"
                               "    ring console 4K\n"
                               "    restart always 5 in 10\n"
                               "    needs device\n"
                               "service tty\n"
                               "    program bin/tty\n"
                               "    priority server\n"
                               "    ledger 8K\n"
                               "    endpoint\n"
                               "    calls device badge 1\n"
                               "    ring console 4K\n"
                               "    restart always 5 in 10\n";
struct init init;
static struct init_handles handles;
static unsigned at; /* the service that is next to be made */

/* The device server: its answer is lost where the handles in it find no room. */
static int64_t claim(handle_t session, struct message *message)
{
    assert_int_equal(session, init.devices);
    message_begin(message, STATUS_OK);
    message_copy_text(message, ipc_frame(), "uart", 4);
    for (unsigned i = 0; i < 2; i++)
        message_add_handle(message, ipc_frame(),
                           fake_make(i == 0 ? OBJECT_IOPORT : OBJECT_INTERRUPT, 0), RIGHT_SAME, 0);
    message->words[0] = START_REGISTERS_PORTS;
    return 0;
}

static void set_up(void)
{
    struct manifest_error error;

    service_adopt("init", fake_self());
    handles = (struct init_handles){
        .process = service_self(),
        .account = fake_make(OBJECT_ACCOUNT, 0),
        .archive = fake_make(OBJECT_MEMORY, 4096),
        .boot_info = fake_make(OBJECT_MEMORY, 4096),
        .time = fake_make(OBJECT_MEMORY, 4096),
        .interrupts = fake_make(OBJECT_INTERRUPT, 0),
        .log = fake_make(OBJECT_MEMORY, 4096),
        .archive_size = fake_archive(archive, programs, SERVICES),
    };
    init =
        (struct init){.handles = &handles, .archive = archive, .port = fake_make(OBJECT_PORT, 0)};
    fake_serve = claim;
    assert_true(manifest_parse(manifest, sizeof(manifest) - 1, &init.manifest, &error));
    for (unsigned i = 0; i < SERVICES; i++)
        init.services[i] =
            (struct service){.entry = &init.manifest.services[i], .restart_ns = DEADLINE_NEVER};
}

static int make_all(void)
{
    enum status status = STATUS_OK;
    for (; at < SERVICES && status == STATUS_OK; at += status == STATUS_OK)
        status = service_create(&init.services[init.manifest.order[at]]);
    return (int)status;
}

/* All that it has been told of it has, and it runs. */
static void check_service(const struct service *service, unsigned instance)
{
    const struct start_block *block = fake_bytes(service->block_memory);

    assert_true(service->thread != HANDLE_NONE);
    assert_int_equal(block->instance, instance);
    assert_true(block->handle_count > 3);
    for (unsigned i = 0; i < block->handle_count; i++)
        assert_non_null(fake_object(service->process, block->handles[i].handle));
}

static const void *part(const struct service *service, const char *name)
{
    const struct start_block *block = fake_bytes(service->block_memory);

    for (unsigned i = 0; i < block->handle_count; i++) {
        if (strcmp(block->handles[i].name, name) == 0)
            return fake_object(service->process, block->handles[i].handle);
    }
    return NULL;
}

static void check_all(unsigned instance)
{
    const struct service *uart = service_find("uart"), *tty = service_find("tty");

    for (unsigned i = 0; i < SERVICES; i++)
        check_service(&init.services[i], instance);
    assert_non_null(part(uart, "registers"));
    assert_non_null(part(uart, "interrupt"));
    assert_non_null(part(uart, "console.mine"));
    assert_ptr_equal(part(uart, "console.mine"), part(tty, "console.theirs"));
    assert_ptr_equal(part(uart, "console.peer"), part(tty, "console.event"));
}

static void check_first(void)
{
    check_all(0);
}

static bool is_want(int error)
{
    return error == STATUS_NO_MEMORY;
}

static void first_instances(void **state)
{
    const struct fake_sweep sweep = {set_up, make_all, is_want, check_first};
    (void)state;
    assert_true(fake_sweep(&sweep) > 60);
}

/* All have ended. */
static void set_up_next(void)
{
    set_up();
    assert_int_equal(make_all(), STATUS_OK);
    for (unsigned i = 0; i < SERVICES; i++) {
        assert_int_equal(native_process_end(init.services[i].process, 0), 0);
        assert_int_equal(native_unobserve(init.port, i), 0); /* it has been told */
    }
    at = 0;
}

static void check_next(void)
{
    check_all(1);
}

static void next_instances(void **state)
{
    const struct fake_sweep sweep = {set_up_next, make_all, is_want, check_next};
    (void)state;
    assert_true(fake_sweep(&sweep) > 15);
}

uint64_t inject_due(void)
{
    return DEADLINE_NEVER;
}

/* What cannot be started at boot for want of memory has another turn; what is not there has none. */
static void the_first_start_is_tried_again(void **state)
{
    (void)state;
    fake_begin();
    set_up();
    fake_fail_after(1);
    init.services[2].entry = &(struct manifest_service){
        .name = "tty", .program = "bin/absent", .restart = MANIFEST_ALWAYS, .restart_count = 5};
    supervise_start();
    assert_int_equal(service_find("device")->restart_ns, 0);
    assert_int_equal(service_find("device")->thread, HANDLE_NONE);
    assert_true(service_find("uart")->restart_ns == DEADLINE_NEVER);
    assert_true(service_find("uart")->thread != HANDLE_NONE);
    assert_true(service_find("tty")->restart_ns == DEADLINE_NEVER);
    assert_int_equal(service_find("tty")->thread, HANDLE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_instances),
        cmocka_unit_test(next_instances),
        cmocka_unit_test(the_first_start_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
