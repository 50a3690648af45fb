/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/real_time.h>

#include <base/service.h>
#include <trellis/native.h>

static void write_page(handle_t page, uint64_t offset, const void *bytes, uint64_t size)
{
    if (native_memory_write(page, offset, bytes, size) != (int64_t)size)
        service_fail("the time page cannot be written");
}

/* Readers start over while the version is odd. */
void real_time_set(handle_t page, int64_t offset_ns)
{
    uint32_t version;
    if (native_memory_read(page, offsetof(struct time_page, version), &version, sizeof(version)) !=
        sizeof(version))
        service_fail("the time page cannot be read");
    version |= 1;
    write_page(page, offsetof(struct time_page, version), &version, sizeof(version));
    write_page(page, offsetof(struct time_page, realtime_offset_ns), &offset_ns, sizeof(offset_ns));
    version++;
    write_page(page, offsetof(struct time_page, version), &version, sizeof(version));
}
