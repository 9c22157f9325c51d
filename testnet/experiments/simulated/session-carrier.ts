// Carries session records in the streams of a bank or an auditor, one at a time in each stream, so that none is void because the one before it was
// refused. What is to be carried is persisted first, and every try is a record of its own.
import {
  appendToStream,
  emptyStream,
  nextInStream,
  type OwnStream,
  settleInStream,
} from '../../../cli/common/stream.ts'
import { kindOf, nameOf, type SessionKind, sessionKinds } from '../../../cli/session/carrier.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { SessionClose, SessionOpen, SignedRecord } from '../../../proto/records.ts'
import type { SessionClaim } from '../../../proto/session/claims.ts'
import type { SessionSignatures, SessionTerms } from '../../../proto/session/terms.ts'
import type { ReadAnswer } from './ledger-client.ts'
import { certificateOf, ledgerNetwork } from './parties.ts'
import type { PartyStore } from './party-store.ts'
import { signRecordAs } from './signing.ts'

/** A session record that somebody wants to have on the ledger: an opening where it holds no claim. */
export interface Wish {
  readonly session: Digest
  readonly opening: { readonly terms: SessionTerms; readonly signatures: SessionSignatures } | undefined
  readonly claim: SessionClaim | undefined
  /** Who is told where it is refused. */
  readonly asker: string
}

export const isSessionKind = (kind: string): kind is SessionKind => sessionKinds.some(name => name === kind)

interface Carrying {
  readonly wish: Wish
  readonly record: SignedRecord<SessionOpen | SessionClose>
}

export class SessionCarrier {
  readonly #signer: string
  readonly #store: PartyStore
  readonly #submit: (record: SignedRecord) => void

  constructor(signer: string, store: PartyStore, submit: (record: SignedRecord) => void) {
    this.#signer = signer
    this.#store = store
    this.#submit = submit
  }

  get isIdle(): boolean {
    return sessionKinds.every(kind => !this.#carrying(kind) && this.#wishes(kind).length === 0)
  }

  #carrying(kind: SessionKind): Carrying | undefined {
    return this.#store.get<Carrying>(`carrying/${kind}`)
  }

  #wishes(kind: SessionKind): Wish[] {
    return this.#store.entries<Wish>(`wish/${kind}/`).map(([, wish]) => wish)
  }

  /** Goes on with what was to be carried. */
  wake(): void {
    for (const kind of sessionKinds) {
      const carrying = this.#carrying(kind)
      if (carrying) this.#submit(carrying.record)
      else this.#next(kind)
    }
  }

  /** Wants a record carried; once, however often it is asked for while it is under way. */
  carry(wish: Wish): void {
    const name = `wish/${kindOf(wish)}/${nameOf(wish)}`
    if (this.#store.get(name)) return
    this.#store.write([[name, wish]], () => this.#next(kindOf(wish)))
  }

  #next(kind: SessionKind): void {
    const [wish] = this.#wishes(kind)
    if (!wish || this.#carrying(kind)) return
    const stream = this.#store.get<OwnStream>(`stream/${kind}`) ?? emptyStream
    const { number, previous } = nextInStream(stream)
    const attempt = this.#store.get<number>(`attempt/${nameOf(wish)}`) ?? 0
    const heading = { network: ledgerNetwork, signer: certificateOf(this.#signer).fingerprint, number, previous }
    const { session, claim, opening } = wish
    const record: SignedRecord<SessionOpen | SessionClose> = claim
      ? signRecordAs<SessionClose>(this.#signer, { kind: 'sessionClose', ...heading, session, attempt, claim })
      : signRecordAs<SessionOpen>(this.#signer, { kind: 'sessionOpen', ...heading, attempt, ...opening! })
    this.#store.write(
      [
        [`carrying/${kind}`, { wish, record }],
        [`stream/${kind}`, appendToStream(stream, record.digest)],
        [`attempt/${nameOf(wish)}`, attempt + 1],
      ],
      () => this.#submit(record),
    )
  }

  /** The ledger answered a record of the own streams: what it was for, the first time. */
  decided(kind: SessionKind, { digest, verdict }: ReadAnswer): Wish | undefined {
    const carrying = this.#carrying(kind)
    if (carrying?.record.digest !== digest) return undefined
    const { stream } = settleInStream(
      this.#store.get<OwnStream>(`stream/${kind}`)!,
      digest,
      verdict.refusal !== undefined,
    )
    const { wish } = carrying
    this.#store.write(
      [
        [`stream/${kind}`, stream],
        [`carrying/${kind}`, undefined],
        [`wish/${kind}/${nameOf(wish)}`, undefined],
      ],
      () => this.#next(kind),
    )
    return wish
  }
}
