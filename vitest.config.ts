import { defineConfig } from 'vitest/config'

const brokerForTheRun = ['packages/testing/src/broker-for-the-run.ts']
const exclude = ['**/node_modules/**', '.sluice/**']

export default defineConfig({
  test: {
    // Two cores are common; more files at once make each other late.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [
            ...exclude,
            '**/*.int.test.ts',
            'tests/e2e/**',
            'tests/streams/**',
            'tests/faults/scenarios.test.ts',
          ],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['**/*.int.test.ts'],
          exclude: [...exclude, 'tests/**'],
          globalSetup: brokerForTheRun,
          testTimeout: 60_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          exclude,
          globalSetup: brokerForTheRun,
          // Whole systems compete for ports, memory and cores.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'streams',
          include: ['tests/streams/**/*.test.ts'],
          exclude,
          globalSetup: brokerForTheRun,
          // Each file starts engines of its own.
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['tests/faults/scenarios.test.ts'],
          exclude,
          // Each scenario starts a Kafka of its own and stops it again.
          testTimeout: 300_000,
        },
      },
    ],
  },
})
