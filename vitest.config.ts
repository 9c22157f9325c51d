import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{proto,consensus,node,cli,testnet}/**/*.test.ts', '*.test.ts'],
    // Real processes and sockets share two cores: more files at once would only make them wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
