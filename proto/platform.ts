// What Node has and a browser lacks, found without an import, so that everything a proof verifier needs also loads in a browser.

/** node:crypto, and undefined outside Node. */
export const nodeCrypto: typeof import('node:crypto') | undefined =
  globalThis.process?.getBuiltinModule?.('node:crypto')

/** Node's Buffer, and undefined outside Node. */
export const NodeBuffer: typeof globalThis.Buffer | undefined = globalThis.Buffer
