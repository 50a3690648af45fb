/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Messages: words, text and handles arrive whole and unchanged or not at all.
 * The server is a thread of this process, and for what concerns handle tables a
 * process of its own.
 */
#include <base/ipc.h>
#include <base/service.h>
#include <base/text.h>

#include "harness.h"
#include "threads.h"

#define BADGE UINT64_C(0xbadbadbadbadbad1)
#define WORD UINT64_C(0x0101010101010101)
#define CLIENTS 2
#define ROUNDS 10000

/* What the server is asked. */
enum operation {
    OPERATION_ECHO,     /* words inverted, text with each byte one more */
    OPERATION_TAKE,     /* closes the handles that came; word 0: their number, then their rights */
    OPERATION_GIVE,     /* an event, moved, and the same one copied with RIGHT_WAIT */
    OPERATION_GIVE_BAD, /* tries to give a handle that is none; word 0: the status */
    OPERATION_SESSION,  /* word 0: the badge of the session that came */
    OPERATION_FINISH,
};

static handle_t endpoint, session;

static void echo(struct message *message, struct frame *frame)
{
    char *text = frame_text(frame);
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        message->words[i] = ~message->words[i];
    for (unsigned i = 0; i < message_text_length(message->information); i++)
        text[i]++;
}

static void take(struct message *message, struct frame *frame)
{
    unsigned count = message_handle_count(message->information);
    struct message answer = {.information = MESSAGE_LONG, .words = {count}};
    for (unsigned i = 0; i < count; i++) {
        struct handle_information information;
        SUCCEED(native_handle_inspect(frame->handles[i].handle, &information));
        CHECK_EQUAL(frame->handles[i].rights, information.rights);
        answer.words[1 + i] = information.rights;
        CLOSE(frame->handles[i].handle);
    }
    *message = answer;
}

static void give(struct message *message, struct frame *frame)
{
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    handle_t copy = SUCCEED(native_handle_copy(event, RIGHT_SAME, 0));
    SUCCEED(native_event_signal(event, 0, 0x300));
    message_begin(message, OPERATION_GIVE);
    message_add_handle(message, frame, event, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    message_add_handle(message, frame, copy, RIGHT_WAIT, MESSAGE_HANDLE_MOVE);
}

/* The refused answer leaves the client waiting: a second one reaches it. */
static void give_bad(handle_t at, struct message *message, struct frame *frame)
{
    message_begin(message, OPERATION_GIVE_BAD);
    message_add_handle(message, frame, 12345, RIGHT_SAME, 0);
    int64_t result = ipc_reply_and_wait(at, message);
    message_begin(message, OPERATION_GIVE_BAD);
    message->words[0] = status_of_result(result);
}

static void tell_badge(handle_t at, struct message *message, struct frame *frame)
{
    handle_t passed = frame->handles[0].handle;
    uint64_t badge = 0;
    message_begin(message, (uint32_t)native_session_badge(at, passed, &badge));
    message->words[0] = badge;
    CLOSE(passed);
}

static uint64_t serve(uint64_t at, struct frame *frame)
{
    struct message message;
    int64_t received = ipc_receive(at, &message);
    for (;;) {
        uint32_t operation = message_label(message.information);
        CHECK_EQUAL(received, RECEIVED_CALL);
        CHECK_EQUAL(message.badge, BADGE);
        if (operation == OPERATION_ECHO)
            echo(&message, frame);
        else if (operation == OPERATION_TAKE)
            take(&message, frame);
        else if (operation == OPERATION_GIVE)
            give(&message, frame);
        else if (operation == OPERATION_GIVE_BAD)
            give_bad(at, &message, frame);
        else if (operation == OPERATION_SESSION)
            tell_badge(at, &message, frame);
        else
            break;
        received = ipc_reply_and_wait(at, &message);
    }
    handle_t reply = SUCCEED(native_reply_take());
    message_begin(&message, 0);
    CHECK_STATUS(ipc_reply(reply, &message), OK);
    return 0;
}

static void make_endpoint(void)
{
    endpoint = SUCCEED(native_endpoint_create(test_world.account));
    session = SUCCEED(native_session_create(endpoint, BADGE));
}

static void close_endpoint(void)
{
    CLOSE(session);
    CLOSE(endpoint);
}

static void finish_server(void)
{
    struct message message;
    message_begin(&message, OPERATION_FINISH);
    CHECK_STATUS(ipc_call(session, &message), OK);
}

static void with_server(void (*check)(void))
{
    struct test_thread server;
    make_endpoint();
    test_thread_run(&server, serve, endpoint);
    check();
    finish_server();
    test_thread_join(&server);
    close_endpoint();
}

/* The same with a server in another process, charged to an account of its own. */
static void with_process(const struct account_limits *limits, void (*check)(void))
{
    make_endpoint();
    struct test_child server = {
        .function = serve, .account = SUCCEED(native_account_create(test_world.account, limits))};
    test_child_create(&server);
    server.argument = test_child_give(&server, endpoint, RIGHT_SAME);
    test_child_start(&server);
    check();
    finish_server();
    test_child_finish(&server);
    CLOSE(server.account);
    close_endpoint();
}

static const struct account_limits no_limits = ACCOUNT_UNLIMITED;

static void check_words(void)
{
    for (unsigned count = 0; count <= MESSAGE_WORDS; count++) {
        bool is_long = count > MESSAGE_SHORT_WORDS;
        unsigned sent = is_long ? MESSAGE_WORDS : MESSAGE_SHORT_WORDS;
        struct message message;
        message_begin(&message, OPERATION_ECHO);
        message.information |= is_long ? MESSAGE_LONG : 0;
        for (unsigned i = 0; i < count; i++)
            message.words[i] = WORD * (count + i + 1);
        CHECK_STATUS(ipc_call(session, &message), OK);
        for (unsigned i = 0; i < sent; i++)
            CHECK_EQUAL(message.words[i], i < count ? ~(WORD * (count + i + 1)) : ~UINT64_C(0));
        CHECK_EQUAL(message_label(message.information), OPERATION_ECHO);
    }
}

#define SECRET_OF_CLIENT UINT64_C(0xc11e47)
#define SECRET_OF_SERVER UINT64_C(0x5e47e4)

/* All eight registers are laid open to the kernel, and only four words are sent. */
static void send_four(struct message *message, uint64_t secret)
{
    *message = (struct message){.words = {1, 2, 3, 4, secret, secret, secret, secret}};
}

static void check_four(const struct message *message, uint64_t secret)
{
    for (unsigned i = 0; i < MESSAGE_WORDS; i++)
        CHECK(i < MESSAGE_SHORT_WORDS ? message->words[i] == i + 1 : message->words[i] != secret);
}

static uint64_t serve_four(uint64_t at, struct frame *frame)
{
    struct message message = {0};
    int64_t received = native_message_call(CALL_IPC_RECEIVE, at, &message);
    while (received == RECEIVED_CALL) {
        check_four(&message, SECRET_OF_CLIENT);
        send_four(&message, SECRET_OF_SERVER);
        received = native_message_call(CALL_IPC_REPLY_AND_WAIT, at, &message);
    }
    CHECK_EQUAL(received, RECEIVED_CLOSED);
    return 0;
}

static void test_what_is_not_sent_stays(void)
{
    struct test_thread server;
    make_endpoint();
    test_thread_run(&server, serve_four, endpoint);
    for (unsigned i = 0; i < 20; i++) {
        struct message message;
        send_four(&message, SECRET_OF_CLIENT);
        CHECK_STATUS(native_message_call(CALL_IPC_CALL, session, &message), OK);
        check_four(&message, SECRET_OF_SERVER);
    }
    CLOSE(session);
    test_thread_join(&server);
    CLOSE(endpoint);
}

static char letter(unsigned length, unsigned i)
{
    return (char)(length * 7 + i * 13 + i / 256);
}

static void check_text_of(unsigned length)
{
    struct message message;
    char *text = frame_text(ipc_frame());
    message_begin(&message, OPERATION_ECHO);
    message_set_text(&message, length);
    memset(text, 0x55, MESSAGE_TEXT_SIZE);
    for (unsigned i = 0; i < length; i++)
        text[i] = letter(length, i);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(message_text_length(message.information), length);
    for (unsigned i = 0; i < length; i++)
        CHECK(text[i] == (char)(letter(length, i) + 1));
    CHECK(length == MESSAGE_TEXT_SIZE || text[length] == 0x55);
}

static void check_text(void)
{
    for (unsigned length = 0; length <= MESSAGE_TEXT_SIZE; length += length < 80 ? 1 : 61)
        check_text_of(length);
    check_text_of(MESSAGE_TEXT_SIZE - 1);
    check_text_of(MESSAGE_TEXT_SIZE);
}

static void check_handles_sent(void)
{
    struct frame *frame = ipc_frame();
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    handle_t copy = SUCCEED(native_handle_copy(event, RIGHT_COPY | RIGHT_WAIT, 0));
    handle_t moved = SUCCEED(native_handle_copy(event, RIGHT_MOVE | RIGHT_READ | RIGHT_SIGNAL, 0));
    struct message message;
    message_begin(&message, OPERATION_TAKE);
    message_add_handle(&message, frame, event, RIGHT_SIGNAL, 0);
    message_add_handle(&message, frame, copy, RIGHT_SAME, 0);
    message_add_handle(&message, frame, copy, RIGHT_SIGNAL, 0);
    message_add_handle(&message, frame, moved, RIGHT_SIGNAL | RIGHT_WRITE, MESSAGE_HANDLE_MOVE);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(message.words[0], 4);
    CHECK_EQUAL(message.words[1], RIGHT_SIGNAL);
    CHECK_EQUAL(message.words[2], RIGHT_COPY | RIGHT_WAIT);
    CHECK_EQUAL(message.words[3], 0);
    CHECK_EQUAL(message.words[4], RIGHT_SIGNAL);
    CHECK_STATUS(native_handle_close(moved), BAD_HANDLE);
    CLOSE(copy);
    CLOSE(event);
}

static void check_handles_received(void)
{
    const struct message_handle *handles = ipc_frame()->handles;
    struct handle_information information;
    struct message message;
    message_begin(&message, OPERATION_GIVE);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(message_handle_count(message.information), 2);
    struct message_handle whole = handles[0], less = handles[1];
    SUCCEED(native_handle_inspect(less.handle, &information));
    CHECK_EQUAL(information.rights, RIGHT_WAIT);
    CHECK_EQUAL(less.rights, RIGHT_WAIT);
    CHECK_EQUAL(information.signals & SIGNAL_USER, 0x300);
    CHECK_STATUS(native_event_signal(whole.handle, 0x100, 0), OK);
    CLOSE(whole.handle);
    CLOSE(less.handle);
}

static void check_refused_answer(void)
{
    struct message message;
    message_begin(&message, OPERATION_GIVE_BAD);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(message.words[0], STATUS_BAD_HANDLE);
}

static void check_session_badge(void)
{
    handle_t other = SUCCEED(native_endpoint_create(test_world.account));
    handle_t known = SUCCEED(native_session_create(endpoint, 77));
    handle_t unknown = SUCCEED(native_session_create(other, 78));
    uint64_t badge;
    CHECK_STATUS(native_session_badge(endpoint, known, &badge), OK);
    CHECK_EQUAL(badge, 77);
    CHECK_STATUS(native_session_badge(endpoint, unknown, &badge), NOT_FOUND);
    CLOSE(unknown);
    CLOSE(other);
    CLOSE(known);
}

/* One good handle to be moved, then one that is refused: neither goes. */
static void check_refused(handle_t bad, uint32_t flags, enum status wanted)
{
    struct frame *frame = ipc_frame();
    handle_t good = SUCCEED(native_event_create(test_world.account, 0, 0));
    struct message message;
    message_begin(&message, OPERATION_TAKE);
    message_add_handle(&message, frame, good, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    message_add_handle(&message, frame, bad == HANDLE_NONE ? good : bad, RIGHT_SAME, flags);
    test_check_result(TEST_PLACE("ipc_call"), ipc_call(session, &message), wanted);
    CLOSE(good);
}

static void check_refusals(void)
{
    handle_t event = SUCCEED(native_event_create(test_world.account, 0, 0));
    handle_t fixed = SUCCEED(native_handle_copy(event, RIGHT_ALL & ~RIGHT_MOVE, 0));
    handle_t single = SUCCEED(native_handle_copy(event, RIGHT_ALL & ~RIGHT_COPY, 0));
    handle_t below = SUCCEED(native_handle_derive(event, RIGHT_SAME));
    check_refused(4711, 0, STATUS_BAD_HANDLE);
    check_refused(fixed, MESSAGE_HANDLE_MOVE, STATUS_NO_RIGHT);
    check_refused(single, 0, STATUS_NO_RIGHT);
    check_refused(event, MESSAGE_HANDLE_MOVE << 1, STATUS_INVALID);
    check_refused(HANDLE_NONE, MESSAGE_HANDLE_MOVE, STATUS_INVALID);
    SUCCEED(native_handle_revoke(event));
    check_refused(below, 0, STATUS_REVOKED);
    CLOSE(event);
    CLOSE(fixed);
    CLOSE(single);
    CLOSE(below);
}

static void check_malformed(void)
{
    const uint64_t malformed[] = {
        message_information(0, MESSAGE_HANDLES + 1, 0),
        message_information(0, 7, 0),
        message_information(0, 0, MESSAGE_TEXT_SIZE + 1),
        message_information(0, 0, 0x1fff),
        UINT64_C(1) << 49,
        UINT64_C(1) << 63,
    };
    for (unsigned i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        struct message message = {.information = malformed[i]};
        CHECK_STATUS(ipc_call(session, &message), INVALID);
        message.information = malformed[i];
        CHECK_STATUS(ipc_send(session, &message), INVALID);
    }
}

/* The server's table has room for one handle more than it holds. */
static void check_full_table(void)
{
    struct frame *frame = ipc_frame();
    handle_t first = SUCCEED(native_event_create(test_world.account, 0, 0));
    handle_t second = SUCCEED(native_handle_copy(first, RIGHT_SAME, 0));
    struct message message;
    message_begin(&message, OPERATION_TAKE);
    message_add_handle(&message, frame, first, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    message_add_handle(&message, frame, second, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    CHECK_STATUS(ipc_call(session, &message), LIMIT);
    message_begin(&message, OPERATION_TAKE);
    message_add_handle(&message, frame, first, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(message.words[0], 1);
    CLOSE(second);
}

/* Words of its own, again and again, while others ask the same server. */
static uint64_t ask(uint64_t number, struct frame *frame)
{
    (void)frame;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        uint64_t word = number << 32 | round;
        struct message message;
        message_begin(&message, OPERATION_ECHO);
        message.words[0] = message.words[MESSAGE_SHORT_WORDS - 1] = word;
        CHECK_STATUS(ipc_call(session, &message), OK);
        CHECK_EQUAL(message.words[0], ~word);
        CHECK_EQUAL(message.words[MESSAGE_SHORT_WORDS - 1], ~word);
    }
    return 0;
}

static void check_many(void)
{
    struct test_thread clients[CLIENTS];
    for (uint64_t i = 0; i < CLIENTS; i++)
        test_thread_run(&clients[i], ask, i + 1);
    for (uint64_t i = 0; i < CLIENTS; i++)
        test_thread_join(&clients[i]);
}

static void test_many(void)
{
    with_server(check_many);
    with_process(&no_limits, check_many);
}

static void test_words(void)
{
    with_server(check_words);
    with_process(&no_limits, check_words);
}

static void test_text(void)
{
    with_server(check_text);
    with_process(&no_limits, check_text);
}

static void test_handles_sent(void)
{
    with_server(check_handles_sent);
    with_process(&no_limits, check_handles_sent);
}

static void test_handles_received(void)
{
    with_server(check_handles_received);
    with_process(&no_limits, check_handles_received);
}

static void test_refused(void)
{
    with_server(check_refusals);
    with_server(check_malformed);
    with_server(check_refused_answer);
}

/* It holds its process, its account and the endpoint. */
static void test_full_table(void)
{
    const struct account_limits limits = {UINT64_MAX, 4,          UINT64_MAX,
                                          UINT64_MAX, UINT64_MAX, UINT64_MAX};
    with_process(&limits, check_full_table);
}

static void test_badges(void)
{
    make_endpoint();
    struct test_thread server;
    test_thread_run(&server, serve, endpoint);
    struct message message;
    message_begin(&message, OPERATION_SESSION);
    message_add_handle(&message, ipc_frame(), session, RIGHT_SAME, 0);
    CHECK_STATUS(ipc_call(session, &message), OK);
    CHECK_EQUAL(message_label(message.information), STATUS_OK);
    CHECK_EQUAL(message.words[0], BADGE);
    finish_server();
    test_thread_join(&server);
    check_session_badge();
    close_endpoint();
}

void service_main(const struct start_block *start)
{
    static const struct test_case cases[] = {
        {"what is not sent stays", test_what_is_not_sent_stays},
        {"words", test_words},
        {"many callers each get their own answer", test_many},
        {"text", test_text},
        {"handles sent", test_handles_sent},
        {"handles received", test_handles_received},
        {"refused messages change nothing", test_refused},
        {"a full table takes nothing", test_full_table},
        {"badges", test_badges},
    };
    test_begin();
    TEST_RUN(cases);
}
