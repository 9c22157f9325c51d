// PEM armour of certificates (RFC 7468, strict base64; white space between lines is free).
import { MupibError } from './errors.ts'
import { limits } from './limits.ts'

const begin = '-----BEGIN CERTIFICATE-----'
const end = '-----END CERTIFICATE-----'

/** DER in the usual armour: lines of 64 characters, a line break at the end. */
export function derToPem(der: Uint8Array): string {
  let binary = ''
  for (const byte of der) binary += String.fromCharCode(byte)
  const lines = btoa(binary).match(/.{1,64}/g) ?? []
  return `${[begin, ...lines, end].join('\n')}\n`
}

/** The DER bytes of exactly one certificate. Throws `bad_certificate`. */
export function pemToDer(pem: string): Uint8Array {
  const trimmed = pem.trim()
  if (!trimmed.startsWith(begin) || !trimmed.endsWith(end) || trimmed.length < begin.length + end.length)
    throw new MupibError('bad_certificate', `a certificate in PEM stands between ${begin} and ${end}`)
  const base64 = trimmed.slice(begin.length, -end.length).replace(/\s+/g, '')
  if (base64.length > Math.ceil(limits.certificateBytes / 3) * 4)
    throw new MupibError('bad_certificate', `a certificate of more than ${limits.certificateBytes} bytes`)
  let binary: string
  try {
    binary = atob(base64)
  } catch (cause) {
    throw new MupibError('bad_certificate', 'a certificate that is not base64', { cause })
  }
  if (binary.length === 0 || btoa(binary) !== base64)
    throw new MupibError('bad_certificate', 'a certificate that is not base64')
  return Uint8Array.from(binary, character => character.charCodeAt(0))
}
