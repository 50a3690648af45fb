/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What standard input and standard output cost on their way through the console, in
 * nanoseconds per KiB without idle time; under -icount shift=0 one is an instruction.
 * Time is told in hundredths of a second, so there has to be much of both. Standard
 * input is read to its end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK 4096
#define OUTPUT_CHUNKS 256
#define NS_PER_HUNDREDTH 10000000ULL

static char bytes[CHUNK];

/* Nanoseconds in which the processor was not idle. */
static unsigned long long busy(void)
{
    FILE *file = fopen("/proc/uptime", "r");
    unsigned long long up, idle;
    unsigned up_part, idle_part;
    if (file == NULL || fscanf(file, "%llu.%u %llu.%u", &up, &up_part, &idle, &idle_part) != 4) {
        perror("/proc/uptime");
        exit(1);
    }
    fclose(file);
    return ((up - idle) * 100 + up_part - idle_part) * NS_PER_HUNDREDTH;
}

static void print(const char *name, unsigned long long ns, unsigned long long size)
{
    printf("\nbench: %s %llu\n", name, size == 0 ? 0 : ns * 1024 / size);
}

static unsigned long long read_all(void)
{
    unsigned long long size = 0;
    ssize_t count;
    while ((count = read(0, bytes, sizeof(bytes))) > 0)
        size += (unsigned long long)count;
    return size;
}

static unsigned long long write_much(void)
{
    memset(bytes, '.', sizeof(bytes));
    for (int i = 0; i < OUTPUT_CHUNKS; i++) {
        for (size_t done = 0; done < sizeof(bytes);) {
            ssize_t count = write(1, bytes + done, sizeof(bytes) - done);
            if (count <= 0)
                exit(1);
            done += (size_t)count;
        }
    }
    return OUTPUT_CHUNKS * sizeof(bytes);
}

int main(void)
{
    unsigned long long before = busy(), size = read_all();
    print("console_in", busy() - before, size);
    fflush(stdout);
    before = busy();
    size = write_much();
    print("console_out", busy() - before, size);
    return 0;
}
