/*
 * One order, given again until it is answered, against somebody who owns the broker and may restart
 * the board, with or without what its disk remembers.
 *
 * An order names the board's life and a tick of it; whoever gives it asks for both first (QUERY,
 * STATE), gives the same order again while that life answers, and a new one, under a new number,
 * where another life does (protocol/order-step.ts). The board's rules are those of
 * firmware-agent/core/orders.ts and carry-out.ts: for this life, not older than its ttl when it is
 * carried out, and a number that is known gets its answer again.
 *
 * Safety: nothing is carried out twice, or later than its ttl after it was sealed, or in a life that
 * it does not name; what is answered `done` was carried out. Liveness: once everything new arrives
 * within its tick, somebody who still waits is answered.
 *
 * -DMUTANT=n takes one rule away; each must be found (see README.md beside this file).
 */
#ifndef MUTANT
#define MUTANT 0
#endif
/* Ages, in ticks, up to the one that says "too old". */
#define TTL 1
#define OLD 3
#define LIVES 3
/* Orders that are given while he plays; one more is kept for calm times. */
#define PLAYED 3
#define ORDERS (PLAYED + 1)
#define NONE 0
#define DONE 1
#define EXPIRED 2
#define INTERRUPTED 3

/* Orders that were sealed: their number is their place. */
byte given = 0;
byte lifeOf[ORDERS + 1];
byte age[ORDERS + 1];
/* A STATE of each life, by the age of its tick; what he may show whoever asks. */
byte stateAge[LIVES + 1];

/* The board: what it knows of each number, and of what it has yet to carry out. */
byte life = 1;
byte known[ORDERS + 1];
bool pending[ORDERS + 1];

/* Whoever gives the order. */
byte answer = NONE;

/* Ghosts. */
byte acted[ORDERS + 1];
/* Of the results that were sealed for this number, the latest. */
byte result[ORDERS + 1];

bool calm = false;
byte rounds = 0;
hidden byte n;

inline tickOn() {
  d_step {
    for (n : 1 .. LIVES) {
      if
      :: n == life -> stateAge[n] = 0
      :: n != life && stateAge[n] < OLD -> stateAge[n]++
      :: else
      fi
    }
    for (n : 1 .. ORDERS) { if :: age[n] < OLD -> age[n]++ :: else fi }
    n = 0
  }
}

/* order-step.ts: seals an order for the life whose STATE arrived, unless one for it is under way. */
inline hearState(l) {
  d_step {
    if
    :: answer == NONE && given < (calm -> ORDERS : PLAYED) && (given == 0 || lifeOf[given] != l) ->
      given++;
      lifeOf[given] = l;
      /* The order carries the tick of that STATE, so it is as old as that. */
      age[given] = stateAge[l]
    :: else
    fi
  }
}

/* orders.ts: taken once, for this life, in time. */
inline hearOrder(o) {
  d_step {
    if
    :: lifeOf[o] != life && MUTANT != 1
    :: (lifeOf[o] == life || MUTANT == 1) && known[o] == NONE && !pending[o] ->
      if
      :: age[o] > TTL -> known[o] = EXPIRED; result[o] = EXPIRED
      :: else -> pending[o] = true
      fi
    :: (lifeOf[o] == life || MUTANT == 1) && MUTANT == 2 && known[o] == DONE -> pending[o] = true
    :: else -> if :: known[o] != NONE -> result[o] = known[o] :: else fi
    fi
  }
}

/* carry-out.ts: the journal took some time; the ttl is looked at once more at the cut. */
inline carryOut(o) {
  d_step {
    if
    :: pending[o] && age[o] > TTL && MUTANT != 3 ->
      pending[o] = false; known[o] = EXPIRED; result[o] = EXPIRED
    :: pending[o] && (age[o] <= TTL || MUTANT == 3) ->
      assert(acted[o] == 0);
      assert(age[o] <= TTL);
      assert(lifeOf[o] == life);
      acted[o]++;
      pending[o] = false; known[o] = DONE; result[o] = DONE
    :: else
    fi
  }
}

inline hearResult(o) {
  d_step {
    if
    :: result[o] != NONE && answer == NONE && o == given ->
      answer = result[o];
      assert(answer != DONE || acted[o] == 1)
    :: else
    fi
  }
}

/* start.ts: what the disk remembers is answered again; what had not ended is told as interrupted. */
inline restartBoard(remembers) {
  d_step {
    life++;
    stateAge[life] = 0;
    for (n : 1 .. ORDERS) {
      if
      :: (remembers) && pending[n] -> known[n] = INTERRUPTED; result[n] = INTERRUPTED
      :: !(remembers) -> known[n] = NONE
      :: else
      fi;
      pending[n] = false
    }
    n = 0
  }
}

active proctype broker() {
  d_step {
    for (n : 1 .. LIVES) { stateAge[n] = OLD }
    for (n : 1 .. ORDERS) { age[n] = OLD }
    stateAge[1] = 0;
    n = 0
  }
  do
  :: tickOn()
  :: hearState(1)
  :: life >= 2 -> hearState(2)
  :: life >= 3 -> hearState(3)
  :: given >= 1 -> hearOrder(1)
  :: given >= 2 -> hearOrder(2)
  :: given >= 3 -> hearOrder(3)
  :: pending[1] -> carryOut(1)
  :: pending[2] -> carryOut(2)
  :: pending[3] -> carryOut(3)
  :: given >= 1 -> hearResult(given)
  :: life < LIVES -> restartBoard(true)
  :: life < LIVES -> restartBoard(false)
  :: calm = true; break
  od;
  do
  :: answer != NONE -> break
  :: answer == NONE ->
    tickOn();
    hearState(life);
    if
    :: given == 1 -> hearOrder(1); carryOut(1); hearResult(1)
    :: given == 2 -> hearOrder(2); carryOut(2); hearResult(2)
    :: given == 3 -> hearOrder(3); carryOut(3); hearResult(3)
    :: given == 4 -> hearOrder(4); carryOut(4); hearResult(4)
    fi;
    rounds++;
    assert(answer != NONE || rounds < 2)
  od
}

/* Whoever still waits when he has had enough is answered. */
ltl answered { [] (calm -> <> (answer != NONE)) }
