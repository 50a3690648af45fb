/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Revocation against calls in flight: kernel/object/derivation.c, ipc.c and
 * ipc_fast.c, each process a CPU.
 *
 * Callers begin a call by a handle that is being revoked, each on the general or
 * on the fast path; a server takes and answers calls, or stops doing so at any
 * moment. Who revokes marks the handle dead, then ends the waits it finds.
 *
 * Checked: no call by the dead handle is left waiting (an invalid end state), and
 * a call ends once.
 *
 * small: -DCALLERS=2
 * large: -DCALLERS=3
 * mutant: NO_SECOND_LOOK    the general path does not look again once it waits
 * mutant: FAST_LOOKS_EARLY  the fast path looks before it has locked the endpoint
 * mutant: MARK_LATE         waits are ended before the handle is marked
 * mutant: END_WITHOUT_CLAIM who ends a wait does not claim it first
 */

bool lock_taken;
bool dead;             /* the handle's derivation */
bool receiving;        /* lock: the server waits at the endpoint */
bool listed[CALLERS];  /* lock: queued, or taken by the server */
bool waiting[CALLERS]; /* who sets it to false owns the end of the wait */
byte ends[CALLERS];
byte ended;

inline lock()
{
    atomic { !lock_taken -> lock_taken = true }
}

inline unlock()
{
    lock_taken = false
}

/* End a wait, whoever comes first; the endpoint is not locked. */
inline end_wait(which)
{
#ifdef END_WITHOUT_CLAIM
    if
    :: waiting[which] ->
        waiting[which] = false;
        ends[which]++;
        ended++
    :: else
    fi;
#else
    atomic {
        if
        :: waiting[which] ->
            waiting[which] = false;
            ends[which]++;
            ended++
        :: else
        fi
    };
#endif
    assert(ends[which] <= 1);
    lock();
    listed[which] = false;
    unlock()
}

/* With the endpoint locked. */
inline begin_wait(which)
{
    listed[which] = true;
    waiting[which] = true
}

active [CALLERS] proctype caller()
{
    bool served;

    if
    :: dead -> ended++; goto done
    :: else
    fi;

    if
    :: true -> /* the fast path */
#ifdef FAST_LOOKS_EARLY
        lock();
        if
        :: receiving ->
#else
        lock();
        if
        :: receiving && !dead ->
#endif
            receiving = false;
            begin_wait(_pid);
            unlock();
            goto wait
        :: else -> unlock()
        fi
    :: true
    fi;

    lock();
    if
    :: receiving -> receiving = false; served = true
    :: else -> begin_wait(_pid)
    fi;
    unlock();
    if
    :: served -> /* the message is delivered, unlocked */
        lock();
        begin_wait(_pid);
        unlock()
    :: else
    fi;
#ifndef NO_SECOND_LOOK
    if
    :: dead -> end_wait(_pid)
    :: else
    fi;
#endif
wait:
    !waiting[_pid];
done:
    skip
}

active proctype revoker()
{
    byte i;
    bool found;

#ifndef MARK_LATE
    dead = true;
#endif
    do
    :: i == CALLERS -> break
    :: else ->
        lock();
        found = listed[i] && waiting[i];
        unlock();
        if
        :: found -> end_wait(i)
        :: else -> i++
        fi
    od;
#ifdef MARK_LATE
    dead = true;
#endif
}

active proctype server()
{
    byte i;

    do
    :: true -> break /* it stops */
    :: ended < CALLERS ->
        lock();
        receiving = true;
        unlock();
        if
        :: ended == CALLERS -> break
        :: i = 0;
            do
            :: i == CALLERS -> break
            :: i < CALLERS && waiting[i] -> end_wait(i); break
            :: i < CALLERS -> i++
            od
        fi
    od
}
