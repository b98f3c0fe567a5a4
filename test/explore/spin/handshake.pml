/*
 * The handshake between a host and the board, against somebody who owns the wire.
 *
 * He hears everything and may deliver any of it, at any time, as often as he likes, in any order,
 * or never; he may restart the board and reboot the host. He cannot forge: what is not in the sets
 * of sent messages was never sealed. The rules are those of protocol/wire/session (handshake.ts,
 * agent.ts and table.ts for the board, host.ts and lives.ts for the host), named beside each step.
 *
 * Time is the age of ticks: every tick makes everything older by one, up to OLD, beyond which no
 * rule tells ages apart; so time goes on for ever in finitely many states. F is one tick.
 *
 * Safety is asserted where a beat is believed. Liveness: from whatever state he leaves behind, once
 * every new message arrives within its tick (old ones may still be played in between, as long as he
 * has nonces for it), a session of the present lives stands after at most ROUNDS_MAX ticks.
 *
 * -DMUTANT=n takes one rule away; each must be found (see README.md beside this file).
 */
#ifndef MUTANT
#define MUTANT 0
#endif
#define F 1
#define OLD 2
#define LIVES 2
/* Nonces of either end while he plays, and what is kept for calm times. */
#ifndef PLAYED
#define PLAYED 2
#endif
#define NONCES (PLAYED + 2)
/* Beats of a session that are told apart. */
#define SEQS 2
#define ROUNDS_MAX 2
#define UNHEARD 255

#define beatNo(w, s) (((w) - 1) * SEQS + (s) - 1)
#define drawable(n) ((n) < (calm -> NONCES : PLAYED))

/* What was sealed, for him to deliver. Of HELLOs with one nonce the one with the youngest tick. */
bool helloSent[NONCES + 1];
byte helloAge[NONCES + 1];
byte beatsSent[NONCES + 1];
byte sentAge[NONCES * SEQS];
byte echoAge[NONCES * SEQS];
byte beaconAge[LIVES + 1];

/* What nonces mean: a wNonce names a session, and its keys are derived from all of this. */
byte hNonceOf[NONCES + 1];
byte bootOf[NONCES + 1];
byte lifeOf[NONCES + 1];
byte hDrawn = 0;
byte wDrawn = 0;

/* The board. */
byte life = 1;
byte standing = 0;
byte slot0 = 0;
byte slot1 = 0;
byte lastSeq[NONCES + 1];
byte live = 0;
bool retired[LIVES + 1];

/* The host, for each life of the board. */
byte boot = 1;
byte heardAge[LIVES + 1];
byte hNonce[LIVES + 1];
byte session[LIVES + 1];
bool took[NONCES + 1];

bool calm = false;
bool stands = false;

/* Ghosts: what the checks remember. */
bool believed[NONCES * SEQS];
bool sawSecond = false;

hidden byte n;
hidden byte b;
hidden byte l;

#define waits(w) (slot0 == (w) || slot1 == (w))
#define isServed(w) ((w) != 0 && standing == (w))

/* The board issues its next tick. */
inline tickOn() {
  d_step {
    for (n : 1 .. LIVES) {
      if
      :: n == life -> beaconAge[n] = 0
      :: n != life && beaconAge[n] < OLD -> beaconAge[n]++
      :: else
      fi;
      if :: heardAge[n] < OLD -> heardAge[n]++ :: else fi
    }
    for (n : 1 .. NONCES) { if :: helloAge[n] < OLD -> helloAge[n]++ :: else fi }
    for (n : 0 .. NONCES * SEQS - 1) {
      if :: sentAge[n] < OLD -> sentAge[n]++ :: else fi;
      if :: echoAge[n] < OLD -> echoAge[n]++ :: else fi
    }
    n = 0
  }
}

/* host.ts, lives.ts: a beacon that is not older than the last one of its life gets a HELLO, where
   there is no session with that life, or its ALIVEs are missing. */
inline hearBeacon(al, age, missing) {
  d_step {
    if
    :: age <= heardAge[al] ->
      heardAge[al] = age;
      if
      :: session[al] == 0 || (missing) ->
        if
        :: hNonce[al] == 0 && drawable(hDrawn) ->
          hDrawn++;
          hNonce[al] = hDrawn;
          bootOf[hDrawn] = boot;
          lifeOf[hDrawn] = al
        :: else
        fi;
        if
        :: hNonce[al] != 0 -> helloSent[hNonce[al]] = true; helloAge[hNonce[al]] = age
        :: else
        fi
      :: else
      fi
    :: else
    fi
  }
}

/* handshake.ts `onHello`: for this life, fresh, of no life that is over; one that is known opens
   nothing. The older of two slots makes room (table.ts `openSlot`). */
inline hearHello(h) {
  d_step {
    if
    :: (lifeOf[h] == life || MUTANT == 1) && helloAge[h] <= F &&
       (!retired[bootOf[h]] || MUTANT == 2) ->
      if
      :: (standing != 0 && hNonceOf[standing] == h) || (slot0 != 0 && hNonceOf[slot0] == h) ||
         (slot1 != 0 && hNonceOf[slot1] == h)
      :: else ->
        if
        :: drawable(wDrawn) ->
          wDrawn++;
          hNonceOf[wDrawn] = h;
          if
          :: slot0 == 0 -> slot0 = wDrawn
          :: slot0 != 0 && slot1 == 0 -> slot1 = wDrawn
          :: else -> slot0 = slot1; slot1 = wDrawn
          fi
        :: else
        fi
      fi
    :: else
    fi
  }
}

/* lives.ts `answered`: it answers the nonce that is kept, and was not taken before. Then the
   session beats at once. */
inline hearWelcome(w) {
  d_step {
    l = lifeOf[hNonceOf[w]];
    if
    :: (hNonce[l] == hNonceOf[w] || MUTANT == 5) && !took[w] ->
      took[w] = true;
      session[l] = w;
      beatsSent[w] = 1;
      sentAge[beatNo(w, 1)] = 0;
      echoAge[beatNo(w, 1)] = heardAge[l]
    :: else
    fi
  }
}

/* standing.ts: one more beat on the session with a life of the board. */
inline beat(al) {
  d_step {
    n = session[al];
    if
    :: n != 0 && beatsSent[n] < SEQS ->
      beatsSent[n]++;
      sentAge[beatNo(n, beatsSent[n])] = 0;
      echoAge[beatNo(n, beatsSent[n])] = heardAge[al]
    :: else
    fi
  }
}

/* table.ts `stand` and `beginLife`: slots older than it are settled, other lives of the host that
   knocked before it are over, on this path with what stands and waits. */
inline believe(w) {
  b = bootOf[hNonceOf[w]];
  if
  :: b != live && live != 0 -> retired[live] = true
  :: else
  fi;
  if
  :: b != live && slot0 != 0 && slot0 < w && bootOf[hNonceOf[slot0]] != b ->
    retired[bootOf[hNonceOf[slot0]]] = true
  :: else
  fi;
  live = b;
  standing = w;
  if :: slot1 <= w -> slot1 = 0 :: else fi;
  if :: slot0 <= w -> slot0 = slot1; slot1 = 0 :: else fi;
  if :: slot1 != 0 && retired[bootOf[hNonceOf[slot1]]] -> slot1 = 0 :: else fi;
  if
  :: slot0 != 0 && retired[bootOf[hNonceOf[slot0]]] -> slot0 = slot1; slot1 = 0
  :: else
  fi
}

/* agent.ts `onSession`: under the key of a session that stands or waits, with a growing number, and
   fresh where it would begin a new life of the host. */
inline hearBeat(w, s) {
  d_step {
    if
    :: (standing == w || waits(w)) && (s > lastSeq[w] || MUTANT == 3) &&
       (bootOf[hNonceOf[w]] == live || echoAge[beatNo(w, s)] <= F || MUTANT == 4) ->
      assert(lifeOf[hNonceOf[w]] == life);
      assert(!believed[beatNo(w, s)]);
      assert(!retired[bootOf[hNonceOf[w]]]);
      assert(!(bootOf[hNonceOf[w]] == 1 && sawSecond));
      assert(bootOf[hNonceOf[w]] == live || sentAge[beatNo(w, s)] <= F);
      believed[beatNo(w, s)] = true;
      if :: bootOf[hNonceOf[w]] == 2 -> sawSecond = true :: else fi;
      lastSeq[w] = s;
      believe(w)
    :: else
    fi
  }
}

/* In calm times a session beats on for ever; what it says is new and fresh. */
inline hearOn(w) {
  d_step {
    if
    :: w != 0 && (standing == w || waits(w)) && heardAge[life] <= F ->
      assert(!retired[bootOf[hNonceOf[w]]]);
      believe(w);
      lastSeq[w] = SEQS
    :: else
    fi;
    stands = isServed(session[life]) || retired[boot]
  }
}

/* agent.ts `retire`: a fence was published. The host may live on, if a sense lied. */
inline fenced() {
  d_step {
    retired[live] = true;
    if :: standing != 0 && bootOf[hNonceOf[standing]] == live -> standing = 0 :: else fi;
    if :: slot1 != 0 && bootOf[hNonceOf[slot1]] == live -> slot1 = 0 :: else fi;
    if
    :: slot0 != 0 && bootOf[hNonceOf[slot0]] == live -> slot0 = slot1; slot1 = 0
    :: else
    fi;
    live = 0
  }
}

inline restartBoard() {
  d_step {
    life++;
    standing = 0; slot0 = 0; slot1 = 0; live = 0;
    for (n : 1 .. LIVES) { retired[n] = false }
    forgetDeadLife();
    sawSecond = false;
    beaconAge[life] = 0
  }
}

inline rebootHost() {
  d_step {
    boot++;
    for (n : 1 .. LIVES) { heardAge[n] = UNHEARD; hNonce[n] = 0; session[n] = 0 }
    n = 0
  }
}

/* What can be of no use to anybody any more is forgotten, or the same state would count many times. */
inline forgetDeadLife() {
  for (n : 1 .. hDrawn) {
    if
    :: lifeOf[n] < life && MUTANT != 1 -> helloSent[n] = false; helloAge[n] = OLD
    :: else
    fi
  }
}

/* One of all the messages that he has, the first or the latest beat of a session among them. */
inline playOld() {
  if
  :: hearBeacon(1, OLD, true)
  :: life == 2 -> hearBeacon(2, OLD, true)
  :: helloSent[1] -> hearHello(1)
  :: helloSent[2] -> hearHello(2)
  :: helloSent[3] -> hearHello(3)
  :: wDrawn >= 1 -> hearWelcome(1)
  :: wDrawn >= 2 -> hearWelcome(2)
  :: wDrawn >= 3 -> hearWelcome(3)
  :: beatsSent[1] >= 1 -> hearBeat(1, 1)
  :: beatsSent[2] >= 1 -> hearBeat(2, 1)
  :: beatsSent[3] >= 1 -> hearBeat(3, 1)
  :: beatsSent[1] >= 2 -> hearBeat(1, 2)
  :: beatsSent[2] >= 2 -> hearBeat(2, 2)
  :: beatsSent[3] >= 2 -> hearBeat(3, 2)
  fi
}

inline playNew() {
  if
  :: tickOn()
  :: hearBeacon(1, beaconAge[1], true)
  :: hearBeacon(1, beaconAge[1], false)
  :: life == 2 -> hearBeacon(2, beaconAge[2], true)
  :: life == 2 -> hearBeacon(2, beaconAge[2], false)
  :: session[1] != 0 -> beat(1)
  :: session[2] != 0 -> beat(2)
  :: live != 0 -> fenced()
  :: life < LIVES -> restartBoard()
  :: boot < LIVES -> rebootHost()
  fi
}

active proctype wire() {
  byte rounds = 0;
  d_step {
    heardAge[1] = UNHEARD;
    heardAge[2] = UNHEARD;
    for (n : 1 .. NONCES) { helloAge[n] = OLD }
    for (n : 0 .. NONCES * SEQS - 1) { sentAge[n] = OLD; echoAge[n] = OLD }
    n = 0
  }
  do
  :: playNew()
  :: playOld()
  :: calm = true; break
  od;
  /* A life that was fenced is never heard again; only its next one would be. */
  stands = isServed(session[life]) || retired[boot];
  do
  :: stands -> break
  :: !stands ->
    tickOn();
    hearBeacon(life, 0, !isServed(session[life]));
    if :: hNonce[life] != 0 -> hearHello(hNonce[life]) :: else fi;
    if :: true :: playOld() fi;
    d_step {
      /* Every WELCOME arrives, the newest last. */
      for (n : 1 .. wDrawn) {
        l = lifeOf[hNonceOf[n]];
        if
        :: hNonce[l] == hNonceOf[n] && !took[n] -> took[n] = true; session[l] = n
        :: else
        fi
      }
      n = 0; l = 0
    }
    if :: true :: playOld() fi;
    hearOn(session[life]);
    rounds++;
    assert(stands || rounds < ROUNDS_MAX)
  od
}

/* Once he has had enough a session stands, whatever he left behind. */
ltl standsAtLast { [] (calm -> <> stands) }
