/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "ledger.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ledger ledger;
static struct ledger_facts facts;
static const struct request_name name = {
    .badge = 5, .identity = 6, .sequence = 7, .label = TTY_READ};

static struct terminal *terminal(void)
{
    return &ledger.terminals[LEDGER_CONSOLE];
}

static int fresh(void **state)
{
    (void)state;
    memset(&ledger, 0x5a, sizeof(ledger));
    memset(&facts, 0, sizeof(facts));
    if (ledger_is_made(&ledger))
        return -1;
    ledger_make(&ledger);
    ledger.magic = LEDGER_MAGIC; /* as main.c does when all of it is ready */
    return ledger_is_made(&ledger) ? 0 : -1;
}

static void type(const char *text)
{
    for (; *text != 0; text++)
        line_receive(terminal(), (uint8_t)*text);
}

static void a_step_that_ended_stays(void **state)
{
    (void)state;
    ledger_begin_step(&ledger, terminal(), 0);
    type("x");
    ledger_end_step(&ledger);
    ledger_recover(&ledger, &facts);
    assert_int_equal(terminal()->input.put, 1);
}

/* The kill comes at each point of typing that changes all there is to change. */
static void a_step_that_did_not_end_has_not_happened(void **state)
{
    static const char *const typed[] = {"x", "\n", "\x7f", "\x17", "\x15", "\x03", "\x12", "\x13"};
    static struct ledger before;
    (void)state;
    for (unsigned i = 0; i < sizeof(typed) / sizeof(typed[0]); i++) {
        type("a line\nand one ");
        before = ledger;
        ledger_begin_step(&ledger, terminal(), 0);
        type(typed[i]);
        assert_true(ledger_post(&ledger, &(struct tty_message){.kind = TTY_MESSAGE_SIGNAL}));
        ledger.console.credit += 10;
        ledger_recover(&ledger, &facts);
        type(typed[i]);
        struct terminal once = *terminal();
        ledger = before;
        type(typed[i]);
        assert_memory_equal(&once, terminal(), sizeof(once));
        assert_int_equal(ledger.console.outbox_put, 0);
        assert_int_equal(ledger.console.credit, 0);
    }
}

/* To take the input is what ends the step. */
static void a_step_is_done_when_its_input_is_taken(void **state)
{
    (void)state;
    ledger_begin_step(&ledger, terminal(), 40);
    type("x");
    facts.ring_taken = 41;
    ledger_recover(&ledger, &facts);
    assert_int_equal(terminal()->input.put, 1);
    ledger_begin_step(&ledger, terminal(), 41);
    type("y");
    ledger_recover(&ledger, &facts);
    assert_int_equal(terminal()->input.put, 1);
}

static void half_a_frame_is_read_on(void **state)
{
    struct console_message message;
    uint8_t wire[CONSOLE_WIRE_MAX];
    size_t size = frame_encode(wire, CONSOLE_STDIN, "half and half", 13);
    (void)state;
    for (size_t i = 0; i < size / 2; i++)
        assert_false(frame_receive(&ledger.console.parser, wire[i], &message));
    ledger_begin_step(&ledger, terminal(), 0);
    for (size_t i = size / 2; i < size - 2; i++)
        assert_false(frame_receive(&ledger.console.parser, wire[i], &message));
    ledger_recover(&ledger, &facts);
    for (size_t i = size / 2; i < size - 1; i++)
        assert_false(frame_receive(&ledger.console.parser, wire[i], &message));
    assert_true(frame_receive(&ledger.console.parser, wire[size - 1], &message));
    assert_memory_equal(message.payload, "half and half", 13);
}

static void answer_read(const char *text)
{
    size_t length = strlen(text);
    ledger_drop_answer(&ledger);
    ledger_begin_step(&ledger, terminal(), 0);
    memcpy(ledger.answer.text, text, length);
    ledger_set_answer(&ledger, &name, length);
}

static void an_answer_is_given_again(void **state)
{
    struct request_name other = name;
    (void)state;
    assert_null(ledger_find_answer(&ledger, &name));
    answer_read("text");
    ledger_end_step(&ledger);
    ledger_recover(&ledger, &facts);
    const struct answer *answer = ledger_find_answer(&ledger, &name);
    assert_non_null(answer);
    assert_int_equal(answer->length, 4);
    assert_memory_equal(answer->text, "text", 4);
    other.sequence++;
    assert_null(ledger_find_answer(&ledger, &other));
    other.sequence = 0;
    assert_null(ledger_find_answer(&ledger, &other));
}

static void there_is_no_answer_before_the_step_has_ended(void **state)
{
    (void)state;
    answer_read("text");
    ledger_recover(&ledger, &facts);
    assert_null(ledger_find_answer(&ledger, &name));
}

/* Its client asks again after others have been served, and after more deaths. */
static void an_answer_survives_others(void **state)
{
    (void)state;
    answer_read("text");
    ledger_end_step(&ledger);
    for (unsigned i = 0; i < LEDGER_OLD_ANSWERS; i++) {
        struct request_name other = {.badge = 9, .sequence = i + 1, .label = TTY_WRITE};
        ledger_recover(&ledger, &facts);
        ledger_recover(&ledger, &facts);
        assert_non_null(ledger_find_answer(&ledger, &name));
        ledger_drop_answer(&ledger);
        ledger_begin_step(&ledger, terminal(), 0);
        ledger_set_answer(&ledger, &other, 3);
        ledger_end_step(&ledger);
        assert_int_equal(ledger_find_answer(&ledger, &other)->length, 3);
    }
}

/* A frame for each effect, with the kill before and after the ring has it. */
static void begin_frame(enum frame_effect effect, uint64_t value, struct transaction *transaction)
{
    ledger.console.frame.sent_after = 100;
    ledger.console.frame.value = value;
    if (transaction != NULL)
        ledger.console.frame.transaction = *transaction;
    ledger_begin_frame(&ledger, effect);
}

static void output_is_taken_if_and_only_if_it_was_sent(void **state)
{
    char bytes[3];
    (void)state;
    struct transaction transaction = terminal_begin(terminal());
    assert_int_equal(line_write(terminal(), &transaction, "abc", 3), 3);
    terminal_apply(terminal(), &transaction);
    assert_int_equal(output_take(terminal(), &transaction, bytes, sizeof(bytes)), 3);
    begin_frame(FRAME_OUTPUT, 0, &transaction);
    facts.ring_sent = 93;
    ledger_recover(&ledger, &facts);
    assert_int_equal(output_waiting(terminal()), 3);
    begin_frame(FRAME_OUTPUT, 0, &transaction);
    facts.ring_sent = 100;
    ledger_recover(&ledger, &facts);
    ledger_recover(&ledger, &facts);
    assert_int_equal(output_waiting(terminal()), 0);
}

static void counters_follow_their_frames(void **state)
{
    (void)state;
    for (facts.ring_sent = 99; facts.ring_sent <= 100; facts.ring_sent++) {
        begin_frame(FRAME_CREDIT, 2048, NULL);
        ledger_recover(&ledger, &facts);
        begin_frame(FRAME_LOG, 300, NULL);
        ledger_recover(&ledger, &facts);
        assert_int_equal(ledger.console.log_sent, facts.ring_sent == 100 ? 300 : 0);
        begin_frame(FRAME_PHASE, CONSOLE_PHASE_WAITING, NULL);
        ledger_recover(&ledger, &facts);
        assert_int_equal(ledger.console.credit, facts.ring_sent == 100 ? 2048 : 0);
        assert_int_equal(ledger.console.phase,
                         facts.ring_sent == 100 ? CONSOLE_PHASE_WAITING : CONSOLE_PHASE_NEW);
    }
}

/* 500 bytes were sent, 30 more were read into the stage. */
static void staged_bytes_are_what_was_read_and_not_sent(void **state)
{
    struct console_stream *stream = &ledger.console.streams[STREAM_OUTPUT];
    (void)state;
    stream->handle = 1;
    stream->sent = 500;
    facts.stream_read[STREAM_OUTPUT] = 530;
    ledger_recover(&ledger, &facts);
    assert_int_equal(stream->staged, 30);
    begin_frame((enum frame_effect)(FRAME_STREAM + STREAM_OUTPUT), 530, NULL);
    ledger_recover(&ledger, &facts);
    assert_int_equal(stream->staged, 30);
    begin_frame((enum frame_effect)(FRAME_STREAM + STREAM_OUTPUT), 530, NULL);
    facts.ring_sent = 100;
    ledger_recover(&ledger, &facts);
    assert_int_equal(stream->staged, 0);
    assert_int_equal(stream->sent, 530);
}

static void input_goes_on_where_the_stream_stands(void **state)
{
    (void)state;
    ledger.console.streams[STREAM_INPUT].handle = 1;
    ledger.console.input_before = 1000;
    ledger.console.input_length = 50;
    facts.input_written = 1020;
    ledger_recover(&ledger, &facts);
    assert_int_equal(ledger.console.input_at, 20);
}

static void messages_are_sent_once_and_none_is_overwritten(void **state)
{
    struct tty_message message = {.kind = TTY_MESSAGE_SIGNAL};
    (void)state;
    for (unsigned i = 0; i < OUTBOX_SIZE; i++)
        assert_true(ledger_post(&ledger, &message));
    assert_false(ledger_post(&ledger, &message));
    facts.messages_written = 3;
    ledger_recover(&ledger, &facts);
    assert_int_equal(ledger.console.outbox.sent, 3);
    for (unsigned i = 0; i < 3; i++)
        assert_true(ledger_post(&ledger, &message));
    assert_false(ledger_post(&ledger, &message));
}

static void opens_are_counted_anew(void **state)
{
    struct terminal *pair = ledger_new_terminal(&ledger, 0);
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        *ledger_new_open(&ledger, 0) = (struct terminal_open){
            .in_use = 1, .terminal = 1, .side = i == 0 ? SIDE_MASTER : SIDE_SLAVE};
    pair->slaves = 7;
    ledger_recover(&ledger, &facts);
    assert_int_equal(pair->masters, 1);
    assert_int_equal(pair->slaves, 2);
}

static void terminals_and_opens_run_out(void **state)
{
    (void)state;
    for (int i = 1; i < LEDGER_TERMINALS; i++)
        assert_non_null(ledger_new_terminal(&ledger, 0));
    assert_null(ledger_new_terminal(&ledger, 0));
    for (int i = 0; i < LEDGER_OPENS; i++)
        ledger_new_open(&ledger, 0)->in_use = 1;
    assert_null(ledger_new_open(&ledger, 0));
}

static void a_user_has_a_quarter(void **state)
{
    (void)state;
    for (int i = 0; i < LEDGER_TERMINALS_OF_USER; i++)
        assert_non_null(ledger_new_terminal(&ledger, 1000));
    assert_null(ledger_new_terminal(&ledger, 1000));
    assert_non_null(ledger_new_terminal(&ledger, 1001));
    for (int i = 0; i < LEDGER_OPENS_OF_USER; i++)
        *ledger_new_open(&ledger, 1000) =
            (struct terminal_open){.in_use = 1, .owner = 1000, .terminal = LEDGER_CONSOLE};
    assert_null(ledger_new_open(&ledger, 1000));
    assert_non_null(ledger_new_open(&ledger, 1001));
    for (int i = LEDGER_TERMINALS_OF_USER + 2; i < LEDGER_TERMINALS; i++)
        assert_non_null(ledger_new_terminal(&ledger, 0));
    ledger.terminals[1].in_use = 0;
    assert_ptr_equal(ledger_new_terminal(&ledger, 1000), &ledger.terminals[1]);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_step_that_ended_stays),
        TEST(a_step_that_did_not_end_has_not_happened),
        TEST(a_step_is_done_when_its_input_is_taken),
        TEST(half_a_frame_is_read_on),
        TEST(an_answer_is_given_again),
        TEST(there_is_no_answer_before_the_step_has_ended),
        TEST(an_answer_survives_others),
        TEST(output_is_taken_if_and_only_if_it_was_sent),
        TEST(counters_follow_their_frames),
        TEST(staged_bytes_are_what_was_read_and_not_sent),
        TEST(input_goes_on_where_the_stream_stands),
        TEST(messages_are_sent_once_and_none_is_overwritten),
        TEST(opens_are_counted_anew),
        TEST(terminals_and_opens_run_out),
        TEST(a_user_has_a_quarter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
