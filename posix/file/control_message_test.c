/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "control_message.h"

#include <base/errno.h>

#include "file_fake.h"

static struct file files[5];
static unsigned held; /* references given out and not given back */
static int next_fd;

struct file *file_get(struct task *task, int fd)
{
    (void)task;
    if (fd < 0 || fd >= 5)
        return NULL;
    held++;
    return &files[fd];
}

void file_put(struct file *file)
{
    (void)file;
    held--;
}

int file_install(struct task *task, const struct file_install *install)
{
    (void)task;
    assert_non_null(install->file);
    if (next_fd < 0)
        file_put(install->file);
    return next_fd < 0 ? next_fd : next_fd++;
}

static union {
    struct linux_cmsghdr header;
    char bytes[256];
} control;

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    held = 0;
    next_fd = 10;
    memset(&control, 0, sizeof(control));
    return 0;
}

static uint64_t put(uint64_t at, int32_t type, const void *data, size_t size)
{
    const struct linux_cmsghdr header = {sizeof(header) + size, LINUX_SOL_SOCKET, type};

    memcpy(control.bytes + at, &header, sizeof(header));
    memcpy(control.bytes + at + sizeof(header), data, size);
    return at + ((header.length + 7) & ~UINT64_C(7));
}

static int take(uint64_t length, struct passed_files *passed)
{
    const struct linux_msghdr message = {.control = (uint64_t)&control, .control_length = length};

    *passed = (struct passed_files){0};
    return control_message_take(&fake_task, &message, passed);
}

static void takes_descriptors(void **state)
{
    const int32_t two[] = {1, 2}, one[] = {3};
    struct passed_files passed;

    (void)state;
    uint64_t length =
        put(put(0, LINUX_SCM_RIGHTS, two, sizeof(two)), LINUX_SCM_RIGHTS, one, sizeof(one));
    assert_int_equal(take(length, &passed), 0);
    assert_int_equal(passed.count, 3);
    assert_ptr_equal(passed.files[0], &files[1]);
    assert_ptr_equal(passed.files[2], &files[3]);
    assert_int_equal(held, 3);
    assert_int_equal(take(0, &passed), 0);
    assert_int_equal(passed.count, 0);
}

static void refuses_what_is_malformed(void **state)
{
    const int32_t bad[] = {77}, many[] = {0, 1, 2, 3};
    struct passed_files passed;

    (void)state;
    uint64_t length = put(0, LINUX_SCM_RIGHTS, bad, sizeof(bad));
    assert_int_equal(take(length, &passed), -LINUX_EBADF);
    length = put(0, LINUX_SCM_RIGHTS, many, sizeof(many));
    assert_int_equal(take(length, &passed), -LINUX_ETOOMANYREFS);
    length = put(0, 99, many, sizeof(many));
    assert_int_equal(take(length, &passed), -LINUX_EINVAL);
    (void)put(0, LINUX_SCM_RIGHTS, many, sizeof(many));
    assert_int_equal(take(24, &passed), -LINUX_EINVAL);
    control.header.length = 3;
    assert_int_equal(take(32, &passed), -LINUX_EINVAL);
    assert_int_equal(take(1 << 20, &passed), -LINUX_ENOBUFS);
    const struct linux_msghdr nowhere = {.control = 8, .control_length = 64};
    assert_int_equal(control_message_take(&fake_task, &nowhere, &passed), -LINUX_EFAULT);
}

static void credentials_must_be_true(void **state)
{
    struct linux_ucred own = {2, 0, 0}, other = {3, 0, 0};
    struct passed_files passed;

    (void)state;
    uint64_t length = put(0, LINUX_SCM_CREDENTIALS, &own, sizeof(own));
    assert_int_equal(take(length, &passed), 0);
    length = put(0, LINUX_SCM_CREDENTIALS, &other, sizeof(other));
    assert_int_equal(take(length, &passed), -LINUX_EPERM);
}

static struct passed_files two_files(void)
{
    held = 2;
    return (struct passed_files){.count = 2, .files = {&files[0], &files[1]}};
}

static void gives_as_many_as_fit(void **state)
{
    struct linux_msghdr message = {.control = (uint64_t)&control, .control_length = 24};
    struct passed_files passed = two_files();
    int32_t fds[2];

    (void)state;
    assert_int_equal(control_message_give(&fake_task, &message, &passed, false), 0);
    assert_int_equal(message.flags, 0);
    assert_int_equal(control.header.length, 24);
    memcpy(fds, control.bytes + sizeof(control.header), sizeof(fds));
    assert_int_equal(fds[0], 10);
    assert_int_equal(fds[1], 11);
    assert_int_equal(passed.count, 0);
    passed = two_files();
    message.control_length = 20;
    assert_int_equal(control_message_give(&fake_task, &message, &passed, false), 0);
    assert_int_equal(message.flags, LINUX_MSG_CTRUNC);
    assert_int_equal(message.control_length, 20);
    assert_int_equal(passed.count, 1);
    assert_ptr_equal(passed.files[0], &files[1]);
    passed = two_files();
    message = (struct linux_msghdr){.control = 0, .control_length = 0};
    assert_int_equal(control_message_give(&fake_task, &message, &passed, false), 0);
    assert_int_equal(message.flags, LINUX_MSG_CTRUNC);
    assert_int_equal(passed.count, 2);
}

static void a_full_table_cuts_it_short(void **state)
{
    struct linux_msghdr message = {.control = (uint64_t)&control, .control_length = 64};
    struct passed_files passed = two_files();

    (void)state;
    next_fd = -LINUX_EMFILE;
    assert_int_equal(control_message_give(&fake_task, &message, &passed, false), 0);
    assert_int_equal(message.flags, LINUX_MSG_CTRUNC);
    assert_int_equal(message.control_length, 0);
    assert_int_equal(passed.count, held);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(takes_descriptors, set_up),
        cmocka_unit_test_setup(refuses_what_is_malformed, set_up),
        cmocka_unit_test_setup(credentials_must_be_true, set_up),
        cmocka_unit_test_setup(gives_as_many_as_fit, set_up),
        cmocka_unit_test_setup(a_full_table_cuts_it_short, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
