/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The native calls on handles, whatever they name. */
#include <kernel/handle.h>

#include <kernel/call_arguments.h>
#include <kernel/process.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>

enum status handle_meet_rights(uint32_t *rights, uint32_t wanted)
{
    if ((wanted & RIGHT_SAME) != 0)
        return wanted == RIGHT_SAME ? STATUS_OK : STATUS_INVALID;
    if ((wanted & ~(uint32_t)RIGHT_ALL) != 0)
        return STATUS_INVALID;
    *rights &= wanted;
    return STATUS_OK;
}

int64_t call_handle_close(struct thread *self, const struct handle_close_arguments *arguments)
{
    return status_to_result(handle_close(&self->process->handles, arguments->handle));
}

int64_t handle_copy(const struct handle_table *table, handle_t handle, uint32_t rights,
                    uint32_t flags, struct handle_table *to)
{
    struct handle_view view;
    handle_t token;

    enum status status = handle_resolve(table, handle, OBJECT_ANY, RIGHT_COPY, &view);
    if (status == STATUS_OK)
        status = handle_meet_rights(&view.rights, rights);
    view.flags = flags;
    if (status == STATUS_OK)
        status = handle_insert(to, &view, &token);
    return status == STATUS_OK ? (int64_t)token : status_to_result(status);
}

int64_t call_handle_copy(struct thread *self, const struct handle_copy_arguments *arguments)
{
    struct handle_table *table = &self->process->handles;
    return handle_copy(table, arguments->handle, arguments->rights, arguments->flags, table);
}

int64_t call_handle_inspect(struct thread *self, const struct handle_inspect_arguments *arguments)
{
    struct handle_view view;

    enum status status =
        handle_resolve(&self->process->handles, arguments->handle, OBJECT_ANY, 0, &view);
    if (status != STATUS_OK)
        return status_to_result(status);
    *arguments->information = (struct handle_information){
        .object_id = view.object->id,
        .type = view.object->type,
        .rights = view.rights,
        .signals = relaxed_load(&view.object->signals),
        .flags = view.flags,
    };
    return 0;
}

int64_t call_handle_mark(struct thread *self, const struct handle_mark_arguments *arguments)
{
    return status_to_result(
        handle_mark(&self->process->handles, arguments->handle, arguments->flags));
}
