// The authority's records on disk. A record is written before it is submitted, so that a repeat after a crash sends the same bytes: another
// record under the same number would be evidence against the authority. At most one of a kind waits; the decided ones stay as a register.
import { linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOfHex } from '../../proto/bytes.ts'
import { type Certificate, certificateToPem, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { decodeRecord, type Membership, type Revocation, type SignedRecord, verifyRecord } from '../../proto/records.ts'
import { FieldReader } from '../common/config.ts'
import { readJson, removeFile, statOf, writeAtomic } from '../common/files.ts'
import { toJson } from '../common/output.ts'
import type { AuthorityHome } from './home.ts'

export type AuthorityRecord = Membership | Revocation

/** A signed record, with the certificate that it admits. */
export interface KeptRecord {
  readonly signed: SignedRecord<AuthorityRecord>
  readonly certificate: Certificate | undefined
}

const pendingFile = (home: AuthorityHome, kind: AuthorityRecord['kind']): string =>
  join(home.folder, `pending-${kind}.json`)
const decidedFolder = (home: AuthorityHome): string => join(home.folder, 'records')

function content({ signed, certificate }: KeptRecord): string {
  const { kind, number } = signed.record
  const pem = certificate && certificateToPem(certificate)
  return `${toJson({ kind, number, digest: signed.digest, bytes: signed.bytes, certificate: pem }, 2)}\n`
}

function readKept(home: AuthorityHome, file: string): KeptRecord {
  const fields = new FieldReader(readJson(file, 'bad_input'), file, 'bad_input')
  const text = fields.text('bytes')
  if (!/^([0-9a-f]{2})*$/.test(text) || text.length > 2 * limits.recordBytes) fields.fail('bytes', 'a record in hex')
  const signed = decodeRecord(bytesOfHex(text))
  const { record } = signed
  const isOurs = record.network === home.network && verifyRecord(signed, home.key.publicKey)
  if (!isOurs || (record.kind !== 'membership' && record.kind !== 'revocation'))
    throw new MupibError('bad_input', `${file} holds no record of this authority`, {
      hint: 'it was damaged, or comes from another network',
    })
  const certificate = fields.has('certificate') ? parseCertificate(fields.text('certificate')) : undefined
  return { signed: { ...signed, record }, certificate }
}

/** The record of a kind that was signed and whose answer is not known here. */
export function readPending(home: AuthorityHome, kind: AuthorityRecord['kind']): KeptRecord | undefined {
  const file = pendingFile(home, kind)
  return statOf(file) === undefined ? undefined : readKept(home, file)
}

/** Keeps a record before it is submitted. Throws `already_running` where another command has signed one meanwhile. */
export function keepPending(home: AuthorityHome, record: KeptRecord): void {
  const file = pendingFile(home, record.signed.record.kind)
  const draft = `${file}.${process.pid}`
  writeAtomic(draft, content(record), 0o600)
  try {
    // unlike a rename, a link never replaces another command's record
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new MupibError('already_running', 'another command of the authority is at work', { hint: 'repeat it then' })
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Lets go of a record that will never be decided. */
export function dropPending(home: AuthorityHome, kind: AuthorityRecord['kind']): void {
  removeFile(pendingFile(home, kind))
}

/** Moves a decided record to the register, with its proof; gives the proof's file. */
export function keepDecided(home: AuthorityHome, record: KeptRecord, proof: string): string {
  const { kind, number } = record.signed.record
  const base = join(decidedFolder(home), `${kind}-${number}`)
  mkdirSync(decidedFolder(home), { recursive: true, mode: 0o700 })
  writeAtomic(`${base}.proof.json`, proof)
  writeAtomic(`${base}.json`, content(record))
  dropPending(home, kind)
  return `${base}.proof.json`
}

/** Membership records in the register, oldest first. */
export function decidedMemberships(
  home: AuthorityHome,
): { record: Membership; certificate: Certificate | undefined }[] {
  const folder = decidedFolder(home)
  if (statOf(folder) === undefined) return []
  const numbers = readdirSync(folder).flatMap(name => {
    const number = /^membership-(\d+)\.json$/.exec(name)?.[1]
    return number === undefined ? [] : [Number(number)]
  })
  return numbers
    .sort((a, b) => a - b)
    .flatMap(number => {
      const { signed, certificate } = readKept(home, join(folder, `membership-${number}.json`))
      return signed.record.kind === 'membership' ? [{ record: signed.record, certificate }] : []
    })
}
