// The rules of sessions (C1 to C13), each at its boundary.
import { describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import type { SignedRecord } from '../../proto/records.ts'
import { signSession } from '../../proto/session/terms.ts'
import { settleClaim, type TestSession } from '../../proto/session/testing.ts'
import type { SessionStanding } from '../../proto/verdict.ts'
import { admission } from './admission.ts'
import { executeBlock } from './execute.ts'
import { checkForm } from './form.ts'
import { MapDraft } from './map-draft.ts'
import { sessionOf } from './sessions.ts'
import { certificateOf, keyOf, network, startTime, World } from './testing.ts'

/** What came of a record that runs alone in a block of this time. */
function run(world: World, signed: SignedRecord, time = world.time + 1000): SessionStanding | string {
  const [verdict] = world.passTo(time).run(signed).records
  expect(verdict!.session === undefined).toBe(verdict!.refusal !== undefined)
  return verdict!.session ?? verdict!.refusal!
}

function opened(parts: Parameters<World['session']>[0] = {}): { world: World; session: TestSession } {
  const world = new World()
  const session = world.session(parts)
  expect(run(world, world.open(session))).toMatchObject({ state: 'open' })
  return { world, session }
}

const settled = (index: number, by: string, more: Partial<SessionStanding> = {}) => ({
  state: 'settled',
  index,
  by,
  paid: 3n * BigInt(index),
  returned: 3n * BigInt(10 - index),
  windowEnd: 0,
  contestedAt: undefined,
  ...more,
})

describe('an opening', () => {
  it('is certified with the session’s name, carried by a bank or an auditor', () => {
    for (const carrier of ['bank', 'other-bank', 'auditor']) {
      const world = new World()
      const session = world.session()
      const standing = run(world, world.open(session, carrier))
      const { expiry, windowMs } = session.terms
      expect(standing).toEqual({
        session: session.session,
        state: 'open',
        index: 0,
        by: 'none',
        paid: 0n,
        returned: 0n,
        windowEnd: expiry + windowMs,
        contestedAt: undefined,
      })
      expect(sessionOf(world.draft, session.session)).toEqual({ terms: session.terms, standing })
    }
    const world = new World()
    const signed = world.sign('authority', { kind: 'sessionOpen', attempt: 0, ...world.session() } as never)
    expect(run(world, signed)).toBe('wrong_role')
  })

  it('C3: names a bank that is alive', () => {
    const world = new World()
    expect(run(world, world.open(world.session({ bank: certificateOf('nobody').fingerprint })))).toBe('unknown_signer')
    expect(run(world, world.open(world.session({}, 'auditor')))).toBe('wrong_role')
    world.run(world.revocation(certificateOf('other-bank').fingerprint))
    const late = world.session({ openBy: world.time }, 'other-bank')
    expect(run(world, world.open(late))).toBe('too_late')
    expect(run(world, world.open(world.session({}, 'other-bank'), 'bank'))).toBe('certificate_dead')
    expect(run(world, world.open(world.session({}, 'bank')))).toMatchObject({ state: 'open' })
  })

  it('C2: is decided up to openBy, its last millisecond included', () => {
    for (const [late, outcome] of [
      [0, { state: 'open' }],
      [1, 'too_late'],
    ] as const) {
      const world = new World()
      const session = world.session()
      const came = run(world, world.open(session), session.terms.openBy + late)
      if (typeof outcome === 'string') expect(came).toBe(outcome)
      else expect(came).toMatchObject(outcome)
    }
  })

  it('C1: counts once, whoever carries it again, and settled ones do not come back', () => {
    const { world, session } = opened()
    expect(run(world, world.open(session, 'auditor'))).toBe('already_known')
    run(world, world.close(session.session, session.joint(1)))
    expect(run(world, world.open(session, 'other-auditor'))).toBe('already_known')
    // before every other reason
    const late = world.open(session, 'other-auditor', 1)
    expect(run(world, late, session.terms.openBy + 1)).toBe('already_known')
    world.passTo(startTime + 9_000)
    const two = [world.open(world.session(), 'bank'), world.open(world.session(), 'auditor')]
    expect(world.run(...two).records.map(({ session: of }) => of?.state)).toEqual(['open', 'open'])
  })

  it('C4: holds by three signatures', () => {
    const world = new World()
    for (const party of ['client', 'vendor', 'bank'] as const) {
      const session = world.session()
      const signature = signSession(session.session, party, keyOf('mallory'))
      const forged = { ...session, signatures: { ...session.signatures, [party]: signature } }
      expect(run(world, world.open(forged))).toBe('bad_signature')
      expect(run(world, world.open(session))).toMatchObject({ state: 'open' })
    }
  })

  it('has terms within their limits, or is no record', () => {
    const world = new World()
    const form = (parts: Parameters<World['session']>[0]) => () => checkForm(world.open(world.session(parts)), network)
    expect(form({})).not.toThrow()
    expect(form({ unit: 0n })).toThrow(expect.objectContaining({ code: 'session_terms' }))
    expect(form({ windowMs: 1 })).toThrow(expect.objectContaining({ code: 'session_terms' }))
    expect(form({ network: certificateOf('x').fingerprint })).toThrow(
      expect.objectContaining({ code: 'session_terms', fields: { field: 'terms.network' } }),
    )
  })
})

describe('a claim', () => {
  it('C5: names a session that is open', () => {
    const { world, session } = opened()
    const other = world.session()
    for (const claim of [other.joint(1), other.byVendor(1), other.byClient(1), settleClaim])
      expect(run(world, world.close(other.session, claim))).toBe('not_found')
    expect(run(world, world.close(session.session, session.joint(4)))).toMatchObject(settled(4, 'joint'))
    for (const claim of [session.joint(5), session.byVendor(5), session.byClient(5), settleClaim])
      expect(run(world, world.close(session.session, claim, 'auditor'))).toBe('already_settled')
    expect(sessionOf(world.draft, session.session)?.standing).toMatchObject(settled(4, 'joint'))
  })

  it('C6, C7: stays within the terms, and is signed by whom it says', () => {
    const { world, session } = opened()
    const by = (claim: object) => run(world, world.close(session.session, claim as typeof settleClaim))
    for (const form of [session.joint(11), session.byClient(11), session.byVendor(11, session.chain[10])])
      expect(by(form)).toBe('too_many')
    expect(by({ ...session.joint(3), index: 4 })).toBe('bad_signature')
    expect(by({ ...session.byVendor(3), index: 4, value: session.chain[4] })).toBe('bad_signature')
    expect(by({ ...session.byClient(3), index: 2 })).toBe('bad_signature')
    expect(by({ ...session.joint(3), vendor: (session.joint(3) as { client: unknown }).client })).toBe('bad_signature')
    // what the parties signed for one session is worth nothing in another
    const other = world.session({ nonce: new Uint8Array(32).fill(1) })
    expect(by(other.joint(3))).toBe('bad_signature')
  })

  it('C8: of both settles at any time, at 0 and at the last payment too', () => {
    for (const index of [0, 10]) {
      const { world, session } = opened()
      const late = session.terms.expiry + session.terms.windowMs + 1
      expect(run(world, world.close(session.session, session.joint(index)), late)).toMatchObject(
        settled(index, 'joint'),
      )
    }
    const { world, session } = opened()
    run(world, world.close(session.session, session.byClient(2)))
    expect(run(world, world.close(session.session, session.joint(1)))).toMatchObject(settled(1, 'joint'))
  })

  it('C9: of the vendor proves its index, and settles at once, up to the end of the window', () => {
    const { world, session } = opened()
    const { expiry, windowMs } = session.terms
    const close = (index: number, value?: Uint8Array) => world.close(session.session, session.byVendor(index, value))
    expect(run(world, close(7, session.chain[6]))).toBe('bad_proof')
    expect(run(world, close(0))).toBe('bad_proof')
    expect(run(world, close(7), expiry + windowMs)).toMatchObject(settled(7, 'vendor'))
    const late = opened()
    const claim = late.world.close(late.session.session, late.session.byVendor(7))
    expect(run(late.world, claim, expiry + windowMs + 1)).toBe('too_late')
  })

  it('C9: crosses anchors', () => {
    const { world, session } = opened({ paymentsMax: 3_000, unit: 1n })
    const claim = world.close(session.session, session.byVendor(2_500))
    expect(run(world, claim)).toMatchObject({ index: 2_500, paid: 2_500n, returned: 500n })
  })

  it('C10: of the client counts up to expiry, once, and begins a window', () => {
    const { world, session } = opened()
    const { expiry, windowMs } = session.terms
    const first = run(world, world.close(session.session, session.byClient(2)), expiry)
    expect(first).toMatchObject({ state: 'closing', index: 2, by: 'client', windowEnd: expiry + windowMs, paid: 0n })
    const late = opened()
    const close = late.world.close(late.session.session, late.session.byClient(2))
    expect(run(late.world, close, late.session.terms.expiry + 1)).toBe('too_late')
    const again = opened()
    const by = (index: number) =>
      run(again.world, again.world.close(again.session.session, again.session.byClient(index)))
    expect(by(2)).toMatchObject({ state: 'closing' })
    expect(by(5)).toBe('already_known')
  })

  it('C11: to settle waits for the window’s end: the client’s index counts, or none', () => {
    const { world, session } = opened()
    const closing = run(world, world.close(session.session, session.byClient(2))) as SessionStanding
    const settle = (attempt: number) => world.close(session.session, settleClaim, 'auditor', attempt)
    const early = settle(0)
    expect(run(world, early, closing.windowEnd)).toBe('too_early')
    // the same bytes are answered as before for ever (R4): another attempt is another record
    expect(admission(world.draft, early, { height: 99, time: closing.windowEnd + 1 })).toHaveProperty('repeat')
    expect(run(world, settle(1), closing.windowEnd + 1)).toMatchObject(settled(2, 'client'))
    const silent = opened()
    const { expiry, windowMs } = silent.session.terms
    const by = (attempt: number) => silent.world.close(silent.session.session, settleClaim, 'bank', attempt)
    expect(run(silent.world, by(0), expiry + windowMs)).toBe('too_early')
    expect(run(silent.world, by(1), expiry + windowMs + 1)).toMatchObject(settled(0, 'expiry'))
  })

  it('C9, C12: of more than the client conceded contests it; of as much it does not, of less it is refused', () => {
    for (const [index, outcome] of [
      [6, settled(6, 'vendor', { contestedAt: 4 })],
      [4, settled(4, 'vendor')],
      [3, 'claim_low'],
    ] as const) {
      const { world, session } = opened()
      const closing = run(world, world.close(session.session, session.byClient(4))) as SessionStanding
      const came = run(world, world.close(session.session, session.byVendor(index), 'auditor'), closing.windowEnd)
      if (typeof outcome === 'string') expect(came).toBe(outcome)
      else expect(came).toEqual({ session: session.session, ...outcome })
      if (typeof outcome === 'string') continue
      expect(sessionOf(world.draft, session.session)?.standing).toEqual(came)
    }
    const { world, session } = opened()
    const closing = run(world, world.close(session.session, session.byClient(4))) as SessionStanding
    const late = world.close(session.session, session.byVendor(6), 'auditor')
    expect(run(world, late, closing.windowEnd + 1)).toBe('too_late')
  })
})

describe('a block', () => {
  it('may open a session and close it', () => {
    const world = new World()
    const session = world.session()
    const { records } = world.run(world.open(session), world.close(session.session, session.byVendor(10)))
    expect(records.map(({ session: of }) => of?.state)).toEqual(['open', 'settled'])
    expect(records[1]!.session).toMatchObject(settled(10, 'vendor'))
  })

  it('costs no more checks of sessions than its limit (E2)', () => {
    const world = new World()
    const sessions = [world.session(), world.session()]
    const records = [
      ...sessions.map(session => world.open(session)),
      world.close(sessions[0]!.session, sessions[0]!.byVendor(1)),
      world.close(sessions[1]!.session, sessions[1]!.joint(1)),
    ]
    const most = { records: 9, bytes: limits.proposalBytes, tokens: 0 }
    const attempt = (sessionChecks: number) =>
      executeBlock(new MapDraft(world.draft), { height: 1, time: startTime + 1 }, startTime, records, {
        ...most,
        sessionChecks,
      })
    expect(attempt(3 + 3 + 8 + 2)).not.toHaveProperty('invalid')
    expect(attempt(3 + 3 + 8 + 1)).toMatchObject({ invalid: expect.stringContaining('checks') })
  })

  it('refuses without a trace in the sessions’ rows', () => {
    const { world, session } = opened()
    const before = world.draft
    run(world, world.close(session.session, settleClaim))
    expect(sessionOf(world.draft, session.session)).toEqual(sessionOf(before, session.session))
    expect([...world.draft.rows.keys()].map(key => key.charCodeAt(0))).toEqual([8])
  })
})
