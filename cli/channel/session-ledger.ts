// How a party to sessions reaches the ledger: through banks and auditors, which carry what it signed. None of them is believed: every
// standing comes with the validators' certificate, and is checked against genesis.
import { fromHex, toHex } from '../../proto/bytes.ts'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import { validatorKeys } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { verifyAnswer } from '../../proto/proof.ts'
import { encodeClaim, type SessionClaim } from '../../proto/session/claims.ts'
import { encodeMisconduct, type Misconduct } from '../../proto/session/misconduct.ts'
import { encodeTerms, type SessionTerms } from '../../proto/session/terms.ts'
import { type SessionStanding, sessionStates } from '../../proto/verdict.ts'
import { decodeRecordAnswer, encodeRecordAnswer } from '../../proto/wire/codec.ts'
import { identityOf, type MemberRole, type PartyHome } from '../common/actor-home.ts'
import { toMupibError } from '../common/errors.ts'
import { firstAnswer } from '../common/first-answer.ts'
import { signedCall } from '../common/http.ts'
import { CertificateChecks } from '../common/identity.ts'
import { serviceNamed } from '../common/services.ts'
import { windowPartMs } from './limits.ts'
import type { CertifiedStanding } from './store.ts'

/** A bank or an auditor, which carries session records and tells what became of them. */
export interface Carrier {
  readonly name: string
  readonly role: MemberRole
}

/** What a carrier tells of the caller's sessions. */
export interface SessionNews {
  /** Everything up to this height was told with this answer and those before it. */
  readonly height: number
  readonly standings: readonly CertifiedStanding[]
}

/** A party's reputation at its bank. */
export interface ReputationTold {
  readonly reputation: number
  readonly findings: readonly unknown[]
}

interface Told {
  readonly answer?: unknown
  readonly answers?: Readonly<Record<string, unknown>>
}

/** What a carrier that does not carry says of itself, and not of the claim. */
const ofItself: readonly ErrorCode[] = ['unreachable', 'timeout', 'stopped', 'undecided']

/** How long a carrier may be silent with a claim before another is asked: a small part of the time in which it has to be on the ledger. */
const claimPatienceMs = { min: 250, max: 2_000 }

/** True where a session that stands so needs this claim no more: it is settled, or the window to answer its client's close runs. */
const isDecided = ({ state }: SessionStanding, { form }: SessionClaim): boolean =>
  state === 'settled' || (state === 'closing' && form === 'client')

export class SessionLedger {
  readonly #home: PartyHome
  readonly #bank: Carrier
  readonly #carriers: readonly Carrier[]
  readonly #checks: CertificateChecks
  readonly #keys: readonly Uint8Array[]
  readonly #ending: AbortSignal

  /** `auditors` carry as well as the bank does; calls throw `stopped` once `ending` is aborted. */
  constructor(home: PartyHome, bank: string, auditors: readonly string[], ending: AbortSignal) {
    this.#home = home
    this.#bank = { name: bank, role: 'bank' }
    this.#carriers = [this.#bank, ...auditors.map(name => ({ name, role: 'auditor' }) as const)]
    this.#checks = new CertificateChecks(home.roots)
    this.#keys = validatorKeys(home.genesis)
    this.#ending = ending
  }

  /** The bank first. */
  get carriers(): readonly Carrier[] {
    return this.#carriers
  }

  async #call<T>(
    { name, role }: Carrier,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    signal = this.#ending,
  ): Promise<T> {
    const peer = serviceNamed(this.#home.servicesFile, name, role)
    const caller = { identity: identityOf(this.#home), checks: this.#checks, signal }
    return signedCall<T>(caller, peer, method, path, body)
  }

  /** What the ledger certified in an answer that somebody brings. Throws `malformed`, `bad_proof`. */
  read(text: unknown): CertifiedStanding {
    if (typeof text !== 'string') throw new MupibError('bad_proof', 'an answer without the ledger’s word')
    const answer = decodeRecordAnswer(fromHex(text))
    const { verdict } = verifyAnswer(answer, this.#home.network, this.#keys)
    if (!verdict.session) throw new MupibError('bad_proof', 'the ledger certified nothing of a session here')
    return { standing: verdict.session, answer }
  }

  #readOf(session: Digest, text: unknown): CertifiedStanding {
    const certified = this.read(text)
    if (certified.standing.session !== session) throw new MupibError('bad_proof', 'this is about another session')
    return certified
  }

  /** Has the bank hold the escrow and open a session; resolves once the ledger has. Throws the bank's refusal. */
  async open(
    session: Digest,
    terms: SessionTerms,
    signatures: { readonly client: Uint8Array; readonly vendor: Uint8Array },
  ): Promise<CertifiedStanding> {
    const body = {
      terms: toHex(encodeTerms(terms)),
      client: toHex(signatures.client),
      vendor: toHex(signatures.vendor),
    }
    const told = await this.#call<Told>(this.#bank, 'POST', '/sessions', body)
    return this.#readOf(session, told.answers?.open)
  }

  /** The newest standing that a carrier knows. Throws `not_found`, `unreachable`. */
  async standing(session: Digest, carrier = this.#bank, signal = this.#ending): Promise<CertifiedStanding> {
    const { answers } = await this.#call<Told>(carrier, 'GET', `/sessions/${session}`, undefined, signal)
    const newest = sessionStates.findLast(state => answers?.[state] !== undefined)
    if (newest === undefined) throw new MupibError('undecided', `session ${session} is not on the ledger yet`)
    return this.#readOf(session, answers![newest])
  }

  /**
   * Has a claim carried, by the first that does; resolves with what the ledger says then. One that was carried before, or came after a better
   * one, gets what stands. One that is silent is waited for while others are asked, for the window goes on. Throws what one of them says of the
   * claim where none carries it, before what one says of itself.
   */
  async close(session: Digest, terms: SessionTerms, claim: SessionClaim): Promise<CertifiedStanding> {
    const body = { terms: toHex(encodeTerms(terms)), claim: toHex(encodeClaim(claim)) }
    const carriedBy = async (carrier: Carrier, signal: AbortSignal): Promise<CertifiedStanding> => {
      try {
        const { answer } = await this.#call<Told>(carrier, 'POST', `/sessions/${session}/close`, body, signal)
        const certified = this.#readOf(session, answer)
        if (isDecided(certified.standing, claim)) return certified
        // true, and old: whoever answers with it has not carried the claim
        throw new MupibError('undecided', `${carrier.name} does not tell what became of the claim`)
      } catch (error) {
        const known = await this.standing(session, carrier, signal).catch(() => undefined)
        if (known && isDecided(known.standing, claim)) return known
        throw error
      }
    }
    const asks = this.#carriers.map(carrier => (signal: AbortSignal) => carriedBy(carrier, signal))
    try {
      return await firstAnswer(asks, windowPartMs(terms.windowMs, claimPatienceMs), this.#ending)
    } catch (error) {
      const failures = (error as AggregateError).errors.map(toMupibError)
      throw failures.find(({ code }) => !ofItself.includes(code)) ?? failures[0]
    }
  }

  /** What became of the caller's sessions above a height; waits for some half a minute where nothing has. */
  async news(carrier: Carrier, after: number): Promise<SessionNews> {
    const told = await this.#call<{ readonly height?: unknown; readonly sessions?: readonly Told[] }>(
      carrier,
      'GET',
      `/sessions?after=${after}&wait=1`,
    )
    if (!Number.isSafeInteger(told.height) || !Array.isArray(told.sessions))
      throw new MupibError('malformed', `${carrier.name} does not tell of sessions`)
    return { height: Number(told.height), standings: told.sessions.map(({ answer }) => this.read(answer)) }
  }

  /** A party's reputation at the bank. Throws `no_account`. */
  reputation(key: Uint8Array): Promise<ReputationTold> {
    return this.#call(this.#bank, 'GET', `/reputation/${toHex(key)}`)
  }

  /** Brings evidence against the client of a session. Throws `bad_proof`. */
  async report(terms: SessionTerms, misconduct: Misconduct): Promise<void> {
    const material = toHex(encodeMisconduct(misconduct))
    await this.#call(this.#bank, 'POST', '/misconduct', {
      kind: misconduct.kind,
      terms: toHex(encodeTerms(terms)),
      material,
    })
  }
}

/** The ledger's word as it travels to another party. */
export const answerText = ({ answer }: CertifiedStanding): string => toHex(encodeRecordAnswer(answer))
