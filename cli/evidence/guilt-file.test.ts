import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { TestNetwork } from '../../node/client/testing.ts'
import { createGenesis, genesisToJson } from '../../proto/genesis.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { genesisContent } from '../../proto/testing.ts'
import { CertificateChecks } from '../common/identity.ts'
import { createServer } from '../common/server.ts'
import { writeHome } from '../common/testing.ts'
import { verifyFile } from '../verify/verify.ts'
import type { Claim } from './claims.ts'
import { listEvidence, showEvidence } from './evidence.ts'
import { createFinding, verifyEvidence } from './guilt.ts'
import { parseEvidence } from './guilt-file.ts'
import { Scene } from './testing.ts'

let scene: Scene

beforeEach(async () => {
  scene = await Scene.set()
})

const certificates = () => [scene.alice, scene.kiosk, scene.cinema].map(({ certificate }) => certificate)

describe('evidence', () => {
  it('has one strict form and one network', async () => {
    const { json } = createFinding(scene.sold(), certificates(), scene.ledger.genesis)
    const file = JSON.parse(json) as Record<string, unknown>
    const broken: Record<string, string> = {
      'unknown field': JSON.stringify({ ...file, note: 1 }),
      'a field twice': json.replace('{', '{"kind":"double_selling",'),
      'another format': JSON.stringify({ ...file, format: 'mupib-evidence/2' }),
      'another kind': JSON.stringify({ ...file, kind: 'forgery' }),
      'no kind': JSON.stringify({ ...file, kind: undefined }),
      'one presentation': JSON.stringify({ ...file, presentations: (file.presentations as unknown[]).slice(1) }),
      'too many certificates': JSON.stringify({ ...file, certificates: Array(9).fill('AA==') }),
      'cut off': json.slice(0, -1),
      nothing: 'null',
    }
    for (const [name, text] of Object.entries(broken))
      expect(() => parseEvidence(text), name).toThrow(expect.objectContaining({ code: 'bad_proof' }))
    const other = createGenesis({ ...(await genesisContent()), name: 'other-net' })
    expect(() => verifyEvidence(parseEvidence(json), other)).toThrow(/another network/)
  })

  it('does not hold, or says the same, after any change', () => {
    const [a, b] = scene.issue(2)
    const [first, second] = [scene.pay([a!, b!]), scene.pay([b!])]
    scene.decide([first])
    const spent: Claim = { kind: 'double_spending', first, second, proof: scene.decide([second])(0, 0) }
    const stolen: Claim = { kind: 'stolen_payload', presentation: scene.present(scene.cinema, first), payment: first }
    const { genesis } = scene.ledger
    for (const claim of [spent, stolen]) {
      const { json, guilt } = createFinding(claim, [scene.alice.certificate, scene.cinema.certificate], genesis)
      let refused = 0
      for (let at = 130; at < json.length; at += Math.ceil(json.length / 25)) {
        const changed = json.slice(0, at) + (json[at] === '7' ? '8' : '7') + json.slice(at + 1)
        try {
          expect(verifyEvidence(parseEvidence(changed), genesis), changed).toEqual(guilt)
        } catch (error) {
          expect(error, changed).toMatchObject({ code: 'bad_proof' })
          refused += 1
        }
      }
      expect(refused).toBeGreaterThan(18)
    }
  })

  it('is listed from validators and auditors that answer, shown as a file, and verified by the genesis file', async () => {
    const { genesis } = scene.ledger
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-evidence-'))
    const [genesisFile, file] = [path.join(dir, 'genesis.json'), path.join(dir, 'evidence.json')]
    fs.writeFileSync(genesisFile, genesisToJson(genesis))
    const finding = createFinding(scene.sold(), certificates(), genesis)
    const found = JSON.parse(finding.json) as { presentations: { signature: string }[] }
    const slander = {
      ...found,
      presentations: found.presentations.map(({ signature: _, ...rest }) => ({ ...rest, signature: '00'.repeat(64) })),
    }
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
    const votes = {
      type: 'two_votes',
      guilty: 'validator-2',
      role: 'validator',
      first: hex(scene.vote('notarize', 'a')),
      second: hex(scene.vote('notarize', 'b')),
    }
    const reuse = {
      type: 'number_reuse',
      guilty: scene.bank,
      role: 'client',
      kind: 'publication',
      number: 3,
      first: zeroDigest,
      second: zeroDigest,
    }
    const server = createServer({ identity: scene.auditor, checks: new CertificateChecks(scene.auditor.roots) })
    server.get('/evidence', { config: { access: 'anyone' } }, async () => [
      { id: 'x', ...votes },
      { id: 'y', ...reuse },
    ])
    server.get('/findings', { config: { access: ['self'] } }, async () => [found, slander])
    const http = await server.listen({ port: 0, host: '127.0.0.1' })
    try {
      expect(
        (await listEvidence({ dir, http }))
          .map(({ kind, guilty, role, charged }) => [kind, guilty, role, charged])
          .sort(),
      ).toEqual([
        ['number_reuse', 'bank', 'bank', false],
        ['two_votes', 'validator-2', 'validator', false],
      ])
      writeHome({ dir, genesis: scene.ledger.genesis } as TestNetwork, 'auditor')
      fs.writeFileSync(path.join(dir, 'services.json'), JSON.stringify({ auditor: http }))
      const listed = await listEvidence({ dir, http })
      expect(listed).toHaveLength(3)
      expect(listed).toContainEqual({
        id: finding.id,
        kind: 'double_selling',
        guilty: 'kiosk',
        role: 'vendor',
        charged: false,
      })
      const write = (content: unknown): void => fs.writeFileSync(file, JSON.stringify(content, undefined, 2))
      for (const { id, kind } of listed) {
        write(await showEvidence({ dir, http }, id.slice(0, 12)))
        if (kind === 'number_reuse')
          expect(() => verifyFile(file, genesisFile)).toThrow(expect.objectContaining({ code: 'bad_proof' }))
        else expect(verifyFile(file, genesisFile).result).toMatchObject({ holds: true, network: 'test-net', kind })
      }
      write(slander)
      expect(() => verifyFile(file, genesisFile)).toThrow(expect.objectContaining({ code: 'bad_proof' }))
      write({ ...found, kind: 'nothing' })
      expect(() => verifyFile(file, genesisFile)).toThrow(expect.objectContaining({ code: 'bad_input' }))
    } finally {
      await server.close()
      fs.rmSync(dir, { recursive: true, force: true })
    }
  })
})
