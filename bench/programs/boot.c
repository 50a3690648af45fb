/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The counter when the first command of a shell starts: what booting cost. Also the
 * memory in use then, in KiB.
 */
#include "counter.h"

#include <stdio.h>

int main(void)
{
    printf("bench: boot %llu\n", (unsigned long long)counter_read());
    FILE *file = fopen("/proc/meminfo", "r");
    if (file == NULL)
        return 0;
    char line[128];
    unsigned long total = 0, value;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "MemTotal: %lu", &value) == 1)
            total = value;
        else if (sscanf(line, "MemFree: %lu", &value) == 1)
            printf("bench: memory %lu\n", total - value);
    }
    fclose(file);
    return 0;
}
