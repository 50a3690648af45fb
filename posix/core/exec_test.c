/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/exec.h>

#include "../file/file_fake.h"

#include <stdlib.h>

#include <base/errno.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/trace.h>

#include "exec_block.h"
#include "program.h"

/* The files there are; the memory of each is its place in this table, from 1. */
static const struct {
    const char *path, *beginning;
    int outcome;             /* of program_read */
    const char *interpreter; /* NULL: static */
} files[] = {
    {"/bin/static", "\177ELF", 0, NULL},
    {"/bin/dynamic", "\177ELF", 0, "/lib/loader"},
    {"/lib/loader", "\177ELF", 0, NULL},
    {"/bin/damaged", "\177ELF", -LINUX_ENOEXEC, NULL},
    {"/bin/lonely", "\177ELF", 0, "/lib/missing"},
    {"/bin/misled", "\177ELF", 0, "/bin/damaged"},
    {"/bin/short", "\177ELF", -LINUX_ENOEXEC, NULL},
    {"/bin/cheated", "\177ELF", 0, "/bin/short"},
    {"/bin/script", "#!/bin/static -e x\n", -LINUX_ENOEXEC, NULL},
    {"/bin/outer", "#! /bin/script\n", -LINUX_ENOEXEC, NULL},
    {"/bin/loop", "#!/bin/loop\n", -LINUX_ENOEXEC, NULL},
    {"/bin/nothing", "#!\n", -LINUX_ENOEXEC, NULL},
    {"/bin/empty", "", -LINUX_ENOEXEC, NULL},
};
#define FILES (sizeof(files) / sizeof(files[0]))

static int open_now;
static char given[256]; /* argv and the environment as they went into the block, by blanks */
static char block_path[64];
static uint32_t block_arguments;

int executable_open(struct task *task, const struct executable_request *wanted,
                    struct executable *result)
{
    (void)task;
    for (unsigned i = 0; i < FILES; i++) {
        if (strcmp(files[i].path, wanted->path) != 0)
            continue;
        *result = (struct executable){
            .session = i + 1,
            .memory = i + 1,
            .attributes.size = strcmp(wanted->path, "/bin/short") == 0 ? ELF_HEADER_SIZE - 1 : 4096,
        };
        open_now++;
        return 0;
    }
    return -LINUX_ENOENT;
}

void executable_close(struct executable *executable)
{
    open_now -= executable->session != HANDLE_NONE;
    *executable = (struct executable){0};
}

int64_t program_read_beginning(handle_t memory, void *bytes, size_t size)
{
    size_t length = strlen(files[memory - 1].beginning);

    assert_true(length <= size);
    memcpy(bytes, files[memory - 1].beginning, length);
    return (int64_t)length;
}

int program_read(handle_t memory, struct elf_image *image)
{
    *image = (struct elf_image){.interpreted = files[memory - 1].interpreter != NULL};
    return files[memory - 1].outcome;
}

int program_read_interpreter(handle_t memory, const struct elf_image *image, char *path)
{
    (void)image;
    strcpy(path, files[memory - 1].interpreter);
    return 0;
}

int exec_block_make(struct task *task, struct exec_parts *parts)
{
    (void)task;
    for (size_t i = 0; i < parts->strings.size; i++)
        given[i] = parts->strings.bytes[i] == '\0' ? ' ' : parts->strings.bytes[i];
    given[parts->strings.size] = '\0';
    strcpy(block_path, parts->path);
    block_arguments = parts->argument_count;
    parts->block = 500;
    return 0;
}

void trace_success(struct task *task)
{
    (void)task;
}

static unsigned sent;

static int take_exec(handle_t session, struct message *message)
{
    assert_int_equal(session, FAKE_PROCESS);
    assert_int_equal(message_label(message->information), PROCESS_EXEC);
    sent++;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    fake_reset();
    fake_server = take_exec;
    sent = 0;
    given[0] = '\0';
    return 0;
}

/* Nothing stays open or allocated, however it ends. */
static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(open_now, 0);
    assert_int_equal(fake_allocated, 0);
    return 0;
}

static int run(const char *path, const char *const *arguments)
{
    static const char *const environment[] = {"A=1", NULL};
    const struct exec_request request = {LINUX_AT_FDCWD, 0, (uint64_t)path, (uint64_t)arguments,
                                         (uint64_t)environment};
    return exec_program(&fake_task, &request);
}

static const char *const two[] = {"name", "word", NULL};

static void a_program_gets_its_arguments(void **state)
{
    (void)state;
    assert_int_equal(run("/bin/static", two), 0);
    assert_string_equal(given, "name word A=1 ");
    assert_int_equal(block_arguments, 2);
    assert_string_equal(block_path, "/bin/static");
    assert_int_equal(run("/bin/dynamic", two), 0);
    assert_int_equal(sent, 2);
}

static void a_program_without_arguments_gets_one(void **state)
{
    static const char *const none[] = {NULL};

    (void)state;
    assert_int_equal(run("/bin/static", none), 0);
    assert_string_equal(given, " A=1 ");
    assert_int_equal(block_arguments, 1);
}

static void a_script_goes_to_its_interpreter(void **state)
{
    (void)state;
    assert_int_equal(run("/bin/script", two), 0);
    assert_string_equal(given, "/bin/static -e x /bin/script word A=1 ");
    assert_int_equal(block_arguments, 4);
    assert_int_equal(run("/bin/outer", two), 0);
    assert_string_equal(given, "/bin/static -e x /bin/script /bin/outer word A=1 ");
}

static void bad_files_are_told_apart(void **state)
{
    static const struct {
        const char *path;
        int error;
    } cases[] = {
        {"/bin/absent", -LINUX_ENOENT},   {"", -LINUX_ENOENT},
        {"/bin/damaged", -LINUX_ENOEXEC}, {"/bin/empty", -LINUX_ENOEXEC},
        {"/bin/nothing", -LINUX_ENOEXEC}, {"/bin/loop", -LINUX_ELOOP},
        {"/bin/lonely", -LINUX_ENOENT},   {"/bin/misled", -80 /* ELIBBAD */},
        {"/bin/cheated", -LINUX_EIO},
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(run(cases[i].path, two), cases[i].error);
    assert_int_equal(run((const char *)8, two), -LINUX_EFAULT);
    assert_int_equal(run("/bin/static", (const char *const *)8), -LINUX_EFAULT);
    assert_int_equal(sent, 0);
}

static void too_much_is_refused(void **state)
{
    enum { SIZE = 100000 };
    char *word = malloc(SIZE);
    const char *many[64] = {NULL};

    (void)state;
    memset(word, 'x', SIZE - 1);
    word[SIZE - 1] = '\0';
    for (unsigned i = 0; i < 63; i++)
        many[i] = word;
    assert_int_equal(run("/bin/static", many), -LINUX_E2BIG);
    free(word);
}

static void memory_can_run_out_anywhere(void **state)
{
    (void)state;
    for (size_t after = 1; after < 100; after++) {
        fake_fail_after = after;
        int error = run("/bin/script", two);
        if (fake_fail_after != 0) {
            assert_int_equal(error, 0);
            fake_fail_after = 0;
            return;
        }
        assert_int_equal(error, -LINUX_ENOMEM);
        assert_int_equal(open_now, 0);
        assert_int_equal(fake_allocated, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_program_gets_its_arguments),
        TEST(a_program_without_arguments_gets_one),
        TEST(a_script_goes_to_its_interpreter),
        TEST(bad_files_are_told_apart),
        TEST(too_much_is_refused),
        TEST(memory_can_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
