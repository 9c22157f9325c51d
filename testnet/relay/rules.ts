// What can be put on the links between validators, one direction at a time, and the sets of rules by which networks are broken.
import { MupibError } from '../../proto/errors.ts'

/** One direction of a link: bytes that flow from a validator to another, whichever of the two dialled. */
export interface Direction {
  readonly from: string
  readonly to: string
}

/** What one direction of a link does to its bytes; nothing of it is a link without faults. They combine. */
export interface LinkRules {
  /** Milliseconds that every byte takes longer. */
  readonly delayMs?: number
  /** Milliseconds by which that varies, up or down; the order of bytes is kept. */
  readonly jitterMs?: number
  readonly bytesPerSecond?: number
  /** Both directions cut: connections are destroyed and new ones refused. One alone: its bytes wait, as if every packet were lost. */
  readonly cut?: boolean
  /** Bytes wait and nothing is closed: both directions are a half-open connection, one is a one-way loss. What waited comes when it ends. */
  readonly stalled?: boolean
  /** Cut and mended by turns, for so many milliseconds each, beginning with the cut. */
  readonly flap?: { readonly downMs: number; readonly upMs: number }
}

/** The rules of one direction. */
export interface LinkRule extends Direction {
  readonly rules: LinkRules
}

/** One direction as the relay tells of it. */
export interface LinkState extends LinkRule {
  /** Where `from` dials to reach `to`. */
  readonly port: number
  /** Open connections between the two, whoever dialled. */
  readonly connections: number
  /** Bytes handed on in this direction since the relay started. */
  readonly bytes: number
}

/** All directions among these validators. */
export const directionsOf = (validators: readonly string[]): Direction[] =>
  validators.flatMap(from => validators.filter(to => to !== from).map(to => ({ from, to })))

/** Both directions of the links between two sets of validators. */
export const directionsBetween = (some: readonly string[], others: readonly string[]): Direction[] =>
  some.flatMap(one =>
    others
      .filter(other => other !== one)
      .flatMap(other => [
        { from: one, to: other },
        { from: other, to: one },
      ]),
  )

/** The same rules for each of these directions. */
export const ruleAll = (directions: readonly Direction[], rules: LinkRules): LinkRule[] =>
  directions.map(({ from, to }) => ({ from, to, rules }))

/**
 * Rules that split validators into groups that do not reach each other; whoever is in no group is alone. Links within a group get no
 * rules, so that a new partition takes the place of an old one. Throws `usage` for a name that is unknown or in two groups.
 */
export function partitionRules(validators: readonly string[], groups: readonly (readonly string[])[]): LinkRule[] {
  const groupOf = new Map<string, number>()
  for (const [index, group] of groups.entries())
    for (const name of group) {
      if (!validators.includes(name))
        throw new MupibError('usage', `no validator is called ${name}`, { hint: `there are: ${validators.join(', ')}` })
      if (groupOf.has(name)) throw new MupibError('usage', `${name} is named twice`)
      groupOf.set(name, index)
    }
  const isTogether = ({ from, to }: Direction): boolean => groupOf.has(from) && groupOf.get(from) === groupOf.get(to)
  return directionsOf(validators).map(direction => ({
    ...direction,
    rules: isTogether(direction) ? {} : { cut: true },
  }))
}
