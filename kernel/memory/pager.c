/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Pagers.
 *
 * Nothing is queued but threads: who waits for a page of an object is on the
 * object's list of waiters, and what the pager is told is read off that list, so
 * a request needs no memory and ends with its thread. A waiter holds a reference
 * on the object, since what it mapped may be unmapped meanwhile.
 *
 * An answer changes the pages first and then has everybody concerned look again.
 * A refusal is remembered in the thread until it asks the next time, which is at
 * once, by the fault or the call that is started anew.
 */
#include <kernel/pager.h>

#include <kernel/call_arguments.h>
#include <kernel/copy.h>
#include <kernel/mapping.h>
#include <kernel/memory.h>
#include <kernel/relaxed.h>
#include <kernel/thread.h>

#define SUPPLY_PAGES 8 /* in one step */
#define MARK_PAGES 64

#define KIND_ANY UINT32_MAX

static struct thread *waiter_of(struct list_node *node)
{
    return container_of(node, struct thread, wait.link);
}

/* Waiting. */

static void cancel_request(struct thread *thread)
{
    struct memory *memory = thread->page_request.memory;
    lock_acquire(&memory->object.lock);
    list_remove(&thread->wait.link);
    lock_release(&memory->object.lock);
    object_release(&memory->object);
}

static bool was_told(const struct memory *memory, uint64_t offset, uint32_t kind)
{
    list_for_each (&memory->waiters, node) {
        const struct page_request *request = &waiter_of(node)->page_request;
        if (request->told && request->offset == offset && request->kind == kind)
            return true;
    }
    return false;
}

enum status pager_request(struct memory *memory, uint64_t offset, enum pager_request_kind kind)
{
    struct thread *self = thread_current();
    struct page_request *request = &self->page_request;
    bool same = request->memory == memory && request->offset == offset && request->kind == kind;
    bool refused = request->refused && same;
    request->refused = false;
    if (refused || memory->pagers == 0)
        return STATUS_NOT_FOUND;
    *request = (struct page_request){.memory = memory, .offset = offset, .kind = kind};
    request->told = was_told(memory, offset, kind);
    object_acquire(&memory->object);
    relaxed_store(&self->wait.kind, WAIT_RESTART);
    relaxed_store(&self->wait.on, NULL);
    self->wait.cancel = cancel_request;
    list_push_back(&memory->waiters, &self->wait.link);
    thread_start_wait(self, DEADLINE_NEVER);
    if (!request->told)
        object_signal_locked(&memory->object, 0, SIGNAL_READABLE);
    return STATUS_RESTART;
}

/* Who waits for something of this kind in a range of bytes. */
static void end_waits(struct memory *memory, const struct range *range, uint32_t kind, bool refuse)
{
    list_for_each_safe (&memory->waiters, node) {
        struct thread *thread = waiter_of(node);
        struct page_request *request = &thread->page_request;
        bool meant = request->offset >= range->start && request->offset < range->end &&
                     (kind == KIND_ANY || kind == request->kind);
        if (!meant || !thread_claim_wait(thread))
            continue;
        list_remove(node);
        request->refused = refuse;
        thread_finish_wait(thread, 0);
        object_release(&memory->object);
    }
    if (list_is_empty(&memory->waiters))
        object_signal_locked(&memory->object, SIGNAL_READABLE, 0);
}

void pager_retry(struct memory *memory, uint64_t start, uint64_t end)
{
    const struct range range = {start, end};
    end_waits(memory, &range, KIND_ANY, false);
}

void memory_opened(struct object *object, uint32_t rights)
{
    lock_acquire(&object->lock);
    container_of(object, struct memory, object)->pagers += (rights & RIGHT_MANAGE) != 0;
    lock_release(&object->lock);
}

void memory_closed(struct object *object, uint32_t rights)
{
    struct memory *memory = container_of(object, struct memory, object);
    lock_acquire(&object->lock);
    memory->pagers -= (rights & RIGHT_MANAGE) != 0;
    if (memory->pagers == 0)
        pager_retry(memory, 0, UINT64_MAX);
    lock_release(&object->lock);
}

/* What the pager is told. */

static bool is_among(const struct pager_request *results, uint32_t count,
                     const struct page_request *request)
{
    for (uint32_t i = 0; i < count; i++) {
        if (results[i].offset == request->offset && results[i].kind == request->kind)
            return true;
    }
    return false;
}

static uint32_t tell(struct memory *memory, struct pager_request *results, uint32_t limit,
                     bool again)
{
    uint32_t count = 0;
    bool more = false;
    list_for_each (&memory->waiters, node) {
        struct page_request *request = &waiter_of(node)->page_request;
        bool known = is_among(results, count, request);
        if (!known && (!request->told || again)) {
            more = more || count == limit;
            if (count == limit)
                continue;
            results[count++] =
                (struct pager_request){.offset = request->offset, .kind = request->kind};
            known = true;
        }
        request->told = request->told || known;
    }
    if (!more)
        object_signal_locked(&memory->object, SIGNAL_READABLE, 0);
    return count;
}

int64_t call_memory_requests(struct thread *self, const struct memory_requests_arguments *arguments)
{
    struct memory *memory = arguments->memory;
    struct pager_request results[PAGER_REQUESTS_MAX];
    const uint32_t most = PAGER_REQUESTS_MAX;
    uint32_t limit = arguments->count < most ? (uint32_t)arguments->count : most;
    if (limit == 0)
        return status_to_result(STATUS_INVALID);
    enum status status = copy_prepare_out(arguments->requests, limit * sizeof(results[0]));
    if (status != STATUS_OK)
        return status_to_result(status);
    lock_acquire(&memory->object.lock);
    uint32_t count = tell(memory, results, limit, (arguments->flags & PAGER_AGAIN) != 0);
    lock_release(&memory->object.lock);
    if (count == 0)
        return status_to_result(STATUS_WOULD_BLOCK);
    status = copy_out(arguments->requests, results, count * sizeof(results[0]));
    return status == STATUS_OK ? count : status_to_result(status);
}

/* What the pager answers. */

static enum status check_answer(const struct memory *memory, uint64_t offset, uint64_t length)
{
    uint64_t size = (relaxed_load(&memory->size) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    if (!memory_is_paged(memory))
        return STATUS_BAD_STATE;
    if (offset % PAGE_SIZE != 0 || length % PAGE_SIZE != 0)
        return STATUS_INVALID;
    bool inside = length != 0 && offset < size && length <= size - offset;
    return inside ? STATUS_OK : STATUS_OUT_OF_RANGE;
}

/* Put a page where none is, in exchange for the caller's reference. */
static enum status place_page(struct memory *memory, uint64_t offset, struct page *page)
{
    const struct range range = {offset, offset + PAGE_SIZE};
    uint64_t index = offset >> PAGE_SHIFT;
    enum status status = STATUS_EXISTS;
    lock_acquire(&memory->object.lock);
    if (offset < memory->size && page_tree_find(&memory->pages, index, NULL) == NULL)
        status = page_tree_set(&memory->pages, index, page, NULL);
    if (status == STATUS_OK) {
        memory->resident_pages++;
        end_waits(memory, &range, PAGER_SUPPLY, false);
    }
    lock_release(&memory->object.lock);
    if (status != STATUS_OK)
        page_release(page);
    return status == STATUS_EXISTS ? STATUS_OK : status;
}

int64_t call_memory_supply(struct thread *self, const struct memory_supply_arguments *arguments)
{
    struct memory *memory = arguments->memory;
    struct call_step *step = &self->step;
    enum status status = check_answer(memory, arguments->offset, arguments->length);
    for (uint32_t pages = 0; status == STATUS_OK && step->at < arguments->length; pages++) {
        struct page *page;
        if (pages == SUPPLY_PAGES)
            return status_to_result(STATUS_RESTART);
        status = page_allocate(memory->object.account, 0, PAGE_NODE_ANY, &page);
        if (status != STATUS_OK)
            break;
        page->paging = PAGE_CLEAN;
        status = copy_in(page_address(page), arguments->buffer + step->at, PAGE_SIZE);
        if (status == STATUS_OK)
            status = place_page(memory, arguments->offset + step->at, page);
        else
            page_release(page);
        step->at += status == STATUS_OK ? PAGE_SIZE : 0;
    }
    return status_to_result(status);
}

/* The pages of a range that have one state get another. The object's lock is held. */
static void change_pages(struct memory *memory, const struct range *pages, enum page_paging from,
                         enum page_paging to)
{
    uint64_t index = page_tree_next(&memory->pages, pages->start, pages->end);
    while (index < pages->end) {
        struct page *page = page_tree_find(&memory->pages, index, NULL);
        if (page->paging == from)
            page->paging = to;
        index = page_tree_next(&memory->pages, index + 1, pages->end);
    }
}

/* Pages that may vanish now: at once, or they are gone in a later step. */
static bool drop_clean(struct memory *memory, struct range *pages)
{
    bool done = true;
    lock_acquire(&memory->object.lock);
    struct range run = {page_tree_next(&memory->pages, pages->start, pages->end), 0};
    const struct page *page = page_tree_find(&memory->pages, run.start, NULL);
    lock_release(&memory->object.lock);
    run.end = run.start < pages->end ? run.start + 1 : run.start;
    if (run.start < run.end && page != NULL && page->paging == PAGE_CLEAN)
        done = memory_sweep_step(memory, &run, true);
    pages->start = done ? run.end : pages->start;
    return done;
}

static bool mark_part(struct memory *memory, struct range *pages, enum page_mark mark)
{
    const struct range bytes = {pages->start << PAGE_SHIFT, pages->end << PAGE_SHIFT};
    if (mark == PAGES_DROPPED)
        return drop_clean(memory, pages);
    lock_acquire(&memory->object.lock);
    if (mark == PAGES_WRITABLE)
        change_pages(memory, pages, PAGE_CLEAN, PAGE_WRITABLE);
    else if (mark == PAGES_CLEANING)
        change_pages(memory, pages, PAGE_WRITABLE, PAGE_CLEANING);
    else if (mark == PAGES_CLEAN)
        change_pages(memory, pages, PAGE_CLEANING, PAGE_CLEAN);
    if (mark <= PAGES_REFUSED)
        end_waits(memory, &bytes, mark == PAGES_REFUSED ? KIND_ANY : PAGER_WRITE,
                  mark == PAGES_REFUSED);
    lock_release(&memory->object.lock);
    if (mark == PAGES_CLEANING)
        return memory_sweep_step(memory, pages, false);
    pages->start = pages->end;
    return true;
}

int64_t call_memory_mark(struct thread *self, const struct memory_mark_arguments *arguments)
{
    struct call_step *step = &self->step;
    enum status status = check_answer(arguments->memory, arguments->offset, arguments->length);
    if (status == STATUS_OK && arguments->mark > PAGES_DROPPED)
        status = STATUS_INVALID;
    if (status != STATUS_OK)
        return status_to_result(status);
    uint64_t first = arguments->offset >> PAGE_SHIFT;
    uint64_t end = first + (arguments->length >> PAGE_SHIFT);
    struct range pages = {step->at > first ? step->at : first, end};
    if (arguments->mark != PAGES_REFUSED && pages.end > pages.start + MARK_PAGES)
        pages.end = pages.start + MARK_PAGES;
    bool done = mark_part(arguments->memory, &pages, arguments->mark);
    step->at = pages.start;
    return status_to_result(done && pages.start >= end ? STATUS_OK : STATUS_RESTART);
}

/* Up to `limit` ranges that are not clean, of the pages of a range that moves up. */
static uint32_t collect(struct memory *memory, struct range *pages, struct memory_range *results,
                        uint32_t limit)
{
    uint32_t count = 0;
    uint64_t index = pages->start;
    for (uint32_t looked = 0; looked < MARK_PAGES; looked++) {
        index = page_tree_next(&memory->pages, index, pages->end);
        if (index == pages->end)
            break;
        uint64_t offset = index << PAGE_SHIFT;
        struct memory_range *last = &results[count - (count != 0)];
        bool clean = page_tree_find(&memory->pages, index, NULL)->paging == PAGE_CLEAN;
        bool joins = count != 0 && last->offset + last->length == offset;
        if (!clean && !joins && count == limit)
            break;
        if (!clean && joins)
            last->length += PAGE_SIZE;
        else if (!clean)
            results[count++] = (struct memory_range){offset, PAGE_SIZE};
        index++;
    }
    pages->start = index;
    return count;
}

int64_t call_memory_collect(struct thread *self, const struct memory_collect_arguments *arguments)
{
    struct memory *memory = arguments->memory;
    struct memory_range results[MEMORY_RANGES_MAX];
    const uint32_t most = MEMORY_RANGES_MAX;
    uint32_t limit = arguments->count < most ? (uint32_t)arguments->count : most;
    if (limit == 0 || arguments->offset % PAGE_SIZE != 0 || !memory_is_paged(memory))
        return status_to_result(memory_is_paged(memory) ? STATUS_INVALID : STATUS_BAD_STATE);
    enum status status = copy_prepare_out(arguments->ranges, limit * sizeof(results[0]));
    if (status != STATUS_OK)
        return status_to_result(status);
    uint64_t first = arguments->offset >> PAGE_SHIFT;
    struct range pages = {self->step.at > first ? self->step.at : first, PAGE_TREE_INDEX_MAX};
    lock_acquire(&memory->object.lock);
    uint32_t count = pages.start < pages.end ? collect(memory, &pages, results, limit) : 0;
    lock_release(&memory->object.lock);
    self->step.at = pages.start;
    if (count == 0)
        return status_to_result(pages.start < pages.end ? STATUS_RESTART : STATUS_OK);
    status = copy_out(arguments->ranges, results, count * sizeof(results[0]));
    return status == STATUS_OK ? count : status_to_result(status);
}
