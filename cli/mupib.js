#!/usr/bin/env node
// The bin: runs the built program, or the sources where they changed since. Newer Node strips types itself, but not under node_modules; there,
// and on Node 20, tsx's loader comes first.
import { freshBuild } from './built.js'

const built = freshBuild('cli/main.ts')
if (built && process.env.MUPIB_DEBUG) process.setSourceMapsEnabled(true)
if (!built && (!process.features.typescript || import.meta.url.includes('/node_modules/'))) {
  const { register } = await import('tsx/esm/api')
  register()
}
const { main } = await import(built ?? './main.ts')
await main(process.argv)
