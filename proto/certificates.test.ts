// Certificates: what is issued is read again, openssl accepts it, and what was not issued so is refused.
import 'reflect-metadata'
import { execFileSync, spawnSync } from 'node:child_process'
import * as crypto from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesEqual } from './bytes.ts'
import {
  type Certificate,
  certificateToPem,
  checkIssuer,
  createRootCertificate,
  issueCertificate,
  parseCertificate,
  renewCertificate,
} from './certificates.ts'
import { sha256Hex } from './hash.ts'
import { derToPem, pemToDer } from './pem.ts'
import { type Role, roles } from './records.ts'
import { decoded, keyOf } from './testing.ts'

const day = 86_400_000
const validity = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2056, 0, 1) }
const authority = keyOf('authority')
const issuedRoles = (Object.keys(roles) as Role[]).filter(role => role !== 'authority')
const bad = { code: 'bad_certificate' }
let root: Certificate
let issued: Certificate[]

const issue = (name: string, role: Role, publicKey = keyOf(name).publicKey) =>
  issueCertificate({
    issuer: root,
    issuerKey: authority,
    name,
    role: role as Exclude<Role, 'authority'>,
    publicKey,
    ...validity,
  })

beforeAll(async () => {
  root = await createRootCertificate({ name: 'authority', key: authority, ...validity })
  issued = await Promise.all(issuedRoles.map(role => issue(`some-${role}`, role)))
})

it('says who, as what, with which key, from when to when', () => {
  for (const [i, certificate] of issued.entries()) {
    const role = issuedRoles[i]!
    expect(certificate).toMatchObject({ role, name: `some-${role}` })
    expect(certificate.facts).toEqual({
      fingerprint: sha256Hex(certificate.der),
      publicKey: keyOf(`some-${role}`).publicKey,
      ...validity,
    })
    expect(parseCertificate(certificateToPem(certificate))).toEqual(certificate)
    expect(checkIssuer(certificate, [root], validity.notBefore)).toBe(root)
    expect(crypto.createHash('sha256').update(certificate.der).digest('hex')).toBe(certificate.facts.fingerprint)
  }
  expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(issued.length)
})

it('is the same for the same request', async () => {
  const request = { name: 'authority', key: authority, ...validity, serialNumber: '0102' }
  const [one, other] = [
    await createRootCertificate(request),
    await createRootCertificate({ ...request, notBefore: validity.notBefore + 999 }),
  ]
  expect(bytesEqual(one.der, other.der)).toBe(true)
})

it('renews under the same name, role and key, or with a new key', async () => {
  const earlier = issued[0]!
  const later = { issuer: root, issuerKey: authority, notBefore: validity.notBefore + day, notAfter: validity.notAfter }
  const renewed = await renewCertificate(earlier, later)
  expect(renewed).toMatchObject({ name: earlier.name, role: earlier.role })
  expect(renewed.facts.publicKey).toEqual(earlier.facts.publicKey)
  expect(renewed.facts.fingerprint).not.toBe(earlier.facts.fingerprint)
  const rekeyed = await renewCertificate(earlier, { ...later, publicKey: keyOf('new').publicKey })
  expect(rekeyed.facts.publicKey).toEqual(keyOf('new').publicKey)
  await expect(renewCertificate(root, later)).rejects.toThrow(expect.objectContaining(bad))
})

describe('refuses', () => {
  it('what no root issued', async () => {
    const foreign = await createRootCertificate({ name: 'authority', key: keyOf('impostor'), ...validity })
    expect(() => checkIssuer(issued[0]!, [foreign])).toThrow(expect.objectContaining(bad))
    expect(() => checkIssuer(root, [foreign])).toThrow(expect.objectContaining(bad))
    expect(() => checkIssuer(issued[0]!, [issued[1]!])).toThrow(expect.objectContaining(bad))
    expect(() => checkIssuer(issued[0]!, [])).toThrow(expect.objectContaining(bad))
  })
  it('what is not valid at the time', () => {
    for (const at of [validity.notBefore - 1, validity.notAfter + 1])
      expect(() => checkIssuer(issued[0]!, [root], at)).toThrow(expect.objectContaining(bad))
  })
  it('to issue in the name of another, or nonsense', async () => {
    const request = {
      issuer: root,
      issuerKey: authority,
      name: 'x',
      role: 'bank' as const,
      publicKey: keyOf('x').publicKey,
      ...validity,
    }
    for (const change of [
      { issuerKey: keyOf('x') },
      { issuer: issued[0]!, issuerKey: keyOf(issued[0]!.name) },
      { name: 'Not, a=Name' },
      { notAfter: validity.notBefore - 1000 },
      { notAfter: Date.UTC(10_000, 1) },
      { publicKey: new Uint8Array(32) },
    ])
      await expect(issueCertificate({ ...request, ...change })).rejects.toThrow(expect.objectContaining(bad))
  })
  it('bytes cut short, bytes behind the end, and every flipped bit', () => {
    const { der } = issued[0]!
    for (let length = 0; length < der.length; length++)
      expect(decoded(parseCertificate, der.subarray(0, length))).toEqual(bad)
    expect(decoded(parseCertificate, Uint8Array.of(...der, 0))).toEqual(bad)
    const check = (bytes: Uint8Array) => checkIssuer(parseCertificate(bytes), [root])
    for (let at = 0; at < der.length; at++) {
      const flipped = der.slice()
      flipped[at]! ^= 1 << (at % 8)
      expect(decoded(check, flipped), `byte ${at}`).toEqual(bad)
    }
  })
  it('other kinds of key', () => {
    const pem = derToPem(issued[0]!.der)
    expect(pemToDer(pem)).toEqual(issued[0]!.der)
    for (const text of [
      '',
      'x',
      pem.replace('BEGIN', 'begin'),
      pem + pem,
      pem.replace('MII', 'MI!'),
      pem.replace('\nM', '\n'),
    ])
      expect(() => parseCertificate(text)).toThrow(expect.objectContaining(bad))
  })
})

describe.skipIf(spawnSync('openssl', ['version']).status !== 0)('openssl', () => {
  const directory = mkdtempSync(join(tmpdir(), 'mupib-certificates-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  const file = (name: string, certificate: Certificate) => {
    const path = join(directory, name)
    writeFileSync(path, certificateToPem(certificate))
    return path
  }

  it('verifies every role strictly, and shows it', () => {
    const ca = file('root.pem', root)
    for (const certificate of issued) {
      const path = file(`${certificate.role}.pem`, certificate)
      expect(
        execFileSync('openssl', ['verify', '-x509_strict', '-check_ss_sig', '-CAfile', ca, path], { encoding: 'utf8' }),
      ).toContain('OK')
      const text = execFileSync('openssl', ['x509', '-noout', '-text', '-in', path], { encoding: 'utf8' })
      expect(text).toMatch(new RegExp(`Subject:.*OU ?= ?${certificate.role}`))
      expect(text).toMatch(new RegExp(`1\\.3\\.6\\.1\\.4\\.1\\.32473\\.17\\.1:\\s+\\.+${certificate.role}`))
    }
  })

  it('refuses one that another authority issued', async () => {
    const foreign = await createRootCertificate({ name: 'authority', key: keyOf('impostor'), ...validity })
    const { status } = spawnSync('openssl', [
      'verify',
      '-CAfile',
      file('foreign.pem', foreign),
      file('bank.pem', issued[0]!),
    ])
    expect(status).not.toBe(0)
  })

  it('certificates made by openssl without a role are refused', () => {
    const path = join(directory, 'self.pem')
    const made = spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-subj',
      '/CN=authority/OU=authority/O=mupib',
      '-keyout',
      join(directory, 'key.pem'),
      '-out',
      path,
    ])
    expect(made.status).toBe(0)
    expect(() => parseCertificate(execFileSync('openssl', ['x509', '-in', path], { encoding: 'utf8' }))).toThrow(
      expect.objectContaining(bad),
    )
  })
})
