/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct ledger ledger;

static int fresh(void **state)
{
    (void)state;
    memset(&ledger, 0x5a, sizeof(ledger));
    bool made = ledger_open(&ledger, 0);
    ledger.magic = LEDGER_MAGIC; /* as main.c does when all of it is ready */
    return made ? 0 : -1;
}

static void keeps_what_it_has(void **state)
{
    (void)state;
    line_receive(&ledger.terminals[CONSOLE_TERMINAL], 'x');
    assert_false(ledger_open(&ledger, 0));
    assert_int_equal(ledger.terminals[CONSOLE_TERMINAL].input.put, 1);
}

static struct transaction write_three(void)
{
    struct terminal *console = &ledger.terminals[CONSOLE_TERMINAL];
    struct transaction transaction = terminal_begin(console);

    assert_int_equal(line_write(console, &transaction, "abc", 3), 3);
    return transaction;
}

static void a_committed_request_happens_once(void **state)
{
    struct terminal *console = &ledger.terminals[CONSOLE_TERMINAL];

    (void)state;
    ledger.last.transaction = write_three();
    ledger.last.terminal = CONSOLE_TERMINAL;
    ledger.last.done = 1;
    ledger_open(&ledger, 0);
    assert_int_equal(output_waiting(console), 3);
    ledger_open(&ledger, 0);
    assert_int_equal(output_waiting(console), 3);
}

static void an_uncommitted_request_has_not_happened(void **state)
{
    (void)state;
    ledger.last.transaction = write_three();
    ledger_open(&ledger, 0);
    assert_int_equal(output_waiting(&ledger.terminals[CONSOLE_TERMINAL]), 0);
}

static void a_frame_is_taken_if_and_only_if_it_was_sent(void **state)
{
    struct terminal *console = &ledger.terminals[CONSOLE_TERMINAL];
    struct transaction transaction = write_three();
    char bytes[3];

    (void)state;
    terminal_apply(console, &transaction);
    assert_int_equal(output_take(console, &transaction, bytes, sizeof(bytes)), 3);
    ledger.console.frame =
        (struct last_frame){.pending = 1, .sent_after = 100, .transaction = transaction};
    ledger_open(&ledger, 93);
    assert_int_equal(output_waiting(console), 3);
    ledger.console.frame =
        (struct last_frame){.pending = 1, .sent_after = 100, .transaction = transaction};
    ledger_open(&ledger, 100);
    assert_int_equal(output_waiting(console), 0);
}

static void terminals_and_opens_run_out(void **state)
{
    (void)state;
    for (int i = 1; i < LEDGER_TERMINALS; i++)
        assert_non_null(ledger_new_terminal(&ledger));
    assert_null(ledger_new_terminal(&ledger));
    for (int i = 0; i < LEDGER_OPENS; i++)
        ledger_new_open(&ledger)->in_use = 1;
    assert_null(ledger_new_open(&ledger));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keeps_what_it_has, fresh),
        cmocka_unit_test_setup(a_committed_request_happens_once, fresh),
        cmocka_unit_test_setup(an_uncommitted_request_has_not_happened, fresh),
        cmocka_unit_test_setup(a_frame_is_taken_if_and_only_if_it_was_sent, fresh),
        cmocka_unit_test_setup(terminals_and_opens_run_out, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
