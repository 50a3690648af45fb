/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The message calls: handles are decoded here, words stay in the registers. */
#include <kernel/ipc.h>

#include <kernel/call_arguments.h>
#include <kernel/handle.h>
#include <kernel/process.h>

static enum status resolve_session(struct thread *self, struct session **session)
{
    struct handle_view view;
    enum status status = handle_resolve(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_SESSION, RIGHT_WRITE, &view);
    if (status == STATUS_OK)
        *session = container_of(view.object, struct session, object);
    return status;
}

static enum status resolve_endpoint(struct thread *self, struct endpoint **endpoint)
{
    struct handle_view view;
    enum status status = handle_resolve(&self->process->handles, arch_call_argument(self, 0),
                                        OBJECT_ENDPOINT, RIGHT_READ, &view);
    if (status == STATUS_OK)
        *endpoint = container_of(view.object, struct endpoint, object);
    return status;
}

int64_t call_ipc_call(struct thread *self)
{
    struct session *session;
    enum status status = resolve_session(self, &session);
    return status_to_result(status == STATUS_OK ? ipc_call(self, session, false) : status);
}

int64_t call_ipc_call_until(struct thread *self)
{
    struct session *session;
    enum status status = resolve_session(self, &session);
    return status_to_result(status == STATUS_OK ? ipc_call(self, session, true) : status);
}

int64_t call_ipc_send(struct thread *self)
{
    struct session *session;
    enum status status = resolve_session(self, &session);
    return status_to_result(status == STATUS_OK ? ipc_send(self, session) : status);
}

int64_t call_ipc_receive(struct thread *self)
{
    struct endpoint *endpoint;
    enum status status = resolve_endpoint(self, &endpoint);
    return status_to_result(status == STATUS_OK ? ipc_receive(self, endpoint, false) : status);
}

int64_t call_ipc_receive_until(struct thread *self)
{
    struct endpoint *endpoint;
    enum status status = resolve_endpoint(self, &endpoint);
    return status_to_result(status == STATUS_OK ? ipc_receive(self, endpoint, true) : status);
}

int64_t call_ipc_reply_and_wait(struct thread *self)
{
    struct endpoint *endpoint;
    enum status status = resolve_endpoint(self, &endpoint);
    return status_to_result(status == STATUS_OK ? ipc_reply_and_wait(self, endpoint) : status);
}

int64_t call_ipc_reply(struct thread *self)
{
    return status_to_result(ipc_reply(self, arch_call_argument(self, 0)));
}
