import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Real processes and sockets share two cores: more files at once would only make them wait for each other.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'rules',
          include: ['{proto,consensus}/**/*.test.ts'],
          // Pure code leaves nothing behind in a process: its files share what is loaded.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'programs',
          include: ['{node,cli,testnet}/**/*.test.ts', '*.test.ts'],
          // Tests start hundreds of processes: the program is built for them first.
          globalSetup: 'cli/build.js',
        },
      },
    ],
  },
})
