/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A server that is killed at any store and replaced: servers/tty/ledger.c and
 * request.c, with what the kernel keeps of it (kernel/object/ipc.c, endpoint.c).
 *
 * Clients make requests, repeat those whose server died, and close. A request puts
 * a byte into its client's queue, in a step of the ledger that leaves an answer. Queued
 * bytes go out through a ring, and input comes from it. The endpoint with its queue and
 * notices, the ring's counters and the ledger outlive an instance; all else goes.
 *
 * Checked: who has an answer has had his request carried out once; what was queued goes
 * out once, and what came in is taken once; no client is left waiting and no closed one
 * open (an invalid end state). An answer is kept for as many deaths as there are places
 * for old ones (LEDGER_OLD_ANSWERS).
 *
 * small: -DCLIENTS=2 -DREQUESTS=1 -DDEATHS=2 -DPLACES=2
 * large: -DCLIENTS=2 -DREQUESTS=2 -DDEATHS=2 -DPLACES=2
 * mutant: NO_UNDO          the next instance keeps what a step left half done
 * mutant: DISARM_FIRST     it forgets the step before it has gone back
 * mutant: ANSWER_AFTER     the answer is stored after the step
 * mutant: DROP_IN_STEP     the answer before is dropped within the step, so it comes back by another's name
 * mutant: FORGET_ANSWERS   the next instance does not keep the last answer
 * mutant: ONE_PLACE        answers of two deaths share a place
 * mutant: INPUT_UNDONE     a step that has taken its input is gone back on
 * mutant: RING_UNSEEN      whether a frame is in the ring is not looked at
 * mutant: SEND_IN_STEP     bytes go out before their step has ended
 * mutant: NOTICE_LOST      the kernel does not tell again that a client has closed
 * mutant: QUEUE_LOST       the endpoint's queue ends with the server
 */

#ifdef ONE_PLACE
#define PLACE 0
#else
#define PLACE (old_next % PLACES)
#endif
#define NOBODY CLIENTS
#define INPUT  1 /* bytes that come in */
#define BEFORE(at) (old_valid[at] && old_client[at] == now && old_request[at] == request[now])

/* The kernel's: */
mtype = { AWAY, QUEUED, TAKEN, ANSWERED, DIED, LOST };
mtype call[CLIENTS] = AWAY;
mtype notice[CLIENTS] = AWAY; /* that a client has closed: QUEUED, then TAKEN by who was told */
byte ring_sent, ring_taken;

/* The clients': */
byte request[CLIENTS]; /* the number of the one they make */

/* The ledger: */
bool open[CLIENTS] = true;
byte put[CLIENTS], counted[CLIENTS]; /* two stores that belong together */
byte moved[CLIENTS];                 /* of `put`, how many are in the ring */
byte typed;                          /* of the input */
bool armed;
byte undo_of, undo_put, undo_counted, undo_typed, undo_taken;
bool undo_valid;
bool answer_valid;
byte answer_client, answer_request;
bool old_valid[PLACES];
byte old_client[PLACES], old_request[PLACES], old_next;
bool framed;
byte frame_of, frame_after, frame_moved;

bool kill;
byte deaths;

inline begin_step(whose)
{
    d_step {
        undo_of = whose;
        undo_put = put[whose];
        undo_counted = counted[whose];
        undo_typed = typed;
        undo_valid = answer_valid;
        undo_taken = ring_taken
    };
    armed = true
}

inline end_step()
{
    armed = false
}

inline go_back()
{
    answer_valid = undo_valid;
    put[undo_of] = undo_put;
    counted[undo_of] = undo_counted;
    typed = undo_typed
}

inline set_answer()
{
    d_step { answer_client = now; answer_request = request[now] };
    answer_valid = true
}

/* A byte of a queue into the ring. */
inline send_one(whose)
{
    d_step { frame_of = whose; frame_moved = moved[whose] + 1; frame_after = ring_sent + 1 };
    framed = true;
    ring_sent++;
    moved[whose] = frame_moved;
    framed = false
}

inline recover()
{
    if
#ifdef NO_UNDO
    :: false
#elif defined(INPUT_UNDONE)
    :: armed ->
#else
    :: armed && undo_taken == ring_taken ->
#endif
#ifdef DISARM_FIRST
        armed = false;
#endif
        go_back()
    :: else
    fi;
    armed = false;
    if
#ifdef RING_UNSEEN
    :: framed ->
#else
    :: framed && frame_after == ring_sent ->
#endif
        moved[frame_of] = frame_moved
    :: else
    fi;
    framed = false;
    if
    :: answer_valid ->
#ifndef FORGET_ANSWERS
        old_valid[PLACE] = false;
        d_step { old_client[PLACE] = answer_client; old_request[PLACE] = answer_request };
        old_valid[PLACE] = true;
        old_next = (old_next + 1) % PLACES;
#endif
        answer_valid = false
    :: else
    fi
}

inline find_answer()
{
    d_step {
        found = answer_valid && answer_client == now && answer_request == request[now];
        at = 0;
        do
        :: at == PLACES -> break
        :: else -> found = found || BEFORE(at); at++
        od
    }
}

inline carry_out()
{
#ifndef DROP_IN_STEP
    answer_valid = false;
#endif
    begin_step(now);
#ifdef DROP_IN_STEP
    answer_valid = false;
#endif
    put[now]++;
#ifdef SEND_IN_STEP
    send_one(now);
#endif
    counted[now]++;
#ifndef ANSWER_AFTER
    set_answer();
#endif
    end_step();
#ifdef ANSWER_AFTER
    set_answer()
#endif
}

/* The kernel's part of an end. */
inline die()
{
    kill = false;
    at = 0;
    do
    :: at == CLIENTS -> break
    :: else ->
        if
        :: call[at] == TAKEN -> call[at] = DIED
#ifdef QUEUE_LOST
        :: call[at] == QUEUED -> call[at] = LOST
#endif
        :: else
        fi;
        if
#ifdef NOTICE_LOST
        :: notice[at] == TAKEN -> notice[at] = LOST
#else
        :: notice[at] == TAKEN -> notice[at] = QUEUED
#endif
        :: else
        fi;
        at++
    od;
    now = NOBODY;
    at = 0
}

active [CLIENTS] proctype client()
{
    do
    :: request[_pid] == REQUESTS -> break
    :: else ->
        request[_pid]++;
        do
        :: true ->
            call[_pid] = QUEUED;
            if
            :: call[_pid] == ANSWERED -> break
            :: call[_pid] == DIED
            fi
        od;
        assert(put[_pid] == request[_pid] && counted[_pid] == request[_pid])
    od;
    notice[_pid] = QUEUED
}

active proctype server()
{
    byte now = NOBODY, at;
    bool found;

    do
    :: true ->
        {
            recover();
            do
            :: ring_taken < INPUT ->
                begin_step(0);
                typed++;
                ring_taken++;
                end_step()
            :: d_step {
                    call[0] == QUEUED -> now = 0; call[0] = TAKEN
                };
                goto work
            :: d_step {
                    call[1] == QUEUED -> now = 1; call[1] = TAKEN
                };
work:
                find_answer();
                if
                :: found
                :: else -> carry_out()
                fi;
                d_step { call[now] = ANSWERED; now = NOBODY }
            :: moved[0] < put[0] -> send_one(0)
            :: moved[1] < put[1] -> send_one(1)
            :: notice[0] == QUEUED ->
                notice[0] = TAKEN;
                open[0] = false;
                notice[0] = AWAY
            :: notice[1] == QUEUED ->
                notice[1] = TAKEN;
                open[1] = false;
                notice[1] = AWAY
            :: !open[0] && !open[1] && ring_taken == INPUT && moved[0] == put[0] && moved[1] == put[1] ->
                goto done
            od
        } unless {
            kill -> d_step { die() }
        }
    od;
done:
    assert(ring_sent == put[0] + put[1]);
    assert(typed == INPUT)
}

active proctype killer()
{
    do
    :: deaths < DEATHS && !kill -> d_step { deaths++; kill = true }
    :: true -> break
    od
}
