/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The counter when the first command of a shell starts: what booting cost. Under
 * -icount sleep=off the counter also steps over time in which the processor was idle;
 * where the system counts that, it is told apart. Also the memory in use then, in KiB.
 */
#include "counter.h"

#include <stdio.h>

static void print_idle(void)
{
    FILE *file = fopen("/proc/uptime", "r");
    if (file == NULL)
        return;
    unsigned seconds, hundredths;
    if (fscanf(file, "%*u.%*u %u.%u", &seconds, &hundredths) == 2)
        printf("bench: boot_idle %u\n", seconds * 1000 + hundredths * 10);
    fclose(file);
}

static void print_memory(void)
{
    FILE *file = fopen("/proc/meminfo", "r");
    if (file == NULL)
        return;
    char line[128];
    unsigned long total = 0, value;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "MemTotal: %lu", &value) == 1)
            total = value;
        else if (sscanf(line, "MemFree: %lu", &value) == 1)
            printf("bench: memory %lu\n", total - value);
    }
    fclose(file);
}

int main(void)
{
    printf("bench: boot %llu\n", (unsigned long long)counter_read());
    print_idle();
    print_memory();
    return 0;
}
