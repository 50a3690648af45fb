/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* User programs cannot read what the hart is; they know what all have that run them. */
#include "cpu_information.h"

#include <base/text.h>

void cpu_describe(struct cpu_description *description)
{
    (void)text_format(description->text, sizeof(description->text),
                      "isa\t\t: rv64imafdc\nmmu\t\t: sv39\n");
}
