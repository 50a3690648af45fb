/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "harness.h"

#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <trellis/boot_info.h>

#define SECOND UINT64_C(1000000000)
#define WAIT_LIMIT (10 * SECOND)
#define USE_LIMIT (60 * SECOND)
/* What is freed waits for every CPU to be seen outside the kernel; quiet for longer than that takes. */
#define NUMBER_LENGTH 24
#define SETTLE_ROUNDS 10000
#define SETTLE_QUIET 15
#define SETTLE_PAUSE_NS 1000000

struct test_world test_world;

void test_begin(void)
{
    test_world.self = service_need_handle("self");
    test_world.account = service_need_handle("account");
}

void test_option_text(const char *name, char *value, size_t size)
{
    const struct boot_info *boot = (const struct boot_info *)SUCCEED(native_map(
        test_world.self, service_need_handle("boot_info"), 0, 0, sizeof(*boot), MAP_READ));
    size_t length = strlen(name), end = strnlen(boot->command_line, BOOT_COMMAND_LINE), written = 0;
    for (size_t at = 0; at + length < end && written == 0; at++) {
        const char *place = boot->command_line + at;
        if (strncmp(place, name, length) != 0)
            continue;
        for (at += length; at < end && boot->command_line[at] != ' ' && written + 1 < size; at++)
            value[written++] = boot->command_line[at];
    }
    value[written] = '\0';
    SUCCEED(native_unmap(test_world.self, (uint64_t)boot, sizeof(*boot)));
}

uint64_t test_option(const char *name, uint64_t otherwise)
{
    char text[NUMBER_LENGTH];
    uint64_t value = otherwise;
    test_option_text(name, text, sizeof(text));
    (void)text_parse_number(text, strlen(text), &value);
    return value;
}

const char *test_status_name(enum status status)
{
    static const char *const names[] = {
#define X(name, number, meaning) [number] = #name,
        TRELLIS_STATUSES(X)
#undef X
    };
    return (size_t)status < sizeof(names) / sizeof(names[0]) ? names[status] : "no status";
}

void test_check(const struct test_place *place, _Bool holds)
{
    if (!holds)
        service_fail("%s:%d: not so: %s", place->file, place->line, place->text);
}

void test_check_equal(const struct test_place *place, uint64_t got, uint64_t wanted)
{
    if (got != wanted)
        service_fail("%s:%d: %s is %#lx, not %#lx", place->file, place->line, place->text, got,
                     wanted);
}

void test_check_result(const struct test_place *place, int64_t result, enum status wanted)
{
    if (status_of_result(result) != wanted)
        service_fail("%s:%d: %s gave %s (%ld), not %s", place->file, place->line, place->text,
                     test_status_name(status_of_result(result)), result, test_status_name(wanted));
}

uint64_t test_check_success(const struct test_place *place, int64_t result)
{
    if (result < 0)
        service_fail("%s:%d: %s gave %s", place->file, place->line, place->text,
                     test_status_name(status_of_result(result)));
    return (uint64_t)result;
}

static void read_use(handle_t account, struct account_limits *use)
{
    struct account_information information;
    SUCCEED(native_account_inspect(account, &information));
    *use = information.used;
    use->cpu_ns = use->messages = 0; /* these only grow */
}

void test_settled_use(handle_t account, struct account_limits *use)
{
    struct account_limits now;
    unsigned quiet = 0;
    read_use(account, use);
    for (unsigned rounds = 0; rounds < SETTLE_ROUNDS && quiet < SETTLE_QUIET; rounds++) {
        test_pause(SETTLE_PAUSE_NS);
        read_use(account, &now);
        quiet = memcmp(&now, use, sizeof(now)) == 0 ? quiet + 1 : 0;
        *use = now;
    }
}

bool test_use_becomes(handle_t account, const struct account_limits *wanted,
                      struct account_limits *use)
{
    uint64_t end = test_now() + USE_LIMIT;
    for (;;) {
        read_use(account, use);
        if (memcmp(use, wanted, sizeof(*use)) == 0)
            return true;
        if (test_now() > end)
            return false;
        test_pause(SETTLE_PAUSE_NS);
    }
}

void test_await_unused(handle_t account)
{
    static const struct account_limits nothing;
    struct account_limits use;
    if (!test_use_becomes(account, &nothing, &use))
        service_fail("an account still uses %lu pages, %lu handles, %lu threads, %lu processes",
                     use.pages, use.handles, use.threads, use.processes);
}

/* Whether one more run changes nothing. What is less afterwards was measured too early before. */
static bool is_even(const struct test_case *test, struct account_limits *use)
{
    struct account_limits before = *use;
    test->run();
    if (test_use_becomes(test_world.account, &before, use))
        return true;
    if (use->pages > before.pages || use->handles > before.handles ||
        use->threads > before.threads || use->processes > before.processes)
        service_fail("%s leaves behind: pages %lu -> %lu, handles %lu -> %lu, threads %lu -> %lu, "
                     "processes %lu -> %lu",
                     test->name, before.pages, use->pages, before.handles, use->handles,
                     before.threads, use->threads, before.processes, use->processes);
    return false;
}

void test_run(const struct test_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct account_limits use;
        log_print("%s", cases[i].name);
        cases[i].run();
        test_settled_use(test_world.account, &use);
        while (!is_even(&cases[i], &use))
            continue;
    }
}

uint32_t test_signals(handle_t handle)
{
    struct handle_information information;
    SUCCEED(native_handle_inspect(handle, &information));
    return information.signals;
}

uint64_t test_now(void)
{
    return SUCCEED(native_clock_read());
}

void test_pause(uint64_t duration_ns)
{
    static const uint32_t word;
    CHECK_STATUS(native_address_wait((uint64_t)&word, 0, 1, 0, test_now() + duration_ns),
                 TIMED_OUT);
}

void test_wait(handle_t handle, uint32_t mask)
{
    CHECK((SUCCEED(native_wait_one(handle, mask, test_now() + WAIT_LIMIT)) & mask) != 0);
}
