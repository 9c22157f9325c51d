// Makes purchase traces from a seed, after the purchase model of the first paper's section 7: in every slot of time each user buys
// with a fixed probability. Some users misuse some of their tokens.
import { SeededRandom } from '../random.ts'
import type { Behaviour, Purchase } from './trace.ts'

export interface TraceModel {
  readonly seed: number
  readonly users: number
  readonly vendors: number
  /** About how many purchases; the number follows from the draws. */
  readonly purchases: number
  /** Time of the first slot, in milliseconds since 1970. */
  readonly start: number
  /** Length of the trace and of a slot, in milliseconds. */
  readonly durationMs: number
  readonly slotMs: number
  /** Share of a cheating user's purchases that cheat. */
  readonly cheatShare: number
}

const hourMs = 3_600_000

/** A day of 20 users at 5 vendors. */
export const dayModel: TraceModel = {
  seed: 1,
  users: 20,
  vendors: 5,
  purchases: 2_000,
  start: Date.UTC(2026, 2, 2),
  durationMs: 24 * hourMs,
  slotMs: 60_000,
  cheatShare: 0.04,
}

/** What vendors sell: a trade with its items and their prices in minor units. */
const trades: readonly { readonly vendor: string; readonly items: readonly (readonly [string, bigint])[] }[] = [
  {
    vendor: 'news',
    items: [
      ['article', 2n],
      ['crossword', 3n],
      ['weekend edition', 8n],
    ],
  },
  {
    vendor: 'music',
    items: [
      ['song', 4n],
      ['concert, live', 12n],
      ['podcast', 2n],
    ],
  },
  {
    vendor: 'maps',
    items: [
      ['route', 1n],
      ['city map', 6n],
      ['satellite tile', 3n],
    ],
  },
  {
    vendor: 'games',
    items: [
      ['extra life', 5n],
      ['level pack', 15n],
      ['hint', 1n],
    ],
  },
  {
    vendor: 'parking',
    items: [
      ['half an hour', 6n],
      ['charging', 10n],
      ['day ticket', 20n],
    ],
  },
]

// Every fifth user cheats, each in a way of its own; one vendor, the third, presents a payment twice now and then.
function behaviourOf(user: number, vendor: number, model: TraceModel, random: SeededRandom): Behaviour {
  const cheats: readonly Behaviour[] = ['double-spend', 'altered', 'forged', 'double-spend']
  const draw = random.fraction()
  if (user % 5 === 4) return draw < model.cheatShare ? cheats[((user - 4) / 5) % cheats.length]! : 'honest'
  return vendor % 5 === 2 && draw < model.cheatShare ? 'replay' : 'honest'
}

// Buying follows the day: little at night, most around noon and in the evening; the mean is 1.
const hourWeights = [1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 9, 11, 14, 12, 9, 8, 9, 11, 14, 15, 13, 9, 5, 2]
const weightMean = hourWeights.reduce((sum, weight) => sum + weight, 0) / hourWeights.length

/** A trace in order of time. The same model gives the same purchases on every machine. */
export function generateTrace(model: TraceModel): Purchase[] {
  const random = new SeededRandom(model.seed)
  const slots = Math.max(1, Math.floor(model.durationMs / model.slotMs))
  const probability = model.purchases / (slots * model.users)
  const purchases: Purchase[] = []
  for (let slot = 0; slot < slots; slot++) {
    const slotStart = model.start + slot * model.slotMs
    const weight = hourWeights[Math.floor(slotStart / hourMs) % 24]! / weightMean
    const buys: Purchase[] = []
    for (let user = 0; user < model.users; user++) {
      if (random.fraction() >= probability * weight) continue
      const vendor = random.integer(0, model.vendors - 1)
      const { vendor: name, items } = trades[vendor % trades.length]!
      const [item, price] = random.pick(items)
      buys.push({
        time: slotStart + random.integer(0, Math.floor(model.slotMs / 1000) - 1) * 1000,
        user: `user-${String(user + 1).padStart(2, '0')}`,
        vendor: vendor < trades.length ? name : `${name}-${Math.floor(vendor / trades.length) + 1}`,
        item,
        price,
        behaviour: behaviourOf(user, vendor, model, random),
      })
    }
    purchases.push(...buys.sort((a, b) => a.time - b.time))
  }
  return purchases
}
