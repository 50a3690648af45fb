/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct terminal terminal;

static int fresh(void **state)
{
    (void)state;
    terminal_init(&terminal, 0);
    return 0;
}

/* Type a string; the last signal it meant. */
static uint32_t type(const char *text)
{
    uint32_t last = 0;

    for (; *text != 0; text++) {
        uint32_t signal = line_receive(&terminal, (uint8_t)*text);
        last = signal != 0 ? signal : last;
    }
    return last;
}

static void expect_read(const char *expected)
{
    char bytes[TERMINAL_INPUT];
    struct transaction transaction = terminal_begin(&terminal);

    assert_true(line_is_readable(&terminal));
    size_t length = line_read(&terminal, &transaction, bytes, sizeof(bytes));
    terminal_apply(&terminal, &transaction);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(bytes, expected, length);
}

static void expect_output(const char *expected)
{
    char bytes[TERMINAL_OUTPUT];
    struct transaction transaction = terminal_begin(&terminal);

    size_t length = output_take(&terminal, &transaction, bytes, sizeof(bytes));
    terminal_apply(&terminal, &transaction);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(bytes, expected, length);
}

static size_t write_text(const char *text)
{
    struct transaction transaction = terminal_begin(&terminal);
    size_t length = line_write(&terminal, &transaction, text, strlen(text));

    terminal_apply(&terminal, &transaction);
    return length;
}

static void gives_lines(void **state)
{
    (void)state;
    type("one");
    assert_false(line_is_readable(&terminal));
    type("\rtwo\nthree");
    expect_read("one\n");
    expect_read("two\n");
    assert_false(line_is_readable(&terminal));
    expect_output("one\r\ntwo\r\nthree");
}

static void edits(void **state)
{
    (void)state;
    type("abcx\177d e f\027g\n");
    expect_output("abcx\b \bd e f\b \bg\r\n");
    expect_read("abcd e g\n");
    type("wrong\025right\n");
    expect_read("right\n");
    fresh(NULL);
    type("a\303\251\177b\n");
    expect_read("ab\n");
    type("\t\177x\n");
    expect_read("x\n");
    type("\026\003\026\r\n");
    expect_read("\003\r\n");
}

static void ends_files(void **state)
{
    (void)state;
    type("\004");
    expect_read("");
    type("part\004");
    expect_read("part");
    assert_false(line_is_readable(&terminal));
}

static void signals(void **state)
{
    (void)state;
    assert_int_equal(type("text\003"), TERMINAL_SIGINT);
    expect_output("^C");
    assert_int_equal(type("\034"), TERMINAL_SIGQUIT);
    assert_int_equal(type("\032"), TERMINAL_SIGTSTP);
    type("\n");
    expect_read("\n");
    terminal.settings.local &= ~(uint32_t)TERMIOS_ISIG;
    assert_int_equal(type("\003"), 0);
}

static void raw_mode(void **state)
{
    struct tty_settings settings = terminal.settings;

    (void)state;
    type("typed");
    settings.local &= ~(uint32_t)(TERMIOS_ICANON | TERMIOS_ECHO | TERMIOS_ISIG);
    settings.input = 0;
    settings.output = 0;
    line_set(&terminal, &settings);
    expect_output("typed");
    expect_read("typed");
    type("\r\003\004");
    expect_read("\r\003\004");
    assert_int_equal(write_text("a\nb"), 3);
    expect_output("a\nb");
    settings.characters[TERMIOS_VMIN] = 3;
    line_set(&terminal, &settings);
    type("ab");
    assert_false(line_is_readable(&terminal));
    type("c");
    expect_read("abc");
}

static void set_canonical(bool canonical)
{
    struct tty_settings settings = terminal.settings;

    if (canonical)
        settings.local |= TERMIOS_ICANON;
    else
        settings.local &= ~(uint32_t)TERMIOS_ICANON;
    line_set(&terminal, &settings);
}

/* As Linux' n_tty does it: what a raw reader left ends like a line where the mode changes. */
static void what_was_typed_raw_is_readable_in_lines(void **state)
{
    (void)state;
    set_canonical(false);
    type("one\ntw");
    set_canonical(true);
    assert_true(line_is_readable(&terminal));
    type("o\n");
    expect_read("one\ntw");
    expect_read("o\n");
    assert_false(line_is_readable(&terminal));
}

static void what_was_typed_in_lines_is_readable_raw(void **state)
{
    (void)state;
    type("one\ntwo\004half");
    set_canonical(false);
    assert_int_equal(line_waiting(&terminal), 12);
    set_canonical(true);
    expect_read("one\n");
    expect_read("two");
    expect_read("half");
    type("\004x");
    set_canonical(false);
    char bytes[4];
    struct transaction transaction = terminal_begin(&terminal);
    assert_int_equal(line_read(&terminal, &transaction, bytes, sizeof(bytes)), 2);
    assert_memory_equal(bytes, "\0x", 2);
}

static void only_lines_have_literal_bytes(void **state)
{
    (void)state;
    set_canonical(false);
    type("\026x");
    expect_read("\026x");
    set_canonical(true);
    type("\026");
    set_canonical(false);
    assert_int_equal(type("\003"), TERMINAL_SIGINT);
}

static void room_is_told_before_bytes_are_lost(void **state)
{
    (void)state;
    set_canonical(false);
    uint32_t typed = 0;
    for (; line_room(&terminal) > 0; typed++)
        type("x");
    assert_int_equal(line_waiting(&terminal), typed);
    assert_true(typed >= TERMINAL_INPUT - 1);
    set_canonical(true);
    assert_int_equal(line_room(&terminal), 0);
}

/* MAX_CANON: the line is cut, its end is not, and it says so. */
static void a_line_too_long_is_cut(void **state)
{
    static char line[TERMINAL_INPUT];

    (void)state;
    terminal.settings.input |= TERMIOS_IMAXBEL;
    terminal.settings.local &= ~(uint32_t)TERMIOS_ECHO;
    memset(line, 'x', sizeof(line) - 1);
    type(line);
    assert_true(line_room(&terminal) > 0);
    expect_output("");
    type("y\n");
    expect_output("\a");
    line[sizeof(line) - 1] = 0;
    struct transaction transaction = terminal_begin(&terminal);
    static char bytes[TERMINAL_INPUT];
    assert_int_equal(line_read(&terminal, &transaction, bytes, sizeof(bytes)), TERMINAL_INPUT);
    assert_memory_equal(bytes, line, TERMINAL_INPUT - 1);
    assert_int_equal(bytes[TERMINAL_INPUT - 1], '\n');
}

static void output_is_processed_and_bounded(void **state)
{
    static char bulk[TERMINAL_OUTPUT + 100];

    (void)state;
    write_text("a\tb\n");
    expect_output("a\tb\r\n");
    terminal.settings.output |= TERMIOS_XTABS;
    write_text("a\tb");
    expect_output("a       b");
    memset(bulk, '\n', sizeof(bulk) - 1);
    size_t taken = write_text(bulk);
    assert_true(taken < sizeof(bulk) && output_waiting(&terminal) == 2 * taken);
    assert_int_equal(write_text("x"), 0);
}

static void flow_control(void **state)
{
    (void)state;
    type("\023");
    assert_int_equal(write_text("x"), 0);
    type("\021");
    assert_int_equal(write_text("x"), 1);
}

static void a_full_queue_loses_nothing_it_took(void **state)
{
    char bytes[2];
    size_t lines = 0;

    (void)state;
    for (int i = 0; i < TERMINAL_INPUT; i++)
        type("a\n");
    while (line_is_readable(&terminal)) {
        struct transaction transaction = terminal_begin(&terminal);
        assert_int_equal(line_read(&terminal, &transaction, bytes, 2), 2);
        assert_memory_equal(bytes, "a\n", 2);
        terminal_apply(&terminal, &transaction);
        lines++;
    }
    assert_int_equal(lines, TERMINAL_INPUT / 2);
    assert_int_equal(line_waiting(&terminal), 0);
}

static void a_transaction_not_applied_changes_nothing(void **state)
{
    char bytes[8];
    struct transaction transaction;

    (void)state;
    type("keep\n");
    transaction = terminal_begin(&terminal);
    assert_int_equal(line_read(&terminal, &transaction, bytes, sizeof(bytes)), 5);
    expect_read("keep\n");
    expect_output("keep\r\n");
    transaction = terminal_begin(&terminal);
    assert_int_equal(line_write(&terminal, &transaction, "lost", 4), 4);
    write_text("kept");
    expect_output("kept");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(gives_lines, fresh),
        cmocka_unit_test_setup(edits, fresh),
        cmocka_unit_test_setup(ends_files, fresh),
        cmocka_unit_test_setup(signals, fresh),
        cmocka_unit_test_setup(raw_mode, fresh),
        cmocka_unit_test_setup(what_was_typed_raw_is_readable_in_lines, fresh),
        cmocka_unit_test_setup(what_was_typed_in_lines_is_readable_raw, fresh),
        cmocka_unit_test_setup(only_lines_have_literal_bytes, fresh),
        cmocka_unit_test_setup(room_is_told_before_bytes_are_lost, fresh),
        cmocka_unit_test_setup(a_line_too_long_is_cut, fresh),
        cmocka_unit_test_setup(output_is_processed_and_bounded, fresh),
        cmocka_unit_test_setup(flow_control, fresh),
        cmocka_unit_test_setup(a_full_queue_loses_nothing_it_took, fresh),
        cmocka_unit_test_setup(a_transaction_not_applied_changes_nothing, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
