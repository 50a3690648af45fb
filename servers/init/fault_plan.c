/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "fault_plan.h"

#include <base/text.h>
#include <trellis/structures.h>

static bool parse_time(const char *text, size_t length, uint64_t *time_ns)
{
    static const struct {
        const char *name;
        uint64_t ns;
    } units[] = {{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}};
    uint64_t number;
    size_t digits = text_parse_number(text, length, &number);
    for (size_t i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]); i++) {
        size_t unit = strlen(units[i].name);
        if (length - digits == unit && memcmp(text + digits, units[i].name, unit) == 0)
            return !__builtin_mul_overflow(number, units[i].ns, time_ns);
    }
    return false;
}

static bool parse_fault(const char *text, size_t length, struct fault *fault)
{
    const char *at = memchr(text, '@', length);
    size_t name = at == NULL ? 0 : (size_t)(at - text);
    if (name == 0 || name >= sizeof(fault->service))
        return false;
    memcpy(fault->service, text, name);
    fault->service[name] = '\0';
    return parse_time(at + 1, length - name - 1, &fault->at_ns);
}

static void insert(struct fault_plan *plan, const struct fault *fault)
{
    unsigned place = plan->count++;
    for (; place > 0 && plan->faults[place - 1].at_ns > fault->at_ns; place--)
        plan->faults[place] = plan->faults[place - 1];
    plan->faults[place] = *fault;
}

bool fault_plan_add(struct fault_plan *plan, const char *text, size_t length, bool crash)
{
    struct fault_plan whole = *plan;
    const char *end = text + length, *comma;
    for (; text <= end; text = comma + 1) {
        struct fault fault = {.crash = crash};
        comma = memchr(text, ',', (size_t)(end - text));
        comma = comma == NULL ? end : comma;
        if (whole.count == FAULTS_MAX || !parse_fault(text, (size_t)(comma - text), &fault))
            return false;
        insert(&whole, &fault);
    }
    *plan = whole;
    return true;
}

uint64_t fault_plan_next_ns(const struct fault_plan *plan, uint64_t now_ns)
{
    for (unsigned i = 0; i < plan->count; i++) {
        if (plan->faults[i].at_ns > now_ns)
            return plan->faults[i].at_ns;
    }
    return DEADLINE_NEVER;
}

bool fault_plan_take(struct fault_plan *plan, uint64_t now_ns, bool (*may_end)(const char *service),
                     struct fault *fault)
{
    for (unsigned i = 0; i < plan->count && plan->faults[i].at_ns <= now_ns; i++) {
        if (!may_end(plan->faults[i].service))
            continue;
        *fault = plan->faults[i];
        plan->count--;
        memmove(plan->faults + i, plan->faults + i + 1, (plan->count - i) * sizeof(*fault));
        return true;
    }
    return false;
}
