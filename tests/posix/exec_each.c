/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Executes each file of a directory and prints how that ended: the error of
 * execve, the status, or the signal.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_S 10

static void execute(const char *name, int report)
{
    char *arguments[] = {(char *)name, NULL}, *environment[] = {NULL};
    int null = open("/dev/null", O_RDWR);

    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    alarm(LIMIT_S); /* survives execve */
    execve(name, arguments, environment);
    int error = errno;
    CHECK(write(report, &error, sizeof(error)) == sizeof(error));
    _exit(0);
}

static void try(const char *name)
{
    int ends[2], error, status;

    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        execute(name, ends[1]);
    close(ends[1]);
    ssize_t count = read(ends[0], &error, sizeof(error));
    close(ends[0]);
    CHECK(waitpid(child, &status, 0) == child);
    if (count == sizeof(error))
        printf("%s: %s\n", name, strerror(error));
    else if (WIFSIGNALED(status))
        printf("%s: signal %d\n", name, WTERMSIG(status));
    else
        printf("%s: status %d\n", name, WEXITSTATUS(status));
}

int main(int count, char **arguments)
{
    struct dirent **entries;

    CHECK(count == 2 && chdir(arguments[1]) == 0);
    int found = scandir(".", &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        if (entries[i]->d_name[0] != '.')
            try(entries[i]->d_name);
    }
    return 0;
}
