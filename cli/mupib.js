#!/usr/bin/env node
// The bin: newer Node strips types itself, but not under node_modules; there, and on Node 20, tsx's loader comes first.
if (!process.features.typescript || import.meta.url.includes('/node_modules/')) {
  const { register } = await import('tsx/esm/api')
  register()
}
const { main } = await import('./main.ts')
await main(process.argv)
