// What the authority does: issues certificates, admits, renews and ends banks and auditors, revokes. What must be known to all goes through
// the ledger; a certificate as such is only a file.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { bytesEqual } from '../../proto/bytes.ts'
import { type Certificate, certificateToPem, issueCertificate, renewCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { randomSeed, signingKeyFromSeed } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { isName, type Role } from '../../proto/records.ts'
import { parsePublicKey, statOf, writeAtomic, writeKeyFile } from '../common/files.ts'
import { isoTime } from '../common/output.ts'
import { type Decision, decide, type Wish } from './decide.ts'
import { type AuthorityPlace, checkIssued, openAuthorityHome, readCertificate } from './home.ts'
import { type KnownMember, memberNamed } from './members.ts'

const dayMs = 86_400_000
/** A new certificate begins a little earlier, so that it holds at once by clocks that are behind. */
const backdatedMs = 300_000

export interface Asking extends AuthorityPlace {
  /** How long to wait for the ledger. */
  readonly limitMs: number
  readonly progress: (line: string) => void
}

export interface Decided {
  readonly record: string
  readonly number: number
  readonly height: number
  readonly time: string
  readonly proof: string
}

const decided = ({ record, digest, height, time, proofFile }: Decision): Decided => ({
  record: digest,
  number: record.number,
  height,
  time: isoTime(time),
  proof: proofFile,
})

/** Revokes a certificate: a file, a fingerprint, or the one certificate of a member. Throws `usage`, `not_found`, the ledger's refusal. */
export async function revoke(
  asking: Asking,
  named: string,
  reason: string,
): Promise<Decided & { readonly certificate: string; readonly reason: string }> {
  const home = openAuthorityHome(asking)
  if (Buffer.byteLength(reason) > limits.reasonBytes || /\p{Cc}/u.test(reason))
    throw new MupibError('usage', `a reason is at most ${limits.reasonBytes} bytes, without control characters`)
  const certificate = fingerprintOf(named, name => memberNamed(home, name))
  const wish: Wish = {
    record: { kind: 'revocation', certificate, reason },
    certificate: undefined,
    isMetBy: record => record.kind === 'revocation' && record.certificate === certificate,
  }
  const decision = await decide(home, wish, asking.limitMs, asking.progress)
  return { certificate, reason, ...decided(decision) }
}

function fingerprintOf(named: string, member: (name: string) => KnownMember): string {
  if (/^[0-9a-f]{64}$/.test(named)) return named
  if (statOf(named)?.isFile() || !isName(named) || named.endsWith('.pem'))
    return readCertificate(named).facts.fingerprint
  const { certificates } = member(named)
  if (certificates.length === 1) return certificates[0]!.facts.fingerprint
  const shown = certificates.map(({ facts }) => `${facts.fingerprint} (from ${isoTime(facts.notBefore)})`).join(', ')
  throw new MupibError('usage', `${named} has ${certificates.length} certificates`, {
    hint: `name one by its fingerprint: ${shown}`,
  })
}

export interface AdmitOptions {
  readonly role?: string
  readonly name?: string
  readonly tokenValue?: string
}

/** Admits the member of a certificate, or gives a member its next one. Throws `bad_certificate`, `usage`, the ledger's refusal. */
export async function admit(
  asking: Asking,
  file: string,
  options: AdmitOptions,
): Promise<Decided & { readonly name: string; readonly role: string; readonly certificate: string }> {
  const home = openAuthorityHome(asking)
  const certificate = readCertificate(file)
  checkIssued(home, certificate, file)
  const { name, role } = certificate
  for (const [wanted, found] of [
    [options.name, name],
    [options.role, role],
  ])
    if (wanted !== undefined && wanted !== found)
      throw new MupibError('bad_certificate', `${file} is the certificate of the ${role} ${name}`, {
        hint: 'name and role are those of the certificate',
      })
  const memberRole = memberRoleOf(role)
  const tokenValue = readTokenValue(memberRole, options.tokenValue)
  const decision = await decide(home, admission(certificate, memberRole, tokenValue), asking.limitMs, asking.progress)
  return { name, role, certificate: certificate.facts.fingerprint, ...decided(decision) }
}

function admission(certificate: Certificate, role: 'bank' | 'auditor', tokenValue: bigint): Wish {
  const { name, facts } = certificate
  return {
    record: { kind: 'membership', action: 'admit', name, role, certificate: facts, tokenValue },
    certificate,
    isMetBy: record =>
      record.kind === 'membership' &&
      record.action === 'admit' &&
      record.certificate.fingerprint === facts.fingerprint &&
      record.tokenValue === tokenValue,
  }
}

function memberRoleOf(role: Role): 'bank' | 'auditor' {
  if (role === 'bank' || role === 'auditor') return role
  throw new MupibError('bad_certificate', `a ${role} is no member of the ledger`, { hint: 'banks and auditors are' })
}

function readTokenValue(role: 'bank' | 'auditor', value: string | undefined): bigint {
  if (role === 'auditor') {
    if (value !== undefined) throw new MupibError('usage', 'only a bank has a token value')
    return 0n
  }
  if (value === undefined || !/^[1-9][0-9]{0,18}$/.test(value) || BigInt(value) > limits.amount)
    throw new MupibError('usage', 'a bank needs --token-value, in minor units', { hint: 'for example --token-value 1' })
  return BigInt(value)
}

/** Ends a member for good. Throws `not_found`, the ledger's refusal. */
export async function end(
  asking: Asking,
  name: string,
): Promise<Decided & { readonly name: string; readonly role: string }> {
  const home = openAuthorityHome(asking)
  const { role, tokenValue, certificates } = memberNamed(home, name)
  const wish: Wish = {
    record: { kind: 'membership', action: 'end', name, role, certificate: certificates[0]!.facts, tokenValue },
    certificate: undefined,
    isMetBy: record => record.kind === 'membership' && record.action === 'end' && record.name === name,
  }
  const decision = await decide(home, wish, asking.limitMs, asking.progress)
  return { name, role, ...decided(decision) }
}

export interface RenewOptions {
  readonly days: number
  readonly out?: string
}

/** Issues a member a new certificate for its key, puts it on the ledger, and writes the file once that is final. */
export async function renew(
  asking: Asking,
  name: string,
  options: RenewOptions,
): Promise<
  Decided & { readonly name: string; readonly role: string; readonly certificate: string; readonly file: string }
> {
  const home = openAuthorityHome(asking)
  const { role, tokenValue, certificates } = memberNamed(home, name)
  const earlier = certificates.at(-1)!
  const now = Date.now()
  const renewed = await renewCertificate(earlier, {
    issuer: home.root,
    issuerKey: home.key,
    notBefore: now - backdatedMs,
    notAfter: now + options.days * dayMs,
  })
  const wish: Wish = {
    ...admission(renewed, role, tokenValue),
    // an interrupted renewal made a certificate of its own: that one is as good
    isMetBy: record =>
      record.kind === 'membership' &&
      record.action === 'admit' &&
      record.name === name &&
      bytesEqual(record.certificate.publicKey, earlier.facts.publicKey),
  }
  const decision = await decide(home, wish, asking.limitMs, asking.progress)
  const certificate = decision.certificate ?? renewed
  const file = options.out ?? join(home.folder, `${name}-${certificate.facts.fingerprint.slice(0, 12)}.pem`)
  writeAtomic(file, certificateToPem(certificate))
  return { name, role, certificate: certificate.facts.fingerprint, file, ...decided(decision) }
}

export interface IssueOptions {
  readonly role: Exclude<Role, 'authority'>
  readonly out: string
  readonly publicKey?: string
  readonly days: number
}

/** Issues a certificate into a folder, with a new key beside it unless a public key is given. Nothing goes to the ledger. */
export async function issue(
  place: AuthorityPlace,
  name: string,
  { role, out, publicKey, days }: IssueOptions,
): Promise<Record<string, string>> {
  const home = openAuthorityHome(place)
  if (!isName(name))
    throw new MupibError('usage', `"${name}" is no name`, {
      hint: `at most ${limits.nameBytes} lower-case letters, digits, dots and dashes`,
    })
  const keyFile = join(out, 'key.json')
  const certificateFile = join(out, 'certificate.pem')
  for (const file of publicKey === undefined ? [keyFile, certificateFile] : [certificateFile])
    if (statOf(file))
      throw new MupibError('usage', `${file} is there already`, { hint: 'name another folder with --out' })
  const seed = randomSeed()
  const key = publicKey === undefined ? signingKeyFromSeed(seed).publicKey : parsePublicKey(publicKey, '--public-key')
  const now = Date.now()
  const certificate = await issueCertificate({
    issuer: home.root,
    issuerKey: home.key,
    name,
    role,
    publicKey: new Uint8Array(key),
    notBefore: now - backdatedMs,
    notAfter: now + days * dayMs,
  })
  mkdirSync(out, { recursive: true, mode: 0o700 })
  if (publicKey === undefined) writeKeyFile(keyFile, seed)
  writeAtomic(certificateFile, certificateToPem(certificate))
  const { fingerprint } = certificate.facts
  return {
    name,
    role,
    certificate: fingerprint,
    file: certificateFile,
    ...(publicKey === undefined ? { key: keyFile } : {}),
  }
}
