// A wallet in one file (mupib-wallet/1): key, certificate, tokens, and what is open. Whoever reads it can spend the tokens, so it is the owner's
// alone, and may be encrypted: AES-256-GCM under a key that scrypt (RFC 7914) makes of a passphrase.
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import type { WriteOp } from '../../node/store/database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { type Certificate, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { TokenGroup } from '../../proto/token.ts'
import { FieldReader } from '../common/config.ts'
import { certificateBytes, certificateToText } from '../common/identity.ts'
import { isoTime, toJson } from '../common/output.ts'
import { groupFromJson, groupToJson } from '../common/payment.ts'
import { type Entry, entryFromJson, entryToJson } from './entries.ts'
import { noTotals, type OwnToken, type TokenState, tokenName } from './rules.ts'
import type { WalletStore } from './store.ts'
import type { Wallet, WalletSettings } from './wallet.ts'

const backupFormat = 'mupib-wallet/1'

/** What a backup holds. */
export interface Backup {
  readonly createdAt: number
  readonly network: Digest
  readonly name: string
  readonly certificate: Certificate
  readonly seed: Uint8Array
  readonly settings: WalletSettings
  readonly groups: readonly { readonly group: TokenGroup; readonly proof: unknown }[]
  readonly tokens: readonly OwnToken[]
  /** Orders, payments and returns that are open. */
  readonly entries: readonly Entry[]
}

/** scrypt's cost: about 0.1 s and 64 MiB. */
const scrypt = { N: 2 ** 16, r: 8, p: 1 } as const
const scryptOptions = { ...scrypt, maxmem: 256 * 1024 * 1024 }
const keyBytes = 32
const ivBytes = 12
const saltBytes = 16

/** The text of a wallet's backup. */
export function backupText(wallet: Wallet, passphrase?: string): string {
  const { home, book } = wallet
  const groups: { group: TokenGroup; proof: unknown; tokens: OwnToken[] }[] = []
  const byGroup = new Map<TokenGroup, OwnToken[]>()
  for (const token of book.tokens.values()) {
    let tokens = byGroup.get(token.group)
    if (!tokens) {
      tokens = []
      byGroup.set(token.group, tokens)
      const { bank, publication } = token.group
      groups.push({ group: token.group, proof: book.store.proof(bank, publication), tokens })
    }
    tokens.push(token)
  }
  const content = {
    format: backupFormat,
    createdAt: isoTime(Date.now()),
    network: home.network,
    name: home.name,
    certificate: certificateToText(home.certificate),
    seed: toHex(home.seed),
    settings: { ...home.own },
    publications: groups.map(({ group, proof, tokens }) => ({
      group: groupToJson(group),
      proof,
      tokens: tokens.map(({ index, signature, state }) => ({ index, signature, ...state })),
    })),
    entries: book.openEntries.map(entryToJson),
  }
  const text = toJson(content)
  return `${passphrase === undefined ? text : encrypt(text, passphrase)}\n`
}

function encrypt(text: string, passphrase: string): string {
  const salt = randomBytes(saltBytes)
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase, salt, keyBytes, scryptOptions), iv)
  const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  const parameters = { ...scrypt, salt: toHex(salt), iv: toHex(iv), tag: toHex(cipher.getAuthTag()) }
  return toJson({ format: backupFormat, encrypted: { ...parameters, content: content.toString('base64') } })
}

function decrypt(fields: FieldReader, passphrase: string | undefined): unknown {
  if (passphrase === undefined)
    throw new MupibError('bad_input', 'the backup is encrypted', { hint: 'name a file with --passphrase-file' })
  for (const [name, value] of Object.entries(scrypt)) if (fields.raw(name) !== value) fields.fail(name, String(value))
  const salt = bytesOfHex(fields.hex('salt', saltBytes))
  const iv = bytesOfHex(fields.hex('iv', ivBytes))
  const tag = bytesOfHex(fields.hex('tag', 16))
  const content = Buffer.from(fields.text('content'), 'base64')
  fields.end()
  const decipher = createDecipheriv('aes-256-gcm', scryptSync(passphrase, salt, keyBytes, scryptOptions), iv)
  decipher.setAuthTag(tag)
  try {
    return JSON.parse(Buffer.concat([decipher.update(content), decipher.final()]).toString('utf8'))
  } catch (cause) {
    throw new MupibError('bad_input', 'the backup does not open: another passphrase, or a damaged file', { cause })
  }
}

function readToken(value: unknown, group: TokenGroup): OwnToken {
  const fields = new FieldReader(value, 'backup: token', 'bad_input')
  const index = fields.integer('index', 0, 0xffff_ffff)
  const signature = bytesOfHex(fields.hex('signature', 64))
  const kind = fields.oneOf('kind', ['free', 'unchecked', 'pledged', 'returning'])
  // whatever was free then may have been used since
  const state: TokenState =
    kind === 'pledged' || kind === 'returning' ? { kind, to: fields.hex('to', 32) } : { kind: 'unchecked' }
  fields.end()
  return { group, index, signature, state }
}

/** Reads a backup. Throws `bad_input`, `bad_certificate`. */
export function readBackup(value: unknown, passphrase?: string): Backup {
  let fields = new FieldReader(value, 'backup', 'bad_input')
  if (fields.raw('format') !== backupFormat) fields.fail('format', `"${backupFormat}"`)
  if (fields.has('encrypted')) {
    const opened = decrypt(fields.object('encrypted'), passphrase)
    fields.end()
    fields = new FieldReader(opened, 'backup', 'bad_input')
    fields.raw('format')
  }
  const network = fields.hex('network', 32)
  const groups: { group: TokenGroup; proof: unknown }[] = []
  const tokens = fields.array('publications', Number.MAX_SAFE_INTEGER).flatMap(publication => {
    const part = new FieldReader(publication, 'backup: publication', 'bad_input')
    const group = groupFromJson(part.raw('group'), 'backup')
    groups.push({ group, proof: part.raw('proof') })
    const rows = part.array('tokens', Number.MAX_SAFE_INTEGER).map(token => readToken(token, group))
    part.end()
    return rows
  })
  const settings = fields.object('settings')
  const backup: Backup = {
    createdAt: Date.parse(fields.text('createdAt')),
    network,
    name: fields.text('name'),
    certificate: parseCertificate(certificateBytes(fields.text('certificate'))),
    seed: bytesOfHex(fields.hex('seed', 32)),
    settings: {
      bank: settings.text('bank'),
      auditor: settings.text('auditor'),
      deadlineMsMax: settings.integer('deadlineMsMax', 1, Number.MAX_SAFE_INTEGER),
    },
    groups,
    tokens,
    entries: fields.array('entries', Number.MAX_SAFE_INTEGER).map(entry => entryFromJson(entry, network, 'bad_input')),
  }
  settings.end()
  fields.end()
  return backup
}

/** Fills a new store with a backup: what was free is unchecked, what was open is open. One write: all of it or nothing. */
export async function fillStore(store: WalletStore, backup: Backup, now: number): Promise<void> {
  const { groups, tokens, entries, createdAt } = backup
  const operations: WriteOp[] = [
    ...groups.map(({ group, proof }) => store.putGroup(group, proof)),
    ...tokens.map(token => store.putChange({ name: tokenName(token), token, state: token.state })),
    ...entries.flatMap(entry => store.putEntry(entry)),
    store.putTotals({ ...noTotals, received: tokens.length }),
    store.putRestoration({ restoredAt: now, backedUpAt: createdAt }),
  ]
  await store.write(operations)
}
