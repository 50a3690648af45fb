/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Prints what the system drew for this program at its start: AT_RANDOM, in hexadecimal. */
#include <stdio.h>
#include <sys/auxv.h>

int main(void)
{
    const unsigned char *drawn = (const unsigned char *)getauxval(AT_RANDOM);

    for (int i = 0; i < 16; i++)
        printf("%02x", drawn[i]);
    printf("\n");
    return 0;
}
