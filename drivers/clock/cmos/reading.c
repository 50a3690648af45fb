/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "reading.h"

#define AFTERNOON 0x80

static uint32_t number(uint8_t value, bool binary)
{
    return binary ? value : (uint32_t)(value >> 4) * 10 + (value & 0x0f);
}

static uint32_t hour_of(const struct clock_reading *reading, bool binary)
{
    if ((reading->format & CLOCK_24_HOURS) != 0)
        return number(reading->hour, binary);
    uint32_t hour = number(reading->hour & (uint8_t)~AFTERNOON, binary) % 12;
    return (reading->hour & AFTERNOON) != 0 ? hour + 12 : hour;
}

/* The century register may be missing, or be something else: then 1970 to 2069. */
static uint32_t year_of(const struct clock_reading *reading, bool binary)
{
    uint32_t year = number(reading->year, binary), century = number(reading->century, binary);
    if (century < 19 || century > 29)
        century = year >= 70 ? 19 : 20;
    return century * 100 + year;
}

static bool is_leap(uint32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static uint32_t days_in(uint32_t year, uint32_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap(year) ? 1u : 0u);
}

static uint64_t days_since_1970(uint32_t year, uint32_t month, uint32_t day)
{
    uint64_t days = day - 1;
    for (uint32_t past = 1970; past < year; past++)
        days += is_leap(past) ? 366 : 365;
    for (uint32_t past = 1; past < month; past++)
        days += days_in(year, past);
    return days;
}

bool clock_decode(const struct clock_reading *reading, uint64_t *seconds)
{
    bool binary = (reading->format & CLOCK_BINARY) != 0;
    uint32_t second = number(reading->second, binary), minute = number(reading->minute, binary);
    uint32_t hour = hour_of(reading, binary), year = year_of(reading, binary);
    uint32_t day = number(reading->day, binary), month = number(reading->month, binary);
    if (second > 59 || minute > 59 || hour > 23 || year < 1970 || month < 1 || month > 12 ||
        day < 1 || day > days_in(year, month))
        return false;
    *seconds = ((days_since_1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    return true;
}
