// All checkers, in the order of their rules. What a run says of the same seed run again (I13) takes two runs: trace.ts.
import type { Checker, Finding, Run } from '../history.ts'
import { acknowledgedSurvive } from './acknowledged.ts'
import { agreement } from './agreement.ts'
import { boundedUnderFlood } from './bounds.ts'
import { damageNeverServed } from './damage.ts'
import { signersEntitled } from './entitled.ts'
import { recoversAfterHealing } from './healing.ts'
import { spendsLinearizable } from './linearizability.ts'
import { moneyBalances } from './money.ts'
import { repeatedOnce } from './repeats.ts'
import { sessionsFair } from './sessions.ts'
import { crashedEqualOthers, equalStateRoots } from './stores.ts'
import { tokensOnce } from './tokens-once.ts'
import { votesOnce } from './votes.ts'

const checkers: readonly Checker[] = [
  agreement,
  tokensOnce,
  acknowledgedSurvive,
  crashedEqualOthers,
  equalStateRoots,
  moneyBalances,
  votesOnce,
  signersEntitled,
  recoversAfterHealing,
  damageNeverServed,
  repeatedOnce,
  boundedUnderFlood,
  spendsLinearizable,
  sessionsFair,
]

/** Holds a run against every rule. */
export const check = (run: Run): Finding[] => checkers.map(checker => checker(run))
