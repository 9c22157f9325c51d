// A stretch of Twins cases, run one after the other, and how stretches add up.
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import { runTwins, type TwinsCase, type TwinsResult } from './twins.ts'
import { exhaustiveCase, sampledCase } from './twins-cases.ts'

export interface TwinsOrder {
  readonly kind: 'exhaustive' | 'sampled'
  /** First number of a case, or first seed. */
  readonly from: number
  readonly count: number
  /** Twins of four validators in sampled cases; f of 4 or 7 where left out. */
  readonly twinCount: number | undefined
  readonly bug: string | undefined
}

export interface TwinsFailure {
  readonly number: number
  readonly invariant: string
  readonly text: string
}

export interface TwinsSum {
  readonly cases: number
  /** Blocks became final while processes were parted; a twin was convicted. */
  readonly finalWhileParted: number
  readonly caught: number
  /** Broken invariants by name, and the failure with the lowest number. */
  readonly violations: Readonly<Record<string, number>>
  readonly first: TwinsFailure | undefined
  readonly recoveryMsMax: number
  readonly messages: number
  /** Over the results of all cases, whatever their order: the same on every machine. */
  readonly checksum: number
}

export const emptyTwinsSum: TwinsSum = {
  cases: 0,
  finalWhileParted: 0,
  caught: 0,
  violations: {},
  first: undefined,
  recoveryMsMax: 0,
  messages: 0,
  checksum: 0,
}

export const caseOf = ({ kind, twinCount }: Pick<TwinsOrder, 'kind' | 'twinCount'>, number: number): TwinsCase =>
  kind === 'exhaustive' ? exhaustiveCase(number) : sampledCase(number, twinCount)

export function runTwinsStretch(order: TwinsOrder): TwinsSum {
  const wrap = order.bug === undefined ? undefined : bugNamed(order.bug)?.wrap
  let sum = emptyTwinsSum
  for (let number = order.from; number < order.from + order.count; number++) {
    sum = addTwinsSums(sum, sumOf(number, runTwins(caseOf(order, number), wrap)))
  }
  return sum
}

function sumOf(
  number: number,
  { violation, heightParted, height, isCaught, recoveryMs = 0, inputs }: TwinsResult,
): TwinsSum {
  let checksum = number + 1
  for (const part of [heightParted, height, isCaught ? 1 : 0, recoveryMs, inputs, violation ? 1 : 0]) {
    checksum = Math.imul(checksum ^ part, 0x9e3779b1) ^ (checksum >>> 15)
  }
  return {
    cases: 1,
    finalWhileParted: heightParted > 0 ? 1 : 0,
    caught: isCaught ? 1 : 0,
    violations: violation ? { [violation.invariant]: 1 } : {},
    first: violation && { number, ...violation },
    recoveryMsMax: recoveryMs,
    messages: inputs,
    checksum: checksum >>> 0,
  }
}

export function addTwinsSums(a: TwinsSum, b: TwinsSum): TwinsSum {
  const violations = { ...a.violations }
  for (const [name, count] of Object.entries(b.violations)) violations[name] = (violations[name] ?? 0) + count
  return {
    cases: a.cases + b.cases,
    finalWhileParted: a.finalWhileParted + b.finalWhileParted,
    caught: a.caught + b.caught,
    violations,
    first: b.first && (!a.first || b.first.number < a.first.number) ? b.first : a.first,
    recoveryMsMax: Math.max(a.recoveryMsMax, b.recoveryMsMax),
    messages: a.messages + b.messages,
    checksum: (a.checksum + b.checksum) >>> 0,
  }
}
