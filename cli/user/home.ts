// A wallet's config.json, beside what all parties have: {"bank", "auditor", "deadlineMsMax"?}; and the folder that holds it.
import { mkdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { readGenesis } from '../../node/config.ts'
import { bytesEqual, toHex } from '../../proto/bytes.ts'
import { type Certificate, certificateToPem, checkIssuer, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Genesis } from '../../proto/genesis.ts'
import { openPartyHome, partyConfigFile, readOwnCertificate } from '../common/actor-home.ts'
import { readConfig } from '../common/config.ts'
import { besideFile, readKeyFile, statOf, writeAtomic, writeKeyFile } from '../common/files.ts'
import { toJson } from '../common/output.ts'
import type { WalletHome, WalletSettings } from './wallet.ts'

/** The longest that a payment may run unless the config says otherwise, and that it may say, in milliseconds. */
const defaultDeadlineMsMax = 600_000
const dayMs = 86_400_000

/** Where a wallet's config is: `dir` is the wallet's folder, or a network's with the user's name. Throws `bad_config`. */
const walletConfigFile = (dir: string, user: string | undefined): string =>
  partyConfigFile(dir, 'user', user === undefined ? 'user' : join('users', user))

/** Opens a wallet's home. Throws as `openPartyHome`, and `bad_certificate` where none was issued yet. */
export function openWalletHome(dir: string, user?: string): WalletHome {
  const file = walletConfigFile(dir, user)
  const certificate = besideFile(file, readConfig(file).text('certificate', 'certificate.pem'))
  if (statOf(certificate) === undefined)
    throw new MupibError('bad_certificate', `this wallet has no certificate yet: ${certificate}`, {
      hint: 'ask the authority for one (mupib authority issue), then: mupib user renew CERTIFICATE',
    })
  return openPartyHome(file, 'user', config => ({
    bank: config.text('bank'),
    auditor: config.text('auditor'),
    deadlineMsMax: config.integer('deadlineMsMax', 1, dayMs, defaultDeadlineMsMax),
  }))
}

/** A new wallet's folder: what goes into it. */
export interface NewHome {
  readonly folder: string
  /** The network's genesis.json; services.json is beside it. */
  readonly genesisFile: string
  readonly seed: Uint8Array
  readonly certificate: Certificate | undefined
  readonly settings: WalletSettings
}

/** Writes a wallet's folder. Throws `bad_input` where one is there already. */
export function writeHome({ folder, genesisFile, seed, certificate, settings }: NewHome): void {
  if (statOf(join(folder, 'config.json')) || statOf(join(folder, 'key.json')))
    throw new MupibError('bad_input', `${folder} holds a wallet already`, { hint: 'name another folder' })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const genesis = relative(resolve(folder), resolve(genesisFile))
  const files = { genesis, key: 'key.json', certificate: 'certificate.pem', store: 'store' }
  const services = join(dirname(genesis), 'services.json')
  writeKeyFile(join(folder, 'key.json'), seed)
  if (certificate) writeAtomic(join(folder, 'certificate.pem'), certificateToPem(certificate))
  // last: a folder with a config is a whole one
  writeAtomic(join(folder, 'config.json'), `${toJson({ ...files, services, ...settings }, 2)}\n`)
}

/** What a new wallet begins with: genesis' first bank and auditor. */
export function defaultSettings(genesis: Genesis): WalletSettings {
  const first = (role: 'bank' | 'auditor'): string => {
    const member = genesis.members.find(candidate => candidate.role === role)
    if (!member) throw new MupibError('bad_genesis', `this network has no ${role}`)
    return member.name
  }
  return { bank: first('bank'), auditor: first('auditor'), deadlineMsMax: defaultDeadlineMsMax }
}

/**
 * Puts a certificate in the place of the wallet's, or in its place where it has none: of the same key and name, by a root of the network. Tokens
 * name the key, so they stay. Throws `bad_certificate`, `wrong_role`, `bad_key`.
 */
export function renewHome(dir: string, user: string | undefined, file: string): Certificate {
  const configFile = walletConfigFile(dir, user)
  const config = readConfig(configFile)
  const pathOf = (field: string, fallback: string): string => besideFile(configFile, config.text(field, fallback))
  const { publicKey } = readKeyFile(pathOf('key', 'key.json'))
  const place = pathOf('certificate', 'certificate.pem')
  const renewed = readOwnCertificate(file)
  const { name, role, facts } = renewed
  if (role !== 'user') throw new MupibError('wrong_role', `${file} is the certificate of a ${role}`)
  if (!bytesEqual(facts.publicKey, publicKey))
    throw new MupibError('bad_key', `${file} is of another key than this wallet's, ${toHex(publicKey)}`, {
      hint: 'tokens belong to the key: have the certificate issued for it (mupib authority issue --public-key)',
    })
  const roots = readGenesis(pathOf('genesis', 'genesis.json')).roots.map(({ der }) => parseCertificate(der))
  checkIssuer(renewed, roots, Date.now())
  const earlier = statOf(place) ? readOwnCertificate(place).name : name
  if (earlier !== name)
    throw new MupibError('bad_certificate', `${file} is for ${name}, this wallet is ${earlier}'s`, {
      hint: 'the name stays as well as the key',
    })
  writeAtomic(place, certificateToPem(renewed))
  return renewed
}
