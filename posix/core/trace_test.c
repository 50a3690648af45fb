/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/trace.h>

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The program is the test; page 0 cannot be read. */
int copy_from_program(void *to, uint64_t from, size_t size)
{
    if (from < 4096)
        return -LINUX_EFAULT;
    memcpy(to, (const void *)from, size);
    return 0;
}

int64_t copy_string_from_program(char *to, uint64_t from, size_t size)
{
    if (from < 4096)
        return -LINUX_EFAULT;
    size_t length = strnlen((const char *)from, size);
    memcpy(to, (const void *)from, length < size ? length + 1 : size);
    return length < size ? (int64_t)length : -LINUX_ENAMETOOLONG;
}

static const struct flag_name names[] = {{1, "O_WRONLY"}, {64, "O_CREAT"}, {0, NULL}};
static const struct flag_name hows[] = {{0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {0, NULL}};
static const struct argument_shape open_shape[] = {
    {"directory", ARGUMENT_DIRFD, NULL},
    {"path", ARGUMENT_STRING, NULL},
    {"flags", ARGUMENT_FLAGS, names},
    {"mode", ARGUMENT_OCTAL, NULL},
};
static const struct argument_shape write_shape[] = {{"fd", ARGUMENT_FD, NULL},
                                                    {"buffer", ARGUMENT_BUFFER_IN, NULL},
                                                    {"count", ARGUMENT_SIZE, NULL}};
static const struct argument_shape mixed_shape[] = {{"how", ARGUMENT_CHOICE, hows},
                                                    {"signal", ARGUMENT_SIGNAL, NULL},
                                                    {"pipe", ARGUMENT_PIPE, NULL},
                                                    {"argv", ARGUMENT_STRINGS, NULL},
                                                    {"other", ARGUMENT_CHOICE, hows}};
const struct call_entry call_table[] = {{"openat", NULL, open_shape, 4},
                                        {"write", NULL, write_shape, 3},
                                        {"mixed", NULL, mixed_shape, 5}};
const unsigned call_table_size = 3;

static struct trace_line line;

#define assert_line(number, result, expected, ...)                                                 \
    do {                                                                                           \
        const uint64_t arguments[CALL_ARGUMENTS] = {__VA_ARGS__};                                  \
        line.length = 0;                                                                           \
        trace_add_call(&line, number, arguments, result);                                          \
        assert_string_equal(line.text, expected);                                                  \
    } while (0)

static void shows_calls(void **state)
{
    (void)state;
    assert_line(0, 3, "openat(AT_FDCWD, \"/etc/passwd\", O_WRONLY|O_CREAT|0x100, 0644)",
                (uint32_t)-100, (uint64_t) "/etc/passwd", 0x141, 0644);
    assert_line(0, -1, "openat(-1, NULL, 0, 0)", UINT32_MAX, 0, 0, 0);
    assert_line(0, -1, "openat(3, 0x10, 0, 0)", 3, 16, 0, 0);
    assert_line(1, 3, "write(1, \"a\\n\\33\\\"\", 4)", 1, (uint64_t) "a\n\33\"", 4);
    assert_line(9, 0, "syscall_0x9(...)", 0);
}

static void shows_kinds(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", NULL};
    const int32_t pipe[] = {3, 4};
    assert_line(2, 0, "mixed(SIG_UNBLOCK, SIGINT, [3, 4], [\"sh\", \"-c\"], 0x7)", 1, 2,
                (uint64_t)pipe, (uint64_t)argv, 7);
}

static void cuts_off_long_lines(void **state)
{
    (void)state;
    line.length = 0;
    for (int i = 0; i < 1000; i++)
        trace_add(&line, "0123456789");
    assert_int_equal(line.length, TRACE_LINE - 1);
    assert_int_equal(strlen(line.text), TRACE_LINE - 1);
}

static void assert_result(int64_t result, const char *expected)
{
    line.length = 0;
    trace_add_result(&line, result);
    assert_string_equal(line.text, expected);
}

static void shows_results(void **state)
{
    (void)state;
    assert_result(0, "0");
    assert_result(42, "42");
    assert_result(0x7f0000000000, "0x7f0000000000");
    assert_result(-LINUX_ENOENT, "-1 ENOENT");
    assert_result(-POSIX_RESTART, "? (to be restarted)");
    assert_result(-99999, "0xfffffffffffe7961");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_calls),
        cmocka_unit_test(shows_kinds),
        cmocka_unit_test(cuts_off_long_lines),
        cmocka_unit_test(shows_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
