// Faults that parties make: floods of records, garbage, requests and connections, and a certificate that is revoked in mid-load.
import * as net from 'node:net'
import * as path from 'node:path'
import { revoke as revokeCertificate } from '../../../../cli/authority/authority.ts'
import { readKeyFile } from '../../../../cli/common/files.ts'
import { paymentDigest } from '../../../../cli/common/payment.ts'
import { connectLedger } from '../../../../node/client/client.ts'
import { readGenesis } from '../../../../node/config.ts'
import { layOutTokens } from '../../../../node/ledger/form.ts'
import { bytesOfHex } from '../../../../proto/bytes.ts'
import { assert, MupibError } from '../../../../proto/errors.ts'
import { genesisHash } from '../../../../proto/genesis.ts'
import { type Digest, zeroDigest } from '../../../../proto/hash.ts'
import { randomSeed, signingKeyFromSeed } from '../../../../proto/keys.ts'
import { type SignedRecord, signRecord, type TokenBlock } from '../../../../proto/records.ts'
import { groupDigest, signPayload, signToken } from '../../../../proto/token.ts'
import type { Field } from '../field.ts'
import { floodClient } from '../ledger-load.ts'
import { pause } from '../schedule.ts'
import { type Begin, type FaultContext, nothingToEnd, Skipped } from './fault.ts'

/** Times a second that a flood is fed, and what of it may be under way at once. */
const feedEveryMs = 50
const underWayMax = 2_000

interface Flood {
  /** Sends one of it, told which; failures are what a flood is made of. */
  send(place: number): Promise<unknown>
  close(): Promise<void>
}

const dayMs = 86_400_000

const junk = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, at) => (at * 131) & 0xff)

/** A block of one token that no bank ever published: well formed and signed, it has to be ordered and answered. */
function hollowBlock(head: Pick<TokenBlock, 'network' | 'signer' | 'number' | 'previous'>, bank: Digest): TokenBlock {
  const now = Date.now()
  const holder = signingKeyFromSeed(randomSeed())
  const times = { issuedAt: now, payBy: now + dayMs, expiry: now + 2 * dayMs }
  const group = { bank, publication: head.number, value: 1n, ...times, holder: holder.publicKey }
  const index = 0
  const signature = signToken(groupDigest(bytesOfHex(head.network), group), index, holder)
  const payment = { time: now, information: zeroDigest, tokens: [{ group, index, signature }] }
  const { groups, transactions } = layOutTokens([
    { ...payment, signature: signPayload(paymentDigest(head.network, payment), holder) },
  ])
  const terms = { w0: 1, model: 'neutral', rounding: 'floor' } as const
  return { kind: 'tokenBlock', ...head, user: holder.publicKey, pending: true, terms, groups, transactions }
}

/** Records of an admitted auditor, by turns well formed about tokens that never were, and such as it may not sign; or bytes that are no record. */
async function floodOfRecords({ field }: FaultContext, isGarbage: boolean): Promise<Flood> {
  const genesis = readGenesis(field.files.genesisFile)
  const { seed } = readKeyFile(path.join(field.files.clientsFolder, floodClient, 'key.json'))
  const certificateOf = (wanted: string): Digest => {
    const member = genesis.members.find(({ name }) => name === wanted)
    assert(member, `the genesis of an experiment names ${wanted}`)
    return member.certificate.fingerprint
  }
  const key = signingKeyFromSeed(seed)
  const ledger = await connectLedger({ genesis, seed, peersFile: field.files.peersFile })
  const signer = certificateOf(floodClient)
  const network = genesisHash(genesis)
  const record = (place: number): SignedRecord => {
    // each of another user, so that each is the first of its stream
    const head = { network, signer, number: 1, previous: zeroDigest }
    if (place % 2 === 0) return signRecord(hollowBlock(head, certificateOf('bank')), key)
    const reason = `flood ${place}`
    const signed = signRecord({ kind: 'revocation', ...head, certificate: signer, reason }, key)
    return isGarbage ? { ...signed, bytes: junk(signed.bytes.length) } : signed
  }
  return { send: place => ledger.submit(record(place)), close: () => ledger.close() }
}

function floodOfRequests(field: Field): Flood {
  const targets = [...field.files.vendors, ...field.files.auditors].map(({ name }) => name)
  return {
    send: async count => {
      const base = field.http(targets[count % targets.length]!)
      const headers = { 'content-type': 'application/json' }
      const body = count % 2 === 0 ? '{"payment": "none"}' : '{'
      const init = { method: 'POST', headers, body, signal: AbortSignal.timeout(2_000) }
      await (await fetch(new URL('/payments', base), init)).arrayBuffer()
    },
    close: async () => {},
  }
}

/** Connections of somebody who is nobody: some say nothing, some say what is no handshake. */
function floodOfConnections(addresses: readonly { host: string; port: number }[]): Flood {
  const open = new Set<net.Socket>()
  return {
    send: count =>
      new Promise<void>(resolve => {
        const socket = net.connect({ ...addresses[count % addresses.length]!, timeout: 2_000 })
        open.add(socket)
        socket.on('connect', () => {
          if (count % 2 === 0) socket.write(junk(512))
        })
        socket.on('timeout', () => socket.destroy())
        socket.on('error', () => {})
        socket.on('close', () => {
          open.delete(socket)
          resolve()
        })
      }),
    close: async () => {
      for (const socket of open) socket.destroy()
    },
  }
}

function validatorAddresses(field: Field): { host: string; port: number }[] {
  return field.addresses().map(multiaddr => {
    const match = /\/ip4\/([\d.]+)\/tcp\/(\d+)/.exec(multiaddr)
    assert(match, `an address of a local validator: ${multiaddr}`)
    return { host: match[1]!, port: Number(match[2]) }
  })
}

async function openFlood(context: FaultContext, action: Parameters<Begin<'flood'>>[1]): Promise<Flood> {
  switch (action.by) {
    case 'auditor':
      return floodOfRecords(context, action.what === 'garbage')
    case 'user':
      return floodOfRequests(context.field)
    case 'stranger':
      return floodOfConnections(validatorAddresses(context.field))
    case 'validator':
      throw new Skipped('a validator floods as an adversary: see network.byzantine')
  }
}

export const flood: Begin<'flood'> = async (context, action) => {
  const { signal } = context
  const opened = await openFlood(context, action)
  const stop = new AbortController()
  const ended = AbortSignal.any([stop.signal, signal])
  let sent = 0
  let underWay = 0
  const feed = async (): Promise<void> => {
    const start = performance.now()
    while (!ended.aborted) {
      const due = ((performance.now() - start) / 1_000) * action.perSecond
      for (; sent < due && underWay < underWayMax; sent++) {
        underWay += 1
        void opened
          .send(sent)
          .catch(() => {})
          .finally(() => {
            underWay -= 1
          })
      }
      await pause(feedEveryMs, ended)
    }
  }
  const feeding = feed()
  return {
    nodes: [action.by],
    text: `${action.perSecond} ${action.what} a second by ${action.by === 'auditor' ? 'an admitted auditor' : `a ${action.by}`}`,
    async end() {
      stop.abort()
      await feeding
      await opened.close()
    },
  }
}

const revokeLimitMs = 60_000

export const revoke: Begin<'revoke'> = async ({ field, progress, recorder, signal }, { member }) => {
  const asking = { dir: field.files.dir, limitMs: revokeLimitMs, progress: () => {} }
  // without a quorum it takes until there is one again: no fault waits for that
  void revokeCertificate(asking, member, 'experiment').then(
    ({ height }) => progress(`the certificate of ${member} is revoked at height ${height}`),
    (error: unknown) => {
      if (signal.aborted) return
      const isBug = !(error instanceof MupibError) || error.code === 'bug'
      if (isBug) recorder.see({ type: 'bug', node: 'authority', text: String(error) })
      progress(`the certificate of ${member} could not be revoked: ${(error as Error).message}`)
    },
  )
  return { nodes: [member], text: `certificate of ${member} revoked`, end: nothingToEnd }
}
