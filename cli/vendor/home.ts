// A vendor's config.json, beside what all services have: {"bank", "auditors"?, "checkTokens"?, "prices"?, "trustFloor"?, "sessions"?}.
import { limits } from '../../proto/limits.ts'
import { openServiceHome, partyConfigFile, type ServiceHome } from '../common/actor-home.ts'
import type { FieldReader } from '../common/config.ts'
import { informationLimits } from '../common/information.ts'
import { memberNamed } from '../common/rulings.ts'
import { readSessionSettings, type SessionSettings } from './session-settings.ts'
import type { VendorSettings } from './till.ts'

/** A vendor's settings, those of its sessions with them. */
export interface VendorOwn extends VendorSettings {
  /** Undefined where it takes no sessions. */
  readonly sessions: SessionSettings | undefined
}

export type VendorHome = ServiceHome & { readonly own: VendorOwn }

interface RawSettings extends Omit<VendorOwn, 'auditors'> {
  readonly auditors: readonly string[] | undefined
}

/** Items in a catalogue. */
const itemsMax = 10_000

function readPrices(config: FieldReader): ReadonlyMap<string, bigint> {
  const listed = config.object('prices')
  const items = Object.keys((config.raw('prices') as object | undefined) ?? {})
  if (items.length > itemsMax) config.fail('prices', `at most ${itemsMax} items`)
  if (items.some(item => Buffer.byteLength(item) > informationLimits.textBytes))
    config.fail('prices', `items of at most ${informationLimits.textBytes} bytes each`)
  const prices = new Map(items.map(item => [item, listed.amount(item, limits.amount)] as const))
  listed.end()
  return prices
}

const readOwn = (config: FieldReader): RawSettings => ({
  bank: config.text('bank'),
  auditors: config.has('auditors')
    ? config.texts('auditors', limits.members, 'a list of at least one name')
    : undefined,
  checkTokens: config.boolean('checkTokens', true),
  prices: readPrices(config),
  trustFloor: config.has('trustFloor') ? config.integer('trustFloor', 1, limits.blockTokens) : undefined,
  sessions: readSessionSettings(config),
})

/** Opens a vendor's home: `dir` is its own folder, or a network's with `name` for one of its vendors. Throws as `openServiceHome`, `not_admitted`. */
export function openVendorHome(dir: string, name?: string): VendorHome {
  const file = partyConfigFile(dir, 'vendor', vendorFolder(name))
  const home = openServiceHome(file, 'vendor', readOwn)
  const { genesis, own } = home
  const all = genesis.members.filter(({ role }) => role === 'auditor').map(member => member.name)
  const auditors = own.auditors ?? all
  memberNamed(genesis, 'bank', own.bank)
  for (const auditor of auditors) memberNamed(genesis, 'auditor', auditor)
  return { ...home, own: { ...own, auditors } }
}

/** Where a vendor's folder lies in a network's. */
export const vendorFolder = (name: string | undefined): string => (name === undefined ? 'vendor' : `vendors/${name}`)
