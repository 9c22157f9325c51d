// Signed requests and replies over a real socket: who may ask, and that nobody on the way can change a word.
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Certificate, createRootCertificate, issueCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import type { Role } from '../../proto/records.ts'
import { digestOfName, keyOf } from '../../proto/testing.ts'
import { signedCall } from './http.ts'
import { CertificateChecks, type Identity } from './identity.ts'
import { callerOf, createServer } from './server.ts'
import { signRequest, verifyReply } from './signed-http.ts'

const network = digestOfName('network')
const dayMs = 86_400_000
const dead = new Set<Digest>()
let root: Certificate
let server: FastifyInstance
let base: string
let bank: Identity
let alice: Identity
let received = 0

const roots = (): Certificate[] => [root]

async function party(name: string, role: Exclude<Role, 'authority'>, days = 30): Promise<Identity> {
  const key = keyOf(`${role} ${name}`)
  const validity = { notBefore: Date.now() - 60 * dayMs, notAfter: Date.now() + days * dayMs }
  const request = { issuer: root, issuerKey: keyOf('root'), name, role, publicKey: key.publicKey, ...validity }
  return { network, key, certificate: await issueCertificate(request), roots: roots() }
}

beforeAll(async () => {
  const validity = { notBefore: Date.now() - 90 * dayMs, notAfter: Date.now() + 90 * dayMs }
  root = await createRootCertificate({ name: 'authority', key: keyOf('root'), ...validity })
  bank = await party('bank', 'bank')
  alice = await party('alice', 'user')
  server = createServer({ identity: bank, checks: new CertificateChecks(roots(), digest => dead.has(digest)) })
  server.get('/status', { config: { access: 'anyone' } }, () => ({ state: 'running' }))
  server.get('/account', { config: { access: ['user'] } }, request => ({ name: callerOf(request).name }))
  server.post('/deposits', request => ({ by: callerOf(request).name, body: request.body }))
  server.post('/orders', { config: { access: ['user'] } }, request => {
    received += 1
    return request.body
  })
  server.get('/refuse', { config: { access: ['user'] } }, () => {
    throw new MupibError('insufficient_funds', 'there is too little', { field: 'amount' })
  })
  base = await server.listen({ host: '127.0.0.1', port: 0 })
})

afterAll(() => server.close())

const peer = () => ({ base, name: 'bank', role: 'bank' as const })
const as = (identity: Identity) => ({ identity, checks: new CertificateChecks(roots()) })
const code = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    error => (error as MupibError).code,
  )

/** Sends a request with some of what was signed replaced. */
async function tampered(change: {
  readonly body?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly key?: SigningKey
}): Promise<string> {
  const body = '{"order":1}'
  const identity = change.key ? { ...alice, key: change.key } : alice
  const facts = { method: 'POST', path: '/orders', to: 'bank', time: Date.now(), body: Buffer.from(body) }
  const headers = { ...signRequest(identity, facts).headers, 'content-type': 'application/json', ...change.headers }
  const response = await fetch(base + (change.path ?? '/orders'), {
    method: 'POST',
    headers,
    body: change.body ?? body,
  })
  const answer = (await response.json()) as { error?: { code: string } }
  return answer.error?.code ?? 'answered'
}

describe('a signed request', () => {
  it('is answered under the name of its certificate, and the reply is the service’s own', async () => {
    expect(await signedCall(as(alice), peer(), 'GET', '/account')).toEqual({ name: 'alice' })
    expect(await signedCall(as(alice), peer(), 'POST', '/orders', { order: 5n })).toEqual({ order: '5' })
    expect(await signedCall(as(alice), peer(), 'GET', '/status')).toEqual({ state: 'running' })
  })

  it('changes nothing where any part of it was changed on the way', async () => {
    const before = received
    expect(await tampered({ body: '{"order":2}' })).toBe('bad_signature')
    expect(await tampered({ path: '/orders?twice=1' })).toBe('bad_signature')
    expect(await tampered({ key: keyOf('mallory') })).toBe('bad_signature')
    expect(await tampered({ headers: { 'mupib-time': String(Date.now() - 1) } })).toBe('bad_signature')
    expect(await tampered({ headers: { 'mupib-time': String(Date.now() - 400_000) } })).toBe('times')
    expect(await tampered({ headers: { 'mupib-to': 'auditor' } })).toBe('bad_signature')
    expect(await tampered({ headers: { 'mupib-certificate': 'no certificate' } })).toBe('bad_certificate')
    expect(await tampered({ headers: { 'mupib-signature': 'x' } })).toBe('bad_signature')
    expect(received).toBe(before)
    expect(await tampered({})).toBe('answered')
  })

  it('is refused without a signature, of a wrong role, and with a certificate that is dead, over, or of another root', async () => {
    expect((await fetch(`${base}/account`)).status).toBe(401)
    const vendor = await party('shop', 'vendor')
    expect(await code(signedCall(as(vendor), peer(), 'GET', '/account'))).toBe('wrong_role')
    expect(await code(signedCall(as(alice), peer(), 'POST', '/deposits', {}))).toBe('wrong_role')
    const gone = await party('gone', 'user')
    dead.add(gone.certificate.facts.fingerprint)
    expect(await code(signedCall(as(gone), peer(), 'GET', '/account'))).toBe('certificate_dead')
    expect(await code(signedCall(as(await party('old', 'user', -1)), peer(), 'GET', '/account'))).toBe(
      'certificate_dead',
    )
    const validity = { notBefore: Date.now() - dayMs, notAfter: Date.now() + dayMs }
    const other = await createRootCertificate({ name: 'authority', key: keyOf('other root'), ...validity })
    const key = keyOf('foreigner')
    const certificate = await issueCertificate({
      issuer: other,
      issuerKey: keyOf('other root'),
      name: 'foreigner',
      role: 'user',
      publicKey: key.publicKey,
      ...validity,
    })
    expect(await code(signedCall(as({ ...alice, key, certificate }), peer(), 'GET', '/account'))).toBe(
      'bad_certificate',
    )
  })

  it('lets whoever holds the service’s key act as its operator, and nobody else', async () => {
    expect(await signedCall(as(bank), peer(), 'POST', '/deposits', { a: 1 })).toEqual({ by: 'bank', body: { a: 1 } })
    const namesake = await party('bank', 'vendor')
    expect(await code(signedCall(as(namesake), peer(), 'POST', '/deposits', {}))).toBe('wrong_role')
  })
})

describe('a signed reply', () => {
  it('brings a refusal as the service’s own', async () => {
    const refused = signedCall(as(alice), peer(), 'GET', '/refuse')
    await expect(refused).rejects.toMatchObject({ code: 'insufficient_funds', fields: { field: 'amount' } })
  })

  it('is not believed where nobody signed it, not even as a refusal', async () => {
    const other = Fastify()
    other.get('/account', (_request, reply) =>
      reply.status(409).send({ error: { code: 'insufficient_funds', message: 'says whoever is on the way' } }),
    )
    const elsewhere = { ...peer(), base: await other.listen({ host: '127.0.0.1', port: 0 }) }
    expect(await code(signedCall(as(alice), elsewhere, 'GET', '/account'))).toBe('unreachable')
    await other.close()
  })

  it('does not pass where body, status, request or signer are others', async () => {
    const facts = { method: 'GET', path: '/account', to: 'bank', time: Date.now(), body: new Uint8Array(0) }
    const { headers, digest } = signRequest(alice, facts)
    const response = await fetch(`${base}/account`, { headers })
    const reply = {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: new Uint8Array(await response.arrayBuffer()),
    }
    const checks = new CertificateChecks(roots())
    const verified = (change: Partial<typeof reply>, request = digest, name = 'bank') =>
      verifyReply(checks, { name, role: 'bank' }, request, { ...reply, ...change }, Date.now()).name
    expect(verified({})).toBe('bank')
    expect(() => verified({ body: Buffer.from('{"name":"bob"}') })).toThrow(/signed/)
    expect(() => verified({ status: 201 })).toThrow(/signed/)
    expect(() => verified({}, digestOfName('another request'))).toThrow(/signed/)
    expect(() => verified({}, digest, 'other-bank')).toThrow(/signed by bank/)
    expect(() => verified({ headers: {} })).toThrow(/header/)
  })
})
