// What an experiment file says: network, load, faults in time, and what must hold. Both engines read this; which of them gives which fault
// stands in docs/experiments.md. Times are in milliseconds here, and written with their unit in the file ("250ms", "5s", "2m").
import * as z from 'zod'
import { unitsMs } from '../../cli/common/durations.ts'
import { adversaryNames } from '../../consensus/adversaries/index.ts'
import { limits } from '../../proto/limits.ts'
import { lockSuites } from '../../proto/session/terms.ts'
import { dishonestClients, dishonestVendors } from '../dishonest/index.ts'

const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'a time with its unit, such as 250ms, 5s or 2m')
  .transform(text => {
    const [, count, unit] = /^([\d.]+)(\w+)$/.exec(text)!
    return Math.round(Number(count) * unitsMs[unit!]!)
  })
  .describe('time')

/** May be before or after: a clock's skew. */
const signedDuration = z
  .string()
  .regex(/^[+-]?\d+(\.\d+)?(ms|s|m|h)$/, 'a time with sign and unit, such as +5s or -300ms')
  .transform(text => {
    const [, sign, count, unit] = /^([+-]?)([\d.]+)(\w+)$/.exec(text)!
    return Math.round(Number(count) * unitsMs[unit!]!) * (sign === '-' ? -1 : 1)
  })
  .describe('signed time')

const share = z.number().min(0).max(1)

/** v1 … v31, bank, auditor, auditor-2 …, vendor-1 …, till, client-1 …; `leader` is the leader of the moment, `validators` and `all` stand for many. */
const target = z
  .string()
  .regex(/^(v\d+|bank|auditor(-\d+)?|vendor-\d+|till|client-\d+|leader|validators|all)$/, 'a process, such as v1')
const validator = z.string().regex(/^(v\d+|leader)$/, 'a validator, such as v1, or leader')
const targets = z.union([target.transform(name => [name]), z.array(target).min(1)])
const validators = z.union([validator.transform(name => [name]), z.array(validator).min(1)])

/** Links between validators: all, all of one, or one pair. Both directions. */
const links = z
  .union([
    z.literal('all'),
    z.strictObject({ of: validators }),
    z.strictObject({ between: z.tuple([validator, validator]) }),
  ])
  .default('all')

/** What is broken, by name; exactly one in each fault. */
const actions = {
  // network
  delay: z.strictObject({ links, by: duration, jitter: duration.default(0) }),
  throttle: z.strictObject({ links, kilobytesPerSecond: z.number().int().min(1) }),
  loss: z.strictObject({ links, rate: share }),
  duplicate: z.strictObject({ links, rate: share }),
  reorder: z.strictObject({ links, rate: share }),
  reset: z.strictObject({ links }),
  halfOpen: z.strictObject({ links }),
  flap: z.strictObject({ links, down: duration, up: duration }),
  /** One direction only. */
  cut: z.strictObject({ from: validators, to: validators }),
  /** Groups of validators; whoever is in none of them is alone. */
  partition: z.strictObject({ groups: z.array(z.array(validator)).min(1) }),
  isolate: z.strictObject({ nodes: validators }),
  /** Two sides that only these validators reach. */
  bridge: z.strictObject({ via: validators, sides: z.tuple([z.array(validator), z.array(validator)]) }),
  /** Cuts off whoever leads, looking so often who that is. In the file that is an `every` inside; the fault has one of its own. */
  followLeader: z
    .strictObject({ every: duration.default(500) })
    .transform(({ every }): { readonly looksEvery: number } => ({ looksEvery: every })),
  // processes
  kill: z.strictObject({ nodes: targets }),
  /** At a write or a send, drawn from the seed. */
  killAtBoundary: z.strictObject({ nodes: validators }),
  pause: z.strictObject({ nodes: targets }),
  /** Ended gracefully and started again: one after the other, or all at once. */
  restart: z.strictObject({ nodes: targets, rolling: z.boolean().default(false) }),
  slowCpu: z.strictObject({ nodes: targets, share: share.default(0.2) }),
  littleHeap: z.strictObject({ nodes: targets, megabytes: z.number().int().min(16) }),
  noDescriptors: z.strictObject({ nodes: targets, limit: z.number().int().min(16) }),
  // disks
  powerLoss: z.strictObject({ nodes: targets }),
  tornTail: z.strictObject({ nodes: validators }),
  flipBit: z.strictObject({
    nodes: validators,
    file: z.enum(['any', 'log', 'table', 'manifest', 'current']).default('any'),
  }),
  diskFull: z.strictObject({ nodes: validators }),
  ioError: z.strictObject({ nodes: validators }),
  oldSnapshot: z.strictObject({ nodes: validators, rejoin: z.boolean().default(true) }),
  wipe: z.strictObject({ nodes: validators, rejoin: z.boolean().default(true) }),
  // clocks
  clockSkew: z.strictObject({ nodes: validators, by: signedDuration }),
  clockJump: z.strictObject({ nodes: validators, by: signedDuration }),
  /** So much slower or faster than time: 0.01 gains 10 ms each second. */
  clockDrift: z.strictObject({ nodes: validators, rate: z.number().min(-0.5).max(0.5) }),
  // parties
  flood: z.strictObject({
    by: z.enum(['auditor', 'user', 'validator', 'stranger']),
    what: z.enum(['records', 'garbage', 'requests', 'connections']).default('records'),
    perSecond: z.number().int().min(1).default(200),
  }),
  revoke: z.strictObject({ member: z.enum(['auditor', 'auditor-2', 'bank']) }),
} as const

export type ActionName = keyof typeof actions
export const actionNames = Object.keys(actions) as readonly ActionName[]

type Actions = { readonly [Name in ActionName]: z.infer<(typeof actions)[Name]> }
/** What a fault does. */
export type Action = { readonly [Name in ActionName]: { readonly action: Name } & Actions[Name] }[ActionName]

/** A fault of the fault phase. Times count from the beginning of that phase. */
export type Fault = {
  readonly at: number
  /** How long it lasts; left out, it is over at once, or lasts until the phase ends. */
  readonly lasts: number | undefined
  /** Begins anew after so long, until the phase ends. */
  readonly every: number | undefined
} & Action

const faultFields = { at: duration.default(0), for: duration.optional(), every: duration.optional() }

const fault = z
  .strictObject({
    ...faultFields,
    ...(Object.fromEntries(Object.entries(actions).map(([name, schema]) => [name, schema.optional()])) as {
      [Name in ActionName]: z.ZodOptional<(typeof actions)[Name]>
    }),
  })
  .transform((given, context): Fault => {
    const named = actionNames.filter(name => given[name] !== undefined)
    if (named.length !== 1)
      context.addIssue({
        code: 'custom',
        message: `one of ${actionNames.join(', ')}; ${named.length === 0 ? 'none is named' : `not ${named.length}`}`,
      })
    const [name] = named
    const { at, for: lasts, every } = given
    return { at, lasts, every, action: name, ...given[name!] } as Fault
  })

const byzantine = z
  .record(z.string().regex(/^v\d+$/, 'a validator, such as v4'), z.enum([...adversaryNames] as [string, ...string[]]))
  .default({})

const network = z
  .strictObject({
    validators: z.number().int().min(1).max(limits.validators).default(4),
    auditors: z.number().int().min(1).max(4).default(1),
    /** The view timeout. */
    timeout: duration.default(1_000),
    /** How every link is before any fault. */
    delay: duration.default(0),
    jitter: duration.default(0),
    /** Validators that are adversaries from the start, and what they do. */
    byzantine,
  })
  .prefault({})

const behaviours = <Name extends string>(dishonest: Readonly<Record<Name, unknown>>) =>
  z.enum<readonly ('honest' | Name)[]>(['honest', ...(Object.keys(dishonest) as Name[])])

/** Clients that pay one vendor, the till, by the piece. */
const sessions = z.strictObject({
  /** Clients, each with one session at a time. */
  count: z.number().int().min(1).max(32).default(3),
  /** Sessions of each, one after the other. */
  each: z.number().int().min(1).max(8).default(1),
  /** Payments per second of each. */
  rate: z.number().positive().max(100).default(10),
  /** Payments of a session, at most. */
  payments: z.number().int().min(2).max(10_000).default(20),
  /** Money of one payment, in minor units. */
  unit: z.number().int().min(1).max(1_000_000).default(5),
  suite: z.enum(Object.keys(lockSuites) as [keyof typeof lockSuites]).default('schnorr'),
  /** How long the till may answer a close of the client. */
  window: duration.default(2_000),
  /** From agreeing on a session to its expiry. */
  lasts: duration.default(30_000),
  client: behaviours(dishonestClients).default('honest'),
  vendor: behaviours(dishonestVendors).default('honest'),
})

const load = z
  .strictObject({
    users: z.number().int().min(1).max(200).default(4),
    vendors: z.number().int().min(1).max(16).default(2),
    /** Payments per second, of all users together. */
    rate: z.number().positive().max(2_000).default(10),
    /** Tokens of a payment, at most. */
    tokens: z.number().int().min(1).max(64).default(3),
    /** W0 of the auditors. */
    blockSize: z.number().int().min(1).max(1_024).default(20),
    /** Share of the payments that cheat, by what they do. */
    cheats: z
      .strictObject({
        doubleSpend: share.default(0),
        altered: share.default(0),
        forged: share.default(0),
        /** The vendor presents it twice. */
        doubleSelling: share.default(0),
        /** The same tokens at two vendors, through two auditors, at once. */
        twoVendors: share.default(0),
      })
      .prefault({}),
    /** Left out, there are none. */
    sessions: sessions.optional(),
  })
  .prefault({})

export const invariantIds = [
  'I1',
  'I2',
  'I3',
  'I4',
  'I5',
  'I6',
  'I7',
  'I8',
  'I9',
  'I10',
  'I11',
  'I12',
  'I13',
  'L1',
  'F1',
] as const
/** I1 to I13 as docs/experiments.md lists them; L1: the spends of every token are linearizable; F1: sessions are fair. */
export type InvariantId = (typeof invariantIds)[number]

const expect = z
  .strictObject({
    /** Invariants that this experiment is made to break: it passes where the checker reports them. */
    broken: z.array(z.enum(invariantIds)).default([]),
    /** What rests on those, and may break with them or not. */
    mayBreak: z.array(z.enum(invariantIds)).optional(),
    /** At least so many tokens with this verdict. */
    verdicts: z.partialRecord(z.enum(['11', '01', '10', '00']), z.number().int().min(0)).default({}),
    /** Whether, in the fault phase, nothing is decided for longer than f dead leaders may cost: (f + 2) view timeouts and the redial cap. */
    stalls: z.boolean().optional(),
    /** Payments that were delivered, at least. */
    delivered: z.number().int().min(0).optional(),
    /** The next verdict after the faults, at most. */
    recoversIn: duration.optional(),
    /** Share of the rate before the faults that remains during them, at least. */
    rateKept: share.optional(),
    /** Of the sessions together; each number is the least. */
    sessions: z
      .strictObject({
        /** By whose word they were settled. */
        settled: z.partialRecord(z.enum(['joint', 'vendor', 'client', 'expiry']), z.number().int().min(1)).default({}),
        /** A client closed at an earlier payment than the till proved. */
        contested: z.number().int().min(1).optional(),
        /** By the code with which somebody was refused. */
        refused: z
          .record(z.string().regex(/^[a-z_]+$/, 'a code, such as bad_proof'), z.number().int().min(1))
          .default({}),
        /** Units that arrived. */
        served: z.number().int().min(1).optional(),
        /** What the bank thinks of every client at the end, exactly. */
        reputation: z.number().int().min(0).max(100).optional(),
      })
      .optional(),
  })
  .prefault({})

/** The schema of an experiment file. */
export const manifestSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'small letters, digits and dashes'),
  title: z.string().min(1).max(120),
  /** What is tried, and what is to be learnt from it. */
  about: z.string().default(''),
  network,
  load,
  phases: z
    .strictObject({
      warmUp: duration.default(2_000),
      faults: duration.default(10_000),
      settle: duration.default(3_000),
    })
    .prefault({}),
  faults: z.array(fault).default([]),
  expect,
})

/** An experiment, checked and complete. */
export type Manifest = z.infer<typeof manifestSchema>
