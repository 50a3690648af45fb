/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/trace.h>

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/linux/file.h>
#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/linux/socket.h>
#include <posix/linux/time.h>
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

static const struct flag_name names[] = {
    {0, "O_RDONLY"}, {1, "O_WRONLY"}, {2, "O_RDWR"}, {64, "O_CREAT"}, {0, NULL}};
static const struct flag_name hows[] = {{0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {0, NULL}};
static const struct argument_shape open_shape[] = {
    {"directory", ARGUMENT_DIRFD, NULL, 0, false},
    {"path", ARGUMENT_STRING, NULL, 0, false},
    {"flags", ARGUMENT_FLAGS, names, 3, false},
    {"mode", ARGUMENT_CREATE_MODE, NULL, 0, false},
};
static const struct argument_shape write_shape[] = {{"fd", ARGUMENT_FD, NULL, 0, false},
                                                    {"buffer", ARGUMENT_BUFFER_IN, NULL, 0, false},
                                                    {"count", ARGUMENT_SIZE, NULL, 0, false}};
static const struct argument_shape mixed_shape[] = {{"how", ARGUMENT_CHOICE, hows, 0, false},
                                                    {"signal", ARGUMENT_SIGNAL, NULL, 0, false},
                                                    {"pipe", ARGUMENT_PIPE, NULL, 0, true},
                                                    {"argv", ARGUMENT_STRINGS, NULL, 0, false},
                                                    {"other", ARGUMENT_CHOICE, hows, 0, false}};
/* What a test of one kind sets, followed by a number. */
static struct argument_shape one_shape[] = {{"it", ARGUMENT_NONE, NULL, 0, false},
                                            {"size", ARGUMENT_SIZE, NULL, 0, false}};
const struct call_entry call_table[] = {
    {"openat", NULL, open_shape, 4, ARGUMENT_LONG},
    {"write", NULL, write_shape, 3, ARGUMENT_LONG},
    {"mixed", NULL, mixed_shape, 5, ARGUMENT_POINTER},
    {"f", NULL, one_shape, 2, ARGUMENT_OCTAL},
};
const unsigned call_table_size = 4;

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
    assert_line(0, -1, "openat(-1, NULL, O_RDONLY)", UINT32_MAX, 0, 0, 0);
    assert_line(0, -1, "openat(3, 0x10, O_RDONLY|0x100)", 3, 16, 0x100, 0);
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

/* f(TEXT, further) of a call that gave `result`. */
#define assert_kind(of, is_out, result, text, address, further)                                    \
    do {                                                                                           \
        one_shape[0].kind = (of);                                                                  \
        one_shape[0].out = (is_out);                                                               \
        assert_line(3, result, "f(" text ", " #further ")", (uint64_t)(address), further);         \
    } while (0)

static void shows_structures(void **state)
{
    (void)state;
    const struct linux_stat file = {.mode = 0100644, .size = 7};
    const struct linux_stat device = {.mode = 0020666, .rdev = 0x103};
    const struct linux_timespec times[] = {{1, 2}, {0, LINUX_UTIME_NOW}};
    const struct linux_itimerval timer = {{1, 2}, {3, 4}};
    const uint64_t limit[] = {8192 * 1024, LINUX_RLIM_INFINITY}, few = 1 << 1 | UINT64_C(1) << 33;
    const uint64_t all = ~UINT64_C(1);
    const struct linux_sigaction action = {
        .handler = LINUX_SIG_IGN, .flags = LINUX_SA_RESTART, .mask = few};
    const struct linux_flock lock = {.type = 1, .whence = 2, .start = 3, .length = 4};
    const struct linux_epoll_event event = {.events = 0x11, .data = 16};

    assert_kind(ARGUMENT_STAT, true, 0, "{st_mode=S_IFREG|0644, st_size=7, ...}", &file, 0);
    assert_kind(ARGUMENT_STAT, true, 0, "{st_mode=S_IFCHR|0666, st_rdev=makedev(0x1, 0x3), ...}",
                &device, 0);
    assert_kind(ARGUMENT_STAT, true, -1, "0x10", 16, 0);
    assert_kind(ARGUMENT_TIMESPECS, false, 0, "[{tv_sec=1, tv_nsec=2}, UTIME_NOW]", times, 0);
    assert_kind(ARGUMENT_ITIMERVAL, false, 0,
                "{it_interval={tv_sec=1, tv_usec=2}, it_value={tv_sec=3, tv_usec=4}}", &timer, 0);
    assert_kind(ARGUMENT_LIMIT, false, 0, "{rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}", limit,
                0);
    assert_kind(ARGUMENT_SIGSET, false, 0, "[INT RT_2]", &few, 0);
    assert_kind(ARGUMENT_SIGSET, false, 0, "~[HUP]", &all, 0);
    assert_kind(ARGUMENT_SIGACTION, false, 0,
                "{sa_handler=SIG_IGN, sa_mask=[INT RT_2], sa_flags=SA_RESTART}", &action, 0);
    assert_kind(ARGUMENT_LOCK, false, 0, "{l_type=F_WRLCK, l_whence=SEEK_END, l_start=3, l_len=4}",
                &lock, 0);
    assert_kind(ARGUMENT_EVENT, false, 0, "{events=EPOLLIN|EPOLLHUP, data=0x10}", &event, 0);
    assert_kind(ARGUMENT_SIGSET, false, 0, "NULL", 0, 0);
    assert_kind(ARGUMENT_SIGSET, false, 0, "0x8", 8, 0);
}

static void shows_wait_statuses(void **state)
{
    (void)state;
    const int32_t exited = 7 << 8, killed = 11 | 0x80, stopped = 20 << 8 | 0x7f, continued = 0xffff;

    assert_kind(ARGUMENT_STATUS, true, 1, "[{WIFEXITED(s) && WEXITSTATUS(s) == 7}]", &exited, 0);
    assert_kind(ARGUMENT_STATUS, true, 1,
                "[{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}]", &killed, 0);
    assert_kind(ARGUMENT_STATUS, true, 1, "[{WIFSTOPPED(s) && WSTOPSIG(s) == SIGTSTP}]", &stopped,
                0);
    assert_kind(ARGUMENT_STATUS, true, 1, "[{WIFCONTINUED(s)}]", &continued, 0);
    assert_kind(ARGUMENT_STATUS, true, 0, "0x10", 16, 0);
}

static void shows_signals(void **state)
{
    (void)state;
    const struct linux_siginfo child = {.number = LINUX_SIGCHLD,
                                        .code = LINUX_CLD_KILLED,
                                        .child = {.pid = 5, .uid = 6, .status = LINUX_SIGKILL}};
    const struct linux_siginfo fault = {
        .number = LINUX_SIGSEGV, .code = LINUX_SEGV_MAPERR, .fault = {.address = 64}};
    const struct linux_siginfo user = {.number = LINUX_SIGUSR1, .child = {.pid = 5, .uid = 6}};

    assert_kind(ARGUMENT_SIGINFO, true, 0,
                "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=5, si_uid=6, si_status=SIGKILL}",
                &child, 0);
    assert_kind(ARGUMENT_SIGINFO, true, 0, "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x40}",
                &fault, 0);
    assert_kind(ARGUMENT_SIGINFO, true, 0,
                "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=5, si_uid=6}", &user, 0);
}

static void shows_lists(void **state)
{
    (void)state;
    const struct linux_iovec pieces[] = {{(uint64_t) "abc", 3}, {(uint64_t) "defg", 4}};
    const struct linux_pollfd polled[] = {{3, LINUX_POLLIN, LINUX_POLLHUP}, {4, 0, 0}};
    const struct linux_epoll_event events[] = {{LINUX_POLLOUT, 1}, {LINUX_POLLIN, 2}};
    const struct linux_sockaddr_un name = {1, "/tmp/s"}, abstract = {1, "\0x"};
    const uint32_t length = sizeof(name);
    const int32_t words[] = {1, 20};
    const char *const environment[] = {"A=1", "B=2", NULL};
    const uint8_t set[2] = {1 << 3, 1 << 1};

    assert_kind(ARGUMENT_VECTORS, false, 7,
                "[{iov_base=\"abc\", iov_len=3}, {iov_base=\"defg\", iov_len=4}]", pieces, 2);
    assert_kind(ARGUMENT_VECTORS, true, 4,
                "[{iov_base=\"abc\", iov_len=3}, {iov_base=\"d\", iov_len=4}]", pieces, 2);
    assert_kind(ARGUMENT_POLL, false, 1,
                "[{fd=3, events=POLLIN, revents=POLLHUP}, {fd=4, events=0}]", polled, 2);
    assert_kind(ARGUMENT_EVENTS, true, 2,
                "[{events=EPOLLOUT, data=0x1}, {events=EPOLLIN, data=0x2}]", events, 9);
    assert_kind(ARGUMENT_ADDRESS, false, 0, "{sa_family=AF_UNIX, sun_path=\"/tmp/s\"}", &name, 110);
    assert_kind(ARGUMENT_ADDRESS, false, 0, "{sa_family=AF_UNIX, sun_path=@\"x\"}", &abstract, 110);
    one_shape[0] = (struct argument_shape){"it", ARGUMENT_ADDRESS, NULL, 0, true};
    one_shape[1].kind = ARGUMENT_NONE;
    const uint64_t asked[CALL_ARGUMENTS] = {(uint64_t)&name, (uint64_t)&length};
    line.length = 0;
    trace_add_call(&line, 3, asked, 0);
    one_shape[1].kind = ARGUMENT_SIZE;
    assert_non_null(strstr(line.text, "f({sa_family=AF_UNIX, sun_path=\"/tmp/s\"}, "));
    assert_kind(ARGUMENT_WORDS, true, 2, "[1, 20]", words, 2);
    line.length = 0;
    one_shape[0] = (struct argument_shape){"it", ARGUMENT_ENVIRONMENT, NULL, 0, false};
    const uint64_t given[CALL_ARGUMENTS] = {(uint64_t)environment};
    trace_add_call(&line, 3, given, 0);
    assert_non_null(strstr(line.text, " /* 2 vars */, 0)"));
    line.length = 0;
    one_shape[0] = (struct argument_shape){"count", ARGUMENT_UINT, NULL, 0, false};
    one_shape[1] = (struct argument_shape){"set", ARGUMENT_SELECT, NULL, 0, true};
    const uint64_t selected[CALL_ARGUMENTS] = {10, (uint64_t)set};
    trace_add_call(&line, 3, selected, 1);
    assert_string_equal(line.text, "f(10, [3 9])");
    one_shape[1] = (struct argument_shape){"size", ARGUMENT_SIZE, NULL, 0, false};
}

static void shows_messages(void **state)
{
    (void)state;
    struct linux_iovec piece = {(uint64_t) "x", 1};
    struct {
        struct linux_cmsghdr header;
        int32_t fds[2];
    } control = {{sizeof(struct linux_cmsghdr) + 8, LINUX_SOL_SOCKET, LINUX_SCM_RIGHTS}, {5, 6}};
    const struct linux_msghdr message = {.vectors = (uint64_t)&piece,
                                         .vector_count = 1,
                                         .control = (uint64_t)&control,
                                         .control_length = sizeof(control)};

    assert_kind(ARGUMENT_MESSAGE, false, 1,
                "{msg_name=NULL, msg_iov=[{iov_base=\"x\", iov_len=1}], "
                "msg_control=[{cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5, 6]}], "
                "msg_flags=0}",
                &message, 0);
}

static void shows_what_fcntl_takes(void **state)
{
    (void)state;
    const struct {
        uint64_t command, value;
        const char *text;
    } cases[] = {
        {LINUX_F_SETFD, 1, "f(2, FD_CLOEXEC)"},
        {LINUX_F_SETFL, 04002, "f(4, O_RDWR|O_NONBLOCK)"},
        {LINUX_F_DUPFD, 10, "f(0, 10)"},
        {LINUX_F_SETLK, 16, "f(6, 0x10)"},
    };

    one_shape[0] = (struct argument_shape){"command", ARGUMENT_UINT, NULL, 0, false};
    one_shape[1] = (struct argument_shape){"argument", ARGUMENT_COMMAND, NULL, 0, false};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_line(3, 0, cases[i].text, cases[i].command, cases[i].value);
    one_shape[1] = (struct argument_shape){"size", ARGUMENT_SIZE, NULL, 0, false};
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

static void assert_result(uint64_t number, int64_t result, const char *expected)
{
    line.length = 0;
    trace_add_result(&line, number, result);
    assert_string_equal(line.text, expected);
}

static void shows_results(void **state)
{
    (void)state;
    assert_result(0, 0, "0");
    assert_result(0, 42, "42");
    assert_result(2, 0x5000, "0x5000");
    assert_result(3, 022, "022");
    assert_result(99, 42, "42");
    assert_result(2, -LINUX_ENOENT, "-1 ENOENT (No such file or directory)");
    assert_result(0, -4000, "-1 E4000");
    assert_result(0, -POSIX_RESTART, "? ERESTARTSYS (To be restarted if SA_RESTART is set)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_calls),         cmocka_unit_test(shows_kinds),
        cmocka_unit_test(shows_structures),    cmocka_unit_test(shows_wait_statuses),
        cmocka_unit_test(shows_signals),       cmocka_unit_test(shows_lists),
        cmocka_unit_test(shows_messages),      cmocka_unit_test(shows_what_fcntl_takes),
        cmocka_unit_test(cuts_off_long_lines), cmocka_unit_test(shows_results),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
