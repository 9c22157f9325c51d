// The genesis file: who runs the network, who may use it, and every value on which nodes must agree. Its hash, over a canonical
// encoding and never over JSON text, names the network in everything that is signed.
import { toHex, Writer } from './bytes.ts'
import { MupibError } from './errors.ts'
import { type Digest, digestOf, sha256Hex } from './hash.ts'
import { type JsonField, parseStrictJson } from './json.ts'
import { limits } from './limits.ts'
import { peerIdOf } from './peer-id.ts'
import { derToPem, pemToDer } from './pem.ts'
import { publicKeyFault } from './public-key.ts'
import { type CertificateFacts, isName, roles } from './records.ts'

const genesisFormat = 1

export interface GenesisValidator {
  readonly name: string
  readonly publicKey: Uint8Array
  readonly peerId: string
}

/** A bank or an auditor that is a member from the first block. */
export interface GenesisMember {
  readonly name: string
  readonly role: 'bank' | 'auditor'
  /** Also holds its public key. The facts are taken over as they stand: see `checkGenesisCertificates`. */
  readonly certificate: CertificateFacts
  readonly certificateDer: Uint8Array
  /** What each token of a bank is worth, in minor units; 0 for an auditor. */
  readonly tokenValue: bigint
  readonly peerId: string
}

export interface GenesisTiming {
  /** How long a view may take once there is work. */
  readonly timeoutMs: number
  /** How often a leader without work proposes an empty block. */
  readonly idleMs: number
  /** How far a block's time may be ahead of a voter's clock. */
  readonly driftMs: number
}

export interface GenesisLimits {
  /** Records in one ledger block: a proposal with more is invalid. */
  readonly proposalRecords: number
  /** Records of one client in one ledger block. */
  readonly clientRecords: number
}

export interface Genesis {
  readonly name: string
  /** Time of block 0, in milliseconds since 1970. */
  readonly time: number
  readonly timing: GenesisTiming
  readonly limits: GenesisLimits
  /** Who admits, ends and revokes: its records are signed with this key and name the root certificate of this fingerprint. */
  readonly authority: { readonly publicKey: Uint8Array; readonly fingerprint: Digest; readonly peerId: string }
  readonly roots: readonly { readonly fingerprint: Digest; readonly der: Uint8Array }[]
  /** A validator's index here is its index in votes and in the rotation of leaders. */
  readonly validators: readonly GenesisValidator[]
  readonly members: readonly GenesisMember[]
}

/** What is given to make a genesis; peer ids and fingerprints follow from keys and certificates. */
export interface GenesisContent extends Omit<Genesis, 'authority' | 'roots' | 'validators' | 'members'> {
  readonly authority: { readonly publicKey: Uint8Array; readonly fingerprint: Digest }
  readonly roots: readonly Uint8Array[]
  readonly validators: readonly Omit<GenesisValidator, 'peerId'>[]
  readonly members: readonly Omit<GenesisMember, 'peerId'>[]
}

/** Puts a genesis together and holds it to the rules of the file. Throws `bad_genesis`. */
export function createGenesis(content: GenesisContent): Genesis {
  const named = <T extends { publicKey: Uint8Array }>(of: T) => ({ ...of, peerId: peerIdOf(of.publicKey) })
  return parseGenesis(
    genesisToJson({
      ...content,
      authority: named(content.authority),
      roots: content.roots.map(der => ({ fingerprint: sha256Hex(der), der })),
      validators: content.validators.map(named),
      members: content.members.map(member => ({ ...member, peerId: peerIdOf(member.certificate.publicKey) })),
    }),
  )
}

/**
 * Reads a genesis file. Every field is checked and unknown ones are refused; certificates are held to their fingerprints here and
 * parsed by `checkGenesisCertificates`. Throws `bad_genesis` with the field and what would be right.
 */
export function parseGenesis(json: string): Genesis {
  const file = parseStrictJson(json, limits.genesisChars, 'bad_genesis').object([
    'format',
    'network',
    'time',
    'timing',
    'limits',
    'authority',
    'roots',
    'validators',
    'members',
  ])
  file.format.integer(genesisFormat, genesisFormat)
  const names = new Distinct('another name: it is taken')
  const keys = new Distinct('another key: it is taken')
  const fingerprints = new Distinct('another certificate: it stands here already')
  const genesis = {
    name: readName(file.network),
    time: file.time.time(),
    timing: readTiming(file.timing),
    limits: readLimits(file.limits),
    authority: readAuthority(file.authority, keys),
    roots: file.roots.list(1, limits.roots).map(root => readRoot(root, fingerprints)),
    validators: file.validators.list(1, limits.validators).map(entry => readValidator(entry, names, keys)),
    members: file.members.list(0, limits.members).map(entry => readMember(entry, names, keys, fingerprints)),
  }
  if (!genesis.roots.some(root => root.fingerprint === genesis.authority.fingerprint))
    file.authority.refuse('the fingerprint and key of one of the roots')
  return genesis
}

/** The file's text; `parseGenesis` of it gives the same genesis. */
export function genesisToJson(genesis: Genesis): string {
  const { authority, timing } = genesis
  const file = {
    format: genesisFormat,
    network: genesis.name,
    time: isoTime(genesis.time),
    timing: { timeoutMs: timing.timeoutMs, idleMs: timing.idleMs, driftMs: timing.driftMs },
    limits: { proposalRecords: genesis.limits.proposalRecords, clientRecords: genesis.limits.clientRecords },
    authority: { publicKey: toHex(authority.publicKey), fingerprint: authority.fingerprint },
    roots: genesis.roots.map(root => derToPem(root.der)),
    validators: genesis.validators.map(({ name, publicKey, peerId }) => ({
      name,
      publicKey: toHex(publicKey),
      peerId,
    })),
    members: genesis.members.map(member => ({
      name: member.name,
      role: member.role,
      publicKey: toHex(member.certificate.publicKey),
      certificate: {
        fingerprint: member.certificate.fingerprint,
        notBefore: isoTime(member.certificate.notBefore),
        notAfter: isoTime(member.certificate.notAfter),
        pem: derToPem(member.certificateDer),
      },
      ...(member.role === 'bank' ? { tokenValue: member.tokenValue.toString() } : {}),
    })),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Canonical encoding of everything that the file says. Peer ids follow from keys and are left out. */
export function encodeGenesis(genesis: Genesis): Uint8Array {
  const writer = new Writer(4096)
    .u32(genesisFormat)
    .text(genesis.name)
    .u64(genesis.time)
    .u32(genesis.timing.timeoutMs)
    .u32(genesis.timing.idleMs)
    .u32(genesis.timing.driftMs)
    .u32(genesis.limits.proposalRecords)
    .u32(genesis.limits.clientRecords)
    .fixed(genesis.authority.publicKey, 32)
    .digest(genesis.authority.fingerprint)
    .u16(genesis.roots.length)
  for (const root of genesis.roots) writer.bytes(root.der)
  writer.u16(genesis.validators.length)
  for (const validator of genesis.validators) writer.text(validator.name).fixed(validator.publicKey, 32)
  writer.u16(genesis.members.length)
  for (const member of genesis.members) {
    writer
      .text(member.name)
      .u8(roles[member.role])
      .digest(member.certificate.fingerprint)
      .fixed(member.certificate.publicKey, 32)
      .u64(member.certificate.notBefore)
      .u64(member.certificate.notAfter)
      .bytes(member.certificateDer)
      .u64(member.tokenValue)
  }
  return writer.finish()
}

/** The network's name in everything that is signed. */
export const genesisHash = (genesis: Genesis): Digest => digestOf('genesis', encodeGenesis(genesis))

/** The validators' public keys by index, as votes and certificates are checked against them. */
export const validatorKeys = (genesis: Genesis): Uint8Array[] => genesis.validators.map(({ publicKey }) => publicKey)

/** Index of a validator by peer id; undefined where there is none. */
export function validatorIndexOf(genesis: Genesis, peerId: string): number | undefined {
  const index = genesis.validators.findIndex(validator => validator.peerId === peerId)
  return index < 0 ? undefined : index
}

export const memberByPeerId = (genesis: Genesis, peerId: string): GenesisMember | undefined =>
  genesis.members.find(member => member.peerId === peerId)

function isoTime(ms: number): string {
  // Date throws a RangeError beyond its range; a time that came in never is
  return new Date(ms).toISOString()
}

/** Refuses what was seen before. */
class Distinct {
  readonly #seen = new Set<string>()
  readonly #right: string

  constructor(right: string) {
    this.#right = right
  }

  add(text: string, field: JsonField): void {
    if (this.#seen.has(text)) field.refuse(this.#right)
    this.#seen.add(text)
  }
}

function readName(field: JsonField): string {
  const name = field.text(limits.nameBytes)
  if (!isName(name))
    field.refuse(`1 to ${limits.nameBytes} lower-case letters, digits, dots and dashes, a letter or digit at both ends`)
  return name
}

function readKey(field: JsonField, keys: Distinct): Uint8Array {
  const key = field.hex(32, true)
  const fault = publicKeyFault(key)
  if (fault !== undefined) field.refuse(fault)
  keys.add(toHex(key), field)
  return key
}

function readPem(field: JsonField, fingerprints: Distinct): { fingerprint: Digest; der: Uint8Array } {
  let der: Uint8Array
  try {
    der = pemToDer(field.text(limits.certificateBytes * 2))
  } catch (cause) {
    if (cause instanceof MupibError && cause.code === 'bad_genesis') throw cause
    return field.refuse('one certificate in PEM', cause)
  }
  if (der.length > limits.certificateBytes) field.refuse(`a certificate of at most ${limits.certificateBytes} bytes`)
  const fingerprint = sha256Hex(der)
  fingerprints.add(fingerprint, field)
  return { fingerprint, der }
}

const readRoot = readPem

function readTiming(field: JsonField): GenesisTiming {
  const { timeoutMs, idleMs, driftMs } = field.object(['timeoutMs', 'idleMs', 'driftMs'])
  return {
    timeoutMs: timeoutMs.integer(1, limits.timingMs),
    idleMs: idleMs.integer(1, limits.timingMs),
    driftMs: driftMs.integer(1, limits.timingMs),
  }
}

function readLimits(field: JsonField): GenesisLimits {
  const { proposalRecords, clientRecords } = field.object(['proposalRecords', 'clientRecords'])
  const records = proposalRecords.integer(1, limits.proposalRecords)
  return { proposalRecords: records, clientRecords: clientRecords.integer(1, records) }
}

function readAuthority(field: JsonField, keys: Distinct): Genesis['authority'] {
  const entry = field.object(['publicKey', 'fingerprint'])
  const publicKey = readKey(entry.publicKey, keys)
  return { publicKey, fingerprint: entry.fingerprint.digest(), peerId: peerIdOf(publicKey) }
}

function readValidator(field: JsonField, names: Distinct, keys: Distinct): GenesisValidator {
  const entry = field.object(['name', 'publicKey', 'peerId'])
  const name = readName(entry.name)
  names.add(name, entry.name)
  const publicKey = readKey(entry.publicKey, keys)
  const peerId = peerIdOf(publicKey)
  if (entry.peerId.value !== peerId) entry.peerId.refuse(`${peerId}, the peer id of the key above`)
  return { name, publicKey, peerId }
}

function readMember(field: JsonField, names: Distinct, keys: Distinct, fingerprints: Distinct): GenesisMember {
  const entry = field.object(['name', 'role', 'publicKey', 'certificate'], ['tokenValue'])
  const name = readName(entry.name)
  names.add(name, entry.name)
  const role = entry.role.oneOf(['bank', 'auditor'])
  const publicKey = readKey(entry.publicKey, keys)
  const certificate = entry.certificate.object(['fingerprint', 'notBefore', 'notAfter', 'pem'])
  const { fingerprint, der } = readPem(certificate.pem, fingerprints)
  if (certificate.fingerprint.value !== fingerprint)
    certificate.fingerprint.refuse(`${fingerprint}, SHA-256 of the certificate`)
  const notBefore = certificate.notBefore.time()
  const notAfter = certificate.notAfter.time()
  if (notAfter < notBefore) certificate.notAfter.refuse('no earlier than notBefore')
  return {
    name,
    role,
    certificate: { fingerprint, publicKey, notBefore, notAfter },
    certificateDer: der,
    tokenValue: readTokenValue(field, role, entry.tokenValue),
    peerId: peerIdOf(publicKey),
  }
}

function readTokenValue(member: JsonField, role: 'bank' | 'auditor', field: JsonField | undefined): bigint {
  if (role === 'auditor') return field === undefined ? 0n : field.refuse('absent: only a bank has a token value')
  if (field === undefined) return member.refuse('given a tokenValue, as every bank has')
  const text = field.text(19)
  const value = /^[1-9][0-9]*$/.test(text) ? BigInt(text) : 0n
  if (value === 0n || value > limits.amount)
    field.refuse('a decimal string from "1" to "9223372036854775807", in minor units')
  return value
}
