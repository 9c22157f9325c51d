// Evidence as it is kept over HTTP: validators keep what they saw of each other and of clients, auditors what they found in payments. All are
// asked; what does not hold is not shown, because nobody is accused on somebody's word.
import { join } from 'node:path'
import { readGenesis } from '../../node/config.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { openAuditorHome } from '../auditor/home.ts'
import { identityOf, type PartyHome } from '../common/actor-home.ts'
import { statOf } from '../common/files.ts'
import { call, ownService } from '../common/http.ts'
import { serviceNamed } from '../common/services.ts'
import { type Asked, addressesOf } from '../node/status.ts'
import type { Evidence, Guilt } from './claims.ts'
import { verifyEvidence } from './guilt.ts'
import { evidenceFormat, evidenceId, evidenceToJson, parseEvidence } from './guilt-file.ts'

/** Whom to ask, and the genesis file to check by; that of the directory where none is given. */
export interface AskedForEvidence extends Asked {
  readonly genesis?: string
}

/** One piece in a list. */
export interface EvidenceItem {
  readonly id: Digest
  readonly kind: Guilt['kind']
  /** Name of the guilty party. */
  readonly guilty: string
  readonly role: string
  readonly charged: boolean
}

interface Piece {
  readonly item: EvidenceItem
  /** The whole file. */
  readonly json: string
}

/** What validators keep of it; which fields there are depends on the type. */
interface KeptByValidator {
  readonly type: string
  readonly guilty: string
  readonly first: string
  readonly second: string
  readonly kind?: string
  readonly number?: number
}

/** A validator's piece as a file. */
function fileOf(network: Digest, { type, guilty, first, second, kind, number }: KeptByValidator): object {
  const about = type === 'number_reuse' ? { signer: guilty, record: kind, number } : {}
  return { format: evidenceFormat, network, kind: type, certificates: [], ...about, first, second }
}

/** Whom a piece accuses. Validators hold no records that prove a number used twice: there it is their word. */
function accused(evidence: Evidence, genesis: Genesis): Omit<EvidenceItem, 'id'> | undefined {
  const { claim } = evidence
  if (claim.kind === 'number_reuse') {
    const member = genesis.members.find(({ certificate }) => certificate.fingerprint === claim.signer)
    return { kind: claim.kind, guilty: member?.name ?? claim.signer, role: member?.role ?? 'client', charged: false }
  }
  const { kind, guilty, charged } = verifyEvidence(evidence, genesis)
  return guilty && { kind, guilty: guilty.name, role: guilty.role, charged }
}

function weigh(file: object, genesis: Genesis): Piece[] {
  try {
    const evidence = parseEvidence(JSON.stringify(file))
    const found = accused(evidence, genesis)
    return found ? [{ item: { id: evidenceId(evidence), ...found }, json: evidenceToJson(evidence) }] : []
  } catch (error) {
    if (error instanceof MupibError && error.code === 'bad_proof') return []
    throw error
  }
}

/** What validators that answer have kept. Throws `unreachable` where none answers. */
async function keptByValidators(asked: Asked, network: Digest): Promise<object[]> {
  const answers = await Promise.allSettled(
    addressesOf(asked).map(http => call<KeptByValidator[]>(http, 'GET', '/evidence')),
  )
  const lists = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
  const failed = answers.find(answer => answer.status === 'rejected')
  if (lists.length === 0 && failed) throw failed.reason
  return lists.flat().map(kept => fileOf(network, kept))
}

/** Findings of one auditor that are looked at. */
const findingsMax = 4_096

/** Homes of the auditors of a network that lie in a directory, or the one that the directory is. */
function auditorHomes(dir: string, genesis: Genesis): PartyHome[] {
  const names = genesis.members.filter(({ role }) => role === 'auditor').map(({ name }) => name)
  const folders = [dir, ...names.map(name => join(dir, name))]
  return folders.flatMap(folder => {
    if (statOf(join(folder, 'config.json')) === undefined) return []
    try {
      const home = openAuditorHome(folder)
      return home.network === genesisHash(genesis) ? [home] : []
    } catch (error) {
      // somebody else's folder
      if (error instanceof MupibError) return []
      throw error
    }
  })
}

/** What auditors have found whose keys lie in the directory; one that does not answer is passed over. */
async function foundByAuditors(dir: string, genesis: Genesis): Promise<object[]> {
  const answers = await Promise.allSettled(
    auditorHomes(dir, genesis).map(async home => {
      const { base } = serviceNamed(home.servicesFile, home.name, 'auditor')
      return ownService(identityOf(home), base)<object[]>('GET', '/findings')
    }),
  )
  return answers.flatMap(answer =>
    answer.status === 'fulfilled' && Array.isArray(answer.value) ? answer.value.slice(0, findingsMax) : [],
  )
}

async function collect({ genesis: file, ...asked }: AskedForEvidence): Promise<Piece[]> {
  const genesis = readGenesis(file ?? join(asked.dir, 'genesis.json'))
  const [kept, found] = await Promise.all([
    keptByValidators(asked, genesisHash(genesis)),
    foundByAuditors(asked.dir, genesis),
  ])
  const byId = new Map<Digest, Piece>()
  for (const piece of [...kept, ...found].flatMap(given => weigh(given, genesis))) byId.set(piece.item.id, piece)
  return [...byId.values()].sort((a, b) => a.item.id.localeCompare(b.item.id))
}

/** Everything that is kept and holds, each piece once. Throws `unreachable` where no validator answers. */
export async function listEvidence(asked: AskedForEvidence): Promise<EvidenceItem[]> {
  return (await collect(asked)).map(({ item }) => item)
}

/** One piece as a file, by its id or the start of it. Throws `usage`, `not_found`. */
export async function showEvidence(asked: AskedForEvidence, id: string): Promise<Record<string, unknown>> {
  if (!/^[0-9a-f]{4,64}$/.test(id))
    throw new MupibError('usage', `"${id}" names no evidence`, { hint: 'at least the first 4 characters of an id' })
  const found = (await collect(asked)).filter(({ item }) => item.id.startsWith(id))
  if (found.length > 1) throw new MupibError('usage', `${found.length} pieces of evidence begin with ${id}`)
  if (!found[0])
    throw new MupibError('not_found', `no evidence ${id} is kept`, { hint: 'mupib evidence list shows all' })
  return JSON.parse(found[0].json) as Record<string, unknown>
}
