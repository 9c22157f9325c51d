// What banks and auditors keep of sessions: each with its terms and how it stands, what is to be carried to the ledger, what the ledger answered,
// and for each party when its sessions changed.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, toHex, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { decodeClaim, encodeClaim, type SessionClaim } from '../../proto/session/claims.ts'
import { encodeTerms, readTerms } from '../../proto/session/terms.ts'
import { readStanding, refusals, type SessionState, sessionStates, writeStanding } from '../../proto/verdict.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import type { Place, SessionFile } from './rules.ts'

/** A session record that is to be carried to the ledger. */
export interface SessionWish {
  readonly session: Digest
  /** Undefined for the opening. */
  readonly claim: SessionClaim | undefined
  /** How often it was carried. */
  readonly attempts: number
  /** False where the ledger refused it for the time being, and nobody has asked for it again. */
  readonly isOpen: boolean
}

/** What a session record is about: an opening where it holds no claim. */
export type Carried = Pick<SessionWish, 'session' | 'claim'>

/** How a party's session stood at a place of the ledger. */
export interface SessionEvent extends Place {
  readonly session: Digest
  readonly state: SessionState
}

const nothing = new Uint8Array(0)

function encodeFile({ terms, signatures, standing, place, refusal, due }: SessionFile): Uint8Array {
  const encoded = encodeTerms(terms)
  const writer = new Writer(encoded.length + 320).fixed(encoded, encoded.length)
  for (const party of ['client', 'vendor', 'bank'] as const) writer.fixed(signatures[party], signatureBytes)
  writer
    .u8(refusal === undefined ? 0 : 1 + refusals.indexOf(refusal))
    .u64(due ?? 0)
    .boolean(standing !== undefined)
  if (standing)
    writeStanding(writer, standing)
      .u64(place?.height ?? 0)
      .u32(place?.index ?? 0)
  return writer.finish()
}

function decodeFile(session: Digest, bytes: Uint8Array): SessionFile {
  const reader = new Reader(bytes)
  const terms = readTerms(reader)
  const signatures = {
    client: reader.fixed(signatureBytes),
    vendor: reader.fixed(signatureBytes),
    bank: reader.fixed(signatureBytes),
  }
  const refused = reader.u8()
  const due = reader.u64()
  const standing = reader.boolean() ? readStanding(reader) : undefined
  const place = standing && { height: reader.u64(), index: reader.u32() }
  reader.end()
  const refusal = refused === 0 ? undefined : refusals[refused - 1]
  return { session, terms, signatures, standing, place, refusal, due: due === 0 ? undefined : due }
}

const wishKey = ({ session, claim }: Carried): Uint8Array =>
  actorKey(actorPrefixes.sessionWish, session, claim ? encodeClaim(claim) : nothing)

function readWish(carried: Carried, row: Uint8Array): SessionWish {
  const reader = new Reader(row)
  return { ...carried, attempts: reader.u32(), isOpen: reader.boolean() }
}

const newsKey = (party: Uint8Array, { height, index }: Place, session: Digest): Uint8Array =>
  actorKey(actorPrefixes.sessionNews, party, height, index, session)

/** A party's place in its news changes with the session. */
function newsOf({ session, terms, standing, place }: SessionFile, before: SessionFile | undefined): WriteOp[] {
  const isMoved = before?.place?.height !== place?.height || before?.place?.index !== place?.index
  if (!isMoved) return []
  return [terms.client, terms.vendor].flatMap((party): WriteOp[] => [
    ...(before?.place ? [{ type: 'delete', key: newsKey(party, before.place, session) } as const] : []),
    ...(place && standing
      ? [
          {
            type: 'put',
            key: newsKey(party, place, session),
            value: Uint8Array.of(sessionStates.indexOf(standing.state)),
          } as const,
        ]
      : []),
  ])
}

const proofKey = (session: Digest, state: SessionState): Uint8Array =>
  actorKey(actorPrefixes.sessionProof, session, sessionStates.indexOf(state))

export class SessionStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  file(session: Digest): SessionFile | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.session, session))
    return row && decodeFile(session, row)
  }

  async *files(): AsyncIterable<SessionFile> {
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.session)))
      yield decodeFile(toHex(key.subarray(1)), row)
  }

  /** Puts a session in the place of what was kept of it. */
  putFile(file: SessionFile, before: SessionFile | undefined): WriteOp[] {
    const { session, due } = file
    const operations: WriteOp[] = [
      { type: 'put', key: actorKey(actorPrefixes.session, session), value: encodeFile(file) },
      ...newsOf(file, before),
    ]
    if (before?.due !== undefined && before.due !== due)
      operations.push({ type: 'delete', key: actorKey(actorPrefixes.sessionDue, before.due, session) })
    if (due !== undefined)
      operations.push({ type: 'put', key: actorKey(actorPrefixes.sessionDue, due, session), value: nothing })
    return operations
  }

  /** Changes of a party's sessions above one height and up to another, each session where it changed last, in ledger order. */
  async *news(party: Uint8Array, after: number, upTo: number): AsyncIterable<SessionEvent> {
    const gte = actorKey(actorPrefixes.sessionNews, party, after + 1)
    const lt = actorKey(actorPrefixes.sessionNews, party, upTo + 1)
    for await (const [key, row] of this.#database.iterate({ gte, lt })) {
      const place = { height: numberOfKey(key.subarray(0, 41)), index: numberOfKey(key.subarray(0, 49)) }
      yield { ...place, session: toHex(key.subarray(49)), state: sessionStates[row[0]!]! }
    }
  }

  /** Sessions of which the bank asks the ledger, the earliest first. */
  async *due(): AsyncIterable<{ readonly due: number; readonly session: Digest }> {
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.sessionDue)))
      yield { due: numberOfKey(key.subarray(0, 9)), session: toHex(key.subarray(9)) }
  }

  wish({ session, claim }: Carried): SessionWish | undefined {
    const row = this.#database.get(wishKey({ session, claim }))
    return row && readWish({ session, claim }, row)
  }

  putWish(wish: SessionWish): WriteOp {
    return { type: 'put', key: wishKey(wish), value: new Writer(5).u32(wish.attempts).boolean(wish.isOpen).finish() }
  }

  /** The first attempt of a wish of which nothing is kept: above those of all that were refused and dropped (C14). */
  firstAttempt(): number {
    const row = this.#database.get(actorKey(actorPrefixes.sessionAttempts))
    return row ? new Reader(row).u32() : 0
  }

  putFirstAttempt(attempt: number): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.sessionAttempts), value: new Writer(4).u32(attempt).finish() }
  }

  dropWish(wish: Carried): WriteOp {
    return { type: 'delete', key: wishKey(wish) }
  }

  async wishes(): Promise<SessionWish[]> {
    const wishes: SessionWish[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.sessionWish))) {
      const claim = key.length === 33 ? undefined : decodeClaim(key.subarray(33))
      wishes.push(readWish({ session: toHex(key.subarray(1, 33)), claim }, row))
    }
    return wishes
  }

  /** The ledger's answer that brought a session to a state. */
  proof(session: Digest, state: SessionState): RecordAnswer | undefined {
    const row = this.#database.get(proofKey(session, state))
    return row && decodeRecordAnswer(new Reader(row).bytes(limits.clientFrameBytes))
  }

  putProof(session: Digest, state: SessionState, answer: RecordAnswer): WriteOp {
    return {
      type: 'put',
      key: proofKey(session, state),
      value: new Writer(512).bytes(encodeRecordAnswer(answer)).finish(),
    }
  }

  /** Sessions for whose escrow the books lack the client's money. */
  async unbacked(): Promise<Digest[]> {
    const sessions: Digest[] = []
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.sessionUnbacked)))
      sessions.push(toHex(key.subarray(1)))
    return sessions
  }

  isUnbacked(session: Digest): boolean {
    return this.#database.get(actorKey(actorPrefixes.sessionUnbacked, session)) !== undefined
  }

  putUnbacked(session: Digest): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.sessionUnbacked, session), value: nothing }
  }

  dropUnbacked(session: Digest): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.sessionUnbacked, session) }
  }

  /** The store was an old copy once. */
  isRecovered(): boolean {
    return this.#database.get(actorKey(actorPrefixes.sessionsRecovered)) !== undefined
  }

  putRecovered(): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.sessionsRecovered), value: nothing }
  }

  height(): number {
    const row = this.#database.get(actorKey(actorPrefixes.sessionsHeight))
    return row ? new Reader(row).u64() : 0
  }

  putHeight(height: number): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.sessionsHeight), value: new Writer(8).u64(height).finish() }
  }
}
