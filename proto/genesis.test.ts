// The genesis file: what it refuses, field by field, and that its hash is bound to everything it says and to nothing else.

import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { ed25519 } from '@noble/curves/ed25519.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { toHex } from './bytes.ts'
import { checkGenesisCertificates } from './certificates.ts'
import { MupibError } from './errors.ts'
import {
  createGenesis,
  type Genesis,
  genesisHash,
  genesisToJson,
  memberByPeerId,
  parseGenesis,
  validatorIndexOf,
  validatorKeys,
} from './genesis.ts'
import { base58Encode, peerIdOf } from './peer-id.ts'
import { genesisContent, keyOf, testGenesis } from './testing.ts'

let genesis: Genesis
beforeAll(async () => {
  genesis = await testGenesis()
})

type Fields = Record<string, unknown>

/** A genesis file that tests bend out of shape. */
interface File extends Fields {
  network?: string
  timing: Fields
  limits: Fields
  authority: Fields
  roots: unknown[]
  validators: Fields[]
  members: (Fields & { certificate: Fields })[]
}

/** The refusal of the file after a change; undefined where it is taken. */
function refusal(change: (file: File) => void): MupibError | undefined {
  const file: File = JSON.parse(genesisToJson(genesis))
  change(file)
  return refusalOf(JSON.stringify(file))
}

function refusalOf(text: string): MupibError | undefined {
  try {
    parseGenesis(text)
    return undefined
  } catch (error) {
    if (error instanceof MupibError) return error
    throw error
  }
}

it('is read as it was written', () => {
  const read = parseGenesis(genesisToJson(genesis))
  expect(read).toEqual(genesis)
  expect(genesisHash(read)).toBe(genesisHash(genesis))
  expect(validatorKeys(read)).toHaveLength(4)
  expect(validatorIndexOf(read, read.validators[2]!.peerId)).toBe(2)
  expect(validatorIndexOf(read, read.authority.peerId)).toBeUndefined()
  expect(memberByPeerId(read, peerIdOf(keyOf('bank').publicKey))).toMatchObject({ name: 'bank', tokenValue: 1n })
})

it('its hash does not depend on the layout of the text', () => {
  const { network, ...rest } = JSON.parse(genesisToJson(genesis))
  const other = parseGenesis(
    JSON.stringify({ ...rest, network, roots: rest.roots.map((pem: string) => pem.replaceAll('\n', ' \r\n')) }),
  )
  expect(genesisHash(other)).toBe(genesisHash(genesis))
})

it('its hash changes with everything that it says', async () => {
  const hashes = new Set([genesisHash(genesis)])
  const content = await genesisContent()
  const [bank, auditor] = content.members as [(typeof content.members)[0], (typeof content.members)[0]]
  const changes: Partial<typeof content>[] = [
    { name: 'other' },
    { time: content.time + 1 },
    { timing: { ...content.timing, timeoutMs: 501 } },
    { timing: { ...content.timing, idleMs: 501 } },
    { timing: { ...content.timing, driftMs: 501 } },
    { limits: { ...content.limits, proposalRecords: 511 } },
    { limits: { ...content.limits, clientRecords: 63 } },
    { authority: { ...content.authority, publicKey: keyOf('x').publicKey } },
    { validators: content.validators.toReversed() },
    { validators: content.validators.slice(1) },
    { validators: content.validators.map(({ publicKey }, i) => ({ name: `v${i}`, publicKey })) },
    { members: [bank] },
    { members: [auditor, bank] },
    { members: [{ ...bank, tokenValue: 2n }, auditor] },
    { members: [{ ...bank, name: 'bank2' }, auditor] },
    { members: [{ ...bank, certificate: { ...bank.certificate, notAfter: bank.certificate.notAfter + 1 } }, auditor] },
    { members: [{ ...bank, certificate: { ...bank.certificate, publicKey: keyOf('x').publicKey } }, auditor] },
  ]
  for (const change of changes) hashes.add(genesisHash(createGenesis({ ...content, ...change })))
  expect(hashes.size).toBe(changes.length + 1)
})

describe('refuses, and names the field and what would be right', () => {
  const small = '00'.repeat(32)
  const mixed = () =>
    toHex(
      ed25519.Point.fromBytes(keyOf('a').publicKey)
        .add(ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'))
        .toBytes(),
    )
  it.each<[string, (file: File) => void]>([
    [
      'format',
      f => {
        f.format = 2
      },
    ],
    [
      'network',
      f => {
        f.network = 'Not A Name'
      },
    ],
    [
      'network',
      f => {
        delete f.network
      },
    ],
    [
      'extra',
      f => {
        f.extra = 1
      },
    ],
    [
      '__proto__',
      f => {
        Object.defineProperty(f, '__proto__', { value: {}, enumerable: true })
      },
    ],
    [
      'time',
      f => {
        f.time = '2026-01-01'
      },
    ],
    [
      'time',
      f => {
        f.time = 1767225600000
      },
    ],
    [
      'time',
      f => {
        f.time = '2026-02-30T00:00:00.000Z'
      },
    ],
    [
      'timing.timeoutMs',
      f => {
        f.timing.timeoutMs = 0
      },
    ],
    [
      'timing.idleMs',
      f => {
        f.timing.idleMs = '5'
      },
    ],
    [
      'timing.driftMs',
      f => {
        f.timing.driftMs = 1.5
      },
    ],
    [
      'timing.more',
      f => {
        f.timing.more = 1
      },
    ],
    [
      'limits.proposalRecords',
      f => {
        f.limits.proposalRecords = 1025
      },
    ],
    [
      'limits.clientRecords',
      f => {
        f.limits.clientRecords = 513
      },
    ],
    [
      'authority.publicKey',
      f => {
        f.authority.publicKey = small
      },
    ],
    [
      'authority.fingerprint',
      f => {
        f.authority.fingerprint = 'ab'
      },
    ],
    [
      'authority',
      f => {
        f.authority.fingerprint = small
      },
    ],
    [
      'roots',
      f => {
        f.roots = []
      },
    ],
    [
      'roots[0]',
      f => {
        f.roots[0] = 'no PEM'
      },
    ],
    [
      'roots[1]',
      f => {
        f.roots.push(f.roots[0])
      },
    ],
    [
      'validators',
      f => {
        f.validators = []
      },
    ],
    [
      'validators',
      f => {
        f.validators = Array(129).fill(f.validators[0])
      },
    ],
    [
      'validators[1].publicKey',
      f => {
        f.validators[1]!.publicKey = String(f.validators[1]!.publicKey).toUpperCase()
      },
    ],
    [
      'validators[1].publicKey',
      f => {
        f.validators[1]!.publicKey = mixed()
      },
    ],
    [
      'validators[1].publicKey',
      f => {
        f.validators[1] = { ...f.validators[0], name: 'x' }
      },
    ],
    [
      'validators[1].publicKey',
      f => {
        f.validators[1]!.publicKey = f.authority.publicKey
      },
    ],
    [
      'validators[1].name',
      f => {
        f.validators[1]!.name = f.validators[0]!.name
      },
    ],
    [
      'validators[1].peerId',
      f => {
        f.validators[1]!.peerId = f.validators[0]!.peerId
      },
    ],
    [
      'validators[1].peerId',
      f => {
        delete f.validators[1]!.peerId
      },
    ],
    [
      'members[0].role',
      f => {
        f.members[0]!.role = 'vendor'
      },
    ],
    [
      'members[0].name',
      f => {
        f.members[0]!.name = 'validator-0'
      },
    ],
    [
      'members[0]',
      f => {
        delete f.members[0]!.tokenValue
      },
    ],
    [
      'members[0].tokenValue',
      f => {
        f.members[0]!.tokenValue = 1
      },
    ],
    [
      'members[0].tokenValue',
      f => {
        f.members[0]!.tokenValue = '0'
      },
    ],
    [
      'members[0].tokenValue',
      f => {
        f.members[0]!.tokenValue = '01'
      },
    ],
    [
      'members[0].tokenValue',
      f => {
        f.members[0]!.tokenValue = '9223372036854775808'
      },
    ],
    [
      'members[1].tokenValue',
      f => {
        f.members[1]!.tokenValue = '1'
      },
    ],
    [
      'members[0].certificate.fingerprint',
      f => {
        f.members[0]!.certificate.fingerprint = small
      },
    ],
    [
      'members[0].certificate.notAfter',
      f => {
        f.members[0]!.certificate.notAfter = '2020-01-01T00:00:00.000Z'
      },
    ],
    [
      'members[1].certificate.pem',
      f => {
        f.members[1]!.certificate = f.members[0]!.certificate
      },
    ],
    [
      'members[0].publicKey',
      f => {
        f.members[0]!.publicKey = f.validators[0]!.publicKey
      },
    ],
  ])('%s', (field, change) => {
    const error = refusal(change)
    expect(error).toMatchObject({ code: 'bad_genesis', fields: { field } })
    expect(error?.hint).toBeTruthy()
  })

  it('what is no JSON, too long, or names a field twice', () => {
    const text = genesisToJson(genesis)
    expect(refusalOf('')?.code).toBe('bad_genesis')
    expect(refusalOf(text.slice(0, -5))?.code).toBe('bad_genesis')
    expect(refusalOf('['.repeat(100_000))?.code).toBe('bad_genesis')
    expect(refusalOf(text.replace('"network"', '"network": "evil", "network"'))?.message).toBe('a field is named twice')
    expect(refusalOf(' '.repeat(2 ** 25 + 1))?.code).toBe('bad_genesis')
    expect(refusalOf(text)).toBeUndefined()
  })
})

describe('certificates', () => {
  it('are those that the file says', () => {
    expect(() => checkGenesisCertificates(genesis)).not.toThrow()
  })
  it.each<[string, (file: File) => void]>([
    [
      'authority',
      f => {
        f.authority.publicKey = toHex(keyOf('x').publicKey)
      },
    ],
    [
      'members[0].certificate',
      f => {
        f.members[0]!.name = 'other'
      },
    ],
    [
      'members[0].certificate',
      f => {
        f.members[0]!.role = 'auditor'
        delete f.members[0]!.tokenValue
      },
    ],
    [
      'members[0].certificate',
      f => {
        f.members[0]!.publicKey = toHex(keyOf('x').publicKey)
      },
    ],
    [
      'members[1].certificate',
      f => {
        f.members[1]!.certificate.notAfter = '2030-01-01T00:00:00.000Z'
      },
    ],
  ])('refuses another %s', (field, change) => {
    const file: File = JSON.parse(genesisToJson(genesis))
    change(file)
    const bent = parseGenesis(JSON.stringify(file))
    expect(() => checkGenesisCertificates(bent)).toThrow(
      expect.objectContaining({ code: 'bad_genesis', fields: { field } }),
    )
  })
})

describe('peer ids', () => {
  it('are those of libp2p', () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      const { publicKey } = keyOf(name)
      const key = publicKeyFromRaw(publicKey)
      expect(peerIdOf(publicKey)).toBe(peerIdFromPublicKey(key).toString())
    }
    expect(peerIdOf(keyOf('a').publicKey)).toMatch(/^12D3KooW/)
    expect(() => peerIdOf(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'bad_key' }))
  })
  it('base58 keeps leading zeros', () => {
    expect(base58Encode(Uint8Array.of(0, 0, 1))).toBe('112')
    expect(base58Encode(Buffer.from('Hello World!'))).toBe('2NEpo7TZRRrLZSi2U')
    expect(base58Encode(new Uint8Array())).toBe('')
  })
})
