/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct script script;

static bool parse(const char *text)
{
    return script_parse(text, strlen(text), &script);
}

static void takes_interpreter_and_one_argument(void **state)
{
    (void)state;
    assert_true(parse("#!/bin/sh\necho\n"));
    assert_string_equal(script.interpreter, "/bin/sh");
    assert_string_equal(script.argument, "");
    assert_true(parse("#! \t/usr/bin/env  perl -w  \nrest"));
    assert_string_equal(script.interpreter, "/usr/bin/env");
    assert_string_equal(script.argument, "perl -w");
    assert_true(parse("#!/bin/sh"));
    assert_string_equal(script.interpreter, "/bin/sh");
}

static void refuses_what_is_no_script(void **state)
{
    (void)state;
    assert_false(parse("#"));
    assert_false(parse("\177ELF"));
    assert_false(parse("#!\n/bin/sh"));
    assert_false(parse("#!   "));
}

static void refuses_a_name_that_is_cut_off(void **state)
{
    (void)state;
    char line[SCRIPT_LINE + 50];
    memset(line, 'a', sizeof(line));
    memcpy(line, "#!/", 3);
    assert_false(script_parse(line, sizeof(line), &script));
    /* An argument may be. */
    line[20] = ' ';
    assert_true(script_parse(line, sizeof(line), &script));
    assert_int_equal(strlen(script.argument), SCRIPT_LINE - 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_interpreter_and_one_argument),
        cmocka_unit_test(refuses_what_is_no_script),
        cmocka_unit_test(refuses_a_name_that_is_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
