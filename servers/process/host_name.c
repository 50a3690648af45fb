/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "host_name.h"

#include <base/text.h>

static char names[2][HOST_NAME_MAX_LENGTH + 1] = {"trellis", "(none)"};

const char *host_name_get(unsigned which)
{
    return which == HOST_NAME || which == DOMAIN_NAME ? names[which - 1] : NULL;
}

bool host_name_set(unsigned which, const char *name, size_t length)
{
    if (host_name_get(which) == NULL || length > HOST_NAME_MAX_LENGTH)
        return false;
    memcpy(names[which - 1], name, length);
    names[which - 1][length] = '\0';
    return true;
}
