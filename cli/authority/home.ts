// The authority's folder: its key and root certificate, and the files in which it keeps what it signed.
import { join } from 'node:path'
import { readGenesis } from '../../node/config.ts'
import { bytesEqual } from '../../proto/bytes.ts'
import { type Certificate, checkIssuer, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { readBytes, readKeyFile, statOf } from '../common/files.ts'

export interface AuthorityHome {
  readonly folder: string
  readonly genesis: Genesis
  readonly network: Digest
  readonly roots: readonly Certificate[]
  readonly root: Certificate
  readonly seed: Uint8Array
  readonly key: SigningKey
  readonly peersFile: string
}

/** Where the authority's files are; genesis and peers may lie elsewhere than beside its folder. */
export interface AuthorityPlace {
  readonly dir: string
  readonly genesis?: string
  readonly peers?: string
}

function folderOf(dir: string): string {
  const inside = join(dir, 'authority')
  if (statOf(join(inside, 'key.json'))) return inside
  if (statOf(join(dir, 'key.json')) && !statOf(join(dir, 'config.json'))) return dir
  throw new MupibError('bad_config', `no key of an authority in ${dir}`, {
    hint: "name the directory of a network, or the authority's own folder, with --dir",
  })
}

/** A shared file of the network: in the folder itself or above it. */
function sharedFile(folder: string, name: string): string {
  const own = join(folder, name)
  return statOf(own) ? own : join(folder, '..', name)
}

/** A certificate file. Throws `bad_certificate` naming it, `permission`. */
export function readCertificate(file: string): Certificate {
  const bytes = readBytes(file, 'bad_certificate', 4 * limits.certificateBytes)
  try {
    return parseCertificate(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new MupibError('bad_certificate', `${file}: ${(cause as Error).message}`, { cause })
  }
}

/** Opens the authority's folder. Throws `bad_config`, `bad_genesis`, `bad_key`, `bad_certificate`, `permission`. */
export function openAuthorityHome(place: AuthorityPlace): AuthorityHome {
  const folder = folderOf(place.dir)
  const genesis = readGenesis(place.genesis ?? sharedFile(folder, 'genesis.json'))
  const keyFile = join(folder, 'key.json')
  const { seed } = readKeyFile(keyFile)
  const key = signingKeyFromSeed(seed)
  if (!bytesEqual(key.publicKey, genesis.authority.publicKey))
    throw new MupibError('bad_key', `${keyFile} is not the key of the authority of this network`, {
      hint: 'check that key and genesis belong together',
    })
  const roots = genesis.roots.map(({ der }) => parseCertificate(der))
  const root = roots.find(({ facts }) => facts.fingerprint === genesis.authority.fingerprint)
  if (!root) throw new MupibError('bad_genesis', 'the authority of this genesis has no root certificate in it')
  const peersFile = place.peers ?? sharedFile(folder, 'peers.json')
  return { folder, genesis, network: genesisHash(genesis), roots, root, seed, key, peersFile }
}

/** Holds a certificate to the network's roots. Throws `bad_certificate`. */
export function checkIssued(home: AuthorityHome, certificate: Certificate, file: string): void {
  try {
    checkIssuer(certificate, home.roots)
  } catch (cause) {
    throw new MupibError('bad_certificate', `${file} was not issued by a root of this network`, {
      hint: 'mupib authority issue makes certificates',
      cause,
    })
  }
}
