// The bank and the auditor of a network as a replay uses them: over HTTP, as any wallet or vendor would.
import { call } from '../../cli/common/http.ts'
import { groupFromJson, presentedToJson } from '../../cli/common/payment.ts'
import { type RunInfo, readRunFile } from '../../cli/common/run-file.ts'
import { readGenesis } from '../../node/config.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { assert, MupibError } from '../../proto/errors.ts'
import { genesisHash } from '../../proto/genesis.ts'
import type { TokenGroup } from '../../proto/token.ts'
import type { Actor, NetworkFiles } from '../folders.ts'
import type { DecidedBlock, PaymentAnswer, Services } from './services.ts'

interface IssuedJson {
  readonly tokens: readonly { readonly group: unknown; readonly index: number; readonly signature: string }[]
}

function serviceOf(actor: Actor): RunInfo {
  const run = readRunFile(actor.runFile)
  if (!run) throw new MupibError('unreachable', `the ${actor.name} of this network does not answer`)
  return run
}

/** Tokens as the bank hands them out; those of one group share one object. */
function tokensFromJson({ tokens }: IssuedJson): LooseToken[] {
  const groups = new Map<string, TokenGroup>()
  return tokens.map(({ group, index, signature }) => {
    const name = JSON.stringify(group)
    const known = groups.get(name) ?? groupFromJson(group, 'issued tokens')
    groups.set(name, known)
    return { group: known, index, signature: bytesOfHex(signature) }
  })
}

/** Finds the services of a running network. Throws `unreachable`. */
export async function connectServices(network: NetworkFiles): Promise<Services> {
  const genesis = readGenesis(network.genesisFile)
  const bank = genesis.members.find(({ role }) => role === 'bank')
  const auditor = genesis.members.find(({ role }) => role === 'auditor')
  assert(bank && auditor, 'a network of ours has a bank and an auditor')
  const bankHttp = serviceOf(network.bank).http
  const auditorHttp = serviceOf(network.auditor).http
  return {
    tokenValue: bank.tokenValue,
    network: genesisHash(genesis),
    auditor: auditor.name,
    issue: async (holder, count) =>
      tokensFromJson(await call<IssuedJson>(bankHttp, 'POST', '/issue', { holder: toHex(holder), count })),
    pay: payment => call<PaymentAnswer>(auditorHttp, 'POST', '/payments', presentedToJson(payment)),
    settled: digest => call<PaymentAnswer>(auditorHttp, 'GET', `/payments/${digest}?wait=1`),
    flush: async () => void (await call(auditorHttp, 'POST', '/flush', {})),
    blocks: async () => {
      const blocks = await call<(DecidedBlock & { readonly state: string })[]>(auditorHttp, 'GET', '/blocks')
      return blocks.filter(({ state }) => state === 'decided')
    },
    proof: (serial, payload) => call(auditorHttp, 'GET', `/proofs/${serial}?payload=${payload}`),
  }
}
