/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* User programs cannot read what the processor is; they know what all have that run them. */
#include "cpu_information.h"

#include <base/text.h>

void cpu_describe(struct cpu_description *description)
{
    (void)text_format(description->text, sizeof(description->text),
                      "Features\t: fp asimd\nCPU architecture: 8\n");
}
