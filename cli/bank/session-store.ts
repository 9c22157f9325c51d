// What a bank keeps of sessions: each with its terms and how it stands, what is to be carried to the ledger, and what the ledger answered.
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
import type { SessionFile } from './session-rules.ts'

/** A session record that the bank has to carry to the ledger. */
export interface SessionWish {
  readonly session: Digest
  /** Undefined for the opening. */
  readonly claim: SessionClaim | undefined
  /** How often it was carried. */
  readonly attempts: number
}

const nothing = new Uint8Array(0)

function encodeFile({ terms, signatures, standing, refusal, due }: SessionFile): Uint8Array {
  const encoded = encodeTerms(terms)
  const writer = new Writer(encoded.length + 320).fixed(encoded, encoded.length)
  for (const party of ['client', 'vendor', 'bank'] as const) writer.fixed(signatures[party], signatureBytes)
  writer
    .u8(refusal === undefined ? 0 : 1 + refusals.indexOf(refusal))
    .u64(due ?? 0)
    .boolean(standing !== undefined)
  return (standing ? writeStanding(writer, standing) : writer).finish()
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
  reader.end()
  const refusal = refused === 0 ? undefined : refusals[refused - 1]
  return { session, terms, signatures, standing, refusal, due: due === 0 ? undefined : due }
}

const wishKey = ({ session, claim }: Omit<SessionWish, 'attempts'>): Uint8Array =>
  actorKey(actorPrefixes.sessionWish, session, claim ? encodeClaim(claim) : nothing)

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
    ]
    if (before?.due !== undefined && before.due !== due)
      operations.push({ type: 'delete', key: actorKey(actorPrefixes.sessionDue, before.due, session) })
    if (due !== undefined)
      operations.push({ type: 'put', key: actorKey(actorPrefixes.sessionDue, due, session), value: nothing })
    return operations
  }

  /** Sessions of which the bank asks the ledger, the earliest first. */
  async *due(): AsyncIterable<{ readonly due: number; readonly session: Digest }> {
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.sessionDue)))
      yield { due: numberOfKey(key.subarray(0, 9)), session: toHex(key.subarray(9)) }
  }

  wish({ session, claim }: Omit<SessionWish, 'attempts'>): SessionWish | undefined {
    const row = this.#database.get(wishKey({ session, claim }))
    return row && { session, claim, attempts: new Reader(row).u32() }
  }

  putWish(wish: SessionWish): WriteOp {
    return { type: 'put', key: wishKey(wish), value: new Writer(4).u32(wish.attempts).finish() }
  }

  dropWish(wish: Omit<SessionWish, 'attempts'>): WriteOp {
    return { type: 'delete', key: wishKey(wish) }
  }

  async wishes(): Promise<SessionWish[]> {
    const wishes: SessionWish[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.sessionWish))) {
      const claim = key.length === 33 ? undefined : decodeClaim(key.subarray(33))
      wishes.push({ session: toHex(key.subarray(1, 33)), claim, attempts: new Reader(row).u32() })
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

  height(): number {
    const row = this.#database.get(actorKey(actorPrefixes.sessionsHeight))
    return row ? new Reader(row).u64() : 0
  }

  putHeight(height: number): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.sessionsHeight), value: new Writer(8).u64(height).finish() }
  }
}
