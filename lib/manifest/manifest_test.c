/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <manifest/manifest.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct manifest manifest;
static struct manifest_error error;

/* In a buffer of its own size, so that reading beyond it is noticed. */
static bool parse(const char *text)
{
    size_t length = strlen(text);
    char *copy = malloc(length + (length == 0));
    memcpy(copy, text, length);
    bool good = manifest_parse(copy, length, &manifest, &error);
    free(copy);
    return good;
}

static void assert_refused(const char *text, unsigned line, const char *part)
{
    assert_false(parse(text));
    assert_int_equal(error.line, line);
    if (strstr(error.message, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, part);
}

static void a_service_is_described(void **state)
{
    (void)state;
    assert_true(parse("# all of it\n"
                      "service tty   # calls one that stands below\n"
                      "    program bin/tty\n"
                      "    arguments  two  words \n"
                      "    priority server\n"
                      "    limit pages 4K\n"
                      "    limit handles 0x10\n"
                      "    holds boot_info archive\n"
                      "    endpoint\n"
                      "    ledger 64K\n"
                      "    calls device\n"
                      "    calls fs badge 7\n"
                      "    restart always 3 in 20 else stop\n"
                      "\n"
                      "service device\n"
                      "    program bin/device\n"
                      "    endpoint\n"
                      "    restart critical\n"
                      "service fs\n"
                      "    program bin/fs\n"
                      "    endpoint\n"
                      "    needs device"));
    const struct manifest_service *tty = &manifest.services[0];
    assert_int_equal(manifest.count, 3);
    assert_string_equal(tty->name, "tty");
    assert_string_equal(tty->program, "bin/tty");
    assert_string_equal(tty->arguments, "two  words");
    assert_int_equal(tty->priority, PRIORITY_SERVER);
    assert_int_equal(tty->limits.pages, 4096);
    assert_int_equal(tty->limits.handles, 16);
    assert_true(tty->limits.threads == UINT64_MAX);
    assert_int_equal(tty->resources, 1u << MANIFEST_BOOT_INFO | 1u << MANIFEST_ARCHIVE);
    assert_true(tty->endpoint);
    assert_int_equal(tty->ledger_size, 65536);
    assert_int_equal(tty->call_count, 2);
    assert_int_equal(tty->calls[0].service, 1);
    assert_int_equal(tty->calls[0].badge, 1);
    assert_int_equal(tty->calls[1].badge, 7);
    assert_int_equal(tty->restart, MANIFEST_ALWAYS);
    assert_int_equal(tty->restart_count, 3);
    assert_int_equal(tty->restart_window_s, 20);
    assert_true(tty->stop_if_given_up);
    assert_false(manifest.services[1].stop_if_given_up);
    assert_int_equal(manifest.services[1].restart, MANIFEST_CRITICAL);
}

static void services_stand_behind_those_they_need(void **state)
{
    (void)state;
    assert_true(parse("service a\nprogram a\nneeds b c\n"
                      "service b\nprogram b\nneeds c\n"
                      "service c\nprogram c\n"));
    assert_int_equal(manifest.order[0], 2);
    assert_int_equal(manifest.order[1], 1);
    assert_int_equal(manifest.order[2], 0);
}

static void rings_have_two_ends(void **state)
{
    (void)state;
    assert_true(parse("service a\nprogram a\nring console 8K\n"
                      "service b\nprogram b\nring console 8K\n"));
    assert_string_equal(manifest.services[0].rings[0].name, "console");
    assert_int_equal(manifest.services[1].rings[0].size, 8192);
    assert_refused("service a\nprogram a\nring r 8K\n", 3, "has 1");
    assert_refused("service a\nprogram a\nring r 8K\nservice b\nprogram b\nring r 4K\n", 3, "size");
    assert_refused("service a\nprogram a\nring r 12K\n", 3, "power of two");
    assert_refused("service a\nprogram a\nring r 2K\n", 3, "power of two");
    assert_refused("service a\nprogram a\nring r 8K\nring r 8K\n", 4, "already");
}

static void mistakes_are_told_with_their_line(void **state)
{
    (void)state;
    assert_refused("program x\n", 1, "service NAME");
    assert_refused("service\n", 1, "service NAME");
    assert_refused("service a b\n", 1, "service NAME");
    assert_refused("service Upper\n", 1, "small letters");
    assert_refused("service a-name-that-is-far-too-long\n", 1, "longer than");
    assert_refused("service a\nprogram a\nservice a\n", 3, "already");
    assert_refused("\n\nservice a\n", 3, "no program");
    assert_true(parse("service a\ndevice serial0\n"));
    assert_string_equal(manifest.services[0].program, "");
    assert_refused("service a\nprogram a\nprogram b\n", 3, "already");
    assert_refused("service a\nprogram a\nfrobnicate\n", 3, "frobnicate");
    assert_refused("service a\nprogram a\npriority high\n", 3, "no priority");
    assert_refused("service a\nprogram a\nlimit pages many\n", 3, "no number");
    assert_refused("service a\nprogram a\nlimit pages 99999999999999999999\n", 3, "no number");
    assert_refused("service a\nprogram a\nlimit pages 18446744073709551615K\n", 3, "no number");
    assert_refused("service a\nprogram a\nlimit cats 1\n", 3, "no limit");
    assert_refused("service a\nprogram a\nholds everything\n", 3, "no resource");
    assert_refused("service a\nprogram a\ncalls b\n", 3, "no service");
    assert_refused("service a\nprogram a\ncalls a\n", 3, "itself");
    assert_refused("service a\nprogram a\ncalls b\nservice b\nprogram b\n", 1, "no endpoint");
    assert_refused("service a\nprogram a\ncalls b badge 0\nservice b\nprogram b\nendpoint\n", 3,
                   "init's own");
    assert_refused("service a\nprogram a\nrestart sometimes\n", 3, "must read");
    assert_refused("service a\nprogram a\nrestart always 0 in 3\n", 3, "at most");
    assert_refused("service a\nprogram a\nrestart always 2 in 3 else go\n", 3, "must read");
    assert_refused("service a\nprogram a\nneeds b\nservice b\nprogram b\nneeds a\n", 1, "circle");
}

static void counts_are_limited(void **state)
{
    (void)state;
    char text[MANIFEST_SERVICES * 32];
    size_t length = 0;
    for (unsigned i = 0; i <= MANIFEST_SERVICES; i++)
        length +=
            (size_t)snprintf(text + length, sizeof(text) - length, "service s%u\nprogram p\n", i);
    assert_refused(text, 2 * MANIFEST_SERVICES + 1, "more than");
    text[strstr(text, "service s32") - text] = '\0';
    assert_true(parse(text));
    assert_int_equal(manifest.count, MANIFEST_SERVICES);
}

static void an_empty_text_has_no_services(void **state)
{
    (void)state;
    assert_true(parse(""));
    assert_int_equal(manifest.count, 0);
    assert_true(parse("\n\r\n# nothing\n   \t"));
    assert_int_equal(manifest.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_described),
        cmocka_unit_test(services_stand_behind_those_they_need),
        cmocka_unit_test(rings_have_two_ends),
        cmocka_unit_test(mistakes_are_told_with_their_line),
        cmocka_unit_test(counts_are_limited),
        cmocka_unit_test(an_empty_text_has_no_services),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
