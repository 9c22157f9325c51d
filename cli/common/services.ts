// services.json: where the services of a network answer, by their names: {"bank": "http://127.0.0.1:4100", "auditor": "http://…"}. It plays the
// part that peers.json plays for validators, and is read when a service is called, so that one that moved is found.
import { MupibError } from '../../proto/errors.ts'
import type { Role } from '../../proto/records.ts'
import { readJson, statOf } from './files.ts'
import type { Peer } from './http.ts'

/** A service by its name. Throws `unreachable` where no address of it is known, `bad_config` where the file is damaged. */
export function serviceNamed(servicesFile: string, name: string, role: Role): Peer {
  const listed = statOf(servicesFile) === undefined ? {} : readJson(servicesFile, 'bad_config')
  const base = (listed as Record<string, unknown> | null)?.[name]
  if (typeof base === 'string' && /^https?:\/\//.test(base)) return { base, name, role }
  throw new MupibError('unreachable', `no address of the ${role} ${name} is known`, {
    hint: `is it running? its address belongs into ${servicesFile}`,
  })
}
