// Brings a record of the authority before the ledger: signed once, kept, submitted to all validators, and answered with a proof.
import { connectLedger } from '../../node/client/client.ts'
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { createProof, proofToJson } from '../../proto/proof.ts'
import { type LedgerRecord, type Membership, type Revocation, signRecord } from '../../proto/records.ts'
import type { AuthorityHome } from './home.ts'
import { type AuthorityRecord, dropPending, type KeptRecord, keepDecided, keepPending, readPending } from './records.ts'

type Unnumbered<T> = T extends LedgerRecord ? Omit<T, 'network' | 'signer' | 'number' | 'previous'> : never

/** What the authority wants: a record but for its place in the stream. */
export interface Wish {
  readonly record: Unnumbered<Membership> | Unnumbered<Revocation>
  readonly certificate: Certificate | undefined
  /** True for a waiting record that would do: it is brought to its end instead of a new one. */
  isMetBy(record: AuthorityRecord): boolean
}

export interface Decision {
  readonly record: AuthorityRecord
  readonly certificate: Certificate | undefined
  readonly digest: string
  /** Block that holds it; it takes effect from the next one on. */
  readonly height: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly proofFile: string
}

/** Limits the whole work: rejects with `unreachable` before enough validators answer, with `timeout` after. */
async function within<T>(client: LedgerClient, limitMs: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let isReady = false
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const up = client.connections().filter(({ connected }) => connected).length
      const seconds = limitMs / 1000
      reject(
        isReady
          ? new MupibError(
              'timeout',
              `the ledger did not decide within ${seconds} s (${up} validators are connected)`,
              {
                hint: 'the record is kept: the same command, repeated, goes on with it',
              },
            )
          : new MupibError('unreachable', `too few validators answer: ${up} after ${seconds} s`, {
              hint: 'are they running, and are their addresses in the peers file right?',
            }),
      )
    }, limitMs)
  })
  try {
    const ready = client.ready().then(() => {
      isReady = true
      return work()
    })
    // after the limit, nobody waits for what the closing client says
    ready.catch(() => {})
    return await Promise.race([ready, limit])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Has the ledger decide what is wished for; a record that an interrupted command left behind goes first.
 * Throws the ledger's certified refusal under its own code, `unreachable`, `timeout`, `already_running`.
 */
export async function decide(
  home: AuthorityHome,
  wish: Wish,
  limitMs: number,
  progress: (line: string) => void,
): Promise<Decision> {
  const { genesis, seed, peersFile } = home
  const client = await connectLedger({ genesis, seed, peersFile })
  try {
    return await within(client, limitMs, async () => {
      const left = readPending(home, wish.record.kind)
      if (left) {
        const { kind, number } = left.signed.record
        progress(`goes on with ${kind} ${number}, which was signed earlier and is not known as decided`)
        const finished = await finishLeft(home, client, left, progress)
        if (finished && wish.isMetBy(left.signed.record)) return finished
      }
      return submitNew(home, client, wish, progress)
    })
  } finally {
    await client.close()
  }
}

async function submitNew(
  home: AuthorityHome,
  client: LedgerClient,
  { record, certificate }: Wish,
  progress: (line: string) => void,
): Promise<Decision> {
  const head = await client.streamHead(record.kind)
  const place = { network: home.network, signer: home.root.facts.fingerprint, number: head.number + 1 }
  const whole: AuthorityRecord = { ...record, ...place, previous: head.digest }
  const kept: KeptRecord = { signed: signRecord(whole, home.key), certificate }
  keepPending(home, kept)
  progress(`submits ${record.kind} ${whole.number}`)
  return settle(home, kept, await client.submit(kept.signed))
}

/** Brings a kept record to its end; undefined where that can only be a refusal, or was one. */
async function finishLeft(
  home: AuthorityHome,
  client: LedgerClient,
  left: KeptRecord,
  progress: (line: string) => void,
): Promise<Decision | undefined> {
  const { record, digest } = left.signed
  const answer = await client.lookUp(digest)
  const head = await client.streamHead(record.kind)
  if (!answer && head.number >= record.number) {
    // submitting it now would only prove that the authority signed two records under one number
    progress(`${record.kind} ${record.number} was decided otherwise: this one is dropped`)
    dropPending(home, record.kind)
    return undefined
  }
  try {
    return settle(home, left, answer ?? (await client.submit(left.signed)))
  } catch (error) {
    if (!(error instanceof MupibError) || error.fields.refused !== true) throw error
    progress(error.message)
    return undefined
  }
}

function settle(home: AuthorityHome, kept: KeptRecord, answer: VerifiedAnswer): Decision {
  const { record, digest } = kept.signed
  const { refusal } = answer.verdict
  if (refusal !== undefined) {
    dropPending(home, record.kind)
    throw new MupibError(
      refusal,
      `the ledger refused ${record.kind} ${record.number}: ${refusal.replaceAll('_', ' ')}`,
      {
        refused: true,
        height: answer.height,
      },
    )
  }
  const proofFile = keepDecided(home, kept, proofToJson(createProof(answer.answer, home.network)))
  const { height, time } = answer
  return { record, certificate: kept.certificate, digest, height, time, proofFile }
}
