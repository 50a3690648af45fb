/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The calls that take a directory and a name below it, each with a directory, without, and with neither. */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NO_REPLACE 1u /* of renameat2 */

struct how { /* of openat2 */
    uint64_t flags, mode, resolve;
};

static char place[] = "/tmp/at.XXXXXX";
static int directory, file;

static struct stat state_of(int at, const char *name)
{
    struct stat state;

    CHECK(fstatat(at, name, &state, AT_SYMLINK_NOFOLLOW) == 0);
    return state;
}

static void set_up(void)
{
    CHECK(mkdtemp(place) != NULL);
    directory = open(place, O_RDONLY | O_DIRECTORY);
    CHECK(directory >= 0);
    file = openat(directory, "file", O_RDWR | O_CREAT | O_EXCL, 0640);
    CHECK(file >= 0 && write(file, "text", 4) == 4);
}

static void test_making(void)
{
    CHECK(mkdirat(directory, "below", 0750) == 0);
    CHECK((state_of(directory, "below").st_mode & 07777) == 0750);
    CHECK_ERROR(mkdirat(directory, "below", 0750), EEXIST);
    CHECK_ERROR(mkdirat(directory, "none/below", 0750), ENOENT);
    CHECK(symlinkat("../file", directory, "below/link") == 0);
    CHECK(S_ISLNK(state_of(directory, "below/link").st_mode));
    CHECK_ERROR(symlinkat("", directory, "empty"), ENOENT);
    CHECK_ERROR(symlinkat("x", directory, "file"), EEXIST);
    CHECK(mknodat(directory, "pipe", S_IFIFO | 0600, 0) == 0);
    CHECK(S_ISFIFO(state_of(directory, "pipe").st_mode));
    CHECK(mknodat(directory, "plain", S_IFREG | 0604, 0) == 0);
    CHECK(state_of(directory, "plain").st_mode == (S_IFREG | 0604));
    CHECK_ERROR(mknodat(directory, "plain", S_IFREG, 0), EEXIST);
    CHECK_ERROR(mknodat(directory, "odd", S_IFDIR, 0), EPERM);
}

static void test_links(void)
{
    char target[16];

    CHECK(readlinkat(directory, "below/link", target, sizeof(target)) == 7);
    CHECK(memcmp(target, "../file", 7) == 0);
    CHECK(readlinkat(directory, "below/link", target, 3) == 3);
    CHECK_ERROR(readlinkat(directory, "file", target, sizeof(target)), EINVAL);
    CHECK(linkat(directory, "file", directory, "below/hard", 0) == 0);
    CHECK(state_of(directory, "file").st_nlink == 2);
    CHECK(linkat(directory, "below/link", directory, "of_link", 0) == 0);
    CHECK(S_ISLNK(state_of(directory, "of_link").st_mode));
    CHECK(linkat(directory, "below/link", directory, "followed", AT_SYMLINK_FOLLOW) == 0);
    CHECK(state_of(directory, "followed").st_ino == state_of(directory, "file").st_ino);
    CHECK_ERROR(linkat(directory, "file", directory, "followed", 0), EEXIST);
    CHECK_ERROR(linkat(directory, "below", directory, "directory", 0), EPERM);
    CHECK_ERROR(linkat(directory, "file", directory, "new", 0x80000), EINVAL);
}

static void test_attributes(void)
{
    const struct timespec times[2] = {{1000, 5}, {2000, 7}};
    struct stat state;

    CHECK(fchmodat(directory, "below/link", 0600, 0) == 0);
    CHECK((state_of(directory, "file").st_mode & 07777) == 0600);
    CHECK(fchownat(directory, "file", 12, 34, 0) == 0);
    CHECK(fchownat(directory, "below/link", 56, 78, AT_SYMLINK_NOFOLLOW) == 0);
    CHECK(state_of(directory, "file").st_uid == 12 && state_of(directory, "file").st_gid == 34);
    CHECK(state_of(directory, "below/link").st_uid == 56);
    CHECK(fchownat(file, "", (uid_t)-1, 9, AT_EMPTY_PATH) == 0);
    CHECK(state_of(directory, "file").st_uid == 12 && state_of(directory, "file").st_gid == 9);
    CHECK(utimensat(directory, "file", times, 0) == 0);
    state = state_of(directory, "file");
    CHECK(state.st_atim.tv_sec == 1000 && state.st_mtim.tv_sec == 2000 &&
          state.st_mtim.tv_nsec == 7);
    CHECK(fstatat(file, "", &state, AT_EMPTY_PATH) == 0 && state.st_size == 4);
    CHECK_ERROR(fstatat(file, "", &state, 0), ENOENT);
    CHECK(faccessat(directory, "file", R_OK | W_OK, 0) == 0);
    CHECK_ERROR(faccessat(directory, "none", F_OK, 0), ENOENT);
}

static int rename_new(const char *from, const char *to)
{
    return (int)syscall(SYS_renameat2, directory, from, directory, to, NO_REPLACE);
}

static void test_moving(void)
{
    CHECK(renameat(directory, "plain", directory, "below/moved") == 0);
    CHECK_ERROR(renameat(directory, "plain", directory, "x"), ENOENT);
    CHECK_ERROR(renameat(directory, "below", directory, "below/below"), EINVAL);
    CHECK_ERROR(rename_new("below/moved", "file"), EEXIST);
    CHECK(rename_new("below/moved", "plain") == 0);
    CHECK_ERROR(unlinkat(directory, "below", AT_REMOVEDIR), ENOTEMPTY);
    CHECK_ERROR(unlinkat(directory, "below", 0), EISDIR);
    CHECK_ERROR(unlinkat(directory, "file", AT_REMOVEDIR), ENOTDIR);
    CHECK_ERROR(unlinkat(directory, "file", 0x4000), EINVAL);
    CHECK(unlinkat(directory, "below/hard", 0) == 0 && unlinkat(directory, "below/link", 0) == 0);
    CHECK(unlinkat(directory, "below", AT_REMOVEDIR) == 0);
}

/* A relative name wants a directory; an absolute one does not look at the descriptor. */
static void test_what_is_no_directory(void)
{
    struct stat state;
    char path[64];

    for (int i = 0; i < 2; i++) {
        int at = i == 0 ? file : -5, error = i == 0 ? ENOTDIR : EBADF;
        CHECK_ERROR(openat(at, "file", O_RDONLY), error);
        CHECK_ERROR(mkdirat(at, "x", 0700), error);
        CHECK_ERROR(mknodat(at, "x", S_IFIFO, 0), error);
        CHECK_ERROR(symlinkat("y", at, "x"), error);
        CHECK_ERROR(linkat(at, "file", directory, "x", 0), error);
        CHECK_ERROR(linkat(directory, "file", at, "x", 0), error);
        CHECK_ERROR(renameat(at, "file", directory, "x"), error);
        CHECK_ERROR(renameat(directory, "file", at, "x"), error);
        CHECK_ERROR(unlinkat(at, "file", 0), error);
        CHECK_ERROR(readlinkat(at, "file", path, sizeof(path)), error);
        CHECK_ERROR(fchmodat(at, "file", 0600, 0), error);
        CHECK_ERROR(fchownat(at, "file", 0, 0, 0), error);
        CHECK_ERROR(fstatat(at, "file", &state, 0), error);
        CHECK_ERROR(faccessat(at, "file", F_OK, 0), error);
        CHECK_ERROR(utimensat(at, "file", NULL, 0), error);
        snprintf(path, sizeof(path), "%s/file", place);
        CHECK(fstatat(at, path, &state, 0) == 0 && state.st_size == 4);
        int fd = openat(at, path, O_RDONLY);
        CHECK(fd >= 0 && close(fd) == 0);
    }
}

static int open_how(const char *name, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, name, &how, sizeof(how));
}

static void test_openat2(void)
{
    struct {
        struct how how;
        uint64_t more;
    } longer = {.how.flags = O_RDONLY};
    int fd = open_how("file", O_RDONLY, 0, 0);

    CHECK(fd >= 0 && close(fd) == 0);
    fd = open_how("how", O_RDWR | O_CREAT, 0600, 0);
    CHECK(fd >= 0 && close(fd) == 0 && (state_of(directory, "how").st_mode & 07777) == 0600);
    CHECK_ERROR(open_how("file", O_RDONLY, 0600, 0), EINVAL);
    CHECK_ERROR(open_how("file", UINT64_C(1) << 40, 0, 0), EINVAL);
    fd = (int)syscall(SYS_openat2, directory, "file", &longer, sizeof(longer));
    CHECK(fd >= 0 && close(fd) == 0);
    longer.more = 1;
    CHECK_ERROR(syscall(SYS_openat2, directory, "file", &longer, sizeof(longer)), E2BIG);
    CHECK_ERROR(syscall(SYS_openat2, directory, "file", &longer, 8), EINVAL);
    CHECK(unlinkat(directory, "how", 0) == 0);
}

/* The directory that was left behind is still one, and has nothing. */
static void test_a_directory_that_is_gone(void)
{
    CHECK(mkdirat(directory, "gone", 0700) == 0);
    int gone = openat(directory, "gone", O_RDONLY | O_DIRECTORY);
    CHECK(gone >= 0 && unlinkat(directory, "gone", AT_REMOVEDIR) == 0);
    CHECK_ERROR(openat(gone, "new", O_RDWR | O_CREAT, 0600), ENOENT);
    CHECK_ERROR(mkdirat(gone, "new", 0700), ENOENT);
    CHECK_ERROR(fstatat(gone, "..x", &(struct stat){0}, 0), ENOENT);
    close(gone);
}

static void clean_up(void)
{
    DIR *names = fdopendir(directory);
    struct dirent *entry;

    CHECK(names != NULL);
    while ((entry = readdir(names)) != NULL) {
        if (entry->d_name[0] != '.')
            CHECK(unlinkat(directory, entry->d_name, 0) == 0);
    }
    closedir(names);
    CHECK(rmdir(place) == 0);
}

int main(void)
{
    umask(0);
    set_up();
    test_making();
    test_links();
    test_attributes();
    test_moving();
    test_what_is_no_directory();
    test_openat2();
    test_a_directory_that_is_gone();
    clean_up();
    return 0;
}
